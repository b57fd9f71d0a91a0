package env

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestMovableClock(t *testing.T) {
	c := NewFixed(noon)
	c.Advance(90 * time.Minute)
	if got, want := c.Now(), noon.Add(90*time.Minute); !got.Equal(want) {
		t.Fatalf("after Advance: got %v, want %v", got, want)
	}
	c.Set(noon)
	if !c.Now().Equal(noon) {
		t.Fatalf("after Set: got %v", c.Now())
	}

	running := NewMovable(c)
	running.Advance(-time.Hour)
	if got := running.Now(); !got.Equal(noon.Add(-time.Hour)) {
		t.Fatalf("running clock moved back: got %v", got)
	}
	c.Advance(time.Minute)
	if got := running.Now(); !got.Equal(noon.Add(-59 * time.Minute)) {
		t.Fatalf("running clock follows its base: got %v", got)
	}
	running.Reset()
	if !running.Now().Equal(c.Now()) {
		t.Fatal("Reset must take the moves back")
	}
}

func TestIDsSortByTime(t *testing.T) {
	clock := NewFixed(noon)
	g := TimeIDs{Clock: clock, Rand: NewSeeded(1)}
	var ids, uuids []string
	for range 50 {
		id := g.New("00u")
		if len(id) != 20 || !strings.HasPrefix(id, "00u") {
			t.Fatalf("bad id %q", id)
		}
		ids = append(ids, id)
		uuids = append(uuids, g.UUID(clock.Now(), 0), g.UUID(clock.Now(), 1))
		clock.Advance(time.Millisecond)
	}
	if !slices.IsSorted(ids) || !slices.IsSorted(uuids) {
		t.Fatal("identifiers must sort by the time they were made")
	}
	if floor := UUIDFloor(noon); floor > uuids[0] || UUIDFloor(noon.Add(time.Millisecond)) <= uuids[0] {
		t.Fatalf("floor %s does not bound %s", floor, uuids[0])
	}
	if u := uuids[0]; len(u) != 36 || u[14] != '7' || !strings.ContainsRune("89ab", rune(u[19])) {
		t.Fatalf("not a version 7 UUID: %s", u)
	}
}

func TestCountingRepeats(t *testing.T) {
	a, b := &Counting{}, &Counting{}
	for range 100 {
		if x, y := a.New("00g"), b.New("00g"); x != y || len(x) != 20 {
			t.Fatalf("%q and %q", x, y)
		}
	}
}

func TestPickIsUniform(t *testing.T) {
	counts := map[rune]int{}
	for _, r := range Alphanumeric(NewSeeded(7), 62*1000) {
		counts[r]++
	}
	if len(counts) != 62 {
		t.Fatalf("%d characters seen", len(counts))
	}
	for r, n := range counts {
		if n < 800 || n > 1200 {
			t.Errorf("%c drawn %d times of about 1000", r, n)
		}
	}
	if d := Digits(SystemRand{}, 6); len(d) != 6 || strings.Trim(d, "0123456789") != "" {
		t.Fatalf("bad digits %q", d)
	}
	if s := Secret(NewSeeded(1), "00", 32); len(s) != 45 {
		t.Fatalf("secret of %d characters", len(s))
	}
}
