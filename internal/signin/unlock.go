package signin

import (
	"usher/internal/eventlog"
	"usher/internal/idp"
)

// unlockWhenProved ends the lock of a user who has proved all that unlocking
// needs, and with it the transaction: unlocking signs nobody in.
func (r *run) unlockWhenProved(u *idp.User) error {
	if r.t.Intent != IntentUnlock {
		return nil
	}
	if !r.t.Recovery.Answered {
		d, err := r.decide(r.tx, r.actor, r.t, r.known)
		if err != nil {
			return err
		}
		if _, done := d.step.(Done); !done {
			return nil
		}
	}
	if err := r.unlock(u); err != nil {
		return err
	}
	r.step = Done{}
	return r.end(r.tx, r.actor, r.t)
}

// unlock ends a lock in the user's own name. Who has to change the password
// still has to.
func (r *run) unlock(u *idp.User) error {
	if u.Status == idp.UserLockedOut {
		return r.Directory.AutoUnlock(r.tx, r.actor, u)
	}
	if err := r.Credentials.Unlock(r.tx, u.OrgID, u.ID); err != nil {
		return err
	}
	return r.about(u, eventlog.AccountUnlock)
}

// tokenUsed records that a recovery link was opened; u is nil for one that does
// not hold.
func (r *run) tokenUsed(u *idp.User) error {
	e := eventlog.Entry{Type: eventlog.TokenUse}
	if u == nil {
		e.Result, e.Reason, e.Subject = idp.ResultFailure, reasonInvalid, eventlog.UnknownSubject("unknown")
	} else {
		e.Subject, e.Targets = eventlog.UserSubject(u), []idp.Target{idp.UserTarget(u)}
	}
	return r.Log.Record(r.tx, r.actor, e)
}

// recoveryFailed records a wrong guess in a recovery.
func (r *run) recoveryFailed(u *idp.User, reason string) error {
	e := eventlog.Entry{Type: eventlog.PasswordReset, Result: idp.ResultFailure, Reason: reason}
	if r.t.Intent == IntentUnlock {
		e.Type = eventlog.AccountUnlock
	}
	e.Subject = eventlog.UnknownSubject(r.t.Login)
	if u != nil {
		e.Subject, e.Targets = eventlog.UserSubject(u), []idp.Target{idp.UserTarget(u)}
	}
	return r.Log.Record(r.tx, r.actor, e)
}
