package factor

import (
	"context"
	"fmt"
	"slices"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// MaxFailures is how many wrong answers in a row to one enrolment lock its user
// out. (management reference: lockout and abuse)
const MaxFailures = 5

// TextWrong is said about a wrong code. (management reference: factor cause texts)
const TextWrong = "Your passcode doesn't match our records. Please try again."

// Verdict is what an answer came to, with what it cost counted.
type Verdict struct {
	Proved bool
	// Refused says why not: KindWrongPasscode and its like, KindUserLocked when too
	// many were wrong. The caller commits and answers with it.
	Refused error
}

// Check compares an answer to s.Factor, outside any transaction, after its
// fields have been looked at: KindInvalid when they cannot be an answer.
func (c *Ceremonies) Check(ctx context.Context, s Subject, answer map[string]string) (Attempt, error) {
	m, _, err := c.methodOf(s.Factor)
	if err != nil {
		return Attempt{}, err
	}
	d := m.Describe()
	if s.Activating() {
		err = d.CompleteActivation(answer)
	} else {
		err = d.Complete(answer)
	}
	if err != nil {
		return Attempt{}, err
	}
	return m.Check(ctx, s, answer)
}

// Verify makes an attempt at s.Factor count: a right one forgets the wrong ones
// before, a wrong one is counted and at last locks the user out, for which it
// writes s.User. Both are recorded. ErrChanged as Settle. s must be as it is
// read in this transaction.
func (c *Ceremonies) Verify(tx *store.Tx, a idp.Actor, s Subject, at Attempt) (Verdict, error) {
	m, k, err := c.methodOf(s.Factor)
	if err != nil {
		return Verdict{}, err
	}
	if s.Factor.Status != StatusActive {
		return Verdict{}, idp.NotFound(TypeFactor, s.Factor.ID)
	}
	if locked, err := c.locked(tx, s); err != nil || locked {
		return Verdict{Refused: idp.Fail(idp.KindUserLocked)}, err
	}
	out, err := m.Settle(tx, s, at)
	if err != nil {
		return Verdict{}, err
	}
	if out.Changed {
		s.Factor.LastUpdated = tx.Now()
		if err := tx.UpdateFactor(s.Factor); err != nil {
			return Verdict{}, fmt.Errorf("write a factor: %w", err)
		}
	}
	if out.Proved {
		return Verdict{Proved: true}, c.proved(tx, a, s, k, m)
	}
	return c.wrong(tx, a, s, k, m, out)
}

func (c *Ceremonies) locked(tx *store.Tx, s Subject) (bool, error) {
	if s.User.Status == idp.UserLockedOut {
		return true, nil
	}
	n, err := tx.FactorFailures(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID)
	if err != nil {
		return false, fmt.Errorf("read wrong answers: %w", err)
	}
	return n >= MaxFailures, nil
}

func (c *Ceremonies) proved(tx *store.Tx, a idp.Actor, s Subject, k Kind, m Method) error {
	if err := tx.ForgiveFactor(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID); err != nil {
		return fmt.Errorf("forgive wrong answers: %w", err)
	}
	return c.record(tx, a, s, k, m, idp.ResultSuccess, "")
}

// wrong counts a wrong answer and says what it is refused with.
func (c *Ceremonies) wrong(tx *store.Tx, a idp.Actor, s Subject, k Kind, m Method, out Outcome) (Verdict, error) {
	if err := c.record(tx, a, s, k, m, idp.ResultFailure, "INVALID_CREDENTIALS"); err != nil {
		return Verdict{}, err
	}
	if out.Void {
		return Verdict{Refused: refusalOf(m.Describe(), out)}, nil
	}
	n, err := tx.CountFactorFailure(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID)
	if err != nil {
		return Verdict{}, fmt.Errorf("count a wrong answer: %w", err)
	}
	if n < MaxFailures {
		return Verdict{Refused: refusalOf(m.Describe(), out)}, nil
	}
	return Verdict{Refused: idp.Fail(idp.KindUserLocked)}, c.lock(tx, a, s.User)
}

// lock locks the user out, until the password policy or an administrator ends
// it. A lock that is there already is not begun again.
func (c *Ceremonies) lock(tx *store.Tx, a idp.Actor, u *idp.User) error {
	begun, err := tx.LockCredential(u.OrgID, u.ID)
	if err != nil {
		return fmt.Errorf("lock a credential: %w", err)
	}
	if !begun && u.Status != idp.UserActive {
		return nil
	}
	return c.Directory.Lock(tx, a, u)
}

// refusalOf is how a wrong answer is refused.
func refusalOf(d Description, out Outcome) error {
	switch {
	case out.Why != 0:
		return idp.Fail(out.Why)
	case d.Wrong != "":
		return idp.Fail(idp.KindWrongPasscode, d.Wrong)
	}
	return idp.Fail(idp.KindWrongPasscode, TextWrong)
}

// Activate makes the answer that ends the enrolment s.Factor count. A right one
// makes it active and takes the place of others of its kind; it changes the
// count in s.User, whom the caller writes. A wrong one that can be a guess is
// counted as Verify does. ErrChanged as Settle, KindTransactionState when it is
// active already.
func (c *Ceremonies) Activate(tx *store.Tx, a idp.Actor, s Subject, at Attempt) (Verdict, error) {
	m, k, err := c.methodOf(s.Factor)
	if err != nil {
		return Verdict{}, err
	}
	if !s.Activating() {
		return Verdict{}, idp.Fail(idp.KindTransactionState)
	}
	about := m.Describe()
	guess := guessed(about.activation())
	if guess {
		if locked, err := c.locked(tx, s); err != nil || locked {
			return Verdict{Refused: idp.Fail(idp.KindUserLocked)}, err
		}
	}
	out, err := m.Settle(tx, s, at)
	switch {
	case err != nil:
		return Verdict{}, err
	case !out.Proved && guess:
		return c.missed(tx, a, s, about, out)
	case !out.Proved:
		return Verdict{Refused: refusalOf(about, out)}, nil
	}
	s.Factor.Status, s.Factor.LastUpdated = StatusActive, tx.Now()
	if err := tx.UpdateFactor(s.Factor); err != nil {
		return Verdict{}, fmt.Errorf("activate a factor: %w", err)
	}
	if err := tx.ForgiveFactor(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID); err != nil {
		return Verdict{}, fmt.Errorf("forgive wrong answers: %w", err)
	}
	if _, sends := m.(Resender); sends {
		if err := tx.EndPause(s.Factor.OrgID, activating(s.Factor).pause()); err != nil {
			return Verdict{}, fmt.Errorf("forget a message: %w", err)
		}
	}
	return Verdict{Proved: true}, c.activated(tx, a, s, k, about.Several)
}

// guessed tells whether an answer with these fields can be guessed: it is a code,
// and not a statement that a key has signed.
func guessed(fields []Field) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return f.Name == FieldPassCode && !f.Optional })
}

// missed counts a wrong answer to an enrolment and says what it is refused with.
func (c *Ceremonies) missed(tx *store.Tx, a idp.Actor, s Subject, d Description, out Outcome) (Verdict, error) {
	err := c.Log.Record(tx, a, eventlog.Entry{
		Type: eventlog.FactorActivate, Result: idp.ResultFailure, Reason: "INVALID_CREDENTIALS",
		Targets: []idp.Target{idp.UserTarget(s.User), Target(s.Factor)},
	})
	if err != nil || out.Void {
		return Verdict{Refused: refusalOf(d, out)}, err
	}
	n, err := tx.CountFactorFailure(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID)
	if err != nil {
		return Verdict{}, fmt.Errorf("count a wrong answer: %w", err)
	}
	over, err := missed(tx, s.Factor)
	if err != nil || n < MaxFailures && !over {
		return Verdict{Refused: refusalOf(d, out)}, err
	}
	return Verdict{Refused: idp.Fail(idp.KindUserLocked)}, c.lock(tx, a, s.User)
}

// Poll tells what has become of s.Challenge, whose answer comes from elsewhere:
// KindTransactionState for a method that does not wait. Who takes Accepted for a
// proof calls Took in the same transaction.
func (c *Ceremonies) Poll(tx *store.Tx, s Subject) (Result, error) {
	m, _, err := c.methodOf(s.Factor)
	if err != nil {
		return "", err
	}
	if !m.Describe().Waits || s.Challenge == nil {
		return "", idp.Fail(idp.KindTransactionState)
	}
	return ResultOf(s.Challenge, tx.Now()), nil
}

// Took records that an answer from elsewhere was taken for a proof of s.Factor.
// KindUserLocked when the user is locked out by now.
func (c *Ceremonies) Took(tx *store.Tx, a idp.Actor, s Subject) error {
	m, k, err := c.methodOf(s.Factor)
	if err != nil {
		return err
	}
	if locked, err := c.locked(tx, s); err != nil {
		return err
	} else if locked {
		return idp.Fail(idp.KindUserLocked)
	}
	return c.proved(tx, a, s, k, m)
}

// heard makes an answer from elsewhere, for s.Challenge, count: a wrong one as Verify
// does; a right one lets the sign-in that polls go on (Took).
func (c *Ceremonies) heard(tx *store.Tx, a idp.Actor, s Subject, at Attempt) (Verdict, error) {
	m, k, err := c.methodOf(s.Factor)
	if err != nil {
		return Verdict{}, err
	}
	if locked, err := c.locked(tx, s); err != nil || locked {
		return Verdict{Refused: idp.Fail(idp.KindUserLocked)}, err
	}
	out, err := m.Settle(tx, s, at)
	if err != nil || out.Proved {
		return Verdict{Proved: out.Proved}, err
	}
	return c.wrong(tx, a, s, k, m, out)
}

// misled counts an answer from elsewhere that was not meant: the number of
// another sign-in.
func (c *Ceremonies) misled(tx *store.Tx, a idp.Actor, s Subject) error {
	m, k, err := c.methodOf(s.Factor)
	if err != nil {
		return err
	}
	_, err = c.wrong(tx, a, s, k, m, Outcome{})
	return err
}

// record writes what an answer came to into the system log.
func (c *Ceremonies) record(tx *store.Tx, a idp.Actor, s Subject, k Kind, m Method, r idp.Result, why string) error {
	return c.Log.Record(tx, a, eventlog.Entry{
		Type: eventlog.AuthViaMFA, Result: r, Reason: why, Subject: eventlog.UserSubject(s.User), CredentialType: m.Describe().Credential,
		AuthenticationProvider: "FACTOR_PROVIDER", CredentialProvider: k.credentialProvider(),
		Targets: []idp.Target{idp.UserTarget(s.User), Target(s.Factor)},
		Debug:   map[string]string{"factor": k.logName(), "factorIntent": "AUTHENTICATION"},
	})
}
