package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/session"
	"usher/internal/store"
)

// Path is a way by which a session, or what stands for one, comes to be or
// lives on.
type Path string

// The paths.
const (
	PathToken   Path = "token"   // a one-time token at the end of a sign-in
	PathSession Path = "session" // a session for a one-time token
	PathBrowser Path = "browser" // a session for a browser whose sign-in is complete
	PathRefresh Path = "refresh" // a longer life for a session
	PathUse     Path = "use"     // a session taken for proof of its user
	// A one-time token at the end of what began without the password.
	PathRecovery   Path = "recovery"
	PathActivation Path = "activation"
)

var sessionPaths = [...]Path{PathToken, PathSession, PathBrowser, PathRefresh, PathUse, PathRecovery, PathActivation}

// Paths lists the paths.
func Paths() []Path { return append(SessionPaths(), TokenPaths()...) }

// SessionPaths lists those by which a session comes to be or lives on.
func SessionPaths() []Path { return slices.Clone(sessionPaths[:]) }

// known tells whether a path is one of Paths: the gate is shut to all others.
func (p Path) known() bool {
	return slices.Contains(sessionPaths[:], p) || slices.Contains(tokenPaths[:], p)
}

// MayIssue is the gate: it tells whether a session or token may be given to the
// user on this path now, else KindUnauthenticated. Whatever mints one asks here,
// in the transaction that mints it, with the user as read there.
//
// Whatever is minted or prolonged asks for the same: the user is active. Who is
// locked out, suspended, deprovisioned, in recovery, not yet active, or has to
// change the password gets nothing. A session that exists may be used up to its
// end by one who was locked out by guesses (of others, perhaps) or has to change
// the password next time; suspending, and what ends an account, throws out.
func (e *Engine) MayIssue(u *idp.User, p Path) error {
	refused := idp.Fail(idp.KindUnauthenticated)
	if u == nil {
		return refused
	}
	switch u.Status {
	case idp.UserActive:
		if p.known() {
			return nil
		}
	case idp.UserLockedOut, idp.UserPasswordExpired, idp.UserRecovery:
		if p == PathUse {
			return nil
		}
	case idp.UserStaged, idp.UserProvisioned, idp.UserSuspended, idp.UserDeprovisioned:
	}
	return refused
}

// path is the one by which the transaction comes to a one-time token.
func (t *Transaction) path() Path {
	switch t.Intent {
	case IntentRecover:
		return PathRecovery
	case IntentActivate:
		return PathActivation
	case IntentSignIn, IntentUnlock, IntentEnroll, IntentStepUp:
	}
	return PathToken
}

// MayUse asks the gate whether a session that the user has still proves the user.
func (e *Engine) MayUse(u *idp.User) error { return e.MayIssue(u, PathUse) }

// Issued is a session that has begun, with the secret that presents it.
type Issued struct {
	Secret  string
	Session *idp.Session
	User    *idp.User
	// Return is where the sign-in asked to go at the end, empty for nowhere.
	Return string
}

// pass reads a user and asks the gate. A user who is gone does not pass.
func (e *Engine) pass(tx *store.Tx, orgID, userID string, p Path) (*idp.User, error) {
	u, err := tx.User(orgID, userID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.Fail(idp.KindUnauthenticated)
	}
	if err != nil {
		return nil, fmt.Errorf("read user: %w", err)
	}
	err = e.MayIssue(u, p)
	noteGate(tx, u, p, err)
	return u, err
}

// RedeemToken gives a session for a one-time token, which is consumed even when
// the gate refuses. Whatever is wrong with the token or its user is
// KindUnauthenticated.
func (e *Engine) RedeemToken(ctx context.Context, a idp.Actor, token string) (*Issued, error) {
	out := new(Issued)
	var refused error
	// Whoever ends what a user has takes the token, too, and where it was not there
	// yet meets the user's row, which was written with it. (ADR 0016)
	err := e.explained(ctx, a, e.Store.Guarded, func(tx *store.Tx) error {
		draft, err := e.Sessions.TakeSessionToken(tx, a.OrgID(), token)
		if err != nil {
			return err
		}
		out.User, refused = e.pass(tx, a.OrgID(), draft.UserID, PathSession)
		if refused == nil {
			out.Secret, out.Session, refused = e.Sessions.Start(tx, draft)
		}
		if idp.KindOf(refused) == idp.KindUnauthenticated {
			return nil
		}
		return refused
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Redeem gives the session of a completed transaction to the browser that
// presents its handle, and ends the transaction: of several that come, one gets
// it. It fails with KindBadToken when there is no such transaction, with
// KindTransactionState when it is not complete, and with KindUnauthenticated
// when the gate or the sign-on policy refuses by now.
func (e *Engine) Redeem(ctx context.Context, a idp.Actor, handle string) (*Issued, error) {
	t, err := e.Load(ctx, a, handle)
	if err != nil {
		return nil, err
	}
	if !t.Completed {
		return nil, idp.Fail(idp.KindTransactionState)
	}
	out := &Issued{Return: t.Return}
	at := e.Store.Guarded // started writes the user's row (ADR 0016)
	if t.Session != "" || t.Intent == IntentStepUp {
		at = e.Store.Tx
	}
	err = e.explained(ctx, a, at, func(tx *store.Tx) error {
		var err error
		if out.User, err = e.pass(tx, a.OrgID(), t.UserID, PathBrowser); err != nil {
			return err
		}
		d, err := e.signOn(tx, a, out.User)
		if err != nil {
			return err
		}
		// A further factor that is wanted by now cannot be asked for here.
		proved, err := e.satisfied(tx, t, out.User, d)
		if err != nil {
			return err
		}
		if !d.Allowed || !proved || !t.holds(out.User) {
			return idp.Fail(idp.KindUnauthenticated)
		}
		if out.Secret, out.Session, err = e.takeOver(tx, a, t, out.User, session.Draft(tx, out.User, t.proofs(d))); err != nil {
			return err
		}
		if t.Intent == IntentStepUp {
			return e.end(tx, a, t.clone())
		}
		if err := e.started(tx, a, out.User, t, out.Session.ID); err != nil {
			return err
		}
		return e.end(tx, a, t.clone())
	})
	if idp.KindOf(err) == idp.KindConflict {
		return nil, idp.Fail(idp.KindBadToken)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Refresh lets a session live on from now, never past its lifetime, for as long
// as the gate lets its user have one. KindNotFound when there is no such
// session, KindUnauthenticated when the gate refuses.
func (e *Engine) Refresh(ctx context.Context, a idp.Actor, secret string) (*idp.Session, error) {
	var out *idp.Session
	err := e.Store.Write(ctx, func(tx *store.Tx) error {
		v, err := e.Sessions.Get(tx, a.OrgID(), secret)
		if err != nil {
			return err
		}
		if _, err := e.pass(tx, a.OrgID(), v.UserID, PathRefresh); err != nil {
			return err
		}
		out, err = e.Sessions.Refresh(tx, a.OrgID(), secret)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// proofs is what the session of a transaction rests on.
func (t *Transaction) proofs(d policy.SignOn) session.Proofs {
	p := session.Proofs{AMR: t.amr(), Limits: d.Session}
	p.Limits.Persistent = p.Limits.Persistent || t.Remember
	for _, proof := range t.Proofs {
		if proof.Method == factor.Password {
			p.LastPassword = proof.At
		} else if !proof.At.IsZero() {
			p.LastFactor = proof.At
		}
	}
	return p
}
