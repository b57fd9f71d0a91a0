package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapFloor is how large the heap may become before garbage is collected for the
// first time, in bytes. What lives in it is 2 to 3 MB: Go's own floor of 4 MB had
// it collected after every few hundred requests, a twelfth of their CPU.
const heapFloor = 16 << 20

// Go's default collects when the heap has doubled, and its floor is 4 MB of each
// hundred percent.
const (
	usualPercent = 100
	mostPercent  = usualPercent * heapFloor / (4 << 20)
)

// collectLater lets the heap grow to heapFloor before it is collected, and to
// twice what lives in it where that is more, as is Go's default. Who sets GOGC
// decides alone (ADR 0019).
func collectLater() {
	if os.Getenv("GOGC") != "" {
		return
	}
	percent := mostPercent
	debug.SetGCPercent(percent)
	afterEachCollection(func() {
		if now := percentFor(liveBytes()); now != percent {
			percent = now
			debug.SetGCPercent(percent)
		}
	})
}

// percentFor is by how many percent the heap may grow beyond what lives in it.
func percentFor(live uint64) int {
	if live >= heapFloor/2 {
		return usualPercent
	}
	room := (heapFloor - live) * 100 / max(live, 1)
	return int(min(room, mostPercent)) / 50 * 50 // setting it stops the world: not for little
}

// liveBytes is what the last collection left over.
func liveBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// afterEachCollection calls f, from one goroutine, after every collection of
// garbage: something that nobody holds is found by each of them.
func afterEachCollection(f func()) {
	type unheld struct{ again func() }
	var again func(*unheld)
	again = func(u *unheld) {
		f()
		runtime.SetFinalizer(u, again)
	}
	runtime.SetFinalizer(&unheld{f}, again)
}
