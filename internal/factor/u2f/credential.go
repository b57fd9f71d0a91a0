package u2f

import (
	"encoding/json"
	"fmt"

	"usher/internal/factor"
	"usher/internal/keys"
	"usher/internal/store"
)

// credential is what is kept of a key, sealed.
type credential struct {
	Handle  []byte `json:"handle"`
	Point   []byte `json:"point"` // the public key
	AppID   string `json:"appId"`
	Counter uint32 `json:"counter"`
	// Certificate is whose signature the enrolment came with, DER.
	Certificate []byte `json:"certificate"`
}

func (m *Method) open(f *store.Factor) (*credential, error) {
	c := &credential{}
	return c, m.Vault.OpenValue(f, c)
}

// register keeps a key that is new to the user.
func (m *Method) register(tx *store.Tx, s factor.Subject, a *answer) (bool, error) {
	appID := s.Org.BaseURL
	if !a.made.fine(appID, a.client) {
		return false, nil
	}
	rows, err := factor.ActiveOf(tx, s.User, kind)
	if err != nil {
		return false, err
	}
	for i := range rows {
		had, err := m.open(&rows[i])
		if err != nil {
			return false, err
		}
		if keys.Equal(string(had.Handle), string(a.made.handle)) {
			return false, nil
		}
	}
	if s.Factor.Profile, err = json.Marshal(profile{CredentialID: factor.Text(a.made.handle), AppID: appID, Version: version}); err != nil {
		return false, fmt.Errorf("write a factor's profile: %w", err)
	}
	return true, m.Vault.SealValue(s.Factor, &credential{Handle: a.made.handle, Point: a.made.point, AppID: appID, Certificate: a.made.certificate})
}

// signed tells whether a signature is by a key, and keeps its counter, which
// must go up: a copy of the key shows by one that does not.
// (FIDO U2F Overview 1.2 section 8.1)
func (m *Method) signed(f *store.Factor, a *answer) (bool, error) {
	c, err := m.open(f)
	if err != nil {
		return false, err
	}
	if !a.signed.fine(c.Point, c.AppID, a.client) || a.signed.counter <= c.Counter {
		return false, nil
	}
	c.Counter = a.signed.counter
	return true, m.Vault.SealValue(f, c)
}
