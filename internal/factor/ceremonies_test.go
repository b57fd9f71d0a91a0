package factor_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin/signintest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// desk is a world with one user who has a phone.
type desk struct {
	*signintest.World
	c    *factor.Ceremonies
	user *idp.User
	id   string // of the phone's enrolment for texts
}

func newDesk(t *testing.T, url string) *desk {
	t.Helper()
	w := signintest.New(t, url)
	w.Factors()
	d := &desk{World: w, c: w.Engine.Ceremonies, user: w.User("ann@example.com")}
	d.tx(t, func(tx *store.Tx, s factor.Subject) error {
		k, _ := factor.KindOf("sms", "OKTA")
		draft, err := d.c.Draft(t.Context(), s, k, map[string]string{factor.FieldPhone: "+15554151337"})
		if err != nil {
			return err
		}
		s, err = d.c.Enroll(tx, d.actor(), s, draft, factor.EnrollOptions{Trusted: true})
		d.id = s.Factor.ID
		return err
	})
	return d
}

func (d *desk) actor() idp.Actor { return idp.SystemActor(d.Org) }

// try runs fn in a transaction with the user, and the phone where there is one.
func (d *desk) try(t *testing.T, fn func(*store.Tx, factor.Subject) error) error {
	t.Helper()
	return d.Store.Tx(t.Context(), func(tx *store.Tx) error {
		u, err := tx.User(d.Org.ID, d.user.ID)
		if err != nil {
			return err
		}
		s := factor.Subject{Org: d.Org, User: u}
		if d.id != "" {
			if s.Factor, err = tx.Factor(u.OrgID, u.ID, d.id); err != nil {
				return err
			}
		}
		return fn(tx, s)
	})
}

func (d *desk) tx(t *testing.T, fn func(*store.Tx, factor.Subject) error) {
	t.Helper()
	if err := d.try(t, fn); err != nil {
		t.Fatal(err)
	}
}

// begin sends a code for an owner.
func (d *desk) begin(t *testing.T, owner string) (challenge, code string) {
	t.Helper()
	d.Clock.Advance(time.Minute)
	d.tx(t, func(tx *store.Tx, s factor.Subject) error {
		s, err := d.c.Begin(tx, d.actor(), s, factor.ToVerify, factor.Owner(owner), factor.ChallengeOptions{})
		if err == nil {
			challenge = s.Challenge.ID
		}
		return err
	})
	return challenge, d.SentCode()
}

// answer gives a code to a challenge.
func (d *desk) answer(t *testing.T, owner, challenge, code string) (factor.Verdict, error) {
	t.Helper()
	var v factor.Verdict
	err := d.try(t, func(tx *store.Tx, s factor.Subject) error {
		var err error
		if s.Challenge, err = factor.ChallengeOf(tx, s.Factor, factor.Owner(owner), factor.ToVerify, challenge); err != nil {
			return err
		}
		a, err := d.c.Check(t.Context(), s, map[string]string{factor.FieldPassCode: code})
		if err != nil {
			return err
		}
		v, err = d.c.Verify(tx, d.actor(), s, a)
		return err
	})
	return v, err
}

// TestChallengesBelongToTheirOwner: a challenge of one sign-in is nothing to
// another, nor to a caller of the users' factors, nor for another purpose.
func TestChallengesBelongToTheirOwner(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		d := newDesk(t, url)
		challenge, code := d.begin(t, "one")
		for _, owner := range []string{"two", ""} {
			if v, err := d.answer(t, owner, challenge, code); idp.KindOf(err) != idp.KindNotFound || v.Proved {
				t.Errorf("%q: %+v, %v", owner, v, err)
			}
		}
		d.tx(t, func(tx *store.Tx, s factor.Subject) error {
			if _, err := factor.ChallengeOf(tx, s.Factor, factor.Owner("one"), factor.ToRecover, challenge); idp.KindOf(err) != idp.KindNotFound {
				t.Errorf("another purpose: %v", err)
			}
			other, err := factor.Pending(tx, s.Factor, factor.Owner("two"), factor.ToVerify)
			if other != nil {
				t.Errorf("another owner's is pending: %+v", other)
			}
			return err
		})
		if v, err := d.answer(t, "one", challenge, code); err != nil || !v.Proved {
			t.Errorf("its own: %+v, %v", v, err)
		}
		if v, err := d.answer(t, "one", challenge, code); err != nil || v.Proved || idp.KindOf(v.Refused) != idp.KindWrongPasscode {
			t.Errorf("again: %+v, %v", v, err)
		}
	})
}

// TestCodesAreBounded: after five wrong answers the right code is void, whatever
// the enrolment's own count says, and nothing is sent more than five times.
func TestCodesAreBounded(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t))
	challenge, code := d.begin(t, "one")
	for range factor.MaxAttempts {
		if v, err := d.answer(t, "one", challenge, "x"); err != nil || v.Proved {
			t.Fatalf("%+v, %v", v, err)
		}
		d.tx(t, func(tx *store.Tx, s factor.Subject) error {
			if s.User.Status == idp.UserLockedOut {
				if err := d.Directory.AutoUnlock(tx, d.actor(), s.User); err != nil {
					return err
				}
			}
			return tx.ForgiveFactors(s.User.OrgID, s.User.ID)
		})
	}
	if v, err := d.answer(t, "one", challenge, code); err != nil || v.Proved {
		t.Errorf("after %d wrong ones: %+v, %v", factor.MaxAttempts, v, err)
	}
	challenge, _ = d.begin(t, "one")
	for i := range factor.MaxSends {
		d.Clock.Advance(time.Minute)
		err := d.try(t, func(tx *store.Tx, s factor.Subject) error {
			var err error
			if s.Challenge, err = factor.ChallengeOf(tx, s.Factor, factor.Owner("one"), factor.ToVerify, challenge); err != nil {
				return err
			}
			if s, err = d.c.SendAgain(tx, d.actor(), s, factor.ChallengeOptions{}); err == nil {
				challenge = s.Challenge.ID
			}
			return err
		})
		if last := i == factor.MaxSends-1; last != (idp.KindOf(err) == idp.KindTooManyRequests) || (!last && err != nil) {
			t.Errorf("sending %d: %v", i+2, err)
		}
	}
}

// TestOneAnswerWins: of many right answers to a challenge at once one is a proof.
func TestOneAnswerWins(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		d := newDesk(t, url)
		challenge, code := d.begin(t, "one")
		var proved atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				v, err := d.answer(t, "one", challenge, code)
				switch {
				case err != nil:
					t.Error(err)
				case v.Proved:
					proved.Add(1)
				}
			})
		}
		wg.Wait()
		n, err := d.Store.Read(t.Context()).FactorFailures(d.Org.ID, d.user.ID, d.id)
		if proved.Load() != 1 || err != nil || n != 0 {
			t.Errorf("%d proofs, %d wrong answers, %v", proved.Load(), n, err)
		}
	})
}

// TestUnlockForgivesFactors: an administrator's unlocking makes the factor good
// again at once.
func TestUnlockForgivesFactors(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t))
	challenge, _ := d.begin(t, "one")
	for i := range factor.MaxFailures {
		v, err := d.answer(t, "one", challenge, "x")
		want := idp.KindWrongPasscode
		if i == factor.MaxFailures-1 {
			want = idp.KindUserLocked
		}
		if err != nil || idp.KindOf(v.Refused) != want {
			t.Fatalf("%d: %+v, %v", i, v, err)
		}
	}
	if err := d.Directory.Unlock(t.Context(), d.actor(), d.user.ID); err != nil {
		t.Fatal(err)
	}
	challenge, code := d.begin(t, "one")
	if v, err := d.answer(t, "one", challenge, code); err != nil || !v.Proved {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestPhoneIsReplacedWhenTheNewOneIsProved: until then the old one stays.
func TestPhoneIsReplacedWhenTheNewOneIsProved(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t))
	k, _ := factor.KindOf("sms", "OKTA")
	draft, err := d.c.Draft(t.Context(), factor.Subject{Org: d.Org, User: d.user}, k, map[string]string{factor.FieldPhone: "+15554151338"})
	if err != nil {
		t.Fatal(err)
	}
	err = d.try(t, func(tx *store.Tx, s factor.Subject) error {
		_, err := d.c.Enroll(tx, d.actor(), s, draft, factor.EnrollOptions{})
		return err
	})
	if idp.KindOf(err) != idp.KindInvalid {
		t.Fatalf("a second phone: %v", err)
	}
	old, fresh := d.id, ""
	d.tx(t, func(tx *store.Tx, s factor.Subject) error {
		s, err := d.c.Enroll(tx, d.actor(), s, draft, factor.EnrollOptions{Replace: true})
		fresh = s.Factor.ID
		return err
	})
	count := func() (n int) {
		rows, err := d.Store.Read(t.Context()).FactorsOf(d.Org.ID, d.user.ID)
		if err != nil {
			t.Fatal(err)
		}
		return len(rows)
	}
	if count() != 2 {
		t.Fatalf("%d factors before the proof", count())
	}
	code := d.SentCode()
	d.id = fresh
	d.tx(t, func(tx *store.Tx, s factor.Subject) error {
		var err error
		if s.Challenge, err = factor.Pending(tx, s.Factor, factor.Owner(""), factor.ToActivate); err != nil {
			return err
		}
		a, err := d.c.Check(t.Context(), s, map[string]string{factor.FieldPassCode: code})
		if err != nil {
			return err
		}
		v, err := d.c.Activate(tx, d.actor(), s, a)
		if err == nil && !v.Proved {
			t.Errorf("%+v", v)
		}
		return err
	})
	if _, err := d.Store.Read(t.Context()).Factor(d.Org.ID, d.user.ID, old); err == nil || count() != 1 {
		t.Errorf("the old phone stays: %v, %d factors", err, count())
	}
}
