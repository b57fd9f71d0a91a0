package signin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

const fresh = "Fresh-battery-8"

func TestExpiredPasswordIsChanged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := signintest.New(t, url)
		u := w.UserIn(login, idp.UserPasswordExpired)
		tx, step, err := attempt(t, w, login, signintest.Password)
		c, ok := step.(signin.ChangePassword)
		if err != nil || !ok || c.Reason != signin.PasswordExpired || c.OldNeeded || c.Rules.MinLength != 8 || c.Rules.History != 5 {
			t.Fatalf("%#v, %v", step, err)
		}
		ctx, a := t.Context(), w.Anonymous()
		if tx, err = w.Engine.Load(ctx, a, tx.Handle); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Engine.Apply(ctx, a, tx, signin.Skip{}); idp.KindOf(err) != idp.KindTransactionState {
			t.Fatalf("an expired password is skipped: %v", err)
		}
		step, err = w.Engine.Apply(ctx, a, tx, signin.SetPassword{Old: signintest.Password, New: fresh})
		if d, ok := step.(signin.Done); err != nil || !ok || d.SessionToken == "" {
			t.Fatalf("%#v, %v", step, err)
		}
		now := w.Reload(u)
		if now.Status != idp.UserActive || now.PasswordChanged.Sub(u.PasswordChanged) < time.Second-time.Millisecond {
			t.Fatalf("%+v", now)
		}
		if _, _, err := attempt(t, w, login, signintest.Password); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Fatalf("the old password: %v", err)
		}
		if _, _, err := attempt(t, w, login, fresh); err != nil {
			t.Fatalf("the new password: %v", err)
		}
		if !slices.Contains(w.Events(), "user.account.update_password SUCCESS") {
			t.Fatalf("%q", w.Events())
		}
	})
}

func TestRefusedPasswords(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	u := w.UserIn(login, idp.UserPasswordExpired)
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Password.Lockout.MaxAttempts = 2 })
	tx, _, err := attempt(t, w, login, signintest.Password)
	if err != nil {
		t.Fatal(err)
	}
	set := func(old, to string) error {
		t.Helper()
		w.Tick()
		step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SetPassword{Old: old, New: to})
		if err == nil {
			t.Fatalf("%q is accepted: %#v", to, step)
		}
		return err
	}
	for name, c := range map[string]struct {
		old, to string
		kind    idp.Kind
		cause   string
	}{
		"weak":      {signintest.Password, "weak", idp.KindPasswordUpdate, "Password requirements were not met. Password requirements: at least 8 characters, a lowercase letter, an uppercase letter, a number, no parts of your username. Your password cannot be any of your last 5 passwords."},
		"user name": {signintest.Password, "Isaac.Brock-77", idp.KindPasswordUpdate, ""},
		"empty":     {signintest.Password, "", idp.KindPasswordUpdate, ""},
		"the same":  {"", signintest.Password, idp.KindPasswordUpdate, "Password has been used too recently"},
		"wrong old": {"wrong", fresh, idp.KindPasswordUpdate, "The credentials provided were incorrect."},
	} {
		err := set(c.old, c.to)
		e, ok := err.(*idp.Error) //nolint:errorlint // Apply returns it bare
		if !ok || e.Kind != c.kind || len(e.Causes) != 1 || !strings.Contains(e.Causes[0].Text, c.cause) {
			t.Errorf("%s: %v", name, err)
		}
		if got := w.Reload(u); got.Status != idp.UserPasswordExpired || !got.PasswordChanged.Equal(u.PasswordChanged) {
			t.Errorf("%s: the user is changed: %+v", name, got)
		}
	}
	// Wrong old passwords are guesses: the second one locks.
	c, err := w.Store.Read(t.Context()).Credential(w.Org.ID, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 - c.Failures {
		if err := set("wrong", fresh); idp.KindOf(err) != idp.KindPasswordUpdate {
			t.Fatal(err)
		}
	}
	if _, _, err := attempt(t, w, login, signintest.Password); idp.KindOf(err) != idp.KindUnauthenticated {
		t.Fatalf("not locked by guesses at the old password: %v", err)
	}
	for _, e := range w.Events() {
		if strings.Contains(e, signintest.Password) || strings.Contains(e, fresh) {
			t.Errorf("an event tells a password: %s", e)
		}
	}
}

func TestPasswordAgeAndWarning(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	u := w.User(login)
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) {
		s.Password.Age.MaxAgeDays, s.Password.Age.ExpireWarnDays, s.Password.Age.MinAgeMinutes = 30, 5, 60*24*28
	})
	ctx, a := t.Context(), w.Anonymous()
	begin := func(warn bool) (*signin.Transaction, signin.Step) {
		t.Helper()
		w.Tick()
		tx := w.Engine.Begin(ctx, a, signin.Options{Prefix: "00", Finish: signin.FinishToken, Warn: warn})
		step, err := w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}, guess(signintest.Password))
		if err != nil {
			t.Fatal(err)
		}
		return tx, step
	}
	days := func(n int) { w.Clock.Set(u.PasswordChanged.Add(time.Duration(n) * 24 * time.Hour)) }
	days(24)
	if _, step := begin(true); step.(signin.Done).SessionToken == "" {
		t.Fatal("warned too early")
	}
	days(25)
	if _, step := begin(false); step.(signin.Done).SessionToken == "" {
		t.Fatal("warned without having asked for it")
	}
	tx, step := begin(true)
	c, ok := step.(signin.ChangePassword)
	if !ok || c.Reason != signin.PasswordWarned || !c.Expires.Equal(u.PasswordChanged.Add(30*24*time.Hour)) {
		t.Fatalf("%#v", step)
	}
	if _, err := w.Engine.Apply(ctx, a, tx, signin.SetPassword{New: fresh}); idp.KindOf(err) != idp.KindPasswordUpdate {
		t.Fatalf("changed before its least age: %v", err)
	}
	if step, err := w.Engine.Apply(ctx, a, tx, signin.Skip{}); err != nil || step.(signin.Done).SessionToken == "" {
		t.Fatalf("%#v, %v", step, err)
	}
	days(29)
	tx, _ = begin(true)
	if step, err := w.Engine.Apply(ctx, a, tx, signin.SetPassword{New: fresh}); err != nil || step.(signin.Done).SessionToken == "" {
		t.Fatalf("%#v, %v", step, err)
	}
	u = w.Reload(u)
	days(30)
	tx, err := w.Engine.Begin(ctx, a, signin.Options{Prefix: "00", Finish: signin.FinishToken}), error(nil)
	if step, err = w.Engine.Apply(ctx, a, tx, signin.GiveLogin{Login: login}, guess(fresh)); err != nil {
		t.Fatal(err)
	}
	if c, ok := step.(signin.ChangePassword); !ok || c.Reason != signin.PasswordExpired || w.Reload(u).Status != idp.UserPasswordExpired {
		t.Fatalf("%#v, %s", step, w.Reload(u).Status)
	}
}

func TestSetPasswordEndsOtherSessions(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	u := w.UserIn(login, idp.UserPasswordExpired)
	secret := sessionOf(t, w, u)
	tx, _, err := attempt(t, w, login, signintest.Password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SetPassword{New: fresh, RevokeSessions: true}); err != nil {
		t.Fatal(err)
	}
	if w.HasSession(secret) {
		t.Fatal("the other session lives")
	}
}

// sessionOf begins a session behind the engine's back.
func sessionOf(t testing.TB, w *signintest.World, u *idp.User) string {
	t.Helper()
	var secret string
	err := w.Store.Tx(t.Context(), func(tx *store.Tx) (err error) {
		secret, _, err = w.Sessions.Create(tx, u, session.Proofs{AMR: []string{"pwd"}, Limits: policy.SessionLimits{Idle: time.Hour}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// Somebody else's change of the password, or of the user's state, voids what
// was proved before.
func TestProofsBecomeVoid(t *testing.T) {
	for name, change := range map[string]func(*signintest.World, *idp.User){
		"another password": func(w *signintest.World, u *idp.User) {
			other := "Somebody-elses-9"
			_, err := w.Directory.UpdateUser(w.T.Context(), idp.SystemActor(w.Org), u.ID, directory.UserChange{Credentials: directory.Credentials{Password: &other}})
			if err != nil {
				w.T.Fatal(err)
			}
		},
		"suspended":     func(w *signintest.World, u *idp.User) { w.Put(u, idp.UserSuspended) },
		"deprovisioned": func(w *signintest.World, u *idp.User) { w.Put(u, idp.UserDeprovisioned) },
		"locked":        func(w *signintest.World, u *idp.User) { w.Put(u, idp.UserLockedOut) },
		"gone": func(w *signintest.World, u *idp.User) {
			for range 2 {
				if err := w.Directory.Delete(w.T.Context(), idp.SystemActor(w.Org), u.ID, false); err != nil {
					w.T.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := signintest.New(t, storetest.SQLite(t))
			u := w.UserIn(login, idp.UserPasswordExpired)
			tx, _, err := attempt(t, w, login, signintest.Password)
			if err != nil {
				t.Fatal(err)
			}
			w.Clock.Advance(time.Minute)
			change(w, u)
			want := idp.KindBadToken
			if name == "locked" {
				want = idp.KindUserLocked // whoever has proved the password may know
			}
			if _, _, err := w.Engine.Next(t.Context(), w.Anonymous(), tx); idp.KindOf(err) != want {
				t.Errorf("next: %v", err)
			}
			if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SetPassword{New: fresh}); idp.KindOf(err) != want {
				t.Errorf("set password: %v", err)
			}
		})
	}
}
