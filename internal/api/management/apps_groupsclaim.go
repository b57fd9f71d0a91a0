package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *AppsAPI) mountGroupsClaim(r *httpkit.Router) {
	r.Op(openapi.GetIDTokenSettings, a.getGroupsClaim)
	r.Op(openapi.UpdateIDTokenSettings, a.setGroupsClaim)
}

// groupsClaimBody is what ID tokens tell an application about groups.
// (spec: management#getIDTokenSettings)
type groupsClaimBody struct {
	apps.GroupsClaim
	IssuerMode string `json:"issuerMode,omitempty"`
}

// groupsClaimView shows it with what the tokens say besides.
type groupsClaimView struct {
	groupsClaimBody
	Issuer   string `json:"issuer"`
	OrgURL   string `json:"orgUrl"`
	Audience string `json:"audience"`
}

func viewGroupsClaim(org *idp.Org, app *apps.App) groupsClaimView {
	v := groupsClaimView{Issuer: org.BaseURL, OrgURL: org.BaseURL, Audience: app.ClientID}
	v.ValueType, v.IssuerMode = apps.GroupsNone, app.Details.OAuthClient.IssuerMode
	if c := app.Details.GroupsClaim; c != nil {
		v.GroupsClaim = *c
		v.ValueType = c.Kind()
	}
	return v
}

// getGroupsClaim reads what ID tokens tell an application about groups.
// (spec: management#getIDTokenSettings)
func (a *AppsAPI) getGroupsClaim(r *httpkit.Request) error {
	app, err := a.Apps.GroupsClaim(r.Context(), r.Actor, r.Param("appId"))
	if err != nil {
		return err
	}
	return r.OK(viewGroupsClaim(r.Org, app))
}

// setGroupsClaim changes it. (spec: management#updateIDTokenSettings)
func (a *AppsAPI) setGroupsClaim(r *httpkit.Request) error {
	var body groupsClaimBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	app, err := a.Apps.SetGroupsClaim(r.Context(), r.Actor, r.Param("appId"), body.GroupsClaim, body.IssuerMode)
	if err != nil {
		return err
	}
	return r.OK(viewGroupsClaim(r.Org, app))
}
