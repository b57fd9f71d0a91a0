package oauth2_test

import (
	"crypto/ecdsa"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

// TestKeysOfClients: a client changes from one key to the next without a pause,
// and a key that is switched off proves nothing.
func TestKeysOfClients(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := service(t, app, nil)
		grantScopes(t, app, c, "okta.users.read")
		at := "/api/v1/apps/" + c.app + "/credentials/jwks"
		first := app.Get(at).Want(200)
		if first.Text("0.kid") != "k1" || first.Text("0.status") != "ACTIVE" || first.At("1") != nil {
			t.Fatalf("%s", first.Body)
		}
		old := at + "/" + first.Text("0.id")
		proves := func(key *ecdsa.PrivateKey, kid string) bool {
			now := app.Clock.Now()
			text := apptest.SignJWT(t, jose.ES256, jose.JSONWebKey{Key: key, KeyID: kid}, nil, map[string]any{
				"iss": c.id, "sub": c.id, "aud": base + "/oauth2/v1/token", "exp": now.Add(5 * time.Minute).Unix(), "jti": unique(),
			})
			a := app.Anonymous().Post("/oauth2/v1/token", form("grant_type", "client_credentials", "scope", "okta.users.read",
				"client_assertion_type", assertionType, "client_assertion", text))
			return a.Status == 200
		}
		app.Post(old+"/lifecycle/deactivate", nil).Fails(400, "E0000001", "Can't deactivate the only active JSON Web Key when the value for `token_endpoint_auth_method` is `private_key_jwt`.")
		app.Delete(old).Fails(400, "E0000001", "You can't delete an active JSON Web Key. Deactivate the key before deleting it.")
		next, public := newKey(t, "k2")
		app.Clock.Advance(time.Minute)
		var made *apptest.Answer
		app.WantEvents(t, []string{"app.oauth2.credentials.lifecycle.create SUCCESS"}, func() { made = app.Post(at, public).Want(201) })
		if made.Text("kid") != "k2" || made.Text("created") != "2026-03-01T12:01:00.000Z" || made.Text("_links.deactivate.href") != base+at+"/"+made.Text("id")+"/lifecycle/deactivate" {
			t.Errorf("%s", made.Body)
		}
		if !proves(c.key, "k1") || !proves(next, "k2") {
			t.Error("both keys should prove the client")
		}
		app.Clock.Advance(2 * time.Second) // a node may remember a client for a second
		app.WantEvents(t, []string{"app.oauth2.credentials.lifecycle.deactivate SUCCESS"}, func() { app.Post(old+"/lifecycle/deactivate", nil).Want(200) })
		app.Clock.Advance(2 * time.Second)
		if proves(c.key, "k1") || !proves(next, "k2") {
			t.Error("a key that is off proves the client, or the other does not")
		}
		app.WantEvents(t, []string{"app.oauth2.credentials.lifecycle.activate SUCCESS"}, func() { app.Post(old+"/lifecycle/activate", nil).Want(200) })
		app.WantEvents(t, nil, func() { app.Post(old+"/lifecycle/activate", nil).Want(200) })
		app.Clock.Advance(2 * time.Second)
		if !proves(c.key, "k1") {
			t.Error("a key that is on again does not prove the client")
		}
		app.Post(old+"/lifecycle/deactivate", nil).Want(200)
		app.WantEvents(t, []string{"app.oauth2.credentials.lifecycle.delete SUCCESS"}, func() { app.Delete(old).Want(204) })
		app.Get(old).Fails(404, "E0000007")
		app.Get(at + "/" + made.Text("id")).Want(200)
		app.Post(at, public).Fails(400, "E0000001", "All keys in the 'jwks' must have a unique `kid`.")
		_, nameless := newKey(t, "")
		app.Post(at, nameless).Fails(400, "E0000001", "Each key should have a unique kid when adding multiple keys.")
		app.Post(at, map[string]any{"kty": "RSA", "kid": "k3", "n": "AQAB", "e": "AQAB"}).Fails(400, "E0000001")
		app.Post(at, map[string]any{"kty": "EC", "kid": "k3", "d": "x"}).Fails(400, "E0000001")
		app.Get("/api/v1/apps/0oanobody/credentials/jwks").Fails(404, "E0000007")
	})
}
