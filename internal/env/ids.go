package env

import (
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

// IDs makes identifiers. They are names, not secrets: they sort by the time
// they were made (in byte order), so that paging by id is paging by creation.
// Implementations are safe for concurrent use.
type IDs interface {
	// New returns prefix (three characters) followed by base62, 20 characters
	// in all: 7 of time in milliseconds, then random ones.
	New(prefix string) string
	// UUID returns a version 7 UUID (RFC 9562 section 5.7) whose time is at. seq
	// (0 to 4095) orders those that one caller makes at the same instant.
	UUID(at time.Time, seq int) string
}

const (
	idLength   = 20
	timeDigits = 7 // 62^7 ms reach the year 2081
)

// TimeIDs makes identifiers from a clock and a generator.
type TimeIDs struct {
	Clock Clock
	Rand  Rand
}

// New implements IDs.
func (g TimeIDs) New(prefix string) string {
	return prefix + timeText(g.Clock.Now()) + Alphanumeric(g.Rand, idLength-timeDigits-len(prefix))
}

// UUID implements IDs.
func (g TimeIDs) UUID(at time.Time, seq int) string {
	var b [16]byte
	g.Rand.Read(b[8:])
	return uuid7(at, seq, b)
}

func timeText(t time.Time) string {
	var out [timeDigits]byte
	v := uint64(max(t.UnixMilli(), 0))
	for i := timeDigits - 1; i >= 0; i-- {
		out[i] = base62[v%62]
		v /= 62
	}
	return string(out[:])
}

// UUIDFloor returns the smallest version 7 UUID of the millisecond at: every
// UUID made at that instant or later sorts at or after it.
func UUIDFloor(at time.Time) string { return uuid7(at, 0, [16]byte{}) }

func uuid7(at time.Time, seq int, b [16]byte) string {
	ms := uint64(max(at.UnixMilli(), 0))
	for i := range 6 {
		b[i] = byte(ms >> (8 * (5 - i)))
	}
	b[6] = byte(seq>>8)&0x0f | 0x70
	b[7] = byte(seq)
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:], b[0:4])
	out[8] = '-'
	hex.Encode(out[9:], b[4:6])
	out[13] = '-'
	hex.Encode(out[14:], b[6:8])
	out[18] = '-'
	hex.Encode(out[19:], b[8:10])
	out[23] = '-'
	hex.Encode(out[24:], b[10:16])
	return string(out[:])
}

// Counting makes repeatable identifiers for tests: prefix and a running number.
type Counting struct {
	mu sync.Mutex
	n  uint64
}

// New implements IDs.
func (c *Counting) New(prefix string) string {
	n := c.next()
	out := []byte(prefix)
	for len(out) < idLength {
		out = append(out, '0')
	}
	for i := idLength - 1; i >= len(prefix) && n > 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return string(out)
}

// UUID implements IDs.
func (c *Counting) UUID(at time.Time, seq int) string {
	n := c.next()
	var b [16]byte
	for i := 15; i >= 9; i-- {
		b[i] = byte(n)
		n >>= 8
	}
	return uuid7(at, seq, b)
}

func (c *Counting) next() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n
}

// UUIDTime returns the instant that a version 7 UUID carries.
func UUIDTime(u string) (time.Time, error) {
	var b [6]byte
	if len(u) == 36 {
		if _, err := hex.Decode(b[:], []byte(u[:8]+u[9:13])); err == nil {
			var v int64
			for _, x := range b {
				v = v<<8 | int64(x)
			}
			return time.UnixMilli(v).UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("env: %q is no version 7 UUID", u)
}
