package signin

import (
	"context"

	"usher/internal/credential"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// warm reads what a node may remember for a second, so that the transaction of a
// sign-in need not. (ADR 0007)
func (e *Engine) warm(ctx context.Context, a idp.Actor) error {
	if err := e.Policies.Warm(ctx, a.OrgID()); err != nil {
		return err
	}
	return e.Factors.Warm(ctx, e.Store, a.Org)
}

// What follows reads ahead, in one round trip, what a sign-in is about to ask for.
// It decides nothing: what it leaves out is read when it is asked for. For a login
// that is nobody's it reads as much as for any other.

// foreseeLogin is for prepare, where a login and a password are given.
func (e *Engine) foreseeLogin(read *store.Tx, a idp.Actor, actions []Action) error {
	if len(actions) < 2 {
		return nil
	}
	given, ok := actions[0].(GiveLogin)
	if _, proof := actions[1].(VerifyFactor); !ok || !proof {
		return nil
	}
	return e.Directory.Foresee(read, a.OrgID(), clean(given.Login), store.Foreseen{Credential: true})
}

// foreseeNext is for Next, once the first proof was given.
func (e *Engine) foreseeNext(look *store.Tx, a idp.Actor, t *Transaction) error {
	if t.Completed || t.Recovering() || len(t.Proofs) == 0 {
		return nil
	}
	f := store.Foreseen{UserID: t.UserID, Groups: true, Factors: true, Counts: t.Pending != nil}
	return store.Failure("read user", look.Foresee(a.OrgID(), f))
}

// foresee is for the transaction that does a plan.
func (r *run) foresee(plan []planned) error {
	if r.t.Recovering() || len(plan) == 0 || !guarded(plan[len(plan)-1].action) {
		return nil
	}
	f := store.Foreseen{UserID: r.t.UserID, Groups: true}
	if r.t.Version > 0 {
		f.Handle = keys.Hash(r.t.Handle)
	}
	last := plan[len(plan)-1]
	_, proof := last.action.(VerifyFactor)
	switch {
	case len(r.t.Proofs) > 0:
		f.Factors, f.Counts, f.Standing = true, true, proof
	case !proof:
		return nil
	default:
		f.UserID, f.Standing = id(last.user), true
		f.Factors = last.attempt.OK && last.user != nil && last.user.Factors > 0
	}
	if f.Standing {
		f.Source = credential.Source(r.actor.Client)
	}
	if given, ok := plan[0].action.(GiveLogin); ok {
		return r.Directory.Foresee(r.tx, r.actor.OrgID(), given.Login, f)
	}
	return store.Failure("read user", r.tx.Foresee(r.actor.OrgID(), f))
}
