package terraform

import (
	"maps"
	"net/http"
	"slices"
)

// appGroups is okta_app_group_assignments, which owns all groups of an
// application.
type appGroups struct{ byID }

func (appGroups) create(c *client, want attributes) attributes {
	putGroups(c, text(want, "app_id"), want)
	return attributes{"id": want["app_id"]}
}

func putGroups(c *client, app string, want attributes) {
	for _, v := range want["group"].([]any) {
		g := maps.Clone(v.(attributes))
		if empty(g["priority"]) {
			delete(g, "priority")
		}
		got := c.put("/api/v1/apps/"+app+"/groups/"+text(g, "id"), g)
		if got["id"] != g["id"] {
			c.t.Errorf("%s: the assignment has the id %v, want that of the group, %v", c.at, got["id"], g["id"])
		}
	}
}

func (appGroups) read(c *client, state attributes) attributes {
	app := text(state, "id")
	if c.get("/api/v1/apps/"+app) == nil {
		return nil
	}
	groups := []any{}
	for _, a := range c.list("/api/v1/apps/" + app + "/groups?limit=200") {
		groups = append(groups, attributes{"id": a["id"], "priority": a["priority"], "profile": a["profile"]})
	}
	if len(groups) == 0 {
		return nil
	}
	return attributes{"id": app, "app_id": app, "group": groups}
}

// update removes what is not wanted any more and writes all the rest again.
func (appGroups) update(c *client, state, want attributes) {
	app := text(state, "id")
	for _, had := range state["group"].([]any) {
		id := text(had.(attributes), "id")
		if !slices.ContainsFunc(want["group"].([]any), func(v any) bool { return text(v.(attributes), "id") == id }) {
			c.delete("/api/v1/apps/" + app + "/groups/" + id)
		}
	}
	putGroups(c, app, want)
}

func (appGroups) destroy(c *client, state attributes) {
	for _, g := range state["group"].([]any) {
		c.delete("/api/v1/apps/" + text(state, "id") + "/groups/" + text(g.(attributes), "id"))
	}
}

// appUser is okta_app_user.
type appUser struct{ ofParent }

func newAppUser() appUser { return appUser{ofParent{"app_id", "user_id"}} }

func appUserBody(c *client, want attributes) attributes {
	if c.get("/api/v1/apps/"+text(want, "app_id")) == nil {
		c.t.Fatalf("%s: the application is gone", c.at)
	}
	password := attributes{}
	if want["password"] != nil {
		password["value"] = want["password"]
	}
	return attributes{
		"id":          want["user_id"],
		"credentials": attributes{"userName": want["username"], "password": password},
		"profile":     want["profile"],
	}
}

func (appUser) create(c *client, want attributes) attributes {
	u := c.post("/api/v1/apps/"+text(want, "app_id")+"/users", appUserBody(c, want))
	return attributes{"id": u["id"], "app_id": want["app_id"], "user_id": want["user_id"]}
}

func (appUser) read(c *client, state attributes) attributes {
	app := text(state, "app_id")
	if c.get("/api/v1/apps/"+app) == nil {
		return nil
	}
	u := c.get("/api/v1/apps/" + app + "/users/" + text(state, "user_id"))
	if u == nil {
		return nil
	}
	return attributes{
		"id": u["id"], "app_id": app, "user_id": u["id"], "username": at(u, "credentials.userName"), "profile": u["profile"],
	}
}

func (appUser) update(c *client, state, want attributes) {
	c.post("/api/v1/apps/"+text(state, "app_id")+"/users/"+text(state, "user_id"), appUserBody(c, want))
}

func (appUser) destroy(c *client, state attributes) {
	c.do(http.MethodDelete, "/api/v1/apps/"+text(state, "app_id")+"/users/"+text(state, "user_id"), nil, http.StatusNoContent)
}
