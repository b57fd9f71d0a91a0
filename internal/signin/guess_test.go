package signin_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// TestParallelGuessesCountExactly: however many guesses come at once, the lock
// falls after as many as the policy allows, and the right password does not
// slip past it.
func TestParallelGuessesCountExactly(t *testing.T) {
	const guesses, most = 200, 10
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		u := w.User(login)
		var wg sync.WaitGroup
		for i := range guesses {
			wg.Go(func() {
				_, _, err := attempt(t, w, login, "wrong")
				if idp.KindOf(err) != idp.KindUnauthenticated {
					t.Errorf("guess %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		c, err := w.Store.Read(t.Context()).Credential(w.Org.ID, u.ID)
		if err != nil || c.Failures != most || c.LockedAt.IsZero() {
			t.Fatalf("%d failures, locked at %v, %v", c.Failures, c.LockedAt, err)
		}
		if got := w.Reload(u).Status; got != idp.UserLockedOut {
			t.Fatalf("status %s", got)
		}
		counts := map[string]int{}
		for _, e := range w.Events() {
			counts[e]++
		}
		if counts["user.session.start FAILURE INVALID_CREDENTIALS"] != most || counts["user.session.start FAILURE LOCKED_OUT"] != guesses-most || counts["user.account.lock SUCCESS"] != 1 {
			t.Fatalf("%v", counts)
		}
		if _, _, err := attempt(t, w, login, signintest.Password); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Fatalf("the right password after the lock: %v", err)
		}
	})
}

// TestRightPasswordAmongWrongOnes: a right guess is let in only before the
// lock; afterwards nobody is, whatever was compared before.
func TestRightPasswordAmongWrongOnes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		u := w.User(login)
		w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Password.Lockout.MaxAttempts = 3 })
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				password := "wrong"
				if i%20 == 7 {
					password = signintest.Password
				}
				if _, _, err := attempt(t, w, login, password); err != nil && idp.KindOf(err) != idp.KindUnauthenticated {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		// In the order in which they were settled no run of wrong guesses is
		// longer than three, and nothing succeeds behind the lock.
		if got := w.Reload(u).Status; got != idp.UserLockedOut {
			t.Fatalf("status %s", got)
		}
		run, wrong := 0, 0
		for _, e := range w.Events() {
			if e == "user.session.start FAILURE INVALID_CREDENTIALS" {
				wrong++
			}
		}
		for _, e := range w.Events() {
			if e == "user.session.start SUCCESS" {
				run++
			}
		}
		if wrong > 3*(run+1) {
			t.Fatalf("%d wrong guesses were compared around %d right ones", wrong, run)
		}
	})
}

func TestSuccessForgetsGuesses(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	u := w.User(login)
	for range 3 {
		for range 9 {
			_, _, _ = attempt(t, w, login, "wrong")
		}
		if _, step, err := attempt(t, w, login, signintest.Password); err != nil || step == nil {
			t.Fatal(err)
		}
	}
	if w.Reload(u).Status != idp.UserActive {
		t.Fatal("locked by guesses that a right one had forgiven")
	}
}

func TestLockShownAndEndedByItself(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	u := w.User(login)
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) {
		s.Password.Lockout.MaxAttempts, s.Password.Lockout.AutoUnlockMinutes, s.Password.Lockout.ShowLockoutFailures = 2, 30, true
	})
	if _, _, err := attempt(t, w, login, "wrong"); idp.KindOf(err) != idp.KindUnauthenticated {
		t.Fatal(err)
	}
	for _, password := range []string{"wrong", "wrong", signintest.Password} {
		_, step, err := attempt(t, w, login, password)
		if _, ok := step.(signin.Locked); err != nil || !ok {
			t.Fatalf("%#v, %v", step, err)
		}
	}
	w.Clock.Advance(30*time.Minute - time.Second)
	if _, step, _ := attempt(t, w, login, signintest.Password); step != (signin.Locked{}) {
		t.Fatalf("before its time: %#v", step)
	}
	w.Clock.Advance(time.Second)
	if _, _, err := attempt(t, w, login, "wrong"); idp.KindOf(err) != idp.KindUnauthenticated {
		t.Fatalf("%v", err)
	}
	if w.Reload(u).Status != idp.UserActive {
		t.Fatal("the lock has not ended")
	}
	if _, step, err := attempt(t, w, login, signintest.Password); err != nil {
		t.Fatalf("%#v, %v", step, err)
	}
	want := []string{
		"user.account.lock SUCCESS", "user.session.start FAILURE INVALID_CREDENTIALS", "user.session.start FAILURE LOCKED_OUT",
		"user.session.start FAILURE LOCKED_OUT", "user.session.start FAILURE LOCKED_OUT", "user.account.unlock SUCCESS",
		"user.session.start FAILURE INVALID_CREDENTIALS", "policy.evaluate_sign_on ALLOW", "user.session.start SUCCESS",
	}
	if got := w.Events()[1:]; !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
}

// A lock that ends must not make good a password that has to be changed.
func TestLockDoesNotUndoExpiry(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	u := w.UserIn(login, idp.UserPasswordExpired)
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) {
		s.Password.Lockout.MaxAttempts, s.Password.Lockout.AutoUnlockMinutes = 1, 1
	})
	_, _, _ = attempt(t, w, login, "wrong")
	if _, _, err := attempt(t, w, login, signintest.Password); idp.KindOf(err) != idp.KindUnauthenticated {
		t.Fatalf("locked: %v", err)
	}
	w.Clock.Advance(time.Minute)
	changes := func() {
		t.Helper()
		_, step, err := attempt(t, w, login, signintest.Password)
		if c, ok := step.(signin.ChangePassword); err != nil || !ok || c.Reason != signin.PasswordExpired || w.Reload(u).Status != idp.UserPasswordExpired {
			t.Fatalf("%#v, %v", step, err)
		}
	}
	changes()
	if err := w.Directory.Unlock(t.Context(), idp.SystemActor(w.Org), u.ID); idp.KindOf(err) != idp.KindNotLocked {
		t.Fatalf("unlocked without a lock: %v", err)
	}
	_, _, _ = attempt(t, w, login, "wrong")
	if err := w.Directory.Unlock(t.Context(), idp.SystemActor(w.Org), u.ID); err != nil {
		t.Fatalf("an administrator cannot end the lock: %v", err)
	}
	changes()
}

func TestStoredSecretsAreHashes(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.User(login)
	ctx, a := t.Context(), w.Anonymous()
	tx := w.Engine.Begin(ctx, a, signin.Options{Prefix: "02.id."})
	if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}); err != nil {
		t.Fatal(err)
	}
	_, step, err := attempt(t, w, login, signintest.Password)
	if err != nil {
		t.Fatal(err)
	}
	token := step.(signin.Done).SessionToken
	issued, err := w.Engine.RedeemToken(ctx, a, token)
	if err != nil {
		t.Fatal(err)
	}
	dump, err := w.Store.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	text := unpack(t, dump)
	if !strings.Contains(text, login) {
		t.Fatal("the dump does not hold what it must")
	}
	for name, secret := range map[string]string{"handle": tx.Handle, "token": token, "session": issued.Secret, "password": signintest.Password} {
		if strings.Contains(text, secret) {
			t.Errorf("the database holds the %s in clear", name)
		}
	}
}

// TestOneOfManyGetsTheSession: fifty browsers with one handle, fifty callers
// with one token.
func TestOneOfManyGetsTheSession(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		w.User(login)
		ctx, a := t.Context(), w.Anonymous()
		tx := w.Engine.Begin(ctx, a, signin.Options{Prefix: "02.id.", Carried: true})
		if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}, guess(signintest.Password)); err != nil {
			t.Fatal(err)
		}
		_, step, err := attempt(t, w, login, signintest.Password)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			take func() error
			want idp.Kind
		}{
			"handle": {func() error { _, err := w.Engine.Redeem(ctx, a, tx.Handle); return err }, idp.KindBadToken},
			"token": {func() error {
				_, err := w.Engine.RedeemToken(ctx, a, step.(signin.Done).SessionToken)
				return err
			}, idp.KindUnauthenticated},
		} {
			var mu sync.Mutex
			var wg sync.WaitGroup
			won := 0
			for range 50 {
				wg.Go(func() {
					err := c.take()
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won++
					} else if idp.KindOf(err) != c.want {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			wg.Wait()
			if won != 1 {
				t.Errorf("%s: %d got a session", name, won)
			}
		}
	})
}

// TestAnswersRace: two answers to one challenge; the first wins, and the other
// is told that something came first.
func TestAnswersRace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		w.User(login)
		ctx, a := t.Context(), w.Anonymous()
		tx := w.Engine.Begin(ctx, a, signin.Options{Prefix: "00", Finish: signin.FinishToken})
		if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		won := 0
		copies := make([]*signin.Transaction, 20) // loaded before anybody can end it
		for i := range copies {
			var err error
			if copies[i], err = w.Engine.Load(ctx, a, tx.Handle); err != nil {
				t.Fatal(err)
			}
		}
		for _, mine := range copies {
			wg.Go(func() {
				_, err := w.Engine.Apply(ctx, a, mine, guess(signintest.Password))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if idp.KindOf(err) != idp.KindConflict {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("%d sign-ins out of one transaction", won)
		}
	})
}

// unpack reads a snapshot as text.
func unpack(t *testing.T, dump []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(dump))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
