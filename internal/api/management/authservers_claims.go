package management

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
	"usher/openapi"
)

func (a *OAuthAPI) mountClaims(r *httpkit.Router) {
	r.Op(openapi.ListOAuth2Claims, a.listClaims)
	r.Op(openapi.CreateOAuth2Claim, a.createClaim)
	r.Op(openapi.GetOAuth2Claim, a.getClaim)
	r.Op(openapi.ReplaceOAuth2Claim, a.replaceClaim)
	r.Op(openapi.DeleteOAuth2Claim, a.deleteClaim)
}

// claimBody is a claim in a request. (spec: management-extra OAuth2Claim)
type claimBody struct {
	Name                 string          `json:"name"`
	Status               oauth.Status    `json:"status"`
	ClaimType            oauth.ClaimType `json:"claimType"`
	ValueType            string          `json:"valueType"`
	Value                string          `json:"value"`
	GroupFilterType      string          `json:"group_filter_type"`
	AlwaysIncludeInToken *bool           `json:"alwaysIncludeInToken"`
	Conditions           struct {
		Scopes []string `json:"scopes"`
	} `json:"conditions"`
}

func (b claimBody) input() oauth.ClaimInput {
	return oauth.ClaimInput{
		Name: b.Name, Status: b.Status, Type: b.ClaimType, ValueType: b.ValueType, Value: b.Value, Filter: b.GroupFilterType,
		Always: b.AlwaysIncludeInToken, Scopes: b.Conditions.Scopes,
	}
}

// claimView is a claim in an answer.
type claimView struct {
	ID                   string          `json:"id"`
	Name                 string          `json:"name"`
	Status               oauth.Status    `json:"status"`
	ClaimType            oauth.ClaimType `json:"claimType"`
	ValueType            string          `json:"valueType"`
	Value                string          `json:"value,omitempty"`
	GroupFilterType      string          `json:"group_filter_type,omitempty"`
	Conditions           scopesView      `json:"conditions"`
	System               bool            `json:"system"`
	AlwaysIncludeInToken bool            `json:"alwaysIncludeInToken"`
	APIResourceID        *string         `json:"apiResourceId"` // always null (recorded answers)
	Links                selfLinkView    `json:"_links"`
}

type scopesView struct {
	Scopes []string `json:"scopes"`
}

func viewClaim(r *httpkit.Request, v *oauth.Server, c *oauth.Claim) claimView {
	return claimView{
		ID: c.ID, Name: c.Name, Status: c.Status, ClaimType: c.Type, ValueType: c.ValueType, Value: c.Value, GroupFilterType: c.Filter,
		Conditions: scopesView{append([]string{}, c.Scopes...)}, System: c.System, AlwaysIncludeInToken: c.Always,
		Links: selfLinkView{httpkit.Href{Href: r.Link(serversPath + v.ID + "/claims/" + c.ID), Hints: httpkit.Allow("GET", "PUT", "DELETE")}},
	}
}

// listClaims lists the claims of a server.
// (spec: management-extra#listOAuth2Claims)
func (a *OAuthAPI) listClaims(r *httpkit.Request) error {
	v, err := a.custom(r)
	if err != nil {
		return err
	}
	out := []claimView{}
	for _, c := range v.AllClaims() {
		out = append(out, viewClaim(r, v, c))
	}
	return r.OK(out)
}

// createClaim adds a claim. (spec: management-extra#createOAuth2Claim)
func (a *OAuthAPI) createClaim(r *httpkit.Request) error {
	var body claimBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	v, c, err := a.Servers.CreateClaim(r.Context(), r.Actor, r.Param("authServerId"), body.input())
	if err != nil {
		return err
	}
	return r.JSON(http.StatusCreated, viewClaim(r, v, c))
}

// getClaim reads a claim. (spec: management-extra#getOAuth2Claim)
func (a *OAuthAPI) getClaim(r *httpkit.Request) error {
	v, err := a.custom(r)
	if err != nil {
		return err
	}
	c, err := v.FindClaim(r.Param("claimId"))
	if err != nil {
		return err
	}
	return r.OK(viewClaim(r, v, c))
}

// replaceClaim gives a claim new settings.
// (spec: management-extra#replaceOAuth2Claim)
func (a *OAuthAPI) replaceClaim(r *httpkit.Request) error {
	var body claimBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	v, c, err := a.Servers.ReplaceClaim(r.Context(), r.Actor, r.Param("authServerId"), r.Param("claimId"), body.input())
	if err != nil {
		return err
	}
	return r.OK(viewClaim(r, v, c))
}

// deleteClaim removes a claim. (spec: management-extra#deleteOAuth2Claim)
func (a *OAuthAPI) deleteClaim(r *httpkit.Request) error {
	if err := a.Servers.DeleteClaim(r.Context(), r.Actor, r.Param("authServerId"), r.Param("claimId")); err != nil {
		return err
	}
	return r.NoContent()
}
