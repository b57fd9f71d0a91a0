package management

import (
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
	"usher/openapi"
)

func (a *OAuthAPI) mountScopes(r *httpkit.Router) {
	r.Op(openapi.ListOAuth2Scopes, a.listScopes)
	r.Op(openapi.CreateOAuth2Scope, a.createScope)
	r.Op(openapi.GetOAuth2Scope, a.getScope)
	r.Op(openapi.ReplaceOAuth2Scope, a.replaceScope)
	r.Op(openapi.DeleteOAuth2Scope, a.deleteScope)
}

// scopeBody is a scope in a request. (spec: management-extra OAuth2Scope)
type scopeBody struct {
	Name            string  `json:"name"`
	DisplayName     *string `json:"displayName"`
	Description     string  `json:"description"`
	Consent         string  `json:"consent"`
	MetadataPublish string  `json:"metadataPublish"`
	Default         bool    `json:"default"`
	Optional        bool    `json:"optional"`
}

func (b scopeBody) input() oauth.ScopeInput {
	return oauth.ScopeInput{
		Name: b.Name, DisplayName: b.DisplayName, Description: b.Description, Consent: b.Consent, Publish: b.MetadataPublish,
		Default: b.Default, Optional: b.Optional,
	}
}

// scopeView is a scope in an answer.
type scopeView struct {
	ID              string       `json:"id"`
	Name            string       `json:"name"`
	DisplayName     string       `json:"displayName,omitempty"`
	Description     string       `json:"description,omitempty"`
	System          bool         `json:"system"`
	MetadataPublish string       `json:"metadataPublish"`
	Consent         string       `json:"consent"`
	Default         bool         `json:"default"`
	Optional        bool         `json:"optional"`
	Links           selfLinkView `json:"_links"`
}

func viewScope(r *httpkit.Request, v *oauth.Server, s *oauth.Scope) scopeView {
	return scopeView{
		ID: s.ID, Name: s.Name, DisplayName: s.DisplayName, Description: s.Description, System: s.System, MetadataPublish: s.Publish,
		Consent: s.Consent, Default: s.Default, Optional: s.Optional,
		Links: selfLinkView{httpkit.Href{Href: r.Link(serversPath + v.ID + "/scopes/" + s.ID), Hints: httpkit.Allow("GET", "PUT", "DELETE")}},
	}
}

// listScopes lists the scopes of a server; q begins a name, in any case, and
// filter compares some members. (spec: management-extra#listOAuth2Scopes)
func (a *OAuthAPI) listScopes(r *httpkit.Request) error {
	v, err := a.custom(r)
	if err != nil {
		return err
	}
	wanted, err := filterOf(r, "id", "name", "consent", "metadataPublish")
	if err != nil {
		return err
	}
	q := strings.ToLower(r.Q().Get("q"))
	var found []*oauth.Scope
	for _, s := range v.Scopes {
		members := map[string]any{"id": s.ID, "name": s.Name, "consent": s.Consent, "metadataPublish": s.Publish}
		if strings.HasPrefix(strings.ToLower(s.Name), q) && wanted(members) {
			found = append(found, s)
		}
	}
	found, next, err := window(r, found, func(s *oauth.Scope) string { return s.ID })
	if err != nil {
		return err
	}
	out := make([]scopeView, 0, len(found))
	for _, s := range found {
		out = append(out, viewScope(r, v, s))
	}
	r.Links(next)
	return r.OK(out)
}

// createScope adds a scope. (spec: management-extra#createOAuth2Scope)
func (a *OAuthAPI) createScope(r *httpkit.Request) error {
	var body scopeBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	v, s, err := a.Servers.CreateScope(r.Context(), r.Actor, r.Param("authServerId"), body.input())
	if err != nil {
		return err
	}
	return r.JSON(http.StatusCreated, viewScope(r, v, s))
}

// getScope reads a scope. (spec: management-extra#getOAuth2Scope)
func (a *OAuthAPI) getScope(r *httpkit.Request) error {
	v, err := a.custom(r)
	if err != nil {
		return err
	}
	s, err := v.FindScope(r.Param("scopeId"))
	if err != nil {
		return err
	}
	return r.OK(viewScope(r, v, s))
}

// replaceScope gives a scope new settings.
// (spec: management-extra#replaceOAuth2Scope)
func (a *OAuthAPI) replaceScope(r *httpkit.Request) error {
	var body scopeBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	v, s, err := a.Servers.ReplaceScope(r.Context(), r.Actor, r.Param("authServerId"), r.Param("scopeId"), body.input())
	if err != nil {
		return err
	}
	return r.OK(viewScope(r, v, s))
}

// deleteScope removes a scope. (spec: management-extra#deleteOAuth2Scope)
func (a *OAuthAPI) deleteScope(r *httpkit.Request) error {
	if err := a.Servers.DeleteScope(r.Context(), r.Actor, r.Param("authServerId"), r.Param("scopeId")); err != nil {
		return err
	}
	return r.NoContent()
}
