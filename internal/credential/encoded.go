package credential

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// errEncoded: a stored hash is in no format that we know.
var errEncoded = errors.New("credential: the stored hash cannot be read")

// hashed is a stored hash in one of the known formats.
type hashed interface {
	matches(password string) (bool, error)
	// current tells whether new hashes are made like this one.
	current(p Params) bool
	// heavy tells whether a comparison takes seconds rather than milliseconds.
	heavy() bool
	// cheaper tells whether a comparison costs less than a new hash.
	cheaper(p Params) bool
	encode() string
}

// parse reads an encoded hash: a PHC string of argon2id, a bcrypt string, or
// one of our own for imported digests and PBKDF2.
func parse(encoded string) (hashed, error) {
	fields := strings.Split(encoded, "$")
	if len(fields) < 4 || fields[0] != "" {
		return nil, errEncoded
	}
	switch name, rest := fields[1], fields[2:]; {
	case encoded == AskHook:
		return elsewhere{}, nil
	case name == "argon2id":
		return parseArgon(rest)
	case name == "2a" || name == "2b" || name == "2y":
		return bcryptHash(encoded), nil
	case name == "pbkdf2-sha256" || name == "pbkdf2-sha512":
		return parsePBKDF2(name, rest)
	default:
		return parseDigest(name, rest)
	}
}

// elsewhere stands for a password that another system keeps: nothing that is here
// matches it.
type elsewhere struct{ foreign }

func (elsewhere) matches(string) (bool, error) { return false, nil }
func (elsewhere) heavy() bool                  { return false }
func (elsewhere) cheaper(Params) bool          { return true }
func (elsewhere) encode() string               { return AskHook }

// Bounds on the parameters that a stored argon2id hash may ask for.
const (
	maxArgonMemory = 1 << 20 // KiB
	maxArgonTime   = 64
)

// argon is an argon2id hash.
type argon struct {
	params    Params
	salt, key []byte
}

func parseArgon(f []string) (hashed, error) {
	var version int
	var a argon
	if len(f) != 4 {
		return nil, errEncoded
	}
	if _, err := fmt.Sscanf(f[0], "v=%d", &version); err != nil || version != 19 {
		return nil, errEncoded
	}
	if _, err := fmt.Sscanf(f[1], "m=%d,t=%d,p=%d", &a.params.Memory, &a.params.Time, &a.params.Threads); err != nil {
		return nil, errEncoded
	}
	if p := a.params; p.Memory < 1 || p.Memory > maxArgonMemory || p.Time < 1 || p.Time > maxArgonTime || p.Threads < 1 {
		return nil, errEncoded
	}
	var err error
	if a.salt, err = base64.RawStdEncoding.DecodeString(f[2]); err != nil || len(a.salt) < 8 || len(a.salt) > 64 {
		return nil, errEncoded
	}
	if a.key, err = base64.RawStdEncoding.DecodeString(f[3]); err != nil || len(a.key) < 16 || len(a.key) > 64 {
		return nil, errEncoded
	}
	return a, nil
}

func (a argon) encode() string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", a.params.Memory, a.params.Time, a.params.Threads,
		base64.RawStdEncoding.EncodeToString(a.salt), base64.RawStdEncoding.EncodeToString(a.key))
}

func (a argon) matches(password string) (bool, error) {
	key := a.params.key(password, a.salt, uint32(len(a.key)))
	return subtle.ConstantTimeCompare(key, a.key) == 1, nil
}

func (a argon) current(p Params) bool {
	return a.params == p && len(a.salt) == saltSize && len(a.key) == keySize
}

func (a argon) heavy() bool { return a.cost() > 16*DefaultParams().cost() }

func (a argon) cheaper(p Params) bool { return a.cost() < p.cost() }

func (a argon) cost() uint64 { return a.params.cost() }

// cost is the memory that is walked over, in KiB.
func (p Params) cost() uint64 { return uint64(p.Memory) * uint64(p.Time) }
