package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/oauth"
	"usher/openapi"
)

func (a *OAuthAPI) mountTokens(r *httpkit.Router) {
	r.Op(openapi.ListOAuth2ClientsForAuthorizationServer, a.listServerClients)
	for _, door := range []struct {
		list, get, revoke, revokeAll openapi.ID
		find                         tokensAt
	}{
		{
			openapi.ListRefreshTokensForAuthorizationServerAndClient, openapi.GetRefreshTokenForAuthorizationServerAndClient,
			openapi.RevokeRefreshTokenForAuthorizationServerAndClient, openapi.RevokeRefreshTokensForAuthorizationServerAndClient, a.tokensOfServer,
		},
		{
			openapi.ListRefreshTokensForUserAndClient, openapi.GetRefreshTokenForUserAndClient,
			openapi.RevokeTokenForUserAndClient, openapi.RevokeTokensForUserAndClient, a.tokensOfUser,
		},
		{
			openapi.ListOAuth2TokensForApplication, openapi.GetOAuth2TokenForApplication,
			openapi.RevokeOAuth2TokenForApplication, openapi.RevokeOAuth2TokensForApplication, a.tokensOfApp,
		},
	} {
		r.Op(door.list, a.listTokens(door.find))
		r.Op(door.get, a.getToken(door.find))
		r.Op(door.revoke, a.revokeTokens(door.find))
		r.Op(door.revokeAll, a.revokeTokens(door.find))
	}
}

// tokensAt tells which tokens a path is about, and where it is.
type tokensAt func(r *httpkit.Request) (oauth.TokenFilter, string, error)

func (a *OAuthAPI) tokensOfServer(r *httpkit.Request) (oauth.TokenFilter, string, error) {
	v, err := a.custom(r)
	if err != nil {
		return oauth.TokenFilter{}, "", err
	}
	c, err := a.Servers.Client(r.Context(), r.Org.ID, r.Param("clientId"))
	if err != nil {
		return oauth.TokenFilter{}, "", err
	}
	return oauth.TokenFilter{ServerID: v.ID, ClientID: c.ID, ID: r.Param("tokenId")}, serversPath + v.ID + "/clients/" + c.ID + "/tokens", nil
}

func (a *OAuthAPI) tokensOfUser(r *httpkit.Request) (oauth.TokenFilter, string, error) {
	u, err := a.user(r)
	if err != nil {
		return oauth.TokenFilter{}, "", err
	}
	c, err := a.Servers.Client(r.Context(), r.Org.ID, r.Param("clientId"))
	if err != nil {
		return oauth.TokenFilter{}, "", err
	}
	return oauth.TokenFilter{UserID: u.ID, ClientID: c.ID, ID: r.Param("tokenId")}, "/api/v1/users/" + u.ID + "/clients/" + c.ID + "/tokens", nil
}

func (a *OAuthAPI) tokensOfApp(r *httpkit.Request) (oauth.TokenFilter, string, error) {
	c, err := a.appClient(r)
	if err != nil {
		return oauth.TokenFilter{}, "", err
	}
	return oauth.TokenFilter{ClientID: c.ID, ID: r.Param("tokenId")}, appPath(c.App.ID) + "/tokens", nil
}

// tokenView is a refresh token in an answer; the token itself is known to the
// client alone. (spec: management-extra OAuth2RefreshToken)
type tokenView struct {
	ID          string         `json:"id"`
	Status      string         `json:"status"`
	Created     *string        `json:"created"`
	LastUpdated *string        `json:"lastUpdated"`
	ExpiresAt   *string        `json:"expiresAt"`
	Issuer      string         `json:"issuer"`
	ClientID    string         `json:"clientId"`
	UserID      string         `json:"userId,omitempty"`
	Scopes      []string       `json:"scopes"`
	Embedded    map[string]any `json:"_embedded,omitempty"`
	Links       oauthLinksView `json:"_links"`
}

func (p *parties) token(t *oauth.HeldToken, path string) (tokenView, error) {
	at := path + "/" + t.ID
	links, v, err := p.links(at, t.ClientID, t.UserID, t.ServerID)
	if err != nil {
		return tokenView{}, err
	}
	links.Self.Hints = nil
	links.Revoke = &titledHref{Href: p.r.Link(at), Hints: httpkit.Allow("DELETE")}
	out := tokenView{
		ID: t.ID, Status: string(oauth.Active), Created: httpkit.Seconds(t.Created), LastUpdated: httpkit.Seconds(t.LastUpdated),
		ExpiresAt: httpkit.Seconds(t.Expires), ClientID: t.ClientID, UserID: t.UserID, Scopes: append([]string{}, t.Scopes...), Links: links,
	}
	if v == nil {
		return out, nil
	}
	out.Issuer = v.Issuer(p.r.Org)
	if p.r.Q().Get("expand") == "scope" {
		out.Embedded = map[string]any{"scopes": p.scopes(v, t.Scopes)}
	}
	return out, nil
}

// scopes are the scopes of a token that the server still has.
func (p *parties) scopes(v *oauth.Server, names []string) []map[string]any {
	out := []map[string]any{}
	for _, name := range names {
		s := v.Scope(name)
		if s == nil {
			continue
		}
		view := map[string]any{"id": s.ID, "name": s.Name, "displayName": s.DisplayName, "description": s.Description}
		if s.ID == "" {
			view["id"] = s.Name
		} else {
			view["_links"] = map[string]titledHref{"scope": {Href: p.r.Link(serversPath + v.ID + "/scopes/" + s.ID), Title: s.Name}}
		}
		out = append(out, view)
	}
	return out
}

// listTokens lists refresh tokens.
// (spec: management-extra#listRefreshTokensForAuthorizationServerAndClient)
func (a *OAuthAPI) listTokens(find tokensAt) httpkit.Handler {
	return func(r *httpkit.Request) error {
		f, path, err := find(r)
		if err != nil {
			return err
		}
		page, err := r.Page(oauthPage, oauthPageMax)
		if err != nil {
			return err
		}
		list, next, err := a.Servers.Tokens(r.Context(), r.Actor, f, page.After, page.Limit)
		if err != nil {
			return err
		}
		p := a.parties(r)
		out := make([]tokenView, 0, len(list))
		for _, t := range list {
			view, err := p.token(t, path)
			if err != nil {
				return err
			}
			out = append(out, view)
		}
		r.Links(next)
		return r.OK(out)
	}
}

// getToken reads a refresh token.
// (spec: management-extra#getRefreshTokenForAuthorizationServerAndClient)
func (a *OAuthAPI) getToken(find tokensAt) httpkit.Handler {
	return func(r *httpkit.Request) error {
		f, path, err := find(r)
		if err != nil {
			return err
		}
		t, err := a.Servers.Token(r.Context(), r.Actor, f)
		if err != nil {
			return err
		}
		view, err := a.parties(r).token(t, path)
		if err != nil {
			return err
		}
		return r.OK(view)
	}
}

// revokeTokens ends a refresh token, or all that the path is about.
// (spec: management-extra#revokeRefreshTokensForAuthorizationServerAndClient)
func (a *OAuthAPI) revokeTokens(find tokensAt) httpkit.Handler {
	return func(r *httpkit.Request) error {
		f, _, err := find(r)
		if err != nil {
			return err
		}
		if err := a.Servers.RevokeTokens(r.Context(), r.Actor, f, r.Param("appId")); err != nil {
			return err
		}
		return r.NoContent()
	}
}

// listServerClients lists the clients that hold refresh tokens of a server.
// (spec: management-extra#listOAuth2ClientsForAuthorizationServer)
func (a *OAuthAPI) listServerClients(r *httpkit.Request) error {
	v, err := a.custom(r)
	if err != nil {
		return err
	}
	list, err := a.Servers.TokenClients(r.Context(), r.Actor, oauth.TokenFilter{ServerID: v.ID})
	if err != nil {
		return err
	}
	return answerClients(r, list, serversPath+v.ID, false)
}
