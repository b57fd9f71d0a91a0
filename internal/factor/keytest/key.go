package keytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// Flags of authenticator data. (WebAuthn Level 2 section 6.1)
const (
	present  = 0x01
	verified = 0x04
	attested = 0x40
)

// Key is a security key with one credential, used on one page.
type Key struct {
	T testing.TB
	// Origin is of the page, Host what it binds signatures to.
	Origin, Host string
	Verified     bool // it makes sure who uses it
	Absent       bool // nobody touches it
	Counter      uint32
	// Type takes the place of the ceremony's name in the client data.
	Type    string
	ID      []byte
	private *ecdsa.PrivateKey
}

// New returns a key whose secret is made of seed.
func New(t testing.TB, seed, origin, host string) *Key {
	t.Helper()
	secret := sha256.Sum256([]byte(seed))
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret[:])
	if err != nil {
		t.Fatal(err)
	}
	id := sha256.Sum256([]byte("credential " + seed))
	return &Key{T: t, Origin: origin, Host: host, Verified: true, ID: id[:], private: private}
}

// Create answers navigator.credentials.create: the fields that end an enrolment,
// with a packed attestation by the key itself. (WebAuthn Level 2 section 8.2)
func (k *Key) Create(challenge string) map[string]string {
	k.T.Helper()
	x, y := k.point()
	client, data := k.creation(challenge, map[int]any{1: 2, 3: -7, -1: 1, -2: x, -3: y})
	return k.attest(client, data, "packed", map[string]any{"alg": -7, "sig": k.sign(over(data, client))})
}

// CreateRSA is Create for a credential with an RSA key of this modulus, which
// nothing attests and nobody can sign with. (WebAuthn Level 2 section 8.7)
func (k *Key) CreateRSA(challenge string, modulus []byte) map[string]string {
	k.T.Helper()
	client, data := k.creation(challenge, map[int]any{1: 3, 3: -257, -1: modulus, -2: []byte{1, 0, 1}})
	return k.attest(client, data, "none", map[string]any{})
}

// creation is what is said and signed about a new credential.
func (k *Key) creation(challenge string, key map[int]any) (client, data []byte) {
	k.T.Helper()
	data = k.data(attested)
	data = append(data, make([]byte, 16)...) // no model
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.ID)))
	return k.client("webauthn.create", challenge), append(append(data, k.ID...), k.cbor(key)...)
}

func (k *Key) attest(client, data []byte, format string, statement map[string]any) map[string]string {
	k.T.Helper()
	object := k.cbor(map[string]any{"fmt": format, "authData": data, "attStmt": statement})
	return map[string]string{"clientData": text(client), "attestation": text(object)}
}

// Get answers navigator.credentials.get, with the counter gone up.
func (k *Key) Get(challenge string) map[string]string {
	k.T.Helper()
	k.Counter++
	client, data := k.client("webauthn.get", challenge), k.data(0)
	return map[string]string{"clientData": text(client), "authenticatorData": text(data), "signatureData": text(k.sign(over(data, client)))}
}

// point is the public key.
func (k *Key) point() (x, y []byte) {
	k.T.Helper()
	public, err := k.private.PublicKey.Bytes()
	if err != nil {
		k.T.Fatal(err)
	}
	return public[1:33], public[33:]
}

func (k *Key) client(typ, challenge string) []byte {
	k.T.Helper()
	if k.Type != "" {
		typ = k.Type
	}
	out, err := json.Marshal(map[string]any{"type": typ, "challenge": challenge, "origin": k.Origin, "crossOrigin": false})
	if err != nil {
		k.T.Fatal(err)
	}
	return out
}

func (k *Key) data(flags byte) []byte {
	if !k.Absent {
		flags |= present
	}
	if k.Verified {
		flags |= verified
	}
	host := sha256.Sum256([]byte(k.Host))
	return binary.BigEndian.AppendUint32(append(host[:], flags), k.Counter)
}

func over(data, client []byte) []byte {
	hash := sha256.Sum256(client)
	return append(append([]byte{}, data...), hash[:]...)
}

func (k *Key) sign(message []byte) []byte {
	k.T.Helper()
	hash := sha256.Sum256(message)
	out, err := k.private.Sign(nil, hash[:], crypto.SHA256)
	if err != nil {
		k.T.Fatal(err)
	}
	return out
}

func (k *Key) cbor(v any) []byte {
	k.T.Helper()
	out, err := webauthncbor.Marshal(v)
	if err != nil {
		k.T.Fatal(err)
	}
	return out
}

// text is base64 as the Sign-In Widget writes it, with padding.
func text(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
