package signin_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/directory"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// lockMails are the mails to the user of these tests that tell of a lock.
func lockMails(t *testing.T, w *signintest.World) []notify.Message {
	t.Helper()
	list, err := w.Directory.Outbox.List(t.Context(), w.Org.ID, notify.Query{To: login, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var out []notify.Message
	for _, m := range list {
		if m.Template == notify.TemplateLocked {
			out = append(out, m)
		}
	}
	return out
}

// worldOfLocks locks after three wrong guesses for ten minutes, and tells so.
func worldOfLocks(t *testing.T, url string, channels ...string) *signintest.World {
	t.Helper()
	w := signintest.New(t, url)
	w.Factors()
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) {
		l := &s.Password.Lockout
		l.MaxAttempts, l.AutoUnlockMinutes, l.NotificationChannel = 3, 10, channels
	})
	return w
}

// TestEachLockIsToldOnce: one mail for each lock, however many guesses come at
// once or while it lasts.
func TestEachLockIsToldOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := worldOfLocks(t, url, "EMAIL")
		w.User(login)
		for lock := 1; lock <= 2; lock++ {
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() { _, _, _ = attempt(t, w, login, "wrong") })
			}
			wg.Wait()
			_, _, _ = attempt(t, w, login, signintest.Password)
			mails := lockMails(t, w)
			if len(mails) != lock {
				t.Fatalf("%d mails about %d locks", len(mails), lock)
			}
			text := strings.Join(strings.Fields(mails[0].Text), " ")
			if ends := w.Clock.Now().Add(10 * time.Minute).UTC().Format("15:04 MST"); !strings.Contains(text, ends) || mails[0].Data[notify.DataLink] != "" {
				t.Errorf("%s", text)
			}
			w.Clock.Advance(10 * time.Minute)
		}
	})
}

// TestLocksOfEveryKindAreTold: by the password of one who has to change it, by a
// further factor, by the recovery question, by a change of the password.
func TestLocksOfEveryKindAreTold(t *testing.T) {
	wrong := map[string]func(t *testing.T, w *signintest.World){
		"an expired password": func(t *testing.T, w *signintest.World) {
			w.UserIn(login, idp.UserPasswordExpired)
			for range 4 {
				_, _, _ = attempt(t, w, login, "wrong")
			}
		},
		"a further factor": func(t *testing.T, w *signintest.World) {
			w.User(login)
			w.RequireFactor(policy.PromptAlways, 0)
			tx, _ := begin(t, w, signin.Options{})
			enrolTOTP(t, w, tx)
			w.Clock.Advance(time.Minute)
			tx, step := begin(t, w, signin.Options{})
			for range factor.MaxFailures + 2 {
				_, _ = w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.VerifyFactor{
					FactorID: is[signin.Verify](t, step).Options[0].FactorID, Answer: passCode("000000"),
				})
			}
		},
		"a change of the password": func(t *testing.T, w *signintest.World) {
			u := w.User(login)
			for range 4 {
				if _, err := w.Directory.ChangePassword(t.Context(), idp.SystemActor(w.Org), u.ID, directory.PasswordChange{Old: "wrong", New: newPassword}); err == nil {
					t.Fatal("a wrong old password")
				}
			}
		},
	}
	for name, guess := range wrong {
		t.Run(name, func(t *testing.T) {
			for _, channels := range [][]string{{"EMAIL"}, nil} {
				w := worldOfLocks(t, storetest.SQLite(t), channels...)
				guess(t, w)
				if got := len(lockMails(t, w)); got != len(channels) {
					t.Errorf("channels %q: %d mails", channels, got)
				}
			}
		})
	}
}

// TestLocksFillNoMailbox: who locks an account again and again is told of no
// more than a few times an hour.
func TestLocksFillNoMailbox(t *testing.T) {
	w := worldOfLocks(t, storetest.SQLite(t), "EMAIL")
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) {
		s.Password.Lockout.MaxAttempts, s.Password.Lockout.AutoUnlockMinutes = 1, 1
	})
	w.User(login)
	w.Clock.Set(w.Clock.Now().Truncate(time.Hour).Add(time.Hour))
	locks := func(n int) int {
		before := len(lockMails(t, w))
		for range n {
			_, _, _ = attempt(t, w, login, "wrong")
			w.Clock.Advance(time.Minute)
		}
		return len(lockMails(t, w)) - before
	}
	if got := locks(20); got != 5 {
		t.Errorf("%d mails about 20 locks in one hour", got)
	}
	w.Clock.Advance(time.Hour)
	if got := locks(1); got != 1 {
		t.Errorf("%d mails about the first lock of the next hour", got)
	}
}
