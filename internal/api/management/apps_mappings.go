package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *AppsAPI) mountMappings(r *httpkit.Router) {
	r.Op(openapi.ListPolicyApps, a.listPolicyApps)
	r.Op(openapi.ListPolicyMappings, a.listMappings)
	r.Op(openapi.MapResourceToPolicy, a.createMapping)
	r.Op(openapi.GetPolicyMapping, a.getMapping)
	r.Op(openapi.DeletePolicyResourceMapping, a.deleteMapping)
}

// mappingView is an application under a policy.
// (spec: management, example policy-mapping-response)
type mappingView struct {
	ID    string `json:"id"`
	Links struct {
		Application httpkit.Href `json:"application"`
		Self        httpkit.Href `json:"self"`
		Policy      httpkit.Href `json:"policy"`
	} `json:"_links"`
}

func viewMapping(org *idp.Org, m *apps.Mapping) mappingView {
	v := mappingView{ID: m.ID}
	policy := org.BaseURL + policiesPath + m.PolicyID
	v.Links.Application = httpkit.Href{Href: org.BaseURL + "/api/v1/apps/" + m.App.ID, Hints: httpkit.Allow("GET", "PUT", "DELETE")}
	v.Links.Self = httpkit.Href{Href: policy + "/mappings/" + m.ID, Hints: httpkit.Allow("GET", "DELETE")}
	v.Links.Policy = httpkit.Href{Href: policy, Hints: httpkit.Allow("GET", "PUT", "DELETE")}
	return v
}

// listPolicyApps lists the applications under a policy.
// (spec: management#listPolicyApps)
func (a *AppsAPI) listPolicyApps(r *httpkit.Request) error {
	list, err := a.Apps.Mappings(r.Context(), r.Actor, r.Param("policyId"))
	if err != nil {
		return err
	}
	out := make([]*appView, 0, len(list))
	for _, m := range list {
		out = append(out, viewApp(r.Org, m.App))
	}
	return r.OK(out)
}

// listMappings lists the applications under a policy as mappings.
// (spec: management#listPolicyMappings)
func (a *AppsAPI) listMappings(r *httpkit.Request) error {
	list, err := a.Apps.Mappings(r.Context(), r.Actor, r.Param("policyId"))
	if err != nil {
		return err
	}
	out := make([]mappingView, 0, len(list))
	for _, m := range list {
		out = append(out, viewMapping(r.Org, m))
	}
	return r.OK(out)
}

// createMapping puts an application under a policy.
// (spec: management#mapResourceToPolicy)
func (a *AppsAPI) createMapping(r *httpkit.Request) error {
	var body struct {
		ResourceID   string `json:"resourceId"`
		ResourceType string `json:"resourceType"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	switch {
	case body.ResourceID == "":
		return idp.Invalid("resourceId", idp.Cause{Field: "resourceId", Text: "The field cannot be left blank"})
	case body.ResourceType != "" && body.ResourceType != "APP":
		return idp.Invalid("resourceType", idp.Cause{Field: "resourceType", Text: "must be APP"})
	}
	m, err := a.Apps.Map(r.Context(), r.Actor, r.Param("policyId"), body.ResourceID)
	if err != nil {
		return err
	}
	return r.OK(viewMapping(r.Org, m))
}

// getMapping reads an application under a policy.
// (spec: management#getPolicyMapping)
func (a *AppsAPI) getMapping(r *httpkit.Request) error {
	m, err := a.Apps.Mapping(r.Context(), r.Actor, r.Param("policyId"), r.Param("mappingId"))
	if err != nil {
		return err
	}
	return r.OK(viewMapping(r.Org, m))
}

// deleteMapping puts an application under the default policy again.
// (spec: management#deletePolicyResourceMapping)
func (a *AppsAPI) deleteMapping(r *httpkit.Request) error {
	if err := a.Apps.Unmap(r.Context(), r.Actor, r.Param("policyId"), r.Param("mappingId")); err != nil {
		return err
	}
	return r.NoContent()
}
