package credential

import (
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/bcrypt"
)

// foreign is what all imported hashes share: they are always stale.
type foreign struct{}

func (foreign) current(Params) bool { return false }

// bcryptHash is a bcrypt string: "$2a$10$" and 53 characters.
type bcryptHash string

// bcryptBytes is how much of a password bcrypt looks at.
const bcryptBytes = 72

func (b bcryptHash) matches(password string) (bool, error) {
	raw := []byte(password)
	// Whoever made the hash cut the password here as well.
	raw = raw[:min(len(raw), bcryptBytes)]
	err := bcrypt.CompareHashAndPassword([]byte(b), raw)
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("credential: bcrypt: %w", err)
	}
	return true, nil
}

func (b bcryptHash) cost() int {
	n, err := bcrypt.Cost([]byte(b))
	if err != nil {
		return 0
	}
	return n
}

func (b bcryptHash) current(Params) bool { return false }
func (b bcryptHash) heavy() bool         { return b.cost() > 12 }
func (b bcryptHash) cheaper(Params) bool { return b.cost() < 9 }
func (b bcryptHash) encode() string      { return string(b) }

// digest is a salted hash without any stretching: "$sha256$prefix$salt$value",
// salt and value in base64; the order is "none" without a salt.
type digest struct {
	foreign
	name, order string
	salt, value []byte
}

// The orders of salt and password in a digest.
const (
	orderNone    = "none"
	orderPrefix  = "prefix"
	orderPostfix = "postfix"
)

func newDigest(name string) func() hash.Hash {
	switch name {
	case "md5":
		return md5.New
	case "sha1":
		return sha1.New
	case "sha256":
		return sha256.New
	case "sha512":
		return sha512.New
	}
	return nil
}

func parseDigest(name string, f []string) (hashed, error) {
	d := digest{name: name}
	h := newDigest(name)
	if h == nil || len(f) != 3 {
		return nil, errEncoded
	}
	d.order = f[0]
	var err error
	if d.salt, err = base64.RawStdEncoding.DecodeString(f[1]); err != nil {
		return nil, errEncoded
	}
	if d.value, err = base64.RawStdEncoding.DecodeString(f[2]); err != nil || len(d.value) != h().Size() {
		return nil, errEncoded
	}
	if d.order != orderNone && d.order != orderPrefix && d.order != orderPostfix {
		return nil, errEncoded
	}
	return d, nil
}

func (d digest) matches(password string) (bool, error) {
	h := newDigest(d.name)()
	if d.order == orderPrefix {
		h.Write(d.salt)
	}
	h.Write([]byte(password))
	if d.order == orderPostfix {
		h.Write(d.salt)
	}
	return subtle.ConstantTimeCompare(h.Sum(nil), d.value) == 1, nil
}

func (d digest) heavy() bool         { return false }
func (d digest) cheaper(Params) bool { return true }

func (d digest) encode() string {
	return fmt.Sprintf("$%s$%s$%s$%s", d.name, d.order,
		base64.RawStdEncoding.EncodeToString(d.salt), base64.RawStdEncoding.EncodeToString(d.value))
}

// stretched is a PBKDF2 hash: "$pbkdf2-sha256$i=4096$salt$key". (RFC 8018 section 5.2)
type stretched struct {
	foreign
	name       string
	iterations int
	salt, key  []byte
}

func parsePBKDF2(name string, f []string) (hashed, error) {
	s := stretched{name: name}
	if len(f) != 3 {
		return nil, errEncoded
	}
	if _, err := fmt.Sscanf(f[0], "i=%d", &s.iterations); err != nil || s.iterations < 1 || s.iterations > maxIterations {
		return nil, errEncoded
	}
	var err error
	if s.salt, err = base64.RawStdEncoding.DecodeString(f[1]); err != nil {
		return nil, errEncoded
	}
	if s.key, err = base64.RawStdEncoding.DecodeString(f[2]); err != nil || len(s.key) < minKeySize || len(s.key) > maxKeySize {
		return nil, errEncoded
	}
	return s, nil
}

func (s stretched) matches(password string) (bool, error) {
	h := sha256.New
	if s.name == "pbkdf2-sha512" {
		h = sha512.New
	}
	key, err := pbkdf2.Key(h, password, s.salt, s.iterations, len(s.key))
	if err != nil {
		return false, fmt.Errorf("credential: PBKDF2: %w", err)
	}
	return subtle.ConstantTimeCompare(key, s.key) == 1, nil
}

func (s stretched) heavy() bool         { return s.iterations*len(s.key) > 64_000_000 }
func (s stretched) cheaper(Params) bool { return s.iterations < 100_000 }

func (s stretched) encode() string {
	return fmt.Sprintf("$%s$i=%d$%s$%s", s.name, s.iterations,
		base64.RawStdEncoding.EncodeToString(s.salt), base64.RawStdEncoding.EncodeToString(s.key))
}
