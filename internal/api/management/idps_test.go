package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/saml/samltest"
)

// TestIdentityProviders makes, changes and removes an identity provider and its
// certificate.
func TestIdentityProviders(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		i := samltest.New(t, "urn:example:idp", app.Clock.Now())
		var key *apptest.Answer
		app.WantEvents(t, []string{"system.idp.key.create SUCCESS"}, func() {
			key = app.Post("/api/v1/idps/credentials/keys", map[string]any{"x5c": []string{i.X5C()}}).Want(200)
		})
		kid := key.Text("kid")
		if key.Text("kty") != "RSA" || key.Text("use") != "sig" || key.Text("x5c.0") != i.X5C() || key.Text("e") != "AQAB" || key.Text("x5t#S256") == "" {
			t.Errorf("%s", key.Body)
		}
		app.Post("/api/v1/idps/credentials/keys", map[string]any{"x5c": []string{i.X5C()}}).Fails(400, "E0000001")
		for _, bad := range []string{"", "!", "AAAA"} {
			app.Post("/api/v1/idps/credentials/keys", map[string]any{"x5c": []string{bad}}).Fails(400, "E0000001")
		}
		if got := app.Get("/api/v1/idps/credentials/keys").Want(200); got.Text("0.kid") != kid || got.At("1") != nil {
			t.Errorf("%s", got.Body)
		}
		app.Get("/api/v1/idps/credentials/keys/" + kid).Want(200)
		app.Get("/api/v1/idps/credentials/keys/404").Fails(404, "E0000007")

		body := func() map[string]any {
			return map[string]any{
				"type": "SAML2", "name": "Example IdP",
				"protocol": map[string]any{
					"type": "SAML2", "endpoints": map[string]any{"sso": map[string]any{"url": "https://idp.example.com/sso"}},
					"credentials": map[string]any{"trust": map[string]any{"issuer": "urn:example:idp", "kid": kid}},
				},
				"policy": map[string]any{
					"provisioning": map[string]any{"action": "AUTO", "groups": map[string]any{"action": "NONE"}}, "maxClockSkew": 120000,
				},
			}
		}
		var made *apptest.Answer
		app.WantEvents(t, []string{"system.idp.lifecycle.create SUCCESS"}, func() { made = app.Post("/api/v1/idps", body()).Want(200) })
		self := "/api/v1/idps/" + made.Text("id")
		for at, want := range map[string]string{
			"status": "ACTIVE", "type": "SAML2", "protocol.endpoints.sso.binding": "HTTP-POST", "protocol.endpoints.acs.type": "INSTANCE",
			"protocol.algorithms.response.signature.algorithm": "SHA-256", "policy.accountLink.action": "AUTO", "policy.provisioning.action": "AUTO",
			"policy.subject.userNameTemplate.template": "idpuser.subjectNameId", "_links.deactivate.href": "https://id.example.com" + self + "/lifecycle/deactivate",
		} {
			if got := made.Text(at); got != want {
				t.Errorf("%s is %q, want %q", at, got, want)
			}
		}
		// The Terraform provider for Okta reads these members without looking, and the
		// mappings from the profiles of it.
		for _, at := range []string{"policy.provisioning.conditions.deprovisioned.action", "policy.provisioning.conditions.suspended.action", "policy.provisioning.groups.action"} {
			if made.Text(at) != "NONE" {
				t.Errorf("%s: %s", at, made.Body)
			}
		}
		if got := app.Get("/api/v1/mappings?sourceId=" + made.Text("id")).Want(200); string(got.Body) != "[]" {
			t.Errorf("%s", got.Body)
		}
		app.Get("/api/v1/mappings?sourceId=0oanobody").Fails(400, "E0000001", "sourceId: must be an identity provider; other mappings are not kept")
		audience := made.Text("protocol.credentials.trust.audience")
		if len(audience) < 40 {
			t.Errorf("%s", made.Body)
		}
		app.Post("/api/v1/idps", body()).Fails(400, "E0000001") // the name is taken
		app.Delete("/api/v1/idps/credentials/keys/"+kid).Fails(400, "E0000001")
		renamed := body()
		renamed["name"] = "Another IdP"
		renamed["policy"] = map[string]any{"trustClaims": true, "subject": map[string]any{"format": []string{"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"}}}
		app.WantEvents(t, []string{"system.idp.lifecycle.update SUCCESS"}, func() {
			if got := app.Put(self, renamed).Want(200); got.Text("name") != "Another IdP" || got.At("policy.trustClaims") != true ||
				!strings.HasSuffix(got.Text("policy.subject.format.0"), "persistent") || got.Text("policy.provisioning.action") != "DISABLED" || got.Text("protocol.credentials.trust.audience") != audience {
				t.Errorf("%s", got.Body)
			}
		})
		app.WantEvents(t, []string{"system.idp.lifecycle.deactivate SUCCESS", "system.idp.lifecycle.activate SUCCESS"}, func() {
			if got := app.Post(self+"/lifecycle/deactivate", nil).Want(200); got.Text("status") != "INACTIVE" || got.Text("_links.activate.href") == "" {
				t.Errorf("%s", got.Body)
			}
			app.Post(self+"/lifecycle/activate", nil).Want(200)
			app.Post(self+"/lifecycle/activate", nil).Want(200)
		})
		if got := app.Get("/api/v1/idps?q=anoth&type=SAML2").Want(200); got.Text("0.id") != made.Text("id") || got.At("1") != nil {
			t.Errorf("%s", got.Body)
		}
		for _, query := range []string{"?q=example", "?type=OIDC"} {
			if got := app.Get("/api/v1/idps" + query).Want(200); string(got.Body) != "[]" {
				t.Errorf("%s: %s", query, got.Body)
			}
		}
		app.Get(self).Want(200)
		app.Get("/api/v1/idps/0oa404").Fails(404, "E0000007")
		app.WantEvents(t, []string{"system.idp.lifecycle.delete SUCCESS", "system.idp.key.delete SUCCESS"}, func() {
			app.Delete(self).Want(204)
			app.Delete("/api/v1/idps/credentials/keys/" + kid).Want(204)
		})
		app.Delete(self).Fails(404, "E0000007")
		app.Put(self, body()).Fails(404, "E0000007")
	})
}

// TestIdentityProvidersRefused: what an identity provider cannot be.
func TestIdentityProvidersRefused(t *testing.T) {
	app := apptest.New(t)
	i := samltest.New(t, "urn:example:idp", app.Clock.Now())
	kid := app.Post("/api/v1/idps/credentials/keys", map[string]any{"x5c": []string{i.X5C()}}).Want(200).Text("kid")
	for name, change := range map[string]func(b, trust, policy map[string]any){
		"another type":    func(b, _, _ map[string]any) { b["type"] = "OIDC" },
		"no name":         func(b, _, _ map[string]any) { b["name"] = " " },
		"no issuer":       func(_, trust, _ map[string]any) { trust["issuer"] = "" },
		"an unknown key":  func(_, trust, _ map[string]any) { trust["kid"] = "404" },
		"another unknown": func(_, trust, _ map[string]any) { trust["additionalKids"] = []string{"404"} },
		"no address": func(b, _, _ map[string]any) {
			b["protocol"].(map[string]any)["endpoints"] = map[string]any{"sso": map[string]any{"url": "javascript:x"}}
		},
		"SHA-1": func(b, _, _ map[string]any) {
			b["protocol"].(map[string]any)["algorithms"] = map[string]any{"response": map[string]any{"signature": map[string]any{"algorithm": "SHA-1"}}}
		},
		"another match": func(_, _, p map[string]any) { p["subject"] = map[string]any{"matchType": "EMAIL"} },
		"an expression": func(_, _, p map[string]any) {
			p["subject"] = map[string]any{"userNameTemplate": map[string]any{"template": "user.login"}}
		},
		"a bad filter":  func(_, _, p map[string]any) { p["subject"] = map[string]any{"filter": "("} },
		"too much skew": func(_, _, p map[string]any) { p["maxClockSkew"] = 3600000 },
		"an unknown group": func(_, _, p map[string]any) {
			p["accountLink"] = map[string]any{"filter": map[string]any{"groups": map[string]any{"include": []string{"00g404"}}}}
		},
		"provisioning is 1": func(_, _, p map[string]any) { p["provisioning"] = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			trust, policy := map[string]any{"issuer": "urn:example:idp", "kid": kid}, map[string]any{}
			b := map[string]any{
				"type": "SAML2", "name": "x", "policy": policy, "protocol": map[string]any{
					"endpoints": map[string]any{"sso": map[string]any{"url": "https://idp.example.com/sso"}}, "credentials": map[string]any{"trust": trust},
				},
			}
			change(b, trust, policy)
			app.On(t).Post("/api/v1/idps", b).Fails(400, "E0000001")
		})
	}
	if got := app.Get("/api/v1/idps").Want(200); string(got.Body) != "[]" {
		t.Errorf("%s", got.Body)
	}
}
