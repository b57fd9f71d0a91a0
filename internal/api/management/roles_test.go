package management_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/internal/apptest"
)

func TestUserRoles(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := app.Post("/api/v1/users", body("i@example.org")).Want(200).Text("id")
		at := "/api/v1/users/" + id + "/roles"
		var super string
		app.WantEvents(t, []string{"user.account.privilege.grant SUCCESS", "user.account.privilege.grant SUCCESS"}, func() {
			got := app.Post(at+"?disableNotifications=false", `{"type":"SUPER_ADMIN"}`).Want(201)
			super = got.Text("id")
			want := `{"id":"` + super + `","label":"Super Administrator","type":"SUPER_ADMIN","status":"ACTIVE","created":"2026-03-01T12:00:00.000Z",` +
				`"lastUpdated":"2026-03-01T12:00:00.000Z","assignmentType":"USER","_links":{"assignee":{"href":"https://id.example.com/api/v1/users/` + id + `"}}}`
			if string(got.Body) != want {
				t.Errorf("%s", got.Body)
			}
			if got := app.Post(at, `{"type":"APP_ADMIN"}`).Want(201).Text("id"); got != "IFIFAX2BIRGUSTQ" {
				t.Error(got)
			}
		})
		app.Post(at, `{"type":"APP_ADMIN"}`).Fails(409, "E0000090")
		app.Post(at, `{"type":"KING"}`).Fails(400, "E0000001", "type: is not a standard role")
		if got := app.Get(at).Want(200); got.Text("0.id") != "IFIFAX2BIRGUSTQ" || got.Text("1.id") != super || got.Header["Link"] != nil {
			t.Errorf("%s", got.Body)
		}
		if got := app.Get(at + "/" + super).Want(200).Text("label"); got != "Super Administrator" {
			t.Error(got)
		}
		app.Delete(at + "/" + super).Want(204)
		app.Delete(at+"/"+super).Fails(404, "E0000007")
		if got := app.Get(at + "/" + super); got.Text("errorSummary") != "Not found: Resource not found: "+super+" (RoleAssignment)" {
			t.Errorf("%s", got.Body)
		}
		app.Get("/api/v1/users/nobody/roles").Fails(404, "E0000007")
	})
}

func TestGroupRolesAndTargets(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := app.Post("/api/v1/users", body("i@example.org")).Want(200).Text("id")
		admins := app.Post("/api/v1/groups", `{"profile":{"name":"admins"}}`).Want(200).Text("id")
		staff := app.Post("/api/v1/groups", `{"profile":{"name":"staff"}}`).Want(200).Text("id")
		guests := app.Post("/api/v1/groups", `{"profile":{"name":"guests"}}`).Want(200).Text("id")
		at := "/api/v1/groups/" + admins + "/roles"
		app.WantEvents(t, []string{"group.privilege.grant SUCCESS"}, func() {
			got := app.Post(at, `{"type":"HELP_DESK_ADMIN"}`).Want(201)
			if got.Text("id") != "JBCUYUC7IRCVGS27IFCE2SKO" || got.Text("assignmentType") != "GROUP" || got.Text("_links.assignee.href") != "https://id.example.com/api/v1/groups/"+admins {
				t.Errorf("%s", got.Body)
			}
		})
		if got := app.Post(at, `{"type":"ORG_ADMIN"}`).Want(201).Text("id"); !strings.HasPrefix(got, "gra") {
			t.Error(got)
		}
		app.Put("/api/v1/groups/"+admins+"/users/"+id, nil).Want(204)
		if got := app.Get("/api/v1/users/" + id + "/roles").Want(200); got.Text("0.assignmentType") != "GROUP" || got.Text("1.type") == "" {
			t.Errorf("%s", got.Body)
		}
		everyone := app.Get("/api/v1/groups?q=Everyone").Text("0.id")
		app.Post("/api/v1/groups/"+everyone+"/roles", `{"type":"ORG_ADMIN"}`).Fails(501, "E0000060")

		role := at + "/JBCUYUC7IRCVGS27IFCE2SKO"
		if got := app.Get(role + "/targets/groups").Want(200); string(got.Body) != "[]" || len(got.Header["Link"]) != 1 {
			t.Errorf("%s", got.Body)
		}
		app.Put(role+"/targets/groups/"+staff, nil).Want(204)
		app.Put(role+"/targets/groups/"+staff, nil).Want(204)
		app.Put(role+"/targets/groups/"+guests, nil).Want(204)
		if got := app.Get(role + "/targets/groups?limit=1").Want(200); got.Text("0.id") != staff || len(got.Header["Link"]) != 2 {
			t.Errorf("%s", got.Body)
		}
		app.Put(role+"/targets/groups/00gnothere0000000000", nil).Fails(404, "E0000007")
		app.Put(role+"/targets/catalog/apps/bookmark", nil).Fails(400, "E0000091")
		app.Delete(role + "/targets/groups/" + staff).Want(204)
		app.Delete(role+"/targets/groups/"+staff).Fails(404, "E0000007")
		app.Delete(role+"/targets/groups/"+guests).Fails(400, "E0000001")
		app.Delete(role).Want(204)
		app.Get(role).Fails(404, "E0000007")

		// The last super administrator cannot go, whichever way the role came.
		root := app.Get("/api/v1/users/" + app.Seeded.Admin.Login).Text("id")
		app.Put("/api/v1/groups/"+staff+"/users/"+root, nil).Want(204)
		app.Post("/api/v1/groups/"+staff+"/roles", `{"type":"SUPER_ADMIN"}`).Want(201)
		own := app.Get("/api/v1/users/" + root + "/roles").Want(200)
		app.Delete("/api/v1/users/" + root + "/roles/" + own.Text("0.id")).Want(204)
		app.Delete("/api/v1/groups/"+staff+"/users/"+root).Fails(403, "E0000006")
		app.Delete("/api/v1/groups/"+staff).Fails(403, "E0000006")
		app.Delete("/api/v1/groups/"+staff+"/roles/"+app.Get("/api/v1/groups/"+staff+"/roles").Text("0.id")).Fails(403, "E0000006")
		app.Delete("/api/v1/users/"+root).Fails(403, "E0000006")
		app.Get("/api/v1/users/" + root).Want(200)
	})
}

func TestAppTargets(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := app.Post("/api/v1/users", body("i@example.org")).Want(200).Text("id")
		bookmark := `{"name":"bookmark","label":%q,"signOnMode":"BOOKMARK","settings":{"app":{"url":"https://example.com","requestIntegration":false}}}`
		one := app.Post("/api/v1/apps", fmt.Sprintf(bookmark, "One")).Want(200).Text("id")
		role := "/api/v1/users/" + id + "/roles/" + app.Post("/api/v1/users/"+id+"/roles", `{"type":"APP_ADMIN"}`).Want(201).Text("id")
		app.Put(role+"/targets/catalog/apps/nothing", nil).Fails(404, "E0000007")
		app.Put(role+"/targets/catalog/apps/bookmark", nil).Want(204)
		app.Put(role+"/targets/catalog/apps/bookmark/"+one, nil).Want(204)
		app.Put(role+"/targets/catalog/apps/other/"+one, nil).Fails(404, "E0000007")
		app.Put(role+"/targets/groups/"+app.Get("/api/v1/groups?q=Everyone").Text("0.id"), nil).Fails(400, "E0000091")
		got := app.Get(role + "/targets/catalog/apps").Want(200)
		if got.Text("0.name") != "bookmark" || got.Text("0.id") != "" || got.Text("1.id") != one || got.Text("1.label") != "One" {
			t.Errorf("%s", got.Body)
		}
		// What stands for all instances tells of the catalogue, and not of one of them.
		if got.Text("0.displayName") != "Bookmark App" || got.Text("0.status") != "ACTIVE" || got.At("0.label") != nil || got.At("0.lastUpdated") != nil ||
			got.At("0._links.self") != nil || got.Text("1.displayName") != "Bookmark App" || got.At("1.lastUpdated") == nil || got.Text("1._links.self.href") == "" {
			t.Errorf("%s", got.Body)
		}
		if got := app.Get(role + "/targets/catalog/apps?limit=1&after=bookmark").Want(200); got.Text("0.id") != one || len(got.Header["Link"]) != 1 {
			t.Errorf("%s %v", got.Body, got.Header["Link"])
		}
		app.Delete(role + "/targets/catalog/apps/bookmark").Want(204)
		app.Delete(role+"/targets/catalog/apps/bookmark/"+one).Fails(400, "E0000001")
		app.Put(role+"/targets/catalog/apps", nil).Want(200)
		if got := app.Get(role + "/targets/catalog/apps").Want(200); string(got.Body) != "[]" {
			t.Errorf("%s", got.Body)
		}
		group := app.Post("/api/v1/groups", `{"profile":{"name":"admins"}}`).Want(200).Text("id")
		of := "/api/v1/groups/" + group + "/roles/" + app.Post("/api/v1/groups/"+group+"/roles", `{"type":"APP_ADMIN"}`).Want(201).Text("id")
		app.Put(of+"/targets/catalog/apps/bookmark", nil).Want(200)
		app.Put(of+"/targets/catalog/apps/bookmark/"+one, nil).Want(204)
		if got := app.Get(of + "/targets/catalog/apps").Want(200); got.Text("1.id") != one {
			t.Errorf("%s", got.Body)
		}
		app.Delete(of + "/targets/catalog/apps/bookmark/" + one).Want(204)
		app.Delete(of+"/targets/catalog/apps/bookmark").Fails(400, "E0000001")
	})
}

// deputy adds an administrator with one role, limited to groups, and returns a
// client that acts as that one.
func deputy(t *testing.T, app *apptest.App, login, role string, groups ...string) *apptest.Client {
	t.Helper()
	id := app.Post("/api/v1/users", body(login, password)).Want(200).Text("id")
	assigned := app.Post("/api/v1/users/"+id+"/roles", `{"type":"`+role+`"}`).Want(201).Text("id")
	for _, g := range groups {
		app.Put("/api/v1/users/"+id+"/roles/"+assigned+"/targets/groups/"+g, nil).Want(204)
	}
	_, secret, err := app.Server.CreateToken(t.Context(), "", login, "test")
	if err != nil {
		t.Fatal(err)
	}
	return app.As(secret).On(t)
}

// TestLimitedAdministrators: who is limited to a group touches its members alone.
func TestLimitedAdministrators(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		mine := app.Post("/api/v1/groups", `{"profile":{"name":"mine"}}`).Want(200).Text("id")
		other := app.Post("/api/v1/groups", `{"profile":{"name":"other"}}`).Want(200).Text("id")
		in := app.Post("/api/v1/users", body("in@example.org", password, `"groupIds":["`+mine+`"]`)).Want(200).Text("id")
		out := app.Post("/api/v1/users", body("out@example.org", password, `"groupIds":["`+other+`"]`)).Want(200).Text("id")
		c := deputy(t, app, "deputy@example.org", "USER_ADMIN", mine)
		for _, id := range []string{in, out} {
			for _, call := range []struct{ method, path, body string }{
				{"GET", "", ""},
				{"GET", "/groups", ""},
				{"POST", "", `{"profile":{"title":"x"}}`},
				{"PUT", "", `{"credentials":{"password":{"value":"Asterisk42go"}}}`},
				{"POST", "/lifecycle/expire_password", ""},
				{"POST", "/lifecycle/reset_password?sendEmail=false", ""},
				{"POST", "/credentials/change_password", `{"oldPassword":{"value":"Asterisk42go"},"newPassword":{"value":"Asterisk43go"}}`},
				{"DELETE", "/sessions", ""},
				{"POST", "/lifecycle/suspend", ""},
				{"POST", "/lifecycle/unsuspend", ""},
				{"GET", "/factors", ""},
				{"POST", "/lifecycle/reset_factors", ""},
				{"POST", "/lifecycle/deactivate", ""},
				{"POST", "/lifecycle/activate?sendEmail=false", ""},
				{"DELETE", "", ""},
			} {
				var b any
				if call.body != "" {
					b = call.body
				}
				a := c.Do(call.method, "/api/v1/users/"+id+call.path, b)
				if id == out {
					a.Fails(403, "E0000006")
				} else if a.Status >= 300 {
					t.Errorf("%s %s: %d %s", call.method, call.path, a.Status, a.Body)
				}
			}
		}
		for path, want := range map[string][]string{
			"/api/v1/users?search=id+pr":        {"in@example.org"},
			"/api/v1/users?q=o":                 nil,
			"/api/v1/users?q=in":                nil, // deactivated by now
			"/api/v1/users":                     nil,
			"/api/v1/groups/" + mine + "/users": {"in@example.org"},
		} {
			var got []struct{ Profile struct{ Login string } }
			c.Get(path).Want(200).JSON(&got)
			var logins []string
			for _, u := range got {
				logins = append(logins, u.Profile.Login)
			}
			if !slices.Equal(logins, want) {
				t.Errorf("%s: %v, want %v", path, logins, want)
			}
		}
		c.Get("/api/v1/groups/"+other+"/users").Fails(403, "E0000006")
		c.Post("/api/v1/groups", `{"profile":{"name":"new"}}`).Fails(403, "E0000006")
		c.Put("/api/v1/groups/"+other, `{"profile":{"name":"new"}}`).Fails(403, "E0000006")
		c.Put("/api/v1/groups/"+other+"/users/"+out, nil).Fails(403, "E0000006")
		c.Put("/api/v1/groups/"+mine, `{"profile":{"name":"renamed"}}`).Want(200)
		c.Post("/api/v1/users", body("new@example.org")).Fails(403, "E0000006")
		c.Post("/api/v1/users", body("new@example.org", `"groupIds":["`+other+`"]`)).Fails(403, "E0000006")
		c.Post("/api/v1/users", body("new@example.org", `"groupIds":["`+mine+`"]`)).Want(200)
		// A second role with other targets does not lend them to the first.
		app.Post("/api/v1/users/deputy@example.org/roles", `{"type":"HELP_DESK_ADMIN"}`).Want(201)
		app.Put("/api/v1/users/deputy@example.org/roles/JBCUYUC7IRCVGS27IFCE2SKO/targets/groups/"+other, nil).Want(204)
		c.Post("/api/v1/users/"+out+"/lifecycle/expire_password", nil).Want(200)
		c.Post("/api/v1/users/"+out+"/lifecycle/suspend", nil).Fails(403, "E0000006")
		// A target that is deleted does not set the role free.
		app.Delete("/api/v1/groups/" + mine).Want(204)
		c.Post("/api/v1/users/"+out+"/lifecycle/suspend", nil).Fails(403, "E0000006")
	})
}

// TestAdministratorsAreProtected: nobody rises by way of another administrator.
func TestAdministratorsAreProtected(t *testing.T) {
	app := apptest.New(t)
	root := app.Get("/api/v1/users/" + app.Seeded.Admin.Login).Text("id")
	chiefs := app.Post("/api/v1/groups", `{"profile":{"name":"chiefs"}}`).Want(200).Text("id")
	app.Post("/api/v1/groups/"+chiefs+"/roles", `{"type":"SUPER_ADMIN"}`).Want(201)
	for _, role := range []string{"USER_ADMIN", "ORG_ADMIN", "HELP_DESK_ADMIN"} {
		c := deputy(t, app, strings.ToLower(role)+"@example.org", role)
		c.Post("/api/v1/users/"+root+"/lifecycle/reset_password?sendEmail=false", nil).Fails(403, "E0000006")
		c.Post("/api/v1/users/"+root+"/lifecycle/expire_password?tempPassword=true", nil).Fails(403, "E0000006")
		c.Post("/api/v1/users/"+root+"/credentials/forgot_password?sendEmail=false", nil).Fails(403, "E0000006")
		c.Put("/api/v1/groups/"+chiefs+"/users/isaac.brock@example.com", nil).Fails(403, "E0000006")
		c.Post("/api/v1/users", body("new@example.org", `"groupIds":["`+chiefs+`"]`)).Fails(403, "E0000006")
		c.Post("/api/v1/users/me/roles", `{"type":"SUPER_ADMIN"}`).Fails(403, "E0000006")
		c.Delete("/api/v1/groups/"+chiefs).Fails(403, "E0000006")
	}
	c := deputy(t, app, "second@example.org", "ORG_ADMIN")
	c.Post("/api/v1/users/user_admin@example.org/lifecycle/suspend", nil).Want(200)
	reader := deputy(t, app, "reader@example.org", "READ_ONLY_ADMIN")
	reader.Post("/api/v1/users/me", `{"profile":{"title":"King"}}`).Fails(403, "E0000077")
	reader.Post("/api/v1/users/me", `{"profile":{"firstName":"King"}}`).Want(200)
}

// TestLimitedAppAdministrators: who is limited to some applications changes no
// others and sees no secrets of others.
func TestLimitedAppAdministrators(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		client := `{"name":"oidc_client","label":%q,"signOnMode":"OPENID_CONNECT","credentials":{"oauthClient":{"token_endpoint_auth_method":"client_secret_post"}},` +
			`"settings":{"oauthClient":{"redirect_uris":["https://example.com/cb"],"response_types":["code"],"grant_types":["authorization_code"],"application_type":"web"}}}`
		in := app.Post("/api/v1/apps", fmt.Sprintf(client, "in")).Want(200).Text("id")
		out := app.Post("/api/v1/apps", fmt.Sprintf(client, "out")).Want(200).Text("id")
		c := deputy(t, app, "deputy@example.org", "APP_ADMIN")
		app.Put("/api/v1/users/deputy@example.org/roles/IFIFAX2BIRGUSTQ/targets/catalog/apps/oidc_client/"+in, nil).Want(204)
		isaac := app.Get("/api/v1/users/isaac.brock@example.com").Text("id")
		for _, id := range []string{in, out} {
			for _, call := range []struct{ method, path, body string }{
				{"PUT", "", fmt.Sprintf(client, "x")},
				{"POST", "/users", `{"id":"` + isaac + `","scope":"USER","credentials":{"userName":"isaac"}}`},
				{"DELETE", "/users/" + isaac, ""},
				{"GET", "/credentials/secrets", ""},
				{"POST", "/credentials/secrets", `{}`},
				{"POST", "/credentials/keys/generate?validityYears=2", ""},
				{"POST", "/lifecycle/deactivate", ""},
				{"DELETE", "", ""},
			} {
				var b any
				if call.body != "" {
					b = call.body
				}
				a := c.Do(call.method, "/api/v1/apps/"+id+call.path, b)
				if id == out {
					a.Fails(403, "E0000006")
				} else if a.Status >= 300 {
					t.Errorf("%s %s: %d %s", call.method, call.path, a.Status, a.Body)
				}
			}
		}
		c.Post("/api/v1/apps", fmt.Sprintf(client, "new")).Fails(403, "E0000006")
	})
}
