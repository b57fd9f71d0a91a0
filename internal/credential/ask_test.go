package credential

import (
	"context"
	"errors"
	"strings"
	"testing"

	"usher/internal/idp"
	"usher/internal/store"
)

// TestPasswordKeptElsewhere: another system is asked until it has called a guess
// right, and never about what cannot be or must not be tried.
func TestPasswordKeptElsewhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mark := func() {
			w.tx(t, func(tx *store.Tx) error { return w.SetPassword(tx, w.user, AskHook) })
		}
		var asked []Guess
		var broken error
		ask := func(_ context.Context, g Guess) (bool, error) {
			asked = append(asked, g)
			return g.Password == "right", broken
		}
		mark()
		if p := w.verify(t, "right"); p.OK {
			t.Error("nobody was asked, and it is right")
		}
		w.Ask = ask
		if p := w.verify(t, "wrong"); p.OK || len(asked) != 1 || asked[0].UserID != w.user.ID || asked[0].Org.ID != w.org.ID {
			t.Errorf("%+v %+v", p, asked)
		}
		broken = errors.New("a database is gone")
		if _, err := w.Verify(t.Context(), Guess{Org: w.org, UserID: w.user.ID, Password: "right"}); !errors.Is(err, broken) {
			t.Error(err)
		}
		broken, asked = nil, nil
		for _, never := range []string{"", strings.Repeat("x", MaxPasswordLength+1)} {
			if p := w.verify(t, never); p.OK {
				t.Errorf("%d characters are right", len(never))
			}
		}
		for range 3 {
			w.fail(t, Lockout{MaxAttempts: 3})
		}
		if p := w.verify(t, "right"); p.OK || len(asked) != 0 {
			t.Errorf("asked while locked: %+v %+v", p, asked)
		}
		w.tx(t, func(tx *store.Tx) error { return w.Unlock(tx, w.org.ID, w.user.ID) })

		// Of two right guesses at once the first makes the password ours; the
		// other has to be compared again.
		one, two := w.verify(t, "right"), w.verify(t, "right")
		if err := w.settle(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		if err := w.settle(t.Context(), two); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Error(err)
		}
		asked = nil
		if p := w.verify(t, "right"); !p.OK || len(asked) != 0 {
			t.Errorf("%+v %+v", p, asked)
		}
		if c := w.stored(t); c.Password == AskHook || len(c.History) != 0 {
			t.Errorf("%+v", c)
		}

		// What stands for a password is none: it matches nothing and is in no history.
		mark()
		if reused, err := w.Reused(t.Context(), w.stored(t), AskHook, 1); err != nil || reused {
			t.Errorf("%v, %v", reused, err)
		}
		w.set(t, "ours")
		if c := w.stored(t); len(c.History) != 1 || c.History[0] == AskHook {
			t.Errorf("%+v", c.History)
		}
		if p := w.verify(t, AskHook); p.OK {
			t.Error("the mark is a password")
		}
	})
}
