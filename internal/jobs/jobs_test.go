package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/jobs"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a store with a clock that stands still.
type world struct {
	store *store.Store
	clock *env.Movable
	ids   *env.Counting
	logs  *logBuffer
}

// logBuffer takes logs from many goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) {
		w := &world{clock: env.NewFixed(noon), ids: &env.Counting{}, logs: &logBuffer{}}
		w.store = storetest.Open(t, url, w.clock)
		fn(t, w)
	})
}

func (w *world) config(list ...jobs.Job) jobs.Config {
	return jobs.Config{
		Store: w.store, Clock: w.clock, Rand: env.SystemRand{}, IDs: w.ids, Jobs: list,
		Log: slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// start runs a node until the returned function stops it, which waits.
func start(t *testing.T, cfg jobs.Config) (*jobs.Runner, func()) {
	t.Helper()
	r, err := jobs.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	stop := sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return r, stop
}

func TestNewRefusesWhatCannotRun(t *testing.T) {
	fine := jobs.Job{Name: "a", Every: time.Second, Run: func(context.Context) error { return nil }}
	for name, list := range map[string][]jobs.Job{
		"no name":     {{Every: time.Second, Run: fine.Run}},
		"no pause":    {{Name: "b", Run: fine.Run}},
		"no function": {{Name: "b", Every: time.Second}},
		"twice":       {fine, fine},
	} {
		if _, err := jobs.New(jobs.Config{IDs: &env.Counting{}, Jobs: list}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := jobs.New(jobs.Config{IDs: &env.Counting{}, Jobs: []jobs.Job{fine}}); err != nil {
		t.Error(err)
	}
}

// TestOneNodeRunsAJob starts three nodes; when the one that runs the job stops,
// another takes over.
func TestOneNodeRunsAJob(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		runs := make(chan int, 1000)
		var stops []func()
		for node := range 3 {
			_, stop := start(t, w.config(jobs.Job{Name: "job", Every: time.Millisecond, Run: func(context.Context) error {
				runs <- node
				return nil
			}}))
			stops = append(stops, stop)
		}
		first := <-runs
		for range 20 {
			if node := <-runs; node != first {
				t.Fatalf("node %d runs the job of node %d", node, first)
			}
		}
		stops[first]()
		for {
			node := <-runs
			if node != first { // what it had run before it stopped may still come
				break
			}
		}
	})
}

// TestDeadNodeIsReplaced leaves a lease behind that nobody gives back.
func TestDeadNodeIsReplaced(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if err := w.store.Tx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.TakeLease("job j", "a dead node", time.Minute)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		runs, beats := make(chan struct{}, 1000), make(chan struct{}, 1000)
		start(t, w.config(
			jobs.Job{Name: "j", Every: time.Millisecond, Run: func(context.Context) error { runs <- struct{}{}; return nil }},
			jobs.Job{Name: "beat", Every: time.Millisecond, Run: func(context.Context) error { beats <- struct{}{}; return nil }},
		))
		for range 20 {
			<-beats
		}
		if len(runs) != 0 {
			t.Fatal("the lease is not respected")
		}
		w.clock.Advance(time.Minute)
		<-runs
	})
}

// TestSharedJobsRunEverywhere and without a lease.
func TestSharedJobsRunEverywhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ran := [2]chan struct{}{make(chan struct{}, 1000), make(chan struct{}, 1000)}
		for node := range ran {
			r, _ := start(t, w.config(jobs.Job{Name: "shared", Every: time.Hour, Shared: true, Run: func(context.Context) error {
				ran[node] <- struct{}{}
				return nil
			}}))
			r.Nudge("shared")
		}
		<-ran[0]
		<-ran[1]
	})
}

func TestNudgeRunsAJobNow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		runs := make(chan struct{}, 1000)
		r, _ := start(t, w.config(jobs.Job{Name: "rare", Every: time.Hour, Run: func(context.Context) error { runs <- struct{}{}; return nil }}))
		for range 5 {
			r.Nudge("rare")
			<-runs
		}
		r.Nudge("no such job")
	})
}

// TestFailuresAreLoggedAndDoNotStopAJob fails, panics and then works.
func TestFailuresAreLoggedAndDoNotStopAJob(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var n atomic.Int32
		worked := make(chan struct{}, 1000)
		r, _ := start(t, w.config(jobs.Job{Name: "flaky", Every: time.Millisecond, Run: func(context.Context) error {
			switch n.Add(1) {
			case 1:
				return errors.New("no luck")
			case 2:
				panic("boom")
			}
			worked <- struct{}{}
			return nil
		}}))
		<-worked
		r.Nudge("flaky")
		<-worked // the runs before this one have been reported
		for _, want := range []string{"no luck", "panicked: boom", "job works again"} {
			if !strings.Contains(w.logs.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, w.logs)
			}
		}
	})
}

// TestStopEndsTheContextAndWaits stops while a job is at work.
func TestStopEndsTheContextAndWaits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun := make(chan struct{})
		var ended atomic.Bool
		_, stop := start(t, w.config(jobs.Job{Name: "long", Every: time.Millisecond, Run: func(ctx context.Context) error {
			close(begun)
			<-ctx.Done()
			ended.Store(true)
			return ctx.Err()
		}}))
		<-begun
		stop()
		if !ended.Load() {
			t.Fatal("stopped before the job had ended")
		}
		if err := w.store.Tx(t.Context(), func(tx *store.Tx) error {
			free, err := tx.TakeLease("job long", "another", time.Minute)
			if err == nil && !free {
				t.Error("the lease was not given back")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(w.logs.String(), "level=ERROR") {
			t.Errorf("stopping is no error:\n%s", w.logs)
		}
	})
}

// TestPurgeAndStampWork runs the two kinds that Usher always has.
func TestPurgeAndStampWork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org := &idp.Org{ID: "00o1", Subdomain: "main", Created: noon}
		log := &eventlog.Log{IDs: w.ids}
		if err := w.store.Tx(t.Context(), func(tx *store.Tx) error {
			for i := range 1200 {
				hash := []byte{byte(i >> 8), byte(i)}
				if err := tx.SaveTransaction(&store.Transaction{OrgID: org.ID, Hash: hash, Expires: noon, Document: []byte(`{}`)}); err != nil {
					return err
				}
			}
			return errors.Join(tx.InsertOrg(org), log.Record(tx, idp.SystemActor(org), eventlog.Entry{Type: eventlog.GroupCreate}))
		}); err != nil {
			t.Fatal(err)
		}
		purge := jobs.Purge(w.store)
		stamp := jobs.Stamp(func(ctx context.Context) error { return log.Stamp(ctx, w.store) })
		if _, err := jobs.New(w.config(purge, stamp)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(purge.Run(t.Context()), stamp.Run(t.Context())); err != nil {
			t.Fatal(err)
		}
		if err := w.store.Tx(t.Context(), func(tx *store.Tx) error {
			if n, err := tx.Purge(1); err != nil || n != 0 {
				t.Errorf("expired rows are left: %d, %v", n, err)
			}
			if pending, err := tx.HasUnstamped(org.ID); err != nil || pending {
				t.Errorf("events without a position are left: %v, %v", pending, err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}
