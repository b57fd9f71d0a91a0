package authn_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

// tokenOrg is an organisation that asks everybody for one of these factors.
func tokenOrg(t *testing.T, app *apptest.App, keys ...string) {
	t.Helper()
	everyone := app.Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	var choices []string
	for _, k := range keys {
		choices = append(choices, `"`+k+`":{"enroll":{"self":"OPTIONAL"}}`)
	}
	for kind, c := range map[string][2]string{
		"MFA_ENROLL":   {`"factors":{` + strings.Join(choices, ",") + `}`, `{"type":"MFA_ENROLL","name":"asked","actions":{"enroll":{"self":"CHALLENGE"}}}`},
		"OKTA_SIGN_ON": {"", `{"type":"SIGN_ON","name":"always","actions":{"signon":{"access":"ALLOW","requireFactor":true,"factorPromptMode":"ALWAYS","session":{}}}}`},
	} {
		id := app.Post("/api/v1/policies", `{"type":"`+kind+`","name":"tokens","settings":{`+c[0]+`},"conditions":{"people":{"groups":{"include":["`+everyone+`"]}}}}`).Want(200).Text("id")
		app.Post("/api/v1/policies/"+id+"/rules", c[1]).Want(200)
	}
}

// tokenUser makes a user and returns the address of the factors.
func tokenUser(app *apptest.App, login string) string {
	id := app.Post("/api/v1/users?activate=true", map[string]any{
		"profile":     map[string]any{"firstName": "Ann", "lastName": "Example", "email": login, "login": login},
		"credentials": map[string]any{"password": map[string]any{"value": apptest.Password}},
	}).Want(200).Text("id")
	return "/api/v1/users/" + id + "/factors"
}

// begin proves the password and returns the answer.
func begin(app *apptest.App, login string) *apptest.Answer {
	return app.Anonymous().Post("/api/v1/authn", map[string]any{"username": login, "password": apptest.Password}).Want(200)
}

// TestSignInWithACountedToken: a user enrols a bought token while signing in, and
// proves it at the next sign-in. The passwords are those of RFC 4226 appendix D.
func TestSignInWithACountedToken(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		tokenOrg(t, app, "hotp")
		const login, secret = "ann.counts@example.com", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
		tokenUser(app, login)
		app.Post("/api/v1/org/factors/hotp/profiles", `{"name":"Acme","settings":{"otpLength":6,"encoding":"base32","hmacAlgorithm":"HMacSHA1"}}`).Want(200)
		a := begin(app, login)
		if a.Text("status") != "MFA_ENROLL" || a.Text("_embedded.factors.0.factorType") != "token:hotp" || a.Text("_embedded.factors.0.profiles.0.name") != "Acme" {
			t.Fatalf("%s", a.Body)
		}
		enrol := func(a *apptest.Answer, secret string) *apptest.Answer {
			return app.Anonymous().Post("/api/v1/authn/factors", map[string]any{
				"stateToken": a.Text("stateToken"), "factorType": "token:hotp", "provider": "CUSTOM", "profile": map[string]any{"sharedSecret": secret},
			})
		}
		enrol(a, "short").Fails(400, "E0000001")
		enrol(a, "").Fails(400, "E0000001")
		if done := enrol(a, secret).Want(200); done.Text("status") != "SUCCESS" || done.Text("sessionToken") == "" {
			t.Fatalf("%s", done.Body)
		}
		a = begin(app, login)
		if a.Text("status") != "MFA_REQUIRED" || a.Text("_embedded.factors.0.vendorName") != "Acme" || strings.Contains(string(a.Body), secret) {
			t.Fatalf("%s", a.Body)
		}
		at := strings.TrimPrefix(a.Text("_embedded.factors.0._links.verify.href"), "https://id.example.com")
		prove := func(a *apptest.Answer, code string) *apptest.Answer {
			return app.Anonymous().Post(at, map[string]any{"stateToken": a.Text("stateToken"), "passCode": code})
		}
		prove(a, "000000").Fails(403, "E0000068")
		app.WantEvents(t, []string{"user.authentication.auth_via_mfa SUCCESS", "user.session.start SUCCESS"}, func() {
			if done := prove(a, "755224").Want(200); done.Text("status") != "SUCCESS" {
				t.Errorf("%s", done.Body)
			}
		})
		b, c := begin(app, login), begin(app, login)
		prove(b, "755224").Fails(403, "E0000082")
		prove(c, "287082").Want(200)
		prove(b, "287082").Fails(403, "E0000082")
	})
}
