package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/jobs"
	"usher/internal/store"
)

func (w *world) enqueue(t *testing.T, kind string, doc any) {
	t.Helper()
	q := &jobs.Queue{IDs: w.ids}
	if err := w.store.Tx(t.Context(), func(tx *store.Tx) error { _, err := q.Enqueue(tx, "00o1", kind, doc); return err }); err != nil {
		t.Fatal(err)
	}
}

func (w *world) waiting(t *testing.T) int {
	t.Helper()
	n, err := w.store.Read(t.Context()).CountJobs()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTasksAreDoneOnceByOneOfManyNodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const tasks = 40
		for i := range tasks {
			w.enqueue(t, "count", i)
		}
		w.enqueue(t, "unknown here", "x")
		done := make(chan int, 1000)
		var stops []func()
		for range 3 {
			cfg := w.config()
			cfg.Handlers = map[string]jobs.Handler{"count": func(_ context.Context, task jobs.Task) error {
				var n int
				if err := json.Unmarshal(task.Document, &n); err != nil {
					return err
				}
				if task.OrgID != "00o1" || task.Kind != "count" || task.Attempt != 1 {
					t.Errorf("%+v", task)
				}
				done <- n
				return nil
			}}
			r, stop := start(t, cfg)
			stops = append(stops, stop)
			r.Nudge(jobs.Tasks)
		}
		seen := map[int]bool{}
		for range tasks {
			seen[<-done] = true
		}
		for _, stop := range stops {
			stop()
		}
		if len(seen) != tasks || len(done) != 0 {
			t.Fatalf("%d tasks, %d more runs", len(seen), len(done))
		}
		if n := w.waiting(t); n != 1 {
			t.Fatalf("%d tasks are left, want the one of an unknown kind", n)
		}
	})
}

func TestTaskComesBackUntilItSucceeds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enqueue(t, "flaky", nil)
		attempts, idle := make(chan int, 1000), make(chan struct{}, 1000)
		cfg := w.config(jobs.Job{Name: "idle", Every: time.Millisecond, Run: func(context.Context) error { idle <- struct{}{}; return nil }})
		cfg.Handlers = map[string]jobs.Handler{"flaky": func(_ context.Context, task jobs.Task) error {
			attempts <- task.Attempt
			switch task.Attempt {
			case 1:
				return errors.New("no luck")
			case 2:
				panic("boom")
			}
			return nil
		}}
		r, stop := start(t, cfg)
		for want := 1; want <= 3; want++ {
			// The clock runs until the pause is over.
			got := 0
			for got == 0 {
				r.Nudge(jobs.Tasks)
				select {
				case got = <-attempts:
				case <-idle:
					w.clock.Advance(time.Second)
				}
			}
			if got != want {
				t.Fatalf("attempt %d, want %d", got, want)
			}
		}
		stop()
		if n := w.waiting(t); n != 0 {
			t.Fatalf("%d tasks are left", n)
		}
		for _, want := range []string{"no luck", "panicked: boom"} {
			if !strings.Contains(w.logs.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, w.logs)
			}
		}
	})
}

// TestStoppedTaskIsDoneByTheNextNode stops in the middle of a task.
func TestStoppedTaskIsDoneByTheNextNode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enqueue(t, "long", nil)
		begun := make(chan struct{})
		cfg := w.config()
		cfg.Handlers = map[string]jobs.Handler{"long": func(ctx context.Context, _ jobs.Task) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		}}
		_, stop := start(t, cfg)
		<-begun
		stop()
		if n := w.waiting(t); n != 1 {
			t.Fatalf("%d tasks wait", n)
		}
		done := make(chan int, 1)
		cfg.Handlers = map[string]jobs.Handler{"long": func(_ context.Context, task jobs.Task) error { done <- task.Attempt; return nil }}
		r, stop := start(t, cfg)
		r.Nudge(jobs.Tasks)
		if attempt := <-done; attempt != 2 {
			t.Fatalf("attempt %d", attempt)
		}
		stop()
		if n := w.waiting(t); n != 0 {
			t.Fatalf("%d tasks wait", n)
		}
	})
}

func TestEnqueueHoldsTasksToTheirBounds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		q := &jobs.Queue{IDs: w.ids}
		for name, c := range map[string]struct {
			kind string
			doc  any
		}{"no kind": {"", 1}, "too large": {"k", strings.Repeat("a", 1<<20)}} {
			err := w.store.Tx(t.Context(), func(tx *store.Tx) error { _, err := q.Enqueue(tx, "", c.kind, c.doc); return err })
			if idp.KindOf(err) != idp.KindInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		boom := errors.New("boom")
		err := w.store.Tx(t.Context(), func(tx *store.Tx) error {
			if _, err := q.Enqueue(tx, "", "k", 1); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || w.waiting(t) != 0 {
			t.Fatalf("%v, %d wait", err, w.waiting(t))
		}
	})
}
