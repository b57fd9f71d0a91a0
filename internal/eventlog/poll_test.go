package eventlog_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// poller follows the log by position, as a client that polls does.
type poller struct {
	*world
	position int64
	seen     map[string]int // by the event's mark
}

// poll reads all pages behind what it has seen.
func (p *poller) poll(t *testing.T) {
	t.Helper()
	for {
		page := p.read(t, eventlog.Query{Polling: true, Position: p.position, Since: noon.AddDate(-1, 0, 0), Limit: 7})
		if len(page) == 0 {
			return
		}
		for _, e := range page {
			if e.Position <= p.position {
				t.Errorf("position %d comes behind %d", e.Position, p.position)
			}
			p.position = e.Position
			p.seen[e.Debug["mark"]]++
		}
	}
}

func marked(mark string) eventlog.Entry {
	return eventlog.Entry{Type: eventlog.UserCreate, Debug: map[string]string{"mark": mark}}
}

func (w *world) mark(tx *store.Tx, mark string) error {
	return w.log.Record(tx, idp.SystemActor(w.org), marked(mark))
}

// TestPollerMissesNothing lets 24 writers commit, in both kinds of transactions
// and with lines that stand alone, while one polls and two stamp.
func TestPollerMissesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		const writers, each = 24, 12
		clock := env.System{}
		w := newWorld(t, url, clock, env.TimeIDs{Clock: clock, Rand: env.SystemRand{}})
		var writing, stamping sync.WaitGroup
		for n := range writers {
			writing.Go(func() {
				run := w.store.Tx
				if n%2 == 0 {
					run = w.store.Write
				}
				for i := range each {
					mark := strconv.Itoa(n) + "/" + strconv.Itoa(i)
					if n%3 == 0 {
						if err := w.log.Tell(t.Context(), w.store, idp.SystemActor(w.org), marked(mark), marked(mark+" again")); err != nil {
							t.Error(err)
						}
						continue
					}
					if err := run(t.Context(), func(tx *store.Tx) error {
						// What comes between makes some commits overtake others.
						if err := w.mark(tx, mark); err != nil {
							return err
						}
						for range n % 4 {
							if _, err := tx.CountUsers(w.org.ID); err != nil {
								return err
							}
						}
						return w.mark(tx, mark+" again")
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { writing.Wait(); close(done) }()
		for range 2 {
			stamping.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						if err := w.log.Stamp(t.Context(), w.store); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		p := &poller{world: w, seen: map[string]int{}}
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			p.poll(t) // once more after the last commit
		}
		stamping.Wait()
		for n := range writers {
			for i := range each {
				for _, tail := range []string{"", " again"} {
					if mark := strconv.Itoa(n) + "/" + strconv.Itoa(i) + tail; p.seen[mark] != 1 {
						t.Errorf("%s was seen %d times", mark, p.seen[mark])
					}
				}
			}
		}
		if want := int64(writers * each * 2); p.position != want {
			t.Errorf("the last position is %d, want %d without gaps", p.position, want)
		}
	})
}

// TestFirstPollAfterTheClockWasMovedBack: what was published while the clock
// was ahead lies before older lines in the order of persistence. A poll that
// begins in between sees all of it, and what comes later begins near its time.
func TestFirstPollAfterTheClockWasMovedBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		clock := env.NewFixed(noon)
		w := newWorld(t, url, clock, &env.Counting{})
		publish := func(mark string, at time.Time) {
			clock.Set(at)
			if err := w.store.Tx(t.Context(), func(tx *store.Tx) error { return w.mark(tx, mark) }); err != nil {
				t.Fatal(err)
			}
			if err := w.log.Stamp(t.Context(), w.store); err != nil {
				t.Fatal(err)
			}
		}
		publish("far ahead", noon.Add(4*time.Hour))
		publish("ahead", noon.Add(2*time.Hour))
		publish("back", noon)
		publish("later", noon.Add(5*time.Hour))
		for since, want := range map[time.Duration][]string{
			time.Hour:        {"far ahead", "ahead", "later"},
			3 * time.Hour:    {"far ahead", "later"},
			5 * time.Hour:    {"later"},
			-5 * time.Minute: {"far ahead", "ahead", "back", "later"},
		} {
			var got []string
			for _, e := range w.read(t, eventlog.Query{Polling: true, Since: noon.Add(since), Limit: 10}) {
				got = append(got, e.Debug["mark"])
			}
			if !slices.Equal(got, want) {
				t.Errorf("since %s: %v, want %v", since, got, want)
			}
		}
	})
}

// TestPollerSeesALateCommit holds a transaction open while a later one commits
// and is read. SQLite has one writer and so no such case.
func TestPollerSeesALateCommit(t *testing.T) {
	clock := env.System{}
	w := newWorld(t, storetest.Postgres(t), clock, env.TimeIDs{Clock: clock, Rand: env.SystemRand{}})
	p := &poller{world: w, seen: map[string]int{}}
	begun, release, finished := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		var once sync.Once
		finished <- w.store.Tx(t.Context(), func(tx *store.Tx) error {
			if err := w.mark(tx, "early, but slow"); err != nil {
				return err
			}
			once.Do(func() { close(begun) })
			<-release
			return nil
		})
	}()
	<-begun
	if err := w.store.Tx(t.Context(), func(tx *store.Tx) error { return w.mark(tx, "late, but quick") }); err != nil {
		t.Fatal(err)
	}
	p.poll(t)
	if p.seen["late, but quick"] != 1 || len(p.seen) != 1 {
		t.Fatalf("before the slow commit: %v", p.seen)
	}
	close(release)
	if err := <-finished; err != nil {
		t.Fatal(err)
	}
	p.poll(t)
	if p.seen["early, but slow"] != 1 || len(p.seen) != 2 {
		t.Fatalf("after the slow commit: %v", p.seen)
	}
}
