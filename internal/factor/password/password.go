package password

import (
	"context"

	"usher/internal/credential"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// Field is the name of the one field of an answer.
const Field = "password"

// maxBytes bounds what is taken for a password at all. What is longer than a
// password can be, but not absurd, is hashed like any other wrong one.
const maxBytes = 4096

// Method proves a user by password.
type Method struct{ Credentials *credential.Service }

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{
		Kind:       factor.Password,
		Verify:     []factor.Field{{Name: Field, Secret: true, MaxLength: maxBytes}},
		AMR:        []string{"pwd"},
		Credential: "PASSWORD",
		Primary:    true,
	}
}

// Enrolled implements factor.Method.
func (*Method) Enrolled(_ *store.Tx, s factor.Subject) (bool, error) {
	return s.User != nil && s.User.HasPassword, nil
}

// Check implements factor.Method.
func (m *Method) Check(ctx context.Context, s factor.Subject, answer map[string]string) (factor.Attempt, error) {
	userID := ""
	if s.User != nil && s.User.HasPassword {
		userID = s.User.ID
	}
	p, err := m.Credentials.Verify(ctx, credential.Guess{Org: s.Org, UserID: userID, Password: answer[Field], Client: s.Client, Look: s.Look})
	return factor.Attempt{OK: p.OK, State: p}, err
}

// Settle implements factor.Method.
func (m *Method) Settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	p, ok := a.State.(credential.Proof)
	if !ok || s.User == nil || (p.UserID != "" && p.UserID != s.User.ID) {
		return factor.Outcome{}, factor.ErrChanged
	}
	if !p.OK {
		f, err := m.Credentials.Failed(tx, s.Org.ID, s.User.ID, s.Lockout)
		return factor.Outcome{LockedNow: f.LockedNow}, err
	}
	err := m.Credentials.Succeeded(tx, p)
	if idp.KindOf(err) != idp.KindUnauthenticated {
		return factor.Outcome{Proved: err == nil}, err
	}
	// Either a lock came first, and the guess is void, or another password or
	// hash did, and the guess has to be compared again.
	locked, err := m.Credentials.LockedSince(tx, s.Org.ID, s.User.ID)
	if err == nil && locked.IsZero() {
		err = factor.ErrChanged
	}
	return factor.Outcome{}, err
}
