package signintest

import (
	"encoding/binary"
	"testing"
	"time"

	"usher/internal/env"
)

// drawn are samples that mostly take about base, and now and then much longer,
// as those of a busy machine do.
func drawn(rand env.Rand, n int, base time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		var b [8]byte
		rand.Read(b[:])
		spread := time.Duration(binary.BigEndian.Uint32(b[:4])) * time.Millisecond / (1 << 32)
		if b[7] < 16 {
			spread *= 20
		}
		out[i] = base + spread
	}
	return out
}

// TestCompare: what is alike passes, a hash that is left out and a millisecond
// more do not, each in its direction.
func TestCompare(t *testing.T) {
	rand := env.NewSeeded(3)
	const n = 333
	control := drawn(rand, 2*n, 2*time.Millisecond)
	bands := noise(rand, control)
	for name, c := range map[string]struct {
		base time.Duration
		sign int
	}{
		"alike": {2 * time.Millisecond, 0}, "without a hash": {500 * time.Microsecond, -1}, "a millisecond more": {3 * time.Millisecond, 1},
	} {
		if v := compare(control, bands, drawn(rand, n, c.base)); v.sign != c.sign {
			t.Errorf("%s: %d, %v", name, v.sign, v)
		}
	}
}
