package management_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

const policies = "/api/v1/policies"

// made adds an object and returns its identifier.
func made(t *testing.T, c *apptest.Client, path, body string) string {
	t.Helper()
	return c.On(t).Post(path, body).Want(200).Text("id")
}

// everyone is the identifier of the built-in group.
func everyone(t *testing.T, app *apptest.App) string {
	t.Helper()
	return app.On(t).Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
}

// order lists names and priorities: "a1 b2 Default Policy3".
func order(t *testing.T, c *apptest.Client, path string) string {
	t.Helper()
	var list []struct {
		Name     string
		Priority int
	}
	c.On(t).Get(path).Want(200).JSON(&list)
	var out []string
	for _, p := range list {
		out = append(out, fmt.Sprintf("%s%d", p.Name, p.Priority))
	}
	return strings.Join(out, " ")
}

// TestPolicyAsRecorded compares whole bodies with what the service answers to
// the same requests, identifiers and instants aside.
func TestPolicyAsRecorded(t *testing.T) {
	app := apptest.New(t)
	group := everyone(t, app)
	a := app.Post(policies, `{"type":"PASSWORD","name":"strict","description":"d","status":"ACTIVE","system":false,
 "conditions":{"authProvider":{"provider":"OKTA"},"people":{"groups":{"include":["`+group+`"]}}},
 "settings":{"password":{"complexity":{"minLength":12,"minSymbol":0,"excludeUsername":false},"lockout":{"maxAttempts":10}}}}`).Want(200)
	id := a.Text("id")
	href := "https://id.example.com/api/v1/policies/" + id
	want := `{"id":"` + id + `","status":"ACTIVE","name":"strict","description":"d","priority":1,"system":false,` +
		`"conditions":{"people":{"groups":{"include":["` + group + `"]}},"authProvider":{"provider":"OKTA"}},` +
		`"created":"2026-03-01T12:00:00.000Z","lastUpdated":"2026-03-01T12:00:00.000Z",` +
		`"settings":{"password":{"complexity":{"minLength":12,"minLowerCase":1,"minUpperCase":1,"minNumber":1,"minSymbol":0,"excludeUsername":false,` +
		`"dictionary":{"common":{"exclude":false}},"excludeAttributes":[]},"age":{"maxAgeDays":0,"expireWarnDays":0,"minAgeMinutes":0,"historyCount":0},` +
		`"lockout":{"maxAttempts":10,"autoUnlockMinutes":0,"userLockoutNotificationChannels":[],"showLockoutFailures":false},` +
		`"breachedProtection":{"expireAfterDays":null,"logoutEnabled":false,"delegatedWorkflowId":null}},` +
		`"recovery":{"factors":{"recovery_question":{"status":"ACTIVE","properties":{"complexity":{"minLength":4}}},` +
		`"okta_email":{"status":"ACTIVE","properties":{"recoveryToken":{"tokenLifetimeMinutes":60}}},"okta_sms":{"status":"INACTIVE"},"okta_call":{"status":"INACTIVE"}}},` +
		`"delegation":{"options":{"skipUnlock":false}}},` +
		`"_links":{"self":{"href":"` + href + `","hints":{"allow":["GET","PUT","DELETE"]}},"rules":{"href":"` + href + `/rules","hints":{"allow":["GET","POST"]}},` +
		`"deactivate":{"href":"` + href + `/lifecycle/deactivate","hints":{"allow":["POST"]}}},"type":"PASSWORD"}`
	if string(a.Body) != want {
		t.Errorf("got  %s\nwant %s", a.Body, want)
	}
	signOn := made(t, app.Client, policies, `{"type":"OKTA_SIGN_ON","name":"s"}`)
	a = app.Post(policies+"/"+signOn+"/rules", `{"type":"SIGN_ON","name":"r","conditions":{"authContext":{"authType":"ANY"},"riskScore":{"level":"LOW"}},
 "actions":{"signon":{"access":"ALLOW","session":{"maxSessionLifetimeMinutes":120}}}}`).Want(200)
	href = "https://id.example.com/api/v1/policies/" + signOn + "/rules/" + a.Text("id")
	want = `{"id":"` + a.Text("id") + `","status":"ACTIVE","name":"r","priority":1,"created":"2026-03-01T12:00:00.000Z","lastUpdated":"2026-03-01T12:00:00.000Z","system":false,` +
		`"conditions":{"people":{"users":{"exclude":[]}},"network":{"connection":"ANYWHERE"},"authContext":{"authType":"ANY"},"risk":{"behaviors":[]},` +
		`"riskScore":{"level":"LOW"},"identityProvider":{"provider":"ANY"}},"actions":{"signon":{"access":"ALLOW","requireFactor":false,` +
		`"primaryFactor":"PASSWORD_IDP_ANY_FACTOR","rememberDeviceByDefault":false,` +
		`"session":{"usePersistentCookie":false,"maxSessionIdleMinutes":120,"maxSessionLifetimeMinutes":120}}},` +
		`"_links":{"self":{"href":"` + href + `","hints":{"allow":["GET","PUT","DELETE"]}},"deactivate":{"href":"` + href + `/lifecycle/deactivate","hints":{"allow":["POST"]}}},"type":"SIGN_ON"}`
	if string(a.Body) != want {
		t.Errorf("got  %s\nwant %s", a.Body, want)
	}
}

func TestPolicyLife(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		var id string
		app.WantEvents(t, []string{"policy.lifecycle.create SUCCESS"}, func() {
			id = made(t, app.Client, policies+"?activate=false", `{"type":"OKTA_SIGN_ON","name":"one","status":"ACTIVE"}`)
		})
		at := policies + "/" + id
		if a := app.Get(at).Want(200); a.Text("status") != "INACTIVE" || a.At("_links.activate") == nil || a.At("_links.deactivate") != nil {
			t.Errorf("%s", a.Body)
		}
		app.Clock.Advance(time.Minute)
		app.WantEvents(t, []string{"policy.lifecycle.activate SUCCESS", "policy.lifecycle.update SUCCESS", "policy.lifecycle.deactivate SUCCESS"}, func() {
			for range 2 { // the second time nothing happens
				app.Post(at+"/lifecycle/activate", nil).Want(204)
			}
			a := app.Put(at, `{"type":"OKTA_SIGN_ON","name":"two","status":"INACTIVE","priority":1}`).Want(200)
			if a.Text("status") != "ACTIVE" || a.Text("name") != "two" || a.Text("lastUpdated") != "2026-03-01T12:01:00.000Z" || a.Text("created") != "2026-03-01T12:00:00.000Z" {
				t.Errorf("%s", a.Body)
			}
			app.Post(at+"/lifecycle/deactivate", nil).Want(204)
		})
		var rule string
		app.WantEvents(t, []string{"policy.rule.add SUCCESS", "policy.rule.deactivate SUCCESS", "policy.rule.activate SUCCESS", "policy.rule.update SUCCESS", "policy.rule.delete SUCCESS"}, func() {
			rule = made(t, app.Client, at+"/rules", `{"name":"r","actions":{"signon":{"access":"DENY"}}}`)
			app.Post(at+"/rules/"+rule+"/lifecycle/deactivate", nil).Want(204)
			if a := app.Get(at + "/rules/" + rule).Want(200); a.Text("status") != "INACTIVE" || a.At("_links.activate") == nil {
				t.Errorf("%s", a.Body)
			}
			app.Post(at+"/rules/"+rule+"/lifecycle/activate", nil).Want(204)
			app.Put(at+"/rules/"+rule, `{"name":"r2","actions":{"signon":{"access":"ALLOW"}}}`).Want(200)
			if a := app.Get(at + "?expand=rules").Want(200); a.Text("_embedded.rules.0.name") != "r2" {
				t.Errorf("%s", a.Body)
			}
			app.Delete(at + "/rules/" + rule).Want(204)
		})
		if a := app.Get(at+"/rules/"+rule).Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: "+rule+" (PolicyRule)" {
			t.Errorf("%s", a.Body)
		}
		app.WantEvents(t, []string{"policy.lifecycle.delete SUCCESS"}, func() { app.Delete(at).Want(204) })
		for _, path := range []string{at, at + "/rules", at + "/rules/" + rule} {
			if a := app.Get(path).Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: "+id+" (Policy)" {
				t.Errorf("%s", a.Body)
			}
		}
	})
}

func TestPolicyPriorities(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		add := func(name, priority string) string {
			t.Helper()
			return made(t, app.Client, policies, `{"type":"OKTA_SIGN_ON","name":"`+name+`","priority":`+priority+`}`)
		}
		list := func(want string) {
			t.Helper()
			if got := order(t, app.Client, policies+"?type=OKTA_SIGN_ON"); got != want {
				t.Errorf("order %s, want %s", got, want)
			}
		}
		a, b := add("a", "null"), add("b", "null")
		list("a1 b2 Default Policy3")
		c := add("c", "1")
		list("c1 a2 b3 Default Policy4")
		add("d", "999")
		list("c1 a2 b3 d4 Default Policy5")
		app.Put(policies+"/"+c, `{"type":"OKTA_SIGN_ON","name":"c","priority":3}`).Want(200)
		list("a1 b2 c3 d4 Default Policy5")
		app.Put(policies+"/"+c, `{"type":"OKTA_SIGN_ON","name":"C"}`).Want(200)
		list("a1 b2 C3 d4 Default Policy5")
		app.Post(policies+"/"+a+"/lifecycle/deactivate", nil).Want(204)
		list("a1 b2 C3 d4 Default Policy5")
		app.Delete(policies + "/" + b).Want(204)
		list("a1 C2 d3 Default Policy4")
		if got := order(t, app.Client, policies+"?type=OKTA_SIGN_ON&status=INACTIVE"); got != "a1" {
			t.Errorf("inactive: %s", got)
		}
		first := app.Get(policies + "?type=OKTA_SIGN_ON&limit=2").Want(200)
		links := first.Header.Values("Link")
		if len(links) != 2 || !strings.HasSuffix(links[1], `rel="next"`) || first.Text("1.name") != "C" {
			t.Errorf("%v %s", links, first.Body)
		}
		if got := order(t, app.Client, policies+"?type=OKTA_SIGN_ON&limit=2&after="+c); got != "d3 Default Policy4" {
			t.Errorf("the second page: %s", got)
		}
		rules := policies + "/" + c + "/rules"
		rule := func(name, priority string) string {
			t.Helper()
			return made(t, app.Client, rules, `{"name":"`+name+`","priority":`+priority+`,"actions":{"signon":{"access":"ALLOW"}}}`)
		}
		x := rule("x", "null")
		rule("y", "1")
		rule("z", "999")
		if got := order(t, app.Client, rules); got != "y1 x2 z3" {
			t.Errorf("rules %s", got)
		}
		app.Delete(rules + "/" + x).Want(204)
		if got := order(t, app.Client, rules); got != "y1 z2" {
			t.Errorf("rules %s", got)
		}
	})
}

func TestSystemPolicies(t *testing.T) {
	app := apptest.New(t)
	p := app.Get(policies + "?type=PASSWORD").Want(200)
	id := p.Text("0.id")
	if p.At("0._links.deactivate") != nil || p.At("0._links.self.hints.allow.2") != nil || p.Text("0._links.self.hints.allow.1") != "PUT" {
		t.Errorf("%s", p.Body)
	}
	at := policies + "/" + id
	rule := app.Get(at + "/rules").Want(200).Text("0.id")
	app.WantEvents(t, nil, func() {
		app.Delete(at).Fails(403, "E0000006")
		app.Post(at+"/lifecycle/deactivate", nil).Fails(403, "E0000006")
		app.Post(at+"/lifecycle/activate", nil).Want(204)
		app.Delete(at+"/rules/"+rule).Fails(403, "E0000006")
		app.Post(at+"/rules/"+rule+"/lifecycle/deactivate", nil).Fails(403, "E0000006")
		app.Put(at, `{"type":"PASSWORD","name":"Default Policy","priority":2}`).Fails(403, "E0000077")
		app.Put(at, `{"type":"PASSWORD","name":"Other"}`).Fails(403, "E0000077")
		app.Put(at, `{"type":"PASSWORD","name":"Default Policy","conditions":{"people":{"groups":{"include":[]}}}}`).Fails(403, "E0000077")
		app.Put(at+"/rules/"+rule, `{"name":"Default Rule","priority":4}`).Fails(403, "E0000077")
		app.Put(at+"/rules/"+rule, `{"name":"x"}`).Fails(403, "E0000077")
		app.Put(at+"/rules/"+rule, `{"name":"Default Rule","conditions":{"people":{"users":{"exclude":["00u1"]}}}}`).Fails(403, "E0000077")
	})
	a := app.Put(at, `{"type":"PASSWORD","name":"Default Policy","description":"ours","priority":1,
 "conditions":{"authProvider":{"provider":"OKTA"},"people":{"groups":{"include":["`+everyone(t, app)+`"]}}},
 "settings":{"password":{"complexity":{"minLength":14}}}}`).Want(200)
	if a.Text("description") != "ours" || a.At("settings.password.complexity.minLength") != 14.0 || a.At("system") != true {
		t.Errorf("%s", a.Body)
	}
	// The settings hold at once.
	app.Post("/api/v1/users?activate=true", `{"profile":{"login":"x@example.com","email":"x@example.com","firstName":"X","lastName":"Y"},
 "credentials":{"password":{"value":"Short-Pass-1"}}}`).Fails(400, "E0000001")
	a = app.Put(at+"/rules/"+rule, `{"name":"Default Rule","priority":1,"actions":{"passwordChange":{"access":"DENY"}}}`).Want(200)
	if a.Text("actions.passwordChange.access") != "DENY" || a.Text("actions.selfServiceUnlock.access") != "DENY" || a.Text("conditions.network.connection") != "ANYWHERE" {
		t.Errorf("%s", a.Body)
	}
	// Rules of one's own come before the one of the system.
	made(t, app.Client, at+"/rules", `{"name":"mine","priority":999,"type":"PASSWORD"}`)
	if got := order(t, app.Client, at+"/rules"); got != "mine1 Default Rule2" {
		t.Errorf("rules %s", got)
	}
}

func TestPolicyFaults(t *testing.T) {
	app := apptest.New(t)
	id := made(t, app.Client, policies, `{"type":"OKTA_SIGN_ON","name":"taken"}`)
	rules := policies + "/" + id + "/rules"
	made(t, app.Client, rules, `{"name":"taken","actions":{"signon":{"access":"ALLOW"}}}`)
	other := made(t, app.Client, policies, `{"type":"OKTA_SIGN_ON","name":"other"}`)
	app.WantEvents(t, nil, func() {
		app.Get(policies).Fails(400, "E0000028")
		app.Get(policies+"?type=NONE").Fails(400, "E0000002")
		app.Get(policies+"?type=PASSWORD&status=HALF").Fails(400, "E0000002")
		app.Get(policies+"?type=PASSWORD&expand=all").Fails(400, "E0000002")
		app.Get(policies+"?type=PASSWORD&after=00p9").Fails(400, "E0000029")
		for body, cause := range map[string]string{
			`{"name":"x"}`:                                                                                                 "type: The field cannot be left blank",
			`{"name":"x","type":"SHOE_SIZE"}`:                                                                              "type: is unknown",
			`{"name":" ","type":"PASSWORD"}`:                                                                               "name: The field cannot be left blank",
			`{"name":"taken","type":"OKTA_SIGN_ON"}`:                                                                       "name: Policy name already in use",
			`{"name":"x","type":"OAUTH_AUTHORIZATION_POLICY"}`:                                                             "type: policies of this type belong to an authorization server",
			`{"name":"` + strings.Repeat("é", 51) + `","type":"PASSWORD"}`:                                                 "name: The field is too long",
			`{"name":"x","type":"PASSWORD","description":"` + strings.Repeat("d", 1025) + `"}`:                             "description: The field is too long",
			`{"name":"x","type":"PASSWORD","settings":{"password":{"complexity":{"minLength":1}}}}`:                        "minLength: must be between 4 and 72",
			`{"name":"x","type":"PASSWORD","settings":{"recovery":{"factors":{"okta_sms":{"status":"MAYBE"}}}}}`:           "okta_sms: must be ACTIVE or INACTIVE",
			`{"name":"x","type":"PASSWORD","conditions":{"authProvider":{"provider":"ME"}}}`:                               "authProvider.provider: must be OKTA, ACTIVE_DIRECTORY, LDAP or ANY",
			`{"name":"x","type":"OKTA_SIGN_ON","conditions":{"people":{"groups":{"include":["00gnobody"]}}}}`:              "people.groups.include: there is no group '00gnobody'",
			`{"name":"x","type":"MFA_ENROLL","settings":{"factors":{"ball":{}}}}`:                                          "ball: is not a factor",
			`{"name":"x","type":"MFA_ENROLL","settings":{"type":"AUTHENTICATORS","authenticators":[{"key":"duo","x":1}]}}`: "duo: must be NOT_ALLOWED, OPTIONAL or REQUIRED",
		} {
			app.Post(policies, body).Fails(400, "E0000001", cause)
		}
		for _, body := range []string{`{`, `[]`, `{"name":1}`, `{"name":"x","type":"PASSWORD","settings":[]}`, `{"name":"x","type":"PASSWORD","conditions":"all"}`} {
			app.Post(policies, body).Fails(400, "E0000003")
		}
		app.Put(policies+"/"+other, `{"type":"OKTA_SIGN_ON","name":"taken"}`).Fails(400, "E0000001", "name: Policy name already in use")
		app.Put(policies+"/"+other, `{"type":"PASSWORD","name":"other"}`).Fails(400, "E0000001", "type: does not change")
		for body, cause := range map[string]string{
			`{"name":"taken","actions":{"signon":{"access":"ALLOW"}}}`: "name: Policy rule name already in use",
			`{"name":"x","type":"PASSWORD"}`:                           "type: must be SIGN_ON",
			`{"name":"x"}`:                                             "signon.access: must be ALLOW or DENY",
			`{"name":"x","actions":{"signon":{"access":"ALLOW","requireFactor":true}}}`:                                           "signon.factorPromptMode: The field cannot be left blank",
			`{"name":"x","actions":{"signon":{"access":"ALLOW","requireFactor":true,"factorPromptMode":"SESSION"}}}`:              "signon.factorLifetime: The field cannot be left blank",
			`{"name":"x","actions":{"signon":{"access":"ALLOW","session":{"maxSessionIdleMinutes":-1}}}}`:                         "signon.session.maxSessionIdleMinutes: must be between 0 and 5256000",
			`{"name":"x","actions":{"signon":{"access":"ALLOW"}},"conditions":{"network":{"connection":"ZONE"}}}`:                 "network: the connection ZONE needs zones to include or to exclude",
			`{"name":"x","actions":{"signon":{"access":"ALLOW"}},"conditions":{"authContext":{"authType":"TELEX"}}}`:              "authContext.authType: must be ANY, RADIUS or LDAP_INTERFACE",
			`{"name":"x","actions":{"signon":{"access":"ALLOW"}},"conditions":{"network":{"connection":"ZONE","include":["n"]}}}`: "network.include: there is no zone 'n'",
		} {
			app.Post(rules, body).Fails(400, "E0000001", cause)
		}
		app.Post(rules, `{"name":"x","actions":{"signon":"ALLOW"}}`).Fails(400, "E0000003")
		if a := app.Post(policies+"/00pnone/rules", `{"name":"x"}`).Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: 00pnone (Policy)" {
			t.Errorf("%s", a.Body)
		}
	})
}

// TestConditionsOutliveWhatTheyName: a policy about a group that is gone holds
// for nobody, and can still be written back as it was read.
func TestConditionsOutliveWhatTheyName(t *testing.T) {
	app := apptest.New(t)
	group := made(t, app.Client, "/api/v1/groups", `{"profile":{"name":"staff"}}`)
	body := `{"type":"OKTA_SIGN_ON","name":"p","conditions":{"people":{"groups":{"include":["` + group + `"]}}}}`
	id := made(t, app.Client, policies, body)
	made(t, app.Client, policies+"/"+id+"/rules", `{"name":"r","actions":{"signon":{"access":"DENY"}}}`)
	app.Delete("/api/v1/groups/" + group).Want(204)
	if a := app.Put(policies+"/"+id, body).Want(200); a.Text("conditions.people.groups.include.0") != group {
		t.Errorf("%s", a.Body)
	}
	app.Post(policies, strings.Replace(body, `"p"`, `"q"`, 1)).Fails(400, "E0000001")
	app.Anonymous().Post("/api/v1/authn", `{"username":"isaac.brock@example.com","password":"`+apptest.Password+`"}`).Want(200)
}

// TestPolicyExpansionIsBounded: a policy of many rules is not read with them.
func TestPolicyExpansionIsBounded(t *testing.T) {
	app := apptest.New(t)
	id := made(t, app.Client, policies, `{"type":"MFA_ENROLL","name":"many"}`)
	for i := range 21 {
		made(t, app.Client, policies+"/"+id+"/rules", fmt.Sprintf(`{"name":"r%d","actions":{"enroll":{"self":"NEVER"}}}`, i))
	}
	app.Get(policies+"/"+id+"?expand=rules").Fails(400, "E0000002")
	if a := app.Get(policies + "?type=MFA_ENROLL&expand=rules").Want(200); a.Text("0._embedded.rules.20.name") != "r20" || a.Text("1._embedded.rules.0.name") != "Default Rule" {
		t.Errorf("%s", a.Body)
	}
}

// TestAccessPolicies: those about applications have no order, and a last rule of
// their own; their rules keep the priority that they are given.
func TestAccessPolicies(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		a := app.Post(policies, `{"type":"ACCESS_POLICY","name":"app","description":"d","priority":7}`).Want(200)
		id := a.Text("id")
		if !strings.HasPrefix(id, "rst") || a.At("priority") != 1.0 || a.At("conditions") != nil || !strings.Contains(string(a.Body), `"conditions":null`) {
			t.Errorf("%s", a.Body)
		}
		rules := policies + "/" + id + "/rules"
		a = app.Get(rules).Want(200)
		last := a.Text("0.id")
		if a.Text("0.name") != "Catch-all Rule" || a.At("0.priority") != 99.0 || a.At("0.system") != true || a.At("0._links.deactivate") != nil ||
			!strings.Contains(string(a.Body), `"actions":{"appSignOn":{"access":"ALLOW","verificationMethod":{"factorMode":"2FA","type":"ASSURANCE","reauthenticateIn":"PT12H",`+
				`"constraints":[{"possession":{"required":true,"deviceBound":"REQUIRED"}}]},"keepMeSignedIn":{"postAuth":"NOT_ALLOWED"}}}`) {
			t.Errorf("%s", a.Body)
		}
		const action = `"actions":{"appSignOn":{"access":"ALLOW","verificationMethod":{"type":"ASSURANCE","factorMode":"1FA","reauthenticateIn":"PT2H"}}}`
		a = app.Post(rules, `{"name":"a","priority":4,"type":"ACCESS_POLICY","conditions":{"network":{"connection":"ANYWHERE"},"platform":{}},`+action+`}`).Want(200)
		if want := `"conditions":{"people":{"users":{"exclude":[]}},"network":{"connection":"ANYWHERE"},"riskScore":{"level":"ANY"},"userType":{"include":[],"exclude":[]}}`; !strings.Contains(string(a.Body), want) {
			t.Errorf("%s", a.Body)
		}
		a = app.Post(rules, `{"name":"b","priority":3,"conditions":{"platform":{"include":[{"os":{"expression":null,"type":"IOS"},"type":"MOBILE"}]}},
 "actions":{"appSignOn":{"access":"ALLOW","verificationMethod":{"factorMode":"2FA","inactivityPeriod":"PT1H","type":"AUTH_METHOD_CHAIN",
 "chains":[{"authenticationMethods":[{"key":"okta_password","method":"password"}]}]}}}}`).Want(200)
		for _, want := range []string{
			`"platform":{"include":[{"type":"MOBILE","os":{"type":"IOS"}}],"exclude":[]}`,
			`"verificationMethod":{"type":"AUTH_METHOD_CHAIN","chains":[{"authenticationMethods":[{"key":"okta_password","method":"password"}]}]}`,
		} {
			if !strings.Contains(string(a.Body), want) {
				t.Errorf("%s lacks %s", a.Body, want)
			}
		}
		made(t, app.Client, rules, `{"name":"c","priority":4,`+action+`}`)
		if got := order(t, app.Client, rules); got != "b3 c4 a5 Catch-all Rule99" {
			t.Errorf("rules %s", got)
		}
		app.Delete(rules+"/"+last).Fails(403, "E0000006")
		app.Post(rules, `{"name":"d","actions":{"appSignOn":{"access":"ALLOW","verificationMethod":{"type":"AUTH_METHOD_CHAIN"}}}}`).
			Fails(400, "E0000001", "appSignOn.verificationMethod.chains: The field cannot be left blank")
		list := app.Get(policies + "?type=ACCESS_POLICY").Want(200)
		if list.Text("0._embedded.resourceType") != "APP" || list.Text("1.name") != "Default Policy" || list.At("1.system") != true {
			t.Errorf("%s", list.Body)
		}
		clone := app.Post(policies+"/"+id+"/clone", nil).Want(200)
		if clone.Text("name") != "Clone of app" || clone.Text("description") != "d" {
			t.Errorf("%s", clone.Body)
		}
		if got := order(t, app.Client, policies+"/"+clone.Text("id")+"/rules"); got != "b3 c4 a5 Catch-all Rule99" {
			t.Errorf("rules of the clone %s", got)
		}
		app.Delete(policies + "/" + id).Want(204)
		app.Get(policies + "/" + clone.Text("id")).Want(200)
	})
}

// TestClonePlainPolicy: what belonged to the system belongs to nobody in the copy.
func TestClonePlainPolicy(t *testing.T) {
	app := apptest.New(t)
	id := app.Get(policies + "?type=PASSWORD").Want(200).Text("0.id")
	for _, want := range []string{"Clone of Default Policy", "Clone of Default Policy (2)"} {
		a := app.Post(policies+"/"+id+"/clone", nil).Want(200)
		if a.Text("name") != want || a.At("system") != false {
			t.Errorf("%s", a.Body)
		}
		rule := app.Get(policies + "/" + a.Text("id") + "/rules").Want(200)
		if rule.Text("0.name") != "Default Rule" || rule.At("0.system") != false || rule.At("0._links.deactivate") == nil {
			t.Errorf("%s", rule.Body)
		}
	}
	if got := order(t, app.Client, policies+"?type=PASSWORD"); got != "Clone of Default Policy1 Clone of Default Policy (2)2 Default Policy3" {
		t.Errorf("order %s", got)
	}
}

// TestOtherPolicyTypes: enrolment by factors and by authenticators, and discovery.
func TestOtherPolicyTypes(t *testing.T) {
	app := apptest.New(t)
	a := app.Post(policies, `{"type":"MFA_ENROLL","name":"f","settings":{"factors":{"google_otp":{"enroll":{"self":"REQUIRED"}}}}}`).Want(200)
	if a.Text("settings.factors.google_otp.enroll.self") != "REQUIRED" || a.Text("settings.factors.okta_push.consent.type") != "NONE" || a.At("settings.authenticators") != nil {
		t.Errorf("%s", a.Body)
	}
	a = app.Post(policies, `{"type":"MFA_ENROLL","name":"a","settings":{"type":"AUTHENTICATORS","authenticators":[{"key":"okta_verify","enroll":{"self":"OPTIONAL"}}]}}`).Want(200)
	if a.Text("settings.type") != "AUTHENTICATORS" || a.Text("settings.authenticators.0.enroll.self") != "OPTIONAL" || a.At("settings.factors") != nil {
		t.Errorf("%s", a.Body)
	}
	if b := app.Get(policies + "/" + a.Text("id")).Want(200); string(b.Body) != string(a.Body) {
		t.Errorf("read back: %s", b.Body)
	}
	id := app.Get(policies + "?type=IDP_DISCOVERY").Want(200).Text("0.id")
	a = app.Post(policies+"/"+id+"/rules", `{"type":"IDP_DISCOVERY","name":"r","actions":{"idp":{"providers":[{"type":"OKTA"}],"idpSelectionType":"SPECIFIC"}},
 "conditions":{"userIdentifier":{"patterns":[{"matchType":"SUFFIX","value":"example.com"}],"type":"IDENTIFIER"}}}`).Want(200)
	if a.Text("conditions.userIdentifier.patterns.0.value") != "example.com" || a.At("conditions.platform.include") == nil || a.Text("actions.idp.idpSelectionType") != "SPECIFIC" {
		t.Errorf("%s", a.Body)
	}
	for _, kind := range []string{"OAUTH_AUTHORIZATION_POLICY", "PROFILE_ENROLLMENT"} {
		if a := app.Get(policies + "?type=" + kind).Want(200); string(a.Body) != "[]" {
			t.Errorf("%s: %s", kind, a.Body)
		}
	}
}
