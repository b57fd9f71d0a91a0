package policy

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// order reads "a1 b2 !s3": an element is a name and its priority, the system's
// with an exclamation mark.
func order(t *testing.T, text string) []rank {
	t.Helper()
	var out []rank
	for _, f := range strings.Fields(text) {
		r := rank{system: strings.HasPrefix(f, "!")}
		f = strings.TrimPrefix(f, "!")
		if _, err := fmt.Sscanf(f[1:], "%d", &r.priority); err != nil {
			t.Fatal(err)
		}
		r.id = f[:1]
		out = append(out, r)
	}
	return out
}

func show(list []rank) string {
	var out []string
	for _, r := range list {
		mark := ""
		if r.system {
			mark = "!"
		}
		out = append(out, fmt.Sprintf("%s%s%d", mark, r.id, r.priority))
	}
	return strings.Join(out, " ")
}

func at(n int) *int { return &n }

func TestPlaceDense(t *testing.T) {
	for _, c := range []struct {
		list, id string
		wanted   *int
		want     string
	}{
		{"", "a", nil, "a1"},
		{"!s1", "a", nil, "a1 !s2"},
		{"a1 !s2", "b", nil, "a1 b2 !s3"},
		{"a1 b2 !s3", "c", at(1), "c1 a2 b3 !s4"},
		{"a1 b2 !s3", "c", at(2), "a1 c2 b3 !s4"},
		{"a1 b2 !s3", "c", at(999), "a1 b2 c3 !s4"},
		{"a1 b2 !s3", "c", at(0), "c1 a2 b3 !s4"},
		{"a1 b2 !s3", "c", at(-5), "c1 a2 b3 !s4"},
		{"a1 b2 c3 !s4", "a", at(3), "b1 c2 a3 !s4"},
		{"a1 b2 c3 !s4", "c", at(1), "c1 a2 b3 !s4"},
		{"a1 b2 c3 !s4", "b", nil, "a1 b2 c3 !s4"},
		{"a1 b2 c3 !s4", "a", at(99), "b1 c2 a3 !s4"},
		{"a1 !r2 !s3", "s", at(1), "a1 !r2 !s3"},
		{"a1 !r2 !s3", "b", nil, "a1 b2 !r3 !s4"},
	} {
		if got := show(placeDense(order(t, c.list), c.id, c.wanted)); got != c.want {
			t.Errorf("%s, %s at %v: %s, want %s", c.list, c.id, c.wanted, got, c.want)
		}
	}
	if got := show(closeGaps(order(t, "a1 b2 c3 !s4"), "b")); got != "a1 c2 !s3" {
		t.Errorf("without b: %s", got)
	}
}

func TestPlaceSparse(t *testing.T) {
	for _, c := range []struct {
		list, id string
		wanted   *int
		want     string
	}{
		{"!s99", "a", at(0), "a0 !s99"},
		{"!s99", "a", at(4), "a4 !s99"},
		{"!s99", "a", nil, "a0 !s99"},
		{"a4 !s99", "b", at(3), "b3 a4 !s99"},
		{"a4 !s99", "b", at(4), "b4 a5 !s99"},
		{"a4 b5 c9 !s99", "d", at(4), "d4 a5 b6 c9 !s99"},
		{"a4 !s99", "b", nil, "a4 b5 !s99"},
		{"a4 b7 !s99", "a", at(8), "b7 a8 !s99"},
		{"a4 b7 !s99", "a", nil, "a4 b7 !s99"},
		{"a97 b98 !s99", "c", at(98), "a96 c97 b98 !s99"},
		{"a97 b98 !s99", "c", at(1000), "a96 c97 b98 !s99"},
		{"a1 !s99", "s", at(5), "a1 !s99"},
	} {
		if got := show(placeSparse(order(t, c.list), c.id, c.wanted)); got != c.want {
			t.Errorf("%s, %s at %v: %s, want %s", c.list, c.id, c.wanted, got, c.want)
		}
	}
}

// TestOrderHolds: whatever is put and taken, the priorities are distinct, in
// order, and the system's come last.
func TestOrderHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dense := rapid.Bool().Draw(t, "dense")
		list := []rank{{id: "s", priority: 1, system: true}}
		if !dense {
			list[0].priority = catchAllPriority
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := rapid.StringMatching("[a-r]").Draw(t, "id")
			var wanted *int
			if rapid.Bool().Draw(t, "given") {
				n := rapid.IntRange(-2, 120).Draw(t, "wanted")
				wanted = &n
			}
			switch {
			case rapid.IntRange(0, 3).Draw(t, "what") == 0 && dense:
				list = closeGaps(list, id)
			case dense:
				list = placeDense(list, id, wanted)
			default:
				list = placeSparse(list, id, wanted)
			}
			for i, r := range list {
				if dense && r.priority != i+1 {
					t.Fatalf("a gap: %s", show(list))
				}
				if i > 0 && r.priority <= list[i-1].priority || r.system != (i == len(list)-1) || r.priority < 0 {
					t.Fatalf("out of order: %s", show(list))
				}
			}
		}
	})
}
