package oauth

import (
	"context"
	"strings"

	"usher/internal/signin"
	"usher/internal/store"
)

// TokenExchange trades an access token that a client was called with for one by
// which it calls on, for the same user. It lives no longer than the one that came,
// and ends with the refresh token of that: whoever has one token must not act for
// its user for ever. (RFC 8693 section 2)
type TokenExchange struct{}

// Name implements Flow.
func (TokenExchange) Name() string { return GrantExchange }

const typeOfAccess = "urn:ietf:params:oauth:token-type:access_token"

// Redeem implements Flow. The token that comes is an access token of this
// server, or of the organisation's own; or an ID token with a device secret.
func (TokenExchange) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	if r := c.Params["requested_token_type"]; c.Params["subject_token_type"] == typeOfID && (r == "" || r == typeOfAccess) {
		return p.deviceExchange(ctx, c)
	}
	if t := c.Params["subject_token_type"]; t != typeOfAccess {
		return nil, fault(InvalidRequest, "The 'subject_token_type' must be '"+typeOfAccess+"'.")
	}
	if t := c.Params["requested_token_type"]; t != "" && t != typeOfAccess {
		return nil, fault(InvalidRequest, "The 'requested_token_type' must be '"+typeOfAccess+"'.")
	}
	if c.Params["actor_token"] != "" {
		return nil, fault(InvalidRequest, "The 'actor_token' parameter is not supported.")
	}
	if aud := c.Params["audience"]; aud != "" && aud != c.Server.Audiences[0] && aud != c.Server.Issuer(c.Actor.Org) {
		return nil, fault(InvalidTarget, "The 'audience' is none of this authorization server.")
	}
	t, h, err := p.exchanged(ctx, c, c.Params["subject_token"])
	if err != nil {
		return nil, err
	}
	scopes, err := p.scopes(ctx, c.Server, c.Client, c.Params)
	if err != nil {
		return nil, err
	}
	if scopes = withoutOffline(scopes); len(scopes) == 0 {
		return nil, fault(InvalidScope, textScopes)
	}
	q := Proof{Scopes: scopes, Grant: GrantExchange, Key: c.Key}
	if t.AuthTime != nil {
		q.AuthTime = t.AuthTime.time()
	}
	var out *Issue
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		e, err := p.entitle(tx, c, h.user.ID, q, signin.PathExchange)
		if err != nil {
			return err
		}
		out, err = p.begin(tx, c, e, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	out.id, out.issuedType, out.until, out.family = false, typeOfAccess, t.Expires.time(), t.family()
	out.name(p)
	out.actor = map[string]any{"sub": c.Client.ID}
	return out, nil
}

// exchanged reads the access token that is to be exchanged, which stands for a
// user and is bound to no key.
func (p *Provider) exchanged(ctx context.Context, c *TokenCall, text string) (*accessToken, *holder, error) {
	bad := fault(InvalidGrant, "The 'subject_token' is invalid or has expired.")
	if strings.Count(text, ".") != 2 {
		return nil, nil, bad
	}
	servers := []*Server{c.Server}
	if !c.Server.Own() {
		own, err := p.serving(ctx, c.Actor, "")
		if err != nil {
			return nil, nil, err
		}
		servers = append(servers, own)
	}
	for _, s := range servers {
		t, err := p.readAccess(ctx, c.Actor, s, text)
		if err != nil {
			return nil, nil, err
		}
		if t == nil {
			continue
		}
		h, err := p.holds(ctx, c.Actor, t)
		if err != nil {
			return nil, nil, err
		}
		if h == nil || h.user == nil || t.Confirm.Key != "" {
			return nil, nil, bad
		}
		return t, h, nil
	}
	return nil, nil, bad
}

// withoutOffline leaves out the scopes that ask for more than an access token.
func withoutOffline(scopes []string) []string {
	out := make([]string, 0, len(scopes))
	for _, s := range scopes {
		if s != ScopeOffline && s != ScopeOpenID {
			out = append(out, s)
		}
	}
	return out
}
