package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/store"
)

func TestSharedCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const window = 5 * time.Second
		start := w.clock.Now().Truncate(window)
		count := func(start time.Time) (n int) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) (err error) {
				n, err = tx.ShareCount(w.org.ID, "throttle", start, window)
				return err
			})
			return n
		}
		for i, step := range []struct {
			start time.Time
			want  int
		}{
			{start, 1},
			{start, 2},
			{start.Add(window), 1}, // the next window
			{start, 2},             // a node whose clock is behind
			{start.Add(window), 3},
			{start.Add(-time.Hour), 1}, // a clock that was moved back
			{start.Add(-time.Hour), 2},
		} {
			if got := count(step.start); got != step.want {
				t.Errorf("step %d: %d, want %d", i, got, step.want)
			}
		}
	})
}

// TestSharedCountsAreExact: requests that come at once are all counted, each
// once.
func TestSharedCountsAreExact(t *testing.T) {
	const requests, most = 100, 10
	each(t, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		var within atomic.Int32
		for range requests {
			wg.Go(func() {
				var n int
				err := w.Write(t.Context(), func(tx *store.Tx) (err error) {
					n, err = tx.ShareCount(w.org.ID, "throttle", w.clock.Now(), time.Second)
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if n <= most {
					within.Add(1)
				}
			})
		}
		wg.Wait()
		if within.Load() != most {
			t.Errorf("%d of %d are within the limit of %d", within.Load(), requests, most)
		}
	})
}

// TestPauses: of what is done at once, one is let in, and the next after a while,
// even where the clock has been moved back since; a pause can be ended.
func TestPauses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		do := func(n int) (let int32) {
			var wg sync.WaitGroup
			var in atomic.Int32
			for range n {
				wg.Go(func() {
					var fine bool
					err := w.Write(t.Context(), func(tx *store.Tx) (err error) {
						fine, err = tx.Pause(w.org.ID, "text", time.Minute)
						return err
					})
					if err != nil {
						t.Error(err)
					}
					if fine {
						in.Add(1)
					}
				})
			}
			wg.Wait()
			return in.Load()
		}
		for _, c := range []struct {
			after time.Duration
			let   int32
		}{{0, 1}, {time.Minute - time.Millisecond, 0}, {time.Millisecond, 1}, {-time.Second, 0}, {-time.Hour, 1}} {
			w.clock.Advance(c.after)
			if let := do(20); let != c.let {
				t.Errorf("after %v: %d are let in, want %d", c.after, let, c.let)
			}
		}
		w.tx(t, func(tx *store.Tx) error { return tx.EndPause(w.org.ID, "text") })
		if let := do(20); let != 1 {
			t.Errorf("after the end: %d are let in", let)
		}
	})
}

func TestCountsOfOtherNodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		start := w.clock.Now().Truncate(time.Minute)
		put := func(node, name string, start time.Time, n int) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) error {
				return tx.PutRateCounts(node, []store.RateCount{{OrgID: w.org.ID, Name: name, Start: start, Requests: n}})
			})
		}
		put("a", "users", start, 5)
		put("b", "users", start, 6)
		put("b", "users", start, 7) // the count so far, not what has come since
		put("c", "users", start, 8)
		put("c", "groups", start.Add(-time.Minute), 9) // over
		w.tx(t, func(tx *store.Tx) error { _, err := tx.ShareCount(w.org.ID, "users", start, time.Minute); return err })
		others, err := w.Read(t.Context()).OtherRateCounts("a", start)
		if err != nil || len(others) != 1 || others[0] != (store.RateCount{OrgID: w.org.ID, Name: "users", Start: start, Requests: 15}) {
			t.Fatalf("%+v, %v", others, err)
		}
		w.clock.Advance(2 * time.Hour)
		w.tx(t, func(tx *store.Tx) error { _, err := tx.Purge(100); return err })
		if others, err := w.Read(t.Context()).OtherRateCounts("", start); err != nil || len(others) != 0 {
			t.Fatalf("after the purge %+v, %v", others, err)
		}
	})
}

// TestRestoreForgetsSharedCounts: what was counted about users and logins does
// not hold against those that a snapshot brings back.
func TestRestoreForgetsSharedCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		count := func() (n int) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) (err error) {
				n, err = tx.ShareCount(w.org.ID, "recovery", w.clock.Now().Truncate(time.Hour), time.Hour)
				return err
			})
			return n
		}
		count()
		before, err := w.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 2 {
			t.Fatalf("%d", n)
		}
		if err := w.Restore(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 1 {
			t.Errorf("%d counted after a restore", n)
		}
	})
}
