package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

func TestDynamicZones(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const zones = "/api/v1/zones"
		var id string
		app.WantEvents(t, []string{"zone.create SUCCESS"}, func() {
			a := app.Post(zones, `{"type":"DYNAMIC","name":"Far","locations":[{"country":"AF","region":"AF-BGL"},{"country":"NO"}],"proxyType":"Tor","asns":["23457"]}`).Want(200)
			id = a.Text("id")
			if a.Text("locations.0.region") != "AF-BGL" || a.At("locations.1.region") != nil || a.Text("asns.0") != "23457" || a.Text("proxyType") != "Tor" || a.Text("usage") != "POLICY" {
				t.Errorf("%s", a.Body)
			}
		})
		if a := app.Get(zones + "/" + id).Want(200); a.Text("type") != "DYNAMIC" || strings.Contains(string(a.Body), "gateways") {
			t.Errorf("%s", a.Body)
		}
		app.Put(zones+"/"+id, `{"type":"IP","name":"Far","gateways":[{"type":"CIDR","value":"192.0.2.0/24"}]}`).Fails(400, "E0000001", "type: does not change")
		if a := app.Put(zones+"/"+id, `{"type":"DYNAMIC","name":"Farther","locations":[{"country":"NO"}]}`).Want(200); a.Text("name") != "Farther" || a.At("asns") != nil || a.At("proxyType") != nil {
			t.Errorf("%s", a.Body)
		}
		a := app.Post(zones, `{"type":"DYNAMIC_V2","name":"Hidden","locations":{"include":[],"exclude":[{"country":"NO","region":null}]},"asns":{"include":["1"]},"ipServiceCategories":{"include":["ALL_ANONYMIZERS"],"exclude":[]}}`).Want(200)
		if a.Text("locations.exclude.0.country") != "NO" || a.Text("asns.include.0") != "1" || a.Text("ipServiceCategories.include.0") != "ALL_ANONYMIZERS" {
			t.Errorf("%s", a.Body)
		}
		// Nobody is in it: a policy that asks for it lets nobody in by it.
		policy := app.Post("/api/v1/policies", `{"type":"OKTA_SIGN_ON","name":"Far","priority":1,"conditions":{"people":{"groups":{"include":["`+everyone(t, app)+`"]}}}}`).Want(200).Text("id")
		app.Post("/api/v1/policies/"+policy+"/rules", `{"name":"r","conditions":{"network":{"connection":"ZONE","include":["`+id+`"]}},"actions":{"signon":{"access":"DENY"}}}`).Want(200)
		app.Post("/api/v1/users", `{"profile":{"login":"a@example.org","email":"a@example.org","firstName":"I","lastName":"B"},"credentials":{"password":{"value":"tlpWENT2m-x"}}}`).Want(200)
		if a := app.Anonymous().Post("/api/v1/authn", `{"username":"a@example.org","password":"tlpWENT2m-x"}`).Want(200); a.Text("status") != "SUCCESS" {
			t.Errorf("%s", a.Body)
		}
		for body, cause := range map[string]string{
			`{"type":"DYNAMIC","name":"x"}`:                                                      "locations: a zone needs locations, asns or a kind of proxy",
			`{"type":"DYNAMIC","name":"x","asns":["many"]}`:                                      "asns: must be numbers of autonomous systems",
			`{"type":"DYNAMIC","name":"x","asns":{"include":["1"]}}`:                             "asns: is malformed",
			`{"type":"DYNAMIC","name":"x","locations":[{"country":"no"}]}`:                       "locations: a country has two capital letters",
			`{"type":"DYNAMIC","name":"x","locations":[{"country":"NO","region":"SE-1"}]}`:       "locations: a region is written as its country, a hyphen and its own code",
			`{"type":"DYNAMIC","name":"x","proxyType":"Some"}`:                                   "proxyType: must be Any, Tor or NotTorAnonymizer, of a zone of type DYNAMIC",
			`{"type":"DYNAMIC_V2","name":"x","ipServiceCategories":{"include":["all of them"]}}`: "ipServiceCategories: are names in capitals, as ALL_ANONYMIZERS",
			`{"type":"CLOUD","name":"x"}`:                                                        "type: must be IP, DYNAMIC or DYNAMIC_V2",
		} {
			app.Post(zones, body).Fails(400, "E0000001", cause)
		}
		app.Delete("/api/v1/policies/" + policy).Want(204)
		app.Delete(zones + "/" + id).Want(204)
	})
}

// TestFramedPages sees that a trusted origin may frame the pages, and nobody
// else.
func TestFramedPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		page := func() (policy, legacy string) {
			a := app.Anonymous().Get("/login/login.htm").Want(200)
			return a.Header.Get("Content-Security-Policy"), a.Header.Get("X-Frame-Options")
		}
		if policy, legacy := page(); !strings.Contains(policy, "frame-ancestors 'none'") || legacy != "DENY" {
			t.Errorf("%q %q", policy, legacy)
		}
		const origins = "/api/v1/trustedOrigins"
		a := app.Post(origins, `{"name":"Portal","origin":"https://portal.example.com","scopes":[{"type":"CORS"},{"type":"IFRAME_EMBED","allowedOktaApps":["OKTA_ENDUSER"]}]}`).Want(200)
		at := origins + "/" + a.Text("id")
		if a.Text("scopes.1.type") != "IFRAME_EMBED" || a.Text("scopes.1.allowedOktaApps.0") != "OKTA_ENDUSER" {
			t.Errorf("%s", a.Body)
		}
		if policy, legacy := page(); !strings.Contains(policy, "frame-ancestors 'self' https://portal.example.com;") || legacy != "" {
			t.Errorf("%q %q", policy, legacy)
		}
		app.Post(at+"/lifecycle/deactivate", nil).Want(200)
		if policy, _ := page(); !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Error(policy)
		}
		app.Post(at+"/lifecycle/activate", nil).Want(200)
		if b := app.Put(at, `{"name":"Portal","origin":"https://portal.example.com","scopes":[{"type":"IFRAME_EMBED"}]}`).Want(200); b.At("scopes.0.allowedOktaApps") != nil || b.At("scopes.1") != nil {
			t.Errorf("%s", b.Body)
		}
		if policy, _ := page(); !strings.Contains(policy, "frame-ancestors 'self' https://portal.example.com;") {
			t.Error(policy)
		}
		app.Put(at, `{"name":"Portal","origin":"https://portal.example.com","scopes":[{"type":"CORS"}]}`).Want(200)
		if policy, _ := page(); !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Error(policy)
		}
	})
}

func TestProfileEnrollmentPolicies(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const policies = "/api/v1/policies"
		a := app.Post(policies, `{"type":"PROFILE_ENROLLMENT","name":"Newcomers"}`).Want(200)
		id := a.Text("id")
		if !strings.HasPrefix(id, "rst") || a.At("conditions") != nil || a.At("priority") != 1.0 {
			t.Errorf("%s", a.Body)
		}
		rules := policies + "/" + id + "/rules"
		rule := app.Get(rules).Want(200)
		if rule.Text("0.actions.profileEnrollment.unknownUserAction") != "DENY" || rule.At("0.system") != true || rule.At("0.priority") != 99.0 ||
			rule.At("0.conditions") != nil || rule.At("1") != nil || rule.Text("0.type") != "PROFILE_ENROLLMENT" {
			t.Errorf("%s", rule.Body)
		}
		at := rules + "/" + rule.Text("0.id")
		group := everyone(t, app)
		a = app.Put(at, `{"name":"Catch-all Rule","type":"PROFILE_ENROLLMENT","priority":99,"actions":{"profileEnrollment":{"access":"ALLOW","unknownUserAction":"REGISTER",
 "profileAttributes":[{"name":"email","label":"Email","required":true}],"targetGroupIds":["`+group+`"],"activationRequirements":{"emailVerification":false}}}}`).Want(200)
		if a.Text("actions.profileEnrollment.unknownUserAction") != "REGISTER" || a.Text("actions.profileEnrollment.targetGroupIds.0") != group {
			t.Errorf("%s", a.Body)
		}
		for body, cause := range map[string]string{
			`{"access":"MAYBE"}`:                                     "profileEnrollment.access: must be ALLOW or DENY",
			`{"access":"ALLOW","unknownUserAction":"ASK"}`:           "profileEnrollment.unknownUserAction: must be DENY or REGISTER",
			`{"access":"ALLOW","targetGroupIds":["a","b"]}`:          "profileEnrollment.targetGroupIds: must not have more than 1 element",
			`{"access":"ALLOW","enrollAuthenticatorTypes":["face"]}`: "profileEnrollment.enrollAuthenticatorTypes: has password alone",
		} {
			app.Put(at, `{"name":"Catch-all Rule","actions":{"profileEnrollment":`+body+`}}`).Fails(400, "E0000001", cause)
		}
		app.Put(at, `{"name":"Catch-all Rule","actions":{"profileEnrollment":{"access":"ALLOW","targetGroupIds":["00g0000000000000none"]}}}`).Fails(400, "E0000001")
		app.Post(rules, `{"name":"Second","actions":{"profileEnrollment":{"access":"ALLOW"}}}`).Fails(400, "E0000001", "A policy of this type has one rule")
		app.Delete(at).Fails(403, "E0000006")

		// An application is put under it, and out of it.
		one := addApp(t, app, bookmark)
		mappings := policies + "/" + id + "/mappings"
		m := app.Post(mappings, `{"resourceId":"`+one+`","resourceType":"APP"}`).Want(200)
		if m.Text("_links.application.href") != "https://id.example.com/api/v1/apps/"+one {
			t.Errorf("%s", m.Body)
		}
		if a := app.Get("/api/v1/apps/" + one).Want(200); a.Text("_links.profileEnrollment.href") != "https://id.example.com"+policies+"/"+id {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(mappings).Want(200); a.Text("0.id") != m.Text("id") || a.At("1") != nil {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(policies + "/" + id + "/app").Want(200); a.Text("0.id") != one {
			t.Errorf("%s", a.Body)
		}
		app.Get(mappings + "/" + m.Text("id")).Want(200)
		app.Post(mappings, `{"resourceId":"`+one+`","resourceType":"GROUP"}`).Fails(400, "E0000001", "resourceType: must be APP")
		app.Post(mappings, `{}`).Fails(400, "E0000001", "resourceId: The field cannot be left blank")
		app.Post(mappings, `{"resourceId":"0oa0000000000000none"}`).Fails(404, "E0000007")
		app.WantEvents(t, []string{"application.lifecycle.update SUCCESS"}, func() { app.Delete(mappings + "/" + m.Text("id")).Want(204) })
		app.Get(mappings+"/"+m.Text("id")).Fails(404, "E0000007")
		if a := app.Get(mappings).Want(200); string(a.Body) != "[]" {
			t.Errorf("%s", a.Body)
		}
		// The default authentication policy has whatever is under no other.
		access := app.Get(policies + "?type=ACCESS_POLICY").Want(200)
		if def := access.Text("0.id"); def != "" {
			if a := app.Get(policies + "/" + def + "/app").Want(200); a.Text("0.id") != one {
				t.Errorf("%s", a.Body)
			}
			app.Delete(policies+"/"+def+"/mappings/pma"+one[3:]).Fails(403, "E0000006")
		}
		signOn := app.Get(policies + "?type=OKTA_SIGN_ON").Want(200).Text("0.id")
		app.Post(policies+"/"+signOn+"/mappings", `{"resourceId":"`+one+`"}`).Fails(400, "E0000001", "policyId: must name a policy about applications")
		app.Delete(policies + "/" + id).Want(204)
	})
}
