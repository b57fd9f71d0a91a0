package terraform

import (
	"net/http"
	"slices"
)

// group is okta_group.
type group struct{ byID }

var groupFields = fields{"name": "profile.name", "description": "profile.description"}

func (group) create(c *client, want attributes) attributes {
	return attributes{"id": c.post("/api/v1/groups", groupBody(want))["id"]}
}

// groupBody has the description always, the empty one too.
func groupBody(want attributes) attributes {
	b := groupFields.body(want)
	set(b, "profile.description", text(want, "description"))
	return b
}

func (group) read(c *client, state attributes) attributes {
	g := c.get("/api/v1/groups/" + text(state, "id"))
	if g == nil {
		return nil
	}
	return groupFields.state(g)
}

func (group) update(c *client, state, want attributes) {
	c.put("/api/v1/groups/"+text(state, "id"), groupBody(want))
}

func (group) destroy(c *client, state attributes) { c.delete("/api/v1/groups/" + text(state, "id")) }

// memberships is okta_group_memberships with track_all_users.
type memberships struct{ byID }

func (memberships) create(c *client, want attributes) attributes {
	id := text(want, "group_id")
	for _, u := range texts(want, "users") {
		c.do(http.MethodPut, "/api/v1/groups/"+id+"/users/"+u, nil, http.StatusNoContent)
	}
	return attributes{"id": id}
}

func (memberships) read(c *client, state attributes) attributes {
	id := text(state, "id")
	if c.get("/api/v1/groups/"+id) == nil {
		return nil
	}
	users := []any{}
	for _, u := range c.list("/api/v1/groups/" + id + "/users?limit=200") {
		users = append(users, u["id"])
	}
	if len(users) == 0 {
		return nil
	}
	return attributes{"id": id, "group_id": id, "users": users}
}

func (memberships) update(c *client, state, want attributes) {
	id, had, wanted := text(state, "id"), texts(state, "users"), texts(want, "users")
	for _, u := range wanted {
		if !slices.Contains(had, u) {
			c.do(http.MethodPut, "/api/v1/groups/"+id+"/users/"+u, nil, http.StatusNoContent)
		}
	}
	for _, u := range had {
		if !slices.Contains(wanted, u) {
			c.delete("/api/v1/groups/" + id + "/users/" + u)
		}
	}
}

func (memberships) destroy(c *client, state attributes) {
	for _, u := range texts(state, "users") {
		c.delete("/api/v1/groups/" + text(state, "id") + "/users/" + u)
	}
}

// groupRule is okta_group_rule.
type groupRule struct{ byID }

var groupRuleFields = fields{
	"name": "name", "group_assignments": "actions.assignUserToGroups.groupIds", "expression_type": "conditions.expression.type",
	"expression_value": "conditions.expression.value", "users_excluded": "conditions.people.users.exclude",
}

func groupRuleBody(want attributes) attributes {
	b := groupRuleFields.body(want)
	b["type"] = "group_rule"
	set(b, "conditions.expression.type", "urn:okta:expression:1.0")
	if want["users_excluded"] == nil {
		set(b, "conditions.people.users", attributes{})
	}
	return b
}

func ruleStatus(c *client, id, operation string) {
	c.do(http.MethodPost, "/api/v1/groups/rules/"+id+"/lifecycle/"+operation, nil, http.StatusNoContent)
}

func (groupRule) create(c *client, want attributes) attributes {
	id := text(c.post("/api/v1/groups/rules", groupRuleBody(want)), "id")
	if want["status"] == "ACTIVE" {
		ruleStatus(c, id, "activate")
	} else {
		ruleStatus(c, id, "deactivate")
	}
	return attributes{"id": id}
}

func (groupRule) read(c *client, state attributes) attributes {
	r := c.get("/api/v1/groups/rules/" + text(state, "id"))
	if r == nil {
		return nil
	}
	s := groupRuleFields.state(r)
	s["status"] = r["status"]
	return s
}

// update changes the state first, and takes an active rule out of use while it
// is written.
func (groupRule) update(c *client, state, want attributes) {
	id := text(state, "id")
	if want["status"] != state["status"] {
		ruleStatus(c, id, map[any]string{"ACTIVE": "activate", "INACTIVE": "deactivate"}[want["status"]])
	}
	changed := false
	for name := range groupRuleFields {
		changed = changed || want[name] != nil && !same(want[name], state[name])
	}
	if !changed && same(want["users_excluded"], state["users_excluded"]) {
		return
	}
	if want["status"] == "ACTIVE" {
		ruleStatus(c, id, "deactivate")
	}
	c.put("/api/v1/groups/rules/"+id, groupRuleBody(want))
	if want["status"] == "ACTIVE" {
		ruleStatus(c, id, "activate")
	}
}

func (groupRule) destroy(c *client, state attributes) {
	id := text(state, "id")
	if state["status"] == "ACTIVE" {
		ruleStatus(c, id, "deactivate")
	}
	c.do(http.MethodDelete, "/api/v1/groups/rules/"+id+"?removeUsers=false", nil, http.StatusAccepted)
}
