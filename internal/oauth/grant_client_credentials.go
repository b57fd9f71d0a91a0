package oauth

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"usher/internal/apps"
)

// ClientCredentials gives a client an access token for itself. (RFC 6749
// section 4.4)
type ClientCredentials struct{}

// Name implements Flow.
func (ClientCredentials) Name() string { return GrantClient }

// Redeem implements Flow. On the organisation's own server service applications
// get the scopes of the management interface that an administrator granted; there
// a secret is not proof enough.
func (ClientCredentials) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	if c.Server.Own() && c.Client.Proof.AuthMethod != apps.AuthPrivateJWT {
		return nil, fault(InvalidClient, "Client Credentials requests to the Org Authorization Server must use the private_key_jwt token_endpoint_auth_method.")
	}
	scopes, err := p.ownScopes(ctx, c)
	if err != nil {
		return nil, err
	}
	q := Proof{Scopes: scopes, Grant: GrantClient, Key: c.Key}
	out := &Issue{call: c, proof: q, access: true}
	out.name(p)
	if out.life, err = p.ruleFor(nil, c, nil, q); err != nil {
		return nil, err
	}
	if err := p.Log.Tell(ctx, p.Store, c.Actor, out.events()...); err != nil {
		return nil, fmt.Errorf("record what was granted: %w", err)
	}
	return out, nil
}

// ownScopes are the scopes that a client asks for itself: none that is about a
// user.
func (p *Provider) ownScopes(ctx context.Context, c *TokenCall) ([]string, error) {
	asked, err := c.Params.Scopes()
	if err != nil {
		return nil, err
	}
	if len(asked) == 0 {
		asked = slices.DeleteFunc(c.Server.DefaultScopes(), aboutUser)
	}
	switch {
	case len(asked) == 0:
		return nil, fault(InvalidScope, textNoDefault)
	case slices.ContainsFunc(asked, aboutUser):
		about := slices.DeleteFunc(slices.Clone(asked), func(name string) bool { return !aboutUser(name) })
		return nil, fault(InvalidScope, "Cannot request '"+strings.Join(about, ", ")+"' scopes using client credentials.")
	}
	return p.known(ctx, c.Server, c.Client, asked)
}

// aboutUser tells whether a scope makes sense with a user alone.
func aboutUser(name string) bool {
	switch name {
	case ScopeOpenID, ScopeProfile, ScopeEmail, ScopeAddress, ScopePhone, ScopeOffline, ScopeDeviceSSO, ScopeGroups:
		return true
	}
	return strings.HasPrefix(name, "okta.myAccount.")
}
