package signintest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"usher/internal/env"
)

// Timed is one kind of request whose time must tell nothing, e.g. a sign-in of
// a user who is locked out.
type Timed struct {
	Name string
	Try  func() time.Duration // makes one request and tells how long it took
}

// Bounds of SameTime.
const (
	timedRuns   = 4    // a difference must show in as many runs, one after the other
	timedSplits = 2000 // how often the control is split to learn what chance does
	// timedFloor is left to what differs on purpose, a row that is not there to
	// be counted in, and is lost beside a hash of the real cost and a network.
	timedFloor = 200 * time.Microsecond
)

// SameTime measures the kinds interleaved, in an order that is drawn anew for
// each round, and fails the test when one of them takes another time than the
// control: the first two, which must be the same kind of request. samples is
// their number over all kinds; the short loop takes a quarter of them.
//
// What another time is the samples themselves say. The control is split in two
// at random again and again: the greatest difference between the halves that
// comes of that is the noise of this machine at this moment. A kind whose
// quartiles are farther off is suspected, and measured again; only one that is
// off in the same direction in every run fails, so that a busy machine does not.
func SameTime(t testing.TB, samples int, kinds ...Timed) {
	t.Helper()
	rand := env.NewSeeded(7)
	if testing.Short() {
		samples /= 4
	}
	var suspects map[string]int
	for run := range timedRuns {
		took := measure(rand, samples/len(kinds), kinds)
		control := slices.Concat(took[kinds[0].Name], took[kinds[1].Name])
		bands := noise(rand, control)
		found := map[string]int{}
		for _, k := range kinds[2:] {
			if v := compare(control, bands, took[k.Name]); v.sign != 0 {
				found[k.Name] = v.sign
				t.Logf("run %d: %s: %v", run+1, k.Name, v)
			}
		}
		if run == 0 {
			suspects = found
		}
		maps.DeleteFunc(suspects, func(name string, sign int) bool { return found[name] != sign })
		if len(suspects) == 0 {
			return
		}
	}
	for name := range suspects {
		t.Errorf("%s takes another time than %s", name, kinds[0].Name)
	}
}

// measure tries every kind once a round.
func measure(rand env.Rand, rounds int, kinds []Timed) map[string][]time.Duration {
	took := map[string][]time.Duration{}
	order := slices.Clone(kinds)
	for range rounds {
		shuffle(rand, order)
		for _, k := range order {
			took[k.Name] = append(took[k.Name], k.Try())
		}
	}
	return took
}

// verdict is what a comparison came to.
type verdict struct {
	sign     int // 0: the same; 1: slower; -1: faster
	quartile int
	off      time.Duration // from the control
	band     time.Duration // what chance does
}

func (v verdict) String() string {
	return fmt.Sprintf("quartile %d is off by %v, of which %v is noise", v.quartile, v.off, v.band)
}

// compare tells whether samples are off the control by more than the noise, and
// where they are most.
func compare(control []time.Duration, bands [4]time.Duration, samples []time.Duration) verdict {
	control, samples = slices.Sorted(slices.Values(control)), slices.Sorted(slices.Values(samples))
	var worst verdict
	for q := 1; q <= 3; q++ {
		v := verdict{quartile: q, off: quartile(samples, q) - quartile(control, q), band: bands[q]}
		switch {
		case v.off > v.band+timedFloor:
			v.sign = 1
		case v.off < -v.band-timedFloor:
			v.sign = -1
		default:
			continue
		}
		if worst.sign == 0 || v.off.Abs() > worst.off.Abs() {
			worst = v
		}
	}
	return worst
}

// noise is, by quartile, the greatest difference between two random halves of
// the same samples.
func noise(rand env.Rand, control []time.Duration) (bands [4]time.Duration) {
	mixed := slices.Clone(control)
	half := len(mixed) / 2
	for range timedSplits {
		shuffle(rand, mixed)
		a, b := slices.Sorted(slices.Values(mixed[:half])), slices.Sorted(slices.Values(mixed[half:]))
		for q := 1; q <= 3; q++ {
			bands[q] = max(bands[q], (quartile(a, q) - quartile(b, q)).Abs())
		}
	}
	return bands
}

// quartile of sorted samples.
func quartile(sorted []time.Duration, q int) time.Duration { return sorted[len(sorted)*q/4] }

// shuffle puts a list into a random order.
func shuffle[T any](rand env.Rand, list []T) {
	var b [4]byte
	for i := len(list) - 1; i > 0; i-- {
		rand.Read(b[:])
		j := int(binary.BigEndian.Uint32(b[:]) % uint32(i+1))
		list[i], list[j] = list[j], list[i]
	}
}
