package management

import (
	"encoding/base64"
	"math/big"
	"slices"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/federation"
	"usher/internal/idp"
	"usher/openapi"
)

// FederationAPI answers for the identity providers that an organisation trusts.
type FederationAPI struct {
	Federation *federation.Service
}

// Mount registers the operations.
func (a *FederationAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.ListIdentityProviders, a.list)
	r.Op(openapi.CreateIdentityProvider, a.create)
	r.Op(openapi.GetIdentityProvider, a.get)
	r.Op(openapi.ReplaceIdentityProvider, a.replace)
	r.Op(openapi.DeleteIdentityProvider, a.delete)
	r.Op(openapi.ActivateIdentityProvider, a.setStatus(federation.Active))
	r.Op(openapi.DeactivateIdentityProvider, a.setStatus(federation.Inactive))
	r.Op(openapi.ListIdentityProviderKeys, a.listKeys)
	r.Op(openapi.CreateIdentityProviderKey, a.createKey)
	r.Op(openapi.GetIdentityProviderKey, a.getKey)
	r.Op(openapi.DeleteIdentityProviderKey, a.deleteKey)
	r.Op(openapi.ListProfileMappings, a.listMappings)
}

// idpBody is an identity provider in a request.
// (spec: management-extra IdentityProvider)
type idpBody struct {
	Type     string              `json:"type"`
	Name     string              `json:"name"`
	Status   string              `json:"status"`
	Protocol federation.Protocol `json:"protocol"`
	Policy   federation.Policy   `json:"policy"`
}

// idpView is an identity provider in an answer.
type idpView struct {
	ID          string              `json:"id"`
	Type        string              `json:"type"`
	IssuerMode  string              `json:"issuerMode"`
	Name        string              `json:"name"`
	Status      string              `json:"status"`
	Created     *string             `json:"created"`
	LastUpdated *string             `json:"lastUpdated"`
	Protocol    federation.Protocol `json:"protocol"`
	Policy      federation.Policy   `json:"policy"`
	Links       policyLinks         `json:"_links"`
}

func viewIDP(org *idp.Org, p *federation.Provider) idpView {
	path := "/api/v1/idps/" + p.ID
	v := idpView{
		ID: p.ID, Type: federation.SAML2, IssuerMode: "ORG_URL", Name: p.Name, Status: p.Status, Created: httpkit.Time(p.Created),
		LastUpdated: httpkit.Time(p.LastUpdated), Protocol: p.Protocol, Policy: p.Policy,
		Links: lifecycleLinks(org, path, false, p.Status == federation.Active),
	}
	v.Links.setLifecycle(org, path, p.Status == federation.Active)
	return v
}

func (a *FederationAPI) input(r *httpkit.Request) (federation.Input, error) {
	var body idpBody
	err := r.Decode(&body)
	return federation.Input(body), err
}

// defaultIDPs is how many there are on a page where no limit is asked for.
const defaultIDPs = 20

// list lists the identity providers, those of a type and those whose name begins
// as it is asked for. (spec: management-extra#listIdentityProviders)
func (a *FederationAPI) list(r *httpkit.Request) error {
	list, err := a.Federation.List(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	q, of := strings.ToLower(r.Q().Get("q")), r.Q().Get("type")
	list = slices.DeleteFunc(list, func(p *federation.Provider) bool {
		return !strings.HasPrefix(strings.ToLower(p.Name), q) || of != "" && of != federation.SAML2
	})
	list, next, err := windowOf(r, list, defaultIDPs, func(p *federation.Provider) string { return p.ID })
	if err != nil {
		return err
	}
	r.Links(next)
	out := make([]idpView, 0, len(list))
	for _, p := range list {
		out = append(out, viewIDP(r.Org, p))
	}
	return r.OK(out)
}

// listMappings lists the mappings that lead from the profiles of an identity
// provider to those of users: none, since nobody becomes a user by an assertion.
// Clients ask for them when they read an identity provider. Those of applications
// are not kept. (spec: management-extra#listProfileMappings; the Terraform provider
// for Okta, resource okta_idp_saml)
func (a *FederationAPI) listMappings(r *httpkit.Request) error {
	_, err := a.Federation.Get(r.Context(), r.Actor, r.Q().Get("sourceId"))
	if idp.KindOf(err) == idp.KindNotFound {
		return idp.Invalid("sourceId", idp.Cause{Field: "sourceId", Text: "must be an identity provider; other mappings are not kept"})
	}
	if err != nil {
		return err
	}
	return r.OK([]struct{}{})
}

func (a *FederationAPI) answer(r *httpkit.Request, p *federation.Provider, err error) error {
	if err != nil {
		return err
	}
	return r.OK(viewIDP(r.Org, p))
}

func (a *FederationAPI) get(r *httpkit.Request) error {
	p, err := a.Federation.Get(r.Context(), r.Actor, r.Param("idpId"))
	return a.answer(r, p, err)
}

func (a *FederationAPI) create(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	p, err := a.Federation.Create(r.Context(), r.Actor, in)
	return a.answer(r, p, err)
}

func (a *FederationAPI) replace(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	p, err := a.Federation.Replace(r.Context(), r.Actor, r.Param("idpId"), in)
	return a.answer(r, p, err)
}

func (a *FederationAPI) delete(r *httpkit.Request) error {
	if err := a.Federation.Delete(r.Context(), r.Actor, r.Param("idpId")); err != nil {
		return err
	}
	return r.NoContent()
}

func (a *FederationAPI) setStatus(status string) httpkit.Handler {
	return func(r *httpkit.Request) error {
		p, err := a.Federation.SetStatus(r.Context(), r.Actor, r.Param("idpId"), status)
		return a.answer(r, p, err)
	}
}

// idpKeyView is a certificate in an answer. (spec: management-extra
// IdPKeyCredential)
type idpKeyView struct {
	Kid         string   `json:"kid"`
	Created     *string  `json:"created"`
	LastUpdated *string  `json:"lastUpdated"`
	Expires     *string  `json:"expiresAt"`
	Kty         string   `json:"kty"`
	Use         string   `json:"use"`
	E           string   `json:"e"`
	N           string   `json:"n"`
	X5C         []string `json:"x5c"`
	Thumbprint  string   `json:"x5t#S256"`
}

func viewIDPKey(k *federation.Key) idpKeyView {
	return idpKeyView{
		Kid: k.ID, Created: httpkit.Time(k.Created), LastUpdated: httpkit.Time(k.LastUpdated), Expires: httpkit.Time(k.Certificate.NotAfter),
		Kty: "RSA", Use: "sig", E: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.Public.E)).Bytes()),
		N:   base64.RawURLEncoding.EncodeToString(k.Public.N.Bytes()),
		X5C: []string{base64.StdEncoding.EncodeToString(k.Certificate.Raw)}, Thumbprint: k.Thumbprint(),
	}
}

func (a *FederationAPI) listKeys(r *httpkit.Request) error {
	list, err := a.Federation.Keys(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	list, next, err := windowOf(r, list, defaultIDPs, func(k *federation.Key) string { return k.ID })
	if err != nil {
		return err
	}
	r.Links(next)
	out := make([]idpKeyView, 0, len(list))
	for _, k := range list {
		out = append(out, viewIDPKey(k))
	}
	return r.OK(out)
}

func (a *FederationAPI) createKey(r *httpkit.Request) error {
	var body struct {
		X5C []string `json:"x5c"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	k, err := a.Federation.CreateKey(r.Context(), r.Actor, body.X5C)
	if err != nil {
		return err
	}
	return r.OK(viewIDPKey(k))
}

func (a *FederationAPI) getKey(r *httpkit.Request) error {
	k, err := a.Federation.Key(r.Context(), r.Actor, r.Param("kid"))
	if err != nil {
		return err
	}
	return r.OK(viewIDPKey(k))
}

func (a *FederationAPI) deleteKey(r *httpkit.Request) error {
	if err := a.Federation.DeleteKey(r.Context(), r.Actor, r.Param("kid")); err != nil {
		return err
	}
	return r.NoContent()
}
