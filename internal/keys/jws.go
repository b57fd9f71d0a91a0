package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/env"
	"usher/internal/store"
)

const rsaBits = 2048

// maxToken bounds a token that is to be verified, in bytes.
const maxToken = 32 << 10

// generate makes a key pair and seals the private part.
func (s *Signing) generate(o Owner, alg Alg) (*store.SigningKey, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case RS256:
		private, err = rsa.GenerateKey(env.Reader{Rand: s.Rand}, rsaBits)
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), env.Reader{Rand: s.Rand})
	default:
		return nil, fmt.Errorf("there are no keys for %q", alg)
	}
	if err != nil {
		return nil, fmt.Errorf("generate signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("encode signing key: %w", err)
	}
	thumbprint, err := (&jose.JSONWebKey{Key: private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("name signing key: %w", err)
	}
	kid := base64.RawURLEncoding.EncodeToString(thumbprint)
	return &store.SigningKey{
		OrgID: o.OrgID, ServerID: o.ServerID, ID: kid, Alg: string(alg), Private: s.Keeper.Seal(o.place(kid), der), Created: s.Clock.Now(),
	}, nil
}

// parsePrivate reads a private key of the type that its algorithm has.
func parsePrivate(der []byte, alg Alg) (crypto.Signer, error) {
	v, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	switch k := v.(type) {
	case *rsa.PrivateKey:
		if alg == RS256 {
			return k, nil
		}
	case *ecdsa.PrivateKey:
		if alg == ES256 {
			return k, nil
		}
	}
	return nil, errors.New("is no key of its algorithm")
}

// Public is the public part, an *rsa.PublicKey or *ecdsa.PublicKey.
func (k *SigningKey) Public() crypto.PublicKey { return k.private.Public() }

// Signed is a token whose signature holds. Nobody may change what it has: it is
// remembered for a second.
type Signed struct {
	Type    string // in the header
	Payload []byte

	kid  string
	once sync.Once
	said any
}

// Said is what read makes of the token, which is asked once however often the
// token comes.
func (t *Signed) Said(read func(t *Signed) any) any {
	t.once.Do(func() { t.said = read(t) })
	return t.said
}

// Verify returns a token that the server has signed with a key that is still
// published, the algorithm being the key's own; else ErrSignature. It looks at
// nothing but the signature and the type in the header.
func (s *Signing) Verify(ctx context.Context, o Owner, token string) (*Signed, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return nil, ErrSignature
	}
	at := verifiedKey{o, sha256.Sum256([]byte(token))}
	v, ok := s.verified.Peek(at)
	if !ok {
		return s.verify(ctx, at, token)
	}
	// The key may be published no more.
	k, err := s.byID(ctx, o, v.kid)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return nil, ErrSignature
	}
	return v, nil
}

// verifiedKey names a token of a server by its SHA-256.
type verifiedKey struct {
	owner Owner
	token [sha256.Size]byte
}

// verify is Verify by what the token is.
func (s *Signing) verify(ctx context.Context, at verifiedKey, token string) (*Signed, error) {
	o := at.owner
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil || len(jws.Signatures) != 1 {
		return nil, ErrSignature
	}
	h := jws.Signatures[0].Protected
	k, err := s.byID(ctx, o, h.KeyID)
	if err != nil {
		return nil, err
	}
	if k == nil || string(k.Alg) != h.Algorithm {
		return nil, ErrSignature
	}
	payload, err := jws.Verify(k.Public())
	if err != nil {
		return nil, ErrSignature
	}
	typ, _ := h.ExtraHeaders[jose.HeaderType].(string)
	return s.verified.Get(at, func() (*Signed, error) { return &Signed{Type: typ, Payload: payload, kid: k.ID}, nil })
}

// byID returns a published key, nil for none. A key that is not known may have
// been made by another node just now.
func (s *Signing) byID(ctx context.Context, o Owner, kid string) (*SigningKey, error) {
	if kid == "" {
		return nil, nil
	}
	for _, age := range []time.Duration{setLife, rereadAfter} {
		v, err := s.load(ctx, o, age)
		if err != nil {
			return nil, err
		}
		for _, k := range v.published(s.Clock.Now()) {
			if k.ID == kid {
				return k, nil
			}
		}
	}
	return nil, nil
}
