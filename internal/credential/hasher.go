package credential

import (
	"context"
	"fmt"
	"runtime"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"usher/internal/env"
)

// MaxPasswordLength is the greatest number of characters of a password.
// (spec: management#createUser, PasswordCredential)
const MaxPasswordLength = 72

// maxPasswordBytes bounds the UTF-8 form: no character has more than four bytes.
const maxPasswordBytes = 4 * MaxPasswordLength

// Params are the costs of argon2id. (RFC 9106 section 3.1)
type Params struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// DefaultParams are 19 MiB, two passes, one thread.
func DefaultParams() Params { return Params{Memory: 19456, Time: 2, Threads: 1} }

const (
	saltSize = 16
	keySize  = 32
)

// Match is the outcome of comparing a password with a stored hash.
type Match struct {
	OK bool
	// Stale tells that the stored hash is of another kind or cost than new ones:
	// after a match it should be replaced.
	Stale bool
}

// Hasher hashes and compares passwords. Only as many computations as there are
// slots run at once, since each takes a core and 19 MiB; the others wait until
// their context ends.
type Hasher struct {
	rand   env.Rand
	params Params
	slots  chan struct{}
	// slow is the one slot of imported hashes of extreme cost, so that they
	// cannot keep everybody else waiting.
	slow chan struct{}
}

// NewHasher returns a hasher with the given costs and number of slots; zero
// slots mean one for each core.
func NewHasher(r env.Rand, p Params, slots int) *Hasher {
	if slots <= 0 {
		slots = runtime.GOMAXPROCS(0)
	}
	return &Hasher{rand: r, params: p, slots: make(chan struct{}, slots), slow: make(chan struct{}, 1)}
}

// Hash returns the encoded hash (a PHC string) of a password of at most
// MaxPasswordLength characters. The error is the context's, or tells of a
// password that is too long, which Check refuses before.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	password = norm.NFC.String(password)
	if tooLong(password) {
		return "", fmt.Errorf("credential: a password has at most %d characters", MaxPasswordLength)
	}
	salt := make([]byte, saltSize)
	h.rand.Read(salt)
	a := argon{params: h.params, salt: salt}
	err := h.run(ctx, h.slots, func() error {
		a.key = h.params.key(password, salt, keySize)
		return nil
	})
	if err != nil {
		return "", err
	}
	return a.encode(), nil
}

// Verify compares a password with an encoded hash made by Hash or Import. The
// error is the context's or tells of an encoded text that cannot be read; a
// password that does not match is no error. A mismatch costs no less than one
// computation with the current parameters, so that a cheap imported hash does
// not give its owner away.
func (h *Hasher) Verify(ctx context.Context, encoded, password string) (Match, error) {
	if tooLong(password) {
		return Match{}, h.Dummy(ctx, "")
	}
	stored, err := parse(encoded)
	if err != nil {
		return Match{}, err
	}
	lane := h.slots
	if stored.heavy() {
		lane = h.slow
	}
	m := Match{Stale: !stored.current(h.params)}
	err = h.run(ctx, lane, func() (err error) {
		m.OK, err = stored.matches(password)
		return err
	})
	if err == nil && !m.OK && stored.cheaper(h.params) {
		err = h.Dummy(ctx, password)
	}
	return m, err
}

// Dummy spends what Verify spends, for a login that is nobody's or a user
// without a password.
func (h *Hasher) Dummy(ctx context.Context, password string) error {
	if tooLong(password) {
		password = ""
	}
	return h.run(ctx, h.slots, func() error {
		h.params.key(password, make([]byte, saltSize), keySize)
		return nil
	})
}

// run does the work when a slot is free.
func (h *Hasher) run(ctx context.Context, lane chan struct{}, work func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case lane <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-lane }()
	return work()
}

// key computes argon2id of the password in its composed form (NFC), so that the
// same characters match however a keyboard composes them. (RFC 8265 section 4.2)
func (p Params) key(password string, salt []byte, size uint32) []byte {
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, p.Time, p.Memory, p.Threads, size)
}

func tooLong(password string) bool {
	return len(password) > maxPasswordBytes || utf8.RuneCountInString(password) > MaxPasswordLength
}
