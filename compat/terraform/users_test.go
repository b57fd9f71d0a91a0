package terraform

import (
	"net/http"
	"slices"
)

// user is okta_user.
type user struct{ byID }

// profileFields are the attributes of okta_user that are members of a profile.
var profileFields = fields{
	"login": "profile.login", "email": "profile.email", "first_name": "profile.firstName", "last_name": "profile.lastName",
	"second_email": "profile.secondEmail", "mobile_phone": "profile.mobilePhone", "department": "profile.department",
	"title": "profile.title", "locale": "profile.locale", "timezone": "profile.timezone", "city": "profile.city",
	"country_code": "profile.countryCode", "employee_number": "profile.employeeNumber", "postal_address": "profile.postalAddress",
}

// userBody always has the postal address, null if there is none: the provider
// works around something there.
func userBody(want attributes) attributes {
	b := profileFields.body(want)
	if want["postal_address"] == nil {
		set(b, "profile.postalAddress", nil)
	}
	return b
}

func (user) create(c *client, want attributes) attributes {
	b := userBody(want)
	password := attributes{}
	if want["password"] != nil {
		password["value"] = want["password"]
	}
	if hash, ok := want["password_hash"].(attributes); ok {
		password["hash"] = hash
	}
	set(b, "credentials.password", password)
	if want["recovery_question"] != nil {
		set(b, "credentials.recovery_question", attributes{"question": want["recovery_question"], "answer": want["recovery_answer"]})
	}
	path := "/api/v1/users"
	if want["status"] == "STAGED" {
		path += "?activate=false"
	}
	u := c.post(path, b)
	if s := want["status"]; s == "SUSPENDED" || s == "DEPROVISIONED" {
		setUserStatus(c, text(u, "id"), text(want, "status"))
	}
	return attributes{"id": u["id"]}
}

func (user) read(c *client, state attributes) attributes {
	u := c.get("/api/v1/users/" + text(state, "id"))
	if u == nil {
		return nil
	}
	s := profileFields.state(u)
	s["status"], s["raw_status"] = u["status"], u["status"]
	if u["status"] == "PASSWORD_EXPIRED" || u["status"] == "RECOVERY" {
		s["status"] = "ACTIVE"
	}
	s["type"] = at(u, "type.id")
	return s
}

func (user) update(c *client, state, want attributes) {
	id := text(state, "id")
	if want["password"] != state["password"] {
		c.get("/api/v1/users/" + id)
	}
	if want["status"] != state["status"] {
		setUserStatus(c, id, text(want, "status"))
	}
	for name := range profileFields {
		if !same(want[name], state[name]) {
			b := userBody(want)
			set(b, "type.id", state["type"])
			c.put("/api/v1/users/"+id, b)
			break
		}
	}
	if want["password"] != state["password"] {
		if want["old_password"] == nil {
			// Nothing but the password: the rest of the user must survive.
			c.put("/api/v1/users/"+id, attributes{"credentials": attributes{"password": attributes{"value": want["password"]}}})
		} else {
			c.post("/api/v1/users/"+id+"/credentials/change_password", attributes{
				"oldPassword": attributes{"value": want["old_password"]}, "newPassword": attributes{"value": want["password"]},
			})
		}
	}
	if want["recovery_question"] != state["recovery_question"] || want["recovery_answer"] != state["recovery_answer"] {
		c.post("/api/v1/users/"+id+"/credentials/change_recovery_question", attributes{
			"password":          attributes{"value": want["password"]},
			"recovery_question": attributes{"question": want["recovery_question"], "answer": want["recovery_answer"]},
		})
	}
}

// destroy deletes once to deactivate and once for good.
func (user) destroy(c *client, state attributes) {
	passes := 2
	if state["status"] == "DEPROVISIONED" {
		passes = 1
	}
	for range passes {
		c.delete("/api/v1/users/" + text(state, "id"))
	}
}

// setUserStatus moves a user along the life cycle and waits for it, which here
// is to read once: a change under way would be told.
func setUserStatus(c *client, id, status string) {
	was := c.get("/api/v1/users/" + id)["status"]
	operation := ""
	switch status {
	case "SUSPENDED":
		operation = "suspend"
	case "DEPROVISIONED":
		operation = "deactivate"
	case "ACTIVE":
		switch was {
		case "SUSPENDED":
			operation = "unsuspend"
		case "LOCKED_OUT":
			operation = "unlock"
		case "PASSWORD_EXPIRED":
			return
		default:
			operation = "activate"
		}
	}
	c.post("/api/v1/users/"+id+"/lifecycle/"+operation, nil)
	if now := c.get("/api/v1/users/" + id); now["transitioningToStatus"] != nil {
		c.t.Errorf("%s: %s is still under way", c.at, operation)
	}
}

// adminRoles is okta_user_admin_roles.
type adminRoles struct{ byID }

func (adminRoles) create(c *client, want attributes) attributes {
	grantRoles(c, text(want, "user_id"), texts(want, "admin_roles"))
	return attributes{"id": want["user_id"]}
}

func grantRoles(c *client, user string, types []string) {
	for _, kind := range types {
		c.do(http.MethodPost, "/api/v1/users/"+user+"/roles?disableNotifications=false", attributes{"type": kind}, http.StatusCreated)
	}
}

// ownRoles leaves out what comes through a group.
func ownRoles(c *client, user string) []attributes {
	return slices.DeleteFunc(c.list("/api/v1/users/"+user+"/roles"), func(r attributes) bool {
		return r["assignmentType"] != "USER" || r["type"] == "CUSTOM"
	})
}

func (adminRoles) read(c *client, state attributes) attributes {
	id := text(state, "id")
	if c.send(http.MethodGet, "/api/v1/users/"+id+"/roles", nil, nil) == http.StatusNotFound {
		return nil
	}
	types := []any{}
	for _, r := range ownRoles(c, id) {
		types = append(types, r["type"])
	}
	if len(types) == 0 {
		return nil // a resource without a role is no resource to Terraform's user
	}
	return attributes{"id": id, "user_id": id, "admin_roles": types}
}

func (adminRoles) update(c *client, state, want attributes) {
	user, wanted := text(state, "id"), texts(want, "admin_roles")
	var held []string
	for _, r := range ownRoles(c, user) {
		held = append(held, text(r, "type"))
		if !slices.Contains(wanted, text(r, "type")) {
			c.delete("/api/v1/users/" + user + "/roles/" + text(r, "id"))
		}
	}
	grantRoles(c, user, slices.DeleteFunc(wanted, func(kind string) bool { return slices.Contains(held, kind) }))
}

func (adminRoles) destroy(c *client, state attributes) {
	user := text(state, "id")
	for _, r := range ownRoles(c, user) {
		c.delete("/api/v1/users/" + user + "/roles/" + text(r, "id"))
	}
}
