package signin_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// mobile is a phone that nobody has enrolled.
const mobile = "+15554151337"

// enrolling begins the enrolment of a factor.
func enrolling(t *testing.T, w *signintest.World, key, number string) (*signin.Transaction, error) {
	t.Helper()
	tx, _ := begin(t, w, signin.Options{Prefix: "00"})
	_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.EnrollFactor{Key: key, Fields: map[string]string{"phoneNumber": number}})
	return tx, err
}

// guesser is a world whose user has to enrol a factor.
func guesser(t *testing.T, url string) (*signintest.World, *idp.User) {
	t.Helper()
	w := worldWithFactors(t, url)
	u := w.User(login)
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Password.Lockout.AutoUnlockMinutes = 1 })
	w.RequireFactor(policy.PromptAlways, 0)
	w.Clock.Set(w.Clock.Now().Truncate(time.Hour).Add(time.Hour))
	return w, u
}

// TestEnrolmentCodesCannotBeGuessed: wrong codes to an enrolment are counted like
// those to a factor, however many come at once: four are wrong, the fifth locks, and
// the right one behind it does not count.
func TestEnrolmentCodesCannotBeGuessed(t *testing.T) {
	for _, key := range []string{"okta_sms", "okta_otp"} {
		t.Run(key, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, url string) {
				w, u := guesser(t, url)
				tx, err := enrolling(t, w, key, mobile)
				if err != nil {
					t.Fatal(err)
				}
				step, _, err := w.Engine.Next(t.Context(), w.Anonymous(), tx)
				if err != nil {
					t.Fatal(err)
				}
				a := is[signin.Activate](t, step)
				right := func() string {
					if a.View.Seed != nil {
						return w.AppCode(a.View.Seed.Secret, 0)
					}
					return w.SentCode()
				}
				guessTogether(t, 40, func() error {
					own := *tx
					_, err := w.Engine.Apply(t.Context(), w.Anonymous(), &own, signin.ActivateFactor{Fields: passCode("x")})
					return err
				})
				if s := w.Reload(u).Status; s != idp.UserLockedOut {
					t.Errorf("the user is %s", s)
				}
				refused(t, w, tx, signin.ActivateFactor{Fields: passCode(right())}, idp.KindUserLocked)
			})
		})
	}
}

// TestEnrolmentsBegunAnewAreNoNewGuesses: who gives up an enrolment before the
// fifth wrong code and begins another is locked out by the tenth.
func TestEnrolmentsBegunAnewAreNoNewGuesses(t *testing.T) {
	w, u := guesser(t, storetest.SQLite(t))
	guesses := 0
	for w.Reload(u).Status == idp.UserActive && guesses < 50 {
		w.Clock.Advance(time.Minute)
		tx, err := enrolling(t, w, "okta_sms", mobile)
		if err != nil {
			t.Fatal(err)
		}
		for range factor.MaxFailures - 1 {
			if w.Reload(u).Status == idp.UserActive {
				guesses++
				if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.ActivateFactor{Fields: passCode("x")}); err == nil {
					t.Fatal("a wrong code is taken")
				}
			}
		}
		if w.Reload(u).Status == idp.UserActive {
			is[signin.Enroll](t, apply(t, w, tx, signin.Previous{}))
		}
	}
	if guesses != 10 {
		t.Errorf("locked after %d guesses", guesses)
	}
}

// TestEnrolmentsFillNoPhone: whoever signs in cannot have texts sent to any number
// by enrolling it again and again, over whichever sign-in or factor: five in five
// minutes and twenty in an hour, and no two to one place within half a minute.
func TestEnrolmentsFillNoPhone(t *testing.T) {
	const most = 5
	storetest.Each(t, func(t *testing.T, url string) {
		w, _ := guesser(t, url)
		var sent, refused atomic.Int32
		var wg sync.WaitGroup
		for n := range 4 * most {
			wg.Go(func() {
				key := []string{"okta_sms", "okta_call"}[n%2]
				switch _, err := enrolling(t, w, key, fmt.Sprintf("+1555415%04d", n)); idp.KindOf(err) {
				case idp.KindTooManyRequests:
					refused.Add(1)
				default:
					if err != nil {
						t.Errorf("%v", err)
					}
					sent.Add(1)
				}
			})
		}
		wg.Wait()
		if sent.Load() != most || refused.Load() != 3*most {
			t.Errorf("%d sent, %d refused", sent.Load(), refused.Load())
		}
		w.Clock.Advance(5 * time.Minute)
		for range 2 { // of enrolments begun anew, one sends
			sent.Store(0)
			for range 6 {
				wg.Go(func() {
					switch _, err := enrolling(t, w, "okta_sms", mobile); idp.KindOf(err) {
					case idp.KindSMSTooSoon:
					default:
						if err != nil {
							t.Errorf("%v", err)
						}
						sent.Add(1)
					}
				})
			}
			wg.Wait()
			if sent.Load() != 1 {
				t.Errorf("%d texts at once", sent.Load())
			}
			if _, err := enrolling(t, w, "okta_call", mobile); err != nil {
				t.Errorf("a call: %v", err)
			}
			w.Clock.Advance(31 * time.Second)
		}
	})
}

// TestEnrolmentsInAnHour: a user has twenty messages of enrolments sent in an
// hour, and so many go to one number, whoever enrols it.
func TestEnrolmentsInAnHour(t *testing.T) {
	const most = 20
	w, _ := guesser(t, storetest.SQLite(t))
	hour := w.Clock.Now()
	send := func(n int, number func(int) string) (sent int) {
		for i := range n {
			w.Clock.Set(hour.Add(time.Duration(i) * 100 * time.Second))
			switch _, err := enrolling(t, w, "okta_sms", number(i)); idp.KindOf(err) {
			case idp.KindTooManyRequests:
			default:
				if err != nil {
					t.Fatal(err)
				}
				sent++
			}
		}
		return sent
	}
	if n := send(30, func(i int) string { return fmt.Sprintf("+1555415%04d", i) }); n != most {
		t.Errorf("%d sent for a user", n)
	}
	hour = hour.Add(time.Hour)
	sent := 0
	for i := range 3 {
		other := fmt.Sprintf("other%d@example.com", i)
		w.User(other)
		w.Clock.Set(hour.Add(time.Duration(i) * 1000 * time.Second))
		for range 9 {
			w.Clock.Advance(100 * time.Second)
			tx, _ := beginAs(t, w, other)
			if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.EnrollFactor{Key: "okta_sms", Fields: map[string]string{"phoneNumber": mobile}}); err == nil {
				sent++
			} else if idp.KindOf(err) != idp.KindTooManyRequests {
				t.Fatal(err)
			}
		}
	}
	if sent != most || got(t, w, mobile) != most {
		t.Errorf("%d sent to a number", sent)
	}
}

// beginAs is begin for another user.
func beginAs(t *testing.T, w *signintest.World, name string) (*signin.Transaction, signin.Step) {
	t.Helper()
	tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Finish: signin.FinishToken})
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: name},
		signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{"password": signintest.Password}})
	if err != nil {
		t.Fatal(err)
	}
	return tx, step
}

// TestAPasswordAloneReplacesNoFactor: a sign-in at which a factor is to be enrolled
// takes nothing away from those that the user has, and adds none to them, before
// one of them was proved.
func TestAPasswordAloneReplacesNoFactor(t *testing.T) {
	w := worldWithFactors(t, storetest.SQLite(t))
	u := w.User(login)
	w.Phone(u, phone)
	w.SetEnroll(policy.EnrollAtLogin, map[string]policy.SelfEnroll{"okta_sms": policy.EnrollOptional, "okta_otp": policy.EnrollRequired})
	other := signin.EnrollFactor{Key: "okta_sms", Fields: map[string]string{"phoneNumber": mobile}, Replace: true}
	tx, step := begin(t, w, signin.Options{Optional: true})
	is[signin.Enroll](t, step)
	refused(t, w, tx, other, idp.KindInvalid)
	_, step = enrolTOTP(t, w, tx)
	if _, more := step.(signin.Enroll); more {
		refused(t, w, tx, other, idp.KindInvalid)
	}
	rows, err := w.Store.Read(t.Context()).FactorsOf(w.Org.ID, u.ID)
	if err != nil || slices.ContainsFunc(rows, func(f store.Factor) bool { return strings.Contains(string(f.Profile), mobile) }) {
		t.Errorf("%+v, %v", rows, err)
	}

	// Who has proved one may have another number.
	w.Clock.Advance(time.Minute)
	w.SetEnroll(policy.EnrollAtLogin, map[string]policy.SelfEnroll{
		"okta_sms": policy.EnrollOptional, "okta_otp": policy.EnrollOptional, "okta_question": policy.EnrollRequired,
	})
	w.RequireFactor(policy.PromptAlways, 0)
	tx, step = begin(t, w, signin.Options{})
	is[signin.Verify](t, step)
	is[signin.Challenge](t, apply(t, w, tx, signin.Choose{Method: signin.BySMS}))
	is[signin.Enroll](t, apply(t, w, tx, signin.VerifyFactor{Answer: passCode(w.SentCode())}))
	w.Clock.Advance(time.Minute)
	is[signin.Activate](t, apply(t, w, tx, other))
}
