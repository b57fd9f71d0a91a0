package signin

import (
	"context"
	"slices"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// proofSession marks what a session had proved before a transaction went on
// from it.
const proofSession = "session"

// amrPassword is the method of the password. (RFC 8176)
const amrPassword = "pwd"

// StepUp begins a transaction of a user who is signed in and has to prove more:
// what the session rests on counts. At its end the session has become one that
// rests on more, under the same name and a new secret. It fails with
// KindUnauthenticated where the user's session proves nothing by now.
func (e *Engine) StepUp(ctx context.Context, a idp.Actor, v *idp.Session, o Options) (*Transaction, error) {
	u, err := e.Store.Read(ctx).User(a.OrgID(), v.UserID)
	if err != nil || e.MayUse(u) != nil {
		return nil, idp.Fail(idp.KindUnauthenticated)
	}
	o.Intent, o.Finish, o.Session = IntentStepUp, FinishBrowser, v
	return e.begin(a, o, func(t *Transaction) {
		t.Login, t.UserID, t.Identified, t.PasswordSet = v.Login, u.ID, true, u.PasswordChanged
		t.Proofs = proofsOf(v)
	}), nil
}

// proofsOf are what a session rests on.
func proofsOf(v *idp.Session) []Proof {
	var out []Proof
	rest := slices.DeleteFunc(slices.Clone(v.AMR), func(m string) bool { return m == amrPassword || m == amrMany })
	if slices.Contains(v.AMR, amrPassword) {
		out = append(out, Proof{Method: factor.Password, AMR: []string{amrPassword}, At: v.LastPassword, Credential: "PASSWORD"})
	}
	switch {
	case slices.Contains(v.AMR, amrMany):
		out = append(out, Proof{Method: proofSession, AMR: rest, At: v.LastFactor, Factor: proofSession})
	case len(out) == 0 || len(rest) > 0:
		out = append(out, Proof{Method: proofSession, AMR: rest, At: v.LastFactor})
	}
	return out
}

// raised is the session of a transaction that went on from another one: it has
// its limits.
func raised(before, draft *idp.Session) *idp.Session {
	out := *draft
	out.Created, out.EndsBy, out.Idle, out.Persistent = before.Created, before.EndsBy, before.Idle, before.Persistent
	return &out
}

// takeOver begins the session of a transaction, in the place of the one that its
// browser had. That of somebody else ends. A step-up needs the one that it went
// on from.
func (e *Engine) takeOver(tx *store.Tx, a idp.Actor, t *Transaction, u *idp.User, draft *idp.Session) (string, *idp.Session, error) {
	before, err := e.Sessions.Named(tx, a.OrgID(), t.SessionUser, t.Session)
	if err != nil {
		return "", nil, err
	}
	switch {
	case before == nil && t.Intent == IntentStepUp, before != nil && t.Intent == IntentStepUp && before.UserID != u.ID:
		return "", nil, idp.Fail(idp.KindBadToken)
	case before == nil:
		return e.Sessions.Start(tx, draft)
	case before.UserID != u.ID:
		if err := e.Sessions.EndNamed(tx, a, before); err != nil {
			return "", nil, err
		}
		return e.Sessions.Start(tx, draft)
	case t.Intent == IntentStepUp:
		draft = raised(before, draft)
	}
	return e.Sessions.Succeed(tx, before, draft)
}
