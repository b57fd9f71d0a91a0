package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

const serviceApp = `{"name":"oidc_client","label":"Service","signOnMode":"OPENID_CONNECT","credentials":{"oauthClient":{"token_endpoint_auth_method":"client_secret_basic"}},` +
	`"settings":{"oauthClient":{"application_type":"service","grant_types":["client_credentials"],"response_types":["token"]}}}`

func TestAppGrants(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := addApp(t, app, serviceApp)
		at := "/api/v1/apps/" + id + "/grants"
		body := `{"scopeId":"okta.users.read","issuer":"https://id.example.com"}`
		var g *apptest.Answer
		app.WantEvents(t, []string{"app.oauth2.admin.consent.grant SUCCESS"}, func() {
			g = app.Post(at, body).Want(201)
			if again := app.Post(at, body).Want(201); again.Text("id") != g.Text("id") {
				t.Errorf("twice: %s", again.Body)
			}
		})
		for path, want := range map[string]string{
			"status": "ACTIVE", "issuer": "https://id.example.com", "clientId": id, "scopeId": "okta.users.read", "source": "ADMIN", "createdBy.type": "User",
			"_links.app.href": "https://id.example.com/api/v1/apps/" + id, "_links.self.href": "https://id.example.com" + at + "/" + g.Text("id"),
		} {
			if got := g.Text(path); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
		app.Post(at, `{"scopeId":"openid","issuer":"https://id.example.com"}`).Fails(400, "E0000001")
		app.Post(at, `{"scopeId":"okta.users.read","issuer":"https://other.example.com"}`).Fails(400, "E0000001")
		app.Post("/api/v1/apps/"+addApp(t, app, bookmark)+"/grants", body).Fails(404, "E0000007")
		app.Post(at, `{"scopeId":"okta.apps.read","issuer":"https://id.example.com"}`).Want(201)
		page := app.Get(at + "?limit=1").Want(200)
		if page.Text("0.scopeId") != "okta.users.read" || page.At("1") != nil || !strings.Contains(strings.Join(page.Header["Link"], ","), "after="+g.Text("id")) {
			t.Errorf("a page: %s %v", page.Body, page.Header["Link"])
		}
		if one := app.Get(at + "/" + g.Text("id") + "?expand=scope").Want(200); one.Text("_embedded.scope.id") != "okta.users.read" {
			t.Errorf("%s", one.Body)
		}
		app.WantEvents(t, []string{"app.oauth2.admin.consent.revoke SUCCESS"}, func() { app.Delete(at + "/" + g.Text("id")).Want(204) })
		app.Delete(at+"/"+g.Text("id")).Fails(404, "E0000007")
		app.Get(at+"/"+g.Text("id")).Fails(404, "E0000007")
		if list := app.Get(at).Want(200); list.Text("0.scopeId") != "okta.apps.read" || list.At("1") != nil {
			t.Errorf("%s", list.Body)
		}
	})
}
