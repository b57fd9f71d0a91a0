package directory_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/internal/directory"
	"usher/internal/eventlog"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// benchEach runs fn with each database.
func benchEach(b *testing.B, fn func(b *testing.B, w *world)) {
	for name, open := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) { fn(b, newWorld(b, open(b))) })
	}
}

// BenchmarkActivateRule holds 100,000 users against a rule that half of them
// meet. One operation is the whole of it. Meanwhile somebody else writes small
// things: how long nearly all of these take shows what the rule costs others.
func BenchmarkActivateRule(b *testing.B) {
	const users = 100_000
	benchEach(b, func(b *testing.B, w *world) {
		w.load(b, users)
		stop := w.bystander(b)
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
		waits := stop()
		b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "ms/other-p50")
		b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "ms/other-p99")
	})
}

// bystander writes a line of the log now and then, as sign-ins do, until stop is
// called, which returns how long each write took, sorted.
func (w *world) bystander(b *testing.B) (stop func() []time.Duration) {
	end, waits := make(chan struct{}), make(chan []time.Duration)
	go func() {
		all := []time.Duration{0}
		pace := time.NewTicker(5 * time.Millisecond)
		defer pace.Stop()
		for {
			select {
			case <-end:
				slices.Sort(all)
				waits <- all
				return
			case <-pace.C:
			}
			began := time.Now()
			if err := w.Store.Tx(context.WithoutCancel(b.Context()), func(tx *store.Tx) error {
				return w.Log.Record(tx, w.admin, eventlog.Entry{Type: eventlog.SessionStart})
			}); err != nil {
				b.Error(err)
			}
			all = append(all, time.Since(began))
		}
	}()
	return func() []time.Duration {
		close(end)
		return <-waits
	}
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
