package credential

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
)

// cheap keeps tests fast; the real costs are tested once.
var cheap = Params{Memory: 64, Time: 1, Threads: 1}

func cheapHasher() *Hasher { return NewHasher(env.NewSeeded(1), cheap, 2) }

func TestHashAndVerify(t *testing.T) {
	h := NewHasher(env.NewSeeded(1), DefaultParams(), 0)
	for _, password := range []string{"Abcd1234", "pässwörd 密码 🗝", strings.Repeat("🗝", MaxPasswordLength), " leading and trailing ", ""} {
		encoded, err := h.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Fatalf("encoded as %s", encoded)
		}
		if m, err := h.Verify(t.Context(), encoded, password); err != nil || m != (Match{OK: true}) {
			t.Errorf("%q: %+v, %v", password, m, err)
		}
		if m, err := h.Verify(t.Context(), encoded, password+"x"); err != nil || m != (Match{}) {
			t.Errorf("%q and x: %+v, %v", password, m, err)
		}
	}
}

func TestTwoHashesOfOnePasswordDiffer(t *testing.T) {
	h := cheapHasher()
	a, errA := h.Hash(t.Context(), "Abcd1234")
	b, errB := h.Hash(t.Context(), "Abcd1234")
	if errA != nil || errB != nil || a == b {
		t.Fatalf("%s %v, %s %v", a, errA, b, errB)
	}
}

func TestComposedAndDecomposedMatch(t *testing.T) {
	h := cheapHasher()
	encoded, err := h.Hash(t.Context(), "caf\u00e9 123")
	if err != nil {
		t.Fatal(err)
	}
	if m, err := h.Verify(t.Context(), encoded, "cafe\u0301 123"); err != nil || !m.OK {
		t.Fatalf("%+v, %v", m, err)
	}
}

func TestLength(t *testing.T) {
	h := cheapHasher()
	long := strings.Repeat("a", MaxPasswordLength+1)
	if _, err := h.Hash(t.Context(), long); err == nil {
		t.Error("a password of 73 characters was hashed")
	}
	encoded, err := h.Hash(t.Context(), long[:MaxPasswordLength])
	if err != nil {
		t.Fatal(err)
	}
	if m, err := h.Verify(t.Context(), encoded, long); err != nil || m.OK {
		t.Errorf("a longer password matches: %+v, %v", m, err)
	}
	if m, err := h.Verify(t.Context(), encoded, strings.Repeat("x", 10<<20)); err != nil || m.OK {
		t.Errorf("ten megabytes: %+v, %v", m, err)
	}
}

// The vectors are those that the reference implementation of argon2 and the
// one of bcrypt by Solar Designer are tested with, FIPS 180-4 and RFC 1321 for
// "abc", RFC 7914 section 11 and the usual ones of PBKDF2.
func TestPublicVectors(t *testing.T) {
	h := NewHasher(env.NewSeeded(1), cheap, 1)
	for _, c := range []struct{ name, encoded, password string }{
		{"argon2id", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"},
		{"bcrypt 1", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
		{"bcrypt 2", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"},
		{"bcrypt 3", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"},
		{"bcrypt 2b", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
		{"md5", imported(t, HashSpec{Algorithm: "MD5", Value: "kAFQmDzST7DWlj99KOF/cg=="}), "abc"},
		{"sha1", imported(t, HashSpec{Algorithm: "SHA-1", Value: "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="}), "abc"},
		{"sha256", imported(t, HashSpec{Algorithm: "SHA-256", Value: "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="}), "abc"},
		{
			"sha512", imported(t, HashSpec{Algorithm: "SHA-512", Value: "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="}), "abc",
		},
		// The same digests, the first or last two characters taken as the salt.
		{"md5 prefix", imported(t, HashSpec{Algorithm: "MD5", Value: "kAFQmDzST7DWlj99KOF/cg==", Salt: "YWI=", SaltOrder: "PREFIX"}), "c"},
		{"sha256 postfix", imported(t, HashSpec{Algorithm: "SHA-256", Value: "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0", Salt: "YmM", SaltOrder: "POSTFIX"}), "a"},
		{"pbkdf2 sha256", imported(t, HashSpec{
			Algorithm: "PBKDF2", DigestAlgorithm: "SHA256_HMAC", IterationCount: 4096, KeySize: 32,
			Salt: "c2FsdA==", Value: "xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=",
		}), "password"},
		{"pbkdf2 sha256, 64 bytes", imported(t, HashSpec{
			Algorithm: "PBKDF2", DigestAlgorithm: "SHA256_HMAC", IterationCount: 80000, KeySize: 64,
			Salt: "TmFDbA==", Value: "TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1ah1CWhIlgzVJrbhBtRybMXaicr3ruh0HhHj2Kzl/M8jQ==",
		}), "Password"},
		{"pbkdf2 sha512", imported(t, HashSpec{
			Algorithm: "PBKDF2", DigestAlgorithm: "SHA512_HMAC", IterationCount: 4096, KeySize: 64,
			Salt: "c2FsdA==", Value: "0Zexsz2wFD4BixLz0dFHnmzevcyXxcD4f2kC4HL0V7UUPzBgJkGz1VzTNZiMs2uEN2Bg7NUy4Dm3QqI5Q0ry1Q==",
		}), "password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if m, err := h.Verify(t.Context(), c.encoded, c.password); err != nil || m != (Match{OK: true, Stale: true}) {
				t.Errorf("%+v, %v", m, err)
			}
			if m, err := h.Verify(t.Context(), c.encoded, c.password+"x"); err != nil || m.OK {
				t.Errorf("another password: %+v, %v", m, err)
			}
		})
	}
}

func TestUnreadableHashes(t *testing.T) {
	h := cheapHasher()
	for _, encoded := range []string{
		"", "plain", "$", "$$$", "$argon2id$v=18$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$", "$sha256$prefix$YQ$YQ", "$sha256$middle$YQ$ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
		"$2a$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$pbkdf2-sha256$i=0$YQ$YWFhYWFhYWFhYWFhYWFhYQ", "$crypt$a$b$c",
	} {
		if m, err := h.Verify(t.Context(), encoded, "x"); err == nil || m.OK {
			t.Errorf("%q: %+v", encoded, m)
		}
	}
}

func TestStaleParameters(t *testing.T) {
	old := cheapHasher()
	encoded, err := old.Hash(t.Context(), "Abcd1234")
	if err != nil {
		t.Fatal(err)
	}
	now := NewHasher(env.NewSeeded(2), Params{Memory: 128, Time: 1, Threads: 1}, 1)
	if m, err := now.Verify(t.Context(), encoded, "Abcd1234"); err != nil || m != (Match{OK: true, Stale: true}) {
		t.Fatalf("%+v, %v", m, err)
	}
}

// TestSlotsAreBounded holds all slots and sees that nobody else gets in, and
// that a waiter leaves when its context ends.
func TestSlotsAreBounded(t *testing.T) {
	h := NewHasher(env.NewSeeded(1), cheap, 2)
	var running, most atomic.Int32
	release := make(chan struct{})
	started := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := h.run(t.Context(), h.slots, func() error {
				n := running.Add(1)
				for {
					m := most.Load()
					if n <= m || most.CompareAndSwap(m, n) {
						break
					}
				}
				started <- struct{}{}
				<-release
				running.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	<-started
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := h.Hash(ctx, "Abcd1234"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hashing with no free slot: %v", err)
	}
	if err := h.Dummy(ctx, "Abcd1234"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a dummy with no free slot: %v", err)
	}
	close(release)
	wg.Wait()
	if most.Load() != 2 {
		t.Errorf("%d ran at once", most.Load())
	}
}

func imported(t *testing.T, s HashSpec) string {
	t.Helper()
	encoded, err := Import(s)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(env.NewSeeded(1), DefaultParams(), 0)
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "Abcd1234"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMismatchCostsAHash: a wrong password costs as much for a user with a cheap
// imported hash as for nobody. The memory of argon2id is the measure.
func TestMismatchCostsAHash(t *testing.T) {
	const size = 4 << 20
	h := NewHasher(env.NewSeeded(1), Params{Memory: size >> 10, Time: 1, Threads: 1}, 1)
	weak, err := cheapHasher().Hash(t.Context(), "Abcd1234")
	if err != nil {
		t.Fatal(err)
	}
	for name, encoded := range map[string]string{
		"nobody": "",
		"md5":    imported(t, HashSpec{Algorithm: "MD5", Value: "kAFQmDzST7DWlj99KOF/cg=="}),
		"pbkdf2": "$pbkdf2-sha256$i=4096$c2FsdA$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o",
		"bcrypt": "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"weaker": weak,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if encoded == "" {
			err = h.Dummy(t.Context(), "wrong")
		} else {
			_, err = h.Verify(t.Context(), encoded, "wrong")
		}
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Error(err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used < size {
			t.Errorf("%s costs %d bytes", name, used)
		}
	}
}

func TestLanes(t *testing.T) {
	for _, c := range []struct {
		encoded string
		heavy   bool
	}{
		{"$2a$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", false},
		{"$2a$20$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", true},
		{"$pbkdf2-sha512$i=600000$c2FsdA$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o", false},
		{"$pbkdf2-sha512$i=10000000$c2FsdA$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o", true},
		{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", false},
		{"$argon2id$v=19$m=1048576,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", true},
	} {
		h, err := parse(c.encoded)
		if err != nil || h.heavy() != c.heavy {
			t.Errorf("%s: %v", c.encoded, err)
		}
		if err == nil && h.encode() != c.encoded {
			t.Errorf("%s is written as %s", c.encoded, h.encode())
		}
	}
}
