package keys

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// es256Half is how many bytes each of the two numbers takes that a signature with
// ES256 consists of. (RFC 7518 section 3.4)
const es256Half = 32

// Sign returns payload as a compact JWS with the key's kid and alg. typ is the
// type in the header, "" for none; there are few of them. Signing the same twice
// gives the same text (ADR 0018). (RFC 7515 section 7.1)
func (k *SigningKey) Sign(typ string, payload []byte) (string, error) {
	header, err := k.header(typ)
	if err != nil {
		return "", err
	}
	size := rsaBits / 8
	if k.Alg == ES256 {
		size = 2 * es256Half
	}
	text := make([]byte, 0, len(header)+base64.RawURLEncoding.EncodedLen(len(payload))+base64.RawURLEncoding.EncodedLen(size)+2)
	text = append(append(text, header...), '.')
	text = base64.RawURLEncoding.AppendEncode(text, payload)
	signature, err := k.signature(sha256.Sum256(text))
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	text = append(text, '.')
	return string(base64.RawURLEncoding.AppendEncode(text, signature)), nil
}

// signature signs a hash, in the form that tokens have. No source of randomness
// is given: RSA takes none, and ECDSA then derives what it needs from the key and
// the hash. (RFC 7518 sections 3.3 and 3.4; RFC 6979)
func (k *SigningKey) signature(hash [sha256.Size]byte) ([]byte, error) {
	out, err := k.private.Sign(nil, hash[:], crypto.SHA256)
	if err != nil || k.Alg != ES256 {
		return out, err
	}
	return rawSignature(out)
}

// rawSignature turns an ECDSA signature from its ASN.1 form, a sequence of two
// integers, into both numbers side by side.
func rawSignature(der []byte) ([]byte, error) {
	var r, s []byte
	in, pair := cryptobyte.String(der), cryptobyte.String(nil)
	if !in.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1Integer(&r) || !pair.ReadASN1Integer(&s) || len(r) > es256Half || len(s) > es256Half {
		return nil, errors.New("an ECDSA signature is not what it should be")
	}
	out := make([]byte, 2*es256Half)
	copy(out[es256Half-len(r):], r)
	copy(out[2*es256Half-len(s):], s)
	return out, nil
}

// headers remembers the protected headers of a key's tokens as they stand there,
// by the type that they announce.
type headers struct {
	mu sync.Mutex
	by map[string]string
}

func (k *SigningKey) header(typ string) (string, error) {
	k.headers.mu.Lock()
	defer k.headers.mu.Unlock()
	if v, ok := k.headers.by[typ]; ok {
		return v, nil
	}
	text, err := json.Marshal(struct {
		Alg  Alg    `json:"alg"`
		ID   string `json:"kid"`
		Type string `json:"typ,omitempty"`
	}{k.Alg, k.ID, typ})
	if err != nil {
		return "", fmt.Errorf("token header: %w", err)
	}
	if k.headers.by == nil {
		k.headers.by = map[string]string{}
	}
	v := base64.RawURLEncoding.EncodeToString(text)
	k.headers.by[typ] = v
	return v, nil
}
