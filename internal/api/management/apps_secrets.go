package management

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *AppsAPI) mountSecrets(r *httpkit.Router) {
	r.Op(openapi.ListOAuth2ClientSecrets, a.listSecrets)
	r.Op(openapi.CreateOAuth2ClientSecret, a.createSecret)
	r.Op(openapi.GetOAuth2ClientSecret, a.getSecret)
	r.Op(openapi.DeleteOAuth2ClientSecret, a.deleteSecret)
	r.Op(openapi.ActivateOAuth2ClientSecret, func(r *httpkit.Request) error { return a.setSecret(r, true) })
	r.Op(openapi.DeactivateOAuth2ClientSecret, func(r *httpkit.Request) error { return a.setSecret(r, false) })
}

// secretView is a secret of an OAuth client. (spec: management-extra OAuth2ClientSecret)
type secretView struct {
	ID           string          `json:"id"`
	Created      *string         `json:"created"`
	LastUpdated  *string         `json:"lastUpdated"`
	Status       string          `json:"status"`
	ClientSecret string          `json:"client_secret,omitempty"`
	SecretHash   string          `json:"secret_hash"`
	Links        secretLinksView `json:"_links"`
}

type secretLinksView struct {
	Activate   *httpkit.Href `json:"activate,omitempty"`
	Deactivate *httpkit.Href `json:"deactivate,omitempty"`
	Delete     *httpkit.Href `json:"delete,omitempty"`
}

// seesSecrets tells whether a caller may read a client's secret: those who
// could set it may. Others who may look at applications see its fingerprint.
func seesSecrets(a idp.Actor) bool {
	return a.Has(idp.RoleSuperAdmin) || a.Has(idp.RoleAppAdmin) || a.Has(idp.RoleAPIAccessAdmin)
}

func viewSecret(r *httpkit.Request, v *apps.Secret) secretView {
	at := r.Link(appPath(r.Param("appId")) + "/credentials/secrets/" + v.ID)
	out := secretView{
		ID: v.ID, Created: httpkit.Seconds(v.Created), LastUpdated: httpkit.Seconds(v.LastUpdated), Status: "ACTIVE",
		SecretHash: v.Fingerprint(),
	}
	if seesSecrets(r.Actor) {
		out.ClientSecret = v.Value
	}
	if v.Active {
		out.Links.Deactivate = &httpkit.Href{Href: at + "/lifecycle/deactivate", Hints: httpkit.Allow("POST")}
		return out
	}
	out.Status = "INACTIVE"
	out.Links.Activate = &httpkit.Href{Href: at + "/lifecycle/activate", Hints: httpkit.Allow("POST")}
	out.Links.Delete = &httpkit.Href{Href: at, Hints: httpkit.Allow("DELETE")}
	return out
}

// listSecrets lists the secrets of an OAuth client.
// (spec: management-extra#listOAuth2ClientSecrets)
func (a *AppsAPI) listSecrets(r *httpkit.Request) error {
	list, err := a.Apps.Secrets(r.Context(), r.Actor, r.Param("appId"))
	if err != nil {
		return err
	}
	out := make([]secretView, 0, len(list))
	for _, v := range list {
		out = append(out, viewSecret(r, v))
	}
	return r.OK(out)
}

// createSecret gives an OAuth client a further secret.
// (spec: management-extra#createOAuth2ClientSecret)
func (a *AppsAPI) createSecret(r *httpkit.Request) error {
	var in struct {
		ClientSecret string `json:"client_secret"`
		Status       string `json:"status"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	if in.Status != "" && in.Status != "ACTIVE" && in.Status != "INACTIVE" {
		return idp.Invalid("status", idp.Cause{Field: "status", Text: "must be ACTIVE or INACTIVE"})
	}
	v, err := a.Apps.AddSecret(r.Context(), r.Actor, r.Param("appId"), in.ClientSecret, in.Status != "INACTIVE")
	if err != nil {
		return err
	}
	return r.JSON(http.StatusCreated, viewSecret(r, v))
}

// getSecret reads one secret. (spec: management-extra#getOAuth2ClientSecret)
func (a *AppsAPI) getSecret(r *httpkit.Request) error {
	v, err := a.Apps.Secret(r.Context(), r.Actor, r.Param("appId"), r.Param("secretId"))
	if err != nil {
		return err
	}
	return r.OK(viewSecret(r, v))
}

// deleteSecret removes a secret that is switched off.
// (spec: management-extra#deleteOAuth2ClientSecret)
func (a *AppsAPI) deleteSecret(r *httpkit.Request) error {
	if err := a.Apps.DeleteSecret(r.Context(), r.Actor, r.Param("appId"), r.Param("secretId")); err != nil {
		return err
	}
	return r.NoContent()
}

// setSecret switches a secret on or off. (spec:
// management-extra#activateOAuth2ClientSecret, #deactivateOAuth2ClientSecret)
func (a *AppsAPI) setSecret(r *httpkit.Request, active bool) error {
	v, err := a.Apps.SetSecret(r.Context(), r.Actor, r.Param("appId"), r.Param("secretId"), active)
	if err != nil {
		return err
	}
	return r.OK(viewSecret(r, v))
}
