package signin_test

import (
	"testing"

	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// BenchmarkSignIn is a whole sign-in by login and password to its one-time
// token, with a hash that costs next to nothing: what remains is the overhead.
func BenchmarkSignIn(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := signintest.New(b, url(b))
			w.User(login)
			for b.Loop() {
				if _, _, err := attempt(b, w, login, signintest.Password); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
