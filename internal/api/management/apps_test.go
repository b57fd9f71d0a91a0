package management_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

const bookmark = `{"name":"bookmark","label":"Docs","signOnMode":"BOOKMARK","settings":{"app":{"requestIntegration":false,"url":"https://docs.example.com"}}}`

// form is an application that fills in a form, under a scheme.
func form(scheme string) string {
	return `{"name":"template_swa","label":"Form","signOnMode":"BROWSER_PLUGIN","credentials":{"scheme":"` + scheme + `","userName":"shared","password":{"value":"shared secret"}},
 "settings":{"app":{"buttonField":"b","passwordField":"p","usernameField":"u","url":"https://form.example.com/login"}}}`
}

const web = `{"name":"oidc_client","label":"Web","signOnMode":"OPENID_CONNECT","credentials":{"oauthClient":{"token_endpoint_auth_method":"client_secret_post"}},
 "settings":{"oauthClient":{"redirect_uris":["https://web.example.com/cb"],"response_types":["code"],"grant_types":["authorization_code","refresh_token"],"application_type":"web"}}}`

const saml = `{"label":"Own SAML","signOnMode":"SAML_2_0","settings":{"signOn":{"ssoAcsUrl":"https://sp.example.com/acs","audience":"sp","recipient":"https://sp.example.com/acs","destination":"https://sp.example.com/acs"}}}`

func addApp(t *testing.T, app *apptest.App, body string) string {
	t.Helper()
	return app.On(t).Post("/api/v1/apps", body).Want(200).Text("id")
}

func TestAppLife(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		var id string
		app.WantEvents(t, []string{"application.lifecycle.create SUCCESS"}, func() { id = addApp(t, app, bookmark) })
		at := "/api/v1/apps/" + id
		app.Delete(at).Fails(403, "E0000056", "The application must be deactivated before deletion.")
		app.Clock.Advance(2 * time.Second)
		app.WantEvents(t, []string{"application.lifecycle.update SUCCESS", "application.lifecycle.deactivate SUCCESS"}, func() {
			a := app.Put(at, strings.Replace(bookmark, "docs.example.com", "new.example.com", 1)).Want(200)
			if a.Text("settings.app.url") != "https://new.example.com" || a.Text("lastUpdated") != "2026-03-01T12:00:02.000Z" || a.Text("created") != "2026-03-01T12:00:00.000Z" {
				t.Errorf("%s", a.Body)
			}
			for range 2 { // the second time nothing happens
				if a := app.Post(at+"/lifecycle/deactivate", nil).Want(200); string(a.Body) != "{}" {
					t.Errorf("%s", a.Body)
				}
			}
		})
		if a := app.Get(at).Want(200); a.Text("status") != "INACTIVE" || a.At("_links.activate") == nil || a.At("_links.deactivate") != nil {
			t.Errorf("%s", a.Body)
		}
		app.WantEvents(t, []string{"application.lifecycle.activate SUCCESS", "application.lifecycle.deactivate SUCCESS", "application.lifecycle.delete SUCCESS"}, func() {
			app.Post(at+"/lifecycle/activate", nil).Want(200)
			app.Post(at+"/lifecycle/deactivate", nil).Want(200)
			app.Delete(at).Want(204)
		})
		if a := app.Get(at).Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: "+id+" (AppInstance)" {
			t.Errorf("%s", a.Body)
		}
		if a := app.Post("/api/v1/apps?activate=false", bookmark).Want(200); a.Text("status") != "INACTIVE" {
			t.Errorf("%s", a.Body)
		}
	})
}

func TestAppRefusals(t *testing.T) {
	app := apptest.New(t)
	refused := func(body, code string, status int, causes ...string) {
		t.Helper()
		got := app.Events(t, func() { app.On(t).Post("/api/v1/apps", body).Fails(status, code, causes...) })
		if len(got) > 0 {
			t.Errorf("%s left %v", body, got)
		}
	}
	refused(`{"name":"bookmark"}`, "E0000001", 400, "url: The field cannot be left blank")
	refused(`{"name":"nothing","signOnMode":"BOOKMARK"}`, "E0000001", 400)
	refused(`{"label":"x"}`, "E0000001", 400, "signOnMode: The field cannot be left blank")
	refused(`{"label":"x","signOnMode":"BOOKMARK"}`, "E0000001", 400, "name: The field cannot be left blank")
	refused(strings.Replace(bookmark, "BOOKMARK", "SAML_2_0", 1), "E0000001", 400)
	refused(strings.Replace(bookmark, "https://docs", "docs", 1), "E0000001", 400, "url: Does not match required pattern")
	refused(strings.Replace(bookmark, `"Docs"`, `"`+strings.Repeat("x", 101)+`"`, 1), "E0000001", 400, "label: The field is too long")
	refused(strings.Replace(bookmark, `"label"`, `"accessibility":{"selfService":true},"label"`, 1), "E0000043", 403,
		"Self service application assignment for organization managed apps must be enabled.")
	refused(strings.Replace(bookmark, `"requestIntegration":false`, `"requestIntegration":"no"`, 1), "E0000003", 400)
	refused(`{"name":`, "E0000003", 400)
	refused(form("SOMETHING"), "E0000001", 400)
	refused(strings.Replace(form("SHARED_USERNAME_AND_PASSWORD"), `"scheme"`, `"revealPassword":true,"scheme"`, 1), "E0000001", 400)
	refused(strings.Replace(bookmark, `"label"`, `"credentials":{"userNameTemplate":{"type":"CUSTOM","template":"user.("}},"label"`, 1), "E0000001", 400, "template: Invalid expression")
	for template, status := range map[string]int{"${source.nope}": 400, "${source.nickName}": 200, "${source.samAccountName}@${source.instance.namingContext}": 200} {
		app.Post("/api/v1/apps", strings.Replace(bookmark, `"label"`, `"credentials":{"userNameTemplate":{"type":"BUILT_IN","template":"`+template+`"}},"label"`, 1)).Want(status)
	}
	statement := `"audience":"sp","attributeStatements":[{"name":"n","namespace":"bad","values":["user.login"]}]`
	refused(strings.Replace(saml, `"audience":"sp"`, statement, 1), "E0000001", 400,
		"attributeStatements.namespace: must be one of urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified, urn:oasis:names:tc:SAML:2.0:attrname-format:basic, urn:oasis:names:tc:SAML:2.0:attrname-format:uri")
	app.Post("/api/v1/apps", strings.Replace(saml, `"audience":"sp"`, strings.Replace(statement, "bad", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri", 1), 1)).Want(200)
	refused(strings.Replace(saml, `"audience":"sp",`, "", 1), "E0000001", 400, "audience: The field cannot be left blank")
	refused(strings.Replace(saml, `"audience":"sp"`, `"audience":"sp","responseSigned":false,"assertionSigned":false`, 1), "E0000001", 400)
	for from, to := range map[string]string{
		`"application_type":"web"`:                `"application_type":"tv"`,
		`"grant_types":["authorization_code",`:    `"grant_types":["made_up",`,
		`"response_types":["code"]`:               `"response_types":["id_token"]`,
		`"redirect_uris":["https://web.`:          `"redirect_uris":["https://*.web.`,
		`https://web.example.com/cb"`:             `https://web.example.com/cb#here"`,
		`https://web.example.com/cb`:              `javascript:alert(1)`,
		`["https://web.example.com/cb"]`:          `[]`,
		`"client_secret_post"`:                    `"private_key_jwt"`,
		`"token_endpoint_auth_method"`:            `"client_id":"a b c d e f","token_endpoint_auth_method"`,
		`{"token_endpoint_auth_method"`:           `{"client_secret":"short","token_endpoint_auth_method"`,
		`"settings":{"oauthClient":{`:             `"settings":{"oauthClient":{"refresh_token":{"rotation_type":"ROTATE","leeway":61},`,
		`"settings": {"oauthClient":{ `:           ``,
		`{"redirect_uris":["https://web.example`:  `{"jwks":{"keys":[{"kty":"RSA","kid":"1","n":"AQAB","e":"AQAB"}]},"redirect_uris":["https://web.example`,
		`"redirect_uris":["https://web.example.c`: `"idp_initiated_login":{"mode":"SPEC"},"redirect_uris":["https://web.example.c`,
		`"redirect_uris":["https://web.example.`:  `"network":{"connection":"ZONE"},"redirect_uris":["https://web.example.`,
		`"redirect_uris":["https://web.example`:   `"subject_type":"pairwise","redirect_uris":["https://web.example`,
		`"redirect_uris":["https://web.exampl`:    `"id_token_encrypted_response_alg":"RSA-OAEP-256","redirect_uris":["https://web.exampl`,
		`"token_endpoint_auth_method":"client_`:   `"client_id":"ALL_CLIENTS","token_endpoint_auth_method":"client_`,
	} {
		if body := strings.Replace(web, from, to, 1); body != web {
			refused(body, "E0000001", 400)
		}
	}
	native := strings.NewReplacer(`"client_secret_post"`, `"none","pkce_required":false`, `"web"`, `"native"`).Replace(web)
	refused(native, "E0000001", 400, "pkce_required: ''pkce_required'' must be set to true when ''token_endpoint_auth_method'' is ''none''")
}

// TestClientsOfTheTerraformProvider are bodies as its versions send them, with
// what they count on in the answer.
func TestClientsOfTheTerraformProvider(t *testing.T) {
	app := apptest.New(t)
	client := func(kind, method, more string) string {
		return `{"name":"oidc_client","label":"c","signOnMode":"OPENID_CONNECT","credentials":{"oauthClient":{"token_endpoint_auth_method":"` + method +
			`"}},"settings":{"oauthClient":{"application_type":"` + kind + `",` + more + `}}}`
	}
	const code = `"grant_types":["authorization_code"],"response_types":["code"],"redirect_uris":["http://example.com/"]`
	for name, c := range map[string]struct{ body, path, want string }{
		"an EC key without its curve": {client("service", "private_key_jwt", `"grant_types":["client_credentials"],"response_types":["token"],"jwks":{"keys":[{"kty":"EC","kid":"k",
 "x":"K37X78mXJHHldZYMzrwipjKR-YZUS2SMye0KindHp6I","y":"8IfvsvXWzbFWOZoVOMwgF5p46mUj3kbOVf9Fk0vVVHo"}]}`), "settings.oauthClient.jwks.keys.0.crv", "P-256"},
		"a page without a word of the proof key": {client("browser", "client_secret_basic", code), "credentials.oauthClient.pkce_required", "true"},
		"a single logout":                        {client("web", "client_secret_basic", code+`,"participate_slo":true,"frontchannel_logout_uri":"https://example.com/logout"`), "settings.oauthClient.frontchannel_logout_session_required", "false"},
		"every network":                          {client("web", "client_secret_basic", code+`,"network":{"connection":"ANYWHERE"}`), "settings.oauthClient.network.connection", "ANYWHERE"},
		"a client identifier of one's own":       {strings.Replace(client("web", "client_secret_basic", code), `{"token_`, `{"client_id":"my.app+(1)*","token_`, 1), "credentials.oauthClient.client_id", "my.app+(1)*"},
	} {
		if a := app.On(t).Post("/api/v1/apps", c.body).Want(200); fmt.Sprint(a.At(c.path)) != c.want {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
}

func TestAppUpdateRules(t *testing.T) {
	app := apptest.New(t)
	created := app.Post("/api/v1/apps", web).Want(200)
	at, secret := "/api/v1/apps/"+created.Text("id"), created.Text("credentials.oauthClient.client_secret")
	if len(secret) != 64 || created.Text("credentials.oauthClient.client_id") != created.Text("id") {
		t.Fatalf("%s", created.Body)
	}
	if a := app.Get(at).Want(200); strings.Contains(string(a.Body), "client_secret\"") {
		t.Errorf("a GET shows the secret: %s", a.Body)
	}
	if a := app.Put(at, web).Want(200); a.Text("credentials.oauthClient.client_secret") != secret {
		t.Errorf("%s", a.Body)
	}
	own := strings.Replace(web, `{"token_endpoint_auth_method"`, `{"client_secret":"ä_secret_of-my-own","token_endpoint_auth_method"`, 1)
	app.Put(at, own).Fails(400, "E0000001")
	own = strings.Replace(own, "ä_secret", "a_secret", 1)
	if a := app.Put(at, own).Want(200); a.Text("credentials.oauthClient.client_secret") != "a_secret_of-my-own" {
		t.Errorf("%s", a.Body)
	}
	app.Put(at, strings.Replace(web, `{"token_endpoint_auth_method"`, `{"client_id":"another_one","token_endpoint_auth_method"`, 1)).Fails(403, "E0000078")
	app.Put(at, strings.Replace(web, `"web"`, `"native"`, 1)).Fails(403, "E0000078")
	app.Put(at, strings.Replace(web, "oidc_client", "bookmark", 1)).Fails(400, "E0000024")
	app.Put(at, strings.Replace(web, "OPENID_CONNECT", "SAML_2_0", 1)).Fails(400, "E0000001")
	taken := strings.Replace(web, `{"token_endpoint_auth_method"`, `{"client_id":"`+created.Text("id")+`","token_endpoint_auth_method"`, 1)
	app.Post("/api/v1/apps", taken).Fails(400, "E0000001", "client_id: An object with this field already exists in the current organization")

	// A custom application that signs on by itself cannot change while it is off.
	auto := `{"label":"Auto Pilot!","signOnMode":"AUTO_LOGIN","settings":{"signOn":{"loginUrl":"https://a.example.com"}}}`
	a := app.Post("/api/v1/apps", auto).Want(200)
	name := a.Text("name")
	if !strings.HasSuffix(name, "_autopilot_1") || a.At("visibility.appLinks."+name+"_link") != true {
		t.Errorf("%s", a.Body)
	}
	at = "/api/v1/apps/" + a.Text("id")
	if b := app.Put(at, strings.Replace(auto, `"label"`, `"visibility":{"appLinks":{"`+name+`_link":false}},"label"`, 1)).Want(200); b.At("visibility.appLinks."+name+"_link") != false || b.At("_links.appLinks.0") != nil || b.Text("name") != name {
		t.Errorf("%s", b.Body)
	}
	app.Post(at+"/lifecycle/deactivate", nil).Want(200)
	app.Put(at, auto).Fails(400, "E0000024", "This operation on app metadata is not yet supported: No active instances.")

	// What a SAML application keeps when the client leaves it out.
	slo := strings.Replace(saml, `"signOn":{`, `"signOn":{"slo":{"enabled":true,"issuer":"sp","logoutUrl":"https://sp.example.com/slo"},"samlAssertionLifetimeSeconds":600,
"participateSlo":{"enabled":true,"logoutRequestUrl":"https://sp.example.com/out","bindingType":"POST","sessionIndexRequired":true},`, 1)
	a = app.Post("/api/v1/apps", slo).Want(200)
	app.Put("/api/v1/apps/"+a.Text("id"), strings.Replace(slo, `"bindingType":"POST"`, `"bindingType":"PIGEON"`, 1)).Fails(400, "E0000001", "participateSlo.bindingType: must be one of POST, REDIRECT")
	if b := app.Put("/api/v1/apps/"+a.Text("id"), saml).Want(200); b.At("settings.signOn.slo.enabled") != true || b.At("settings.signOn.samlAssertionLifetimeSeconds") != 600.0 ||
		b.Text("settings.signOn.participateSlo.logoutRequestUrl") != "https://sp.example.com/out" {
		t.Errorf("%s", b.Body)
	}
}

func TestAppLists(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		var ids []string
		for i := range 5 {
			ids = append(ids, addApp(t, app, strings.Replace(bookmark, "Docs", fmt.Sprintf("Doc %d", i), 1)))
		}
		client := app.Post("/api/v1/apps", web).Want(200)
		var seen []string
		for path := "/api/v1/apps?limit=2"; path != ""; {
			a := app.Get(path).Want(200)
			var page []struct{ ID string }
			a.JSON(&page)
			for _, x := range page {
				seen = append(seen, x.ID)
			}
			path = next(t, a.Header.Values("Link"))
		}
		if strings.Join(seen, " ") != strings.Join(append(ids, client.Text("id")), " ") {
			t.Errorf("%v, want %v", seen, ids)
		}
		isaac := app.Get("/api/v1/users/isaac.brock").Want(200).Text("id")
		app.Post("/api/v1/apps/"+ids[1]+"/users", `{"id":"`+isaac+`"}`).Want(200)
		kid := client.Text("credentials.signing.kid")
		for query, want := range map[string]int{
			"q=doc":                             5,
			"q=DOC%203":                         1,
			"q=zzz":                             0,
			"q=%FF":                             0,
			"q=%00":                             0,
			"q=oidc":                            1,
			`filter=status+eq+"ACTIVE"`:         6,
			`filter=status+eq+"INACTIVE"`:       0,
			`filter=name+eq+"bookmark"`:         5,
			`q=doc&filter=status+eq+"ACTIVE"`:   5,
			`filter=user.id+eq+"` + isaac + `"`: 1,
			`filter=user.id+eq+"` + isaac + `"&expand=user/` + isaac: 1,
			`filter=credentials.signing.kid+eq+"` + kid + `"`:        1,
			`filter=group.id+eq+"00g"`:                               0,
		} {
			var page []map[string]any
			app.Get("/api/v1/apps?" + strings.ReplaceAll(query, `"`, "%22")).Want(200).JSON(&page)
			if len(page) != want {
				t.Errorf("%s: %d, want %d", query, len(page), want)
			}
			if strings.Contains(query, "expand") && page[0]["_embedded"].(map[string]any)["user"].(map[string]any)["id"] != isaac {
				t.Errorf("%v", page[0]["_embedded"])
			}
		}
		for _, query := range []string{`filter=label+eq+"x"`, `filter=status+sw+"A"`, `filter=status+eq+"A"+and+name+eq+"b"`, `filter=status`} {
			app.Get("/api/v1/apps?"+strings.ReplaceAll(query, `"`, "%22")).Fails(400, "E0000031")
		}
		app.Get("/api/v1/apps?expand=user/"+isaac).Fails(400, "E0000002")
		app.Get("/api/v1/apps?after=nonsense").Fails(400, "E0000029")
		if a := app.Get("/api/v1/apps/" + ids[1] + "?expand=user/" + isaac).Want(200); a.Text("_embedded.user.credentials.userName") != "isaac.brock@example.com" {
			t.Errorf("%s", a.Body)
		}
	})
}

func TestAppUsers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		isaac := app.Get("/api/v1/users/isaac.brock").Want(200).Text("id")
		id := addApp(t, app, form("EDIT_USERNAME_AND_PASSWORD"))
		users := "/api/v1/apps/" + id + "/users"
		if a := app.Get(users+"/"+isaac).Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: "+isaac+" (User)" {
			t.Errorf("%s", a.Body)
		}
		app.WantEvents(t, []string{"application.user_membership.add SUCCESS"}, func() {
			a := app.Post(users, `{"id":"`+isaac+`","scope":"USER","credentials":{"password":{},"userName":""},"profile":{"team":"a"}}`).Want(200)
			if a.Text("id") != isaac || a.Text("scope") != "USER" || a.Text("status") != "ACTIVE" || a.Text("credentials.userName") != "isaac.brock@example.com" ||
				a.At("credentials.password") != nil || a.Text("profile.team") != "a" || a.At("_links.group") != nil {
				t.Errorf("%s", a.Body)
			}
		})
		app.WantEvents(t, []string{"application.user_membership.change_username SUCCESS", "application.user_membership.change_password SUCCESS", "application.user_membership.update SUCCESS"}, func() {
			a := app.Post(users+"/"+isaac, `{"credentials":{"userName":"ib","password":{"value":"hunter22"}},"profile":{"team":null,"desk":4}}`).Want(200)
			if a.Text("credentials.userName") != "ib" || a.At("credentials.password") == nil || a.At("profile.team") != nil || a.At("profile.desk") != 4.0 || a.Text("passwordChanged") == "" {
				t.Errorf("%s", a.Body)
			}
			if strings.Contains(string(a.Body), "hunter22") || strings.Contains(app.Logs.String(), "hunter22") {
				t.Error("the password is shown")
			}
		})
		app.WantEvents(t, nil, func() { app.Post(users+"/"+isaac, `{"credentials":{"password":{"value":"hunter22"}}}`).Want(200) })
		for q, want := range map[string]int{"": 1, "?q=ib": 1, "?q=isa": 1, "?q=BROCK": 1, "?q=x": 0, "?expand=user": 1} {
			var list []map[string]any
			app.Get(users + q).Want(200).JSON(&list)
			if len(list) != want {
				t.Errorf("%q: %d, want %d", q, len(list), want)
			}
		}
		app.WantEvents(t, []string{"application.user_membership.remove SUCCESS"}, func() { app.Delete(users + "/" + isaac).Want(204) })
		app.Delete(users+"/"+isaac).Fails(404, "E0000007")
		app.Post(users, `{"id":"00unobody"}`).Fails(404, "E0000007")
		app.Post(users, `{}`).Fails(400, "E0000001", "id: The field cannot be left blank")
		app.Post("/api/v1/apps/0oanothing/users", `{"id":"`+isaac+`"}`).Fails(404, "E0000007")

		const text = "User level credentials should not be provided for this scheme."
		for scheme, c := range map[string]struct {
			credentials string
			status      int
		}{
			"SHARED_USERNAME_AND_PASSWORD": {`{"userName":"x"}`, 400},
			"EXTERNAL_PASSWORD_SYNC":       {`{"password":{"value":"x"}}`, 400},
			"EDIT_PASSWORD_ONLY":           {`{"userName":"x","password":{"value":"x"}}`, 200},
			"ADMIN_SETS_CREDENTIALS":       {`{"userName":"x","password":{"value":"x"}}`, 200},
		} {
			a := app.Post("/api/v1/apps/"+addApp(t, app, form(scheme))+"/users", `{"id":"`+isaac+`","credentials":`+c.credentials+`}`).Want(c.status)
			if c.status == 400 {
				a.Fails(400, "E0000041", text)
			}
		}
		app.Post("/api/v1/apps/"+addApp(t, app, web)+"/users", `{"id":"`+isaac+`","credentials":{"password":{"value":"x"}}}`).Fails(400, "E0000041", text)
	})
}

func TestAppGroups(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		isaac := app.Get("/api/v1/users/isaac.brock").Want(200).Text("id")
		var groups []string
		for _, name := range []string{"first", "second", "third"} {
			groups = append(groups, app.Post("/api/v1/groups", `{"profile":{"name":"`+name+`"}}`).Want(200).Text("id"))
		}
		id := addApp(t, app, bookmark)
		at := "/api/v1/apps/" + id + "/groups/"
		order := func() string {
			var list []struct {
				ID       string
				Priority int
			}
			app.Get(strings.TrimSuffix(at, "/")).Want(200).JSON(&list)
			var out []string
			for _, g := range list {
				for i, id := range groups {
					if id == g.ID {
						out = append(out, fmt.Sprintf("%d:%d", i, g.Priority))
					}
				}
			}
			return strings.Join(out, " ")
		}
		app.Put("/api/v1/groups/"+groups[0]+"/users/"+isaac, nil).Want(204)
		app.WantEvents(t, []string{"group.application_assignment.add SUCCESS", "application.user_membership.add SUCCESS"}, func() {
			a := app.Put(at+groups[0], `{"profile":{"team":"a","floor":1}}`).Want(200)
			if a.Text("id") != groups[0] || a.At("priority") != 0.0 || a.Text("profile.team") != "a" || !strings.HasSuffix(a.Text("_links.self.href"), at+groups[0]) {
				t.Errorf("%s", a.Body)
			}
		})
		app.Put(at+groups[1], `{}`).Want(200)
		app.Put(at+groups[2], `{"priority":0,"profile":{"team":"b"}}`).Want(200)
		if got := order(); got != "2:0 0:1 1:2" {
			t.Errorf("inserted: %s", got)
		}
		app.Put(at+groups[1], `{"priority":0}`).Want(200)
		if got := order(); got != "1:0 2:1 0:2" {
			t.Errorf("moved up: %s", got)
		}
		app.Put(at+groups[1], `{"priority":2}`).Want(200)
		if got := order(); got != "2:0 0:1 1:2" {
			t.Errorf("moved down: %s", got)
		}
		app.Put(at+groups[1], `{"priority":101}`).Fails(400, "E0000001")
		app.Put(at+"00gnone", `{}`).Fails(404, "E0000007")

		// The member comes by the first group alone, then also by the one before it.
		user := "/api/v1/apps/" + id + "/users/" + isaac
		if a := app.Get(user).Want(200); a.Text("scope") != "GROUP" || a.Text("profile.team") != "a" || a.Text("_links.group.name") != "first" {
			t.Errorf("%s", a.Body)
		}
		app.WantEvents(t, []string{"group.user_membership.add SUCCESS"}, func() { app.Put("/api/v1/groups/"+groups[2]+"/users/"+isaac, nil).Want(204) })
		if a := app.Get(user).Want(200); a.Text("profile.team") != "b" || a.At("profile.floor") != 1.0 {
			t.Errorf("%s", a.Body)
		}
		app.Delete(user).Fails(400, "E0000001")
		app.Post("/api/v1/apps/"+id+"/users", `{"id":"`+isaac+`","profile":{"team":"own"}}`).Want(200)
		if a := app.Get(user).Want(200); a.Text("scope") != "USER" || a.Text("profile.team") != "own" {
			t.Errorf("%s", a.Body)
		}
		app.Delete(user).Want(204) // back to the groups
		if a := app.Get(user).Want(200); a.Text("scope") != "GROUP" || a.Text("profile.team") != "b" {
			t.Errorf("%s", a.Body)
		}
		app.WantEvents(t, []string{"group.application_assignment.remove SUCCESS"}, func() { app.Delete(at + groups[2]).Want(204) })
		if got := order(); got != "0:0 1:1" {
			t.Errorf("closed the gap: %s", got)
		}
		app.Delete(at+groups[2]).Fails(404, "E0000007")
		app.WantEvents(t, []string{"group.user_membership.remove SUCCESS", "application.user_membership.remove SUCCESS"}, func() {
			app.Delete("/api/v1/groups/" + groups[0] + "/users/" + isaac).Want(204)
		})
		app.Get(user).Fails(404, "E0000007")

		if a := app.Get(at + groups[0] + "?expand=group").Want(200); a.Text("_embedded.group.profile.name") != "first" {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(strings.TrimSuffix(at, "/") + "?q=SEC").Want(200); a.Text("0.id") != groups[1] || a.At("1") != nil {
			t.Errorf("%s", a.Body)
		}
		page := app.Get(strings.TrimSuffix(at, "/") + "?limit=1").Want(200)
		if a := app.Get(next(t, page.Header.Values("Link"))).Want(200); page.Text("0.id") != groups[0] || a.Text("0.id") != groups[1] {
			t.Errorf("%s %s", page.Body, a.Body)
		}
		if a := app.Get("/api/v1/groups/" + groups[0] + "/apps").Want(200); a.Text("0.id") != id || a.At("1") != nil {
			t.Errorf("%s", a.Body)
		}
		app.Delete("/api/v1/groups/" + groups[0]).Want(204)
		if got := order(); got != "1:0" {
			t.Errorf("a group that is gone: %s", got)
		}
	})
}

func TestEverybodyComesByTheBuiltInGroup(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		everyone := app.Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
		id := addApp(t, app, web)
		before := app.Get("/api/v1/apps/" + id + "/users").Want(200)
		app.Put("/api/v1/apps/"+id+"/groups/"+everyone, nil).Want(200)
		var seen []string
		for path := "/api/v1/apps/" + id + "/users?limit=2"; path != ""; {
			a := app.Get(path).Want(200)
			var page []struct {
				ID      string
				Scope   string
				Profile map[string]any
			}
			a.JSON(&page)
			for _, u := range page {
				seen = append(seen, u.ID)
				if u.Scope != "GROUP" || len(u.Profile) != 20 || u.Profile["zoneinfo"] != "America/Los_Angeles" {
					t.Errorf("%+v", u)
				}
			}
			path = next(t, a.Header.Values("Link"))
		}
		var users []struct{ ID string }
		app.Get("/api/v1/users").Want(200).JSON(&users)
		if string(before.Body) != "[]" || len(seen) != len(users) || len(seen) < 3 {
			t.Errorf("%d of %d", len(seen), len(users))
		}
		isaac := app.Get("/api/v1/users/isaac.brock").Want(200).Text("id")
		links := "/api/v1/users/" + isaac + "/appLinks"
		if a := app.Get(links).Want(200); string(a.Body) != "[]" { // clients are hidden on the web
			t.Errorf("%s", a.Body)
		}
		a := app.Get(links + "?showAll=true").Want(200)
		if a.Text("0.appInstanceId") != id || a.Text("0.label") != "Web" || !strings.HasPrefix(a.Text("0.appAssignmentId"), "0ua") || a.At("0.hidden") != true {
			t.Errorf("%s", a.Body)
		}
		if got := app.Events(t, func() { app.Post("/api/v1/users/"+isaac+"/lifecycle/deactivate", nil).Want(200) }); !strings.Contains(strings.Join(got, " "), "application.user_membership.remove") {
			t.Errorf("%v", got)
		}
		app.Get("/api/v1/apps/"+id+"/users/"+isaac).Fails(404, "E0000007")
		app.Post("/api/v1/apps/"+id+"/users", `{"id":"`+isaac+`"}`).Fails(403, "E0000117")
		if a := app.Get(links + "?showAll=true").Want(200); string(a.Body) != "[]" {
			t.Errorf("%s", a.Body)
		}
	})
}

func TestAppLinksOfAUser(t *testing.T) {
	app := apptest.New(t)
	id := addApp(t, app, strings.Replace(form("EDIT_USERNAME_AND_PASSWORD"), `"label"`, `"visibility":{"hide":{"iOS":false,"web":false}},"label"`, 1))
	me := app.Get("/api/v1/users/isaac.brock").Want(200).Text("id")
	app.Post("/api/v1/apps/"+id+"/users", `{"id":"`+me+`"}`).Want(200)
	a := app.Get("/api/v1/users/isaac.brock@example.com/appLinks").Want(200)
	if a.Text("0.linkUrl") != "https://id.example.com/home/template_swa/"+id+"/2357" || a.At("0.credentialsSetup") != false || a.Text("0.appName") != "template_swa" {
		t.Errorf("%s", a.Body)
	}
	logo := strings.TrimPrefix(a.Text("0.logoUrl"), "https://id.example.com")
	if b := app.Anonymous().Get(logo).Want(200); b.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(string(b.Body), "\x89PNG") {
		t.Errorf("%v", b.Header)
	}
	app.Post("/api/v1/apps/"+id+"/users/"+me, `{"credentials":{"password":{"value":"x"}}}`).Want(200)
	if a := app.Get("/api/v1/users/" + me + "/appLinks").Want(200); a.At("0.credentialsSetup") != true {
		t.Errorf("%s", a.Body)
	}
	app.Post("/api/v1/apps/"+id+"/lifecycle/deactivate", nil).Want(200)
	if a := app.Get("/api/v1/users/" + me + "/appLinks").Want(200); string(a.Body) != "[]" {
		t.Errorf("%s", a.Body)
	}
}

// wire decodes an answer with its members in order.
func wire(t *testing.T, body []byte) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(body)))
	var keys []string
	depth, key := 0, true
	for {
		tok, err := d.Token()
		if err != nil {
			return keys
		}
		if delim, is := tok.(json.Delim); is {
			if delim == '{' || delim == '[' {
				depth++
			} else {
				depth--
			}
			key = true
			continue
		}
		if depth == 1 && key {
			keys = append(keys, tok.(string))
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAppMembersComeInOrder(t *testing.T) {
	app := apptest.New(t)
	want := "id orn name label status lastUpdated created accessibility visibility features signOnMode credentials universalLogout settings _links"
	if got := strings.Join(wire(t, app.Post("/api/v1/apps", bookmark).Want(200).Body), " "); got != want {
		t.Errorf("%s", got)
	}
}
