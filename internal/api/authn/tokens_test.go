package authn_test

import (
	"regexp"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/apptest/transcript"
	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/factor/hotp"
	"usher/internal/factor/keytest"
	"usher/internal/factor/password"
	"usher/internal/factor/yubikey"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// TestTokenFlows replays sign-ins with tokens: one that an administrator has made
// known, and bought ones whose secrets users give.
func TestTokenFlows(t *testing.T) {
	for _, file := range transcript.Files(t, "testdata/tokens/*.txtar") {
		t.Run(file, func(t *testing.T) {
			s := newSite(t, storetest.SQLite(t))
			s.Engine.Factors = factor.NewService(
				&password.Method{Credentials: s.Engine.Credentials}, &yubikey.Method{Store: s.Store, Vault: s.Vault}, &hotp.Method{Store: s.Store, Vault: s.Vault},
			)
			s.Engine.Ceremonies.Methods = s.Engine.Factors
			s.SetEnroll(policy.EnrollAtChallenge, map[string]policy.SelfEnroll{"yubikey_token": policy.EnrollOptional, "hotp": policy.EnrollOptional})
			s.RequireFactor(policy.PromptAlways, 0)
			u, a := s.User(login), idp.SystemActor(s.Org)
			key := keytest.YubiKey{T: t, Public: "vvccccfiluij", Private: "8792ebfe26cc", AES: "ecde18dbe76fbd0c33330f1c354871db"}
			tokens := &factor.YubiKeys{Store: s.Store, IDs: &env.Counting{}, Vault: s.Vault, Log: s.Log}
			if _, err := tokens.Upload(t.Context(), a, factor.YubiKeySeed{Serial: "7886622", Public: key.Public, Private: key.Private, Key: key.AES}); err != nil {
				t.Fatal(err)
			}
			profiles := &factor.HOTPProfiles{Store: s.Store, IDs: &env.Counting{}, Log: s.Log}
			settings := factor.HOTPSettings{Digits: 6, Window: 3, Encoding: "base32", Algorithm: factor.HOTPSHA1}
			if _, err := profiles.Create(t.Context(), a, factor.HOTPProfile{Name: "Acme tokens", Settings: settings}); err != nil {
				t.Fatal(err)
			}
			values := map[string]string{"userId": u.ID, "password": signintest.Password, "typed1": key.Typed(1, 0), "typed2": key.Typed(1, 1), "typed3": key.Typed(2, 0)}
			transcript.Play(t, file, transcript.Stage{Handler: s, Advance: s.Clock.Advance, Values: values})
		})
	}
}

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

// TestHandlesStayInTheirProtocol: the handle of a sign-in is nothing to another
// protocol, however far that sign-in has come.
func TestHandlesStayInTheirProtocol(t *testing.T) {
	app := apptest.New(t)
	tokenOrg(t, app, "okta_question")
	const login = "ann.strays@example.com"
	tokenUser(app, login)
	token := begin(app, login).Text("stateToken")
	ion := app.Anonymous().With("Content-Type", "application/ion+json; okta-version=1.0.0").With("Accept", "application/ion+json; okta-version=1.0.0")
	for _, path := range []string{"/idp/idx/introspect", "/idp/idx/identify", "/idp/idx/challenge/answer", "/idp/idx/cancel"} {
		a := ion.Post(path, map[string]any{"stateToken": token, "stateHandle": token, "identifier": login, "credentials": map[string]any{"passcode": apptest.Password}})
		if a.Status < 400 || strings.Contains(string(a.Body), login) {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	app.Anonymous().Post("/api/v1/authn", map[string]any{"stateToken": "02.id." + token[2:]}).Fails(401, "E0000011")
	page := app.Browser().Get("/login/login.htm").Want(200)
	if other := regexp.MustCompile(`name="stateToken" value="([^"]+)"`).FindSubmatch(page.Body); other == nil {
		t.Errorf("%s", page.Body)
	} else {
		app.Anonymous().Post("/api/v1/authn", map[string]any{"stateToken": string(other[1])}).Fails(401, "E0000011")
	}
	if a := app.Anonymous().Post("/api/v1/authn", map[string]any{"stateToken": token}).Want(200); a.Text("status") != "MFA_ENROLL" {
		t.Errorf("%s", a.Body)
	}
}
