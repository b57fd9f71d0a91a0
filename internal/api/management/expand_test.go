package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

func TestExpandedUsers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const login = "ada.example@example.com"
		at := "/api/v1/users/" + login
		if a := app.Get(at + "?expand=blocks").Want(200); a.At("_embedded.blocks.0") != nil || a.At("_embedded.classification") != nil || a.Text("_links.self.href") == "" {
			t.Errorf("%s", a.Body)
		}
		for range 10 {
			app.Anonymous().Post("/api/v1/authn", map[string]string{"username": login, "password": "Wrong-Password-1"}).Fails(401, "E0000004")
		}
		a := app.Get(at + "?expand=blocks,classification").Want(200)
		if a.Text("_embedded.blocks.0.appliesTo") != "ANY_DEVICES" || a.Text("_embedded.classification.type") != "STANDARD" {
			t.Errorf("%s", a.Body)
		}
		if b := app.Get(at + "/blocks").Want(200); b.Text("0.type") != "DEVICE_BASED" || b.At("1") != nil {
			t.Errorf("%s", b.Body)
		}
		if b := app.Get(at + "/classification").Want(200); b.Text("type") != "STANDARD" || b.Text("lastUpdated") != a.Text("created") {
			t.Errorf("%s", b.Body)
		}
		if b := app.Get("/api/v1/users?expand=classification").Want(200); b.Text("0._embedded.classification.type") != "STANDARD" || b.Text("0._links.self.href") == "" {
			t.Errorf("%s", b.Body)
		}
		app.Get(at+"?expand=everything").Fails(400, "E0000002")
		app.Get("/api/v1/users?expand=everything").Fails(400, "E0000002")
	})
}

func TestExpandedRoles(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := app.Post("/api/v1/users", body("i@example.org")).Want(200).Text("id")
		g := app.Post("/api/v1/groups", `{"profile":{"name":"staff"}}`).Want(200).Text("id")
		one := addApp(t, app, bookmark)
		at := "/api/v1/users/" + id + "/roles"
		users := app.Post(at, `{"type":"USER_ADMIN"}`).Want(201).Text("id")
		app.Put(at+"/"+users+"/targets/groups/"+g, nil).Want(204)
		apps := app.Post(at, `{"type":"APP_ADMIN"}`).Want(201).Text("id")
		app.Put(at+"/"+apps+"/targets/catalog/apps/bookmark/"+one, nil).Want(204)
		index := map[string]string{}
		for i, key := range []string{"0", "1"} {
			index[app.Get(at).Want(200).Text(key+".id")] = []string{"0", "1"}[i]
		}
		a := app.Get(at + "?expand=targets/groups").Want(200)
		if a.Text(index[users]+"._embedded.targets.groups.0.id") != g || a.At(index[apps]+"._embedded") != nil {
			t.Errorf("%s", a.Body)
		}
		a = app.Get(at + "?expand=targets/catalog/apps").Want(200)
		if a.Text(index[apps]+"._embedded.targets.catalog.apps.0.id") != one || a.At(index[users]+"._embedded") != nil {
			t.Errorf("%s", a.Body)
		}
		app.Get(at+"?expand=all").Fails(400, "E0000002")
	})
}

func TestOrgFactors(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const factors = "/api/v1/org/factors"
		list := app.Get(factors).Want(200)
		if !strings.Contains(string(list.Body), `"okta_otp"`) {
			t.Errorf("%s", list.Body)
		}
		at := factors + "/okta_otp"
		if a := app.Get(at).Want(200); a.Text("status") != "ACTIVE" || a.Text("factorType") != "token:software:totp" || a.Text("provider") != "OKTA" || a.Text("_links.deactivate.href") == "" {
			t.Errorf("%s", a.Body)
		}
		// What is off is not offered, though a policy allows it.
		policy := app.Post("/api/v1/policies", `{"type":"MFA_ENROLL","name":"Both","priority":1,"conditions":{"people":{"groups":{"include":["`+everyone(t, app)+`"]}}},
 "settings":{"factors":{"okta_otp":{"enroll":{"self":"OPTIONAL"}},"google_otp":{"enroll":{"self":"OPTIONAL"}}}}}`).Want(200).Text("id")
		app.Post("/api/v1/policies/"+policy+"/rules", `{"name":"r","actions":{"enroll":{"self":"CHALLENGE"}}}`).Want(200)
		offered := func() string {
			return string(app.Get("/api/v1/users/isaac.brock@example.com/factors/catalog").Want(200).Body)
		}
		if got := offered(); strings.Count(got, "token:software:totp") < 2 {
			t.Fatalf("%s", got)
		}
		app.WantEvents(t, []string{"system.mfa.factor.deactivate SUCCESS"}, func() {
			for range 2 { // the second time nothing happens
				if a := app.Post(at+"/lifecycle/deactivate", nil).Want(200); a.Text("status") != "INACTIVE" || a.Text("_links.activate.href") == "" {
					t.Errorf("%s", a.Body)
				}
			}
		})
		if got := offered(); strings.Contains(got, `"provider":"OKTA","vendorName":"OKTA","_links"`) || !strings.Contains(got, "GOOGLE") || strings.Count(got, "token:software:totp") != 1 {
			t.Errorf("%s", got)
		}
		app.WantEvents(t, []string{"system.mfa.factor.activate SUCCESS"}, func() { app.Post(at+"/lifecycle/activate", nil).Want(200) })
		if got := offered(); strings.Count(got, "token:software:totp") != 2 {
			t.Errorf("%s", got)
		}
		app.Get(factors+"/face").Fails(404, "E0000007")
		app.Post(factors+"/face/lifecycle/activate", nil).Fails(404, "E0000007")
	})
}

func TestGroupsClaimOfClient(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := addApp(t, app, web)
		at := "/api/v1/internal/apps/" + id + "/settings/oauth/idToken"
		if a := app.Get(at).Want(200); a.Text("valueType") != "NONE" || a.At("name") != nil || a.Text("audience") == "" {
			t.Errorf("%s", a.Body)
		}
		app.WantEvents(t, []string{"application.lifecycle.update SUCCESS"}, func() {
			app.Post(at, `{"valueType":"GROUPS","groupFilterType":"REGEX","name":"groups","value":".*","issuerMode":"DYNAMIC"}`).Want(200)
		})
		if a := app.Get(at).Want(200); a.Text("name") != "groups" || a.Text("groupFilterType") != "REGEX" || a.Text("issuerMode") != "DYNAMIC" {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get("/api/v1/apps/" + id).Want(200); a.Text("settings.oauthClient.issuer_mode") != "DYNAMIC" {
			t.Errorf("%s", a.Body)
		}
		app.Put("/api/v1/apps/"+id, web).Want(200)
		if a := app.Get(at).Want(200); a.Text("value") != ".*" {
			t.Errorf("an update forgets the claim: %s", a.Body)
		}
		for body, cause := range map[string]string{
			`{"valueType":"ALL"}`: "valueType: must be GROUPS, EXPRESSION or NONE",
			`{"valueType":"FILTER","groupFilterType":"LIKE","name":"g","value":"x"}`:  "groupFilterType: must be STARTS_WITH, EQUALS, CONTAINS or REGEX",
			`{"valueType":"FILTER","groupFilterType":"REGEX","name":"g","value":"("}`: "value: The value is no regular expression",
			`{"valueType":"FILTER","groupFilterType":"EQUALS","name":"g"}`:            "value: The field cannot be left blank",
			`{"valueType":"EXPRESSION","name":"aud","value":"user.login"}`:            "name: The name belongs to the protocol",
			`{"valueType":"EXPRESSION","name":"g","value":"user."}`:                   "value: The value is no expression",
			`{"issuerMode":"MINE"}`: "issuerMode: must be ORG_URL, CUSTOM_URL or DYNAMIC",
		} {
			app.Post(at, body).Fails(400, "E0000001", cause)
		}
		for body, want := range map[string]string{
			`{"valueType":"FILTER","groupFilterType":"EQUALS","name":"g","value":"x"}`: "GROUPS",
			`{"valueType":"EXPRESSION","name":"bb","value":"aa"}`:                      "EXPRESSION",
		} {
			if a := app.Post(at, body).Want(200); a.Text("valueType") != want {
				t.Errorf("%s: %s", body, a.Body)
			}
		}
		if a := app.Post(at, `{}`).Want(200); a.Text("valueType") != "NONE" || a.At("name") != nil {
			t.Errorf("%s", a.Body)
		}
		app.Get("/api/v1/internal/apps/"+addApp(t, app, bookmark)+"/settings/oauth/idToken").Fails(404, "E0000007")
	})
}
