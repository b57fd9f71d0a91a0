package management

import (
	"net/http"
	"slices"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

// Sizes of pages. (reference: pagination)
const (
	rulesPage = 50
	rulesMost = 200
)

// typeGroupRule is the only type of rules of groups. (spec: management GroupRule)
const typeGroupRule = "group_rule"

// expandNames asks for the names of the groups that rules assign.
const expandNames = "groupIdToGroupNameMap"

// RulesAPI speaks group rules.
type RulesAPI struct{ Directory *directory.Service }

// Mount registers the operations.
func (a *RulesAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.ListRules, a.list)
	r.Op(openapi.CreateRule, a.create)
	r.Op(openapi.GetRule, a.get)
	r.Op(openapi.UpdateRule, a.update)
	r.Op(openapi.DeleteRule, a.delete)
	r.Op(openapi.ActivateRule, a.activate)
	r.Op(openapi.DeactivateRule, a.deactivate)
}

// ruleBody is a rule in a request; what is read-only in it is left aside.
// (spec: management GroupRule)
type ruleBody struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	Conditions struct {
		People struct {
			Users  rulePeople `json:"users"`
			Groups rulePeople `json:"groups"`
		} `json:"people"`
		Expression struct {
			Value string `json:"value"`
			Type  string `json:"type"`
		} `json:"expression"`
	} `json:"conditions"`
	Actions struct {
		AssignUserToGroups struct {
			GroupIDs []string `json:"groupIds"`
		} `json:"assignUserToGroups"`
	} `json:"actions"`
}

type rulePeople struct {
	Include []string `json:"include"`
	Exclude []string `json:"exclude"`
}

// decodeRule reads a rule. Of the people only users can be left out, nobody can
// be named to be taken in. (spec: management GroupRulePeopleCondition)
func decodeRule(r *httpkit.Request) (directory.RuleInput, error) {
	var b ruleBody
	if err := r.Decode(&b); err != nil {
		return directory.RuleInput{}, err
	}
	if b.Type != "" && b.Type != typeGroupRule {
		return directory.RuleInput{}, idp.Invalid("type", idp.Cause{Field: "type", Text: "The type of the rule is not supported"})
	}
	people := b.Conditions.People
	for _, p := range []struct {
		field string
		list  []string
	}{{"users.include", people.Users.Include}, {"groups.include", people.Groups.Include}, {"groups.exclude", people.Groups.Exclude}} {
		if len(p.list) > 0 {
			return directory.RuleInput{}, idp.Invalid("conditions.people", idp.Cause{Field: "conditions.people." + p.field, Text: "The condition is not supported"})
		}
	}
	return directory.RuleInput{
		Name: b.Name, Expression: b.Conditions.Expression.Value, ExpressionType: b.Conditions.Expression.Type,
		GroupIDs: b.Actions.AssignUserToGroups.GroupIDs, Excluded: people.Users.Exclude,
	}, nil
}

// names looks up the names of groups where the request asks for them.
func (a *RulesAPI) names(r *httpkit.Request, op openapi.ID, rules ...*idp.GroupRule) (map[string]string, error) {
	switch r.Q().Get("expand") {
	case "":
		return nil, nil
	case expandNames:
		return a.Directory.RuleGroupNames(r.Context(), r.Actor, rules...)
	}
	return nil, gap(r, op, "expand")
}

// list lists rules, with search those whose names hold the keyword.
// (spec: management#listRules)
func (a *RulesAPI) list(r *httpkit.Request) error {
	p, err := r.Page(rulesPage, rulesMost)
	if err != nil {
		return err
	}
	rules, next, err := a.Directory.Rules(r.Context(), r.Actor, r.Q().Get("search"), p)
	if err != nil {
		return err
	}
	names, err := a.names(r, openapi.ListRules, rules...)
	if err != nil {
		return err
	}
	r.Links(next)
	return list(r, rules, ruleSize, func(b []byte, rule *idp.GroupRule) []byte { return appendRule(b, rule, names) })
}

// rule answers with one rule.
func (a *RulesAPI) rule(r *httpkit.Request, rule *idp.GroupRule, names map[string]string) error {
	return r.Bytes(http.StatusOK, jsonType, appendRule(make([]byte, 0, 2*ruleSize), rule, names))
}

// create adds a rule, which is inactive. (spec: management#createRule)
func (a *RulesAPI) create(r *httpkit.Request) error {
	n, err := decodeRule(r)
	if err != nil {
		return err
	}
	rule, err := a.Directory.CreateRule(r.Context(), r.Actor, n)
	if err != nil {
		return err
	}
	return a.rule(r, rule, nil)
}

// get reads one rule. (spec: management#getRule)
func (a *RulesAPI) get(r *httpkit.Request) error {
	rule, err := a.Directory.Rule(r.Context(), r.Actor, r.Param("ruleId"))
	if err != nil {
		return err
	}
	names, err := a.names(r, openapi.GetRule, rule)
	if err != nil {
		return err
	}
	return a.rule(r, rule, names)
}

// update replaces an inactive rule. (spec: management#updateRule)
func (a *RulesAPI) update(r *httpkit.Request) error {
	n, err := decodeRule(r)
	if err != nil {
		return err
	}
	rule, err := a.Directory.UpdateRule(r.Context(), r.Actor, r.Param("ruleId"), n)
	if err != nil {
		return err
	}
	return a.rule(r, rule, nil)
}

// delete removes a rule and answers before all that follows is done.
// (spec: management#deleteRule)
func (a *RulesAPI) delete(r *httpkit.Request) error {
	removeUsers, err := r.Bool("removeUsers", false)
	if err != nil {
		return err
	}
	if err := a.Directory.DeleteRule(r.Context(), r.Actor, r.Param("ruleId"), removeUsers); err != nil {
		return err
	}
	r.W.WriteHeader(http.StatusAccepted)
	return nil
}

// activate makes a rule hold. (spec: management#activateRule)
func (a *RulesAPI) activate(r *httpkit.Request) error {
	if err := a.Directory.ActivateRule(r.Context(), r.Actor, r.Param("ruleId")); err != nil {
		return err
	}
	return r.NoContent()
}

// deactivate makes a rule do nothing. (spec: management#deactivateRule)
func (a *RulesAPI) deactivate(r *httpkit.Request) error {
	if err := a.Directory.DeactivateRule(r.Context(), r.Actor, r.Param("ruleId")); err != nil {
		return err
	}
	return r.NoContent()
}

// ruleSize is about how many bytes a rule takes in a list.
const ruleSize = 500

// appendRule renders a rule in the order of members that the service has
// (recorded answers). names are those of groups by identifier, nil for none.
func appendRule(b []byte, rule *idp.GroupRule, names map[string]string) []byte {
	b = appendMember(append(b, '{'), "type", typeGroupRule)
	b = appendMember(append(b, ','), "id", rule.ID)
	b = appendMember(append(b, ','), "status", string(rule.Status))
	b = appendMember(append(b, ','), "name", rule.Name)
	b = appendInstant(append(b, `,"created":`...), rule.Created)
	b = appendInstant(append(b, `,"lastUpdated":`...), rule.LastUpdated)
	b = appendTexts(append(b, `,"conditions":{"people":{"users":{"exclude":`...), rule.Excluded)
	b = append(b, `},"groups":{"exclude":[]}},"expression":{`...)
	b = appendMember(b, "value", rule.Expression)
	b = appendMember(append(b, ','), "type", rule.ExpressionType)
	b = appendTexts(append(b, `}},"actions":{"assignUserToGroups":{"groupIds":`...), rule.GroupIDs)
	b = append(b, `}},"allGroupsValid":`...)
	if rule.GroupsValid {
		b = append(b, "true"...)
	} else {
		b = append(b, "false"...)
	}
	if names != nil {
		b = append(b, `,"_embedded":{"groupIdToGroupNameMap":{`...)
		for i, id := range slices.DeleteFunc(slices.Clone(rule.GroupIDs), func(id string) bool { _, ok := names[id]; return !ok }) {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendMember(b, id, names[id])
		}
		b = append(b, `}}`...)
	}
	return append(b, '}')
}

// appendTexts appends an array of texts.
func appendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = idp.AppendJSON(b, s)
	}
	return append(b, ']')
}
