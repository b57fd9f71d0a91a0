package factor

import (
	"context"
	"errors"

	"usher/internal/credential"
	"usher/internal/idp"
	"usher/internal/store"
)

// Password is the kind of the method that every user begins with.
const Password = "password"

// ErrChanged is what Settle returns when something that Check had read is no
// longer so: the caller checks again.
var ErrChanged = errors.New("factor: changed since it was checked")

// Method is one way to prove who one is. Implementations are safe for
// concurrent use and keep no state of their own.
type Method interface {
	// Describe tells what the method is and which fields it takes.
	Describe() Description
	// Enrolled tells whether the user can prove this method. It reads only.
	Enrolled(tx *store.Tx, s Subject) (bool, error)
	// Check compares an answer with what is kept, outside any transaction. For a
	// subject without a user, or without this method, it takes as long as for
	// any other and gives an attempt that is not OK. Its error is never about a
	// wrong answer.
	Check(ctx context.Context, s Subject, answer map[string]string) (Attempt, error)
	// Settle makes the attempt count, in the caller's transaction. It returns
	// ErrChanged when the attempt no longer tells anything.
	Settle(tx *store.Tx, s Subject, a Attempt) (Outcome, error)
}

// Subject is who proves, and under which rules.
type Subject struct {
	Org  *idp.Org
	User *idp.User // nil for a login that is nobody's
	// Lockout is what wrong answers lead to.
	Lockout credential.Lockout
}

// Attempt is the outcome of Check, on its way to Settle.
type Attempt struct {
	OK bool
	// State belongs to the method that made the attempt.
	State any
}

// Outcome is what an attempt came to.
type Outcome struct {
	Proved bool
	// LockedNow tells that this attempt, a wrong one, was the last that the
	// policy allows.
	LockedNow bool
}

// Description is what a method tells about itself. Protocols build their forms
// and links from it.
type Description struct {
	Kind string // its name in the catalogue, e.g. "password"
	// Verify are the fields of an answer.
	Verify []Field
	// AMR are the values that a proof adds to a session. (RFC 8176)
	AMR []string
	// Credential is how the system log calls it. (spec: management LogCredentialType)
	Credential string
	// Primary tells that the method may be the first of a sign-in.
	Primary bool
}

// Field is one value that a method takes.
type Field struct {
	Name      string
	Secret    bool // not shown while it is typed
	MaxLength int  // bytes
}

// Complete checks an answer against the fields of Verify: each is there and
// none is too long, else KindInvalid naming the field.
func (d Description) Complete(answer map[string]string) error {
	for _, f := range d.Verify {
		v := answer[f.Name]
		if v == "" {
			return idp.Invalid(f.Name, idp.Cause{Field: f.Name, Text: "The field cannot be left blank"})
		}
		if len(v) > f.MaxLength {
			return idp.Invalid(f.Name, idp.Cause{Field: f.Name, Text: "The field is too long"})
		}
	}
	return nil
}
