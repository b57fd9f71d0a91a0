package signin_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

const phone = "+15550100"

// phones is a world with a user who has a phone and nobody's question to answer.
func phones(t *testing.T, url string) (*signintest.World, *idp.User) {
	t.Helper()
	w := signintest.New(t, url)
	w.Phones()
	w.SetPasswordPolicy(func(p *policy.PasswordSettings) { p.Recovery.Factors.Question.Status = policy.Inactive })
	u := w.User(login)
	w.Phone(u, phone)
	return w, u
}

// begun starts a recovery by a way.
func begun(t testing.TB, w *signintest.World, i signin.Intent, name, way string) *signin.Transaction {
	t.Helper()
	tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "00", Intent: i, Finish: signin.FinishToken})
	var act signin.Action = signin.StartRecovery{Login: name, Method: way}
	if i == signin.IntentUnlock {
		act = signin.StartUnlock{Login: name, Method: way}
	}
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, act)
	if c, ok := step.(signin.Challenge); err != nil || !ok || c.Method.Kind != way {
		t.Fatalf("%#v, %v", step, err)
	}
	return tx
}

// give brings a code as another request would.
func give(t testing.TB, w *signintest.World, handle, code string) (signin.Step, error) {
	t.Helper()
	tx, err := w.Engine.Load(t.Context(), w.Anonymous(), handle)
	if err != nil {
		return nil, err
	}
	return w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveCode{Code: code})
}

// not is another code than the given one.
func not(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// TestCodesRecover comes to a new password by every way, and unlocks by it.
func TestCodesRecover(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w, u := phones(t, url)
		to := map[string]string{signin.ByEmail: login, signin.BySMS: phone, signin.ByCall: phone}
		for n, way := range []string{signin.ByEmail, signin.BySMS, signin.ByCall} {
			w.Clock.Advance(time.Minute)
			tx := begun(t, w, signin.IntentRecover, login, way)
			code := w.Mail(to[way]).Data[notify.DataCode]
			if len(code) != 6 {
				t.Fatalf("%s: %+v", way, w.Mail(to[way]))
			}
			if _, err := give(t, w, tx.Handle, not(code)); idp.KindOf(err) != idp.KindWrongPasscode {
				t.Fatalf("%s: a wrong code: %v", way, err)
			}
			step, err := give(t, w, tx.Handle, code)
			if c, ok := step.(signin.ChangePassword); err != nil || !ok || c.Reason != signin.PasswordReset {
				t.Fatalf("%s: %#v, %v", way, step, err)
			}
			if _, err := give(t, w, tx.Handle, code); idp.KindOf(err) != idp.KindTransactionState {
				t.Errorf("%s: a code again: %v", way, err)
			}
			if tx, err = w.Engine.Load(t.Context(), w.Anonymous(), tx.Handle); err != nil {
				t.Fatal(err)
			}
			step, err = w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SetPassword{New: fmt.Sprintf("%s-%d", newPassword, n)})
			if done, ok := step.(signin.Done); err != nil || !ok || done.SessionToken == "" {
				t.Fatalf("%s: %#v, %v", way, step, err)
			}

			w.Clock.Advance(time.Minute)
			w.Put(w.Reload(u), idp.UserLockedOut)
			tx = begun(t, w, signin.IntentUnlock, login, way)
			step, err = give(t, w, tx.Handle, w.Mail(to[way]).Data[notify.DataCode])
			if done, ok := step.(signin.Done); err != nil || !ok || done.SessionToken != "" || w.Reload(u).Status != idp.UserActive {
				t.Fatalf("%s: %#v, %v", way, step, err)
			}
			if _, err := w.Engine.Load(t.Context(), w.Anonymous(), tx.Handle); idp.KindOf(err) != idp.KindBadToken {
				t.Errorf("%s: unlocking leaves a transaction: %v", way, err)
			}
		}
	})
}

// TestCodesHaveBounds: time, number, transaction and pace.
func TestCodesHaveBounds(t *testing.T) {
	w, _ := phones(t, storetest.SQLite(t))
	tx := begun(t, w, signin.IntentRecover, login, signin.BySMS)
	code := w.Mail(phone).Data[notify.DataCode]
	w.Clock.Advance(5 * time.Minute)
	if _, err := give(t, w, tx.Handle, code); idp.KindOf(err) != idp.KindWrongPasscode {
		t.Errorf("after five minutes: %v", err)
	}
	// Another transaction's code is nothing here.
	w.Clock.Advance(time.Minute)
	first := begun(t, w, signin.IntentRecover, login, signin.BySMS)
	w.Clock.Advance(time.Minute)
	_ = begun(t, w, signin.IntentRecover, login, signin.BySMS)
	if _, err := give(t, w, first.Handle, w.Mail(phone).Data[notify.DataCode]); idp.KindOf(err) != idp.KindWrongPasscode {
		t.Errorf("another's code: %v", err)
	}
	for _, name := range []string{login, "nobody@example.com"} {
		w.Clock.Advance(time.Minute)
		tx = begun(t, w, signin.IntentRecover, name, signin.BySMS)
		if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SendAgain{}); idp.KindOf(err) != idp.KindSMSTooSoon {
			t.Errorf("%s: at once: %v", name, err)
		}
		before := w.Mail(phone).ID
		for n := range 4 {
			w.Clock.Advance(30 * time.Second)
			if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SendAgain{}); err != nil {
				t.Fatalf("%s, %d: %v", name, n, err)
			}
		}
		if sent := w.Mail(phone).ID != before; sent != (name == login) {
			t.Errorf("%s: sent %v", name, sent)
		}
		w.Clock.Advance(30 * time.Second)
		if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SendAgain{}); idp.KindOf(err) != idp.KindTooManyRequests {
			t.Errorf("%s: a sixth time: %v", name, err)
		}
	}
}

// TestCodesTellNothing: for somebody, for somebody who may not, and for nobody
// the same errors come in the same order.
func TestCodesTellNothing(t *testing.T) {
	w, _ := phones(t, storetest.SQLite(t))
	w.User("nophone@example.com")
	w.Phone(w.UserIn("suspended@example.com", idp.UserSuspended), "+15550101")
	for _, way := range []string{signin.ByEmail, signin.BySMS, signin.ByCall} {
		for _, i := range []signin.Intent{signin.IntentRecover, signin.IntentUnlock} {
			var want []idp.Kind
			for _, name := range []string{"nobody@example.com", login, "nophone@example.com", "suspended@example.com"} {
				w.Clock.Advance(25 * time.Hour)
				tx := begun(t, w, i, name, way)
				var got []idp.Kind
				for range 6 {
					_, err := give(t, w, tx.Handle, "x")
					got = append(got, idp.KindOf(err))
				}
				if want == nil {
					want = got
				}
				if !slices.Equal(got, want) || got[0] != idp.KindWrongPasscode || got[4] != idp.KindUserLocked || got[5] != idp.KindBadToken {
					t.Errorf("%s by %s for %s: %v, want %v", i, way, name, got, want)
				}
			}
		}
	}
}

// TestParallelCodesCountExactly: two hundred wrong codes in eight recoveries
// count as ten; then no code is right and none is sent, until a day is over.
func TestParallelCodesCountExactly(t *testing.T) {
	const recoveries, each, most = 8, 25, 10
	storetest.Each(t, func(t *testing.T, url string) {
		w, u := phones(t, url)
		var handles []string
		for range recoveries {
			w.Clock.Advance(6 * time.Second)
			handles = append(handles, begun(t, w, signin.IntentRecover, login, signin.ByEmail).Handle)
		}
		// One more, at which nobody guesses: its code is no longer right either.
		w.Clock.Advance(6 * time.Second)
		spare := begun(t, w, signin.IntentRecover, login, signin.ByEmail).Handle
		code := w.Mail(login).Data[notify.DataCode]
		var looked atomic.Int32
		var wg sync.WaitGroup
		for _, h := range handles {
			for range each {
				wg.Go(func() {
					_, err := give(t, w, h, "x")
					for idp.KindOf(err) == idp.KindConflict { // another was first: guess again
						_, err = give(t, w, h, "x")
					}
					switch idp.KindOf(err) {
					case idp.KindWrongPasscode, idp.KindUserLocked:
						looked.Add(1)
					case idp.KindBadToken:
					default:
						t.Errorf("%v", err)
					}
				})
			}
		}
		wg.Wait()
		n, err := w.Store.Read(t.Context()).RecoveryFailures(w.Org.ID, u.ID, 24*time.Hour)
		if err != nil || n != int(looked.Load()) || n < most {
			t.Fatalf("%d counted, %d looked at, %v", n, looked.Load(), err)
		}
		if _, err := give(t, w, spare, code); idp.KindOf(err) != idp.KindWrongPasscode {
			t.Error("the right code behind the bound")
		}
		w.Clock.Advance(time.Minute)
		before := w.Mail(login).ID
		_ = begun(t, w, signin.IntentRecover, login, signin.ByEmail)
		if w.Mail(login).ID != before {
			t.Error("a mail went out behind the bound")
		}
		w.Clock.Advance(24 * time.Hour)
		tx := begun(t, w, signin.IntentRecover, login, signin.ByEmail)
		if _, err := give(t, w, tx.Handle, w.Mail(login).Data[notify.DataCode]); err != nil {
			t.Errorf("a day later: %v", err)
		}
	})
}

// TestStartedRecoveryIsNobodys: before the code is given nothing is shown of the
// user, and another name takes the code away.
func TestStartedRecoveryIsNobodys(t *testing.T) {
	w, _ := phones(t, storetest.SQLite(t))
	w.User("other@example.com")
	tx := begun(t, w, signin.IntentRecover, login, signin.ByEmail)
	if s, err := w.Engine.Subject(t.Context(), w.Anonymous(), tx); err != nil || s.User != nil {
		t.Fatalf("%+v, %v", s, err)
	}
	code := w.Mail(login).Data[notify.DataCode]
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: "other@example.com"})
	if v, ok := step.(signin.Recover); err != nil || !ok || len(v.Options) != 3 {
		t.Fatalf("%#v, %v", step, err)
	}
	if _, err := give(t, w, tx.Handle, code); idp.KindOf(err) != idp.KindTransactionState {
		t.Errorf("a code without a way: %v", err)
	}
	step, err = w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.Choose{Method: signin.ByEmail})
	if _, ok := step.(signin.Challenge); err != nil || !ok {
		t.Fatalf("%#v, %v", step, err)
	}
	if _, err := give(t, w, tx.Handle, code); idp.KindOf(err) != idp.KindWrongPasscode {
		t.Errorf("the code of another: %v", err)
	}
	if step, err := give(t, w, tx.Handle, w.Mail("other@example.com").Data[notify.DataCode]); err != nil {
		t.Errorf("%#v, %v", step, err)
	}
}

// TestRefusalsOfRecoveryTakeTheSameTime: a recovery for nobody takes as long as
// one for somebody. The samples are interleaved, and the bound is wide: what it
// must catch is work that is left out.
func TestRefusalsOfRecoveryTakeTheSameTime(t *testing.T) {
	const samples = 60
	w, _ := phones(t, storetest.SQLite(t))
	for what, try := range map[string]func(name string){
		"mail": func(name string) {
			if err := w.Engine.MailRecovery(t.Context(), w.Anonymous(), signin.IntentRecover, name); err != nil {
				t.Fatal(err)
			}
		},
		"code": func(name string) { _ = begun(t, w, signin.IntentRecover, name, signin.BySMS) },
	} {
		took := map[string][]time.Duration{}
		for range samples {
			for _, name := range []string{login, "nobody@example.com"} {
				w.Clock.Advance(10 * time.Minute) // few enough an hour that all are sent
				elapsed := env.Elapsed()
				try(name)
				took[name] = append(took[name], elapsed())
			}
		}
		median := func(name string) time.Duration {
			slices.Sort(took[name])
			return took[name][samples/2]
		}
		some, none := median(login), median("nobody@example.com")
		t.Logf("%s: somebody %v, nobody %v", what, some, none)
		if none < some/2 || none > some*2 {
			t.Errorf("%s: somebody %v, nobody %v", what, some, none)
		}
	}
}

// TestRecoveryIsNoSecondFactor: where the policy wants a further factor, a new
// password is one proof, and the text that led to it is none.
func TestRecoveryIsNoSecondFactor(t *testing.T) {
	w, _ := phones(t, storetest.SQLite(t))
	w.SetSignOn(func(s *policy.SignOnAction) { s.RequireFactor, s.PromptMode = true, policy.PromptAlways })
	w.SetEnroll(policy.EnrollNever, map[string]policy.SelfEnroll{"okta_sms": policy.EnrollOptional})
	tx := begun(t, w, signin.IntentRecover, login, signin.BySMS)
	if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveCode{Code: w.Mail(phone).Data[notify.DataCode]}); err != nil {
		t.Fatal(err)
	}
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SetPassword{New: newPassword})
	if v, ok := step.(signin.Verify); err != nil || !ok || v.Primary || len(v.Options) != 1 || v.Options[0].Kind != signin.BySMS {
		t.Fatalf("%#v, %v", step, err)
	}
	// Neither is an invitation beside a password.
	tx = w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "00", Finish: signin.FinishToken})
	token := w.Ready("ready@example.com")
	u, err := w.Directory.User(t.Context(), idp.SystemActor(w.Org), "ready@example.com")
	if err != nil {
		t.Fatal(err)
	}
	w.Phone(u, "+15550102")
	step, err = w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.UseInvitation{Token: token})
	if v, ok := step.(signin.Verify); err != nil || !ok || v.Primary {
		t.Fatalf("%#v, %v", step, err)
	}
}
