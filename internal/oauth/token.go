package oauth

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usher/internal/apps"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/store"
)

// Flow is a grant type at the token endpoint: one file each, and a line in the
// registry. (RFC 6749 section 4.5)
type Flow interface {
	// Name is the value of grant_type.
	Name() string
	// Redeem takes what the client presents and tells what it gets for it. All
	// checks of users go through Provider.entitle.
	Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error)
}

// TokenCall is a request at the token endpoint, its client proved.
type TokenCall struct {
	Actor  idp.Actor // the client
	Server *Server
	Client *Client
	Params Params
	// Key is the thumbprint of the key to which the tokens are bound, empty for
	// none. (RFC 9449)
	Key string
}

// Proof is what tokens rest on, and what they are good for.
type Proof struct {
	Scopes    []string  `json:"scopes"`
	Grant     string    `json:"grant"` // the grant type by which they came first
	AuthTime  time.Time `json:"authTime,omitzero"`
	AMR       []string  `json:"amr,omitempty"` // RFC 8176
	ACR       string    `json:"acr,omitempty"` // where it was asked for and is met
	SessionID string    `json:"session,omitempty"`
	Nonce     string    `json:"nonce,omitempty"`
	Key       string    `json:"jkt,omitempty"` // RFC 9449
	// DeviceSecret is the SHA-256 of the secret that goes with the session on a
	// device, empty for none. (OpenID Connect Native SSO)
	DeviceSecret []byte `json:"deviceSecret,omitempty"`
}

// Tokens are what a client gets. Empty members were not asked for.
type Tokens struct {
	Type         string // Bearer or DPoP
	Expires      time.Duration
	Access       string
	Scopes       []string
	Refresh      string
	ID           string
	DeviceSecret string
	// IssuedType names the kind of token. (RFC 8693 section 2.2.1)
	IssuedType string
}

// TokenRequestInput is a request as it comes to the token endpoint.
type TokenRequestInput struct {
	ServerID string
	Basic    *Basic
	Params   Params
	Proof    string // the DPoP header, empty for none
	Method   string
	// Foreign is the web origin of the page that asks, where nobody trusts it;
	// empty for any other and for what is no page.
	Foreign string
}

// Token answers the token endpoint: it proves the client, takes the grant and
// mints. It fails with a Fault, or KindNotFound where there is no such server.
func (p *Provider) Token(ctx context.Context, a idp.Actor, in TokenRequestInput) (*Tokens, error) {
	s, err := p.serving(ctx, a, in.ServerID)
	if err != nil {
		return nil, err
	}
	name := in.Params["grant_type"]
	if name == "" {
		return nil, fault(InvalidRequest, "The token request must specify a grant type.")
	}
	endpoint := s.Endpoint(a.Org, "token")
	client, err := p.AuthenticateClient(ctx, a, in.Basic, in.Params, func() []string { return []string{endpoint, s.Issuer(a.Org)} })
	if err != nil {
		return nil, err
	}
	if !client.lives(in.Foreign) {
		return nil, fault(InvalidRequest, textForeign)
	}
	i := slices.IndexFunc(p.Flows, func(f Flow) bool { return f.Name() == name })
	if i < 0 {
		return nil, fault(UnsupportedGrantType, "The authorization grant type is not supported by the authorization server.")
	}
	if !client.Grants(name) {
		return nil, notConfigured(client)
	}
	c := &TokenCall{Actor: clientActor(a, client), Server: s, Client: client, Params: in.Params}
	switch {
	case in.Proof != "":
		c.Key, err = p.CheckProof(ctx, a, ProofRequest{Proof: in.Proof, Method: in.Method, URL: endpoint})
		if err != nil {
			return nil, err
		}
	case client.Settings.DPoPBound:
		return nil, fault(InvalidProof, "The DPoP proof JWT header is missing.")
	}
	out, err := p.Flows[i].Redeem(ctx, p, c)
	if err != nil {
		if f := FaultOf(err); f != nil && f.Code != AuthorizationPending && f.Code != SlowDown && f.Code != MFARequired {
			return nil, p.refused(ctx, c, err)
		}
		return nil, err
	}
	return p.mint(ctx, a, out)
}

// refused records why a grant was refused.
func (p *Provider) refused(ctx context.Context, c *TokenCall, why error) error {
	if err := p.Log.Tell(ctx, p.Store, c.Actor, c.Server.entry("token.grant", why, []idp.Target{c.Client.target()})); err != nil {
		return fmt.Errorf("record a refusal: %w", err)
	}
	return why
}

// entitled is what a user may have by a client.
type entitled struct {
	user *idp.User
	life Lifetimes
	// assignment is how the user is known to the application, nil where nobody is
	// assigned.
	assignment *apps.Assignment
}

// entitle asks, in the transaction that hands something out, whether a user may
// have tokens with these scopes by this client: the gate lets the user have one,
// the application is the user's, and a rule of the server allows it.
func (p *Provider) entitle(tx *store.Tx, c *TokenCall, userID string, q Proof, path signin.Path) (*entitled, error) {
	f := store.Foreseen{UserID: userID, Groups: !c.Server.Own()}
	if c.Client.Settings.ApplicationType != apps.ClientService {
		f.AppID = c.Client.App.ID
	}
	if err := tx.Foresee(c.Actor.OrgID(), f); err != nil {
		return nil, fmt.Errorf("read user: %w", err)
	}
	u, err := p.userOf(tx, c.Actor, userID, path)
	if err != nil {
		return nil, err
	}
	// Nobody is assigned to a service: it acts for users of other applications.
	var assignment *apps.Assignment
	if c.Client.Settings.ApplicationType != apps.ClientService {
		v, ok, err := p.Apps.Assigned(tx, c.Actor.Org, c.Client.App, u)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fault(AccessDenied, textNotAssigned)
		}
		assignment = v
	}
	life, err := p.ruleFor(tx, c, u, q)
	if err != nil {
		return nil, err
	}
	return &entitled{user: u, life: life, assignment: assignment}, nil
}

// Texts that clients match.
const (
	textNotAssigned = "User is not assigned to the client application."
	textNeedOpenID  = "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope."
	textNoRule      = "Policy evaluation failed for this request, please check the policy configurations."
	textScopes      = "One or more scopes are not configured for the authorization server resource."
	// The organisation's own server has no scopes but those that it came with.
	textCustomScopes = "Custom scopes are not allowed for this request."
	textNoDefault    = "The authorization server resource does not have any configured default scopes, 'scope' must be provided."
	textForeign      = "Browser requests to the token endpoint must be part of at least one whitelisted redirect_uri."
	textNotGranted   = "You are not allowed any of the requested scopes."
)

// ruleFor asks the server's policies. u is nil for the client itself, and then tx
// may be so too.
func (p *Provider) ruleFor(tx *store.Tx, c *TokenCall, u *idp.User, q Proof) (Lifetimes, error) {
	if c.Server.Own() {
		return OwnLifetimes(), nil
	}
	r := TokenRequest{ClientID: c.Client.ID, GrantType: q.Grant, Scopes: q.Scopes}
	if u != nil {
		r.UserID = u.ID
		var err error
		if r.GroupIDs, err = tx.GroupIDsOf(u.OrgID, u.ID); err != nil {
			return Lifetimes{}, err
		}
		r.GroupIDs = append(r.GroupIDs, c.Actor.Org.Settings.EveryoneID)
	}
	_, rule := c.Server.Decide(r)
	if rule == nil {
		return Lifetimes{}, fault(AccessDenied, textNoRule)
	}
	return rule.Token, nil
}

// begin hands out what a user's grant is good for, in the transaction that took
// the grant: the identifier of the access token, and a refresh token where one
// was asked for. The signing follows outside of it.
func (p *Provider) begin(tx *store.Tx, c *TokenCall, e *entitled, q Proof) (*Issue, error) {
	q.Key = c.Key
	out := &Issue{call: c, user: e.user, assignment: e.assignment, life: e.life, proof: q, access: true, id: slices.Contains(q.Scopes, ScopeOpenID)}
	if slices.Contains(q.Scopes, ScopeOffline) && c.Client.Grants(GrantRefresh) {
		limits := refreshLimits{Life: e.life.RefreshLife(), Idle: e.life.RefreshWindow()}
		if wantsSecret(c, &q) {
			var err error
			if out.deviceSecret, err = p.newDeviceSecret(tx, c, e.user.ID, limits, &q); err != nil {
				return nil, err
			}
			out.proof = q
		}
		token, row, err := p.newRefresh(tx, c.Actor.OrgID(), c.Server.ID, c.Client.ID, e.user.ID, limits, &q)
		if err != nil {
			return nil, err
		}
		out.refresh, out.family = token, row.ID
	}
	out.name(p)
	return out, p.granted(tx, out)
}

// name gives the access token its identifier, which ends with that of the
// refresh token that it came with.
func (i *Issue) name(p *Provider) {
	i.tokenID = tokenID(p.Rand, "AT.")
	if i.family != "" {
		i.tokenID += "." + i.family
	}
}

// granted records what was handed out, and that the client has learnt of the
// session.
func (p *Provider) granted(tx *store.Tx, i *Issue) error {
	if err := p.Log.RecordAll(tx, i.call.Actor, i.events()); err != nil {
		return fmt.Errorf("record what was granted: %w", err)
	}
	return p.join(tx, i)
}

// events tell what is handed out, one for each token.
func (i *Issue) events() []eventlog.Entry {
	targets := []idp.Target{i.call.Client.target()}
	if i.user != nil {
		targets = append(targets, idp.UserTarget(i.user))
	}
	var out []eventlog.Entry
	for _, what := range []struct {
		name  string
		given bool
	}{{"access_token", i.access}, {"id_token", i.id}, {"refresh_token", i.refresh != "" && !i.again}, {"device_secret", i.deviceSecret != ""}} {
		if what.given {
			out = append(out, i.call.Server.entry("token.grant."+what.name, nil, targets))
		}
	}
	return out
}

// scopes checks the scopes that are asked for on behalf of a user: all are
// known to the server. What this client cannot have is left out: the scope for
// refresh tokens without the grant type for them (OpenID Connect Core section
// 11), and those of the management interface that no administrator granted.
func (p *Provider) scopes(ctx context.Context, s *Server, client *Client, params Params) ([]string, error) {
	asked, err := params.Scopes()
	if err != nil {
		return nil, err
	}
	if len(asked) == 0 {
		if asked = s.DefaultScopes(); len(asked) == 0 {
			return nil, fault(InvalidScope, textNoDefault)
		}
	}
	return p.known(ctx, s, client, asked)
}

func (p *Provider) known(ctx context.Context, s *Server, client *Client, asked []string) ([]string, error) {
	var out []string
	var granted []string
	for _, name := range asked {
		if s.Scope(name) == nil {
			if s.Own() {
				return nil, fault(InvalidScope, textCustomScopes)
			}
			return nil, fault(InvalidScope, textScopes)
		}
		if name == ScopeOffline && !client.Grants(GrantRefresh) {
			continue
		}
		if s.Own() && managementScope(name) {
			if granted == nil {
				var err error
				if granted, err = p.Granted(ctx, s, client.ID, ""); err != nil {
					return nil, err
				}
			}
			if !slices.Contains(granted, name) {
				continue
			}
		}
		out = append(out, name)
	}
	if len(out) == 0 {
		return nil, fault(ConsentMissing, textNotGranted)
	}
	return out, nil
}
