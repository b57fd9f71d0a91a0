package keys

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/store/storetest"
)

func keeper(t *testing.T, key string, older ...string) *Keeper {
	t.Helper()
	var old [][]byte
	for _, o := range older {
		old = append(old, []byte(o))
	}
	k, err := NewKeeper(env.NewSeeded(1), []byte(key), old...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const (
	keyA = "an example of a master key, 32 bytes"
	keyB = "another example of a master key, too"
)

func TestSealBindsThePlace(t *testing.T) {
	k := keeper(t, keyA)
	here := Place{Table: "outbox", Column: "sealed", Row: "1"}
	sealed := k.Seal(here, []byte("secret"))
	if strings.Contains(sealed, "secret") {
		t.Fatal("not encrypted")
	}
	if plain, err := k.Open(here, sealed); err != nil || !bytes.Equal(plain, []byte("secret")) {
		t.Fatalf("%q, %v", plain, err)
	}
	if k.Seal(here, []byte("secret")) == sealed {
		t.Fatal("the nonce repeats")
	}
	for name, p := range map[string]Place{
		"row": {"outbox", "sealed", "2"}, "column": {"outbox", "kind", "1"}, "table": {"keys", "sealed", "1"},
	} {
		if _, err := k.Open(p, sealed); !errors.Is(err, ErrSealed) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	for _, bad := range []string{"", ".", "x", sealed[:len(sealed)-2], strings.ToUpper(sealed)} {
		if _, err := k.Open(here, bad); !errors.Is(err, ErrSealed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOlderKeysStillOpen(t *testing.T) {
	p := Place{Table: "t", Column: "c", Row: "r"}
	sealed := keeper(t, keyA).Seal(p, []byte("x"))
	if _, err := keeper(t, keyB, keyA).Open(p, sealed); err != nil {
		t.Fatal(err)
	}
	if _, err := keeper(t, keyB).Open(p, sealed); !errors.Is(err, ErrSealed) {
		t.Fatalf("an unknown key: %v", err)
	}
	if _, err := NewKeeper(env.NewSeeded(1), []byte("short")); err == nil {
		t.Fatal("a short key is accepted")
	}
}

func TestWrongKeyFailsAtStart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url, env.NewFixed(time.Unix(1e9, 0)))
		for i, step := range []struct {
			k    *Keeper
			want error
		}{{keeper(t, keyA), nil}, {keeper(t, keyA), nil}, {keeper(t, keyB), ErrWrongMasterKey}, {keeper(t, keyB, keyA), nil}} {
			if err := step.k.Check(t.Context(), s); !errors.Is(err, step.want) {
				t.Fatalf("step %d: %v", i, err)
			}
		}
	})
}

// TestOneFirstKey begins with several keys at once: the database takes one.
func TestOneFirstKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url, env.NewFixed(time.Unix(1e9, 0)))
		const nodes = 8
		var taken atomic.Int32
		var begun, wg sync.WaitGroup
		begun.Add(nodes)
		for n := range nodes {
			k := keeper(t, strings.Repeat(string(rune('a'+n)), MasterKeySize))
			wg.Go(func() {
				begun.Done()
				begun.Wait()
				switch err := k.Check(t.Context(), s); {
				case err == nil:
					taken.Add(1)
				case !errors.Is(err, ErrWrongMasterKey):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if taken.Load() != 1 {
			t.Errorf("%d of %d keys were taken", taken.Load(), nodes)
		}
	})
}

func TestEqual(t *testing.T) {
	if !Equal("a", "a") || Equal("a", "b") || Equal("", "a") {
		t.Fatal("Equal does not tell equal from different")
	}
	if len(Hash("x")) != 32 || bytes.Equal(Hash("x"), Hash("y")) {
		t.Fatal("Hash")
	}
}

func FuzzOpen(f *testing.F) {
	k, err := NewKeeper(env.NewSeeded(1), []byte(keyA))
	if err != nil {
		f.Fatal(err)
	}
	p := Place{Table: "t", Column: "c", Row: "r"}
	f.Add(k.Seal(p, []byte("x")))
	f.Add("a.b")
	f.Fuzz(func(t *testing.T, s string) {
		if plain, err := k.Open(p, s); err == nil && k.KeyID() != s[:strings.IndexByte(s, '.')] {
			t.Fatalf("opened %q to %q", s, plain)
		}
	})
}

func TestColumnBindsTheRow(t *testing.T) {
	k := keeper(t, keyA)
	c := k.Column("outbox", "sealed")
	sealed := c.Seal("1", []byte("x"))
	if plain, err := k.Open(Place{"outbox", "sealed", "1"}, sealed); err != nil || string(plain) != "x" {
		t.Fatalf("%q, %v", plain, err)
	}
	if plain, err := c.Open("1", sealed); err != nil || string(plain) != "x" {
		t.Fatalf("%q, %v", plain, err)
	}
	if _, err := c.Open("2", sealed); !errors.Is(err, ErrSealed) {
		t.Fatalf("another row: %v", err)
	}
}
