package signin

import (
	"fmt"

	"usher/internal/credential"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// Reasons of failed sign-ins. (spec: management#getLogs, LogOutcome.reason)
const (
	reasonInvalid      = "INVALID_CREDENTIALS"
	reasonLocked       = "LOCKED_OUT"
	reasonVerification = "VERIFICATION_ERROR"
)

// DebugTrace is the name under which an event keeps the trace of a policy's
// evaluation.
const DebugTrace = "policyTrace"

// acting is the actor who signs in, once the user is known.
func acting(a idp.Actor, u *idp.User) idp.Actor {
	t := idp.UserTarget(u)
	a.Kind, a.UserID, a.Login, a.Name = idp.ActorUser, u.ID, t.AlternateID, t.DisplayName
	a.TokenID, a.SessionID, a.Roles = "", "", nil
	return a
}

// failed records a sign-in that failed. Who gave a login that is nobody's is
// unknown.
func (r *run) failed(u *idp.User, reason string) error {
	subject := eventlog.UnknownSubject(r.t.Login)
	if u.ID != "" {
		subject = eventlog.UserSubject(u)
	}
	return r.Log.Record(r.tx, r.actor, eventlog.Entry{
		Type: eventlog.SessionStart, Result: idp.ResultFailure, Reason: reason, Subject: subject, CredentialType: r.credentialType(),
	})
}

// credentialType names the method in use.
func (r *run) credentialType() string {
	kind := r.t.Chosen
	if kind == "" {
		kind = factor.Password
	}
	if m, ok := r.Factors.Method(kind); ok {
		return m.Describe().Credential
	}
	return ""
}

// evaluated records what the sign-on policies decided, once a proof was given
// or when they refuse.
func (r *run) evaluated(d decision) error {
	denied, isDenied := d.step.(Denied)
	if d.signOn == nil || (!r.proved && !isDenied) {
		return nil
	}
	e := eventlog.Entry{
		Type: eventlog.EvaluateSignOn, Result: idp.ResultAllow, Subject: eventlog.UserSubject(d.user),
		CredentialType: r.credentialType(), Debug: map[string]string{DebugTrace: d.trace.SignOn.String()},
	}
	if d.signOn.PolicyID != "" {
		e.Targets = []idp.Target{
			{ID: d.signOn.PolicyID, Type: "PolicyEntity", AlternateID: "unknown", DisplayName: d.signOn.PolicyName},
			{ID: d.signOn.RuleID, Type: "PolicyRule", AlternateID: "unknown", DisplayName: d.signOn.RuleName},
		}
	}
	if d.demanded {
		e.Result = idp.ResultChallenge
	}
	if isDenied {
		e.Result, e.Reason = idp.ResultDeny, denied.Reason
	}
	if err := r.Log.Record(r.tx, r.actor, e); err != nil || !isDenied {
		return err
	}
	return r.failed(d.user, reasonVerification)
}

// started notes that a user has signed in: on the user and in the system log.
func (e *Engine) started(tx *store.Tx, a idp.Actor, u *idp.User, t *Transaction, sessionID string) error {
	if err := e.Credentials.Trust(tx, u.OrgID, u.ID, credential.Source(a.Client)); err != nil {
		return err
	}
	if err := tx.TouchLogin(u.OrgID, u.ID); err != nil {
		return fmt.Errorf("note the sign-in: %w", err)
	}
	entry := eventlog.Entry{Type: eventlog.SessionStart, Subject: eventlog.UserSubject(u), SessionID: sessionID}
	if n := len(t.Proofs); n > 0 {
		entry.CredentialType = t.Proofs[n-1].Credential
	}
	return e.Log.Record(tx, a, entry)
}

// about records something that happened to the user who signs in.
func (r *run) about(u *idp.User, t idp.EventType) error {
	return r.Log.Record(r.tx, r.actor, eventlog.Entry{
		Type: t, Subject: eventlog.UserSubject(u), Targets: []idp.Target{idp.UserTarget(u)},
	})
}

// passwordKept records that a new password was refused. The reason names the
// rule, never a password.
func (r *run) passwordKept(u *idp.User, why error) error {
	return r.Log.Record(r.tx, r.actor, eventlog.Entry{
		Type: eventlog.PasswordUpdate, Result: idp.ResultFailure, Reason: why.Error(),
		Subject: eventlog.UserSubject(u), Targets: []idp.Target{idp.UserTarget(u)},
	})
}
