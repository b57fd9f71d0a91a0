package signin_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// got is how many messages have been queued for somebody.
func got(t *testing.T, w *signintest.World, to string) int {
	t.Helper()
	list, err := w.Directory.Outbox.List(t.Context(), w.Org.ID, notify.Query{To: to, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestRecoveriesFillNoMailbox: of fifty requests that come at once ten lead to a
// mail, whatever they are for and from wherever strangers send them; the others
// are answered alike. Who is known where the request comes from gets one all the
// same, and an hour later everybody does.
func TestRecoveriesFillNoMailbox(t *testing.T) {
	const requests, most = 50, 10
	storetest.Each(t, func(t *testing.T, url string) {
		w, u := phones(t, url)
		if err := attemptFrom(t, w, home, login, signintest.Password); err != nil {
			t.Fatal(err)
		}
		w.Clock.Set(w.Clock.Now().Truncate(time.Hour).Add(time.Hour))
		ask := func(a idp.Actor, i signin.Intent, name string) {
			if err := w.Engine.MailRecovery(t.Context(), a, i, name); err != nil {
				t.Errorf("%s for %s: %v", i, name, err)
			}
		}
		// What is refused takes nothing away: the user is not locked.
		for range 2 * most {
			ask(from(w, stranger), signin.IntentUnlock, login)
		}
		if n := got(t, w, login); n != 0 {
			t.Fatalf("%d mails to unlock who is not locked", n)
		}
		var wg sync.WaitGroup
		for n := range requests {
			address := stranger
			if n%2 == 0 {
				address = "192.0.2.33"
			}
			for _, name := range []string{login, "nobody@example.com"} {
				wg.Go(func() { ask(from(w, address), signin.IntentRecover, name) })
			}
		}
		wg.Wait()
		if n := got(t, w, login); n != most {
			t.Fatalf("%d mails after %d requests, want %d", n, requests, most)
		}
		reasons := 0
		for _, e := range w.AllEvents() {
			if e.Type == eventlog.PasswordReset && e.Result == idp.ResultFailure && e.Reason == "TOO_MANY_REQUESTS" {
				reasons++
			}
		}
		if reasons != requests-most {
			t.Errorf("the log tells of %d that were too many, want %d", reasons, requests-most)
		}
		// Neither do codes of another way come through, nor does a lock open one.
		begun(t, w, signin.IntentRecover, login, signin.BySMS)
		w.Put(w.Reload(u), idp.UserLockedOut)
		ask(from(w, stranger), signin.IntentUnlock, login)
		if n := got(t, w, login) + got(t, w, phone); n != most {
			t.Errorf("%d messages, want %d", n, most)
		}
		ask(from(w, home), signin.IntentUnlock, login)
		if n := got(t, w, login); n != most+1 {
			t.Errorf("from home: %d mails, want %d", n, most+1)
		}
		w.Clock.Advance(time.Hour)
		ask(from(w, stranger), signin.IntentUnlock, login)
		if n := got(t, w, login); n != most+2 {
			t.Errorf("an hour later: %d mails, want %d", n, most+2)
		}
	})
}

// TestTooManyRecoveriesTellNothing: behind the bound a recovery by a code is
// begun, and fails, as for nobody; what was sent last is good to its end.
func TestTooManyRecoveriesTellNothing(t *testing.T) {
	w, _ := phones(t, storetest.SQLite(t))
	w.SetPasswordPolicy(func(p *policy.PasswordSettings) {
		p.Recovery.Factors.Email.Properties.RecoveryToken.LifetimeMinutes = 60
	})
	w.Clock.Set(w.Clock.Now().Truncate(time.Hour).Add(time.Hour))
	for range 10 {
		begun(t, w, signin.IntentRecover, login, signin.ByEmail)
		w.Clock.Advance(time.Minute)
	}
	last := w.Mail(login)
	var want []idp.Kind
	for _, name := range []string{"nobody@example.com", login} {
		tx := begun(t, w, signin.IntentRecover, name, signin.ByEmail)
		w.Clock.Advance(time.Minute)
		var kinds []idp.Kind
		_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SendAgain{})
		kinds = append(kinds, idp.KindOf(err))
		for range 6 {
			_, err := give(t, w, tx.Handle, last.Data[notify.DataCode])
			kinds = append(kinds, idp.KindOf(err))
		}
		if want == nil {
			want = kinds
		}
		if !slices.Equal(kinds, want) {
			t.Errorf("%s: %v, want %v", name, kinds, want)
		}
	}
	if w.Mail(login).ID != last.ID {
		t.Fatal("another mail")
	}
	tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "00", Finish: signin.FinishToken})
	if step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.UseRecoveryToken{Token: last.Data[notify.DataToken]}); err != nil {
		t.Errorf("%#v, %v", step, err)
	}
}
