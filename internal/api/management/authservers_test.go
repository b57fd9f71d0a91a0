package management_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

const serversAt = "/api/v1/authorizationServers"

func addServer(t testing.TB, app *apptest.App, name string) (id, at string) {
	t.Helper()
	id = app.Post(serversAt, map[string]any{"name": name, "description": "d", "audiences": []string{"api://" + name}}).Want(201).Text("id")
	return id, serversAt + "/" + id
}

func TestAuthorizationServers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		a := app.Get(serversAt).Want(200)
		if a.Text("0.name") != "default" || a.At("0.default") != true || a.Text("0.issuer") != "https://id.example.com/oauth2/default" || a.Text("0.audiences.0") != "api://default" || a.At("1") != nil {
			t.Fatalf("from the start: %s", a.Body)
		}
		if b := app.Get(serversAt + "/default").Want(200); b.Text("id") != a.Text("0.id") || !strings.HasPrefix(b.Text("id"), "aus") {
			t.Errorf("by its name: %s", b.Body)
		}
		var id, at string
		app.WantEvents(t, []string{"oauth2.as.created SUCCESS"}, func() { id, at = addServer(t, app, "one") })
		v := app.Get(at).Want(200)
		for path, want := range map[string]string{
			"issuer": "https://id.example.com/oauth2/" + id, "issuerMode": "ORG_URL", "status": "ACTIVE", "credentials.signing.rotationMode": "AUTO",
			"credentials.signing.nextRotation": "2026-05-30T12:00:00.000Z", "credentials.signing.lastRotated": "2026-03-01T12:00:00.000Z",
			"_links.metadata.1.href":  "https://id.example.com/oauth2/" + id + "/.well-known/openid-configuration",
			"_links.rotateKey.href":   "https://id.example.com" + at + "/credentials/lifecycle/keyRotate",
			"_links.deactivate.href":  "https://id.example.com" + at + "/lifecycle/deactivate",
			"_links.policies.href":    "https://id.example.com" + at + "/policies",
			"credentials.signing.use": "sig", "credentials.signing.alg": "RS256", "_links.keys.href": "https://id.example.com" + at + "/credentials/keys",
			"_links.scopes.hints.allow.1": "POST",
		} {
			if got := v.Text(path); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
		if v.At("default") != false {
			t.Errorf("%s", v.Body)
		}
		app.Post(serversAt, `{"name":"x","audiences":["x"],"accessTokenEncryptedResponseAlgorithm":"RSA-OAEP-256"}`).Fails(501, "E0000060")
		app.Post(serversAt, `{"name":"ONE","audiences":["x"]}`).Fails(400, "E0000001", "name: An object with this field already exists in the current organization")
		app.Post(serversAt, `{"audiences":[]}`).Fails(400, "E0000001", "name: The field cannot be left blank", "audiences: The field cannot be left blank")
		app.Post(serversAt, `{"name":"x","audiences":["x"],"issuerMode":"MINE"}`).Fails(400, "E0000001")
		app.WantEvents(t, []string{"oauth2.as.updated SUCCESS"}, func() {
			app.Put(at, `{"name":"two","audiences":["api://two"],"credentials":{"signing":{"rotationMode":"MANUAL"}}}`).Want(200)
		})
		if b := app.Get(at).Want(200); b.Text("name") != "two" || b.At("credentials.signing.nextRotation") != nil || b.Text("credentials.signing.kid") != v.Text("credentials.signing.kid") {
			t.Errorf("changed: %s", b.Body)
		}
		if b := app.Get(serversAt + "?q=TWO").Want(200); b.Text("0.id") != id || b.At("1") != nil {
			t.Errorf("looked up: %s", b.Body)
		}
		if b := app.Get(serversAt + "?limit=1").Want(200); b.Text("0.name") != "default" || !strings.Contains(strings.Join(b.Header["Link"], ","), "after="+a.Text("0.id")) {
			t.Errorf("a page: %v", b.Header["Link"])
		}
		app.WantEvents(t, []string{"oauth2.as.deactivated SUCCESS"}, func() {
			app.Post(at+"/lifecycle/deactivate", nil).Want(204)
			app.Post(at+"/lifecycle/deactivate", nil).Want(204)
		})
		app.Anonymous().Get("/oauth2/" + id + "/v1/keys").Want(404)
		app.WantEvents(t, []string{"oauth2.as.activated SUCCESS"}, func() { app.Post(at+"/lifecycle/activate", nil).Want(204) })
		app.Anonymous().Get("/oauth2/" + id + "/v1/keys").Want(200)
		app.WantEvents(t, []string{"oauth2.as.deleted SUCCESS", "oauth2.as.deleted SUCCESS"}, func() {
			app.Delete(at).Want(204)
			app.Delete(serversAt + "/default").Want(204)
		})
		app.Get(at).Fails(404, "E0000007")
		app.Get(serversAt+"/default").Fails(404, "E0000007")
		if b := app.Get(serversAt).Want(200); string(b.Body) != "[]" {
			t.Errorf("it comes again: %s", b.Body)
		}
	})
}

func TestServerKeys(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id, at := addServer(t, app, "one")
		list := app.Get(at + "/credentials/keys").Want(200)
		first, next := list.Text("0.kid"), list.Text("1.kid")
		if list.Text("0.status") != "ACTIVE" || list.Text("1.status") != "NEXT" || first == next || list.Text("0.kty") != "RSA" || list.At("2") != nil {
			t.Fatalf("%s", list.Body)
		}
		if k := app.Get(at + "/credentials/keys/" + next).Want(200); k.Text("kid") != next || k.At("d") != nil {
			t.Errorf("%s", k.Body)
		}
		app.Get(at+"/credentials/keys/none").Fails(404, "E0000007")
		app.Post(at+"/credentials/lifecycle/keyRotate", `{"use":"enc"}`).Fails(400, "E0000001")
		var rotated *apptest.Answer
		app.WantEvents(t, []string{"app.oauth2.as.key.rollover SUCCESS"}, func() {
			rotated = app.Post(at+"/credentials/lifecycle/keyRotate", `{"use":"sig"}`).Want(200)
		})
		states := map[string]string{}
		for _, i := range []string{"0", "1", "2"} {
			states[rotated.Text(i+".kid")] = rotated.Text(i + ".status")
		}
		if states[first] != "EXPIRED" || states[next] != "ACTIVE" || len(states) != 3 {
			t.Errorf("%s", rotated.Body)
		}
		published := func() string { return string(app.Anonymous().Get("/oauth2/" + id + "/v1/keys").Want(200).Body) }
		if !strings.Contains(published(), first) {
			t.Error("tokens of the old key cannot be verified any more")
		}
		app.Clock.Advance(26 * time.Hour)
		if strings.Contains(published(), first) || !strings.Contains(published(), next) {
			t.Error("the old key is still published when all its tokens have expired")
		}
		app.Put(at, `{"name":"one","audiences":["x"],"credentials":{"signing":{"alg":"ES256","typ":"at+jwt"}}}`).Want(200)
		app.Put(at, `{"name":"one","audiences":["x"],"credentials":{"signing":{"typ":"wild"}}}`).Fails(400, "E0000001")
		if k := app.Get(at).Want(200); k.Text("credentials.signing.alg") != "ES256" || k.Text("credentials.signing.typ") != "at+jwt" {
			t.Errorf("another algorithm: %s", k.Body)
		}
		if !strings.Contains(published(), `"crv":"P-256"`) || !strings.Contains(published(), next) {
			t.Errorf("another algorithm: %s", published())
		}
	})
}

func TestServerScopes(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		_, at := addServer(t, app, "one")
		list := app.Get(at + "/scopes").Want(200)
		if list.Text("0.name") != "openid" || list.At("0.system") != true || list.Text("0.metadataPublish") != "ALL_CLIENTS" || list.At("7") != nil {
			t.Fatalf("%s", list.Body)
		}
		var s *apptest.Answer
		app.WantEvents(t, []string{"oauth2.scope.created SUCCESS"}, func() {
			s = app.Post(at+"/scopes", `{"name":"car:drive","displayName":"Drive","description":"Drive a car","consent":"REQUIRED"}`).Want(201)
		})
		scope := at + "/scopes/" + s.Text("id")
		if s.Text("metadataPublish") != "NO_CLIENTS" || s.Text("consent") != "REQUIRED" || s.At("default") != false || s.At("system") != false {
			t.Errorf("%s", s.Body)
		}
		app.Post(at+"/scopes", `{"name":"car:drive"}`).Fails(400, "E0000001")
		app.Post(at+"/scopes", `{"name":"a b"}`).Fails(400, "E0000001")
		app.Post(at+"/scopes", `{"name":"okta.users.read"}`).Fails(400, "E0000001")
		app.Post(at+"/scopes", `{"name":"x","consent":"PERHAPS"}`).Fails(400, "E0000001")
		app.WantEvents(t, []string{"oauth2.scope.updated SUCCESS"}, func() {
			app.Put(scope, `{"name":"car:order","metadataPublish":"ALL_CLIENTS","default":true}`).Want(200)
		})
		if g := app.Get(scope).Want(200); g.Text("name") != "car:order" || g.At("default") != true || g.Text("consent") != "REQUIRED" || g.Text("displayName") != "Drive" {
			t.Errorf("%s", g.Body)
		}
		if g := app.Put(scope, `{"name":"car:order","displayName":"","metadataPublish":"ALL_CLIENTS","consent":"IMPLICIT"}`).Want(200); g.At("displayName") != nil || g.Text("consent") != "IMPLICIT" {
			t.Errorf("%s", g.Body)
		}
		if q := app.Get(at + "/scopes?q=CAR").Want(200); q.Text("0.name") != "car:order" || q.At("1") != nil {
			t.Errorf("%s", q.Body)
		}
		if q := app.Get(at + `/scopes?filter=name+eq+"car:order"`).Want(200); q.Text("0.name") != "car:order" || q.At("1") != nil {
			t.Errorf("%s", q.Body)
		}
		app.Get(at+"/scopes?filter=nothing+eq+1").Fails(400, "E0000031")
		system := at + "/scopes/" + list.Text("0.id")
		app.Delete(system).Fails(403, "E0000006")
		app.Put(system, `{"name":"closed"}`).Fails(403, "E0000077")
		app.Put(system, `{"name":"openid","consent":"REQUIRED"}`).Want(200)
		app.WantEvents(t, []string{"oauth2.scope.deleted SUCCESS"}, func() { app.Delete(scope).Want(204) })
		app.Get(scope).Fails(404, "E0000007")
	})
}

func TestServerClaims(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		_, at := addServer(t, app, "one")
		list := app.Get(at + "/claims").Want(200)
		if list.Text("0.name") != "sub" || list.At("0.system") != true || list.At("18") == nil || list.At("19") != nil {
			t.Fatalf("%s", list.Body)
		}
		var c *apptest.Answer
		app.WantEvents(t, []string{"oauth2.claim.created SUCCESS"}, func() {
			c = app.Post(at+"/claims", `{"name":"groups","claimType":"IDENTITY","valueType":"GROUPS","value":"Sales","group_filter_type":"STARTS_WITH","alwaysIncludeInToken":false,"conditions":{"scopes":["profile"]}}`).Want(201)
		})
		claim := at + "/claims/" + c.Text("id")
		if c.Text("status") != "ACTIVE" || c.Text("group_filter_type") != "STARTS_WITH" || c.At("alwaysIncludeInToken") != false || c.Text("conditions.scopes.0") != "profile" {
			t.Errorf("%s", c.Body)
		}
		for name, body := range map[string]string{
			"a name of the protocol": `{"name":"aud","claimType":"RESOURCE","valueType":"EXPRESSION","value":"user.login"}`,
			"a name that is taken":   `{"name":"groups","claimType":"IDENTITY","valueType":"EXPRESSION","value":"user.login"}`,
			"an expression":          `{"name":"x","claimType":"RESOURCE","valueType":"EXPRESSION","value":"user.login +"}`,
			"a pattern":              `{"name":"x","claimType":"RESOURCE","valueType":"GROUPS","value":"(","group_filter_type":"REGEX"}`,
			"an unknown scope":       `{"name":"x","claimType":"RESOURCE","valueType":"EXPRESSION","value":"user.login","conditions":{"scopes":["none"]}}`,
			"an unknown type":        `{"name":"x","claimType":"OTHER","valueType":"EXPRESSION","value":"user.login"}`,
			"no value":               `{"name":"x","claimType":"RESOURCE","valueType":"EXPRESSION"}`,
		} {
			if a := app.Post(at+"/claims", body); a.Status != 400 {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
		app.Post(at+"/claims", `{"name":"cool","claimType":"RESOURCE","valueType":"EXPRESSION","value":"cool","conditions":{}}`).Want(201)
		app.Post(at+"/claims", `{"name":"groups","claimType":"RESOURCE","valueType":"GROUPS","value":".*","group_filter_type":"REGEX"}`).Want(201)
		app.WantEvents(t, []string{"oauth2.claim.updated SUCCESS"}, func() {
			app.Put(claim, `{"name":"teams","claimType":"IDENTITY","valueType":"EXPRESSION","value":"user.department","status":"INACTIVE"}`).Want(200)
		})
		if g := app.Get(claim).Want(200); g.Text("name") != "teams" || g.At("group_filter_type") != nil || g.Text("status") != "INACTIVE" || g.At("alwaysIncludeInToken") != true {
			t.Errorf("%s", g.Body)
		}
		system := at + "/claims/" + list.Text("0.id")
		app.Delete(system).Fails(403, "E0000006")
		app.Put(system, `{"name":"sub","claimType":"RESOURCE","valueType":"EXPRESSION","value":"user.login"}`).Want(200)
		app.WantEvents(t, []string{"oauth2.claim.deleted SUCCESS"}, func() { app.Delete(claim).Want(204) })
		app.Get(claim).Fails(404, "E0000007")
	})
}

// TestSystemClaims: the claims that OpenID Connect has for scopes are listed, and
// of each it can be chosen whether ID tokens have it that come with an access
// token. (recorded answers)
func TestSystemClaims(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		_, at := addServer(t, app, "one")
		at += "/claims"
		find := func(name string) *apptest.Answer {
			t.Helper()
			var list []struct{ ID, Name string }
			app.Get(at).Want(200).JSON(&list)
			for _, c := range list {
				if c.Name == name {
					return app.Get(at + "/" + c.ID).Want(200)
				}
			}
			t.Fatalf("no claim %s", name)
			return nil
		}
		address, email := find("address"), find("email")
		if address.Text("claimType") != "IDENTITY" || address.Text("valueType") != "SYSTEM" || address.At("value") != nil || address.At("system") != true ||
			address.At("alwaysIncludeInToken") != false || address.Text("conditions.scopes.0") != "address" || email.At("alwaysIncludeInToken") != true {
			t.Fatalf("%s %s", address.Body, email.Body)
		}
		claim := at + "/" + address.Text("id")
		for _, always := range []string{"true", "false"} {
			app.WantEvents(t, []string{"oauth2.claim.updated SUCCESS"}, func() {
				app.Put(claim, strings.Replace(string(app.Get(claim).Want(200).Body), `"alwaysIncludeInToken":`, `"alwaysIncludeInToken":`+always+`,"x":`, 1)).Want(200)
			})
			if c := find("address"); c.Text("id") != address.Text("id") || c.Text("valueType") != "SYSTEM" || (c.At("alwaysIncludeInToken") == true) != (always == "true") {
				t.Errorf("%s", c.Body)
			}
		}
		app.Delete(claim).Fails(403, "E0000006")
		app.Put(claim, `{"name":"other","claimType":"IDENTITY","valueType":"SYSTEM"}`).Fails(403, "E0000077")
		app.Put(claim, `{"name":"address","claimType":"IDENTITY","valueType":"EXPRESSION","value":"user.city"}`).Fails(403, "E0000077")
		app.Put(claim, `{"name":"address","claimType":"IDENTITY","valueType":"SYSTEM","status":"INACTIVE"}`).Fails(400, "E0000001")
		// One of one's own takes its place.
		app.Post(at, `{"name":"address","claimType":"IDENTITY","valueType":"EXPRESSION","value":"user.city"}`).Want(201)
	})
}
