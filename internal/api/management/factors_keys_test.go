package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/factor/keytest"
)

// TestFactorsBySecurityKey walks a security key from its enrolment to a proof,
// and shows that no administrator vouches for one.
func TestFactorsBySecurityKey(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "fido_webauthn")
		at := factorsOf(t, app, "keyed@example.org")
		made := app.Post(at+"?activate=true", `{"factorType":"webauthn","provider":"FIDO"}`).Want(200)
		self := at + "/" + made.Text("id")
		if made.Text("status") != "PENDING_ACTIVATION" || made.Text("vendorName") != "FIDO" || made.Text("_embedded.activation.attestation") != "direct" {
			t.Fatalf("%s", made.Body)
		}
		stale := made.Text("_embedded.activation.challenge")
		made = app.Post(self+"/resend", nil).Want(200)
		app.Post(self+"/lifecycle/activate", `{}`).Fails(400, "E0000001")
		app.Post(self+"/verify", nil).Fails(404, "E0000007")
		k := keytest.New(t, "one", "https://id.example.com", "id.example.com")
		far := *k
		far.Origin = "https://id.example.org"
		challenge := made.Text("_embedded.activation.challenge")
		app.Post(self+"/lifecycle/activate", far.Create(challenge)).Fails(403, "E0000068")
		app.Post(self+"/lifecycle/activate", k.Create(stale)).Fails(403, "E0000068")
		app.WantEvents(t, []string{"user.mfa.factor.activate SUCCESS"}, func() {
			a := app.Post(self+"/lifecycle/activate", k.Create(challenge)).Want(200)
			if a.Text("status") != "ACTIVE" || a.At("_embedded") != nil || !strings.Contains(string(a.Body), `"authenticatorName":"Authenticator","appId":null,"version":null`) {
				t.Errorf("%s", a.Body)
			}
		})
		asked := app.Post(self+"/verify", nil).Want(200)
		if asked.Text("factorResult") != "CHALLENGE" || asked.Text("_embedded.challenge.userVerification") != "preferred" || asked.Text("profile.authenticatorName") != "Authenticator" {
			t.Fatalf("%s", asked.Body)
		}
		answer := k.Get(asked.Text("_embedded.challenge.challenge"))
		app.WantEvents(t, []string{"user.authentication.auth_via_mfa SUCCESS"}, func() {
			if a := app.Post(self+"/verify", answer).Want(200); a.Text("factorResult") != "SUCCESS" {
				t.Errorf("%s", a.Body)
			}
		})
		app.WantEvents(t, []string{"user.authentication.auth_via_mfa FAILURE INVALID_CREDENTIALS"}, func() { app.Post(self+"/verify", answer).Fails(403, "E0000068") })
		app.Delete(self).Want(204)
	})
}
