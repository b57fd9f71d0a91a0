package oauth2_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// TestHeldTokens lists and revokes refresh tokens by each door that the
// management interface has for them.
func TestHeldTokens(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c, other := spa(t, app, nil), web(t, app, nil)
		b := signedIn(t, app, isaac)
		user := app.Get("/api/v1/users/" + isaac).Want(200).Text("id")
		begin := func(c *client, server string) string {
			t.Helper()
			return redeem(app, server, c, code(t, b, server, request(c, "scope", "openid offline_access"))).Want(200).Text("refresh_token")
		}
		refresh := func(server, token string) *apptest.Answer {
			return app.Anonymous().Post("/oauth2"+strings.TrimSuffix("/"+server, "/")+"/v1/token", form("grant_type", "refresh_token", "client_id", c.id, "refresh_token", token))
		}
		standard := app.Get("/api/v1/authorizationServers/default").Want(200).Text("id")
		doors := map[string]string{
			"/api/v1/authorizationServers/default/clients/" + c.id + "/tokens": "default",
			"/api/v1/users/" + user + "/clients/" + c.id + "/tokens":           "",
			"/api/v1/apps/" + c.app + "/tokens":                                "default",
		}
		begin(other, "")
		for at, server := range doors {
			issuer := base
			if server != "" {
				issuer += "/oauth2/default"
			}
			secrets := []string{begin(c, server), begin(c, server)}
			list := app.Get(at + "?expand=scope").Want(200)
			if list.Text("0.clientId") != c.id || list.Text("0.userId") != user || list.Text("0.issuer") != issuer || list.Text("0.status") != "ACTIVE" || list.Text("0._embedded.scopes.0.name") != "openid" || list.At("2") != nil {
				t.Errorf("%s: %s", at, list.Body)
			}
			if strings.Contains(string(list.Body), secrets[0]) {
				t.Errorf("%s tells the tokens", at)
			}
			id := list.Text("0.id")
			one := app.Get(at + "/" + id).Want(200)
			if one.Text("id") != id || !strings.HasSuffix(one.Text("_links.revoke.href"), at[strings.Index(at, "/clients")+1:]+"/"+id) && !strings.Contains(one.Text("_links.revoke.href"), id) {
				t.Errorf("%s: %s", at, one.Body)
			}
			app.Get(at+"/oar404").Fails(404, "E0000007")
			app.WantEvents(t, []string{"app.oauth2.as.token.revoke SUCCESS"}, func() { app.Delete(at + "/" + id).Want(204) })
			app.Delete(at+"/"+id).Fails(404, "E0000007")
			refused(t, refresh(server, secrets[0]), 400, "invalid_grant", "The refresh token is invalid or expired.")
			refresh(server, secrets[1]).Want(200)
			app.WantEvents(t, []string{"app.oauth2.as.token.revoke SUCCESS"}, func() { app.Delete(at).Want(204) })
			if left := app.Get(at).Want(200); string(left.Body) != "[]" {
				t.Errorf("%s: %s", at, left.Body)
			}
		}
		begin(c, "default")
		clients := app.Get("/api/v1/authorizationServers/" + standard + "/clients").Want(200)
		if clients.Text("0.client_id") != c.id || clients.At("1") != nil || !strings.HasSuffix(clients.Text("0._links.tokens.href"), "/clients/"+c.id+"/tokens") {
			t.Errorf("%s", clients.Body)
		}
		if mine := app.Get("/api/v1/users/" + user + "/clients").Want(200); mine.At("1") == nil || mine.At("2") != nil {
			t.Errorf("%s", mine.Body)
		}
		app.Post("/api/v1/apps/"+c.app+"/lifecycle/deactivate", nil).Want(200)
		app.Delete("/api/v1/apps/" + c.app).Want(204)
		if clients := app.Get("/api/v1/authorizationServers/default/clients").Want(200); string(clients.Body) != "[]" {
			t.Errorf("tokens outlive their client: %s", clients.Body)
		}
	})
}

// TestClaimsInTokens follows what an administrator says about a server into its
// tokens.
func TestClaimsInTokens(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		at := "/api/v1/authorizationServers/default"
		app.Post(at+"/scopes", `{"name":"cars","metadataPublish":"ALL_CLIENTS"}`).Want(201)
		app.Post(at+"/claims", `{"name":"groups","claimType":"RESOURCE","valueType":"GROUPS","value":".*","group_filter_type":"REGEX"}`).Want(201)
		app.Post(at+"/claims", `{"name":"car","claimType":"RESOURCE","valueType":"EXPRESSION","value":"user.lastName + '-mobile'","conditions":{"scopes":["cars"]}}`).Want(201)
		app.Post(at+"/claims", `{"name":"nick","claimType":"IDENTITY","valueType":"EXPRESSION","value":"user.firstName"}`).Want(201)
		app.Post(at+"/claims", `{"name":"seldom","claimType":"IDENTITY","valueType":"EXPRESSION","value":"user.firstName","alwaysIncludeInToken":false}`).Want(201)
		c := spa(t, app, nil)
		b := signedIn(t, app, isaac)
		tokens := redeem(app, "default", c, code(t, b, "default", request(c, "scope", "openid profile cars"))).Want(200)
		access, id := claimsOf(t, tokens.Text("access_token")), claimsOf(t, tokens.Text("id_token"))
		if got := texts(access["groups"]); len(got) != 1 || got[0] != "Everyone" || access["car"] != "Brock-mobile" || access["nick"] != nil {
			t.Errorf("access token: %v", access)
		}
		if id["nick"] != "Isaac" || id["seldom"] != nil || id["name"] != "Isaac Brock" || id["groups"] != nil || id["given_name"] != nil {
			t.Errorf("ID token: %v", id)
		}
		access = claimsOf(t, redeem(app, "default", c, code(t, b, "default", request(c, "scope", "openid"))).Want(200).Text("access_token"))
		if access["car"] != nil {
			t.Errorf("without the scope: %v", access)
		}
		meta := app.Anonymous().Get("/oauth2/default/.well-known/oauth-authorization-server").Want(200)
		if !strings.Contains(string(meta.Body), `"cars"`) || !strings.Contains(string(meta.Body), `"car"`) {
			t.Errorf("the metadata does not tell: %s", meta.Body)
		}
	})
}

// TestPoliciesDecide follows an administrator's rules into the answers of a server.
func TestPoliciesDecide(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := app.Post("/api/v1/authorizationServers", `{"name":"one","audiences":["api://one"]}`).Want(201).Text("id")
		at := "/api/v1/authorizationServers/" + id
		c := spa(t, app, nil)
		b := signedIn(t, app, isaac)
		if got := answered(t, b.Get(authorizeAt(id, request(c)))); got.Get("error") != "access_denied" {
			t.Errorf("without a policy: %v", got)
		}
		policy := app.Post(at+"/policies", `{"name":"p","description":"d","conditions":{"clients":{"include":["`+c.id+`"]}}}`).Want(201).Text("id")
		rule := `{"name":"r","conditions":{"people":{"groups":{"include":["EVERYONE"]}},"grantTypes":{"include":["authorization_code"]},"scopes":{"include":["openid"]}},` +
			`"actions":{"token":{"accessTokenLifetimeMinutes":5}}}`
		rules := at + "/policies/" + policy + "/rules"
		made := rules + "/" + app.Post(rules, rule).Want(201).Text("id")
		if got := answered(t, b.Get(authorizeAt(id, request(c)))); got.Get("error") != "access_denied" {
			t.Errorf("with a scope too many: %v", got)
		}
		// The group of everyone is named by its identifier as well.
		everyone := app.Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
		app.Put(made, strings.Replace(rule, "EVERYONE", everyone, 1)).Want(200)
		tokens := redeem(app, id, c, code(t, b, id, request(c, "scope", "openid"))).Want(200)
		if tokens.At("expires_in") != 300.0 || claimsOf(t, tokens.Text("access_token"))["aud"] != "api://one" {
			t.Errorf("%s", tokens.Body)
		}
		app.Put(at, `{"name":"one","audiences":["api://one"],"credentials":{"signing":{"alg":"ES256"}}}`).Want(200)
		tokens = redeem(app, id, c, code(t, b, id, request(c, "scope", "openid"))).Want(200)
		if head := strings.SplitN(tokens.Text("access_token"), ".", 2)[0]; !strings.Contains(decoded(t, head), `"alg":"ES256"`) {
			t.Errorf("signed by %s", decoded(t, head))
		}
		app.Post(at+"/lifecycle/deactivate", nil).Want(204)
		if a := b.Get(authorizeAt(id, request(c, "scope", "openid"))); a.Status < 400 {
			t.Errorf("a server that is switched off answers %d", a.Status)
		}
	})
}

func decoded(t testing.TB, part string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
