package oauth2_test

import (
	"net/http"
	"strings"
	"testing"

	"usher/internal/apptest"
)

func TestClients(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const at = "/oauth2/v1/clients"
		body := `{"client_name":"Cars","redirect_uris":["https://app.example/callback"],"grant_types":["authorization_code","refresh_token"],` +
			`"response_types":["code"],"token_endpoint_auth_method":"client_secret_post","application_type":"web","client_uri":"https://app.example"}`
		var c *apptest.Answer
		app.WantEvents(t, []string{"application.lifecycle.create SUCCESS"}, func() { c = app.Post(at, body).Want(http.StatusCreated) })
		id, secret := c.Text("client_id"), c.Text("client_secret")
		if len(secret) != 64 || c.At("client_secret_expires_at") != 0.0 || c.At("client_id_issued_at") != float64(app.Clock.Now().Unix()) || c.Text("client_name") != "Cars" {
			t.Errorf("%s", c.Body)
		}
		if a := app.Get("/api/v1/apps/" + id).Want(200); a.Text("label") != "Cars" || a.Text("settings.oauthClient.client_uri") != "https://app.example" {
			t.Errorf("the application: %s", a.Body)
		}
		g := app.Get(at + "/" + id).Want(200)
		if g.At("client_secret") != nil || g.Text("token_endpoint_auth_method") != "client_secret_post" || g.Text("redirect_uris.0") != "https://app.example/callback" {
			t.Errorf("%s", g.Body)
		}
		service := app.Post(at, `{"client_name":"Machine","application_type":"service","grant_types":["client_credentials"],"response_types":["token"]}`).Want(201)
		proves := func(id, secret string) int {
			return app.Anonymous().Post("/oauth2/default/v1/token", form("grant_type", "client_credentials", "scope", "x", "client_id", id, "client_secret", secret)).Status
		}
		if got := proves(service.Text("client_id"), service.Text("client_secret")); got == 401 {
			t.Errorf("the secret that was told is refused")
		}
		fresh := app.Post(at+"/"+service.Text("client_id")+"/lifecycle/newSecret", nil).Want(200)
		if proves(service.Text("client_id"), service.Text("client_secret")) != 401 || proves(service.Text("client_id"), fresh.Text("client_secret")) == 401 {
			t.Error("a new secret does not take the place of the old one")
		}
		page := app.Get(at + "?limit=1").Want(200)
		if page.Text("0.client_id") != id || page.At("1") != nil || !strings.Contains(strings.Join(page.Header["Link"], ","), "after=") {
			t.Errorf("%s", page.Body)
		}
		if q := app.Get(at + "?q=mach").Want(200); q.Text("0.client_name") != "Machine" || q.At("1") != nil {
			t.Errorf("%s", q.Body)
		}
		app.Put("/api/v1/apps/"+id, strings.Replace(string(app.Get("/api/v1/apps/"+id).Body), `"admin":null`, `"admin":"keep"`, 1)).Want(200)
		changed := app.Put(at+"/"+id, strings.Replace(body, "Cars", "Trucks", 1)).Want(200)
		if changed.Text("client_name") != "Trucks" || changed.Text("client_secret") != secret || changed.Text("consent_method") != "REQUIRED" {
			t.Errorf("%s", changed.Body)
		}
		if a := app.Get("/api/v1/apps/" + id).Want(200); a.Text("label") != "Trucks" || a.Text("settings.notes.admin") != "keep" {
			t.Errorf("what is no part of the client changes: %s", a.Body)
		}
		app.WantEvents(t, []string{"application.lifecycle.deactivate SUCCESS", "application.lifecycle.delete SUCCESS"}, func() { app.Delete(at + "/" + id).Want(204) })
		app.Get(at+"/"+id).Fails(404, "E0000007")
		app.Get("/api/v1/apps/"+id).Fails(404, "E0000007")
	})
}

func TestClientErrors(t *testing.T) {
	app := apptest.New(t)
	const at = "/oauth2/v1/clients"
	for name, c := range map[string]struct{ body, code string }{
		"no name":                {`{}`, "invalid_client_metadata"},
		"no address":             {`{"client_name":"x"}`, "invalid_redirect_uri"},
		"an address that is bad": {`{"client_name":"x","redirect_uris":["javascript:x"]}`, "invalid_redirect_uri"},
		"a grant of another":     {`{"client_name":"x","application_type":"browser","redirect_uris":["https://a.example"],"grant_types":["password"]}`, "invalid_client_metadata"},
		"an unknown method":      {`{"client_name":"x","redirect_uris":["https://a.example"],"token_endpoint_auth_method":"magic"}`, "invalid_client_metadata"},
		"no object":              {`["x"]`, "invalid_client_metadata"},
		"a number":               {`{"client_name":"x","redirect_uris":7}`, "invalid_client_metadata"},
	} {
		if a := app.Post(at, c.body); a.Status != 400 || a.Text("error") != c.code || a.Text("error_description") == "" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	app.Anonymous().Get(at).Fails(403, "E0000005")
	app.As("nonsense").Get(at).Fails(401, "E0000011")
	app.Get(at+"/0oa0000000000000none").Fails(404, "E0000007")
	public := app.Post(at, `{"client_name":"x","application_type":"browser","redirect_uris":["https://a.example"],"token_endpoint_auth_method":"none"}`).Want(201)
	if public.At("client_secret") != nil || public.At("client_secret_expires_at") != nil {
		t.Errorf("%s", public.Body)
	}
	if a := app.Post(at+"/"+public.Text("client_id")+"/lifecycle/newSecret", nil); a.Status != 400 || a.Text("error") != "invalid_client_metadata" {
		t.Errorf("%s", a.Body)
	}
}
