package oauth2_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

// TestRolesOfClients: a service with a role does what its role and its scopes
// allow, within the targets of the role.
func TestRolesOfClients(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := service(t, app, nil)
		grantScopes(t, app, c, "okta.users.read", "okta.groups.read", "okta.apps.read")
		group := app.Post("/api/v1/groups", map[string]any{"profile": map[string]any{"name": "Team"}}).Want(200).Text("id")
		other := app.Post("/api/v1/groups", map[string]any{"profile": map[string]any{"name": "Others"}}).Want(200).Text("id")
		user := app.Get("/api/v1/users/" + isaac).Want(200).Text("id")
		app.Put("/api/v1/groups/"+group+"/users/"+user, nil).Want(204)
		bearer := func() *apptest.Client {
			return app.Anonymous().With("Authorization", "Bearer "+serviceToken(t, app, c, "okta.users.read okta.groups.read okta.apps.read").Want(200).Text("access_token"))
		}
		const ada = "/api/v1/users/ada.example@example.com"
		bearer().Get(ada).Want(200) // without a role the scopes alone count

		at := "/oauth2/v1/clients/" + c.id + "/roles"
		var made *apptest.Answer
		app.WantEvents(t, []string{"app.oauth2.client.privilege.grant SUCCESS"}, func() {
			made = app.Post(at, map[string]any{"type": "USER_ADMIN"}).Want(200)
		})
		self := at + "/" + made.Text("id")
		if made.Text("assignmentType") != "CLIENT" || made.Text("_links.assignee.href") != base+at || made.Text("type") != "USER_ADMIN" {
			t.Errorf("%s", made.Body)
		}
		app.Post(at, map[string]any{"type": "USER_ADMIN"}).Fails(409, "E0000090")
		app.Post(at, map[string]any{"type": "EMPEROR"}).Fails(400, "E0000001")
		if list := app.Get(at).Want(200); list.Text("0.id") != made.Text("id") || list.At("1") != nil {
			t.Errorf("%s", list.Body)
		}
		app.Get(self).Want(200)
		app.WantEvents(t, []string{"app.oauth2.client.privilege.grant SUCCESS"}, func() { app.Put(self+"/targets/groups/"+group, nil).Want(204) })
		app.Put(self+"/targets/groups/"+other, nil).Want(204)
		app.Delete(self + "/targets/groups/" + other).Want(204)
		if list := app.Get(self + "/targets/groups").Want(200); list.Text("0.id") != group {
			t.Errorf("%s", list.Body)
		}
		if list := app.Get(at + "?expand=targets/groups").Want(200); list.Text("0._embedded.targets.groups.0.id") != group {
			t.Errorf("%s", list.Body)
		}
		limited := bearer()
		limited.Get("/api/v1/users/" + user).Want(200)
		limited.Get(ada).Fails(403, "E0000006")
		limited.Get("/api/v1/groups/"+other+"/users").Fails(403, "E0000006")
		if list := limited.Get("/api/v1/users").Want(200); list.Text("0.id") != user || list.At("1") != nil {
			t.Errorf("%s", list.Body)
		}
		app.WantEvents(t, []string{"app.oauth2.client.privilege.revoke SUCCESS"}, func() { app.Delete(self).Want(204) })
		app.Get(self).Fails(404, "E0000007")

		admin := app.Post(at, map[string]any{"type": "APP_ADMIN"}).Want(200).Text("id")
		apps := at + "/" + admin + "/targets/catalog/apps"
		app.Put(apps+"/oidc_client", nil).Want(204)
		app.Put(apps+"/bookmark/"+c.app, nil).Fails(404, "E0000007")
		app.Put(apps+"/oidc_client/"+c.app, nil).Want(204)
		app.Delete(apps + "/oidc_client").Want(204)
		if list := app.Get(apps).Want(200); list.Text("0.id") != c.app {
			t.Errorf("%s", list.Body)
		}
		app.Put(apps+"/oidc_client", nil).Want(204)
		app.Delete(apps + "/oidc_client/" + c.app).Want(204)
		bearer().Get("/api/v1/apps/" + c.app).Want(200)

		app.Get("/oauth2/v1/clients/0oanobody/roles").Fails(404, "E0000007")
		app.Post("/oauth2/v1/clients/0oanobody/roles", map[string]any{"type": "USER_ADMIN"}).Fails(404, "E0000007")
		bearer().Get(at).Fails(403, "E0000006")
	})
}

// TestNobodysRolesByName: a client that is named after an administrator has none
// of the administrator's roles, and none is left of a client that is removed.
func TestNobodysRolesByName(t *testing.T) {
	app := apptest.New(t)
	admin := app.Get("/api/v1/users/admin@example.com").Want(200).Text("id")
	key, public := newKey(t, "k1")
	register := func() *client {
		a := app.Post("/api/v1/apps", map[string]any{
			"name": "oidc_client", "label": "Namesake", "signOnMode": "OPENID_CONNECT",
			"credentials": map[string]any{"oauthClient": map[string]any{"token_endpoint_auth_method": "private_key_jwt", "client_id": admin}},
			"settings": map[string]any{"oauthClient": map[string]any{
				"application_type": "service", "grant_types": []string{"client_credentials"}, "response_types": []string{"token"},
				"jwks": map[string]any{"keys": []any{public}},
			}},
		}).Want(200)
		return &client{id: admin, app: a.Text("id"), key: key}
	}
	c := register()
	at := "/oauth2/v1/clients/" + c.id + "/roles"
	app.Post(at, map[string]any{"type": "REPORT_ADMIN"}).Want(200)
	if list := app.Get(at).Want(200); list.Text("0.type") != "REPORT_ADMIN" || list.At("1") != nil {
		t.Errorf("%s", list.Body)
	}
	grantScopes(t, app, c, "okta.users.manage")
	who := app.Anonymous().With("Authorization", "Bearer "+serviceToken(t, app, c, "okta.users.manage").Want(200).Text("access_token"))
	who.Post("/api/v1/users/"+isaac+"/lifecycle/suspend", nil).Fails(403, "E0000006")
	app.Post("/api/v1/apps/"+c.app+"/lifecycle/deactivate", nil).Want(200)
	app.Delete("/api/v1/apps/" + c.app).Want(204)
	register()
	if list := app.Get(at).Want(200); list.At("0") != nil {
		t.Errorf("%s", list.Body)
	}
}

// TestNobodyBecomesAClient: an administrator who is no super administrator
// neither gives a client that acts for itself the run of the house, nor takes
// one over that has it.
func TestNobodyBecomesAClient(t *testing.T) {
	app := apptest.New(t)
	app.Post("/api/v1/users/"+isaac+"/roles", map[string]any{"type": "APP_ADMIN"}).Want(201)
	mine := web(t, app, nil)
	grantScopes(t, app, mine, "okta.apps.manage", "okta.appGrants.manage", "okta.apps.read")
	tokens := redeem(app, "", mine, code(t, signedIn(t, app, isaac), "", request(mine, "scope", "openid okta.apps.manage okta.appGrants.manage okta.apps.read"))).Want(200)
	admin := app.Anonymous().With("Authorization", "Bearer "+tokens.Text("access_token"))

	plain := register(t, app, "service", "client_secret_basic", map[string]any{"grant_types": []string{"client_credentials"}, "response_types": []string{"token"}})
	admin.Post("/api/v1/apps/"+plain.app+"/credentials/secrets", nil).Want(201) // it can do nothing so far
	admin.Post("/api/v1/apps/"+plain.app+"/grants", map[string]any{"scopeId": "okta.users.manage", "issuer": base}).Fails(403, "E0000006")

	strong := service(t, app, nil)
	grantScopes(t, app, strong, "okta.users.manage")
	_, key := newKey(t, "k2")
	keys := "/api/v1/apps/" + strong.app + "/credentials/jwks"
	admin.Get(keys).Want(200)
	admin.Post(keys, key).Fails(403, "E0000006")
	at := "/api/v1/apps/" + strong.app
	doc := admin.Get(at).Want(200)
	var body map[string]any
	doc.JSON(&body)
	body["label"] = "Another label"
	admin.Put(at, body).Want(200)
	body["settings"].(map[string]any)["oauthClient"].(map[string]any)["jwks"] = map[string]any{"keys": []any{key}}
	admin.Put(at, body).Fails(403, "E0000006")
	app.Put(at, body).Want(200)
	// An application that gets to act for itself later is no way round.
	later := web(t, app, map[string]any{"grant_types": []string{"authorization_code"}})
	grantScopes(t, app, later, "okta.users.manage")
	admin.Get("/api/v1/apps/" + later.app).Want(200).JSON(&body)
	body["settings"].(map[string]any)["oauthClient"].(map[string]any)["grant_types"] = []string{"authorization_code", "client_credentials"}
	admin.Put("/api/v1/apps/"+later.app, body).Fails(403, "E0000006")
}

// TestScopesAreNoWayUp: an administrator of applications gives no application
// scopes of the management interface, nor takes one over that has them, by
// whatever grant type it speaks for users: whoever could would have what the
// super administrators have who come by.
func TestScopesAreNoWayUp(t *testing.T) {
	app := apptest.New(t)
	app.Post("/api/v1/users/"+isaac+"/roles", map[string]any{"type": "APP_ADMIN"}).Want(201)
	mine := web(t, app, nil)
	const able = "okta.apps.manage okta.apps.read okta.appGrants.manage okta.clients.manage okta.clients.register"
	grantScopes(t, app, mine, strings.Fields(able)...)
	tokens := redeem(app, "", mine, code(t, signedIn(t, app, isaac), "", request(mine, "scope", "openid "+able))).Want(200)
	admin := app.Anonymous().With("Authorization", "Bearer "+tokens.Text("access_token"))

	// A client of one's own that asserts any user.
	_, public := newKey(t, "k1")
	a := admin.Post("/api/v1/apps", map[string]any{
		"name": "oidc_client", "label": "Harmless", "signOnMode": "OPENID_CONNECT",
		"credentials": map[string]any{"oauthClient": map[string]any{"token_endpoint_auth_method": "private_key_jwt"}},
		"settings": map[string]any{"oauthClient": map[string]any{
			"application_type": "web", "redirect_uris": []string{callback}, "grant_types": []string{"authorization_code", bearerGrant},
			"jwks": map[string]any{"keys": []any{public}},
		}},
	}).Want(200)
	admin.Post("/api/v1/apps/"+a.Text("id")+"/grants", map[string]any{"scopeId": "okta.roles.manage", "issuer": base}).Fails(403, "E0000006")

	// One that a super administrator has trusted with them.
	strong := web(t, app, map[string]any{"grant_types": []string{"authorization_code"}})
	grantScopes(t, app, strong, "okta.roles.manage")
	at := "/api/v1/apps/" + strong.app
	var body map[string]any
	admin.Get(at).Want(200).JSON(&body)
	o := body["settings"].(map[string]any)["oauthClient"].(map[string]any)
	o["redirect_uris"] = []string{"https://evil.example/callback"}
	admin.Put(at, body).Fails(403, "E0000006")
	_, key := newKey(t, "k2")
	admin.Post(at+"/credentials/jwks", key).Fails(403, "E0000006")
	admin.Post(at+"/credentials/secrets", nil).Fails(403, "E0000006")
	admin.Post("/oauth2/v1/clients/"+strong.id+"/lifecycle/newSecret", nil).Fails(403, "E0000006")
	admin.Put("/oauth2/v1/clients/"+strong.id, map[string]any{
		"client_name": "Strong", "redirect_uris": []string{"https://evil.example/callback"}, "response_types": []string{"code"},
		"grant_types": []string{"authorization_code"}, "application_type": "web", "token_endpoint_auth_method": "client_secret_basic",
	}).Fails(403, "E0000006")
	app.Put(at, body).Want(200)
}
