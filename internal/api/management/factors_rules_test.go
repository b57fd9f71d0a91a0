package management_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// TestFactorsSwitchedOff: what the organisation has switched off and what the
// policy forbids cannot be enrolled, activated nor proved, and is not listed;
// neither is anything proved of a user who is suspended.
func TestFactorsSwitchedOff(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "okta_sms", "okta_call", "okta_question")
		at := factorsOf(t, app, "switched@example.org")
		call := at + "/" + app.Post(at+"?activate=true", callFactor).Want(200).Text("id")
		sms := at + "/" + app.Post(at, smsFactor).Want(200).Text("id")
		asked := at + "/" + app.Post(at, `{"factorType":"question","provider":"OKTA","profile":{"question":"disliked_food","answer":"mayonnaise"}}`).Want(200).Text("id")
		if a := app.Get(sms).Want(200); a.Text("_links.resend.0.name") != "sms" || a.Text("_links.activate.hints.allow.0") != "POST" {
			t.Errorf("%s", a.Body)
		}
		right := passCode(app.Code(t, "+15554151337"))

		app.Post("/api/v1/org/factors/okta_sms/lifecycle/deactivate", nil).Want(200)
		policy := app.Get(policies + "?type=MFA_ENROLL").Want(200).Text("0.id")
		app.Put(policies+"/"+policy, `{"type":"MFA_ENROLL","name":"factors","conditions":{"people":{"groups":{"include":["`+everyone(t, app)+`"]}}},
 "settings":{"factors":{"okta_sms":{"enroll":{"self":"OPTIONAL"}},"okta_question":{"enroll":{"self":"OPTIONAL"}}}}}`).Want(200)
		app.WantEvents(t, nil, func() {
			app.Post(sms+"/resend", nil).Fails(404, "E0000007")
			app.Post(sms+"/lifecycle/activate", right).Fails(404, "E0000007")
			app.Post(call+"/verify", nil).Fails(404, "E0000007")
			app.Post(call+"/verify", passCode("123456")).Fails(404, "E0000007")
			app.Post(at, smsFactor).Fails(400, "E0000001", "Factor not enabled.")
			if a := app.Get(at).Want(200); a.Text("0.factorType") != "question" || a.At("1") != nil {
				t.Errorf("%s", a.Body)
			}
			if a := app.Get(at + "/catalog").Want(200); string(a.Body) != "[]" {
				t.Errorf("%s", a.Body)
			}
		})
		app.Delete(call).Want(204)

		user := strings.TrimSuffix(at, "/factors")
		app.Post(user+"/lifecycle/suspend", nil).Want(200)
		app.WantEvents(t, nil, func() { app.Post(asked+"/verify", `{"answer":"mayonnaise"}`).Fails(403, "E0000038") })
		app.Post(user+"/lifecycle/unsuspend", nil).Want(200)
		app.Post(asked+"/verify", `{"answer":"mayonnaise"}`).Want(200)
	})
}

// TestOtherPhone: another number takes the place of a verified one on demand
// alone, and the log tells that the old one is gone.
func TestOtherPhone(t *testing.T) {
	app := apptest.New(t)
	allowFactors(t, app, "okta_sms")
	at := factorsOf(t, app, "other.phone@example.org")
	app.Post(at+"?activate=true", smsFactor).Want(200)
	other := strings.Replace(smsFactor, "1337", "1338", 1)
	app.Post(at, smsFactor).Fails(400, "E0000001", "A factor of this type is already set up.")
	app.Post(at, other).Fails(400, "E0000001", "There is an existing verified phone number.")
	pending := app.Post(at+"?updatePhone=true", other).Want(200).Text("id")
	app.WantEvents(t, []string{"user.mfa.factor.deactivate SUCCESS", "user.mfa.factor.activate SUCCESS"}, func() {
		app.Post(at+"/"+pending+"/lifecycle/activate", passCode(app.Code(t, "+15554151338"))).Want(200)
	})
	if a := app.Get(at).Want(200); a.Text("0.profile.phoneNumber") != "+15554151338" || a.At("1") != nil {
		t.Errorf("%s", a.Body)
	}
}

// TestFactorProofsInTheLog: the system log tells what judged a proof, and by which
// factor.
func TestFactorProofsInTheLog(t *testing.T) {
	app := apptest.New(t)
	allowFactors(t, app, "okta_sms")
	self := factorsOf(t, app, "logged@example.org")
	self += "/" + app.Post(self+"?activate=true", smsFactor).Want(200).Text("id")
	app.Post(self+"/verify", nil).Want(200)
	app.Post(self+"/verify", passCode("none")).Want(403)
	app.Post(self+"/verify", passCode(app.Code(t, "+15554151337"))).Want(200)
	a := app.Get(`/api/v1/logs?filter=eventType+eq+%22user.authentication.auth_via_mfa%22+and+authenticationContext.credentialProvider+eq+%22OKTA_CREDENTIAL_PROVIDER%22`).Want(200)
	for i, want := range []string{"core.user.factor.attempt_fail", "core.user.factor.attempt_success"} {
		at := string(rune('0'+i)) + "."
		for path, want := range map[string]string{
			"legacyEventType": want, "authenticationContext.authenticationProvider": "FACTOR_PROVIDER", "authenticationContext.credentialType": "SMS",
			"debugContext.debugData.factor": "SMS_FACTOR", "target.1.id": self[strings.LastIndexByte(self, '/')+1:],
		} {
			if got := a.Text(at + path); got != want {
				t.Errorf("%s%s is %q, want %q", at, path, got, want)
			}
		}
	}
}

// TestTextsInTheCallersLanguage: the header chooses among a template's languages.
func TestTextsInTheCallersLanguage(t *testing.T) {
	app := apptest.New(t)
	allowFactors(t, app, "okta_sms")
	text := app.Post(smsTemplates, `{"name":"Mine","type":"SMS_VERIFY_CODE","template":"any ${code}","translations":{"de":"deutsch ${code}","fr":"francais ${code}"}}`).Want(200).Text("id")
	self := factorsOf(t, app, "languages@example.org")
	self += "/" + app.Post(self+"?activate=true", smsFactor).Want(200).Text("id")
	for _, c := range []struct{ header, template, want string }{
		{"", text, "any "}, {"it, fr-CA;q=0.8, de;q=0.5", text, "francais "}, {"*", text, "any "}, {"de", text, "deutsch "}, {"de", "cst0000000000000none", "Usher"},
	} {
		app.With("Accept-Language", c.header).Post(self+"/verify?templateId="+c.template, nil).Want(200)
		if got := app.Messages(t, "+15554151337")[0].Text; !strings.HasPrefix(got, c.want) {
			t.Errorf("%q: %q", c.header, got)
		}
		app.Clock.Advance(time.Minute)
	}
}
