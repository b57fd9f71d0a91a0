package env

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math/bits"
	mrand "math/rand/v2"
	"sync"
)

// Rand gives unpredictable bytes. Implementations are safe for concurrent use.
type Rand interface {
	// Read fills p completely; it never fails.
	Read(p []byte)
}

// SystemRand is the operating system's generator.
type SystemRand struct{}

// Read implements Rand.
func (SystemRand) Read(p []byte) {
	if _, err := io.ReadFull(rand.Reader, p); err != nil {
		// Without randomness nothing that we could answer would be safe.
		panic("env: the system's random generator failed: " + err.Error())
	}
}

// Reader makes an io.Reader of a generator, for what makes keys.
type Reader struct{ Rand }

// Read implements io.Reader.
func (r Reader) Read(p []byte) (int, error) {
	r.Rand.Read(p)
	return len(p), nil
}

// Seeded is a repeatable generator for tests. It must never reach production.
type Seeded struct {
	mu  sync.Mutex
	src *mrand.ChaCha8
}

// NewSeeded returns a generator whose bytes depend on seed alone.
func NewSeeded(seed uint64) *Seeded {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return &Seeded{src: mrand.NewChaCha8(key)}
}

// Read implements Rand.
func (s *Seeded) Read(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.src.Read(p)
}

// Secret returns prefix followed by n random bytes in unpadded base64url. 32
// bytes (256 bits) are enough for anything that a bearer can present.
func Secret(r Rand, prefix string, n int) string {
	b := make([]byte, n, n+len(prefix)+base64.RawURLEncoding.EncodedLen(n))
	r.Read(b)
	return string(base64.RawURLEncoding.AppendEncode(append(b[n:], prefix...), b))
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Alphanumeric returns n characters of A-Z, a-z and 0-9, each equally likely.
func Alphanumeric(r Rand, n int) string { return pick(r, base62, n) }

// Digits returns n decimal digits, each equally likely.
func Digits(r Rand, n int) string { return pick(r, base62[:10], n) }

// Text returns n characters of the given alphabet (at most 256 one-byte
// characters), each equally likely.
func Text(r Rand, alphabet string, n int) string { return pick(r, alphabet, n) }

// pick draws by rejection, so that no character is likelier than another.
func pick(r Rand, alphabet string, n int) string {
	mask := byte(1<<bits.Len(uint(len(alphabet)-1)) - 1)
	out := make([]byte, 0, n)
	buf := make([]byte, n+n/2+8)
	for {
		r.Read(buf)
		for _, b := range buf {
			if b &= mask; int(b) < len(alphabet) {
				if out = append(out, alphabet[b]); len(out) == n {
					return string(out)
				}
			}
		}
	}
}
