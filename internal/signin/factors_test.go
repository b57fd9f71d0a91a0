package signin_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/directory"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// device is what the device of the tests is known by.
const device = "a device of the user"

// worldWithFactors has all that a server needs for TOTP, the security question
// and codes that are sent, which the policy lets users enrol.
func worldWithFactors(t *testing.T, url string) *signintest.World {
	t.Helper()
	w := signintest.New(t, url)
	w.Factors()
	return w
}

// begin gives login and password.
func begin(t *testing.T, w *signintest.World, o signin.Options) (*signin.Transaction, signin.Step) {
	t.Helper()
	w.Tick()
	if o.Finish == "" {
		o.Finish = signin.FinishToken
	}
	tx := w.Engine.Begin(t.Context(), w.Anonymous(), o)
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: login},
		signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{"password": signintest.Password}})
	if err != nil {
		t.Fatal(err)
	}
	return tx, step
}

func apply(t *testing.T, w *signintest.World, tx *signin.Transaction, a signin.Action) signin.Step {
	t.Helper()
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, a)
	if err != nil {
		t.Fatalf("%+v: %v", a, err)
	}
	return step
}

func refused(t *testing.T, w *signintest.World, tx *signin.Transaction, a signin.Action, want idp.Kind) {
	t.Helper()
	if step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, a); idp.KindOf(err) != want {
		t.Fatalf("%+v: %T, %v, want %v", a, step, err, want)
	}
}

// is tells that a step is what is expected, and returns it.
func is[S signin.Step](t *testing.T, step signin.Step) S {
	t.Helper()
	s, ok := step.(S)
	if !ok {
		t.Fatalf("step %T %+v, want %T", step, step, s)
	}
	return s
}

// enrolTOTP enrols the app and returns its secret and the enrolment.
func enrolTOTP(t *testing.T, w *signintest.World, tx *signin.Transaction) (secret string, next signin.Step) {
	t.Helper()
	a := is[signin.Activate](t, apply(t, w, tx, signin.EnrollFactor{Key: "okta_otp"}))
	if a.View.Seed == nil || a.View.QR == "" || a.Method.FactorID == "" || a.Waiting {
		t.Fatalf("%+v", a)
	}
	refused(t, w, tx, signin.ActivateFactor{Fields: passCode("000000")}, idp.KindWrongPasscode)
	return a.View.Seed.Secret, apply(t, w, tx, signin.ActivateFactor{Fields: passCode(w.AppCode(a.View.Seed.Secret, 0))})
}

// TestFactorIsEnrolledAndAskedFor: who has no factor enrols one at the sign-in
// that asks for it; the next one asks for that.
func TestFactorIsEnrolledAndAskedFor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := worldWithFactors(t, url)
		u := w.User(login)
		w.RequireFactor(policy.PromptAlways, 0)
		tx, step := begin(t, w, signin.Options{})
		e := is[signin.Enroll](t, step)
		if len(e.Options) != 6 || e.Skippable || e.Options[0].Factor.Key != "google_otp" {
			t.Fatalf("%+v", e)
		}
		refused(t, w, tx, signin.Skip{}, idp.KindTransactionState)
		refused(t, w, tx, signin.EnrollFactor{Key: "okta_push"}, idp.KindInvalid)
		secret, step := enrolTOTP(t, w, tx)
		if is[signin.Done](t, step).SessionToken == "" {
			t.Fatal("no token")
		}
		if w.Reload(u).Factors != 1 {
			t.Error("the factor does not count")
		}
		w.Clock.Advance(time.Minute)
		tx, step = begin(t, w, signin.Options{Device: device})
		v := is[signin.Verify](t, step)
		if len(v.Options) != 1 || v.Primary || v.Remember.Allowed || string(v.Options[0].Profile) != `{"credentialId":"`+login+`"}` {
			t.Fatalf("%+v", v)
		}
		id := v.Options[0].FactorID
		refused(t, w, tx, signin.VerifyFactor{FactorID: "ost0", Answer: passCode("000000")}, idp.KindNotFound)
		refused(t, w, tx, signin.VerifyFactor{FactorID: id}, idp.KindInvalid)
		refused(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode("000000")}, idp.KindWrongPasscode)
		refused(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode(w.AppCode(secret, 5))}, idp.KindPasscodeWindow)
		done := is[signin.Done](t, apply(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode(w.AppCode(secret, 0)), Remembering: signin.Remembering{RememberDevice: true}}))
		issued, err := w.Engine.RedeemToken(t.Context(), w.Anonymous(), done.SessionToken)
		if err != nil || len(issued.Session.AMR) != 3 || issued.Session.AMR[2] != "mfa" || issued.Session.LastFactor.IsZero() {
			t.Fatalf("%+v, %v", issued, err)
		}
		// The code is used, and the mode is to ask always.
		tx, step = begin(t, w, signin.Options{Device: device})
		is[signin.Verify](t, step)
		refused(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode(w.AppCode(secret, 0))}, idp.KindPasscodeReplayed)
	})
}

// TestDeviceIsRemembered walks the modes of asking again.
func TestDeviceIsRemembered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := worldWithFactors(t, url)
		w.User(login)
		w.RequireFactor(policy.PromptSession, 60)
		tx, step := begin(t, w, signin.Options{})
		is[signin.Enroll](t, step)
		secret, _ := enrolTOTP(t, w, tx)
		prove := func(device string, keep bool) {
			t.Helper()
			w.Clock.Advance(time.Minute)
			tx, step := begin(t, w, signin.Options{Device: device})
			v := is[signin.Verify](t, step)
			is[signin.Done](t, apply(t, w, tx, signin.VerifyFactor{
				FactorID: v.Options[0].FactorID, Answer: passCode(w.AppCode(secret, 0)), Remembering: signin.Remembering{RememberDevice: keep},
			}))
		}
		asked := func(device string) bool {
			t.Helper()
			_, step := begin(t, w, signin.Options{Device: device})
			_, ok := step.(signin.Verify)
			return ok
		}
		prove(device, false)
		if !asked(device) {
			t.Error("a device is remembered that was not to be")
		}
		prove(device, true)
		prove("", true)
		if asked(device) || !asked("another device") || !asked("") {
			t.Error("the wrong device is remembered")
		}
		w.Clock.Advance(time.Hour)
		if !asked(device) {
			t.Error("a device is remembered for too long")
		}
		w.RequireFactor(policy.PromptDevice, 0)
		prove(device, true)
		w.Clock.Advance(200 * 24 * time.Hour)
		if asked(device) {
			t.Error("a device is forgotten too early")
		}
		w.RequireFactor(policy.PromptAlways, 0)
		if !asked(device) {
			t.Error("a rule that always asks does not")
		}
	})
}

// TestEnrolmentAtLogin: what is required is asked for at every sign-in until it
// is done; then what is optional, for who wants to be asked.
func TestEnrolmentAtLogin(t *testing.T) {
	w := worldWithFactors(t, storetest.SQLite(t))
	w.User(login)
	w.SetEnroll(policy.EnrollAtLogin, map[string]policy.SelfEnroll{"okta_question": policy.EnrollRequired})
	tx, step := begin(t, w, signin.Options{Optional: true})
	if e := is[signin.Enroll](t, step); e.Skippable || len(e.Options) != 6 || !e.Options[2].Required {
		t.Fatalf("%+v", e)
	}
	refused(t, w, tx, signin.EnrollFactor{Key: "okta_question", Fields: map[string]string{"question": "none", "answer": "annie oakley"}}, idp.KindInvalid)
	step = apply(t, w, tx, signin.EnrollFactor{Key: "okta_question", Fields: map[string]string{"question": "disliked_food", "answer": "annie oakley"}})
	if e := is[signin.Enroll](t, step); !e.Skippable || !e.Options[2].Enrolled {
		t.Fatalf("%+v", e)
	}
	is[signin.Activate](t, apply(t, w, tx, signin.EnrollFactor{Key: "google_otp"}))
	is[signin.Enroll](t, apply(t, w, tx, signin.Previous{}))
	is[signin.Done](t, apply(t, w, tx, signin.Skip{}))
	_, step = begin(t, w, signin.Options{})
	is[signin.Done](t, step)
	other := w.User("b@example.com")
	w.SetEnroll(policy.EnrollNever, nil)
	w.RequireFactor(policy.PromptAlways, 0)
	_, step = begin(t, w, signin.Options{})
	is[signin.Verify](t, step)
	never := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Finish: signin.FinishToken})
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), never, signin.GiveLogin{Login: other.Login},
		signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{"password": signintest.Password}})
	if err != nil {
		t.Fatal(err)
	}
	is[signin.Denied](t, step) // the password alone must not bring a factor along
	rows, err := w.Store.Read(t.Context()).FactorsOf(w.Org.ID, other.ID)
	if err != nil || len(rows) != 0 {
		t.Fatal(rows, err)
	}
}

// TestQuestionIsAFactor proves the answer, in another case and with spaces.
func TestQuestionIsAFactor(t *testing.T) {
	w := worldWithFactors(t, storetest.SQLite(t))
	w.User(login)
	w.RequireFactor(policy.PromptAlways, 0)
	tx, _ := begin(t, w, signin.Options{})
	is[signin.Done](t, apply(t, w, tx, signin.EnrollFactor{Key: "okta_question", Fields: map[string]string{"question": "disliked_food", "answer": "Spinach soup"}}))
	tx, step := begin(t, w, signin.Options{})
	v := is[signin.Verify](t, step)
	c := is[signin.Challenge](t, apply(t, w, tx, signin.Choose{FactorID: v.Options[0].FactorID}))
	if c.Waiting || !c.Expires.IsZero() {
		t.Fatalf("%+v", c)
	}
	refused(t, w, tx, signin.SendAgain{}, idp.KindForbidden)
	refused(t, w, tx, signin.Poll{}, idp.KindTransactionState)
	is[signin.Verify](t, apply(t, w, tx, signin.Previous{}))
	is[signin.Challenge](t, apply(t, w, tx, signin.Choose{Method: "question"}))
	refused(t, w, tx, signin.VerifyFactor{Answer: map[string]string{"answer": "porridge"}}, idp.KindWrongPasscode)
	is[signin.Done](t, apply(t, w, tx, signin.VerifyFactor{Answer: map[string]string{"answer": " SPINACH SOUP "}}))
}

// TestWrongAnswersLock: two hundred wrong answers at once are five, and nothing
// is good afterwards, until the lock ends.
func TestWrongAnswersLock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := worldWithFactors(t, url)
		u := w.User(login)
		w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Password.Lockout.AutoUnlockMinutes = 10 })
		w.RequireFactor(policy.PromptAlways, 0)
		tx, _ := begin(t, w, signin.Options{})
		secret, _ := enrolTOTP(t, w, tx)
		w.Clock.Advance(time.Minute)
		const many = 200
		txs := make([]*signin.Transaction, many)
		var id string
		for i := range txs {
			var step signin.Step
			txs[i], step = begin(t, w, signin.Options{})
			id = is[signin.Verify](t, step).Options[0].FactorID
		}
		var wrong, locked, others atomic.Int32
		var wg sync.WaitGroup
		for _, tx := range txs {
			wg.Go(func() {
				_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.VerifyFactor{FactorID: id, Answer: passCode("000000")})
				switch idp.KindOf(err) {
				case idp.KindWrongPasscode:
					wrong.Add(1)
				case idp.KindUserLocked:
					locked.Add(1)
				default:
					others.Add(1)
					t.Log(err)
				}
			})
		}
		wg.Wait()
		if wrong.Load() != factor.MaxFailures-1 || others.Load() != 0 {
			t.Errorf("%d wrong, %d locked, %d others", wrong.Load(), locked.Load(), others.Load())
		}
		n, err := w.Store.Read(t.Context()).FactorFailures(w.Org.ID, u.ID, id)
		if err != nil || n != factor.MaxFailures || w.Reload(u).Status != idp.UserLockedOut {
			t.Errorf("%d counted, %v, %s", n, err, w.Reload(u).Status)
		}
		refused(t, w, txs[0], signin.VerifyFactor{FactorID: id, Answer: passCode(w.AppCode(secret, 0))}, idp.KindUserLocked)
		// The right password does not help where the user has signed in before.
		again := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Finish: signin.FinishToken})
		if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), again, signin.GiveLogin{Login: login},
			signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{"password": signintest.Password}}); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Errorf("with the password: %v", err)
		}
		w.Clock.Advance(11 * time.Minute)
		tx, step := begin(t, w, signin.Options{})
		is[signin.Verify](t, step)
		refused(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode("000000")}, idp.KindWrongPasscode)
		is[signin.Done](t, apply(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode(w.AppCode(secret, 0))}))
		if n, _ := w.Store.Read(t.Context()).FactorFailures(w.Org.ID, u.ID, id); n != 0 {
			t.Errorf("%d wrong answers after a right one", n)
		}
	})
}

// TestOneCodeOneProof: of many who use a code at once, one gets in.
func TestOneCodeOneProof(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := worldWithFactors(t, url)
		w.User(login)
		w.RequireFactor(policy.PromptAlways, 0)
		tx, _ := begin(t, w, signin.Options{})
		secret, _ := enrolTOTP(t, w, tx)
		w.Clock.Advance(time.Minute)
		txs := make([]*signin.Transaction, factor.MaxFailures-1)
		var id string
		for i := range txs {
			var step signin.Step
			txs[i], step = begin(t, w, signin.Options{})
			id = is[signin.Verify](t, step).Options[0].FactorID
		}
		right := w.AppCode(secret, 0)
		var in atomic.Int32
		var wg sync.WaitGroup
		for _, tx := range txs {
			wg.Go(func() {
				_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.VerifyFactor{FactorID: id, Answer: passCode(right)})
				if err == nil {
					in.Add(1)
				} else if idp.KindOf(err) != idp.KindPasscodeReplayed {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if in.Load() != 1 {
			t.Errorf("%d got in", in.Load())
		}
	})
}

// TestFactorComesBeforeAnExpiredPassword: the factor is proved first, then the
// password is changed.
func TestFactorComesBeforeAnExpiredPassword(t *testing.T) {
	w := worldWithFactors(t, storetest.SQLite(t))
	u := w.User(login)
	w.RequireFactor(policy.PromptAlways, 0)
	tx, _ := begin(t, w, signin.Options{})
	secret, _ := enrolTOTP(t, w, tx)
	w.Put(w.Reload(u), idp.UserPasswordExpired)
	w.Clock.Advance(time.Minute)
	tx, step := begin(t, w, signin.Options{})
	v := is[signin.Verify](t, step)
	refused(t, w, tx, signin.SetPassword{New: "Another-horse-8"}, idp.KindTransactionState)
	is[signin.ChangePassword](t, apply(t, w, tx, signin.VerifyFactor{FactorID: v.Options[0].FactorID, Answer: passCode(w.AppCode(secret, 0))}))
	is[signin.Done](t, apply(t, w, tx, signin.SetPassword{New: "Another-horse-8"}))
}

// TestBrowserNeedsTheFactorToo: a completed sign-in whose proofs are not what the
// policy asks for by now gives no session.
func TestBrowserNeedsTheFactorToo(t *testing.T) {
	w := worldWithFactors(t, storetest.SQLite(t))
	w.User(login)
	w.RequireFactor(policy.PromptAlways, 0)
	tx, _ := begin(t, w, signin.Options{Finish: signin.FinishBrowser})
	_, step := enrolTOTP(t, w, tx)
	is[signin.Done](t, step)
	if _, err := w.Engine.Redeem(t.Context(), w.Anonymous(), tx.Handle); err != nil {
		t.Fatal(err)
	}
	w.SetSignOn(func(a *policy.SignOnAction) { a.RequireFactor = false })
	tx, step = begin(t, w, signin.Options{Finish: signin.FinishBrowser})
	is[signin.Done](t, step)
	w.RequireFactor(policy.PromptAlways, 0)
	if _, err := w.Engine.Redeem(t.Context(), w.Anonymous(), tx.Handle); idp.KindOf(err) != idp.KindUnauthenticated {
		t.Fatal(err)
	}
	// Nor does a sign-in outlive the password that it rests on.
	w.SetSignOn(func(a *policy.SignOnAction) { a.RequireFactor = false })
	tx, step = begin(t, w, signin.Options{Finish: signin.FinishBrowser})
	is[signin.Done](t, step)
	w.Clock.Advance(time.Minute)
	other := signintest.Password + "-2"
	if _, err := w.Directory.UpdateUser(t.Context(), idp.SystemActor(w.Org), tx.UserID, directory.UserChange{Credentials: directory.Credentials{Password: &other}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Engine.Redeem(t.Context(), w.Anonymous(), tx.Handle); idp.KindOf(err) != idp.KindUnauthenticated {
		t.Fatal(err)
	}
}

// TestForeignEnrolmentsAreRefused: the enrolment of one sign-in is nothing to
// another, and that of one user nothing to another user.
func TestForeignEnrolmentsAreRefused(t *testing.T) {
	w := worldWithFactors(t, storetest.SQLite(t))
	w.User(login)
	w.RequireFactor(policy.PromptAlways, 0)
	one, _ := begin(t, w, signin.Options{})
	two, _ := begin(t, w, signin.Options{})
	a := is[signin.Activate](t, apply(t, w, one, signin.EnrollFactor{Key: "okta_otp"}))
	refused(t, w, two, signin.ActivateFactor{Fields: passCode(w.AppCode(a.View.Seed.Secret, 0))}, idp.KindTransactionState)
	// The other sign-in begins its own, which gives up that of the first.
	is[signin.Activate](t, apply(t, w, two, signin.EnrollFactor{Key: "okta_otp"}))
	refused(t, w, one, signin.ActivateFactor{Fields: passCode(w.AppCode(a.View.Seed.Secret, 0))}, idp.KindTransactionState)
	var sealed string
	err := w.Store.Tx(t.Context(), func(tx *store.Tx) error {
		u, err := tx.UserByLogin(w.Org.ID, login)
		if err != nil {
			return err
		}
		rows, err := tx.FactorsOf(w.Org.ID, u.ID)
		if err == nil && len(rows) == 1 {
			sealed = rows[0].Sealed
			_, err = w.Vault.Open(&store.Factor{OrgID: w.Org.ID, UserID: "00u0", ID: rows[0].ID, Sealed: sealed})
		}
		return err
	})
	if sealed == "" || err == nil {
		t.Errorf("a secret opens in another place: %v", err)
	}
}

// TestEventsOfFactors names what is recorded.
func TestEventsOfFactors(t *testing.T) {
	w := worldWithFactors(t, storetest.SQLite(t))
	w.User(login)
	w.RequireFactor(policy.PromptAlways, 0)
	tx, _ := begin(t, w, signin.Options{})
	secret, _ := enrolTOTP(t, w, tx)
	w.Clock.Advance(time.Minute)
	tx, step := begin(t, w, signin.Options{})
	id := is[signin.Verify](t, step).Options[0].FactorID
	refused(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode("000000")}, idp.KindWrongPasscode)
	w.Tick()
	apply(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode(w.AppCode(secret, 0))})
	want := []string{
		"policy.evaluate_sign_on CHALLENGE", "user.mfa.factor.activate FAILURE INVALID_CREDENTIALS",
		"user.mfa.factor.activate SUCCESS", "user.session.start SUCCESS",
		"policy.evaluate_sign_on CHALLENGE", "user.authentication.auth_via_mfa FAILURE INVALID_CREDENTIALS",
		"user.authentication.auth_via_mfa SUCCESS", "user.session.start SUCCESS",
	}
	got := w.Events()
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %s, want %s", i, got[i], want[i])
		}
	}
}

func passCode(text string) map[string]string { return map[string]string{factor.FieldPassCode: text} }

// TestCodesThatAreSent: a code is good for its own challenge, once, in time; a
// new one voids the old, and they are not sent too often.
func TestCodesThatAreSent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := worldWithFactors(t, url)
		w.User(login)
		w.RequireFactor(policy.PromptAlways, 0)
		tx, _ := begin(t, w, signin.Options{})
		refused(t, w, tx, signin.EnrollFactor{Key: "okta_sms"}, idp.KindInvalid)
		a := is[signin.Activate](t, apply(t, w, tx, signin.EnrollFactor{Key: "okta_sms", Fields: map[string]string{"phoneNumber": "+1 555 415 1337"}}))
		if a.Expires.IsZero() || !a.Method.Resends || string(a.Method.Profile) != `{"phoneNumber":"+1 XXX-XXX-1337"}` {
			t.Fatalf("%+v", a)
		}
		refused(t, w, tx, signin.SendAgain{}, idp.KindSMSTooSoon)
		old := w.SentCode()
		w.Clock.Advance(31 * time.Second)
		is[signin.Activate](t, apply(t, w, tx, signin.SendAgain{FactorID: a.Method.FactorID}))
		refused(t, w, tx, signin.ActivateFactor{Fields: passCode(old)}, idp.KindWrongPasscode)
		is[signin.Done](t, apply(t, w, tx, signin.ActivateFactor{Fields: passCode(w.SentCode())}))

		w.Tick()
		tx, step := begin(t, w, signin.Options{})
		v := is[signin.Verify](t, step)
		id := v.Options[0].FactorID
		refused(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode("000000")}, idp.KindTransactionState)
		c := is[signin.Challenge](t, apply(t, w, tx, signin.Choose{FactorID: id}))
		if c.Waiting || c.Expires.IsZero() || c.ID == "" {
			t.Fatalf("%+v", c)
		}
		right := w.SentCode()
		other, _ := begin(t, w, signin.Options{})
		refused(t, w, other, signin.Choose{FactorID: id}, idp.KindSMSTooSoon)
		refused(t, w, other, signin.VerifyFactor{FactorID: id, Answer: passCode(right)}, idp.KindTransactionState)
		w.Clock.Advance(5 * time.Minute)
		refused(t, w, tx, signin.VerifyFactor{Answer: passCode(right)}, idp.KindWrongPasscode)
		is[signin.Challenge](t, apply(t, w, tx, signin.SendAgain{}))
		is[signin.Verify](t, apply(t, w, tx, signin.Previous{}))
		w.Clock.Advance(time.Minute)
		is[signin.Challenge](t, apply(t, w, tx, signin.Choose{FactorID: id}))
		is[signin.Done](t, apply(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode(w.SentCode())}))
	})
}
