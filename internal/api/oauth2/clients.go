package oauth2

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/internal/oauth"
	"usher/openapi"
)

// ClientsAPI registers OAuth clients: applications in the words of the protocol.
// (RFC 7591; RFC 7592) Servers is required.
type ClientsAPI struct {
	Servers *oauth.Service
}

// Mount registers the operations.
func (a *ClientsAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.ListClients, a.list)
	r.Op(openapi.CreateClient, a.create)
	r.Op(openapi.GetClient, a.get)
	r.Op(openapi.ReplaceClient, a.replace)
	r.Op(openapi.DeleteClient, a.remove)
	r.Op(openapi.GenerateNewClientSecret, a.newSecret)
}

// clientView is a client in an answer. The secret stands there when it is new.
// (spec: oauth2 Client)
type clientView struct {
	ID              string          `json:"client_id"`
	Secret          string          `json:"client_secret,omitempty"`
	IssuedAt        int64           `json:"client_id_issued_at"`
	SecretExpires   *int64          `json:"client_secret_expires_at,omitempty"`
	Name            string          `json:"client_name"`
	URI             *string         `json:"client_uri"`
	LogoURI         *string         `json:"logo_uri"`
	RedirectURIs    []string        `json:"redirect_uris"`
	LogoutURIs      []string        `json:"post_logout_redirect_uris,omitempty"`
	ResponseTypes   []string        `json:"response_types"`
	GrantTypes      []string        `json:"grant_types"`
	AuthMethod      string          `json:"token_endpoint_auth_method"`
	ApplicationType string          `json:"application_type"`
	ConsentMethod   string          `json:"consent_method"`
	DPoPBound       bool            `json:"dpop_bound_access_tokens"`
	InitiateLogin   string          `json:"initiate_login_uri,omitempty"`
	Keys            *registeredKeys `json:"jwks,omitempty"`
	KeysURI         string          `json:"jwks_uri,omitempty"`
	TermsURI        string          `json:"tos_uri,omitempty"`
	PolicyURI       string          `json:"policy_uri,omitempty"`
	FrontLogoutURI  string          `json:"frontchannel_logout_uri,omitempty"`
	FrontLogoutSID  *bool           `json:"frontchannel_logout_session_required,omitempty"`
	BackLogoutURI   string          `json:"backchannel_logout_uri,omitempty"`
	BackLogoutSID   *bool           `json:"backchannel_logout_session_required,omitempty"`
	RequestAlg      string          `json:"request_object_signing_alg,omitempty"`
	BackMode        string          `json:"backchannel_token_delivery_mode,omitempty"`
	BackAlg         string          `json:"backchannel_authentication_request_signing_alg,omitempty"`
	BackID          string          `json:"backchannel_custom_authenticator_id,omitempty"`
}

// registeredKeys are the public keys of a client.
type registeredKeys struct {
	Keys []registeredKey `json:"keys"`
}

type registeredKey struct {
	Type   string  `json:"kty"`
	KeyID  string  `json:"kid,omitempty"`
	Status string  `json:"status,omitempty"`
	Use    *string `json:"use,omitempty"`
	Alg    string  `json:"alg,omitempty"`
	E      string  `json:"e,omitempty"`
	N      string  `json:"n,omitempty"`
	X      string  `json:"x,omitempty"`
	Y      string  `json:"y,omitempty"`
	Curve  string  `json:"crv,omitempty"`
}

func viewClient(c *oauth.Client) clientView {
	s := c.Settings
	out := clientView{
		ID: c.ID, Secret: c.ClientSecret, IssuedAt: c.Created.Unix(), Name: c.Label, URI: s.ClientURI, LogoURI: s.LogoURI,
		RedirectURIs: s.RedirectURIs, LogoutURIs: s.LogoutURIs, ResponseTypes: s.ResponseTypes, GrantTypes: s.GrantTypes,
		AuthMethod: c.Proof.AuthMethod, ApplicationType: s.ApplicationType, ConsentMethod: s.ConsentMethod, DPoPBound: s.DPoPBound,
		InitiateLogin: s.InitiateLoginURI, KeysURI: s.JWKSURI, TermsURI: s.TermsURI, PolicyURI: s.PolicyURI,
		BackMode: s.BackchannelMode, BackAlg: s.BackchannelSign, BackID: s.BackchannelAuthenticator,
		FrontLogoutURI: s.FrontLogoutURI, FrontLogoutSID: s.FrontLogoutSID,
		BackLogoutURI: s.BackLogoutURI, BackLogoutSID: s.BackLogoutSID, RequestAlg: s.RequestObjectSign,
	}
	if c.Proof.NeedsSecret() {
		out.SecretExpires = new(int64) // 0: never (RFC 7591 section 3.2.1)
	}
	if s.JWKS == nil {
		return out
	}
	out.Keys = &registeredKeys{Keys: []registeredKey{}}
	for _, k := range s.JWKS.Keys {
		out.Keys.Keys = append(out.Keys.Keys, registeredKey{k.Type, k.KeyID, k.Status, k.Use, k.Alg, k.E, k.N, k.X, k.Y, k.Curve})
	}
	return out
}

// input reads a client from a request: the members of the protocol are those of
// an application's settings, but for the few that stand elsewhere there.
// consent is how users agree to a client that does not say it.
func (a *ClientsAPI) input(r *httpkit.Request, consent string) (*apps.Input, error) {
	var text json.RawMessage
	if err := r.Decode(&text); err != nil {
		return nil, metadataFault(err)
	}
	var body struct {
		Name       *string `json:"client_name"`
		AuthMethod string  `json:"token_endpoint_auth_method"`
		Consent    *string `json:"consent_method"`
	}
	if len(text) > 0 && json.Unmarshal(text, &body) != nil {
		return nil, &oauth.Fault{Code: oauth.InvalidClientMetadata, Text: "The client is not described by an object of texts."}
	}
	if body.Name == nil || *body.Name == "" {
		return nil, &oauth.Fault{Code: oauth.InvalidClientMetadata, Text: "client_name: The field cannot be left blank"}
	}
	if body.Consent == nil {
		var err error
		if text, err = withMember(text, "consent_method", consent); err != nil {
			return nil, err
		}
	}
	mode := idp.SignOnOIDC
	in := &apps.Input{Name: apps.OIDCName, Label: body.Name, SignOnMode: &mode, Settings: &apps.SettingsInput{OAuthClient: text}}
	if body.AuthMethod != "" {
		in.Credentials = &apps.CredentialsInput{OAuthClient: &apps.OAuthCredentialsInput{AuthMethod: body.AuthMethod}}
	}
	return in, nil
}

// withMember is a JSON object with one more member.
func withMember(object json.RawMessage, name, value string) (json.RawMessage, error) {
	members := map[string]any{}
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, fmt.Errorf("read client: %w", err)
	}
	members[name] = value
	return json.Marshal(members)
}

// metadataFault says in the words of the protocol what is wrong with a client.
// (RFC 7591 section 3.2.2)
func metadataFault(err error) error {
	e, ok := errors.AsType[*idp.Error](err)
	if !ok {
		return err
	}
	switch e.Kind {
	case idp.KindInvalid, idp.KindMalformed, idp.KindImmutable:
	default:
		return err
	}
	f := &oauth.Fault{Code: oauth.InvalidClientMetadata, Text: e.Object}
	if len(e.Causes) > 0 {
		f.Text = e.Causes[0].Text
		if e.Causes[0].Field != "" {
			f.Text = e.Causes[0].Field + ": " + f.Text
		}
		if e.Causes[0].Field == "redirect_uris" {
			f.Code = oauth.InvalidRedirectURI
		}
	}
	return f
}

// find is the client that the path names.
func (a *ClientsAPI) find(r *httpkit.Request) (*oauth.Client, error) {
	return a.Servers.Client(r.Context(), r.Org.ID, r.Param("clientId"))
}

// Sizes of the parts of the list.
const (
	clientPage    = 20
	clientPageMax = 200
)

// list lists clients; q begins a name. (spec: oauth2#listClients)
func (a *ClientsAPI) list(r *httpkit.Request) error {
	page, err := r.Page(clientPage, clientPageMax)
	if err != nil {
		return err
	}
	found, next, err := a.Servers.Apps.List(r.Context(), r.Actor, apps.Query{
		Page: page, Name: apps.OIDCName, Prefix: r.Q().Get("q"),
	})
	if err != nil {
		return err
	}
	out := make([]clientView, 0, len(found))
	for _, app := range found {
		if c := oauth.ClientOf(app); c != nil {
			out = append(out, viewClient(c))
		}
	}
	r.Links(next)
	return r.OK(out)
}

// create registers a client, of which users are asked unless it says otherwise.
// (spec: oauth2#createClient)
func (a *ClientsAPI) create(r *httpkit.Request) error {
	in, err := a.input(r, "REQUIRED")
	if err != nil {
		return err
	}
	app, err := a.Servers.Apps.Create(r.Context(), r.Actor, in, true)
	if err != nil {
		return metadataFault(err)
	}
	return r.JSON(http.StatusCreated, viewClient(oauth.ClientOf(app)))
}

// get reads a client. (spec: oauth2#getClient)
func (a *ClientsAPI) get(r *httpkit.Request) error {
	c, err := a.find(r)
	if err != nil {
		return err
	}
	if _, err := a.Servers.Apps.Get(r.Context(), r.Actor, c.App.ID); err != nil {
		return err
	}
	return r.OK(viewClient(c))
}

// replace gives a client new settings, and shows its secret as its registration
// does. (spec: oauth2#replaceClient, Client client_secret)
func (a *ClientsAPI) replace(r *httpkit.Request) error {
	c, err := a.find(r)
	if err != nil {
		return err
	}
	in, err := a.input(r, c.Settings.ConsentMethod)
	if err != nil {
		return err
	}
	in.Name = c.Name
	app, err := a.Servers.Apps.ReplaceClient(r.Context(), r.Actor, c.App.ID, in)
	if err != nil {
		return metadataFault(err)
	}
	return r.OK(viewClient(oauth.ClientOf(app)))
}

// remove removes a client with its application. (spec: oauth2#deleteClient)
func (a *ClientsAPI) remove(r *httpkit.Request) error {
	c, err := a.find(r)
	if err != nil {
		return err
	}
	if err := a.Servers.Apps.Deactivate(r.Context(), r.Actor, c.App.ID); err != nil {
		return err
	}
	if err := a.Servers.Apps.Delete(r.Context(), r.Actor, c.App.ID); err != nil {
		return err
	}
	return r.NoContent()
}

// newSecret gives a client a new secret; those it had are void.
// (spec: oauth2#generateNewClientSecret)
func (a *ClientsAPI) newSecret(r *httpkit.Request) error {
	c, err := a.find(r)
	if err != nil {
		return err
	}
	app, err := a.Servers.Apps.NewClientSecret(r.Context(), r.Actor, c.App.ID)
	if err != nil {
		return metadataFault(err)
	}
	return r.OK(viewClient(oauth.ClientOf(app)))
}
