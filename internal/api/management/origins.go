package management

import (
	"slices"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/openapi"
)

func (a *PoliciesAPI) mountOrigins(r *httpkit.Router) {
	r.Op(openapi.ListTrustedOrigins, a.listOrigins)
	r.Op(openapi.CreateTrustedOrigin, a.createOrigin)
	r.Op(openapi.GetTrustedOrigin, a.getOrigin)
	r.Op(openapi.ReplaceTrustedOrigin, a.replaceOrigin)
	r.Op(openapi.DeleteTrustedOrigin, a.deleteOrigin)
	r.Op(openapi.ActivateTrustedOrigin, a.setOrigin(policy.Active))
	r.Op(openapi.DeactivateTrustedOrigin, a.setOrigin(policy.Inactive))
}

// originsPage is how many trusted origins a page has that asks for no number,
// and originsMost how many it has at most. (spec: management#listTrustedOrigins)
const (
	originsPage = 20
	originsMost = 200
)

// The uses of a trusted origin. (spec: management TrustedOriginScopeType)
const (
	scopeCORS     = "CORS"
	scopeRedirect = "REDIRECT"
	scopeFrame    = "IFRAME_EMBED"
)

// originScope is one use of a trusted origin.
type originScope struct {
	Type string `json:"type"`
	// AllowedApps goes with scopeFrame.
	AllowedApps []string `json:"allowedOktaApps,omitempty"`
}

// originBody is a trusted origin in a request. (spec: management TrustedOrigin)
type originBody struct {
	Name   string        `json:"name"`
	Origin string        `json:"origin"`
	Status policy.Status `json:"status"`
	Scopes []originScope `json:"scopes"`
}

// originView is a trusted origin in an answer.
// (spec: management, example TrustedOriginResponse)
type originView struct {
	ID            string        `json:"id"`
	Name          string        `json:"name"`
	Origin        string        `json:"origin"`
	Status        policy.Status `json:"status"`
	Scopes        []originScope `json:"scopes"`
	Created       *string       `json:"created"`
	CreatedBy     *string       `json:"createdBy"`
	LastUpdated   *string       `json:"lastUpdated"`
	LastUpdatedBy *string       `json:"lastUpdatedBy"`
	Links         policyLinks   `json:"_links"`
}

func viewOrigin(org *idp.Org, o *policy.Origin) originView {
	v := originView{
		ID: o.ID, Name: o.Name, Origin: o.Origin, Status: policy.Inactive, Scopes: scopesOf(o), Created: httpkit.Seconds(o.Created),
		CreatedBy: orNull(o.CreatedBy), LastUpdated: httpkit.Seconds(o.LastUpdated), LastUpdatedBy: orNull(o.UpdatedBy),
		Links: lifecycleLinks(org, "/api/v1/trustedOrigins/"+o.ID, false, o.Active),
	}
	if o.Active {
		v.Status = policy.Active
	}
	return v
}

func scopesOf(o *policy.Origin) []originScope {
	out := []originScope{}
	if o.CORS {
		out = append(out, originScope{Type: scopeCORS})
	}
	if o.Redirect {
		out = append(out, originScope{Type: scopeRedirect})
	}
	if o.Frame {
		out = append(out, originScope{Type: scopeFrame, AllowedApps: o.FrameApps})
	}
	return out
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// listOrigins lists the trusted origins. q is the beginning of a name or an
// origin; the filter knows name, origin, status and type.
// (spec: management#listTrustedOrigins)
func (a *PoliciesAPI) listOrigins(r *httpkit.Request) error {
	matches, err := filterOf(r, "name", "origin", "status", "type")
	if err != nil {
		return err
	}
	list, err := a.Policies.Origins(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	q := strings.ToLower(r.Q().Get("q"))
	views := make([]originView, 0, len(list))
	for _, o := range list {
		v := viewOrigin(r.Org, o)
		var types []string
		for _, s := range v.Scopes {
			types = append(types, s.Type)
		}
		found := q == "" || strings.HasPrefix(strings.ToLower(v.Name), q) || strings.HasPrefix(v.Origin, q)
		if found && matches(map[string]any{"name": v.Name, "origin": v.Origin, "status": string(v.Status), "type": types}) {
			views = append(views, v)
		}
	}
	if after := r.Q().Get("after"); after != "" {
		i := slices.IndexFunc(views, func(v originView) bool { return v.ID == after })
		if i < 0 {
			return &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
		}
		views = views[i+1:]
	}
	page, err := r.Page(originsPage, originsMost)
	if err != nil {
		return err
	}
	next := ""
	if len(views) > page.Limit {
		views = views[:page.Limit]
		next = views[page.Limit-1].ID
	}
	r.Links(next)
	return r.OK(views)
}

// originInput reads a trusted origin from the body.
func (a *PoliciesAPI) originInput(r *httpkit.Request) (policy.OriginInput, error) {
	var body originBody
	if err := r.Decode(&body); err != nil {
		return policy.OriginInput{}, err
	}
	in := policy.OriginInput{Name: body.Name, Origin: body.Origin, Status: body.Status}
	for _, s := range body.Scopes {
		switch s.Type {
		case scopeCORS:
			in.CORS = true
		case scopeRedirect:
			in.Redirect = true
		case scopeFrame:
			in.Frame, in.FrameApps = true, s.AllowedApps
		default:
			return in, idp.Invalid("scopes", idp.Cause{Field: "scopes", Text: "must be " + scopeCORS + ", " + scopeRedirect + " or " + scopeFrame})
		}
	}
	return in, nil
}

// createOrigin adds a trusted origin. (spec: management#createTrustedOrigin)
func (a *PoliciesAPI) createOrigin(r *httpkit.Request) error {
	in, err := a.originInput(r)
	if err != nil {
		return err
	}
	o, err := a.Policies.CreateOrigin(r.Context(), r.Actor, in)
	if err != nil {
		return err
	}
	return r.OK(viewOrigin(r.Org, o))
}

// getOrigin reads one trusted origin. (spec: management#getTrustedOrigin)
func (a *PoliciesAPI) getOrigin(r *httpkit.Request) error {
	o, err := a.Policies.Origin(r.Context(), r.Actor, r.Param("trustedOriginId"))
	if err != nil {
		return err
	}
	return r.OK(viewOrigin(r.Org, o))
}

// replaceOrigin replaces a trusted origin. (spec: management#replaceTrustedOrigin)
func (a *PoliciesAPI) replaceOrigin(r *httpkit.Request) error {
	in, err := a.originInput(r)
	if err != nil {
		return err
	}
	o, err := a.Policies.ReplaceOrigin(r.Context(), r.Actor, r.Param("trustedOriginId"), in)
	if err != nil {
		return err
	}
	return r.OK(viewOrigin(r.Org, o))
}

// deleteOrigin removes a trusted origin. (spec: management#deleteTrustedOrigin)
func (a *PoliciesAPI) deleteOrigin(r *httpkit.Request) error {
	if err := a.Policies.DeleteOrigin(r.Context(), r.Actor, r.Param("trustedOriginId")); err != nil {
		return err
	}
	return r.NoContent()
}

// setOrigin makes a trusted origin count or not.
// (spec: management#activateTrustedOrigin, management#deactivateTrustedOrigin)
func (a *PoliciesAPI) setOrigin(status policy.Status) httpkit.Handler {
	return func(r *httpkit.Request) error {
		o, err := a.Policies.SetOriginStatus(r.Context(), r.Actor, r.Param("trustedOriginId"), status)
		if err != nil {
			return err
		}
		return r.OK(viewOrigin(r.Org, o))
	}
}
