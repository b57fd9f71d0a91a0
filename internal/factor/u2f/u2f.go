package u2f

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

const (
	kind       = "u2f"
	version    = "U2F_V2"
	nonceBytes = 32
	life       = 5 * time.Minute
	// timeout is how long a page should wait for the key, in seconds.
	// (management reference: factors inside a transaction)
	timeout = 20
	wrong   = "Your security key could not be verified. Please try again."
)

// Method proves a user by the signature of a U2F key.
type Method struct {
	Rand  env.Rand
	Vault factor.Vault
}

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{
		Kind:     kind,
		Verify:   factor.SignedFields(factor.FieldClientData, factor.FieldSignatureData),
		Activate: factor.SignedFields(factor.FieldClientData, factor.FieldRegistrationData),
		AMR:      []string{"pop"},
		Several:  true,
		Wrong:    wrong,
	}
}

// profile is what may be shown. (management reference: user factors, profiles)
type profile struct {
	CredentialID string `json:"credentialId"` // the key handle, base64url
	AppID        string `json:"appId"`
	Version      string `json:"version"`
}

// Enroll implements factor.Enroller: all there is to know the key makes.
func (*Method) Enroll(_ context.Context, _ factor.Subject, k factor.Kind, _ map[string]string) (factor.Draft, error) {
	return factor.Draft{Kind: k}, nil
}

// Challenge implements factor.Challenger.
func (m *Method) Challenge(tx *store.Tx, _ idp.Actor, s factor.Subject, _ factor.ChallengeOptions) error {
	nonce := make([]byte, nonceBytes)
	m.Rand.Read(nonce)
	s.Challenge.Expires = tx.Now().Add(life)
	m.Vault.SealState(s.Challenge, nonce)
	return nil
}

// View implements factor.Viewer: what u2f.register and u2f.sign take.
// (management reference: factors inside a transaction)
func (m *Method) View(tx *store.Tx, s factor.Subject) (factor.View, error) {
	if !factor.Open(tx, s.Challenge) {
		return factor.View{}, nil
	}
	nonce, err := m.Vault.OpenState(s.Challenge)
	if err != nil {
		return factor.View{}, fmt.Errorf("challenge %s: %w", s.Challenge.ID, err)
	}
	options := map[string]any{"nonce": factor.Text(nonce), "timeoutSeconds": timeout}
	if s.Activating() {
		options["version"], options["appId"] = version, s.Org.BaseURL
	}
	return factor.View{Options: options}, nil
}

// answer is what a key says: a registration, or a signature.
type answer struct {
	client []byte
	data   clientData
	made   *registration
	signed *signature
}

// Check implements factor.Method: it takes the answer apart. What cannot be read
// is a wrong answer.
func (*Method) Check(_ context.Context, s factor.Subject, fields map[string]string) (factor.Attempt, error) {
	return factor.Attempt{State: read(fields, s.Activating())}, nil
}

func read(fields map[string]string, activating bool) *answer {
	var a answer
	var err error
	if a.client, err = factor.Binary(fields[factor.FieldClientData]); err != nil {
		return nil
	}
	if err := json.Unmarshal(a.client, &a.data); err != nil {
		return nil
	}
	field := factor.FieldSignatureData
	if activating {
		field = factor.FieldRegistrationData
	}
	raw, err := factor.Binary(fields[field])
	if err != nil {
		return nil
	}
	if activating {
		a.made, err = readRegistration(raw)
	} else {
		a.signed, err = readSignature(raw)
	}
	if err != nil {
		return nil
	}
	return &a
}

// Settle implements factor.Method. The nonce is good for one signature, of the
// transaction that began it.
func (m *Method) Settle(tx *store.Tx, s factor.Subject, at factor.Attempt) (factor.Outcome, error) {
	a, ok := at.State.(*answer)
	if !ok || s.Factor == nil {
		return factor.Outcome{}, factor.ErrChanged
	}
	if !factor.Open(tx, s.Challenge) {
		return factor.Outcome{Void: true}, nil
	}
	fine, changed, err := m.judge(tx, s, a)
	if err != nil {
		return factor.Outcome{}, err
	}
	if !fine {
		if _, err := tx.CountAttempt(s.Challenge.OrgID, s.Challenge.ID); err != nil {
			return factor.Outcome{}, fmt.Errorf("count a wrong answer: %w", err)
		}
		return factor.Outcome{}, nil
	}
	void, err := factor.Use(tx, s.Challenge)
	if err != nil || void {
		return factor.Outcome{Void: void}, err
	}
	return factor.Outcome{Proved: true, Changed: changed}, nil
}

// judge tells whether an answer is the one that was asked for, and keeps what it
// tells.
func (m *Method) judge(tx *store.Tx, s factor.Subject, a *answer) (fine, changed bool, err error) {
	if a == nil || (a.made != nil) != s.Activating() {
		return false, false, nil
	}
	nonce, err := m.Vault.OpenState(s.Challenge)
	if err != nil {
		return false, false, fmt.Errorf("challenge %s: %w", s.Challenge.ID, err)
	}
	if _, ok, err := factor.SignsAt(tx, s.Org, a.data.Origin); err != nil || !ok || !a.data.asked(nonce, a.made != nil) {
		return false, false, err
	}
	if a.made != nil {
		fine, err = m.register(tx, s, a)
		return fine, fine, err
	}
	return factor.AnyOf(tx, s, kind, func(f *store.Factor) (bool, error) { return m.signed(f, a) })
}
