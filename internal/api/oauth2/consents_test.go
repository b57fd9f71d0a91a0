package oauth2_test

import (
	"regexp"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// agree lets a client have what it asks for on the page that asks the user.
func agree(t testing.TB, b *apptest.Client, at string) {
	t.Helper()
	page := b.Get(at).Want(200)
	v := form("answer", "allow")
	for _, m := range regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]+)"`).FindAllStringSubmatch(string(page.Body), -1) {
		v.Set(m[1], m[2])
	}
	if got := answered(t, b.Post("/oauth2/v1/authorize/consent", v)); got.Get("code") == "" {
		t.Fatalf("no code: %v", got)
	}
}

// TestConsents lists and takes back what a user let clients have.
func TestConsents(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		server := "/api/v1/authorizationServers/default"
		app.Post(server+"/scopes", `{"name":"cars","displayName":"Your cars","consent":"REQUIRED"}`).Want(201)
		scope := app.Get(server + "/scopes?q=cars").Want(200).Text("0.id")
		ask := map[string]any{"consent_method": "REQUIRED"}
		c, other := spa(t, app, ask), spa(t, app, ask)
		b := signedIn(t, app, isaac)
		user := app.Get("/api/v1/users/" + isaac).Want(200).Text("id")
		at := "/api/v1/users/" + user
		consent := func(c *client) {
			t.Helper()
			got := app.Events(t, func() { agree(t, b, authorizeAt("default", request(c, "scope", "openid cars"))) })
			if got[0] != "app.oauth2.as.consent.grant SUCCESS" {
				t.Errorf("events %v", got)
			}
		}
		consent(c)
		consent(other)
		list := app.Get(at + "/grants?expand=scope").Want(200)
		for path, want := range map[string]string{
			"0.status": "ACTIVE", "0.source": "END_USER", "0.clientId": c.id, "0.userId": user, "0.scopeId": scope, "0.issuer": base + "/oauth2/default",
			"0._embedded.scope.name": "cars", "1.clientId": other.id, "0._links.scope.href": base + "/api/v1/authorizationServers/" + app.Get(server).Text("id") + "/scopes/" + scope,
		} {
			if got := list.Text(path); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
		id := list.Text("0.id")
		if one := app.Get(at + "/grants/" + id).Want(200); one.Text("id") != id {
			t.Errorf("%s", one.Body)
		}
		if pair := app.Get(at + "/clients/" + other.id + "/grants").Want(200); pair.Text("0.clientId") != other.id || pair.At("1") != nil {
			t.Errorf("%s", pair.Body)
		}
		if clients := app.Get(at + "/clients").Want(200); clients.At("1") == nil || !strings.HasSuffix(clients.Text("0._links.grants.href"), "/grants") {
			t.Errorf("%s", clients.Body)
		}
		b.Get("/api/v1/users/me/grants").Want(200)
		signedIn(t, app, "ada.example@example.com").Get(at+"/grants").Fails(403, "E0000006")
		app.WantEvents(t, []string{"app.oauth2.as.consent.revoke SUCCESS"}, func() { app.Delete(at + "/grants/" + id).Want(204) })
		app.Get(at+"/grants/"+id).Fails(404, "E0000007")
		app.Delete(at+"/grants/"+id).Fails(404, "E0000007")
		app.WantEvents(t, []string{"app.oauth2.as.consent.revoke.user.client SUCCESS"}, func() { app.Delete(at + "/clients/" + other.id + "/grants").Want(204) })
		consent(c) // who was asked once is asked again when the consent was taken back
		app.WantEvents(t, []string{"app.oauth2.as.consent.revoke.user SUCCESS"}, func() { app.Delete(at + "/grants").Want(204) })
		if left := app.Get(at + "/grants").Want(200); string(left.Body) != "[]" {
			t.Errorf("%s", left.Body)
		}
	})
}

// TestSignOutEndsTokens: who is signed out everywhere, or deactivated, leaves no
// refresh token behind.
func TestSignOutEndsTokens(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := spa(t, app, nil)
		user := app.Get("/api/v1/users/" + isaac).Want(200).Text("id")
		held := "/api/v1/apps/" + c.app + "/tokens"
		for _, end := range []func(){
			func() { app.Delete("/api/v1/users/" + user + "/sessions?oauthTokens=true").Want(204) },
			func() { app.Post("/api/v1/users/"+user+"/lifecycle/deactivate", nil).Want(200) },
		} {
			redeem(app, "", c, code(t, signedIn(t, app, isaac), "", request(c, "scope", "openid offline_access"))).Want(200)
			if list := app.Get(held).Want(200); list.At("0") == nil {
				t.Fatal("there is no token")
			}
			end()
			if left := app.Get(held).Want(200); string(left.Body) != "[]" {
				t.Errorf("%s", left.Body)
			}
		}
	})
}
