package oauth

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/signin"
	"usher/internal/store"
)

// Introspection is what the server knows of a token; nothing of one that does
// not hold, or that another client has. (RFC 7662 section 2.2)
type Introspection struct {
	Active    bool
	Type      string // Bearer or DPoP, of access and refresh tokens
	Scopes    []string
	ClientID  string
	Username  string
	UserID    string
	Subject   string
	Audience  string
	Issuer    string
	ID        string
	IssuedAt  time.Time
	Expires   time.Time
	SessionID string // of a device secret
	Confirmed string // thumbprint of the key that it is bound to
}

// Introspect answers a client about a token: an access token of this server, or
// a refresh or ID token of its own. (RFC 7662 section 2.1)
func (p *Provider) Introspect(ctx context.Context, a idp.Actor, in TokenRequestInput) (*Introspection, error) {
	s, client, err := p.clientCall(ctx, a, in, "introspect")
	if err != nil {
		return nil, err
	}
	token := in.Params["token"]
	if token == "" {
		return nil, fault(InvalidRequest, "The 'token' parameter is required.")
	}
	for _, look := range []func(context.Context, idp.Actor, *Server, *Client, string) (*Introspection, error){
		p.introspectAccess, p.introspectRefresh, p.introspectID, p.introspectDevice,
	} {
		out, err := look(ctx, a, s, client, token)
		if err != nil || out != nil {
			return out, err
		}
	}
	return &Introspection{}, nil
}

// clientCall proves the client of a request at one of the endpoints for clients.
func (p *Provider) clientCall(ctx context.Context, a idp.Actor, in TokenRequestInput, endpoint string) (*Server, *Client, error) {
	s, err := p.serving(ctx, a, in.ServerID)
	if err != nil {
		return nil, nil, err
	}
	client, err := p.AuthenticateClient(ctx, a, in.Basic, in.Params,
		func() []string {
			return []string{s.Endpoint(a.Org, endpoint), s.Endpoint(a.Org, "token"), s.Issuer(a.Org)}
		})
	return s, client, err
}

// introspectAccess: any client that proves itself may ask about the access
// tokens that a custom server has issued, since resource servers do; about those
// of the organisation's own server, the one that has it.
func (p *Provider) introspectAccess(ctx context.Context, a idp.Actor, s *Server, client *Client, text string) (*Introspection, error) {
	t, err := p.readAccess(ctx, a, s, text)
	if err != nil || t == nil || (s.Own() && t.ClientID != client.ID) {
		return nil, err
	}
	h, err := p.holds(ctx, a, t)
	if err != nil || h == nil {
		return nil, err
	}
	out := &Introspection{
		Active: true, Type: "Bearer", Scopes: t.Scopes, ClientID: t.ClientID, Subject: t.Subject, Issuer: t.Issuer, ID: t.ID,
		Expires: t.Expires.time(), Confirmed: t.Confirm.Key,
	}
	if t.Confirm.Key != "" {
		out.Type = "DPoP"
	}
	if len(t.Audience) > 0 {
		out.Audience = t.Audience[0]
	}
	if t.IssuedAt != nil {
		out.IssuedAt = t.IssuedAt.time()
	}
	if h.user != nil {
		out.Username, out.UserID = h.user.Login, h.user.ID
	}
	return out, nil
}

func (p *Provider) introspectRefresh(ctx context.Context, a idp.Actor, s *Server, client *Client, text string) (*Introspection, error) {
	tx := p.Store.Read(ctx)
	if len(text) != familyLength+secretLength {
		return nil, nil
	}
	row, u, err := tx.OAuthRefreshHolder(a.OrgID(), keys.Hash(text[:familyLength]))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil || row.ClientID != client.ID || row.ServerID != s.ID {
		return nil, err
	}
	_, grace := rotation(client)
	if standingOf(row, text, grace, p.Clock.Now()) == refreshReused {
		return nil, nil
	}
	q, err := p.proofs.Get(proofKey{a.OrgID(), row.ID, row.Version}, func() (Proof, error) { return proofOfRefresh(row) })
	if err != nil {
		return nil, err
	}
	if p.Engine.PassUser(tx, u, signin.PathRefreshToken) != nil {
		return nil, nil //nolint:nilerr // who may not have tokens has none that are active
	}
	return &Introspection{
		Active: true, Type: "Bearer", Scopes: q.Scopes, ClientID: client.ID, Username: u.Login, UserID: u.ID, Subject: u.Login, Issuer: s.Issuer(a.Org),
		ID: row.ID, IssuedAt: row.Created, Expires: row.Expires, Confirmed: q.Key,
	}, nil
}

func (p *Provider) introspectID(ctx context.Context, a idp.Actor, s *Server, client *Client, text string) (*Introspection, error) {
	t, err := p.readIDToken(ctx, a, s, text)
	if err != nil || t == nil || t.Expires == nil || !p.Clock.Now().Before(t.Expires.time()) || !slices.Contains(t.Audience, client.ID) {
		return nil, err
	}
	u, err := p.Engine.Pass(p.Store.Read(ctx), a.OrgID(), t.Subject, signin.PathUse)
	if idp.KindOf(err) == idp.KindUnauthenticated {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &Introspection{
		Active: true, ClientID: client.ID, Username: u.Login, UserID: u.ID, Subject: t.Subject, Audience: client.ID, Issuer: t.Issuer,
		ID: t.ID, IssuedAt: t.IssuedAt.time(), Expires: t.Expires.time(),
	}, nil
}

// Revoke ends a token of the client that asks: a refresh token with the access
// tokens that came with it, an access token alone, or a device secret with all
// that came of it. A token that is unknown,
// or another client's, is no error. (RFC 7009 section 2.2)
func (p *Provider) Revoke(ctx context.Context, a idp.Actor, in TokenRequestInput) error {
	s, client, err := p.clientCall(ctx, a, in, "revoke")
	if err != nil {
		return err
	}
	token := in.Params["token"]
	if token == "" {
		return fault(InvalidRequest, "The 'token' parameter is required.")
	}
	actor := clientActor(a, client)
	access, err := p.readAccess(ctx, a, s, token)
	if err != nil {
		return err
	}
	return p.Store.Tx(ctx, func(tx *store.Tx) error {
		if access != nil {
			if access.ClientID != client.ID {
				return nil
			}
			if err := p.void(tx, a.OrgID(), access.ID); err != nil {
				return err
			}
			return p.note(tx, actor, s, "token.revoke", nil, client.target(), tokenTarget("access_token", access.ID))
		}
		var d deviceSession
		if t, err := readDeviceSecret(tx, a.OrgID(), s, token, &d); err != nil {
			return err
		} else if t != nil && t.ClientID == client.ID {
			if err := p.endDevice(tx, a.OrgID(), token, t, &d); err != nil {
				return err
			}
			return p.note(tx, actor, s, "token.revoke", nil, client.target(), tokenTarget("device_secret", d.SessionID))
		}
		row, err := findRefresh(tx, a.OrgID(), token)
		if err != nil || row == nil || row.ClientID != client.ID || row.ServerID != s.ID {
			return err
		}
		if _, err := tx.DeleteOAuthRefresh(a.OrgID(), store.OAuthRefreshFilter{ID: row.ID}); err != nil {
			return err
		}
		return p.note(tx, actor, s, "token.revoke", nil, client.target(), tokenTarget("refresh_token", row.ID))
	})
}

func tokenTarget(kind, id string) idp.Target {
	return idp.Target{ID: id, Type: kind, AlternateID: "unknown", DisplayName: kind}
}

// RevokeAllOf ends all tokens of a user, and what has been handed out
// and not been taken yet, in the transaction that ends what they rest on.
func (p *Provider) RevokeAllOf(tx *store.Tx, a idp.Actor, userID string) error {
	if err := p.revokeTokens(tx, a, TokenFilter{UserID: userID}); err != nil {
		return err
	}
	orgID := a.OrgID()
	if err := voidTokensOf(tx, orgID, userID); err != nil {
		return err
	}
	return tx.DeleteOAuthTicketsOf(orgID, userID)
}

// usualClaims is about how many claims there are about a user.
const usualClaims = 12

// userClaims are the claims about a user that go with scopes. What claims of the
// server's own may be made of is read only where there are any.
func (p *Provider) userClaims(ctx context.Context, a idp.Actor, s *Server, h *holder, scopes []string) (map[string]any, error) {
	f := &Facts{Org: a.Org, Server: s, Client: h.client, User: h.user, Scopes: scopes}
	own := func(c *Claim) bool { return c.Type == ClaimIdentity && c.Status == Active && c.wanted(scopes) }
	if slices.ContainsFunc(s.Claims, own) || slices.ContainsFunc(f.groupsClaim(), own) {
		if err := p.Complete(ctx, f); err != nil {
			return nil, err
		}
		said, err := f.Claims()
		if err != nil {
			return nil, err
		}
		return said.Full, nil
	}
	said := &Claims{Full: make(map[string]any, usualClaims)}
	return said.Full, f.standard(said)
}

// UserInfo are the claims about the user of an access token that a request
// carries. InvalidToken for one that does not hold, InsufficientScope for one
// without the scope "openid". (OpenID Connect Core section 5.3)
func (p *Provider) UserInfo(ctx context.Context, a idp.Actor, serverID string, in BearerInput) (map[string]any, error) {
	s, err := p.serving(ctx, a, serverID)
	if err != nil {
		return nil, err
	}
	t, h, err := p.present(ctx, a, s, in)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, fault(InvalidToken, "The access token is invalid.")
	}
	if h.user == nil || !slices.Contains(t.Scopes, ScopeOpenID) {
		return nil, fault(InsufficientScope, "The access token must provide access to at least one of these scopes - profile, openid, email, address or phone")
	}
	out, err := p.userClaims(ctx, a, s, h, t.Scopes)
	if err != nil {
		return nil, err
	}
	out["sub"] = h.user.ID
	return out, nil
}
