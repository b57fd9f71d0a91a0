package management

import (
	"encoding/json"
	"fmt"
	"slices"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/openapi"
)

// maxExpanded bounds the rules that one policy can be read with.
// (reference: policies, policy object)
const maxExpanded = 20

// PoliciesAPI is the part of the management interface about policies, network
// zones, trusted origins and authenticators. All members are required.
type PoliciesAPI struct {
	Policies       *policy.Service
	Authenticators *factor.Authenticators
	YubiKeys       *factor.YubiKeys
	HOTP           *factor.HOTPProfiles
	Directory      *directory.Service
}

// Mount registers the operations that are built.
func (a *PoliciesAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.ListPolicies, a.listPolicies)
	r.Op(openapi.CreatePolicy, a.createPolicy)
	r.Op(openapi.GetPolicy, a.getPolicy)
	r.Op(openapi.UpdatePolicy, a.updatePolicy)
	r.Op(openapi.DeletePolicy, a.deletePolicy)
	r.Op(openapi.ClonePolicy, a.clonePolicy)
	r.Op(openapi.ActivatePolicy, a.setPolicy(policy.Active))
	r.Op(openapi.DeactivatePolicy, a.setPolicy(policy.Inactive))
	r.Op(openapi.ListPolicyRules, a.listRules)
	r.Op(openapi.AddPolicyRule, a.addRule)
	r.Op(openapi.GetPolicyRule, a.getRule)
	r.Op(openapi.UpdatePolicyRule, a.updateRule)
	r.Op(openapi.DeletePolicyRule, a.deleteRule)
	r.Op(openapi.ActivatePolicyRule, a.setRule(policy.Active))
	r.Op(openapi.DeactivatePolicyRule, a.setRule(policy.Inactive))
	a.mountZones(r)
	a.mountOrigins(r)
	a.mountAuthenticators(r)
}

// policyBody is a policy in a request. Members that the service sets itself are
// left aside, the status among them: the parameter activate and the life cycle
// operations set it (recorded answers). (spec: management Policy)
type policyBody struct {
	Type        policy.Type        `json:"type"`
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Priority    *int               `json:"priority"`
	Conditions  *policy.Conditions `json:"conditions"`
	Settings    json.RawMessage    `json:"settings"`
}

func (b policyBody) input() policy.Input {
	return policy.Input{
		Type: b.Type, Name: b.Name, Description: b.Description, Priority: b.Priority, Conditions: b.Conditions, Settings: orNothing(b.Settings),
	}
}

// orNothing takes null for an absent member.
func orNothing(text json.RawMessage) json.RawMessage {
	if string(text) == "null" {
		return nil
	}
	return text
}

// policyRuleBody is a rule in a request. (spec: management PolicyRule)
type policyRuleBody struct {
	Type       string             `json:"type"`
	Name       string             `json:"name"`
	Priority   *int               `json:"priority"`
	Conditions *policy.Conditions `json:"conditions"`
	Actions    json.RawMessage    `json:"actions"`
}

func (b policyRuleBody) input() policy.RuleInput {
	return policy.RuleInput{Type: b.Type, Name: b.Name, Priority: b.Priority, Conditions: b.Conditions, Actions: orNothing(b.Actions)}
}

// listPolicies lists the policies of one type in the order in which they are
// tried, all of them unless a limit is given. (spec: management#listPolicies)
func (a *PoliciesAPI) listPolicies(r *httpkit.Request) error {
	q := r.Q()
	expand, err := expanded(r)
	if err != nil {
		return err
	}
	list, err := a.Policies.List(r.Context(), r.Actor, policy.Type(q.Get("type")), policy.Status(q.Get("status")))
	if err != nil {
		return err
	}
	list, next, err := window(r, list, func(p *policy.Policy) string { return p.ID })
	if err != nil {
		return err
	}
	r.Links(next)
	out := make([]policyView, 0, len(list))
	for _, p := range list {
		v, err := viewPolicy(r.Org, p)
		if err != nil {
			return err
		}
		v.embed(r.Org, p, expand, true)
		out = append(out, v)
	}
	return r.OK(out)
}

// window is the part of a whole list that a request asks for by after and
// limit, and the cursor of the next part. Without a limit it is the rest.
func window[T any](r *httpkit.Request, list []T, id func(T) string) ([]T, string, error) {
	if after := r.Q().Get("after"); after != "" {
		i := slices.IndexFunc(list, func(v T) bool { return id(v) == after })
		if i < 0 {
			return nil, "", &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
		}
		list = list[i+1:]
	}
	page, err := r.Page(len(list), len(list))
	if err != nil || page.Limit == 0 || page.Limit >= len(list) {
		return list, "", err
	}
	return list[:page.Limit], id(list[page.Limit-1]), nil
}

// expanded tells whether the rules are wanted.
func expanded(r *httpkit.Request) (bool, error) {
	switch r.Q().Get("expand") {
	case "":
		return false, nil
	case "rules":
		return true, nil
	}
	return false, &idp.Error{Kind: idp.KindBadRequest, Object: "expand"}
}

// createPolicy adds a policy. (spec: management#createPolicy)
func (a *PoliciesAPI) createPolicy(r *httpkit.Request) error {
	activate, err := r.Bool("activate", true)
	if err != nil {
		return err
	}
	var body policyBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	p, err := a.Policies.Create(r.Context(), r.Actor, body.input(), activate)
	if body.Type == policy.TypeProfile && idp.KindOf(err) == idp.KindUnsupported {
		return gap(r, openapi.CreatePolicy, "type="+string(body.Type))
	}
	if err != nil {
		return err
	}
	return a.policy(r, p, false)
}

// policy answers with one policy.
func (a *PoliciesAPI) policy(r *httpkit.Request, p *policy.Policy, expand bool) error {
	v, err := viewPolicy(r.Org, p)
	if err != nil {
		return err
	}
	v.embed(r.Org, p, expand, false)
	return r.OK(v)
}

// getPolicy reads one policy. (spec: management#getPolicy)
func (a *PoliciesAPI) getPolicy(r *httpkit.Request) error {
	expand, err := expanded(r)
	if err != nil {
		return err
	}
	p, err := a.Policies.Policy(r.Context(), r.Actor, r.Param("policyId"))
	if err != nil {
		return err
	}
	if expand && len(p.Rules) > maxExpanded {
		return &idp.Error{Kind: idp.KindBadRequest, Object: "expand", Causes: []idp.Cause{
			{Field: "expand", Text: fmt.Sprintf("a policy with more than %d rules cannot be expanded", maxExpanded)},
		}}
	}
	return a.policy(r, p, expand)
}

// updatePolicy replaces a policy. (spec: management#updatePolicy)
func (a *PoliciesAPI) updatePolicy(r *httpkit.Request) error {
	var body policyBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	p, err := a.Policies.Replace(r.Context(), r.Actor, r.Param("policyId"), body.input())
	if err != nil {
		return err
	}
	return a.policy(r, p, false)
}

// deletePolicy removes a policy. (spec: management#deletePolicy)
func (a *PoliciesAPI) deletePolicy(r *httpkit.Request) error {
	if err := a.Policies.Delete(r.Context(), r.Actor, r.Param("policyId")); err != nil {
		return err
	}
	return r.NoContent()
}

// clonePolicy copies a policy. (spec: management#clonePolicy)
func (a *PoliciesAPI) clonePolicy(r *httpkit.Request) error {
	p, err := a.Policies.Clone(r.Context(), r.Actor, r.Param("policyId"))
	if err != nil {
		return err
	}
	return a.policy(r, p, false)
}

// setPolicy lets a policy take part or not.
// (spec: management#activatePolicy, management#deactivatePolicy)
func (a *PoliciesAPI) setPolicy(status policy.Status) httpkit.Handler {
	return func(r *httpkit.Request) error {
		if err := a.Policies.SetStatus(r.Context(), r.Actor, r.Param("policyId"), status); err != nil {
			return err
		}
		return r.NoContent()
	}
}

// listRules lists the rules of a policy in the order in which they are tried.
// There is no Link header (recorded answers). (spec: management#listPolicyRules)
func (a *PoliciesAPI) listRules(r *httpkit.Request) error {
	p, err := a.Policies.Rules(r.Context(), r.Actor, r.Param("policyId"))
	if err != nil {
		return err
	}
	return r.OK(viewPolicyRules(r.Org, p))
}

// addRule adds a rule. (spec: management#addPolicyRule)
func (a *PoliciesAPI) addRule(r *httpkit.Request) error {
	activate, err := r.Bool("activate", true)
	if err != nil {
		return err
	}
	var body policyRuleBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	p, rule, err := a.Policies.AddRule(r.Context(), r.Actor, r.Param("policyId"), body.input(), activate)
	if err != nil {
		return err
	}
	return r.OK(viewPolicyRule(r.Org, p, rule))
}

// getRule reads one rule. (spec: management#getPolicyRule)
func (a *PoliciesAPI) getRule(r *httpkit.Request) error {
	p, rule, err := a.Policies.Rule(r.Context(), r.Actor, r.Param("policyId"), r.Param("ruleId"))
	if err != nil {
		return err
	}
	return r.OK(viewPolicyRule(r.Org, p, rule))
}

// updateRule replaces a rule. (spec: management#updatePolicyRule)
func (a *PoliciesAPI) updateRule(r *httpkit.Request) error {
	var body policyRuleBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	p, rule, err := a.Policies.ReplaceRule(r.Context(), r.Actor, r.Param("policyId"), r.Param("ruleId"), body.input())
	if err != nil {
		return err
	}
	return r.OK(viewPolicyRule(r.Org, p, rule))
}

// deleteRule removes a rule. (spec: management#deletePolicyRule)
func (a *PoliciesAPI) deleteRule(r *httpkit.Request) error {
	if err := a.Policies.DeleteRule(r.Context(), r.Actor, r.Param("policyId"), r.Param("ruleId")); err != nil {
		return err
	}
	return r.NoContent()
}

// setRule lets a rule take part or not.
// (spec: management#activatePolicyRule, management#deactivatePolicyRule)
func (a *PoliciesAPI) setRule(status policy.Status) httpkit.Handler {
	return func(r *httpkit.Request) error {
		if err := a.Policies.SetRuleStatus(r.Context(), r.Actor, r.Param("policyId"), r.Param("ruleId"), status); err != nil {
			return err
		}
		return r.NoContent()
	}
}
