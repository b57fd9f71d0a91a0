package signin_test

import (
	"testing"
	"time"

	"usher/internal/credential"
	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// TestRefusalsTakeTheSameTime: whoever the login names, a refusal takes as long
// as comparing a password. What is left out (a hash) or added (a millisecond)
// shows; the protocols are held to the same in package server.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	const samples = 2000
	w := signintest.New(t, storetest.SQLite(t))
	w.Engine.Credentials.Hasher = credential.NewHasher(w.Rand, credential.Params{Memory: 1024, Time: 1, Threads: 1}, 0)
	w.User("known@example.com")
	w.User("control@example.com")
	w.UserIn("suspended@example.com", idp.UserSuspended)
	w.User("locked@example.com")
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Password.Lockout.MaxAttempts = 1 })
	refused := func(name string) {
		if _, _, err := attempt(t, w, name, "wrong"); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Fatal(err)
		}
	}
	refused("locked@example.com")
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Password.Lockout.MaxAttempts = 0 })
	bare, err := w.Directory.CreateUser(t.Context(), idp.SystemActor(w.Org), directory.NewUser{
		Activate: true, Profile: idp.Attributes{"login": "bare@example.com", "email": "bare@example.com", "firstName": "Bare", "lastName": "Example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Put(bare, idp.UserActive)
	var kinds []signintest.Timed
	for _, k := range []struct{ name, login string }{
		{"a known user", "known@example.com"},
		{"another known user", "control@example.com"},
		{"nobody", "nobody@example.com"},
		{"a locked user", "locked@example.com"},
		{"a user without a password", "bare@example.com"},
		{"a suspended user", "suspended@example.com"},
	} {
		kinds = append(kinds, signintest.Timed{Name: k.name, Try: func() time.Duration {
			elapsed := env.Elapsed()
			refused(k.login)
			return elapsed()
		}})
	}
	signintest.SameTime(t, samples, kinds...)
}
