package env

import (
	"sync"
	"time"
)

// Clock tells the time. Implementations are safe for concurrent use.
type Clock interface {
	// Now returns the current instant in UTC, cut to whole milliseconds, the
	// resolution that the store keeps.
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now implements Clock.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Stopwatch tells how long ago it was started, by the monotonic clock. It serves
// measurements (metrics, logs) and the bounds of waiting, never decisions.
type Stopwatch struct{ start time.Time }

// StartWatch returns a stopwatch that runs.
func StartWatch() Stopwatch { return Stopwatch{time.Now()} }

// Elapsed returns the time since the start.
func (s Stopwatch) Elapsed() time.Duration { return time.Since(s.start) }

// Elapsed returns a function that tells how long ago it was made, as a Stopwatch
// does.
func Elapsed() func() time.Duration { return StartWatch().Elapsed }

// Movable is a clock that tests and the control listener can move. It runs at
// the pace of its base clock plus an offset; a frozen one stands still until it
// is moved.
type Movable struct {
	mu     sync.Mutex
	base   Clock
	offset time.Duration
	frozen time.Time // zero when running
}

// NewMovable returns a clock that runs with base and can be moved.
func NewMovable(base Clock) *Movable { return &Movable{base: base} }

// NewFixed returns a clock that stands still at t until it is moved.
func NewFixed(t time.Time) *Movable {
	return &Movable{base: System{}, frozen: t.UTC().Truncate(time.Millisecond)}
}

// Now implements Clock.
func (m *Movable) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.frozen.IsZero() {
		return m.frozen
	}
	return m.base.Now().Add(m.offset)
}

// Advance moves the clock by d, which may be negative.
func (m *Movable) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d = d.Truncate(time.Millisecond)
	if !m.frozen.IsZero() {
		m.frozen = m.frozen.Add(d)
		return
	}
	m.offset += d
}

// Set moves the clock so that it reads t now.
func (m *Movable) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t = t.UTC().Truncate(time.Millisecond)
	if !m.frozen.IsZero() {
		m.frozen = t
		return
	}
	m.offset = t.Sub(m.base.Now())
}

// Reset takes back every move of a running clock.
func (m *Movable) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offset = 0
}

// Offset tells how far a running clock stands from its base.
func (m *Movable) Offset() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.offset
}
