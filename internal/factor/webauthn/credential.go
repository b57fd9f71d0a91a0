package webauthn

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"usher/internal/factor"
	"usher/internal/store"
)

// credential is what is kept of one, sealed.
type credential struct {
	ID      []byte `json:"id"`
	Key     []byte `json:"key"`  // COSE_Key
	Host    string `json:"host"` // the rp id
	Counter uint32 `json:"counter"`
	// Attestation is the object that came at the enrolment, with what it signs.
	Attestation []byte `json:"attestation"`
	ClientData  []byte `json:"clientData"`
	Format      string `json:"format"`
	AAGUID      []byte `json:"aaguid"`
}

func (m *Method) open(f *store.Factor) (*credential, error) {
	c := &credential{}
	return c, m.Vault.OpenValue(f, c)
}

// says judges what the browser says: what was asked for, by the page of one who
// may. The result is the host that signatures are bound to, empty for none.
// (WebAuthn Level 2 sections 7.1 steps 7 to 9, 7.2 steps 11 to 13)
func says(tx *store.Tx, s factor.Subject, d *protocol.CollectedClientData, ceremony protocol.CeremonyType, challenge []byte) (host string, err error) {
	host, ok, err := factor.SignsAt(tx, s.Org, d.Origin)
	if err != nil || !ok {
		return "", err
	}
	err = d.Verify(factor.Text(challenge), ceremony, []string{d.Origin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false)
	if err != nil {
		return "", nil //nolint:nilerr // a wrong answer
	}
	return host, nil
}

// enrol judges what an authenticator says about its new credential, and keeps
// that with the enrolment. (WebAuthn Level 2 section 7.1)
func (m *Method) enrol(tx *store.Tx, s factor.Subject, challenge []byte, a *created) (bool, error) {
	host, err := says(tx, s, &a.said.CollectedClientData, protocol.CreateCeremony, challenge)
	if err != nil || host == "" {
		return false, err
	}
	hash := sha256.Sum256(a.client)
	object, uv := &a.said.AttestationObject, verification(s.Org) == protocol.VerificationRequired
	err = object.Verify(host, hash[:], uv, true, nil, algorithms(), protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	if err != nil {
		return false, nil //nolint:nilerr // a wrong answer
	}
	data := &object.AuthData
	rows, err := factor.ActiveOf(tx, s.User, kind)
	if err != nil {
		return false, err
	}
	for i := range rows {
		had, err := m.open(&rows[i])
		if err != nil {
			return false, err
		}
		if bytes.Equal(had.ID, data.AttData.CredentialID) {
			return false, nil
		}
	}
	if s.Factor.Profile, err = json.Marshal(profile{CredentialID: factor.Text(data.AttData.CredentialID), AuthenticatorName: unknown}); err != nil {
		return false, fmt.Errorf("write a factor's profile: %w", err)
	}
	return true, m.Vault.SealValue(s.Factor, &credential{
		ID: data.AttData.CredentialID, Key: data.AttData.CredentialPublicKey, Host: host, Counter: data.Counter,
		Attestation: a.object, ClientData: a.client, Format: object.Format, AAGUID: data.AttData.AAGUID,
	})
}

// prove judges a signature.
func (m *Method) prove(tx *store.Tx, s factor.Subject, challenge []byte, a *asserted) (fine, changed bool, err error) {
	host, err := says(tx, s, &a.clientData, protocol.AssertCeremony, challenge)
	if err != nil || host == "" {
		return false, false, err
	}
	return factor.AnyOf(tx, s, kind, func(f *store.Factor) (bool, error) { return m.signed(f, s, host, a) })
}

// signed tells whether a signature is that of a credential, and keeps its
// counter, which must go up where there is one. (WebAuthn Level 2 section 7.2
// steps 15 to 21)
func (m *Method) signed(f *store.Factor, s factor.Subject, host string, a *asserted) (bool, error) {
	c, err := m.open(f)
	if err != nil {
		return false, err
	}
	if c.Host != host {
		return false, nil
	}
	rp, uv := sha256.Sum256([]byte(c.Host)), verification(s.Org) == protocol.VerificationRequired
	if a.data.Verify(rp[:], nil, uv, true) != nil {
		return false, nil //nolint:nilerr // what proves nothing is no failure
	}
	key, err := webauthncose.ParsePublicKey(c.Key)
	if err != nil {
		return false, fmt.Errorf("factor %s: read a key: %w", f.ID, err)
	}
	hash := sha256.Sum256(a.client)
	if ok, err := webauthncose.VerifySignature(key, append(bytes.Clone(a.raw), hash[:]...), a.signature); err != nil || !ok {
		return false, nil //nolint:nilerr // a wrong answer
	}
	// A copy of the key shows by a counter that does not go up.
	if (a.data.Counter != 0 || c.Counter != 0) && a.data.Counter <= c.Counter {
		return false, nil
	}
	c.Counter = a.data.Counter
	return true, m.Vault.SealValue(f, c)
}
