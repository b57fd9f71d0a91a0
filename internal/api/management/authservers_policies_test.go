package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

func serverPolicy(name, rest string) string {
	return `{"type":"OAUTH_AUTHORIZATION_POLICY","name":"` + name + `","description":"d","conditions":{"clients":{"include":["ALL_CLIENTS"]}}` + rest + `}`
}

func serverRule(name, rest string) string {
	return `{"type":"RESOURCE_ACCESS","name":"` + name + `","conditions":{"people":{"groups":{"include":["EVERYONE"]}},` +
		`"grantTypes":{"include":["authorization_code"]},"scopes":{"include":["*"]}}` + rest + `}`
}

// names lists the names of an array in their order.
func names(a *apptest.Answer) string {
	var list []struct {
		Name     string
		Priority int
	}
	a.JSON(&list)
	var out []string
	for i, v := range list {
		if v.Priority != i+1 {
			out = append(out, "(gap)")
		}
		out = append(out, v.Name)
	}
	return strings.Join(out, " ")
}

func TestServerPolicies(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		standard := serversAt + "/default/policies"
		if p := app.Get(standard).Want(200); p.Text("0.name") != "Default Policy" || p.Text("0.conditions.clients.include.0") != "ALL_CLIENTS" {
			t.Fatalf("%s", p.Body)
		} else if r := app.Get(standard + "/" + p.Text("0.id") + "/rules").Want(200); r.Text("0.name") != "Default Policy Rule" || r.At("0.actions.token.refreshTokenWindowMinutes") != 10080.0 {
			t.Errorf("%s", r.Body)
		}
		_, server := addServer(t, app, "one")
		at := server + "/policies"
		var a *apptest.Answer
		app.WantEvents(t, []string{"policy.lifecycle.create SUCCESS"}, func() { a = app.Post(at, serverPolicy("a", "")).Want(201) })
		if a.Text("type") != "OAUTH_AUTHORIZATION_POLICY" || a.Text("status") != "ACTIVE" || a.At("priority") != 1.0 || a.At("system") != false || !strings.HasSuffix(a.Text("_links.rules.href"), "/rules") {
			t.Errorf("%s", a.Body)
		}
		app.Post(at, serverPolicy("A", "")).Fails(400, "E0000001")
		app.Post(at, `{"name":"x","description":"d"}`).Fails(400, "E0000001", "conditions.clients.include: The field cannot be left blank")
		// A client must be there when it is named; it may go afterwards.
		forClient := func(id string) string { return strings.Replace(serverPolicy("one", ""), "ALL_CLIENTS", id, 1) }
		app.Post(at, forClient("0oanobody")).Fails(400, "E0000001", "conditions.clients.include: Resource not found")
		client := app.Post("/api/v1/apps", `{"name":"oidc_client","label":"x","signOnMode":"OPENID_CONNECT","credentials":{"oauthClient":{"client_id":"by-name"}},
"settings":{"oauthClient":{"application_type":"service","grant_types":["client_credentials"],"response_types":["token"]}}}`).Want(200).Text("id")
		one := at + "/" + app.Post(at, forClient("by-name")).Want(201).Text("id")
		app.Post("/api/v1/apps/"+client+"/lifecycle/deactivate", nil).Want(200)
		app.Delete("/api/v1/apps/" + client).Want(204)
		app.Put(one, forClient("by-name")).Want(200)
		app.Put(one, forClient("0oanobody")).Fails(400, "E0000001", "conditions.clients.include: Resource not found")
		app.Delete(one).Want(204)
		b := app.Post(at, serverPolicy("b", "")).Want(201).Text("id")
		app.Post(at, serverPolicy("c", `,"priority":1`)).Want(201)
		if got := names(app.Get(at).Want(200)); got != "c a b" {
			t.Errorf("order: %s", got)
		}
		app.WantEvents(t, []string{"policy.lifecycle.update SUCCESS"}, func() { app.Put(at+"/"+b, serverPolicy("d", `,"priority":2`)).Want(200) })
		if got := names(app.Get(at).Want(200)); got != "c d a" {
			t.Errorf("order: %s", got)
		}
		app.WantEvents(t, []string{"policy.lifecycle.deactivate SUCCESS", "policy.lifecycle.activate SUCCESS"}, func() {
			app.Post(at+"/"+b+"/lifecycle/deactivate", nil).Want(204)
			if p := app.Get(at + "/" + b).Want(200); p.Text("status") != "INACTIVE" || p.At("_links.activate.href") == nil {
				t.Errorf("%s", p.Body)
			}
			app.Post(at+"/"+b+"/lifecycle/activate", nil).Want(204)
		})
		app.WantEvents(t, []string{"policy.lifecycle.delete SUCCESS"}, func() { app.Delete(at + "/" + b).Want(204) })
		app.Get(at+"/"+b).Fails(404, "E0000007")
		if got := names(app.Get(at).Want(200)); got != "c a" {
			t.Errorf("order: %s", got)
		}
	})
}

func TestServerRules(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		_, server := addServer(t, app, "one")
		at := server + "/policies/" + app.Post(server+"/policies", serverPolicy("p", "")).Want(201).Text("id") + "/rules"
		var a *apptest.Answer
		app.WantEvents(t, []string{"policy.rule.add SUCCESS"}, func() { a = app.Post(at, serverRule("a", "")).Want(201) })
		if a.Text("type") != "RESOURCE_ACCESS" || a.At("actions.token.accessTokenLifetimeMinutes") != 60.0 || a.At("actions.token.refreshTokenLifetimeMinutes") != 0.0 || a.Text("conditions.people.groups.include.0") != "EVERYONE" {
			t.Errorf("%s", a.Body)
		}
		for name, body := range map[string]string{
			"a life that is too short":   serverRule("x", `,"actions":{"token":{"accessTokenLifetimeMinutes":4}}`),
			"a life that is too long":    serverRule("x", `,"actions":{"token":{"accessTokenLifetimeMinutes":1441}}`),
			"a window beyond the life":   serverRule("x", `,"actions":{"token":{"refreshTokenLifetimeMinutes":60,"refreshTokenWindowMinutes":61}}`),
			"a name that is taken":       serverRule("a", ""),
			"an unknown grant type":      strings.Replace(serverRule("x", ""), "authorization_code", "magic", 1),
			"people nobody belongs to":   strings.Replace(serverRule("x", ""), `"EVERYONE"`, "", 1),
			"a number that is no number": serverRule("x", `,"priority":"first"`),
			"a group that is not there":  strings.Replace(serverRule("x", ""), `"EVERYONE"`, `"00gnobody"`, 1),
			"a user who is not there":    strings.Replace(serverRule("x", ""), `{"groups":{"include":["EVERYONE"]}}`, `{"users":{"include":["00unobody"]}}`, 1),
			"nobody to leave out":        strings.Replace(serverRule("x", ""), `["EVERYONE"]}}`, `["EVERYONE"],"exclude":["00gnobody"]}}`, 1),
		} {
			if a := app.Post(at, body); a.Status != 400 {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
		nobody := strings.Replace(serverRule("x", ""), `{"groups":{"include":["EVERYONE"]}}`, "{}", 1)
		app.Post(at, nobody).Fails(400, "E0000001", "conditions.people: At least one of ''conditions.people.users.include'' or ''conditions.people.groups.include'' must contain a valid "+
			"user or group when ''conditions.grantTypes'' contains one or more of [authorization_code, implicit, password].")
		app.Delete(at + "/" + app.Post(at, strings.Replace(nobody, "authorization_code", "urn:ietf:params:oauth:grant-type:device_code", 1)).Want(201).Text("id")).Want(204)
		app.Post(at, serverRule("x", `,"actions":{"token":{"inlineHook":{"id":"cal1"}}}`)).Fails(501, "E0000060")
		app.Post(at, serverRule("hookless", `,"actions":{"token":{"inlineHook":null}}`)).Want(201)
		if a := app.Get(at).Want(200); a.Text("1.name") != "hookless" {
			t.Errorf("%s", a.Body)
		}
		app.Delete(at + "/" + app.Get(at).Want(200).Text("1.id")).Want(204)
		machine := `{"name":"machines","priority":1,"conditions":{"grantTypes":{"include":["client_credentials"]},"scopes":{"include":["*"]}},"actions":{"token":{"accessTokenLifetimeMinutes":5}}}`
		app.Post(at, machine).Want(201)
		if got := names(app.Get(at).Want(200)); got != "machines a" {
			t.Errorf("order: %s", got)
		}
		// The Terraform provider for Okta leaves the scopes out where none is chosen.
		bare := app.Post(at, strings.Replace(serverRule("bare", ""), `{"include":["*"]}`, `{}`, 1)).Want(201)
		if list, ok := bare.At("conditions.scopes.include").([]any); !ok || len(list) > 0 {
			t.Errorf("%s", bare.Body)
		}
		app.Delete(at + "/" + bare.Text("id")).Want(204)
		rule := at + "/" + a.Text("id")
		// A group must be there when it is named; it may go afterwards.
		group := app.Post("/api/v1/groups", `{"profile":{"name":"g"}}`).Want(200).Text("id")
		forGroup := strings.Replace(serverRule("a", ""), "EVERYONE", group, 1)
		app.Put(rule, strings.Replace(forGroup, group, "00gnobody", 1)).Fails(400, "E0000001", "conditions.people.groups.include: Resource not found")
		app.Put(rule, strings.Replace(forGroup, group, everyone(t, app), 1)).Want(200)
		app.Put(rule, forGroup).Want(200)
		app.Delete("/api/v1/groups/" + group).Want(204)
		app.Put(rule, forGroup).Want(200)
		app.WantEvents(t, []string{"policy.rule.update SUCCESS"}, func() {
			app.Put(rule, serverRule("b", `,"priority":1,"actions":{"token":{"accessTokenLifetimeMinutes":10}}`)).Want(200)
		})
		if got := names(app.Get(at).Want(200)); got != "b machines" {
			t.Errorf("order: %s", got)
		}
		app.WantEvents(t, []string{"policy.rule.deactivate SUCCESS", "policy.rule.activate SUCCESS"}, func() {
			app.Post(rule+"/lifecycle/deactivate", nil).Want(204)
			if g := app.Get(rule).Want(200); g.Text("status") != "INACTIVE" || g.At("actions.token.accessTokenLifetimeMinutes") != 10.0 {
				t.Errorf("%s", g.Body)
			}
			app.Post(rule+"/lifecycle/activate", nil).Want(204)
		})
		app.WantEvents(t, []string{"policy.rule.delete SUCCESS"}, func() { app.Delete(rule).Want(204) })
		app.Get(rule).Fails(404, "E0000007")
		if got := names(app.Get(at).Want(200)); got != "machines" {
			t.Errorf("order: %s", got)
		}
	})
}
