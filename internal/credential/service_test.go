package credential

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a service over a store with one user, who has no password.
type world struct {
	*Service
	clock *env.Movable
	org   *idp.Org
	user  *idp.User
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) {
		ids := &env.Counting{}
		w := &world{clock: env.NewFixed(noon)}
		w.Service = &Service{Store: storetest.Open(t, url, w.clock), Hasher: cheapHasher()}
		w.org = &idp.Org{ID: ids.New("00o"), Name: "main", Subdomain: "main", Created: noon}
		row := &store.UserRow{
			User: idp.User{OrgID: w.org.ID, ID: ids.New("00u"), Status: idp.UserActive, Login: "ann", Profile: []byte(`{"login":"ann"}`), Created: noon},
			Keys: store.UserKeys{Login: "ann"},
		}
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.InsertOrg(w.org); err != nil {
				return err
			}
			return tx.InsertUser(row)
		})
		w.user = &row.User
		fn(t, w)
	})
}

func (w *world) tx(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.Store.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (w *world) set(t *testing.T, password string) {
	t.Helper()
	encoded, err := w.Hasher.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	w.tx(t, func(tx *store.Tx) error { return w.SetPassword(tx, w.user, encoded) })
}

func (w *world) verify(t *testing.T, password string) Proof {
	t.Helper()
	p, err := w.Verify(t.Context(), Guess{Org: w.org, UserID: w.user.ID, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) settle(ctx context.Context, p Proof) error {
	return w.Store.Tx(ctx, func(tx *store.Tx) error { return w.Succeeded(tx, p) })
}

func (w *world) stored(t *testing.T) *store.Credential {
	t.Helper()
	c, err := w.Store.Read(t.Context()).Credential(w.org.ID, w.user.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) fail(t *testing.T, l Lockout) (f Failure) {
	t.Helper()
	w.tx(t, func(tx *store.Tx) (err error) {
		f, err = w.Failed(tx, w.org.ID, w.user.ID, l)
		return err
	})
	return f
}

func TestPasswordLife(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if p := w.verify(t, "anything"); p.OK {
			t.Fatal("a user without a password has one")
		}
		w.set(t, "Abcd1234")
		if !w.user.HasPassword || !w.user.PasswordChanged.Equal(noon) {
			t.Errorf("%+v", w.user)
		}
		if p := w.verify(t, "Abcd1235"); p.OK || idp.KindOf(w.settle(t.Context(), p)) != idp.KindUnauthenticated {
			t.Error("a wrong password was accepted")
		}
		if p := w.verify(t, "Abcd1234"); !p.OK || w.settle(t.Context(), p) != nil {
			t.Error("the right password was refused")
		}
		w.set(t, "Bcde2345")
		if !w.user.PasswordChanged.Equal(noon.Add(time.Second)) {
			t.Errorf("the second change at the same instant is dated %v", w.user.PasswordChanged)
		}
		w.tx(t, func(tx *store.Tx) error { return w.Erase(tx, w.user) })
		if w.user.HasPassword || w.verify(t, "Bcde2345").OK {
			t.Error("an erased password still holds")
		}
	})
}

func TestUnknownUserCostsAHash(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Hasher = NewHasher(env.NewSeeded(1), cheap, 1)
		w.Hasher.slots <- struct{}{} // taken: whoever hashes has to wait
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		for _, id := range []string{"", "00unobody", w.user.ID} {
			if p, err := w.Verify(ctx, Guess{Org: w.org, UserID: id, Password: "x"}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%q did not hash: %+v, %v", id, p, err)
			}
		}
	})
}

func TestStaleHashIsReplaced(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := imported(t, HashSpec{Algorithm: "MD5", Value: "kAFQmDzST7DWlj99KOF/cg=="})
		w.tx(t, func(tx *store.Tx) error { return w.SetPassword(tx, w.user, old) })
		if err := w.settle(t.Context(), w.verify(t, "abc")); err != nil {
			t.Fatal(err)
		}
		c := w.stored(t)
		if !strings.HasPrefix(c.Password, "$argon2id$") || len(c.History) != 0 {
			t.Errorf("%+v", c)
		}
		if p := w.verify(t, "abc"); !p.OK || p.fresh != "" {
			t.Errorf("%+v", p)
		}
	})
}

func TestHistory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(t, "Abcd1234")
		w.set(t, "Bcde2345")
		w.set(t, "Cdef3456")
		for _, c := range []struct {
			password string
			history  int
			want     string
		}{
			{"Cdef3456", 0, "Password cannot be your current password"},
			{"Bcde2345", 0, ""},
			{"Cdef3456", 1, "Password has been used too recently"},
			{"Bcde2345", 1, ""},
			{"Abcd1234", 3, "Password has been used too recently"},
			{"Abcd1234", 2, ""},
			{"Defg4567", 24, ""},
		} {
			err := w.CheckHistory(t.Context(), w.org.ID, w.user.ID, c.password, Age{History: c.history})
			if (err == nil) != (c.want == "") || (err != nil && (idp.KindOf(err) != idp.KindInvalid || !strings.HasSuffix(err.Error(), c.want))) {
				t.Errorf("%s with a history of %d: %v", c.password, c.history, err)
			}
		}
		for range MaxHistory + 3 {
			w.set(t, "Abcd1234")
		}
		if n := len(w.stored(t).History); n != MaxHistory {
			t.Errorf("%d passwords are remembered", n)
		}
	})
}

func TestMinimumAge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(t, "Abcd1234")
		check := func(a Age) error { return CheckAge(w.Store.Read(t.Context()), w.user, a) }
		err := check(Age{MinMinutes: 120})
		if idp.KindOf(err) != idp.KindInvalid || !strings.HasSuffix(err.Error(), "Password minimum age requirement: 2 hour(s)") {
			t.Error(err)
		}
		w.clock.Advance(2 * time.Hour)
		if err := check(Age{MinMinutes: 120}); err != nil {
			t.Error(err)
		}
	})
}

func TestLockAndUnlock(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(t, "Abcd1234")
		l := Lockout{MaxAttempts: 3, AutoUnlockMinutes: 10}
		early := w.verify(t, "Abcd1234")
		for i, want := range []Failure{{1, false}, {2, false}, {3, true}, {0, false}} {
			if got := w.fail(t, l); got != want {
				t.Errorf("failure %d: %+v", i+1, got)
			}
		}
		since, err := w.LockedSince(w.Store.Read(t.Context()), w.org.ID, w.user.ID)
		if err != nil || !since.Equal(noon) {
			t.Errorf("locked since %v, %v", since, err)
		}
		if err := w.settle(t.Context(), early); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Errorf("a guess that was compared before the lock slipped past it: %v", err)
		}
		w.tx(t, func(tx *store.Tx) error { return w.Unlock(tx, w.org.ID, w.user.ID) })
		if got := w.fail(t, l); got != (Failure{Count: 1}) {
			t.Errorf("after the unlock: %+v", got)
		}
		if err := w.settle(t.Context(), w.verify(t, "Abcd1234")); err != nil {
			t.Error(err)
		}
		if c := w.stored(t); c.Failures != 0 {
			t.Errorf("%d failures are left after a success", c.Failures)
		}
		if got := w.fail(t, Lockout{}); got != (Failure{Count: 1}) {
			t.Errorf("without a limit: %+v", got)
		}
	})
}

func TestOldPasswordDoesNotSettle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(t, "Abcd1234")
		p := w.verify(t, "Abcd1234")
		w.set(t, "Bcde2345")
		if err := w.settle(t.Context(), p); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Errorf("a password that was changed meanwhile: %v", err)
		}
	})
}

// TestParallelGuesses: every wrong guess counts, and exactly one of them locks.
func TestParallelGuesses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, serializable := range []bool{true, false} {
			w.set(t, "Abcd1234")
			var locked atomic.Int32
			var wg sync.WaitGroup
			for range 200 {
				wg.Go(func() {
					var f Failure
					write := w.Store.Write
					if serializable {
						write = w.Store.Tx
					}
					err := write(t.Context(), func(tx *store.Tx) (err error) {
						f, err = w.Failed(tx, w.org.ID, w.user.ID, Lockout{MaxAttempts: 200})
						return err
					})
					if err != nil {
						t.Error(err)
					}
					if f.LockedNow {
						locked.Add(1)
					}
				})
			}
			wg.Wait()
			if c := w.stored(t); c.Failures != 200 || c.LockedAt.IsZero() || locked.Load() != 1 {
				t.Errorf("serializable %v: %d of 200 counted, locked %d times", serializable, c.Failures, locked.Load())
			}
		}
	})
}

func TestRecoveryQuestion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, answer := range []string{"Straße nach Lübeck", strings.Repeat("ä ", 50)} {
			encoded, err := w.HashAnswer(t.Context(), answer)
			if err != nil {
				t.Fatal(err)
			}
			w.tx(t, func(tx *store.Tx) error { return w.SetQuestion(tx, w.user, " Where to? ", encoded) })
			if w.user.RecoveryQuestion != "Where to?" {
				t.Errorf("question %q", w.user.RecoveryQuestion)
			}
			for given, want := range map[string]bool{
				answer: true, "  " + strings.ToUpper(answer) + " ": true, answer + "x": false, "": false,
			} {
				p, err := w.VerifyAnswer(t.Context(), w.org.ID, w.user.ID, given)
				if err != nil || p.OK != want {
					t.Errorf("%q: %v, %v", given, p.OK, err)
				}
				if err := w.settle(t.Context(), p); (err == nil) != want {
					t.Errorf("%q settles: %v", given, err)
				}
			}
		}
		if w.verify(t, "Straße nach Lübeck").OK {
			t.Error("the answer is taken for a password")
		}
	})
}
