package credential

import (
	"encoding/base64"
	"fmt"
	"strings"

	"usher/internal/idp"
)

// Bounds on imported hashes.
const (
	minIterations = 4096 // (spec: management PasswordCredentialHash.iterationCount)
	maxIterations = 10_000_000
	minKeySize    = 16
	maxKeySize    = 128
	maxSaltSize   = 256
	minWorkFactor = 4 // bcrypt itself defines no lower cost
	maxWorkFactor = 20
	maxBase64     = 512
)

// HashSpec is a hash that another system made of a password.
// (spec: management#createUser, PasswordCredentialHash)
type HashSpec struct {
	Algorithm string // BCRYPT, SHA-512, SHA-256, SHA-1, MD5 or PBKDF2
	// Value is the hash: base64, for BCRYPT 31 characters of its own alphabet.
	Value string
	// Salt is base64, for BCRYPT 22 characters of its own alphabet.
	Salt       string
	SaltOrder  string // PREFIX or POSTFIX; with a salt of SHA and MD5
	WorkFactor int    // BCRYPT: 4 to 20
	// The following are of PBKDF2.
	IterationCount  int    // 4,096 to 10,000,000
	KeySize         int    // bytes of the value
	DigestAlgorithm string // SHA256_HMAC or SHA512_HMAC
}

// Import checks an imported hash and returns its encoded form for Verify. It
// fails with KindInvalid on "password"; the causes name the members at fault.
func Import(s HashSpec) (string, error) {
	switch s.Algorithm {
	case "BCRYPT":
		return s.bcrypt()
	case "MD5", "SHA-1", "SHA-256", "SHA-512":
		return s.digest()
	case "PBKDF2":
		return s.pbkdf2()
	}
	return "", badHash("algorithm", "must be one of BCRYPT, SHA-512, SHA-256, SHA-1, MD5, PBKDF2")
}

func badHash(member, format string, args ...any) error {
	return idp.Invalid("password", idp.Cause{Field: "password.hash." + member, Text: fmt.Sprintf(format, args...)})
}

func (s HashSpec) bcrypt() (string, error) {
	if s.WorkFactor < minWorkFactor || s.WorkFactor > maxWorkFactor {
		return "", badHash("workFactor", "must be between %d and %d", minWorkFactor, maxWorkFactor)
	}
	if !radix64(s.Salt, 22) {
		return "", badHash("salt", "must be 22 radix-64 characters")
	}
	if !radix64(s.Value, 31) {
		return "", badHash("value", "must be 31 radix-64 characters")
	}
	return fmt.Sprintf("$2a$%02d$%s%s", s.WorkFactor, s.Salt, s.Value), nil
}

// radix64 tells whether text is n characters of bcrypt's alphabet.
func radix64(text string, n int) bool {
	const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	return len(text) == n && strings.Trim(text, alphabet) == ""
}

func (s HashSpec) digest() (string, error) {
	d := digest{name: strings.ToLower(strings.ReplaceAll(s.Algorithm, "-", "")), order: orderNone}
	var err error
	if d.value, err = fromBase64("value", s.Value); err != nil {
		return "", err
	}
	if size := newDigest(d.name)().Size(); len(d.value) != size {
		return "", badHash("value", "must be the base64 form of %d bytes", size)
	}
	if s.Salt != "" {
		if d.salt, err = salt(s.Salt); err != nil {
			return "", err
		}
		switch s.SaltOrder {
		case "PREFIX":
			d.order = orderPrefix
		case "POSTFIX":
			d.order = orderPostfix
		default:
			return "", badHash("saltOrder", "must be PREFIX or POSTFIX when there is a salt")
		}
	}
	return d.encode(), nil
}

func (s HashSpec) pbkdf2() (string, error) {
	h := stretched{iterations: s.IterationCount}
	switch s.DigestAlgorithm {
	case "SHA256_HMAC":
		h.name = "pbkdf2-sha256"
	case "SHA512_HMAC":
		h.name = "pbkdf2-sha512"
	default:
		return "", badHash("digestAlgorithm", "must be SHA256_HMAC or SHA512_HMAC")
	}
	if s.IterationCount < minIterations || s.IterationCount > maxIterations {
		return "", badHash("iterationCount", "must be between %d and %d", minIterations, maxIterations)
	}
	var err error
	if h.salt, err = salt(s.Salt); err != nil {
		return "", err
	}
	if h.key, err = fromBase64("value", s.Value); err != nil {
		return "", err
	}
	if s.KeySize < minKeySize || s.KeySize > maxKeySize {
		return "", badHash("keySize", "must be between %d and %d", minKeySize, maxKeySize)
	}
	if len(h.key) != s.KeySize {
		return "", badHash("value", "must be the base64 form of %d bytes", s.KeySize)
	}
	return h.encode(), nil
}

func salt(text string) ([]byte, error) {
	b, err := fromBase64("salt", text)
	if err == nil && len(b) > maxSaltSize {
		err = badHash("salt", "must have at most %d bytes", maxSaltSize)
	}
	return b, err
}

// fromBase64 decodes a member that must not be empty, padded or not.
func fromBase64(member, text string) ([]byte, error) {
	if text == "" {
		return nil, badHash(member, "The field cannot be left blank")
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(text) > maxBase64 || len(b) == 0 {
		return nil, badHash(member, "must be base64 of at most %d characters", maxBase64)
	}
	return b, nil
}
