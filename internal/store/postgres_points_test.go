package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"usher/internal/env"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// TestReadsAtOnceKeepApart: reads that share a round trip get each its own row,
// its own failure, and nobody's else.
func TestReadsAtOnceKeepApart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url, env.System{})
		const readers, reads = 24, 40
		var wg sync.WaitGroup
		for r := range readers {
			wg.Go(func() {
				for n := range reads {
					if err := readOne(t.Context(), s, r*reads+n); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}

// readOne makes the nth of many reads: most find themselves, others nothing,
// fail, or are given up.
func readOne(ctx context.Context, s *store.Store, n int) error {
	var got string
	want := fmt.Sprintf("reader %d", n)
	switch n % 8 {
	case 0:
		if err := store.One(s.Read(ctx), []any{&got}, "SELECT $1 WHERE $1 <> $1", want); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("a row that is not there: %q, %w", got, err)
		}
	case 1:
		err := store.One(s.Read(ctx), []any{&got}, fmt.Sprintf("SELECT nothing%d", n%16))
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("a statement that is wrong: %q, %w", got, err)
		}
	case 2:
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if err := store.One(s.Read(ctx), []any{&got}, "SELECT CAST($1 AS TEXT)", want); err != nil && !errors.Is(err, context.Canceled) || err == nil && got != want {
			return fmt.Errorf("a read that was given up: %q, %w", got, err)
		}
	case 3:
		var a, b string
		if err := store.One(s.Read(ctx), []any{&a}, "SELECT CAST($1 AS TEXT), CAST($1 AS TEXT)", want); err == nil {
			return fmt.Errorf("two columns into one: %q, %q", a, b)
		}
	default:
		if err := store.One(s.Read(ctx), []any{&got}, "SELECT CAST($1 AS TEXT)", want); err != nil || got != want {
			return fmt.Errorf("%s is told %q, %w", want, got, err)
		}
	}
	return nil
}

// TestReadsShareRoundTrips: reads that come while others are under way go out
// together, and no slow one keeps them for long.
func TestReadsShareRoundTrips(t *testing.T) {
	s := storetest.Open(t, storetest.Postgres(t), env.System{})
	slow, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	turns := min(runtime.GOMAXPROCS(0), 8) // as the default size of the pool has it
	for range turns {
		wg.Go(func() {
			var n int64
			if err := store.One(s.Read(slow), []any{&n}, "SELECT 1::bigint FROM pg_sleep(20)"); !errors.Is(err, context.Canceled) {
				t.Error(n, err)
			}
		})
	}
	for busy := int64(0); busy < int64(turns) && t.Context().Err() == nil; {
		err := store.One(s.Read(t.Context()), []any{&busy}, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
		if err != nil {
			t.Fatal(err)
		}
	}
	const readers = 64
	var begun [readers]string // the transaction in which each was read
	var all sync.WaitGroup
	for i := range begun {
		all.Go(func() {
			if err := store.One(s.Read(t.Context()), []any{&begun[i]}, "SELECT pg_backend_pid()::text || ' ' || now()::text"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	cancel()
	trips := map[string]bool{}
	for _, b := range begun {
		trips[b] = true
	}
	if len(trips) == readers {
		t.Errorf("%d reads made %d round trips", readers, len(trips))
	}
}
