package oauth

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/idp"
	"usher/internal/keys"
)

// ProofRequest is a request that a proof of possession belongs to. (RFC 9449
// section 4)
type ProofRequest struct {
	Proof  string // the DPoP header
	Method string
	URL    string // as the caller knows it, without query
	// Token is the access token that comes along, empty at the token endpoint.
	Token string
}

// How long proofs and the nonces in them are good.
const (
	proofLife = 5 * time.Minute
	nonceLife = 24 * time.Hour
)

// noncePlace binds nonces to their organisation.
func noncePlace(orgID string) keys.Place {
	return keys.Place{Table: "dpop", Column: "nonce", Row: orgID}
}

// ProofNonce makes a nonce for proofs. Any node knows it again by the master
// key; nothing is stored. (RFC 9449 section 8)
func (p *Provider) ProofNonce(orgID string) string {
	now := strconv.FormatInt(p.Clock.Now().UnixMilli(), 10)
	return p.Keeper.Seal(noncePlace(orgID), []byte(now))
}

func (p *Provider) goodNonce(orgID, nonce string) bool {
	plain, err := p.Keeper.Open(noncePlace(orgID), nonce)
	if err != nil {
		return false
	}
	made, err := strconv.ParseInt(string(plain), 10, 64)
	age := p.Clock.Now().Sub(time.UnixMilli(made))
	return err == nil && age >= -clockSkew && age < nonceLife
}

// proofClaims are what a proof says. (RFC 9449 section 4.2)
type proofClaims struct {
	ID       string   `json:"jti"`
	Method   string   `json:"htm"`
	URL      string   `json:"htu"`
	IssuedAt *instant `json:"iat"`
	Nonce    string   `json:"nonce"`
	Hash     string   `json:"ath"`
}

// CheckProof verifies a proof of possession and returns the thumbprint of its
// key. It fails with UseProofNonce, with the nonce to use, for a proof that has
// none of ours, and with InvalidProof for anything else that is wrong: at the
// token endpoint every proof needs a nonce. (RFC 9449 section 4.3)
func (p *Provider) CheckProof(ctx context.Context, a idp.Actor, r ProofRequest) (thumbprint string, err error) {
	bad := func(text string) error { return fault(InvalidProof, text) }
	s, err := parseJWT(r.Proof, asymmetric())
	if err != nil {
		return "", bad("The DPoP proof JWT header is invalid.")
	}
	h := s.header()
	if typ, _ := h.ExtraHeaders[jose.HeaderType].(string); typ != "dpop+jwt" {
		return "", bad("The DPoP proof JWT has the wrong 'typ'.")
	}
	k := h.JSONWebKey
	if k == nil || !usable(k) {
		return "", bad("The DPoP proof JWT carries no usable public key.")
	}
	payload, err := s.jws.Verify(k)
	if err != nil {
		return "", bad("The DPoP proof JWT signature is invalid.")
	}
	var c proofClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		return "", bad("The DPoP proof JWT cannot be read.")
	}
	now := p.Clock.Now()
	switch {
	case c.ID == "" || len(c.ID) > maxParam:
		return "", bad("The DPoP proof JWT has no 'jti'.")
	case c.Method != r.Method:
		return "", bad("The DPoP proof JWT is for another method.")
	case !sameURL(c.URL, r.URL):
		return "", bad("The DPoP proof JWT is for another URL.")
	case c.IssuedAt == nil || c.IssuedAt.time().After(now.Add(clockSkew)) || now.Sub(c.IssuedAt.time()) > proofLife:
		return "", bad("The DPoP proof JWT is too old or not valid yet.")
	case r.Token != "" && !keys.Equal(c.Hash, tokenHash(r.Token)):
		return "", bad("The DPoP proof JWT is for another access token.")
	case r.Token == "" && !p.goodNonce(a.OrgID(), c.Nonce):
		return "", &Fault{Code: UseProofNonce, Text: "Authorization server requires nonce in DPoP proof.", Nonce: p.ProofNonce(a.OrgID())}
	}
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", bad("The DPoP proof JWT carries no usable public key.")
	}
	thumbprint = base64.RawURLEncoding.EncodeToString(sum)
	fresh, err := p.spend(ctx, a, spentProof, thumbprint, c.ID, "", c.IssuedAt.time().Add(proofLife))
	if err != nil {
		return "", err
	}
	if !fresh {
		return "", bad("The DPoP proof JWT has already been used.")
	}
	return thumbprint, nil
}

// tokenHash is how a proof names an access token. (RFC 9449 section 4.2, ath)
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// sameURL compares two addresses without query and fragment, case folded where
// case does not matter. (RFC 9449 section 4.3, RFC 3986 section 6.2)
func sameURL(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	if errX != nil || errY != nil || x.Host == "" {
		return false
	}
	path := func(u *url.URL) string { return strings.TrimSuffix(u.EscapedPath(), "/") }
	return strings.EqualFold(x.Scheme, y.Scheme) && strings.EqualFold(host(x), host(y)) && path(x) == path(y)
}

// host is the authority without the port that goes without saying.
func host(u *url.URL) string {
	return strings.TrimSuffix(strings.TrimSuffix(u.Host, map[string]string{"https": ":443", "http": ":80"}[strings.ToLower(u.Scheme)]), ":")
}
