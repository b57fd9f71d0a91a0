package management

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
	"usher/internal/policy"
	"usher/openapi"
)

func (a *OAuthAPI) mountPolicies(r *httpkit.Router) {
	r.Op(openapi.ListAuthorizationServerPolicies, a.listPolicies)
	r.Op(openapi.CreateAuthorizationServerPolicy, a.createPolicy)
	r.Op(openapi.GetAuthorizationServerPolicy, a.getPolicy)
	r.Op(openapi.ReplaceAuthorizationServerPolicy, a.replacePolicy)
	r.Op(openapi.DeleteAuthorizationServerPolicy, a.deletePolicy)
	r.Op(openapi.ActivateAuthorizationServerPolicy, a.setPolicy(oauth.Active))
	r.Op(openapi.DeactivateAuthorizationServerPolicy, a.setPolicy(oauth.Inactive))
	r.Op(openapi.ListAuthorizationServerPolicyRules, a.listRules)
	r.Op(openapi.CreateAuthorizationServerPolicyRule, a.createRule)
	r.Op(openapi.GetAuthorizationServerPolicyRule, a.getRule)
	r.Op(openapi.ReplaceAuthorizationServerPolicyRule, a.replaceRule)
	r.Op(openapi.DeleteAuthorizationServerPolicyRule, a.deleteRule)
	r.Op(openapi.ActivateAuthorizationServerPolicyRule, a.setRule(oauth.Active))
	r.Op(openapi.DeactivateAuthorizationServerPolicyRule, a.setRule(oauth.Inactive))
}

// includeView is a condition that includes some things.
type includeView struct {
	Include []string `json:"include"`
}

// serverPolicyBody is a policy in a request.
// (spec: management-extra AuthorizationServerPolicy)
type serverPolicyBody struct {
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Status      oauth.Status `json:"status"`
	Priority    *int         `json:"priority"`
	Conditions  struct {
		Clients includeView `json:"clients"`
	} `json:"conditions"`
}

func (b serverPolicyBody) input() oauth.PolicyInput {
	return oauth.PolicyInput{Name: b.Name, Description: b.Description, Status: b.Status, Priority: b.Priority, Clients: b.Conditions.Clients.Include}
}

// serverPolicyView is a policy in an answer.
type serverPolicyView struct {
	ID          string               `json:"id"`
	Status      oauth.Status         `json:"status"`
	Name        string               `json:"name"`
	Description string               `json:"description"`
	Priority    int                  `json:"priority"`
	System      bool                 `json:"system"`
	Conditions  policyConditionsView `json:"conditions"`
	Created     *string              `json:"created"`
	LastUpdated *string              `json:"lastUpdated"`
	Links       policyLinks          `json:"_links"`
	Type        policy.Type          `json:"type"`
}

type policyConditionsView struct {
	Clients includeView `json:"clients"`
}

func viewServerPolicy(r *httpkit.Request, v *oauth.Server, p *oauth.Policy) serverPolicyView {
	path := serversPath + v.ID + "/policies/" + p.ID
	out := serverPolicyView{
		ID: p.ID, Status: p.Status, Name: p.Name, Description: p.Description, Priority: p.Priority, System: p.System,
		Conditions: policyConditionsView{includeView{p.Clients}}, Created: httpkit.Seconds(p.Created), LastUpdated: httpkit.Seconds(p.LastUpdated),
		Links: lifecycleLinks(r.Org, path, p.System, p.Status == oauth.Active), Type: policy.TypeToken,
	}
	out.Links.Rules = &httpkit.Href{Href: r.Link(path + "/rules"), Hints: httpkit.Allow("GET")}
	return out
}

// listPolicies lists the policies of a server in the order in which they are
// tried. (spec: management-extra#listAuthorizationServerPolicies)
func (a *OAuthAPI) listPolicies(r *httpkit.Request) error {
	v, err := a.custom(r)
	if err != nil {
		return err
	}
	out := make([]serverPolicyView, 0, len(v.Policies))
	for _, p := range v.Policies {
		out = append(out, viewServerPolicy(r, v, p))
	}
	return r.OK(out)
}

// createPolicy adds a policy.
// (spec: management-extra#createAuthorizationServerPolicy)
func (a *OAuthAPI) createPolicy(r *httpkit.Request) error {
	var body serverPolicyBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	v, p, err := a.Servers.CreatePolicy(r.Context(), r.Actor, r.Param("authServerId"), body.input())
	if err != nil {
		return err
	}
	return r.JSON(http.StatusCreated, viewServerPolicy(r, v, p))
}

// findPolicy reads the policy that the path names.
func (a *OAuthAPI) findPolicy(r *httpkit.Request) (*oauth.Server, *oauth.Policy, error) {
	v, err := a.custom(r)
	if err != nil {
		return nil, nil, err
	}
	p, err := v.FindPolicy(r.Param("policyId"))
	return v, p, err
}

// getPolicy reads a policy. (spec: management-extra#getAuthorizationServerPolicy)
func (a *OAuthAPI) getPolicy(r *httpkit.Request) error {
	v, p, err := a.findPolicy(r)
	if err != nil {
		return err
	}
	return r.OK(viewServerPolicy(r, v, p))
}

// replacePolicy gives a policy new settings.
// (spec: management-extra#replaceAuthorizationServerPolicy)
func (a *OAuthAPI) replacePolicy(r *httpkit.Request) error {
	var body serverPolicyBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	v, p, err := a.Servers.ReplacePolicy(r.Context(), r.Actor, r.Param("authServerId"), r.Param("policyId"), body.input())
	if err != nil {
		return err
	}
	return r.OK(viewServerPolicy(r, v, p))
}

// deletePolicy removes a policy.
// (spec: management-extra#deleteAuthorizationServerPolicy)
func (a *OAuthAPI) deletePolicy(r *httpkit.Request) error {
	if err := a.Servers.DeletePolicy(r.Context(), r.Actor, r.Param("authServerId"), r.Param("policyId")); err != nil {
		return err
	}
	return r.NoContent()
}

// setPolicy lets a policy take part or not.
// (spec: management-extra#activateAuthorizationServerPolicy)
func (a *OAuthAPI) setPolicy(status oauth.Status) httpkit.Handler {
	return func(r *httpkit.Request) error {
		if err := a.Servers.SetPolicy(r.Context(), r.Actor, r.Param("authServerId"), r.Param("policyId"), status); err != nil {
			return err
		}
		return r.NoContent()
	}
}
