package signin

import (
	"context"

	why "usher/internal/decision"
	"usher/internal/idp"
	"usher/internal/store"
)

// level begins a transaction of the store: Store.Tx or Store.Guarded.
type level func(ctx context.Context, fn func(*store.Tx) error) error

// explained runs fn in a transaction of the store, which may run it again, and
// keeps why the last run came out as it did: with what fn has written, or alone
// where fn refuses.
func (e *Engine) explained(ctx context.Context, a idp.Actor, at level, fn func(tx *store.Tx) error) error {
	notes := new(why.Notes)
	noted := why.With(ctx, notes)
	// That a transaction of the same handle came first may show at the end only.
	err := conflict(at(noted, func(tx *store.Tx) error {
		notes.Reset()
		if err := fn(tx); err != nil {
			return err
		}
		return e.Decisions.Keep(tx, a, notes)
	}))
	if k := idp.KindOf(err); k == 0 || k == idp.KindConflict {
		return err
	}
	if kept := e.Store.Write(ctx, func(tx *store.Tx) error { return e.Decisions.Keep(tx, a, notes) }); kept != nil {
		return kept
	}
	return err
}

// note keeps a decision of the engine's own.
func note(tx *store.Tx, k why.Kind, u *idp.User, outcome, reason string) {
	why.Of(tx.Context()).Add(why.Decision{Kind: k, Outcome: outcome, Reason: reason, UserID: id(u)})
}

// noteGate keeps what the gate said about a path.
func noteGate(tx *store.Tx, u *idp.User, p Path, refused error) {
	outcome, reason := why.Allow, string(p)
	if refused != nil {
		outcome = why.Deny
		if u != nil {
			reason += " in state " + string(u.Status)
		}
	}
	note(tx, why.Gate, u, outcome, reason)
}
