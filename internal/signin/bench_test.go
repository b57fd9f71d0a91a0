package signin_test

import (
	"testing"
	"time"

	"usher/internal/policy"
	"usher/internal/signin"
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

// everyDatabase runs a measurement on both kinds, with a user who has enrolled a
// one-time password that every sign-in asks for.
func everyDatabase(b *testing.B, fn func(b *testing.B, w *signintest.World, secret string)) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := signintest.New(b, url(b))
			w.Factors()
			w.RequireFactor(policy.PromptAlways, 0)
			w.User(login)
			tx, _, err := attempt(b, w, login, signintest.Password)
			if err != nil {
				b.Fatal(err)
			}
			a, ok := goOn(b, w, tx, signin.EnrollFactor{Key: "okta_otp"}).(signin.Activate)
			if !ok {
				b.Fatal("nothing to activate")
			}
			goOn(b, w, tx, signin.ActivateFactor{Fields: map[string]string{"passCode": w.AppCode(a.View.Seed.Secret, 0)}})
			fn(b, w, a.View.Seed.Secret)
		})
	}
}

// goOn does an action.
func goOn(b *testing.B, w *signintest.World, tx *signin.Transaction, act signin.Action) signin.Step {
	b.Helper()
	step, err := w.Engine.Apply(b.Context(), w.Anonymous(), tx, act)
	if err != nil {
		b.Fatal(err)
	}
	return step
}

// BenchmarkFactorSignIn is BenchmarkSignIn with a one-time password after it.
func BenchmarkFactorSignIn(b *testing.B) {
	everyDatabase(b, func(b *testing.B, w *signintest.World, secret string) {
		for b.Loop() {
			w.Clock.Advance(30 * time.Second) // a code works once
			tx, step, err := attempt(b, w, login, signintest.Password)
			if err != nil {
				b.Fatal(err)
			}
			asked, ok := step.(signin.Verify)
			if !ok {
				b.Fatalf("%T", step)
			}
			done := goOn(b, w, tx, signin.VerifyFactor{FactorID: asked.Options[0].FactorID, Answer: map[string]string{"passCode": w.AppCode(secret, 0)}})
			if _, ok := done.(signin.Done); !ok {
				b.Fatalf("%T", done)
			}
		}
	})
}

// BenchmarkStateLookup finds where a sign-in stands that waits for a further
// factor, and lets it live on.
func BenchmarkStateLookup(b *testing.B) {
	everyDatabase(b, func(b *testing.B, w *signintest.World, _ string) {
		begun, _, err := attempt(b, w, login, signintest.Password)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			tx, err := w.Engine.Load(b.Context(), w.Anonymous(), begun.Handle)
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err = w.Engine.Next(b.Context(), w.Anonymous(), tx); err != nil {
				b.Fatal(err)
			}
			if err = w.Engine.Renew(b.Context(), w.Anonymous(), tx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
