package signin_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

const newPassword = "Fresh-battery-8"

// recovery opens a recovery of the user by a link.
func recovery(t testing.TB, w *signintest.World, i signin.Intent, name string) *signin.Transaction {
	t.Helper()
	ticket, err := w.Engine.TrustedRecovery(t.Context(), idp.SystemActor(w.Org), i, name)
	if err != nil {
		t.Fatal(err)
	}
	tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "00", Intent: i, Finish: signin.FinishToken})
	if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.UseRecoveryToken{Token: ticket.Token}); err != nil {
		t.Fatal(err)
	}
	return tx
}

// answerAgain answers on a copy of its own, as another request would.
func answerAgain(t testing.TB, w *signintest.World, handle, answer string) error {
	t.Helper()
	tx, err := w.Engine.Load(t.Context(), w.Anonymous(), handle)
	if err != nil {
		return err
	}
	_, err = w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.AnswerRecovery{Answer: answer})
	return err
}

// TestOneTimeTokensOpenOnce: of fifty that bring the same token at once, one
// gets in.
func TestOneTimeTokensOpenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		w.SetPasswordActions(func(a *policy.Actions) { a.SelfUnlock.Access = policy.Allow })
		u, locked := w.User(login), w.User("locked@example.com")
		w.Ask(u)
		w.Ask(locked)
		w.Put(locked, idp.UserLockedOut)
		_, invited := w.Invited("new@example.com")
		if err := w.Engine.MailRecovery(t.Context(), w.Anonymous(), signin.IntentRecover, login); err != nil {
			t.Fatal(err)
		}
		if err := w.Engine.MailRecovery(t.Context(), w.Anonymous(), signin.IntentUnlock, "locked@example.com"); err != nil {
			t.Fatal(err)
		}
		for name, act := range map[string]signin.Action{
			"invitation":                   signin.UseInvitation{Token: invited},
			"invitation beside a password": signin.UseInvitation{Token: w.Ready("ready@example.com")},
			"recovery":                     signin.UseRecoveryToken{Token: w.Mail(login).Data[notify.DataToken]},
			"unlock":                       signin.UseRecoveryToken{Token: w.Mail("locked@example.com").Data[notify.DataToken]},
		} {
			var opened atomic.Int32
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "00", Finish: signin.FinishToken})
					_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, act)
					switch {
					case err == nil:
						opened.Add(1)
					case idp.KindOf(err) != idp.KindUnauthenticated && idp.KindOf(err) != idp.KindBadToken:
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			wg.Wait()
			if n := opened.Load(); n != 1 {
				t.Errorf("%s: opened %d times", name, n)
			}
		}
	})
}

// TestParallelAnswersCountExactly: wrong answers in many recoveries of one user
// count together, and lock after as many as the policy allows; in one recovery
// at most five are looked at.
func TestParallelAnswersCountExactly(t *testing.T) {
	const recoveries, each, most = 40, 5, 10
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		u := w.User(login)
		w.Ask(u)
		var handles []string
		for range recoveries {
			handles = append(handles, recovery(t, w, signin.IntentRecover, login).Handle)
		}
		var looked atomic.Int32
		var wg sync.WaitGroup
		for _, h := range handles {
			for range each {
				wg.Go(func() {
					switch err := answerAgain(t, w, h, "wrong"); idp.KindOf(err) {
					case idp.KindWrongAnswer, idp.KindUserLocked:
						looked.Add(1)
					case idp.KindBadToken, idp.KindConflict:
					default:
						t.Errorf("%v", err)
					}
				})
			}
		}
		wg.Wait()
		c, err := w.Store.Read(t.Context()).Credential(w.Org.ID, u.ID)
		if err != nil || c.Failures != most || c.LockedAt.IsZero() || looked.Load() != most || w.Reload(u).Status != idp.UserLockedOut {
			t.Fatalf("%d looked at, %d failures, locked at %v, %v", looked.Load(), c.Failures, c.LockedAt, err)
		}
		for _, h := range handles {
			if err := answerAgain(t, w, h, signintest.Answer); idp.KindOf(err) != idp.KindBadToken {
				t.Fatalf("the right answer behind the lock: %v", err)
			}
		}

		w.SetPasswordPolicy(func(p *policy.PasswordSettings) { p.Password.Lockout.MaxAttempts = 0 })
		other := w.User("other@example.com")
		w.Ask(other)
		h := recovery(t, w, signin.IntentRecover, "other@example.com").Handle
		looked.Store(0)
		for range 200 {
			wg.Go(func() {
				switch err := answerAgain(t, w, h, "wrong"); idp.KindOf(err) {
				case idp.KindWrongAnswer, idp.KindUserLocked:
					looked.Add(1)
				case idp.KindBadToken, idp.KindConflict:
				default:
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		for idp.KindOf(answerAgain(t, w, h, "wrong")) != idp.KindBadToken {
			looked.Add(1)
		}
		if looked.Load() != 5 {
			t.Errorf("one recovery bore %d wrong answers", looked.Load())
		}
	})
}

// TestRecoveryTakesNoOtherActions: a recovery that is open for one user cannot
// be turned to another, and what belongs to a sign-in does not fit it.
func TestRecoveryTakesNoOtherActions(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.Ask(w.User(login))
	w.User("other@example.com")
	tx := recovery(t, w, signin.IntentRecover, login)
	for _, act := range []signin.Action{
		signin.GiveLogin{Login: "other@example.com"},
		signin.Choose{Method: "password"},
		guess(signintest.Password),
		signin.Skip{},
		signin.Previous{},
		signin.SendAgain{},
		signin.Poll{},
		signin.UseRecoveryToken{Token: "x"},
		signin.UseInvitation{Token: "x"},
		signin.SetPassword{New: newPassword},
		signin.StartRecovery{Login: "other@example.com"},
		signin.StartUnlock{Login: "other@example.com"},
	} {
		if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, act); idp.KindOf(err) != idp.KindTransactionState {
			t.Errorf("%T: %v", act, err)
		}
	}
	if tx.Login != login {
		t.Errorf("the recovery is of %s", tx.Login)
	}
	if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.AnswerRecovery{Answer: signintest.Answer}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: "other@example.com"}); idp.KindOf(err) != idp.KindTransactionState {
		t.Error(err)
	}
}

// TestRecoveryBecomesVoid: another password, set meanwhile, ends it.
func TestRecoveryBecomesVoid(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	u := w.User(login)
	w.Ask(u)
	first, second := recovery(t, w, signin.IntentRecover, login), recovery(t, w, signin.IntentRecover, login)
	done, err := w.Engine.Apply(t.Context(), w.Anonymous(), first, signin.AnswerRecovery{Answer: signintest.Answer})
	if _, ok := done.(signin.ChangePassword); !ok || err != nil {
		t.Fatal(done, err)
	}
	if done, err = w.Engine.Apply(t.Context(), w.Anonymous(), first, signin.SetPassword{New: newPassword}); err != nil || done.(signin.Done).SessionToken == "" {
		t.Fatal(done, err)
	}
	if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), second, signin.AnswerRecovery{Answer: signintest.Answer}); idp.KindOf(err) != idp.KindBadToken {
		t.Errorf("a recovery from before the new password: %v", err)
	}
}

// TestUnlockKeepsAnExpiredPasswordExpired: ending the lock does not make an old
// password good again.
func TestUnlockKeepsAnExpiredPasswordExpired(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.SetPasswordActions(func(a *policy.Actions) { a.SelfUnlock.Access = policy.Allow })
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Password.Lockout.MaxAttempts = 1 })
	u := w.User(login)
	w.Ask(u)
	w.Put(u, idp.UserPasswordExpired)
	if _, _, err := attempt(t, w, login, "wrong"); idp.KindOf(err) != idp.KindUnauthenticated {
		t.Fatal(err)
	}
	tx := recovery(t, w, signin.IntentUnlock, login)
	if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.AnswerRecovery{Answer: signintest.Answer}); err != nil {
		t.Fatal(err)
	}
	if got := w.Reload(u).Status; got != idp.UserPasswordExpired {
		t.Fatalf("status %s", got)
	}
	if _, step, err := attempt(t, w, login, signintest.Password); err != nil {
		t.Fatal(err)
	} else if c, ok := step.(signin.ChangePassword); !ok || c.Reason != signin.PasswordExpired {
		t.Fatalf("%#v", step)
	}
	if n := slices.Index(w.Events(), "user.account.unlock SUCCESS"); n < 0 {
		t.Errorf("%v", w.Events())
	}
}

// TestRecoverySecretsAreHashes: neither the token nor the handle is stored.
func TestRecoverySecretsAreHashes(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.Ask(w.User(login))
	ticket, err := w.Engine.TrustedRecovery(t.Context(), idp.SystemActor(w.Org), signin.IntentRecover, login)
	if err != nil {
		t.Fatal(err)
	}
	tx := recovery(t, w, signin.IntentRecover, login)
	dump, err := w.Store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(unpack(t, dump))
	if !strings.Contains(text, "who was first") {
		t.Fatal("the dump does not hold what it must")
	}
	for name, secret := range map[string]string{"token": ticket.Token, "handle": tx.Handle, "answer": signintest.Answer} {
		if strings.Contains(text, strings.ToLower(secret)) {
			t.Errorf("the %s is stored", name)
		}
	}
}
