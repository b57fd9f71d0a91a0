package fresh

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// world is a cache whose age the test moves and a value behind it.
type world struct {
	Cache[string, int]
	age   time.Duration
	value int
	reads int
}

func newWorld() *world {
	w := &world{value: 1}
	w.Age = func() time.Duration { return w.age }
	return w
}

func (w *world) get(t *testing.T, k string) int {
	t.Helper()
	v, err := w.Get(k, func() (int, error) { w.reads++; return w.value, nil })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAnAnswerLivesForALife(t *testing.T) {
	w := newWorld()
	w.get(t, "a")
	w.value, w.age = 2, Life-1
	if v, ok := w.Peek("a"); v != 1 || !ok {
		t.Fatalf("a look at it gives %d, %v", v, ok)
	}
	if v := w.get(t, "a"); v != 1 || w.reads != 1 {
		t.Fatalf("just before the end: %d after %d reads", v, w.reads)
	}
	w.age = Life
	if v, ok := w.Peek("a"); ok {
		t.Fatalf("a look at what is stale gives %d", v)
	}
	if v := w.get(t, "a"); v != 2 || w.reads != 2 {
		t.Fatalf("at the end: %d after %d reads", v, w.reads)
	}
}

func TestWhatIsForgottenIsReadAgain(t *testing.T) {
	w := newWorld()
	w.get(t, "a")
	w.get(t, "b")
	w.value = 2
	w.Forget(func(k string, _ int) bool { return k == "a" })
	if a, b := w.get(t, "a"), w.get(t, "b"); a != 2 || b != 1 {
		t.Fatalf("a %d, b %d", a, b)
	}
	w.ForgetAll()
	if b := w.get(t, "b"); b != 2 {
		t.Fatalf("b %d", b)
	}
}

func TestAnAnswerReadBeforeItWasForgottenIsNotKept(t *testing.T) {
	w := newWorld()
	v, err := w.Get("a", func() (int, error) {
		w.ForgetAll() // a write commits between the read and its answer
		return 1, nil
	})
	if v != 1 || err != nil {
		t.Fatal(v, err)
	}
	w.value = 2
	if v := w.get(t, "a"); v != 2 {
		t.Fatalf("the old answer %d was kept", v)
	}
}

func TestAFailureIsNotKept(t *testing.T) {
	w := newWorld()
	failure := errors.New("down")
	if _, err := w.Get("a", func() (int, error) { return 0, failure }); !errors.Is(err, failure) {
		t.Fatal(err)
	}
	if v := w.get(t, "a"); v != 1 {
		t.Fatal(v)
	}
}

func TestACacheIsBounded(t *testing.T) {
	var c Cache[int, int]
	var age atomic.Int64
	c.Age = func() time.Duration { return time.Duration(age.Load()) }
	for i := range 3 * Size {
		if _, err := c.Get(i, func() (int, error) { return i, nil }); err != nil {
			t.Fatal(err)
		}
		if i == Size/2 {
			age.Add(int64(Life))
		}
		if len(c.known) > Size {
			t.Fatalf("%d answers are kept", len(c.known))
		}
	}
}
