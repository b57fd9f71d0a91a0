package oauth

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apps"
)

// instant is a time in a JWT: seconds, perhaps with a fraction. (RFC 7519
// section 2, NumericDate)
type instant float64

func (i instant) time() time.Time {
	const most = 1 << 37 // far enough, and within what a time can be
	v := min(max(float64(i), 0), most)
	return time.UnixMilli(int64(v * 1000)).UTC()
}

// audience is one value or several. (RFC 7519 section 4.1.3)
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// claims are the registered claims of a JWT. (RFC 7519 section 4.1)
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Expires   *instant `json:"exp"`
	NotBefore *instant `json:"nbf"`
	IssuedAt  *instant `json:"iat"`
	ID        string   `json:"jti"`
}

// signed is a JWT that came from outside. Nothing in it is believed before its
// signature has been checked.
type signed struct {
	text   string
	jws    *jose.JSONWebSignature
	claims claims
}

// header is the protected header of the only signature.
func (s *signed) header() jose.Header { return s.jws.Signatures[0].Protected }

var errJWT = errors.New("oauth: not a signed JWT")

// asymmetric and symmetric are the algorithms that outsiders may sign with.
func asymmetric() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA}
}

func symmetric() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
}

// parseAssertion reads a compact JWT.
func parseAssertion(text string) (*signed, error) {
	return parseJWT(text, append(asymmetric(), symmetric()...))
}

func parseJWT(text string, algorithms []jose.SignatureAlgorithm) (*signed, error) {
	if text == "" || len(text) > maxAssertion || strings.Count(text, ".") != 2 {
		return nil, errJWT
	}
	jws, err := jose.ParseSignedCompact(text, algorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, errJWT
	}
	s := &signed{text: text, jws: jws}
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &s.claims); err != nil {
		return nil, errJWT
	}
	return s, nil
}

// verifyAssertion checks the signature of a client's assertion by the keys or
// the secrets of the client, whichever its registration says.
func (p *Provider) verifyAssertion(ctx context.Context, client *Client, s *signed) error {
	bad := fault(InvalidClient, "The client_assertion signature is invalid.")
	hmac := strings.HasPrefix(s.header().Algorithm, "HS")
	switch client.Proof.AuthMethod {
	case apps.AuthPrivateJWT:
		if hmac {
			return bad
		}
		return p.verifyByKeys(ctx, client, s, bad)
	case apps.AuthSecretJWT, apps.AuthBasic, apps.AuthPost:
		if !hmac {
			return fault(InvalidClient, textWrongMethod)
		}
		return p.verifyBySecret(ctx, client, s, bad)
	}
	return fault(InvalidClient, textWrongMethod)
}

func (p *Provider) verifyBySecret(ctx context.Context, client *Client, s *signed, bad error) error {
	ok, err := p.Apps.ProveSecret(ctx, client.App, func(secret string) bool {
		_, err := s.jws.Verify([]byte(secret))
		return err == nil
	})
	if err != nil {
		return err
	}
	if !ok {
		return bad
	}
	return nil
}

// verifyByKeys checks a signature by the public keys of a client. A key is taken
// only for the algorithm of its own type, and for no other where it names one.
func (p *Provider) verifyByKeys(ctx context.Context, client *Client, s *signed, bad error) error {
	kid, alg := s.header().KeyID, s.header().Algorithm
	list, err := p.clientKeys(ctx, client, kid)
	if err != nil {
		return err
	}
	for _, k := range list {
		if kid != "" && k.KeyID != "" && k.KeyID != kid || k.Use == "enc" || k.Algorithm != "" && k.Algorithm != alg {
			continue
		}
		if _, err := s.jws.Verify(k); err == nil {
			return nil
		}
	}
	return bad
}

// clientKeys are the active public keys of a client. One that publishes them is
// asked anew for a key that was not among them, kid ("" for any), within bounds.
func (p *Provider) clientKeys(ctx context.Context, client *Client, kid string) ([]jose.JSONWebKey, error) {
	o := client.Settings
	if o.JWKS == nil {
		if o.JWKSURI == "" || p.FetchKeys == nil {
			return nil, fault(InvalidClient, "The client has no keys by which the client_assertion could be verified.")
		}
		list, err := p.fetched.get(ctx, p.Clock, o.JWKSURI, kid, p.FetchKeys)
		if err != nil {
			return nil, fault(InvalidClient, "The keys of the client could not be fetched from its jwks_uri.")
		}
		return list, nil
	}
	var out []jose.JSONWebKey
	for _, key := range o.JWKS.Keys {
		if key.Status == "INACTIVE" {
			continue
		}
		text, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		var k jose.JSONWebKey
		if k.UnmarshalJSON(text) == nil && k.IsPublic() && k.Valid() {
			out = append(out, k)
		}
	}
	return out, nil
}

// parseKeys reads a key set; keys of kinds that are not known are left out.
func parseKeys(text []byte) ([]jose.JSONWebKey, error) {
	const most = 50
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) > most {
		return nil, fault(InvalidClient, "The jwks_uri of the client gives no key set.")
	}
	var out []jose.JSONWebKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(raw) == nil && usable(&k) {
			out = append(out, k)
		}
	}
	return out, nil
}

// minBits is what an RSA key from outside has at least. (RFC 7518 section 3.3) The
// most is the library's affair, which reads none that would be costly.
const minBits = 2048

// usable tells whether a key is a public one that is not too weak.
func usable(k *jose.JSONWebKey) bool {
	if !k.IsPublic() || !k.Valid() {
		return false
	}
	r, ok := k.Key.(*rsa.PublicKey)
	return !ok || r.N.BitLen() >= minBits
}

// spentHash names something that is good once.
func spentHash(kind, owner, id string) []byte {
	sum := sha256.Sum256([]byte(kind + "\x00" + owner + "\x00" + id))
	return sum[:]
}
