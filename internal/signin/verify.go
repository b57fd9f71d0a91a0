package signin

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/credential"
	why "usher/internal/decision"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// verify settles a first proof. Whoever the login names, and in whatever state,
// the same is read and written, so that neither the answer nor its time tells
// one from the other. (management reference: primary authentication)
func (r *run) verify(p planned) error {
	if !r.t.Identified || len(r.t.Proofs) > 0 || r.t.Completed {
		return idp.Fail(idp.KindTransactionState)
	}
	u, err := r.owner()
	if err != nil {
		return err
	}
	if id(u) != id(p.user) {
		return factor.ErrChanged // the login names somebody else by now
	}
	nobody := u == nil
	if nobody {
		u = &idp.User{OrgID: r.actor.OrgID(), Provider: idp.Provider{Type: idp.ProviderOkta}}
	}
	pw, err := r.Policies.PasswordRules(r.tx, r.actor.Org, u)
	if err != nil {
		return err
	}
	locked, err := r.locked(u, &pw.Lockout, p.attempt.OK)
	if err != nil {
		return err
	}
	switch {
	case locked:
		guessed := ""
		if pw.Lockout.Source != "" {
			guessed = u.ID
		}
		if _, err := r.Credentials.Failed(r.tx, r.actor.OrgID(), guessed, pw.Lockout); err != nil {
			return err
		}
		return r.refuse(u, reasonLocked, pw.Lockout.Show)
	case nobody, !maySignIn(u.Status):
		if _, err := r.Credentials.Failed(r.tx, r.actor.OrgID(), "", pw.Lockout); err != nil {
			return err
		}
		return r.refuse(u, reasonInvalid, false)
	}
	o, err := p.method.Settle(r.tx, factor.Subject{Org: r.actor.Org, User: u, Lockout: pw.Lockout}, p.attempt)
	if err != nil {
		return err
	}
	if o.LockedNow {
		if err := r.Directory.Lock(r.tx, r.actor, u); err != nil {
			return err
		}
	}
	if !o.Proved {
		return r.refuse(u, reasonInvalid, o.LockedNow && pw.Lockout.Show)
	}
	d := p.method.Describe()
	note(r.tx, why.Proof, u, why.Allow, d.Credential)
	r.t.Proofs = append(r.t.Proofs, Proof{Method: d.Kind, AMR: d.AMR, At: r.tx.Now(), Credential: d.Credential})
	r.t.Chosen, r.t.PasswordSet, r.proved = d.Kind, u.PasswordChanged, true
	r.known = &facts{user: u, rules: pw}
	return nil
}

// owner reads the user of the transaction, nil when it is nobody's.
func (r *run) owner() (*idp.User, error) {
	if r.t.UserID == "" {
		return nil, nil
	}
	if id(r.user) == r.t.UserID {
		return r.user, nil
	}
	u, err := r.tx.User(r.actor.OrgID(), r.t.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read user: %w", err)
	}
	r.user = u
	return u, nil
}

func id(u *idp.User) string {
	if u == nil {
		return ""
	}
	return u.ID
}

// locked tells whether the user is locked out for the one who guesses. A lock
// that has lasted as long as the policy wants ends here; so does one by guesses
// for who is right and where the user has signed in before, so that strangers
// cannot keep anybody out. It sets where guesses are counted.
func (r *run) locked(u *idp.User, l *credential.Lockout, right bool) (bool, error) {
	source := credential.Source(r.actor.Client)
	s, err := r.Credentials.Standing(r.tx, u.OrgID, u.ID, source)
	if err != nil {
		return false, err
	}
	if s.Known {
		l.Source = source
	}
	byFactor := false
	if s.Known && right && !s.LockedAt.IsZero() {
		if byFactor, err = r.lockedByFactor(u); err != nil {
			return false, err
		}
	}
	switch {
	case s.LockedAt.IsZero() && u.Status != idp.UserLockedOut:
		return false, nil
	case s.LockedAt.IsZero():
		l.Source = "" // no password ends this lock
		note(r.tx, why.Lockout, u, why.Deny, "locked out by wrong answers of a further factor")
		return true, nil
	case l.Over(s.LockedAt, r.tx.Now()):
		note(r.tx, why.Lockout, u, why.Allow, "the lock is over")
	case byFactor:
		// Whoever has the password and sits where the user does must not get five
		// more guesses at the factor by signing in again.
		note(r.tx, why.Lockout, u, why.Deny, "locked out by wrong answers of a further factor")
		return true, nil
	case s.Known && right:
		note(r.tx, why.Lockout, u, why.Allow, "locked out, but not for a source that is known")
	default:
		note(r.tx, why.Lockout, u, why.Deny, "locked out by wrong guesses")
		return true, nil
	}
	if u.Status == idp.UserLockedOut {
		return false, r.Directory.AutoUnlock(r.tx, r.actor, u)
	}
	if err := r.Credentials.Unlock(r.tx, u.OrgID, u.ID); err != nil {
		return false, err
	}
	return false, r.about(u, eventlog.AccountUnlock)
}

// KnownSource tells whether the one whose login this is has signed in before
// from where the caller is. For a login that is nobody's it reads as much.
func (e *Engine) KnownSource(ctx context.Context, a idp.Actor, login string) (bool, error) {
	tx := e.Store.Read(ctx)
	u, err := e.find(tx, a.OrgID(), clean(login))
	if err != nil {
		return false, err
	}
	return e.Credentials.Known(tx, a.OrgID(), id(u), credential.Source(a.Client))
}

// refuse answers a proof that does not hold: alike for all reasons, unless the
// policy shows a lock.
func (r *run) refuse(u *idp.User, reason string, showLock bool) error {
	note(r.tx, why.Proof, u, why.Deny, reason)
	if showLock {
		r.step = Locked{}
	} else {
		r.refused = idp.Fail(idp.KindUnauthenticated)
	}
	return r.failed(u, reason)
}
