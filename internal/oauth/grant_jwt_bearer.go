package oauth

import (
	"context"
	"slices"
	"strings"

	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/store"
)

// JWTBearer trades a JWT by which a client speaks for a user for an access
// token. (RFC 7523 section 2.1)
type JWTBearer struct{}

// Name implements Flow.
func (JWTBearer) Name() string { return GrantAssertion }

// Redeem implements Flow. The one that is trusted to speak for users is the
// client itself, with the keys that it has registered: an administrator lets it
// by giving it this grant type and the users the application.
func (JWTBearer) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	bad := func(text string) error { return fault(InvalidGrant, text) }
	s, err := parseAssertion(c.Params["assertion"])
	if err != nil {
		return nil, bad("The assertion is not a signed JWT.")
	}
	wrong := bad("The assertion signature is invalid.")
	if strings.HasPrefix(s.header().Algorithm, "HS") {
		return nil, wrong
	}
	if err := p.verifyByKeys(ctx, c.Client, s, wrong); err != nil {
		if isFault(err, InvalidClient) {
			err = wrong
		}
		return nil, err
	}
	now, d := p.Clock.Now(), s.claims
	audiences := []string{c.Server.Endpoint(c.Actor.Org, "token"), c.Server.Issuer(c.Actor.Org)}
	switch {
	case d.Issuer != c.Client.ID:
		return nil, bad("The issuer of the assertion must be the client_id.")
	case d.Subject == "" || d.Subject == c.Client.ID:
		return nil, bad("The subject of the assertion must be a user.")
	case !slices.ContainsFunc(d.Audience, func(v string) bool { return slices.Contains(audiences, v) }):
		return nil, bad("The audience of the assertion must be the authorization server.")
	case d.Expires == nil || !now.Before(d.Expires.time()) || d.Expires.time().After(now.Add(maxAssertionLife+clockSkew)):
		return nil, bad("The assertion is expired, or expires too far into the future.")
	case d.NotBefore != nil && d.NotBefore.time().After(now.Add(clockSkew)):
		return nil, bad("The assertion is not valid yet.")
	}
	scopes, err := p.scopes(ctx, c.Server, c.Client, c.Params)
	if err != nil {
		return nil, err
	}
	if scopes = withoutOffline(scopes); len(scopes) == 0 {
		return nil, fault(InvalidScope, textScopes)
	}
	q := Proof{Scopes: scopes, Grant: GrantAssertion, AuthTime: now, Key: c.Key}
	var out *Issue
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		fresh, err := tx.Spend(c.Actor.OrgID(), spentHash(spentBearer, c.Client.ID, idOr(d.ID, s.text)), d.Expires.time().Add(clockSkew))
		if err != nil {
			return err
		}
		if !fresh {
			return bad("The assertion has been used already.")
		}
		u, err := p.Engine.Directory.ByLogin(tx, c.Actor.OrgID(), d.Subject)
		if idp.KindOf(err) == idp.KindNotFound {
			return bad("The subject of the assertion is no user.")
		}
		if err != nil {
			return err
		}
		e, err := p.entitle(tx, c, u.ID, q, signin.PathAssertion)
		if err != nil {
			return err
		}
		out, err = p.begin(tx, c, e, q)
		return err
	})
	return out, err
}

// idOr is the identifier of a signed text, or the text itself.
func idOr(id, text string) string {
	if id == "" {
		return text
	}
	return id
}
