package webauthn

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

const (
	kind           = "webauthn"
	challengeBytes = 32
	life           = 5 * time.Minute
	// wrong is said about a signature that does not count.
	wrong = "Your security key or biometric could not be verified. Please try again."
	// unknown is how an authenticator is called whose model is not looked up.
	unknown = "Authenticator"
)

// Method proves a user by the signature of an authenticator.
type Method struct {
	Rand  env.Rand
	Vault factor.Vault
}

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{
		Kind:     kind,
		Verify:   factor.SignedFields(factor.FieldClientData, factor.FieldAuthenticatorData, factor.FieldSignatureData),
		Activate: factor.SignedFields(factor.FieldClientData, factor.FieldAttestation),
		AMR:      []string{"pop"},
		Several:  true,
		Wrong:    wrong,
	}
}

// profile is what may be shown. (management reference: user factors, profiles)
type profile struct {
	CredentialID      string  `json:"credentialId"` // base64url
	AuthenticatorName string  `json:"authenticatorName"`
	AppID             *string `json:"appId"`   // of U2F: null
	Version           *string `json:"version"` // of U2F: null
}

// Enroll implements factor.Enroller: all there is to know the authenticator
// makes.
func (*Method) Enroll(_ context.Context, _ factor.Subject, k factor.Kind, _ map[string]string) (factor.Draft, error) {
	return factor.Draft{Kind: k}, nil
}

// Challenge implements factor.Challenger.
func (m *Method) Challenge(tx *store.Tx, _ idp.Actor, s factor.Subject, _ factor.ChallengeOptions) error {
	challenge := make([]byte, challengeBytes)
	m.Rand.Read(challenge)
	s.Challenge.Expires = tx.Now().Add(life)
	m.Vault.SealState(s.Challenge, challenge)
	return nil
}

// verification is how much the organisation wants authenticators to make sure
// who uses them.
func verification(org *idp.Org) protocol.UserVerificationRequirement {
	if v := protocol.UserVerificationRequirement(org.Settings.UserVerification); v != "" {
		return v
	}
	return protocol.VerificationPreferred
}

// algorithms are the kinds of keys that are accepted. (management reference:
// factors inside a transaction)
func algorithms() []protocol.CredentialParameter {
	return []protocol.CredentialParameter{
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
	}
}

// View implements factor.Viewer: the options of navigator.credentials.create or
// get. They are good as long as their challenge is. (management reference:
// factors inside a transaction)
func (m *Method) View(tx *store.Tx, s factor.Subject) (factor.View, error) {
	if !factor.Open(tx, s.Challenge) {
		return factor.View{}, nil
	}
	challenge, err := m.Vault.OpenState(s.Challenge)
	if err != nil {
		return factor.View{}, fmt.Errorf("challenge %s: %w", s.Challenge.ID, err)
	}
	options := map[string]any{"challenge": factor.Text(challenge)}
	if !s.Activating() {
		options["userVerification"], options["extensions"] = string(verification(s.Org)), map[string]any{}
		return factor.View{Options: options}, nil
	}
	exclude, err := excluded(tx, s.User)
	if err != nil {
		return factor.View{}, err
	}
	target := idp.UserTarget(s.User)
	options["attestation"] = "direct"
	options["authenticatorSelection"] = map[string]any{"userVerification": string(verification(s.Org)), "requireResidentKey": false}
	options["excludeCredentials"], options["pubKeyCredParams"] = exclude, algorithms()
	options["rp"] = map[string]any{"name": s.Org.Name}
	options["u2fParams"] = map[string]any{"appid": s.Org.BaseURL}
	// Clients take the identifier for base64url, which it is.
	options["user"] = map[string]any{"displayName": target.DisplayName, "name": s.User.Login, "id": s.User.ID}
	return factor.View{Options: options}, nil
}

// excluded are the credentials that the user has, so that no authenticator is
// enrolled twice.
func excluded(tx *store.Tx, u *idp.User) ([]map[string]any, error) {
	out := []map[string]any{}
	rows, err := factor.ActiveOf(tx, u, kind)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		var p profile
		if err := json.Unmarshal(rows[i].Profile, &p); err != nil {
			return nil, fmt.Errorf("factor %s: %w", rows[i].ID, err)
		}
		out = append(out, map[string]any{"type": "public-key", "id": p.CredentialID})
	}
	return out, nil
}

// created is what an authenticator says about a new credential.
type created struct {
	client []byte
	said   *protocol.ParsedAttestationResponse
	object []byte // the attestation as it came
}

// asserted is what one says with the key of a credential.
type asserted struct {
	client     []byte
	clientData protocol.CollectedClientData
	raw        []byte // the authenticator data, which is signed
	data       protocol.AuthenticatorData
	signature  []byte
}

// Check implements factor.Method: it takes the answer apart. What cannot be read
// is a wrong answer.
func (*Method) Check(_ context.Context, s factor.Subject, answer map[string]string) (factor.Attempt, error) {
	client, err := factor.Binary(answer[factor.FieldClientData])
	if err != nil {
		return factor.Attempt{State: (*asserted)(nil)}, nil //nolint:nilerr // a wrong answer
	}
	if s.Activating() {
		return factor.Attempt{State: readCreated(client, answer)}, nil
	}
	return factor.Attempt{State: readAsserted(client, answer)}, nil
}

func readCreated(client []byte, answer map[string]string) *created {
	object, err := factor.Binary(answer[factor.FieldAttestation])
	if err != nil {
		return nil
	}
	r := protocol.AuthenticatorAttestationResponse{
		AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: client}, AttestationObject: object,
	}
	said, err := r.Parse()
	if err != nil || costly(object, said) {
		return nil
	}
	return &created{client, said, object}
}

// Bounds on what an authenticator says, since what a signature costs grows with
// its key: an RSA key that fills the whole answer takes minutes.
const (
	maxObject = 16 << 10 // bytes
	maxKey    = 1100     // bytes of a COSE_Key: RSA of 8192 bits
	maxBits   = 8192     // of an RSA key that attests
)

// costly tells whether a key of a new credential or of what attests it is larger
// than any that is in use.
func costly(object []byte, said *protocol.ParsedAttestationResponse) bool {
	o := &said.AttestationObject
	if len(object) > maxObject || len(o.AuthData.AttData.CredentialPublicKey) > maxKey {
		return true
	}
	statements := []map[string]any{o.AttStatement}
	for _, s := range o.SubStatements {
		statements = append(statements, s.AttStatement)
	}
	for _, s := range statements {
		chain, _ := s["x5c"].([]any)
		for _, one := range chain {
			der, _ := one.([]byte)
			c, err := x509.ParseCertificate(der)
			if err != nil {
				continue // nothing is verified by it
			}
			if k, ok := c.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() > maxBits {
				return true
			}
		}
	}
	return false
}

func readAsserted(client []byte, answer map[string]string) *asserted {
	out := &asserted{client: client}
	var err error
	if err := json.Unmarshal(client, &out.clientData); err != nil {
		return nil
	}
	if out.raw, err = factor.Binary(answer[factor.FieldAuthenticatorData]); err != nil {
		return nil
	}
	if err := out.data.Unmarshal(out.raw); err != nil {
		return nil
	}
	if out.signature, err = factor.Binary(answer[factor.FieldSignatureData]); err != nil {
		return nil
	}
	return out
}

// Settle implements factor.Method. The challenge is good for one signature, of
// the transaction that began it.
func (m *Method) Settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	if s.Factor == nil {
		return factor.Outcome{}, factor.ErrChanged
	}
	if !factor.Open(tx, s.Challenge) {
		return factor.Outcome{Void: true}, nil
	}
	challenge, err := m.Vault.OpenState(s.Challenge)
	if err != nil {
		return factor.Outcome{}, fmt.Errorf("challenge %s: %w", s.Challenge.ID, err)
	}
	var fine bool
	out := factor.Outcome{}
	switch said := a.State.(type) {
	case *created:
		if said != nil && s.Activating() {
			fine, err = m.enrol(tx, s, challenge, said)
		}
	case *asserted:
		if said != nil && !s.Activating() {
			fine, out.Changed, err = m.prove(tx, s, challenge, said)
		}
	default:
		return factor.Outcome{}, factor.ErrChanged
	}
	if err != nil {
		return factor.Outcome{}, err
	}
	if !fine {
		if _, err := tx.CountAttempt(s.Challenge.OrgID, s.Challenge.ID); err != nil {
			return factor.Outcome{}, fmt.Errorf("count a wrong answer: %w", err)
		}
		return factor.Outcome{}, nil
	}
	if out.Void, err = factor.Use(tx, s.Challenge); err != nil || out.Void {
		return factor.Outcome{Void: out.Void}, err
	}
	out.Proved = true
	return out, nil
}
