package apps

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"math/big"

	"usher/internal/env"
)

// ClientKeys are the public keys by which a client proves who it is.
type ClientKeys struct {
	Keys []ClientKey `json:"keys"`
}

// ClientKey is a public key of a client. (RFC 7517; spec: management JsonWebKey)
type ClientKey struct {
	Type   string  `json:"kty"` // RSA or EC
	ID     string  `json:"id"`  // pks...
	Status string  `json:"status"`
	KeyID  string  `json:"kid"`
	Use    *string `json:"use"`
	Alg    string  `json:"alg,omitempty"`
	E      string  `json:"e,omitempty"`
	N      string  `json:"n,omitempty"`
	X      string  `json:"x,omitempty"`
	Y      string  `json:"y,omitempty"`
	Curve  string  `json:"crv,omitempty"`
	// Private is what must not be there.
	Private string `json:"d,omitempty"`
}

// Bounds on the keys of clients.
const (
	maxClientKeys = 50
	minModulus    = 2048 // bits
	maxModulus    = 8192
	maxKeyID      = 255
)

// complete checks the keys; those that were there before keep their identifier.
func (k *ClientKeys) complete(before *App, f *faults) {
	if len(k.Keys) > maxClientKeys {
		f.add("jwks", "too many keys")
		return
	}
	old := map[string]string{}
	if before != nil && before.Details.OAuthClient.JWKS != nil {
		for _, key := range before.Details.OAuthClient.JWKS.Keys {
			old[key.KeyID] = key.ID
		}
	}
	seen := map[string]bool{}
	for i := range k.Keys {
		key := &k.Keys[i]
		key.ID = old[key.KeyID]
		if key.Status != "INACTIVE" {
			key.Status = "ACTIVE"
		}
		switch {
		case key.KeyID == "" && len(k.Keys) > 1:
			f.blank("jwks.kid")
		case len(key.KeyID) > maxKeyID || seen[key.KeyID]:
			f.add("jwks.kid", "must be unique and short")
		}
		seen[key.KeyID] = true
		key.check(f)
	}
}

// name gives identifiers to the keys that are new.
func (k *ClientKeys) name(ids env.IDs) {
	for i := range k.Keys {
		if k.Keys[i].ID == "" {
			k.Keys[i].ID = ids.New("pks")
		}
	}
}

func (key *ClientKey) check(f *faults) {
	if key.Private != "" {
		f.add("jwks", "a private key must not be given")
		return
	}
	if key.Use != nil && *key.Use != "sig" && *key.Use != "enc" {
		f.add("jwks.use", "must be sig or enc")
	}
	switch key.Type {
	case "RSA":
		n, e := number(key.N), number(key.E)
		if n == nil || e == nil || n.BitLen() < minModulus || n.BitLen() > maxModulus || e.BitLen() < 2 || e.BitLen() > 31 || e.Bit(0) == 0 {
			f.add("jwks", "is no usable RSA key of 2048 bits or more")
		}
	case "EC":
		key.guessCurve()
		if !key.onCurve() {
			f.add("jwks", "is no usable EC key")
		}
	default:
		f.add("jwks.kty", "must be RSA or EC")
	}
}

// guessCurve names the curve where it was left out, as the Terraform provider for
// Okta does: the size of the numbers tells it.
func (key *ClientKey) guessCurve() {
	if x, err := base64.RawURLEncoding.DecodeString(key.X); err == nil && key.Curve == "" {
		key.Curve = map[int]string{32: "P-256", 48: "P-384", 66: "P-521"}[len(x)]
	}
}

// onCurve tells whether the point is one of the named curve.
func (key *ClientKey) onCurve() bool {
	curve, ok := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[key.Curve]
	if !ok {
		return false
	}
	size := (curve.Params().BitSize + 7) / 8
	x, errX := base64.RawURLEncoding.DecodeString(key.X)
	y, errY := base64.RawURLEncoding.DecodeString(key.Y)
	if errX != nil || errY != nil || len(x) != size || len(y) != size {
		return false
	}
	_, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...))
	return err == nil
}

// number reads an unsigned integer. (RFC 7518 section 2)
func number(text string) *big.Int {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) == 0 || len(b) > maxModulus/8+1 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}
