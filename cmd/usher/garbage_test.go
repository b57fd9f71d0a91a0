package main

import (
	"runtime"
	"sync/atomic"
	"testing"
)

func TestPercentFor(t *testing.T) {
	const mb = 1 << 20
	for live, want := range map[uint64]int{0: 400, mb: 400, 3 * mb: 400, 4 * mb: 300, 6 * mb: 150, 8 * mb: 100, 40 * mb: 100, 1 << 40: 100} {
		got := percentFor(live)
		if got != want {
			t.Errorf("%d MB live: %d %%, want %d", live/mb, got, want)
		}
		if trigger := live + live*uint64(got)/100; live < heapFloor/2 && trigger > heapFloor {
			t.Errorf("%d MB live: the heap may grow to %d MB", live/mb, trigger/mb)
		}
	}
}

func TestAfterEachCollection(t *testing.T) {
	var calls atomic.Int64
	afterEachCollection(func() { calls.Add(1) })
	for calls.Load() < 3 {
		if t.Context().Err() != nil {
			t.Fatal("not called after collections")
		}
		runtime.GC()
	}
	if liveBytes() == 0 {
		t.Error("nothing lives")
	}
}
