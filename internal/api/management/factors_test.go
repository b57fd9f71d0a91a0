package management_test

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"usher/internal/apptest"
)

// allowFactors lets everybody enrol these factors.
func allowFactors(t *testing.T, app *apptest.App, keys ...string) {
	t.Helper()
	var choices []string
	for _, k := range keys {
		choices = append(choices, `"`+k+`":{"enroll":{"self":"OPTIONAL"}}`)
	}
	made(t, app.Client, policies, `{"type":"MFA_ENROLL","name":"factors","conditions":{"people":{"groups":{"include":["`+everyone(t, app)+`"]}}},
 "settings":{"factors":{`+strings.Join(choices, ",")+`}}}`)
	id := app.Get(policies + "?type=MFA_ENROLL").Want(200).Text("0.id")
	made(t, app.Client, policies+"/"+id+"/rules", `{"type":"MFA_ENROLL","name":"all","actions":{"enroll":{"self":"CHALLENGE"}}}`)
}

// factorsOf are the factors of a new user.
func factorsOf(t *testing.T, app *apptest.App, login string) (at string) {
	t.Helper()
	return "/api/v1/users/" + app.On(t).Post("/api/v1/users", body(login, questioned)).Want(200).Text("id") + "/factors"
}

const (
	smsFactor   = `{"factorType":"sms","provider":"OKTA","profile":{"phoneNumber":"+1-555-415-1337"}}`
	callFactor  = `{"factorType":"call","provider":"OKTA","profile":{"phoneNumber":"+1-555-415-1337","phoneExtension":"12"}}`
	emailFactor = `{"factorType":"email","provider":"OKTA"}`
)

func passCode(code string) string { return `{"passCode":"` + code + `"}` }

// TestFactorsByCode walks each factor that sends a code from its enrolment to
// its end.
func TestFactorsByCode(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "okta_sms", "okta_call", "okta_email")
		for _, c := range []struct {
			body, to, profile string
			sent, asked       string // events
			tooSoon           string
			pace              time.Duration
		}{
			{smsFactor, "+15554151337", `{"phoneNumber":"+15554151337"}`, "system.sms.send_phone_verification_message", "system.sms.send_factor_verify_message", "E0000109", 30 * time.Second},
			{callFactor, "+15554151337", `{"phoneNumber":"+15554151337","phoneExtension":"12"}`, "system.voice.send_phone_verification_call", "system.voice.send_mfa_challenge_call", "E0000133", 30 * time.Second},
			{emailFactor, "coded@example.org", `{"email":"coded@example.org"}`, "system.email.send_factor_verify_message", "system.email.send_factor_verify_message", "E0000118", 5 * time.Second},
		} {
			login := "coded@example.org"
			at := factorsOf(t, app, login)
			kind := strings.Split(c.body, `"`)[3]
			var made *apptest.Answer
			app.WantEvents(t, []string{c.sent + " SUCCESS"}, func() { made = app.Post(at, c.body).Want(200) })
			self := at + "/" + made.Text("id")
			if made.Text("status") != "PENDING_ACTIVATION" || made.Text("_links.resend.0.name") != kind ||
				made.Text("_links.activate.href") != "https://id.example.com"+self+"/lifecycle/activate" || !strings.Contains(string(made.Body), `"profile":`+c.profile) {
				t.Fatalf("%s: %s", kind, made.Body)
			}
			app.Post(self+"/resend", nil).Fails(429, c.tooSoon)
			first := app.Code(t, c.to)
			app.Clock.Advance(c.pace + time.Second)
			app.Post(self+"/resend", nil).Want(200)
			app.Post(self+"/lifecycle/activate", passCode(first)).Fails(403, "E0000068", "Your passcode doesn't match our records. Please try again.")
			app.Post(self+"/verify", nil).Fails(404, "E0000007")
			app.WantEvents(t, []string{"user.mfa.factor.activate SUCCESS"}, func() {
				if a := app.Post(self+"/lifecycle/activate", passCode(app.Code(t, c.to))).Want(200); a.Text("status") != "ACTIVE" || a.At("_embedded") != nil {
					t.Errorf("%s: %s", kind, a.Body)
				}
			})
			app.Post(self+"/lifecycle/activate", passCode("123456")).Want(403)
			app.Clock.Advance(c.pace + time.Second)
			app.WantEvents(t, []string{c.asked + " SUCCESS"}, func() {
				a := app.Post(self+"/verify?tokenLifetimeSeconds=600", `{}`).Want(200)
				if a.Text("factorResult") != "CHALLENGE" || a.Text("_links.verify.hints.allow.0") != "POST" || !strings.Contains(string(a.Body), c.profile) {
					t.Errorf("%s: %s", kind, a.Body)
				}
			})
			code := app.Code(t, c.to)
			app.WantEvents(t, []string{"user.authentication.auth_via_mfa FAILURE INVALID_CREDENTIALS"}, func() { app.Post(self+"/verify", passCode("x"+code)).Fails(403, "E0000068") })
			app.WantEvents(t, []string{"user.authentication.auth_via_mfa SUCCESS"}, func() {
				if a := app.Post(self+"/verify", passCode(code)).Want(200); string(a.Body) != `{"factorResult":"SUCCESS"}` {
					t.Errorf("%s: %s", kind, a.Body)
				}
			})
			app.Post(self+"/verify", passCode(code)).Fails(403, "E0000068")
			app.Clock.Advance(c.pace + time.Second)
			app.Post(self+"/verify", nil).Want(200)
			code = app.Code(t, c.to)
			app.Clock.Advance(5 * time.Minute)
			app.Post(self+"/verify", passCode(code)).Fails(403, "E0000068")
			app.Post(at, c.body).Fails(400, "E0000001", "A factor of this type is already set up.")
			app.Delete(self).Want(204)
			app.Delete("/api/v1/users/" + login).Want(204)
			app.Delete("/api/v1/users/" + login).Want(204)
		}
	})
}

func TestFactorByTime(t *testing.T) {
	app := apptest.New(t)
	allowFactors(t, app, "google_otp", "okta_question")
	at := factorsOf(t, app, "timed@example.org")
	made := app.Post(at, `{"factorType":"token:software:totp","provider":"GOOGLE"}`).Want(200)
	self := at + "/" + made.Text("id")
	secret := made.Text("_embedded.activation.sharedSecret")
	picture := strings.TrimPrefix(made.Text("_embedded.activation._links.qrcode.href"), "https://id.example.com")
	code := func() string {
		c, err := totp.GenerateCode(secret, app.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if len(secret) != 32 || made.At("_embedded.activation.timeStep") != 30.0 || !strings.HasPrefix(picture, self+"/qr/") {
		t.Fatalf("%s", made.Body)
	}
	drawn := app.Anonymous().Get(picture).Want(200)
	if img, err := png.Decode(bytes.NewReader(drawn.Body)); err != nil || img.Bounds().Dx() < 200 {
		t.Error(err)
	}
	app.Anonymous().Get(picture+"x").Fails(404, "E0000007")
	app.Post(self+"/lifecycle/activate", passCode("000000")).Fails(403, "E0000068")
	app.Post(self+"/lifecycle/activate", `{"passCode":123456}`).Fails(403, "E0000068")
	app.Post(self+"/lifecycle/activate", nil).Fails(400, "E0000001", "passCode: The field cannot be left blank")
	used := code()
	app.Post(self+"/lifecycle/activate", passCode(used)).Want(200)
	app.Anonymous().Get(picture).Fails(404, "E0000007")
	app.Post(self+"/verify", passCode(used)).Fails(403, "E0000082")
	app.Post(self+"/resend", nil).Want(403)
	app.Clock.Advance(time.Minute)
	app.Post(self+"/verify", passCode(code())).Want(200)
	app.Post(self+"/verify", nil).Fails(400, "E0000001", "passCode: The field cannot be left blank")

	asked := app.Post(at, `{"factorType":"question","provider":"OKTA","profile":{"question":"favorite_art_piece","answer":"mayonnaise"}}`).Want(200)
	if asked.Text("status") != "ACTIVE" || strings.Contains(string(asked.Body), "mayonnaise") {
		t.Errorf("%s", asked.Body)
	}
	q := at + "/" + asked.Text("id") + "/verify"
	app.Post(q, `{"answer":"Mayonnaise"}`).Want(200)
	app.Post(q, `{"answer":"ketchup"}`).Fails(403, "E0000068", "Your answer doesn't match our records. Please try again.")
}

// TestQuestionIsReplaced: another question and answer take the place of the ones
// before; other factors cannot be replaced.
func TestQuestionIsReplaced(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "okta_sms", "okta_question")
		at := factorsOf(t, app, "other.question@example.org")
		asked := app.Post(at, `{"factorType":"question","provider":"OKTA","profile":{"question":"favorite_art_piece","answer":"mayonnaise"}}`).Want(200)
		self := at + "/" + asked.Text("id")
		body := `{"factorType":"question","provider":"OKTA","profile":{"question":"disliked_food","answer":"mashed potatoes"}}`
		app.Clock.Advance(time.Second)
		app.WantEvents(t, []string{"user.mfa.factor.update SUCCESS"}, func() {
			a := app.Put(self, body).Want(200)
			if a.Text("profile.question") != "disliked_food" || a.Text("status") != "ACTIVE" || a.Text("created") == a.Text("lastUpdated") || strings.Contains(string(a.Body), "mashed") {
				t.Errorf("%s", a.Body)
			}
		})
		app.Post(self+"/verify", `{"answer":"mayonnaise"}`).Fails(403, "E0000068")
		app.Post(self+"/verify", `{"answer":"mashed potatoes"}`).Want(200)
		app.WantEvents(t, nil, func() {
			app.Put(self, strings.Replace(body, "mashed potatoes", "", 1)).Fails(400, "E0000001")
			app.Put(self, strings.Replace(body, "disliked_food", "unknown", 1)).Fails(400, "E0000001")
			app.Put(self, smsFactor).Fails(400, "E0000001")
			app.Put(at+"/ufs0", body).Fails(404, "E0000007")
			app.Put(at+"/"+app.Get(at).Want(200).Text("0.id")+"x", body).Fails(404, "E0000007")
		})
		sms := app.Post(at+"?activate=true", smsFactor).Want(200).Text("id")
		app.Put(at+"/"+sms, smsFactor).Fails(400, "E0000001", "A factor of this type cannot be replaced.")
	})
}

// TestFactorGuesses: five wrong answers in a row lock the user out, however many
// come at once.
func TestFactorGuesses(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "okta_sms")
		at := factorsOf(t, app, "guessed@example.org")
		self := at + "/" + app.Post(at+"?activate=true", smsFactor).Want(200).Text("id")
		if a := app.Get(self).Want(200); a.Text("status") != "ACTIVE" {
			t.Fatalf("%s", a.Body)
		}
		app.Post(self+"/verify", nil).Want(200)
		code := app.Code(t, "+15554151337")
		const guesses = 200
		var wrong, locked int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range guesses {
			all.Go(func() {
				a := app.Post(self+"/verify", passCode(fmt.Sprintf("g%d", i)))
				mu.Lock()
				defer mu.Unlock()
				switch a.Text("errorCode") {
				case "E0000068":
					wrong++
				case "E0000069":
					locked++
				default:
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		}
		all.Wait()
		if wrong != 4 || locked != guesses-4 {
			t.Errorf("%d wrong, %d locked out", wrong, locked)
		}
		app.Post(self+"/verify", passCode(code)).Fails(403, "E0000069")
		app.Post("/api/v1/users/guessed@example.org/lifecycle/unlock", nil).Want(200)
		app.Clock.Advance(time.Minute)
		app.Post(self+"/verify", nil).Want(200)
		app.Post(self+"/verify", passCode(app.Code(t, "+15554151337"))).Want(200)
	})
}

// TestFactorFaults: what cannot be leaves everything as it was.
func TestFactorFaults(t *testing.T) {
	app := apptest.New(t)
	allowFactors(t, app, "okta_sms", "okta_email", "okta_question")
	at := factorsOf(t, app, "faulty@example.org")
	app.WantEvents(t, nil, func() {
		for _, c := range []struct {
			path, body string
			status     int
			code, why  string
		}{
			{at, `{"factorType":"sms","provider":"GOOGLE"}`, 400, "E0000001", "Invalid Provider."},
			{at, `{"factorType":"token"}`, 400, "E0000001", "Invalid Provider."},
			{at, `{"factorType":"carrier pigeon","provider":"OKTA"}`, 400, "E0000001", "Invalid Provider."},
			{at, callFactor, 400, "E0000001", "Factor not enabled."},
			{at, `{"factorType":"sms","provider":"OKTA"}`, 400, "E0000001", "phoneNumber: The field cannot be left blank"},
			{at, `{"factorType":"sms","provider":"OKTA","profile":{"phoneNumber":5}}`, 400, "E0000001", "phoneNumber: must be a string"},
			{at, `{"factorType":"sms","provider":"OKTA","profile":{"phoneNumber":"12"}}`, 400, "E0000098", ""},
			{at, `{"factorType":"email","provider":"OKTA","profile":{"email":"other@example.org"}}`, 400, "E0000001", ""},
			{at, `{"factorType":"question","provider":"OKTA","profile":{"question":"none","answer":"mayonnaise"}}`, 400, "E0000001", "Invalid question."},
			{at + "?tokenLifetimeSeconds=0", smsFactor, 400, "E0000001", "tokenLifetimeSeconds: must be between 1 and 86400"},
			{at + "/sms0000000000000none/verify", `{}`, 404, "E0000007", ""},
			{at + "/sms0000000000000none/lifecycle/activate", passCode("1"), 404, "E0000007", ""},
		} {
			var why []string
			if c.why != "" {
				why = append(why, c.why)
			}
			app.Post(c.path, c.body).Fails(c.status, c.code, why...)
		}
		if a := app.Get(at).Want(200); string(a.Body) != "[]" {
			t.Errorf("%s", a.Body)
		}
		if list := app.Messages(t, "+15554151337"); len(list) > 0 {
			t.Errorf("%+v", list)
		}
	})
	other := factorsOf(t, app, "other@example.org")
	mine := app.Post(at, smsFactor).Want(200).Text("id")
	app.Post(other+"/"+mine+"/lifecycle/activate", passCode(app.Code(t, "+15554151337"))).Fails(404, "E0000007")
	for _, path := range []string{"/transactions/mst0", "/transactions/mst0/verify", "/verify/mst0"} {
		app.Get(at+"/"+mine+path).Fails(404, "E0000007")
	}
	app.Delete(at+"/"+mine+"/verify/mst0").Fails(404, "E0000007")
	app.Delete(at+"/"+mine+"/transactions/mst0").Fails(404, "E0000007")
}

// TestOwnFactors: users enrol by their own session, while its proof is fresh, and
// cannot vouch for their own phone.
func TestOwnFactors(t *testing.T) {
	app := apptest.New(t)
	allowFactors(t, app, "okta_sms", "okta_question")
	factorsOf(t, app, "own@example.org")
	b := app.Browser()
	token := b.Post("/api/v1/authn", `{"username":"own@example.org","password":"tlpWENT2m"}`).Want(200).Text("sessionToken")
	b.Get("/login/sessionCookieRedirect?token=" + token + "&redirectUrl=https://id.example.com/").Want(302)
	made := b.Post("/api/v1/users/me/factors?activate=true", smsFactor).Want(200)
	if made.Text("status") != "PENDING_ACTIVATION" {
		t.Errorf("%s", made.Body)
	}
	self := "/api/v1/users/me/factors/" + made.Text("id")
	b.Post(self+"/lifecycle/activate", passCode(app.Code(t, "+15554151337"))).Want(200)
	question := `{"factorType":"question","provider":"OKTA","profile":{"question":"favorite_art_piece","answer":"mayonnaise"}}`
	b.Post("/api/v1/users/me/factors", question).Want(200) // beside the one of this session
	app.Clock.Advance(time.Minute)
	other := app.Browser() // who has the password alone changes nothing that was there before
	token = other.Post("/api/v1/authn", `{"username":"own@example.org","password":"tlpWENT2m"}`).Want(200).Text("sessionToken")
	other.Get("/login/sessionCookieRedirect?token=" + token + "&redirectUrl=https://id.example.com/").Want(302)
	other.Delete(self).Fails(403, "E0000006")
	other.Post("/api/v1/users/me/factors?updatePhone=true", strings.Replace(smsFactor, "1337", "1338", 1)).Fails(403, "E0000006")
	other.Get("/api/v1/users/me/factors").Want(200)
	app.Clock.Advance(16 * time.Minute)
	b.Delete(self).Fails(403, "E0000006")
	b.Post("/api/v1/users/me/factors", `{"factorType":"question","provider":"OKTA","profile":{"question":"favorite_art_piece","answer":"mayonnaise"}}`).Fails(403, "E0000006")
	b.Post(self+"/verify", nil).Want(200)
	b.Get("/api/v1/users/me/factors").Want(200)

	// Who has proved the factor as well may give it up.
	everyone := app.Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	id := app.Post("/api/v1/policies", `{"type":"OKTA_SIGN_ON","name":"both","conditions":{"people":{"groups":{"include":["`+everyone+`"]}}}}`).Want(200).Text("id")
	app.Post("/api/v1/policies/"+id+"/rules", `{"type":"SIGN_ON","name":"both","actions":{"signon":{"access":"ALLOW","requireFactor":true,"factorPromptMode":"ALWAYS","session":{}}}}`).Want(200)
	app.Clock.Advance(31 * time.Second)
	owner := app.Browser()
	state := owner.Post("/api/v1/authn", `{"username":"own@example.org","password":"tlpWENT2m"}`).Want(200).Text("stateToken")
	at := "/api/v1/authn/factors/" + made.Text("id") + "/verify"
	owner.Post(at, map[string]any{"stateToken": state}).Want(200)
	token = owner.Post(at, map[string]any{"stateToken": state, "passCode": app.Code(t, "+15554151337")}).Want(200).Text("sessionToken")
	owner.Get("/login/sessionCookieRedirect?token=" + token + "&redirectUrl=https://id.example.com/").Want(302)
	owner.Delete(self).Want(204)
}
