package oauth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"usher/internal/apps"
	"usher/internal/env"
	"usher/internal/idp"
)

// idTokenLife is how long ID tokens are good. (reference: OAuth)
const idTokenLife = time.Hour

// Issue is what a grant gives: the tokens to mint, for whom and with what.
type Issue struct {
	call  *TokenCall
	user  *idp.User // nil where the client acts for itself
	life  Lifetimes
	proof Proof
	// assignment is how the user is known to the application, nil where that was
	// not asked yet.
	assignment *apps.Assignment
	// access and id tell which tokens to mint.
	access, id bool
	tokenID    string // of the access token
	refresh    string // a refresh token that was made, empty for none
	family     string // the identifier of its family
	again      bool   // the refresh token is the one that came
	code       string // an authorization code that goes along with the ID token
	// deviceSecret goes with the session on a device; empty for none.
	deviceSecret string
	issuedType   string
	audience     string // instead of the server's, empty for that
	// until ends the access token before its life does; zero for no such end.
	until time.Time
	actor map[string]any
}

// accessLife is how long the access token is good from now on, in whole seconds.
func (i *Issue) accessLife(now time.Time) time.Duration {
	life := i.life.AccessLife()
	if !i.until.IsZero() {
		life = max(0, min(life, i.until.Sub(now).Truncate(time.Second)))
	}
	return life
}

// tokenID makes an identifier for a token.
func tokenID(r env.Rand, prefix string) string { return env.Secret(r, prefix, ticketBytes) }

// mint signs the tokens of an issue. It runs outside of any transaction: what
// it signs has been decided.
func (p *Provider) mint(ctx context.Context, a idp.Actor, i *Issue) (*Tokens, error) {
	out := &Tokens{Type: "Bearer", Scopes: i.proof.Scopes, Refresh: i.refresh, DeviceSecret: i.deviceSecret, IssuedType: i.issuedType}
	if i.proof.Key != "" {
		out.Type = "DPoP"
	}
	if !i.access && !i.id {
		return out, nil // nothing but a code
	}
	s := i.call.Server
	now := p.Clock.Now()
	key, err := p.Signing.Active(ctx, s.Owner(), s.Alg)
	if err != nil {
		return nil, err
	}
	said, err := p.says(ctx, a, i)
	if err != nil {
		return nil, err
	}
	if i.access {
		out.Expires = i.accessLife(now)
		if out.Access, err = sign(key, s.headerType(), i.accessClaims(a, said.Access, now)); err != nil {
			return nil, err
		}
	}
	if i.id {
		more := said.Identity
		if !i.access {
			more = said.Full
		}
		if out.ID, err = sign(key, "", i.idClaims(a, more, tokenID(p.Rand, "ID."), now, out.Access)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Types of access tokens. Resource servers that follow the standard want the
// first, those on Spring Security, which the official starter for it is made of,
// refuse it unless they are told to take it, and the service has none.
// (RFC 9068 section 2.1; spring-security NimbusJwtDecoder)
const (
	TypeAccess = "at+jwt"
	TypeJWT    = "JWT" // stands for none in the header
)

// headerType is the type in the header of the server's access tokens.
func (s *Server) headerType() string {
	if s.Type == TypeAccess {
		return TypeAccess
	}
	return ""
}

type signer interface {
	Sign(typ string, payload []byte) (string, error)
}

// sign makes a token of claims.
func sign(key signer, typ string, claims *payload) (string, error) {
	text, err := claims.end()
	if err != nil {
		return "", err
	}
	return key.Sign(typ, text)
}

// accessClaims are the claims of an access token: those that the protocol puts
// there, and more where these leave room. (spec: oauth2, access tokens; RFC 9068
// section 2.2)
func (i *Issue) accessClaims(a idp.Actor, more map[string]any, now time.Time) *payload {
	s, c := i.call.Server, i.call.Client
	out := newPayload()
	out.number("ver", 1)
	out.text("jti", i.tokenID)
	out.text("iss", s.Issuer(a.Org))
	out.text("aud", cmp.Or(i.audience, s.Audiences[0]))
	out.number("iat", now.Unix())
	out.number("exp", now.Add(i.accessLife(now)).Unix())
	out.text("cid", c.ID)
	out.text("client_id", c.ID)
	out.texts("scp", i.proof.Scopes)
	if i.user != nil {
		out.text("uid", i.user.ID)
		out.number("auth_time", i.proof.AuthTime.Unix())
	}
	if i.proof.ACR != "" {
		out.text("acr", i.proof.ACR)
	}
	if i.proof.Key != "" {
		out.value("cnf", map[string]string{"jkt": i.proof.Key})
	}
	if i.actor != nil {
		out.value("act", i.actor)
	}
	out.rest(more)
	return out
}

// idClaims are the claims of an ID token, likewise. (OpenID Connect Core sections
// 2, 3.1.3.6 and 3.3.2.11)
func (i *Issue) idClaims(a idp.Actor, more map[string]any, id string, now time.Time, access string) *payload {
	s, c := i.call.Server, i.call.Client
	out := newPayload()
	out.number("ver", 1)
	out.text("sub", i.user.ID)
	out.text("iss", s.Issuer(a.Org))
	out.text("aud", c.ID)
	out.number("iat", now.Unix())
	out.number("exp", now.Add(idTokenLife).Unix())
	out.text("jti", id)
	out.text("idp", a.OrgID())
	out.number("auth_time", i.proof.AuthTime.Unix())
	if len(i.proof.AMR) > 0 {
		out.texts("amr", i.proof.AMR)
	}
	for _, v := range []struct{ name, value string }{{"acr", i.proof.ACR}, {"nonce", i.proof.Nonce}, {"sid", i.proof.SessionID}} {
		if v.value != "" {
			out.text(v.name, v.value)
		}
	}
	if access != "" {
		out.text("at_hash", halfHash(access))
	}
	if i.code != "" {
		out.text("c_hash", halfHash(i.code))
	}
	if sum := i.proof.DeviceSecret; len(sum) > 0 {
		out.text("ds_hash", secretHash(sum))
	}
	out.rest(more)
	return out
}

// halfHash is how an ID token names what goes along with it: both algorithms
// that sign here are of SHA-256. (OpenID Connect Core section 3.1.3.6)
func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
