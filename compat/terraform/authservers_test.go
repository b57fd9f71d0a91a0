package terraform

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"usher/compat/devserver"
)

const serversPath = "/api/v1/authorizationServers"

// serverKind is okta_auth_server and what lives below it.
type serverKind struct {
	parents []string // attributes that name what it lives below, the outermost first
	at      func(a attributes) string
	own     fields
	fixed   attributes // of the body
	// lifecycle: the status changes by calls of its own; off: it is switched off
	// before it is removed.
	lifecycle, off bool
}

func (k serverKind) body(want attributes) attributes {
	b := k.own.body(want)
	for path, v := range k.fixed {
		set(b, path, v)
	}
	return b
}

func (k serverKind) create(c *client, want attributes) attributes {
	var got attributes
	c.into(http.MethodPost, k.at(want), k.body(want), http.StatusCreated, &got)
	s := attributes{"id": got["id"]}
	for _, name := range k.parents {
		s[name] = want[name]
	}
	return s
}

func (k serverKind) read(c *client, state attributes) attributes {
	answer := c.get(k.at(state) + "/" + text(state, "id"))
	if answer == nil {
		return nil
	}
	if _, ok := answer["default"].(bool); !ok && len(k.parents) == 0 {
		c.t.Errorf("%s: the provider reads \"default\" without looking whether it is there", c.at)
	}
	s := k.own.state(answer)
	for _, name := range k.parents {
		s[name] = state[name]
	}
	return s
}

func (k serverKind) update(c *client, state, want attributes) {
	at := k.at(state) + "/" + text(state, "id")
	c.put(at, k.body(want))
	if k.lifecycle && state["status"] != want["status"] {
		verb := map[string]string{"ACTIVE": "activate", "INACTIVE": "deactivate"}[text(want, "status")]
		c.do(http.MethodPost, at+"/lifecycle/"+verb, nil, http.StatusNoContent)
	}
}

func (k serverKind) destroy(c *client, state attributes) {
	at := k.at(state) + "/" + text(state, "id")
	if k.off {
		c.do(http.MethodPost, at+"/lifecycle/deactivate", nil, http.StatusNoContent)
	}
	c.delete(at)
}

func (k serverKind) importID(state attributes) string {
	var parts []string
	for _, name := range append(slices.Clone(k.parents), "id") {
		parts = append(parts, text(state, name))
	}
	return strings.Join(parts, "/")
}

func (k serverKind) found(id string) attributes {
	s, parts := attributes{}, strings.Split(id, "/")
	for i, name := range append(slices.Clone(k.parents), "id") {
		s[name] = parts[i]
	}
	return s
}

func authServer() serverKind {
	return serverKind{
		at: func(attributes) string { return serversPath }, lifecycle: true, off: true,
		own: fields{
			"name": "name", "description": "description", "audiences": "audiences", "issuer_mode": "issuerMode", "status": "status",
			"credentials_rotation_mode": "credentials.signing.rotationMode",
		},
	}
}

// below is a kind in a list of an authorization server.
func below(list string, own fields, fixed attributes, lifecycle bool) serverKind {
	return serverKind{
		parents: []string{"auth_server_id"}, own: own, fixed: fixed, lifecycle: lifecycle,
		at: func(a attributes) string { return serversPath + "/" + text(a, "auth_server_id") + "/" + list },
	}
}

func authServerScope() serverKind {
	return below("scopes", fields{
		"name": "name", "description": "description", "display_name": "displayName", "consent": "consent", "default": "default",
		"metadata_publish": "metadataPublish", "optional": "optional",
	}, nil, false)
}

func authServerClaim() serverKind {
	return below("claims", fields{
		"name": "name", "status": "status", "value": "value", "value_type": "valueType", "claim_type": "claimType", "scopes": "conditions.scopes",
		"always_include_in_token": "alwaysIncludeInToken", "group_filter_type": "group_filter_type",
	}, nil, false)
}

func authServerPolicy() serverKind {
	return below("policies", fields{
		"name": "name", "status": "status", "description": "description", "priority": "priority", "client_whitelist": "conditions.clients.include",
	}, attributes{"type": "OAUTH_AUTHORIZATION_POLICY"}, true)
}

func authServerRule() serverKind {
	const token, people = "actions.token.", "conditions.people."
	return serverKind{
		parents: []string{"auth_server_id", "policy_id"}, lifecycle: true, fixed: attributes{"type": "RESOURCE_ACCESS"},
		at: func(a attributes) string {
			return serversPath + "/" + text(a, "auth_server_id") + "/policies/" + text(a, "policy_id") + "/rules"
		},
		own: fields{
			"name": "name", "status": "status", "priority": "priority", "grant_type_whitelist": "conditions.grantTypes.include",
			"scope_whitelist": "conditions.scopes.include", "group_whitelist": people + "groups.include", "group_blacklist": people + "groups.exclude",
			"user_whitelist": people + "users.include", "user_blacklist": people + "users.exclude",
			"access_token_lifetime_minutes": token + "accessTokenLifetimeMinutes", "refresh_token_lifetime_minutes": token + "refreshTokenLifetimeMinutes",
			"refresh_token_window_minutes": token + "refreshTokenWindowMinutes",
		},
	}
}

// apiScopes is okta_app_oauth_api_scope, which owns all that an application was
// granted.
type apiScopes struct{ byID }

func grantsAt(a attributes) string { return "/api/v1/apps/" + text(a, "app_id") + "/grants" }

// granted reads the grants in one request: the provider does not page.
func granted(c *client, a attributes) map[string]string {
	var list []attributes
	ids := map[string]string{}
	if c.send(http.MethodGet, grantsAt(a), nil, &list) == http.StatusOK {
		for _, g := range list {
			ids[text(g, "scopeId")] = text(g, "id")
		}
	}
	return ids
}

func (apiScopes) create(c *client, want attributes) attributes {
	for _, scope := range texts(want, "scopes") {
		c.do(http.MethodPost, grantsAt(want), attributes{"scopeId": scope, "issuer": c.sdk.GetConfig().Okta.Client.OrgUrl}, http.StatusCreated)
	}
	return attributes{"id": want["app_id"], "app_id": want["app_id"]}
}

func (apiScopes) read(c *client, state attributes) attributes {
	scopes := []any{}
	for scope := range granted(c, attributes{"app_id": state["id"]}) {
		scopes = append(scopes, scope)
	}
	if len(scopes) == 0 {
		return nil
	}
	return attributes{"id": state["id"], "app_id": state["id"], "scopes": scopes}
}

func (k apiScopes) update(c *client, state, want attributes) {
	have := granted(c, state)
	for scope, id := range have {
		if !slices.Contains(texts(want, "scopes"), scope) {
			c.delete(grantsAt(state) + "/" + id)
		}
	}
	k.create(c, want)
}

func (apiScopes) destroy(c *client, state attributes) {
	for _, id := range granted(c, state) {
		c.delete(grantsAt(state) + "/" + id)
	}
}

// TestDefaultServer plays what the provider does with the server and the claims
// that are there from the start (okta_auth_server_default,
// okta_auth_server_claim_default): it changes them and removes none. Beside it
// stand the claim of groups and the roles of an application.
func TestDefaultServer(t *testing.T) {
	c := newClient(t, devserver.Start(t))
	server := c.get(serversPath + "/default")
	if server["default"] != true || server["name"] != "default" {
		t.Fatalf("%v", server)
	}
	path := serversPath + "/" + text(server, "id")
	set(server, "credentials.signing.rotationMode", "MANUAL")
	server["description"], server["issuerMode"] = "Mine", ""
	if got := c.put(path, server); got["description"] != "Mine" || got["issuerMode"] != "ORG_URL" || at(got, "credentials.signing.nextRotation") != nil {
		t.Errorf("%v", got)
	}
	for _, name := range []string{"address", "email", "zoneinfo"} {
		i := slices.IndexFunc(c.list(path+"/claims"), func(a attributes) bool { return a["name"] == name })
		if i < 0 {
			t.Fatalf("no claim %s", name)
		}
		claim := c.list(path + "/claims")[i]
		always := claim["alwaysIncludeInToken"] != true
		claim["alwaysIncludeInToken"] = always
		c.put(path+"/claims/"+text(claim, "id"), claim)
		if got := c.get(path + "/claims/" + text(claim, "id")); got["alwaysIncludeInToken"] != always || got["valueType"] != "SYSTEM" || got["claimType"] != "IDENTITY" {
			t.Errorf("%v", got)
		}
	}
	app := c.post("/api/v1/apps", attributes{
		"name": "oidc_client", "label": "Told of groups", "signOnMode": "OPENID_CONNECT",
		"settings": attributes{"oauthClient": attributes{"application_type": "service", "grant_types": []any{"client_credentials"}, "response_types": []any{"token"}}},
	})
	claim := "/api/v1/internal/apps/" + text(app, "id") + "/settings/oauth/idToken"
	c.post(claim, attributes{"valueType": "GROUPS", "groupFilterType": "REGEX", "issuerMode": "ORG_URL", "name": "groups", "value": ".*"})
	if got := c.get(claim); got["valueType"] != "GROUPS" || got["groupFilterType"] != "REGEX" || got["name"] != "groups" || got["value"] != ".*" {
		t.Errorf("%v", got)
	}
	roles := "/oauth2/v1/clients/" + text(app, "id") + "/roles"
	role := c.post(roles, attributes{"type": "HELP_DESK_ADMIN"})
	if got := c.get(roles + "/" + text(role, "id")); got["type"] != "HELP_DESK_ADMIN" || got["status"] != "ACTIVE" || got["label"] == nil {
		t.Errorf("%v", got)
	}
	c.delete(roles + "/" + text(role, "id"))
	if got := c.get(roles + "/" + text(role, "id")); got != nil {
		t.Errorf("still there: %v", got)
	}
}
