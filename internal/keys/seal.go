package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"usher/internal/env"
)

// MasterKeySize is the least number of bytes of a master key.
const MasterKeySize = 32

// ErrSealed tells that a sealed value cannot be opened: it was changed, moved to another
// place, or sealed under another key.
var ErrSealed = errors.New("keys: the sealed value cannot be opened with this master key")

// Keeper seals and opens values under a master key, with older keys still able
// to open what they sealed.
type Keeper struct {
	rand    env.Rand
	current ring
	old     []ring
}

// ring is one master key, known in sealed values by its identifier.
type ring struct {
	id   string
	aead cipher.AEAD
}

// NewKeeper returns a keeper that seals under master (32 bytes or more) and
// opens what master or one of the older keys sealed.
func NewKeeper(r env.Rand, master []byte, older ...[]byte) (*Keeper, error) {
	k := &Keeper{rand: r}
	var err error
	if k.current, err = newRing(master); err != nil {
		return nil, err
	}
	for _, m := range older {
		o, err := newRing(m)
		if err != nil {
			return nil, err
		}
		k.old = append(k.old, o)
	}
	return k, nil
}

func newRing(master []byte) (ring, error) {
	if len(master) < MasterKeySize {
		return ring{}, fmt.Errorf("keys: a master key has %d bytes or more, this one %d", MasterKeySize, len(master))
	}
	id, err := hkdf.Key(sha256.New, master, nil, "usher key id", 6)
	if err != nil {
		return ring{}, err
	}
	key, err := hkdf.Key(sha256.New, master, nil, "usher sealed values", 32)
	if err != nil {
		return ring{}, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return ring{}, err
	}
	aead, err := cipher.NewGCM(block)
	return ring{id: base64.RawURLEncoding.EncodeToString(id), aead: aead}, err
}

// Place is where a sealed value is stored. It is bound to the ciphertext, so
// that a value copied to another row cannot be opened there.
type Place struct{ Table, Column, Row string }

func (p Place) associatedData() []byte {
	return []byte(p.Table + "\x00" + p.Column + "\x00" + p.Row)
}

// KeyID names the current master key without telling anything about it.
func (k *Keeper) KeyID() string { return k.current.id }

// Seal encrypts a value for its place with AES-256-GCM. The result is text:
// key identifier, ".", nonce and ciphertext in base64url.
func (k *Keeper) Seal(p Place, plain []byte) string {
	nonce := make([]byte, k.current.aead.NonceSize(), k.current.aead.NonceSize()+len(plain)+k.current.aead.Overhead())
	k.rand.Read(nonce)
	return k.current.id + "." + base64.RawURLEncoding.EncodeToString(k.current.aead.Seal(nonce, nonce, plain, p.associatedData()))
}

// Open decrypts what Seal made for the same place, else ErrSealed.
func (k *Keeper) Open(p Place, sealed string) ([]byte, error) {
	id, text, ok := strings.Cut(sealed, ".")
	if !ok {
		return nil, ErrSealed
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, ErrSealed
	}
	for _, r := range append([]ring{k.current}, k.old...) {
		if n := r.aead.NonceSize(); r.id == id && len(raw) >= n {
			if plain, err := r.aead.Open(nil, raw[:n], raw[n:], p.associatedData()); err == nil {
				return plain, nil
			}
		}
	}
	return nil, ErrSealed
}

// Hash is how anything that a bearer presents (tokens, codes, handles, session
// ids) is stored and looked up: SHA-256 is enough for secrets of full entropy.
func Hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Equal compares two secrets in constant time.
func Equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
