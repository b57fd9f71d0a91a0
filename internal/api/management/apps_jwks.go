package management

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *AppsAPI) mountJWKS(r *httpkit.Router) {
	r.Op(openapi.ListJwk, a.listJWKS)
	r.Op(openapi.AddJwk, a.addJWK)
	r.Op(openapi.GetJwk, a.getJWK)
	r.Op(openapi.Deletejwk, a.deleteJWK)
	r.Op(openapi.ActivateOAuth2ClientJsonWebKey, func(r *httpkit.Request) error { return a.setJWK(r, true) })
	r.Op(openapi.DeactivateOAuth2ClientJsonWebKey, func(r *httpkit.Request) error { return a.setJWK(r, false) })
}

// jwkView is a public key of an OAuth client.
// (spec: management-extra OAuth2ClientJsonWebKey)
type jwkView struct {
	apps.ClientKey
	Created     *string         `json:"created"`
	LastUpdated *string         `json:"lastUpdated"`
	Links       secretLinksView `json:"_links"`
}

func viewJWK(r *httpkit.Request, k *apps.PublicKey) jwkView {
	at := r.Link(appPath(r.Param("appId")) + "/credentials/jwks/" + k.ID)
	out := jwkView{ClientKey: k.ClientKey, Created: httpkit.Seconds(k.Created), LastUpdated: httpkit.Seconds(k.LastUpdated)}
	if k.Status == "ACTIVE" {
		out.Links.Deactivate = &httpkit.Href{Href: at + "/lifecycle/deactivate", Hints: httpkit.Allow("POST")}
		return out
	}
	out.Links.Activate = &httpkit.Href{Href: at + "/lifecycle/activate", Hints: httpkit.Allow("POST")}
	out.Links.Delete = &httpkit.Href{Href: at, Hints: httpkit.Allow("DELETE")}
	return out
}

// listJWKS lists the public keys of an OAuth client.
// (spec: management-extra#listJwk)
func (a *AppsAPI) listJWKS(r *httpkit.Request) error {
	list, err := a.Apps.ClientKeys(r.Context(), r.Actor, r.Param("appId"))
	if err != nil {
		return err
	}
	out := make([]jwkView, 0, len(list))
	for i := range list {
		out = append(out, viewJWK(r, &list[i]))
	}
	return r.OK(out)
}

// addJWK gives an OAuth client a further public key.
// (spec: management-extra#addJwk)
func (a *AppsAPI) addJWK(r *httpkit.Request) error {
	var in apps.ClientKey
	if err := r.Decode(&in); err != nil {
		return err
	}
	if in.Status != "" && in.Status != "ACTIVE" && in.Status != "INACTIVE" {
		return idp.Invalid("status", idp.Cause{Field: "status", Text: "must be ACTIVE or INACTIVE"})
	}
	k, err := a.Apps.AddClientKey(r.Context(), r.Actor, r.Param("appId"), in)
	if err != nil {
		return err
	}
	return r.JSON(http.StatusCreated, viewJWK(r, k))
}

// getJWK reads one public key. (spec: management-extra#getJwk)
func (a *AppsAPI) getJWK(r *httpkit.Request) error {
	k, err := a.Apps.ClientKey(r.Context(), r.Actor, r.Param("appId"), r.Param("keyId"))
	if err != nil {
		return err
	}
	return r.OK(viewJWK(r, k))
}

// deleteJWK removes a public key that is switched off.
// (spec: management-extra#deletejwk)
func (a *AppsAPI) deleteJWK(r *httpkit.Request) error {
	if err := a.Apps.DeleteClientKey(r.Context(), r.Actor, r.Param("appId"), r.Param("keyId")); err != nil {
		return err
	}
	return r.NoContent()
}

// setJWK switches a public key on or off. (spec:
// management-extra#activateOAuth2ClientJsonWebKey, #deactivateOAuth2ClientJsonWebKey)
func (a *AppsAPI) setJWK(r *httpkit.Request, active bool) error {
	k, err := a.Apps.SetClientKey(r.Context(), r.Actor, r.Param("appId"), r.Param("keyId"), active)
	if err != nil {
		return err
	}
	return r.OK(viewJWK(r, k))
}
