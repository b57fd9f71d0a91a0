package directory_test

import (
	"fmt"
	"testing"

	"usher/internal/directory"
	"usher/internal/store/storetest"
)

// benchEach runs fn with each database.
func benchEach(b *testing.B, fn func(b *testing.B, w *world)) {
	for name, open := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) { fn(b, newWorld(b, open(b))) })
	}
}

// BenchmarkActivateRule holds 100,000 users against a rule that half of them
// meet. One operation is the whole of it.
func BenchmarkActivateRule(b *testing.B) {
	const users = 100_000
	benchEach(b, func(b *testing.B, w *world) {
		w.load(b, users)
		b.ResetTimer()
		for range b.N {
			group := w.aGroup(b, "Group "+w.IDs.New("nam"))
			w.activeRule(b, `user.city == "Oslo"`, group)
			w.runTasks(b)
			if n := w.count(b, group); n != users/2 {
				b.Fatalf("%d members", n)
			}
		}
		b.ReportMetric(users*float64(b.N)/b.Elapsed().Seconds(), "users/s")
	})
}

// BenchmarkCreateUserWithRules creates users under no, ten and a thousand active
// rules, of which each user meets one.
func BenchmarkCreateUserWithRules(b *testing.B) {
	for _, rules := range []int{0, 10, 1000} {
		b.Run(fmt.Sprint(rules), func(b *testing.B) {
			benchEach(b, func(b *testing.B, w *world) {
				group := w.aGroup(b, "Group")
				for i := range rules {
					w.activeRule(b, fmt.Sprintf(`user.department == "Department %d"`, i), group)
				}
				b.ResetTimer()
				for i := range b.N {
					w.add(b, directory.NewUser{Profile: person(fmt.Sprintf("user%d@example.com", i), "department", "Department 7")})
				}
			})
		})
	}
}
