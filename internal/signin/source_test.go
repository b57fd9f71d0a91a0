package signin_test

import (
	"net/netip"
	"slices"
	"sync"
	"testing"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// from is somebody at an address.
func from(w *signintest.World, address string) idp.Actor {
	a := w.Anonymous()
	a.Client.IP = netip.MustParseAddr(address)
	return a
}

// attemptFrom is attempt from an address.
func attemptFrom(t testing.TB, w *signintest.World, address, name, password string) error {
	t.Helper()
	w.Tick()
	a := from(w, address)
	tx := w.Engine.Begin(t.Context(), a, signin.Options{Prefix: "00", Finish: signin.FinishToken})
	_, err := w.Engine.Apply(t.Context(), a, tx, signin.GiveLogin{Login: name}, guess(password))
	if err != nil && idp.KindOf(err) != idp.KindUnauthenticated {
		t.Fatal(err)
	}
	return err
}

const (
	home     = "203.0.113.7"
	stranger = "198.51.100.9"
)

// TestStrangersCannotLockOut: whatever strangers guess, and however often, who
// signs in from a known address gets in; the strangers do not.
func TestStrangersCannotLockOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		w.SetPasswordPolicy(func(s *policy.PasswordSettings) {
			s.Password.Lockout.MaxAttempts, s.Password.Lockout.AutoUnlockMinutes = 3, 0
		})
		u := w.User(login)
		if err := attemptFrom(t, w, home, login, signintest.Password); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for range 5 {
				if attemptFrom(t, w, stranger, login, "wrong") == nil {
					t.Fatal("a wrong password")
				}
			}
			if w.Reload(u).Status != idp.UserLockedOut {
				t.Fatal("strangers may guess without end")
			}
			if attemptFrom(t, w, stranger, login, signintest.Password) == nil {
				t.Error("a stranger gets past the lock")
			}
			if err := attemptFrom(t, w, home, login, signintest.Password); err != nil {
				t.Errorf("the user cannot get in from home: %v", err)
			}
		}
		if n := len(slices.DeleteFunc(w.Events(), func(e string) bool { return e != "user.account.unlock SUCCESS" })); n != 3 {
			t.Errorf("%d unlocks are in the log", n)
		}
	})
}

// TestKnownSourcesAreCounted: a known source has as many guesses as the policy
// allows, also while strangers have locked the user, and then is a stranger.
func TestKnownSourcesAreCounted(t *testing.T) {
	const guesses, most = 100, 4
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		w.SetPasswordPolicy(func(s *policy.PasswordSettings) {
			s.Password.Lockout.MaxAttempts, s.Password.Lockout.AutoUnlockMinutes = most, 0
		})
		u := w.User(login)
		know := func() {
			t.Helper()
			if err := attemptFrom(t, w, home, login, signintest.Password); err != nil {
				t.Fatal(err)
			}
		}
		know()
		var wg sync.WaitGroup
		for range guesses {
			wg.Go(func() { _ = attemptFrom(t, w, home, login, "wrong") })
		}
		wg.Wait()
		counts := map[string]int{}
		for _, e := range w.Events() {
			counts[e]++
		}
		if counts["user.session.start FAILURE INVALID_CREDENTIALS"] != most || counts["user.account.lock SUCCESS"] != 1 || w.Reload(u).Status != idp.UserLockedOut {
			t.Errorf("%v", counts)
		}
		if attemptFrom(t, w, home, login, signintest.Password) == nil {
			t.Error("the source is still known")
		}

		// Locked by strangers, the source has its guesses all the same, and no more.
		if err := w.Directory.Unlock(t.Context(), idp.SystemActor(w.Org), u.ID); err != nil {
			t.Fatal(err)
		}
		know()
		for range most {
			_ = attemptFrom(t, w, stranger, login, "wrong")
		}
		for range most - 1 {
			_ = attemptFrom(t, w, home, login, "wrong")
		}
		know()
		for range most {
			_ = attemptFrom(t, w, stranger, login, "wrong")
		}
		for range most {
			_ = attemptFrom(t, w, home, login, "wrong")
		}
		if attemptFrom(t, w, home, login, signintest.Password) == nil {
			t.Error("a source that has guessed wrong too often gets past the lock")
		}
	})
}

// TestAFactorsLockHoldsAtHome: a lock by wrong answers of a further factor was
// made by somebody who has the password: it holds for known sources, too.
func TestAFactorsLockHoldsAtHome(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	u := w.User(login)
	if err := attemptFrom(t, w, home, login, signintest.Password); err != nil {
		t.Fatal(err)
	}
	w.Put(u, idp.UserLockedOut)
	for range 12 {
		_ = attemptFrom(t, w, stranger, login, "wrong")
	}
	if attemptFrom(t, w, home, login, signintest.Password) == nil {
		t.Error("the password ends it")
	}
}

// TestSourcesOfOneSubscriber: IPv6 addresses of one network are one source, and
// what is kept of a source does not tell the address.
func TestSourcesOfOneSubscriber(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.User(login)
	if err := attemptFrom(t, w, "2001:db8::1", login, signintest.Password); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{"2001:db8::2": true, "2001:db8:0:1::1": false, home: false} {
		if known, err := w.Engine.KnownSource(t.Context(), from(w, address), login); err != nil || known != want {
			t.Errorf("%s: %v, %v", address, known, err)
		}
	}
	if known, err := w.Engine.KnownSource(t.Context(), from(w, "2001:db8::1"), "nobody@example.com"); err != nil || known {
		t.Errorf("nobody: %v, %v", known, err)
	}
}

// TestANamesakeLocksNobodyElse: whoever changes the login to one that looks like
// somebody else's gathers the guesses alone.
func TestANamesakeLocksNobodyElse(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Password.Lockout.MaxAttempts = 3 })
	victim, other := w.User("victim@example.com"), w.User("other@example.com")
	rename := func(to string) error {
		_, err := w.Directory.UpdateUser(t.Context(), idp.SystemActor(w.Org), other.ID, directory.UserChange{Profile: idp.Attributes{"login": to}})
		return err
	}
	for _, taken := range []string{"victim@example.com", "VICTIM@example.com", "víctim@example.com"} {
		if err := rename(taken); idp.KindOf(err) != idp.KindInvalid {
			t.Errorf("renamed to %s: %v", taken, err)
		}
	}
	if err := rename("victim@evil.example"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"victim@evil.example", "victim", "other@example.com"} {
		for range 5 {
			_ = attemptFrom(t, w, stranger, name, "wrong")
		}
	}
	if w.Reload(victim).Status != idp.UserActive {
		t.Error("the guesses at a namesake have locked somebody else")
	}
	if w.Reload(other).Status != idp.UserLockedOut {
		t.Error("nobody was locked: the test tests nothing")
	}
	if err := attemptFrom(t, w, stranger, "victim@example.com", signintest.Password); err != nil {
		t.Error(err)
	}
}
