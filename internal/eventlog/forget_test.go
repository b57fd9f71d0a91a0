package eventlog_test

import (
	"slices"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// TestForget removes what is old, over several transactions, and leaves a poll
// that stands in the middle of it where it can go on.
func TestForget(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		const many = 1100
		clock := env.NewFixed(noon)
		w := newWorld(t, url, clock, &env.Counting{})
		write := func(marks ...string) {
			if err := w.store.Tx(t.Context(), func(tx *store.Tx) error {
				for _, m := range marks {
					if err := w.mark(tx, m); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if err := w.log.Stamp(t.Context(), w.store); err != nil {
				t.Fatal(err)
			}
		}
		write(slices.Repeat([]string{"old"}, many)...)
		standing := w.read(t, eventlog.Query{Polling: true, Since: noon.Add(-time.Hour), Limit: 3})
		clock.Advance(80 * 24 * time.Hour)
		write("young")
		clock.Advance(10*24*time.Hour - time.Second)
		for _, v := range []struct{ days, left int }{{0, many + 1}, {90, many + 1}, {11, 1}} {
			if v.days > 0 {
				if err := w.log.Forget(t.Context(), w.store, time.Duration(v.days)*24*time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			if got := w.read(t, eventlog.Query{Polling: true, Since: noon.Add(-time.Hour), Limit: 2 * many}); len(got) != v.left {
				t.Fatalf("%d days: %d lines", v.days, len(got))
			}
		}
		if got := w.read(t, eventlog.Query{Polling: true, Position: standing[len(standing)-1].Position, Limit: 10}); len(got) != 1 || got[0].Debug["mark"] != "young" {
			t.Errorf("the poll goes on with %v", got)
		}
	})
}
