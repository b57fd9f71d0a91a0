package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

const smsTemplates = "/api/v1/templates/sms"

func TestSMSTemplates(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		if a := app.Get(smsTemplates).Want(200); a.At("0") != nil {
			t.Fatalf("%s", a.Body)
		}
		const text = `{"name":"Custom","type":"SMS_VERIFY_CODE","template":"${org.name}: your code is ${code}","translations":{"fr":"${org.name}: votre code est ${code}","de":"Ihr Code: ${code}"}}`
		made := app.Post(smsTemplates, text).Want(200)
		id := made.Text("id")
		if !strings.HasPrefix(id, "cst") || made.Text("translations.fr") != "${org.name}: votre code est ${code}" || made.Text("created") != "2026-03-01T12:00:00.000Z" {
			t.Fatalf("%s", made.Body)
		}
		at := smsTemplates + "/" + id
		changed := app.Post(at, `{"translations":{"de":null,"fr":"","es":"Tu código: ${code}"}}`).Want(200)
		if changed.Text("name") != "Custom" || changed.At("translations.de") != nil || changed.At("translations.fr") != nil || changed.Text("translations.es") != "Tu código: ${code}" {
			t.Fatalf("%s", changed.Body)
		}
		replaced := app.Put(at, `{"name":"Other","type":"SMS_VERIFY_CODE","template":"${code}"}`).Want(200)
		if replaced.Text("name") != "Other" || replaced.At("translations.es") != nil || replaced.Text("id") != id {
			t.Fatalf("%s", replaced.Body)
		}
		if a := app.Get(smsTemplates + "?templateType=SMS_VERIFY_CODE").Want(200); a.Text("0.name") != "Other" || a.At("1") != nil {
			t.Errorf("%s", a.Body)
		}
		app.Get(smsTemplates + "?templateType=OTHER").Want(400)
		app.Get(at).Want(200)
		app.Delete(at).Want(204)
		for _, a := range []*apptest.Answer{app.Get(at), app.Delete(at), app.Put(at, text), app.Post(at, `{}`)} {
			if a.Fails(404, "E0000007").Text("errorSummary") != "Not found: Resource not found: "+id+" (SmsTemplate)" {
				t.Errorf("%s", a.Body)
			}
		}
	})
}

func TestSMSTemplateFaults(t *testing.T) {
	app := apptest.New(t)
	id := app.Post(smsTemplates, `{"name":"n","type":"SMS_VERIFY_CODE","template":"${code}"}`).Want(200).Text("id")
	for body, cause := range map[string]string{
		`{"type":"SMS_VERIFY_CODE","template":"${code}"}`:                                                                "name: The field cannot be left blank",
		`{"name":"` + strings.Repeat("é", 51) + `","type":"SMS_VERIFY_CODE","template":"${code}"}`:                       "name: The field is too long",
		`{"name":"n","type":"OTHER","template":"${code}"}`:                                                               "type: must be SMS_VERIFY_CODE",
		`{"name":"n","type":"SMS_VERIFY_CODE"}`:                                                                          "template: The field cannot be left blank",
		`{"name":"n","type":"SMS_VERIFY_CODE","template":"${org.name}"}`:                                                 "template: must contain ${code}",
		`{"name":"n","type":"SMS_VERIFY_CODE","template":"${code}` + strings.Repeat("x", 155) + `"}`:                     "template: The field is too long",
		`{"name":"n","type":"SMS_VERIFY_CODE","template":"${code}\u0007"}`:                                               "template: must not contain control characters",
		`{"name":"n","type":"SMS_VERIFY_CODE","template":"${code}","translations":{"fr":"le code"}}`:                     "translations.fr: must contain ${code}",
		`{"name":"n","type":"SMS_VERIFY_CODE","template":"${code}","translations":{"french":"${code}"}}`:                 "translations: a language is a tag such as fr or pt-BR",
		`{"name":"n","type":"SMS_VERIFY_CODE","template":"${code}","translations":{"fr":"${code}","../../x":"${code}"}}`: "translations: a language is a tag such as fr or pt-BR",
	} {
		app.Post(smsTemplates, body).Fails(400, "E0000001", cause)
		app.Put(smsTemplates+"/"+id, body).Fails(400, "E0000001", cause)
	}
	app.Post(smsTemplates+"/"+id, `{"template":"no code"}`).Fails(400, "E0000001", "template: must contain ${code}")
	app.Post(smsTemplates, `[]`).Fails(400, "E0000003")
	if a := app.Get(smsTemplates + "/" + id).Want(200); a.Text("template") != "${code}" || a.Text("name") != "n" {
		t.Errorf("a refused change shows: %s", a.Body)
	}
}
