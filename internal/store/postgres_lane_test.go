package store

import (
	"context"
	"testing"
)

// TestLane: one is in the lane at a time; who gives up waiting holds nobody's
// place, and gives none back.
func TestLane(t *testing.T) {
	l := make(lane, 1)
	leave := l.enter(t.Context())
	if len(l) != 1 {
		t.Fatal("the lane is empty")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	l.enter(gone)()
	if len(l) != 1 {
		t.Fatal("who gave up waiting has taken the place of another")
	}
	entered := make(chan struct{})
	go func() {
		next := l.enter(t.Context())
		close(entered)
		next()
	}()
	leave()
	<-entered
}
