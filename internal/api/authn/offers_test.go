package authn_test

import (
	"encoding/json"
	"testing"

	"usher/internal/apptest"
)

// TestOffersTellWhatIsKnown: what can be enrolled tells the numbers that the user
// has proved, masked, how many of a kind there are, and of which profile a token
// is; an administrator's catalogue tells the numbers whole.
func TestOffersTellWhatIsKnown(t *testing.T) {
	app := apptest.New(t)
	everyone := app.Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	id := app.Post("/api/v1/policies", `{"type":"MFA_ENROLL","name":"all","settings":{"factors":{"okta_sms":{"enroll":{"self":"OPTIONAL"}},
		"okta_call":{"enroll":{"self":"OPTIONAL"}},"hotp":{"enroll":{"self":"OPTIONAL"}},"fido_webauthn":{"enroll":{"self":"REQUIRED"}},"okta_otp":{"enroll":{"self":"OPTIONAL"}}}},
		"conditions":{"people":{"groups":{"include":["`+everyone+`"]}}}}`).Want(200).Text("id")
	app.Post("/api/v1/policies/"+id+"/rules", `{"type":"MFA_ENROLL","name":"at once","actions":{"enroll":{"self":"LOGIN"}}}`).Want(200)
	for _, name := range []string{"Acme", "Other"} {
		app.Post("/api/v1/org/factors/hotp/profiles", `{"name":"`+name+`","settings":{"otpLength":6,"encoding":"base32","hmacAlgorithm":"HMacSHA1"}}`).Want(200)
	}
	const login = "known@example.com"
	at := tokenUser(app, login)
	offers := func() map[string]string {
		var body struct {
			Embedded struct {
				Factors []map[string]json.RawMessage `json:"factors"`
			} `json:"_embedded"`
		}
		begin(app, login).JSON(&body)
		out := map[string]string{}
		for _, f := range body.Embedded.Factors {
			kind := string(f["factorType"])
			for _, name := range []string{"status", "enrollment", "vendorName", "_embedded", "policy"} {
				out[kind+" "+name] = string(f[name])
			}
			out[kind+" profiles"] = string(f["profiles"])
		}
		return out
	}
	expect := func(got, want map[string]string) {
		t.Helper()
		for name, text := range want {
			if got[name] != text {
				t.Errorf("%s: %s, want %s", name, got[name], text)
			}
		}
	}
	expect(offers(), map[string]string{
		`"sms" status`: `"NOT_SETUP"`, `"sms" enrollment`: `"OPTIONAL"`, `"sms" _embedded`: "", `"call" _embedded`: "",
		`"webauthn" policy`: `{"enrollment":{"enrolled":0,"minimum":1,"maximum":10}}`, `"token:software:totp" policy`: "",
	})
	call := app.Post(at+"?activate=true", `{"factorType":"call","provider":"OKTA","profile":{"phoneNumber":"+15554151337"}}`).Want(200).Text("id")
	app.Post(at, `{"factorType":"sms","provider":"OKTA","profile":{"phoneNumber":"+15554151338"}}`).Want(200)
	app.Post(at, `{"factorType":"token:hotp","provider":"CUSTOM","profile":{"sharedSecret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}`).Want(200)
	phones := func(number string) string {
		return `{"phones":[{"id":"` + call + `","profile":{"phoneNumber":"` + number + `"},"status":"ACTIVE"}]}`
	}
	got := offers()
	expect(got, map[string]string{
		`"sms" status`: `"NOT_SETUP"`, `"sms" _embedded`: phones("+1 XXX-XXX-1337"), `"call" status`: `"ACTIVE"`, `"call" _embedded`: phones("+1 XXX-XXX-1337"),
		`"token:hotp" status`: `"ACTIVE"`, `"token:hotp" vendorName`: `"Acme"`,
	})
	var profiles []struct {
		Name     string
		Embedded struct {
			Features []any
			Enrolled []struct{ Name string } `json:"enrolledFactors"`
		} `json:"_embedded"`
	}
	if err := json.Unmarshal([]byte(got[`"token:hotp" profiles`]), &profiles); err != nil || len(profiles) != 2 ||
		profiles[0].Embedded.Features == nil || len(profiles[0].Embedded.Enrolled) != 1 || len(profiles[1].Embedded.Enrolled) != 0 {
		t.Errorf("%s", got[`"token:hotp" profiles`])
	}
	var catalogue []map[string]json.RawMessage
	app.Get(at + "/catalog").Want(200).JSON(&catalogue)
	for _, f := range catalogue {
		if kind, got := string(f["factorType"]), string(f["_embedded"]); kind == `"sms"` && got != phones("+15554151337") || kind != `"sms"` && got != "" {
			t.Errorf("%s: %s", kind, got)
		}
	}
}
