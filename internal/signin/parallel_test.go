package signin_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/store/storetest"
)

// TestParallelAnswersOfASentCodeCountExactly: of two hundred wrong codes that
// come at once in one sign-in, and are tried again where another was first, as
// many are looked at as lock the user; the right one is nothing behind that.
func TestParallelAnswersOfASentCodeCountExactly(t *testing.T) {
	const guesses = 200
	for _, kind := range []string{signin.BySMS, signin.ByCall} {
		t.Run(kind, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, url string) {
				w := worldWithFactors(t, url)
				u := w.User(login)
				w.Phone(u, phone)
				w.RequireFactor(policy.PromptAlways, 0)
				tx, step := begin(t, w, signin.Options{Prefix: "00"})
				id := ""
				for _, m := range is[signin.Verify](t, step).Options {
					if m.Kind == kind {
						id = m.FactorID
					}
				}
				is[signin.Challenge](t, apply(t, w, tx, signin.Choose{FactorID: id}))
				code := w.SentCode()
				answer := func(code string) error {
					for {
						mine, err := w.Engine.Load(t.Context(), w.Anonymous(), tx.Handle)
						if err != nil {
							return err
						}
						_, err = w.Engine.Apply(t.Context(), w.Anonymous(), mine, signin.VerifyFactor{FactorID: id, Answer: passCode(code)})
						if idp.KindOf(err) != idp.KindConflict {
							return err
						}
					}
				}
				guessTogether(t, guesses, func() error { return answer(not(code)) })
				n, err := w.Store.Read(t.Context()).FactorFailures(w.Org.ID, u.ID, id)
				if err != nil || n != factor.MaxFailures || w.Reload(u).Status != idp.UserLockedOut {
					t.Errorf("%d counted, %v, %s", n, err, w.Reload(u).Status)
				}
				w.Clock.Advance(time.Second)
				if err := answer(code); idp.KindOf(err) != idp.KindUserLocked {
					t.Errorf("the right code behind the lock: %v", err)
				}
			})
		})
	}
}

// TestCodesAreNotSentForEver: whoever has the password has ten codes sent that
// nobody types, then none for an hour; the other factors are as they were. A
// right one begins the count anew.
func TestCodesAreNotSentForEver(t *testing.T) {
	const most = 10
	w := worldWithFactors(t, storetest.SQLite(t))
	w.Phone(w.User(login), phone)
	w.RequireFactor(policy.PromptAlways, 0)
	choose := func(kind string) (*signin.Transaction, error) {
		w.Clock.Advance(31 * time.Second)
		tx, step := begin(t, w, signin.Options{Prefix: "00"})
		_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.Choose{Method: kind})
		is[signin.Verify](t, step)
		return tx, err
	}
	sent := func() {
		t.Helper()
		for n := range most {
			if _, err := choose(signin.BySMS); err != nil {
				t.Fatalf("text %d: %v", n+1, err)
			}
		}
		if _, err := choose(signin.BySMS); idp.KindOf(err) != idp.KindTooManyRequests {
			t.Errorf("one more: %v", err)
		}
	}
	sent()
	if _, err := choose(signin.ByCall); err != nil {
		t.Errorf("a call: %v", err)
	}
	w.Clock.Advance(time.Hour)
	tx, err := choose(signin.BySMS)
	if err != nil {
		t.Fatal(err)
	}
	is[signin.Done](t, apply(t, w, tx, signin.VerifyFactor{Answer: passCode(w.SentCode())}))
	sent()
}

// guessTogether answers wrongly n times at once: as many are told that they were
// wrong as do not lock the user, all others that the user is locked.
func guessTogether(t *testing.T, n int32, guess func() error) {
	t.Helper()
	var wrong, locked atomic.Int32
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			switch err := guess(); idp.KindOf(err) {
			case idp.KindWrongPasscode:
				wrong.Add(1)
			case idp.KindUserLocked:
				locked.Add(1)
			default:
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != factor.MaxFailures-1 || locked.Load() != n-factor.MaxFailures+1 {
		t.Errorf("%d wrong, %d locked", wrong.Load(), locked.Load())
	}
}
