package management

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/oauth"
	"usher/openapi"
)

// OAuthAPI is the part of the management interface about authorization servers,
// what clients were granted and the tokens that they hold. All members are
// required.
type OAuthAPI struct {
	Servers   *oauth.Service
	Directory *directory.Service
}

// Mount registers the operations that are built.
func (a *OAuthAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.ListAuthorizationServers, a.list)
	r.Op(openapi.CreateAuthorizationServer, a.create)
	r.Op(openapi.GetAuthorizationServer, a.get)
	r.Op(openapi.ReplaceAuthorizationServer, a.replace)
	r.Op(openapi.DeleteAuthorizationServer, a.remove)
	r.Op(openapi.ActivateAuthorizationServer, a.set(oauth.Active))
	r.Op(openapi.DeactivateAuthorizationServer, a.set(oauth.Inactive))
	r.Op(openapi.ListAuthorizationServerKeys, a.listKeys)
	r.Op(openapi.GetAuthorizationServerKey, a.getKey)
	r.Op(openapi.RotateAuthorizationServerKeys, a.rotateKeys)
	a.mountScopes(r)
	a.mountClaims(r)
	a.mountPolicies(r)
	a.mountGrants(r)
	a.mountTokens(r)
}

// serverBody is an authorization server in a request.
// (spec: management-extra AuthorizationServer)
type serverBody struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Audiences   []string `json:"audiences"`
	IssuerMode  string   `json:"issuerMode"`
	Credentials struct {
		Signing struct {
			RotationMode string   `json:"rotationMode"`
			Alg          keys.Alg `json:"alg"`
			Type         string   `json:"typ"`
		} `json:"signing"`
	} `json:"credentials"`
	// Encryption of access tokens is not built.
	Encryption string `json:"accessTokenEncryptedResponseAlgorithm"`
}

// check refuses what nobody would do. KindUnsupported.
func (b serverBody) check() error {
	if b.Encryption != "" {
		return idp.Fail(idp.KindUnsupported, "Access tokens are not encrypted here")
	}
	return nil
}

func (b serverBody) input() oauth.ServerInput {
	return oauth.ServerInput{
		Name: b.Name, Description: b.Description, Audiences: b.Audiences, IssuerMode: b.IssuerMode,
		Rotation: b.Credentials.Signing.RotationMode, Alg: b.Credentials.Signing.Alg, Type: b.Credentials.Signing.Type,
	}
}

// serverView is an authorization server in an answer.
type serverView struct {
	ID          string                `json:"id"`
	Name        string                `json:"name"`
	Description string                `json:"description"`
	Audiences   []string              `json:"audiences"`
	Issuer      string                `json:"issuer"`
	IssuerMode  string                `json:"issuerMode"`
	Status      oauth.Status          `json:"status"`
	Created     *string               `json:"created"`
	LastUpdated *string               `json:"lastUpdated"`
	Credentials serverCredentialsView `json:"credentials"`
	// Default tells the one that every organisation has. (recorded answers; the
	// Terraform provider for Okta cannot do without it)
	Default bool            `json:"default"`
	Links   serverLinksView `json:"_links"`
}

type serverCredentialsView struct {
	Signing serverSigningView `json:"signing"`
}

// serverSigningView tells which key signs and when it changes by itself. The
// algorithm is a member of our own, and so is the type of access tokens, where it
// is not the service's.
type serverSigningView struct {
	RotationMode string   `json:"rotationMode"`
	LastRotated  *string  `json:"lastRotated"`
	NextRotation *string  `json:"nextRotation,omitempty"`
	KeyID        string   `json:"kid"`
	Use          string   `json:"use"`
	Alg          keys.Alg `json:"alg"`
	Type         string   `json:"typ,omitempty"`
}

type serverLinksView struct {
	RotateKey  *httpkit.Href  `json:"rotateKey,omitempty"`
	Keys       httpkit.Href   `json:"keys"`
	Scopes     httpkit.Href   `json:"scopes"`
	Claims     httpkit.Href   `json:"claims"`
	Policies   httpkit.Href   `json:"policies"`
	Clients    httpkit.Href   `json:"clients"`
	Self       httpkit.Href   `json:"self"`
	Metadata   []httpkit.Href `json:"metadata"`
	Activate   *httpkit.Href  `json:"activate,omitempty"`
	Deactivate *httpkit.Href  `json:"deactivate,omitempty"`
}

// serversPath is the address of the authorization servers below the base URL.
const serversPath = "/api/v1/authorizationServers/"

func (a *OAuthAPI) view(r *httpkit.Request, v *oauth.Server) (serverView, error) {
	key, err := a.Servers.Signing.Active(r.Context(), v.Owner(), v.Alg)
	if err != nil {
		return serverView{}, err
	}
	at, issuer := r.Link(serversPath+v.ID), v.Issuer(r.Org)
	link := func(path string, allow ...string) httpkit.Href {
		return httpkit.Href{Href: at + path, Hints: httpkit.Allow(allow...)}
	}
	post := func(path string) *httpkit.Href {
		return &httpkit.Href{Href: at + path, Hints: httpkit.Allow("POST")}
	}
	meta := func(name string) httpkit.Href {
		return httpkit.Href{Name: name, Href: issuer + "/.well-known/" + name, Hints: httpkit.Allow("GET")}
	}
	typ := v.Type
	if typ == oauth.TypeJWT {
		typ = ""
	}
	out := serverView{
		ID: v.ID, Name: v.Name, Description: v.Description, Audiences: v.Audiences, Issuer: issuer, IssuerMode: v.IssuerMode, Status: v.Status,
		Created: httpkit.Seconds(v.Created), LastUpdated: httpkit.Seconds(v.LastUpdated),
		Credentials: serverCredentialsView{serverSigningView{
			RotationMode: v.Rotation, LastRotated: httpkit.Seconds(key.Activated), KeyID: key.ID, Use: "sig", Alg: key.Alg, Type: typ,
		}},
		Default: v.Standard,
		Links: serverLinksView{
			RotateKey: post("/credentials/lifecycle/keyRotate"), Keys: link("/credentials/keys", "GET"), Scopes: link("/scopes", "GET", "POST"),
			Claims: link("/claims", "GET", "POST"), Policies: link("/policies", "GET", "POST"), Clients: link("/clients", "GET"),
			Self:     link("", "GET", "DELETE", "PUT"),
			Metadata: []httpkit.Href{meta("oauth-authorization-server"), meta("openid-configuration")},
		},
	}
	if v.Rotation == oauth.RotationAuto {
		out.Credentials.Signing.NextRotation = httpkit.Seconds(key.Activated.Add(keys.RotateAfter))
	}
	if v.Status == oauth.Active {
		out.Links.Deactivate = post("/lifecycle/deactivate")
	} else {
		out.Links.Activate = post("/lifecycle/activate")
	}
	return out, nil
}

// serverPage is how many authorization servers an answer has at most.
const serverPage = 200

// list lists the custom servers. (spec: management-extra#listAuthorizationServers)
func (a *OAuthAPI) list(r *httpkit.Request) error {
	found, err := a.Servers.Servers(r.Context(), r.Actor, r.Q().Get("q"))
	if err != nil {
		return err
	}
	found, next, err := windowOf(r, found, serverPage, func(v *oauth.Server) string { return v.ID })
	if err != nil {
		return err
	}
	out := make([]serverView, 0, len(found))
	for _, v := range found {
		view, err := a.view(r, v)
		if err != nil {
			return err
		}
		out = append(out, view)
	}
	r.Links(next)
	return r.OK(out)
}

// windowOf is window with a limit where none is asked for.
func windowOf[T any](r *httpkit.Request, list []T, most int, id func(T) string) ([]T, string, error) {
	list, next, err := window(r, list, id)
	if err == nil && len(list) > most {
		list, next = list[:most], id(list[most-1])
	}
	return list, next, err
}

// answer answers with one authorization server.
func (a *OAuthAPI) answer(r *httpkit.Request, status int, v *oauth.Server) error {
	view, err := a.view(r, v)
	if err != nil {
		return err
	}
	return r.JSON(status, view)
}

// create makes a custom server. (spec: management-extra#createAuthorizationServer)
func (a *OAuthAPI) create(r *httpkit.Request) error {
	var body serverBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	if err := body.check(); err != nil {
		return err
	}
	v, err := a.Servers.CreateServer(r.Context(), r.Actor, body.input())
	if err != nil {
		return err
	}
	return a.answer(r, http.StatusCreated, v)
}

// custom reads the server that the path names.
func (a *OAuthAPI) custom(r *httpkit.Request) (*oauth.Server, error) {
	return a.Servers.Custom(r.Context(), r.Actor, r.Param("authServerId"))
}

// get reads a server. (spec: management-extra#getAuthorizationServer)
func (a *OAuthAPI) get(r *httpkit.Request) error {
	v, err := a.custom(r)
	if err != nil {
		return err
	}
	return a.answer(r, http.StatusOK, v)
}

// replace gives a server new settings.
// (spec: management-extra#replaceAuthorizationServer)
func (a *OAuthAPI) replace(r *httpkit.Request) error {
	var body serverBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	if err := body.check(); err != nil {
		return err
	}
	v, err := a.Servers.ReplaceServer(r.Context(), r.Actor, r.Param("authServerId"), body.input())
	if err != nil {
		return err
	}
	return a.answer(r, http.StatusOK, v)
}

// remove removes a server. (spec: management-extra#deleteAuthorizationServer)
func (a *OAuthAPI) remove(r *httpkit.Request) error {
	if err := a.Servers.DeleteServer(r.Context(), r.Actor, r.Param("authServerId")); err != nil {
		return err
	}
	return r.NoContent()
}

// set lets a server serve or not.
// (spec: management-extra#activateAuthorizationServer, #deactivateAuthorizationServer)
func (a *OAuthAPI) set(status oauth.Status) httpkit.Handler {
	return func(r *httpkit.Request) error {
		if err := a.Servers.SetServer(r.Context(), r.Actor, r.Param("authServerId"), status); err != nil {
			return err
		}
		return r.NoContent()
	}
}
