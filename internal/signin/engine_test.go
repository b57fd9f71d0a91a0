package signin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

const login = "isaac.brock@example.com"

// guess is the answer to a password challenge.
func guess(password string) signin.VerifyFactor {
	return signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{"password": password}}
}

// attempt signs in at once, as the classic interface does.
func attempt(t testing.TB, w *signintest.World, name, password string) (*signin.Transaction, signin.Step, error) {
	t.Helper()
	w.Tick()
	tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "00", Finish: signin.FinishToken})
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: name}, guess(password))
	return tx, step, err
}

func TestSignInGivesATokenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		u := w.User(login)
		_, step, err := attempt(t, w, "ISAAC.brock", signintest.Password)
		if err != nil {
			t.Fatal(err)
		}
		done, ok := step.(signin.Done)
		if !ok || done.SessionToken == "" || !done.Expires.Equal(w.Clock.Now().Add(5*time.Minute)) {
			t.Fatalf("%#v", step)
		}
		issued, err := w.Engine.RedeemToken(t.Context(), w.Anonymous(), done.SessionToken)
		if err != nil {
			t.Fatal(err)
		}
		v := issued.Session
		if issued.User.ID != u.ID || !w.HasSession(issued.Secret) || !v.LastPassword.Equal(w.Clock.Now()) || !slices.Equal(v.AMR, []string{"pwd"}) {
			t.Fatalf("%+v", v)
		}
		if v.Expires.Sub(v.Created) != 2*time.Hour || v.Persistent {
			t.Fatalf("the limits of the default rule: %+v", v)
		}
		if _, err := w.Engine.RedeemToken(t.Context(), w.Anonymous(), done.SessionToken); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Fatalf("twice: %v", err)
		}
		if !w.Reload(u).LastLogin.Equal(w.Clock.Now()) {
			t.Fatal("the sign-in is not noted on the user")
		}
		want := []string{"policy.evaluate_sign_on ALLOW", "user.session.start SUCCESS"}
		if got := w.Events(); !slices.Equal(got, want) {
			t.Fatalf("events %q", got)
		}
		events := w.AllEvents()
		for _, e := range events[len(events)-2:] {
			if e.Actor.ID != u.ID || e.CredentialType != "PASSWORD" {
				t.Errorf("%+v", e)
			}
		}
		if trace := events[len(events)-2].Debug[signin.DebugTrace]; !strings.Contains(trace, "Default Rule") || !strings.HasSuffix(trace, "matched") {
			t.Errorf("trace %q", trace)
		}
	})
}

func TestBrowserFetchesItsSessionOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		w.User(login)
		ctx, a := t.Context(), w.Anonymous()
		begun := w.Engine.Begin(ctx, a, signin.Options{Prefix: "02.id.", Carried: true, Return: "/app"})
		if !strings.HasPrefix(begun.Handle, "02.id.") {
			t.Fatal(begun.Handle)
		}
		step := func(act signin.Action) signin.Step {
			t.Helper()
			tx, err := w.Engine.Load(ctx, a, begun.Handle)
			if err != nil {
				t.Fatal(err)
			}
			s, err := w.Engine.Apply(ctx, a, tx, act)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if tx, err := w.Engine.Load(ctx, a, begun.Handle); err != nil || tx.Version != 0 {
			t.Fatalf("a carried beginning: %+v, %v", tx, err)
		}
		if v, ok := step(signin.GiveLogin{Login: login, Remember: true}).(signin.Verify); !ok || !v.Primary || len(v.Options) != 1 || v.Options[0].Kind != "password" {
			t.Fatalf("%#v", v)
		}
		if _, err := w.Engine.Redeem(ctx, a, begun.Handle); idp.KindOf(err) != idp.KindTransactionState {
			t.Fatalf("before it is complete: %v", err)
		}
		step(signin.Choose{Method: factor.AuthenticatorID(w.Org.ID, "password")})
		if d, ok := step(guess(signintest.Password)).(signin.Done); !ok || d.SessionToken != "" {
			t.Fatalf("%#v", d)
		}
		issued, err := w.Engine.Redeem(ctx, a, begun.Handle)
		if err != nil || !w.HasSession(issued.Secret) || issued.Return != "/app" || !issued.Session.Persistent {
			t.Fatalf("%+v, %v", issued, err)
		}
		for name, do := range map[string]func() error{
			"redeem": func() error { _, err := w.Engine.Redeem(ctx, a, begun.Handle); return err },
			"load":   func() error { _, err := w.Engine.Load(ctx, a, begun.Handle); return err },
		} {
			if err := do(); idp.KindOf(err) != idp.KindBadToken {
				t.Errorf("%s again: %v", name, err)
			}
		}
		last := w.AllEvents()[len(w.AllEvents())-1]
		if last.Type != "user.session.start" || last.SessionID != issued.Session.ID {
			t.Fatalf("%+v", last)
		}
	})
}

func TestHandlesThatDoNotHold(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	ctx, a := t.Context(), w.Anonymous()
	begin := func() *signin.Transaction {
		return w.Engine.Begin(ctx, a, signin.Options{Prefix: "02.id.", Carried: true})
	}
	stored := begin()
	if _, err := w.Engine.Apply(ctx, a, stored, signin.GiveLogin{Login: "x"}); err != nil {
		t.Fatal(err)
	}
	cancelled, unused := begin(), begin()
	if err := w.Engine.Cancel(ctx, a, cancelled); err != nil {
		t.Fatal(err)
	}
	other := a
	org := *w.Org
	org.ID = "00oother"
	other.Org = &org
	for name, c := range map[string]struct {
		actor  idp.Actor
		handle string
	}{
		"empty":        {a, ""},
		"unknown":      {a, "02.id.abc"},
		"not ours":     {a, "00" + unused.Handle[6:]},
		"changed":      {a, unused.Handle[:len(unused.Handle)-4] + "AAAA"},
		"other prefix": {a, "03.id." + unused.Handle[6:]},
		"cancelled":    {a, cancelled.Handle},
		"another org":  {other, unused.Handle},
		"another org's row": {
			other, stored.Handle,
		},
		"too long": {a, strings.Repeat("a", 9000)},
	} {
		if _, err := w.Engine.Load(ctx, c.actor, c.handle); idp.KindOf(err) != idp.KindBadToken {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.Clock.Advance(time.Hour + time.Second)
	for name, h := range map[string]string{"stored": stored.Handle, "unused": unused.Handle, "cancelled": cancelled.Handle} {
		if _, err := w.Engine.Load(ctx, a, h); idp.KindOf(err) != idp.KindBadToken {
			t.Errorf("%s after its life: %v", name, err)
		}
	}
}

func TestLifeSlidesUpToItsEnd(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	ctx, a := t.Context(), w.Anonymous()
	tx := w.Engine.Begin(ctx, a, signin.Options{Prefix: "00", Life: 50 * time.Minute})
	if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: "x"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.Clock.Advance(40 * time.Minute)
		if err := w.Engine.Renew(ctx, a, tx); err != nil {
			t.Fatal(err)
		}
	}
	if want := signintest.Start().Add(signin.MaxAge); !tx.Expires.Equal(want) {
		t.Fatalf("expires %v, not %v", tx.Expires, want)
	}
	w.Clock.Advance(40*time.Minute + time.Second)
	if _, err := w.Engine.Load(ctx, a, tx.Handle); idp.KindOf(err) != idp.KindBadToken {
		t.Fatalf("%v", err)
	}
}

// The answer is the same whoever the login names; only the system log tells.
func TestRefusalsAreAlike(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	for _, s := range idp.UserStatuses() {
		w.UserIn(strings.ToLower(string(s))+"@example.com", s)
	}
	for name, c := range map[string]struct {
		login, password, reason string
	}{
		"unknown":              {"nobody@example.com", signintest.Password, "INVALID_CREDENTIALS"},
		"wrong":                {"active@example.com", "wrong", "INVALID_CREDENTIALS"},
		"too long":             {"active@example.com", strings.Repeat("x", 300), "INVALID_CREDENTIALS"},
		"wrong and expired":    {"password_expired@example.com", "wrong", "INVALID_CREDENTIALS"},
		"right, staged":        {"staged@example.com", signintest.Password, "INVALID_CREDENTIALS"},
		"right, provisioned":   {"provisioned@example.com", signintest.Password, "INVALID_CREDENTIALS"},
		"right, recovery":      {"recovery@example.com", signintest.Password, "INVALID_CREDENTIALS"},
		"right, suspended":     {"suspended@example.com", signintest.Password, "INVALID_CREDENTIALS"},
		"right, deprovisioned": {"deprovisioned@example.com", signintest.Password, "INVALID_CREDENTIALS"},
		"right, locked":        {"locked_out@example.com", signintest.Password, "LOCKED_OUT"},
	} {
		before := len(w.Events())
		_, step, err := attempt(t, w, c.login, c.password)
		if idp.KindOf(err) != idp.KindUnauthenticated || step != nil || err.Error() != "unauthenticated" {
			t.Errorf("%s: %v, %v", name, step, err)
		}
		if got, want := w.Events()[before:], []string{"user.session.start FAILURE " + c.reason}; !slices.Equal(got, want) {
			t.Errorf("%s: events %q", name, got)
		}
	}
	last := func(name string) idp.EventActor {
		_, _, _ = attempt(t, w, name, "wrong")
		return w.AllEvents()[len(w.AllEvents())-1].Actor
	}
	if got := last("nobody@example.com"); got != (idp.EventActor{ID: "unknown", Type: "User", AlternateID: "nobody@example.com", DisplayName: "unknown"}) {
		t.Errorf("%+v", got)
	}
	if got := last("suspended@example.com"); got.AlternateID != "suspended@example.com" || got.ID == "unknown" {
		t.Errorf("%+v", got)
	}
}

func TestSignOnPolicyRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*policy.SignOnAction)
		reason string
	}{
		"deny":   {func(s *policy.SignOnAction) { s.Access = policy.Deny }, "Sign-on policy evaluation resulted in DENY"},
		"factor": {func(s *policy.SignOnAction) { s.RequireFactor = true }, "Sign-on policy requires a factor that the user cannot give"},
	} {
		t.Run(name, func(t *testing.T) {
			w := signintest.New(t, storetest.SQLite(t))
			w.User(login)
			w.SetSignOn(c.change)
			before := len(w.Events())
			_, step, err := attempt(t, w, login, signintest.Password)
			if d, ok := step.(signin.Denied); err != nil || !ok || d.Reason != c.reason {
				t.Fatalf("%#v, %v", step, err)
			}
			want := []string{"policy.evaluate_sign_on DENY " + c.reason, "user.session.start FAILURE VERIFICATION_ERROR"}
			if got := w.Events()[before:]; !slices.Equal(got, want) {
				t.Fatalf("%q", got)
			}
			if _, _, err := attempt(t, w, login, "wrong"); idp.KindOf(err) != idp.KindUnauthenticated {
				t.Fatalf("a wrong password tells of the policy: %v", err)
			}
		})
	}
}

func TestActionsOutOfStep(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.User(login)
	ctx, a := t.Context(), w.Anonymous()
	everything := []signin.Action{
		signin.GiveLogin{Login: login},
		signin.Choose{Method: "password"},
		guess(signintest.Password),
		signin.SendAgain{},
		signin.Poll{},
		signin.EnrollFactor{},
		signin.ActivateFactor{},
		signin.SetPassword{New: "Another-one-77"},
		signin.StartRecovery{},
		signin.StartUnlock{},
		signin.GiveProfile{},
		signin.Skip{},
		signin.Previous{},
	}
	allowed := map[string][]int{"identify": {0, 8, 9}, "verify": {0, 1, 2, 8, 9}, "done": {}}
	for state, ok := range allowed {
		for i, act := range everything {
			tx := w.Engine.Begin(ctx, a, signin.Options{Prefix: "02.id."})
			switch state {
			case "verify":
				_, _ = w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login})
			case "done":
				if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}, guess(signintest.Password)); err != nil {
					t.Fatal(err)
				}
			}
			_, err := w.Engine.Apply(ctx, a, tx, act)
			if slices.Contains(ok, i) != (err == nil) || (err != nil && idp.KindOf(err) != idp.KindTransactionState) {
				t.Errorf("%T at %s: %v", act, state, err)
			}
		}
	}
	tx := w.Engine.Begin(ctx, a, signin.Options{Prefix: "02.id."})
	if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: "  "}); idp.KindOf(err) != idp.KindInvalid {
		t.Errorf("an empty login: %v", err)
	}
	if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}, guess("")); idp.KindOf(err) != idp.KindInvalid {
		t.Errorf("an empty password: %v", err)
	}
	if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}, signin.VerifyFactor{Method: "totp"}); idp.KindOf(err) != idp.KindInvalid {
		t.Errorf("an unknown method: %v", err)
	}
	if step, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}, signin.Cancel{}); err != nil {
		t.Errorf("cancel: %v", err)
	} else if _, ok := step.(signin.Identify); !ok {
		t.Errorf("cancel: %#v", step)
	}
	if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}); idp.KindOf(err) != idp.KindBadToken {
		t.Errorf("after cancel: %v", err)
	}
}

func TestNextChangesNothing(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.User(login)
	ctx, a := t.Context(), w.Anonymous()
	tx := w.Engine.Begin(ctx, a, signin.Options{Prefix: "02.id."})
	if _, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}, guess(signintest.Password)); err != nil {
		t.Fatal(err)
	}
	before := len(w.AllEvents())
	for range 3 {
		step, _, err := w.Engine.Next(ctx, a, tx)
		if _, ok := step.(signin.Done); err != nil || !ok {
			t.Fatalf("%#v, %v", step, err)
		}
	}
	again, err := w.Engine.Load(ctx, a, tx.Handle)
	if err != nil || again.Version != tx.Version || len(w.AllEvents()) != before {
		t.Fatalf("version %d, %d events, %v", again.Version, len(w.AllEvents())-before, err)
	}
}
