package signin_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// TestRefusalsTakeTheSameTime: whoever the login names, a refusal takes as long
// as comparing a password. The samples are interleaved, and the bound is wide:
// what it must catch is a hash that is left out, which makes a refusal many
// times as fast.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	const samples = 25
	w := signintest.New(t, storetest.SQLite(t))
	w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Password.Lockout.MaxAttempts = 0 })
	w.Engine.Credentials.Hasher = credential.NewHasher(w.Rand, credential.Params{Memory: 8192, Time: 2, Threads: 1}, 0)
	logins := []string{"nobody@example.com"}
	for _, s := range idp.UserStatuses() {
		name := fmt.Sprintf("user%d@example.com", len(logins))
		w.UserIn(name, s)
		logins = append(logins, name)
	}
	took := map[string][]time.Duration{}
	for range samples {
		for _, name := range logins {
			elapsed := env.Elapsed()
			if _, _, err := attempt(t, w, name, "wrong"); idp.KindOf(err) != idp.KindUnauthenticated {
				t.Fatal(err)
			}
			took[name] = append(took[name], elapsed())
		}
	}
	median := func(name string) time.Duration {
		slices.Sort(took[name])
		return took[name][samples/2]
	}
	want := median("user3@example.com") // active
	for _, name := range logins {
		if got := median(name); got < want/2 || got > want*2 {
			t.Errorf("%s: %v, an active user %v", name, got, want)
		}
	}
}
