package management

import (
	"encoding/json"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/policy"
)

// policyView is a policy in an answer, in the order of members that the service
// has (recorded answers).
type policyView struct {
	ID          string             `json:"id"`
	Status      policy.Status      `json:"status"`
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Priority    int                `json:"priority"`
	System      bool               `json:"system"`
	Conditions  *policy.Conditions `json:"conditions"`
	Created     *string            `json:"created"`
	LastUpdated *string            `json:"lastUpdated"`
	Settings    json.RawMessage    `json:"settings,omitempty"`
	Links       policyLinks        `json:"_links"`
	Embedded    *policyEmbedded    `json:"_embedded,omitempty"`
	Type        policy.Type        `json:"type"`
}

// policyEmbedded is what a policy can be read with.
type policyEmbedded struct {
	Rules        []policyRuleView `json:"rules,omitzero"`
	ResourceType string           `json:"resourceType,omitempty"`
}

// policyRuleView is a rule in an answer.
type policyRuleView struct {
	ID          string             `json:"id"`
	Status      policy.Status      `json:"status"`
	Name        string             `json:"name"`
	Priority    int                `json:"priority"`
	Created     *string            `json:"created"`
	LastUpdated *string            `json:"lastUpdated"`
	System      bool               `json:"system"`
	Conditions  *policy.Conditions `json:"conditions"`
	Actions     policy.Actions     `json:"actions"`
	Links       policyLinks        `json:"_links"`
	Type        string             `json:"type"`
}

// policyLinks are the links of objects with a life cycle.
type policyLinks struct {
	Self       httpkit.Href  `json:"self"`
	Rules      *httpkit.Href `json:"rules,omitempty"`
	Activate   *httpkit.Href `json:"activate,omitempty"`
	Deactivate *httpkit.Href `json:"deactivate,omitempty"`
}

// lifecycleLinks are the links of an object at path that callers may change, or
// of one that belongs to the system.
func lifecycleLinks(org *idp.Org, path string, fixed, active bool) policyLinks {
	if fixed {
		return policyLinks{Self: httpkit.Href{Href: org.BaseURL + path, Hints: httpkit.Allow("GET", "PUT")}}
	}
	l := policyLinks{Self: httpkit.Href{Href: org.BaseURL + path, Hints: httpkit.Allow("GET", "PUT", "DELETE")}}
	l.setLifecycle(org, path, active)
	return l
}

// setLifecycle offers the change of state that is possible.
func (l *policyLinks) setLifecycle(org *idp.Org, path string, active bool) {
	if active {
		l.Deactivate = &httpkit.Href{Href: org.BaseURL + path + "/lifecycle/deactivate", Hints: httpkit.Allow("POST")}
		return
	}
	l.Activate = &httpkit.Href{Href: org.BaseURL + path + "/lifecycle/activate", Hints: httpkit.Allow("POST")}
}

const policiesPath = "/api/v1/policies/"

func viewPolicy(org *idp.Org, p *policy.Policy) (policyView, error) {
	settings, err := p.Settings()
	if err != nil {
		return policyView{}, err
	}
	path := policiesPath + p.ID
	v := policyView{
		ID: p.ID, Status: p.Status, Name: p.Name, Description: p.Description, Priority: p.Priority, System: p.System,
		Conditions: p.Conditions, Created: httpkit.Seconds(p.Created), LastUpdated: httpkit.Seconds(p.LastUpdated),
		Settings: settings, Links: lifecycleLinks(org, path, p.System, p.Status == policy.Active), Type: p.Type,
	}
	v.Links.Rules = &httpkit.Href{Href: org.BaseURL + path + "/rules", Hints: httpkit.Allow("GET", "POST")}
	return v, nil
}

// embed adds the rules where they are wanted. In lists, policies about
// applications say that they are (recorded answers).
func (v *policyView) embed(org *idp.Org, p *policy.Policy, rules, inList bool) {
	var e policyEmbedded
	if rules {
		e.Rules = viewPolicyRules(org, p)
	}
	if inList && p.Type == policy.TypeAccess {
		e.ResourceType = "APP"
	}
	if e.Rules != nil || e.ResourceType != "" {
		v.Embedded = &e
	}
}

func viewPolicyRules(org *idp.Org, p *policy.Policy) []policyRuleView {
	out := make([]policyRuleView, 0, len(p.Rules))
	for _, rule := range p.Rules {
		out = append(out, viewPolicyRule(org, p, rule))
	}
	return out
}

func viewPolicyRule(org *idp.Org, p *policy.Policy, rule *policy.Rule) policyRuleView {
	return policyRuleView{
		ID: rule.ID, Status: rule.Status, Name: rule.Name, Priority: rule.Priority, Created: httpkit.Seconds(rule.Created),
		LastUpdated: httpkit.Seconds(rule.LastUpdated), System: rule.System, Conditions: rule.Conditions, Actions: rule.Actions,
		Links: lifecycleLinks(org, policiesPath+p.ID+"/rules/"+rule.ID, rule.System, rule.Status == policy.Active), Type: p.Type.RuleType(),
	}
}
