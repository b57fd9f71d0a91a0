package management

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/oauth"
	"usher/internal/policy"
)

// serverRuleBody is a rule in a request.
// (spec: management-extra AuthorizationServerPolicyRule)
type serverRuleBody struct {
	Name       string       `json:"name"`
	Status     oauth.Status `json:"status"`
	Priority   *int         `json:"priority"`
	Conditions struct {
		People struct {
			Users  oauth.Selection `json:"users"`
			Groups oauth.Selection `json:"groups"`
		} `json:"people"`
		GrantTypes includeView `json:"grantTypes"`
		Scopes     includeView `json:"scopes"`
	} `json:"conditions"`
	Actions struct {
		Token struct {
			Access  *int `json:"accessTokenLifetimeMinutes"`
			Refresh *int `json:"refreshTokenLifetimeMinutes"`
			Window  *int `json:"refreshTokenWindowMinutes"`
			Hook    *struct {
				ID string `json:"id"`
			} `json:"inlineHook"`
		} `json:"token"`
	} `json:"actions"`
}

func (b serverRuleBody) input() oauth.RuleInput {
	c, t := b.Conditions, b.Actions.Token
	return oauth.RuleInput{
		Name: b.Name, Status: b.Status, Priority: b.Priority, GrantTypes: c.GrantTypes.Include, Scopes: c.Scopes.Include,
		Users: c.People.Users, Groups: c.People.Groups, Access: t.Access, Refresh: t.Refresh, Window: t.Window,
	}
}

// ruleInput reads a rule from the body. KindUnsupported for one with a hook:
// nobody would ask it.
func ruleInput(r *httpkit.Request) (oauth.RuleInput, error) {
	var body serverRuleBody
	if err := r.Decode(&body); err != nil {
		return oauth.RuleInput{}, err
	}
	if h := body.Actions.Token.Hook; h != nil && h.ID != "" {
		return oauth.RuleInput{}, idp.Fail(idp.KindUnsupported, "No inline hook is asked about tokens here")
	}
	return body.input(), nil
}

// serverRuleView is a rule in an answer.
type serverRuleView struct {
	ID          string             `json:"id"`
	Status      oauth.Status       `json:"status"`
	Name        string             `json:"name"`
	Priority    int                `json:"priority"`
	Created     *string            `json:"created"`
	LastUpdated *string            `json:"lastUpdated"`
	System      bool               `json:"system"`
	Conditions  ruleConditionsView `json:"conditions"`
	Actions     ruleActionsView    `json:"actions"`
	Links       policyLinks        `json:"_links"`
	Type        string             `json:"type"`
}

type ruleConditionsView struct {
	People     peopleView  `json:"people"`
	GrantTypes includeView `json:"grantTypes"`
	Scopes     includeView `json:"scopes"`
}

type peopleView struct {
	Users  oauth.Selection `json:"users"`
	Groups oauth.Selection `json:"groups"`
}

type ruleActionsView struct {
	Token tokenActionView `json:"token"`
}

type tokenActionView struct {
	Access  int `json:"accessTokenLifetimeMinutes"`
	Refresh int `json:"refreshTokenLifetimeMinutes"`
	Window  int `json:"refreshTokenWindowMinutes"`
}

func viewServerRule(r *httpkit.Request, v *oauth.Server, p *oauth.Policy, rule *oauth.Rule) serverRuleView {
	path := serversPath + v.ID + "/policies/" + p.ID + "/rules/" + rule.ID
	return serverRuleView{
		ID: rule.ID, Status: rule.Status, Name: rule.Name, Priority: rule.Priority, Created: httpkit.Seconds(rule.Created),
		LastUpdated: httpkit.Seconds(rule.LastUpdated), System: rule.System,
		Conditions: ruleConditionsView{peopleView{rule.Users, rule.Groups}, includeView{rule.GrantTypes}, includeView{rule.Scopes}},
		Actions:    ruleActionsView{tokenActionView{Access: rule.Token.Access, Refresh: rule.Token.Refresh, Window: rule.Token.Window}},
		Links:      lifecycleLinks(r.Org, path, rule.System, rule.Status == oauth.Active), Type: policy.TypeToken.RuleType(),
	}
}

// listRules lists the rules of a policy in the order in which they are tried.
// (spec: management-extra#listAuthorizationServerPolicyRules)
func (a *OAuthAPI) listRules(r *httpkit.Request) error {
	v, p, err := a.findPolicy(r)
	if err != nil {
		return err
	}
	out := make([]serverRuleView, 0, len(p.Rules))
	for _, rule := range p.Rules {
		out = append(out, viewServerRule(r, v, p, rule))
	}
	return r.OK(out)
}

// createRule adds a rule.
// (spec: management-extra#createAuthorizationServerPolicyRule)
func (a *OAuthAPI) createRule(r *httpkit.Request) error {
	in, err := ruleInput(r)
	if err != nil {
		return err
	}
	v, p, rule, err := a.Servers.CreateRule(r.Context(), r.Actor, r.Param("authServerId"), r.Param("policyId"), in)
	if err != nil {
		return err
	}
	return r.JSON(http.StatusCreated, viewServerRule(r, v, p, rule))
}

// getRule reads a rule. (spec: management-extra#getAuthorizationServerPolicyRule)
func (a *OAuthAPI) getRule(r *httpkit.Request) error {
	v, p, err := a.findPolicy(r)
	if err != nil {
		return err
	}
	rule, err := p.FindRule(r.Param("ruleId"))
	if err != nil {
		return err
	}
	return r.OK(viewServerRule(r, v, p, rule))
}

// replaceRule gives a rule new settings.
// (spec: management-extra#replaceAuthorizationServerPolicyRule)
func (a *OAuthAPI) replaceRule(r *httpkit.Request) error {
	in, err := ruleInput(r)
	if err != nil {
		return err
	}
	v, p, rule, err := a.Servers.ReplaceRule(r.Context(), r.Actor, r.Param("authServerId"), r.Param("policyId"), r.Param("ruleId"), in)
	if err != nil {
		return err
	}
	return r.OK(viewServerRule(r, v, p, rule))
}

// deleteRule removes a rule.
// (spec: management-extra#deleteAuthorizationServerPolicyRule)
func (a *OAuthAPI) deleteRule(r *httpkit.Request) error {
	if err := a.Servers.DeleteRule(r.Context(), r.Actor, r.Param("authServerId"), r.Param("policyId"), r.Param("ruleId")); err != nil {
		return err
	}
	return r.NoContent()
}

// setRule lets a rule take part or not.
// (spec: management-extra#activateAuthorizationServerPolicyRule)
func (a *OAuthAPI) setRule(status oauth.Status) httpkit.Handler {
	return func(r *httpkit.Request) error {
		if err := a.Servers.SetRule(r.Context(), r.Actor, r.Param("authServerId"), r.Param("policyId"), r.Param("ruleId"), status); err != nil {
			return err
		}
		return r.NoContent()
	}
}
