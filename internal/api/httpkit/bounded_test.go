package httpkit

import (
	"context"
	"errors"
	"testing"

	"usher/internal/env"
)

type boundedKey struct{}

func newBounded(outer context.Context) *bounded {
	return &bounded{begun: env.StartWatch(), outer: outer}
}

// TestARequestsContextEnds: with the request, with its connection, and with the
// time that the work may take; whoever waits for it hears so, before and after
// somebody began to wait.
func TestARequestsContextEnds(t *testing.T) {
	outer, cancel := context.WithCancel(context.WithValue(t.Context(), boundedKey{}, "v"))
	answered, dropped, late := newBounded(outer), newBounded(outer), newBounded(context.WithoutCancel(outer))
	late.begun = env.Stopwatch{} // long ago
	if err := answered.Err(); err != nil || answered.timed != nil || answered.Value(boundedKey{}) != "v" {
		t.Fatalf("at the beginning: %v", err)
	}
	if !errors.Is(late.Err(), context.DeadlineExceeded) {
		t.Errorf("after all the time: %v", late.Err())
	}
	child, stop := context.WithCancel(answered)
	defer stop()
	if at, ok := answered.Deadline(); !ok || at.IsZero() || answered.Value(boundedKey{}) != "v" {
		t.Errorf("the deadline is %v", at)
	}
	answered.end()
	<-child.Done()
	cancel()
	unwatched := newBounded(t.Context())
	unwatched.end()
	for name, c := range map[string]*bounded{"answered": answered, "dropped": dropped, "never watched": unwatched} {
		before := c.Err()
		<-c.Done()
		if !errors.Is(before, context.Canceled) || !errors.Is(c.Err(), context.Canceled) {
			t.Errorf("%s: %v, then %v", name, before, c.Err())
		}
	}
	<-late.Done()
	if !errors.Is(late.Err(), context.DeadlineExceeded) {
		t.Errorf("late: %v", late.Err())
	}
}
