package management

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/oauth"
	"usher/openapi"
)

func (a *OAuthAPI) mountGrants(r *httpkit.Router) {
	r.Op(openapi.ListScopeConsentGrants, a.listAppGrants)
	r.Op(openapi.GrantConsentToScope, a.grantToApp)
	r.Op(openapi.GetScopeConsentGrant, a.getAppGrant)
	r.Op(openapi.RevokeScopeConsentGrant, a.revokeAppGrant)
	r.Op(openapi.ListUserGrants, a.listUserGrants)
	r.Op(openapi.GetUserGrant, a.getUserGrant)
	r.Op(openapi.RevokeUserGrant, a.revokeUserGrants)
	r.Op(openapi.RevokeUserGrants, a.revokeUserGrants)
	r.Op(openapi.ListGrantsForUserAndClient, a.listUserGrants)
	r.Op(openapi.RevokeGrantsForUserAndClient, a.revokeUserGrants)
	r.Op(openapi.ListUserClients, a.listUserClients)
}

// Sizes of the parts of lists of grants and tokens.
const (
	oauthPage    = 20
	oauthPageMax = 200
	// appGrantPage is more than an application can be granted: clients do not page
	// here. (spec: management-extra#listScopeConsentGrants has no paging)
	appGrantPage = 1000
)

// grantView is a grant in an answer.
// (spec: management-extra OAuth2ScopeConsentGrant)
type grantView struct {
	ID          string          `json:"id"`
	Status      string          `json:"status"`
	Created     *string         `json:"created"`
	CreatedBy   *grantActorView `json:"createdBy,omitempty"`
	LastUpdated *string         `json:"lastUpdated"`
	Issuer      string          `json:"issuer"`
	ClientID    string          `json:"clientId"`
	UserID      string          `json:"userId,omitempty"`
	ScopeID     string          `json:"scopeId"`
	Source      string          `json:"source"`
	Embedded    map[string]any  `json:"_embedded,omitempty"`
	Links       oauthLinksView  `json:"_links"`
}

type grantActorView struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// titledHref is a link with a name for people.
type titledHref struct {
	Href  string         `json:"href"`
	Title string         `json:"title,omitempty"`
	Hints *httpkit.Hints `json:"hints,omitempty"`
}

// oauthLinksView are the links of grants and tokens.
type oauthLinksView struct {
	App    *titledHref `json:"app,omitempty"`
	Self   titledHref  `json:"self"`
	Revoke *titledHref `json:"revoke,omitempty"`
	Client *titledHref `json:"client,omitempty"`
	Scope  *titledHref `json:"scope,omitempty"`
	User   *titledHref `json:"user,omitempty"`
	Server *titledHref `json:"authorizationServer,omitempty"`
}

// parties finds what grants and tokens are about, each once. What is gone has
// no link.
type parties struct {
	api     *OAuthAPI
	r       *httpkit.Request
	clients map[string]*oauth.Client
	servers map[string]*oauth.Server
}

func (a *OAuthAPI) parties(r *httpkit.Request) *parties {
	return &parties{a, r, map[string]*oauth.Client{}, map[string]*oauth.Server{}}
}

func (p *parties) client(id string) (*oauth.Client, error) {
	if c, ok := p.clients[id]; ok {
		return c, nil
	}
	c, err := p.api.Servers.Client(p.r.Context(), p.r.Org.ID, id)
	if err != nil && idp.KindOf(err) != idp.KindNotFound {
		return nil, err
	}
	p.clients[id] = c
	return c, nil
}

func (p *parties) server(id string) (*oauth.Server, error) {
	if v, ok := p.servers[id]; ok {
		return v, nil
	}
	v, err := p.api.Servers.Server(p.r.Context(), p.r.Org, id)
	if err != nil && idp.KindOf(err) != idp.KindNotFound {
		return nil, err
	}
	p.servers[id] = v
	return v, nil
}

// links are those to application, client, user and server, and the server.
func (p *parties) links(self, clientID, userID, serverID string) (oauthLinksView, *oauth.Server, error) {
	out := oauthLinksView{Self: titledHref{Href: p.r.Link(self), Hints: httpkit.Allow("GET", "DELETE")}}
	c, err := p.client(clientID)
	if err != nil {
		return out, nil, err
	}
	if c != nil {
		out.App = &titledHref{Href: p.r.Link(appPath(c.App.ID)), Title: c.Label}
		out.Client = &titledHref{Href: p.r.Link("/oauth2/v1/clients/" + c.ID), Title: c.Label}
	}
	if userID != "" {
		out.User = &titledHref{Href: p.r.Link("/api/v1/users/" + userID)}
	}
	v, err := p.server(serverID)
	if err == nil && v != nil && !v.Own() {
		out.Server = &titledHref{Href: p.r.Link(serversPath + v.ID), Title: v.Name}
	}
	return out, v, err
}

func (p *parties) grant(g *oauth.Grant, path string) (grantView, error) {
	links, v, err := p.links(path+"/"+g.ID, g.ClientID, g.UserID, g.ServerID)
	if err != nil {
		return grantView{}, err
	}
	out := grantView{
		ID: g.ID, Status: string(oauth.Active), Created: httpkit.Seconds(g.Created), LastUpdated: httpkit.Seconds(g.LastUpdated),
		ClientID: g.ClientID, UserID: g.UserID, ScopeID: g.Scope, Source: g.Source, Links: links,
	}
	if g.CreatedBy != "" {
		out.CreatedBy = &grantActorView{g.CreatedBy, "User"}
	}
	if v == nil {
		return out, nil
	}
	out.Issuer = v.Issuer(p.r.Org)
	scope := v.Scope(g.Scope)
	if scope != nil && scope.ID != "" {
		out.ScopeID = scope.ID
		out.Links.Scope = &titledHref{Href: p.r.Link(serversPath + v.ID + "/scopes/" + scope.ID), Title: scope.Name}
	}
	if p.r.Q().Get("expand") == "scope" {
		embedded := map[string]any{"id": out.ScopeID}
		if scope != nil && scope.ID != "" {
			embedded = map[string]any{"id": scope.ID, "name": scope.Name, "displayName": scope.DisplayName, "description": scope.Description}
		}
		out.Embedded = map[string]any{"scope": embedded}
	}
	return out, nil
}

// answerGrants answers with a part of a list of grants.
func (a *OAuthAPI) answerGrants(r *httpkit.Request, f oauth.GrantFilter, path string) error {
	usual, most := oauthPage, oauthPageMax
	if f.ForClient {
		usual, most = appGrantPage, appGrantPage
	}
	page, err := r.Page(usual, most)
	if err != nil {
		return err
	}
	list, next, err := a.Servers.Grants(r.Context(), r.Actor, f, page.After, page.Limit)
	if err != nil {
		return err
	}
	p := a.parties(r)
	out := make([]grantView, 0, len(list))
	for _, g := range list {
		view, err := p.grant(g, path)
		if err != nil {
			return err
		}
		if wanted := r.Q().Get("scopeId"); wanted == "" || wanted == view.ScopeID {
			out = append(out, view)
		}
	}
	r.Links(next)
	return r.OK(out)
}

// answerGrant answers with one grant.
func (a *OAuthAPI) answerGrant(r *httpkit.Request, status int, g *oauth.Grant, path string) error {
	view, err := a.parties(r).grant(g, path)
	if err != nil {
		return err
	}
	return r.JSON(status, view)
}

// appClient is the client that the application in the path is.
func (a *OAuthAPI) appClient(r *httpkit.Request) (*oauth.Client, error) {
	app, err := a.Servers.Apps.Get(r.Context(), r.Actor, r.Param("appId"))
	if err != nil {
		return nil, err
	}
	c := oauth.ClientOf(app)
	if c == nil {
		return nil, idp.NotFound("AppInstance", r.Param("appId"))
	}
	return c, nil
}

// listAppGrants lists what an application was granted for itself.
// (spec: management-extra#listScopeConsentGrants)
func (a *OAuthAPI) listAppGrants(r *httpkit.Request) error {
	c, err := a.appClient(r)
	if err != nil {
		return err
	}
	return a.answerGrants(r, oauth.GrantFilter{ClientID: c.ID, ForClient: true}, appPath(c.App.ID)+"/grants")
}

// grantToApp grants a scope to an application.
// (spec: management-extra#grantConsentToScope)
func (a *OAuthAPI) grantToApp(r *httpkit.Request) error {
	var body struct {
		ScopeID string `json:"scopeId"`
		Issuer  string `json:"issuer"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	id := r.Param("appId")
	g, err := a.Servers.GrantToClient(r.Context(), r.Actor, id, body.ScopeID, body.Issuer)
	if err != nil {
		return err
	}
	return a.answerGrant(r, http.StatusCreated, g, appPath(id)+"/grants")
}

// getAppGrant reads a grant of an application.
// (spec: management-extra#getScopeConsentGrant)
func (a *OAuthAPI) getAppGrant(r *httpkit.Request) error {
	c, err := a.appClient(r)
	if err != nil {
		return err
	}
	g, err := a.Servers.Grant(r.Context(), r.Actor, oauth.GrantFilter{ClientID: c.ID, ForClient: true, ID: r.Param("grantId")})
	if err != nil {
		return err
	}
	return a.answerGrant(r, http.StatusOK, g, appPath(c.App.ID)+"/grants")
}

// revokeAppGrant takes a scope away from an application.
// (spec: management-extra#revokeScopeConsentGrant)
func (a *OAuthAPI) revokeAppGrant(r *httpkit.Request) error {
	if err := a.Servers.RevokeFromClient(r.Context(), r.Actor, r.Param("appId"), r.Param("grantId")); err != nil {
		return err
	}
	return r.NoContent()
}

// user reads the user that the path names.
func (a *OAuthAPI) user(r *httpkit.Request) (*idp.User, error) {
	return a.Directory.User(r.Context(), r.Actor, userRef(r))
}

func userGrantsPath(u *idp.User) string { return "/api/v1/users/" + u.ID + "/grants" }

// listUserGrants lists what a user let clients have, or a single client.
// (spec: management-extra#listUserGrants, #listGrantsForUserAndClient)
func (a *OAuthAPI) listUserGrants(r *httpkit.Request) error {
	u, err := a.user(r)
	if err != nil {
		return err
	}
	return a.answerGrants(r, oauth.GrantFilter{UserID: u.ID, ClientID: r.Param("clientId")}, userGrantsPath(u))
}

// getUserGrant reads a grant of a user. (spec: management-extra#getUserGrant)
func (a *OAuthAPI) getUserGrant(r *httpkit.Request) error {
	u, err := a.user(r)
	if err != nil {
		return err
	}
	g, err := a.Servers.Grant(r.Context(), r.Actor, oauth.GrantFilter{UserID: u.ID, ID: r.Param("grantId")})
	if err != nil {
		return err
	}
	return a.answerGrant(r, http.StatusOK, g, userGrantsPath(u))
}

// revokeUserGrants takes back a grant of a user, those of a client, or all.
// (spec: management-extra#revokeUserGrant, #revokeUserGrants, #revokeGrantsForUserAndClient)
func (a *OAuthAPI) revokeUserGrants(r *httpkit.Request) error {
	f := oauth.GrantFilter{ClientID: r.Param("clientId"), ID: r.Param("grantId")}
	if err := a.Servers.RevokeFromUser(r.Context(), r.Actor, userRef(r), f); err != nil {
		return err
	}
	return r.NoContent()
}

// oauthClientView is a client as lists of clients show it.
// (spec: management-extra OAuth2Client)
type oauthClientView struct {
	ClientID   string              `json:"client_id"`
	ClientName string              `json:"client_name"`
	ClientURI  *string             `json:"client_uri"`
	LogoURI    *string             `json:"logo_uri"`
	Links      map[string]linkView `json:"_links"`
}

type linkView struct {
	Href  string         `json:"href"`
	Hints *httpkit.Hints `json:"hints,omitempty"`
}

// answerClients answers with clients that have tokens at a path, and grants
// where the path is a user's.
func answerClients(r *httpkit.Request, list []*oauth.Client, path string, grants bool) error {
	out := make([]oauthClientView, 0, len(list))
	for _, c := range list {
		at := r.Link(path + "/clients/" + c.ID)
		links := map[string]linkView{"tokens": {at + "/tokens", httpkit.Allow("GET", "DELETE")}}
		if grants {
			links["grants"] = linkView{at + "/grants", httpkit.Allow("GET", "DELETE")}
		}
		out = append(out, oauthClientView{c.ID, c.Label, c.Settings.ClientURI, c.Settings.LogoURI, links})
	}
	return r.OK(out)
}

// listUserClients lists the clients that a user has let have anything.
// (spec: management-extra#listUserClients)
func (a *OAuthAPI) listUserClients(r *httpkit.Request) error {
	u, err := a.user(r)
	if err != nil {
		return err
	}
	list, err := a.Servers.GrantClients(r.Context(), r.Actor, u.ID)
	if err != nil {
		return err
	}
	return answerClients(r, list, "/api/v1/users/"+u.ID, true)
}
