package credential

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode"

	"golang.org/x/crypto/bcrypt"

	"usher/internal/env"
)

// TestPasswordsOfAllCharacters: every assigned character of Unicode, spaces and
// controls too, can stand in a password, is told from its neighbour, and is
// nowhere cut.
func TestPasswordsOfAllCharacters(t *testing.T) {
	h := NewHasher(env.NewSeeded(1), Params{Memory: 8, Time: 1, Threads: 1}, 0)
	var all []rune
	for _, table := range unicode.Categories {
		for _, r := range table.R16 {
			all = append(all, rune(r.Lo), rune(r.Hi))
		}
		for _, r := range table.R32 {
			all = append(all, rune(r.Lo), rune(r.Hi))
		}
	}
	tried := 0
	for at := 0; at+MaxPasswordLength <= len(all); at += MaxPasswordLength {
		password := strings.ToValidUTF8(string(all[at:at+MaxPasswordLength]), "")
		if tooLong(password) {
			t.Fatalf("%q is too long", password)
		}
		encoded, err := h.Hash(t.Context(), password)
		if err != nil {
			// A composed form may be longer than what was typed.
			continue
		}
		tried++
		if m, err := h.Verify(t.Context(), encoded, password); err != nil || !m.OK {
			t.Errorf("%q does not match: %v", password, err)
		}
		last := []rune(password)
		last[len(last)-1] = 'x'
		if m, err := h.Verify(t.Context(), encoded, string(last)); err != nil || (m.OK && string(last) != password) {
			t.Errorf("%q matches with another last character: %v", password, err)
		}
	}
	if tried < 50 {
		t.Errorf("only %d passwords were tried", tried)
	}
}

// TestNothingIsCutOff: passwords that differ in the last of 72 characters, of
// one byte or of four, differ.
func TestNothingIsCutOff(t *testing.T) {
	h := cheapHasher()
	for _, letter := range []string{"a", "é", "密", "🗝"} {
		password := strings.Repeat(letter, MaxPasswordLength)
		encoded, err := h.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		for name, other := range map[string]string{
			"another last one": strings.Repeat(letter, MaxPasswordLength-1) + "x", "one less": strings.Repeat(letter, MaxPasswordLength-1),
		} {
			if m, err := h.Verify(t.Context(), encoded, other); err != nil || m.OK {
				t.Errorf("%s of %s: %+v, %v", name, letter, m, err)
			}
		}
	}
}

// TestBcryptCutsOnce: an imported bcrypt hash looks at 72 bytes, as whoever made
// it did. With the first sign-in a hash takes its place that looks at all.
func TestBcryptCutsOnce(t *testing.T) {
	h := cheapHasher()
	password := strings.Repeat("密", 30) // 90 bytes
	made, err := bcrypt.GenerateFromPassword([]byte(password)[:72], bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	encoded := string(made)
	other := strings.Repeat("密", 29) + "码"
	if m, err := h.Verify(t.Context(), encoded, password); err != nil || m != (Match{OK: true, Stale: true}) {
		t.Fatalf("%+v, %v", m, err)
	}
	if m, err := h.Verify(t.Context(), encoded, other); err != nil || !m.OK {
		t.Fatalf("the hash that was imported cannot tell them apart: %+v, %v", m, err)
	}
	if encoded, err = h.Hash(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	if m, err := h.Verify(t.Context(), encoded, other); err != nil || m.OK {
		t.Errorf("the fresh hash looks at 72 bytes: %+v, %v", m, err)
	}
}

// TestThousandsHashFewAtATime: of a thousand sign-ins at once no more hash than
// there are slots, which bounds the memory: all of them come through.
func TestThousandsHashFewAtATime(t *testing.T) {
	const slots, requests = 2, 1000
	h := NewHasher(env.NewSeeded(1), Params{Memory: 64, Time: 1, Threads: 1}, slots)
	var running, most, done atomic.Int32
	var wg sync.WaitGroup
	for range requests {
		wg.Go(func() {
			err := h.run(t.Context(), h.slots, func() error {
				n := running.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				h.params.key("password", make([]byte, saltSize), keySize)
				running.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			done.Add(1)
		})
	}
	wg.Wait()
	if most.Load() > slots || done.Load() != requests {
		t.Errorf("%d at once, %d done", most.Load(), done.Load())
	}
}
