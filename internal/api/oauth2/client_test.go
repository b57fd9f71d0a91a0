package oauth2_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// addScope gives the standard server a scope.
func addScope(t testing.TB, app *apptest.App, name string) {
	t.Helper()
	app.Post("/api/v1/authorizationServers/default/scopes", map[string]any{"name": name}).Want(201)
}

const defaultToken = "/oauth2/default/v1/token"

// TestClientAuthentication walks the ways in which a client can prove who it is
// and what is refused.
func TestClientAuthentication(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		addScope(t, app, "api:read")
		service := map[string]any{"grant_types": []string{"client_credentials"}, "response_types": []string{"token"}}
		secret := register(t, app, "service", "client_secret_basic", service)
		key := register(t, app, "service", "private_key_jwt", service)
		mac := register(t, app, "service", "client_secret_jwt", service)
		anon := app.Anonymous()
		url := func(pairs ...string) string { return defaultToken + "?" + form(pairs...).Encode() }

		ok := anon.With("Authorization", secret.basicAuth()).Post(defaultToken, form("grant_type", "client_credentials", "scope", "api:read")).Want(200)
		if ok.Text("token_type") != "Bearer" || ok.At("expires_in") != float64(3600) || ok.Text("scope") != "api:read" || ok.At("refresh_token") != nil {
			t.Errorf("%s", ok.Body)
		}
		// A type in the header is for those who ask for it: Spring Security takes none.
		typeOf := func(token string) string {
			text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
			if err != nil {
				t.Fatal(err)
			}
			var h struct{ Typ string }
			if err := json.Unmarshal(text, &h); err != nil {
				t.Fatal(err)
			}
			return h.Typ
		}
		if got := typeOf(ok.Text("access_token")); got != "" {
			t.Errorf("type %q", got)
		}
		for _, typ := range []string{"at+jwt", "JWT"} {
			app.Put("/api/v1/authorizationServers/default", `{"name":"default","audiences":["api://default"],"credentials":{"signing":{"typ":"`+typ+`"}}}`).Want(200)
			token := anon.Post(defaultToken, form("grant_type", "client_credentials", "scope", "api:read", "client_id", secret.id, "client_secret", secret.secret)).Want(200).Text("access_token")
			for _, held := range []string{token, ok.Text("access_token")} {
				if a := anon.With("Authorization", secret.basicAuth()).Post("/oauth2/default/v1/introspect", form("token", held)).Want(200); a.At("active") != true {
					t.Errorf("%s: %s", typ, a.Body)
				}
			}
			if got := typeOf(token); (got == "at+jwt") != (typ == "at+jwt") {
				t.Errorf("type %q, want %s", got, typ)
			}
		}
		// Parameters in the query of a request without a body.
		anon.Post(url("grant_type", "client_credentials", "scope", "api:read", "client_id", secret.id, "client_secret", secret.secret), nil).Want(200)

		refused(t, anon.With("Authorization", secret.basicAuth()).Post(defaultToken, form("grant_type", "client_credentials", "scope", "api:read openid")),
			400, "invalid_scope", "Cannot request 'openid' scopes using client credentials.")

		bad := secret.secret + "x"
		for name, c := range map[string]struct {
			with       string
			pairs      []string
			status     int
			code, text string
		}{
			"no client":       {"", nil, 401, "invalid_client", "No client credentials found."},
			"unknown client":  {"", []string{"client_id", "0oanobody", "client_secret", "x"}, 401, "invalid_client", "Invalid value for 'client_id' parameter."},
			"wrong secret":    {"", []string{"client_id", secret.id, "client_secret", bad}, 401, "invalid_client", "The client secret supplied for a confidential client is invalid."},
			"no secret":       {"", []string{"client_id", secret.id}, 401, "invalid_client", "No client credentials found."},
			"unknown kind":    {"", []string{"client_assertion", "x", "client_assertion_type", "y"}, 400, "invalid_request", "The client_assertion_type is invalid."},
			"secret for key":  {"", []string{"client_id", key.id, "client_secret", "whatever-it-is"}, 401, "invalid_client", ""},
			"plain for mac":   {"", []string{"client_id", mac.id, "client_secret", mac.secret}, 401, "invalid_client", ""},
			"two proofs":      {secret.basicAuth(), []string{"client_secret", secret.secret}, 400, "invalid_request", ""},
			"another client":  {secret.basicAuth(), []string{"client_id", key.id}, 400, "invalid_request", ""},
			"malformed basic": {"Basic !!!", nil, 401, "invalid_client", ""},
		} {
			t.Run(name, func(t *testing.T) {
				who := anon.On(t)
				if c.with != "" {
					who = who.With("Authorization", c.with)
				}
				refused(t, who.Post(defaultToken, form(append([]string{"grant_type", "client_credentials", "scope", "api:read"}, c.pairs...)...)), c.status, c.code, c.text)
			})
		}
		by := func(t *testing.T, assertion string, pairs ...string) *apptest.Answer {
			t.Helper()
			return anon.On(t).Post(defaultToken, form(append([]string{
				"grant_type", "client_credentials", "scope", "api:read", "client_assertion_type", assertionType, "client_assertion", assertion,
			}, pairs...)...))
		}
		endpoint := base + defaultToken
		for _, c := range []*client{key, mac, secret} {
			by(t, c.assertion(t, app, endpoint, nil)).Want(200)
			by(t, c.assertion(t, app, base+"/oauth2/default", nil), "client_id", c.id).Want(200)
			once := c.assertion(t, app, endpoint, nil)
			by(t, once).Want(200)
			refused(t, by(t, once), 401, "invalid_client", "The client_assertion token has been used already.")
			// The official Go SDK sends none: two that begin at once are alike.
			unnamed := c.assertion(t, app, endpoint, func(m map[string]any) { delete(m, "jti") })
			by(t, unnamed).Want(200)
			by(t, unnamed).Want(200)
		}
		now := app.Clock.Now()
		for name, c := range map[string]struct {
			change func(map[string]any)
			text   string
		}{
			"another audience": {func(m map[string]any) { m["aud"] = "https://evil.example" }, "The audience claim for client_assertion must be the endpoint invoked for the request."},
			"expired":          {func(m map[string]any) { m["exp"] = now.Unix() }, "The client_assertion token is expired."},
			"far expiry":       {func(m map[string]any) { m["exp"] = now.Add(3 * time.Hour).Unix() }, "The client_assertion token has an expiration too far into the future."},
			"no expiry":        {func(m map[string]any) { delete(m, "exp") }, ""},
			"not yet":          {func(m map[string]any) { m["nbf"] = now.Add(10 * time.Minute).Unix() }, ""},
			"other subject":    {func(m map[string]any) { m["sub"] = secret.id }, ""},
		} {
			t.Run(name, func(t *testing.T) {
				refused(t, by(t, key.assertion(t, app, endpoint, c.change)), 401, "invalid_client", c.text)
			})
		}
		forged := *key
		forged.key, _ = newKey(t, "k1")
		refused(t, by(t, forged.assertion(t, app, endpoint, nil)), 401, "invalid_client", "The client_assertion signature is invalid.")
		// A public key taken for the secret of a MAC.
		confused := &client{id: key.id, secret: "a guess at the public key, long enough"}
		refused(t, by(t, confused.assertion(t, app, endpoint, nil)), 401, "invalid_client", "The client_assertion signature is invalid.")
		refused(t, by(t, "eyJhbGciOiJub25lIn0."+"e30"+"."), 401, "invalid_client", "The parsing of the client_assertion failed.")

		app.Post("/api/v1/apps/"+secret.app+"/lifecycle/deactivate", nil).Want(200)
		refused(t, anon.With("Authorization", secret.basicAuth()).Post(defaultToken, form("grant_type", "client_credentials", "scope", "api:read")),
			401, "invalid_client", "Invalid value for 'client_id' parameter.")
	})
}

// TestPublicClientInHeader: the official client for browsers names itself in the
// Authorization header when it revokes, without a secret and without a colon.
// Who has a secret has to show it all the same.
func TestPublicClientInHeader(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		public, confidential := spa(t, app, nil), web(t, app, nil)
		b := signedIn(t, app, isaac)
		given := redeem(app, "default", public, code(t, b, "default", request(public, "scope", "openid offline_access"))).Want(200)
		other := redeem(app, "default", confidential, code(t, b, "default", request(confidential))).Want(200).Text("access_token")
		as := func(text string) *apptest.Client {
			return app.Anonymous().With("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(text)))
		}
		active := func(c *client, token string) any {
			t.Helper()
			who := as(public.id + ":")
			if c.secret != "" {
				who = app.Anonymous().With("Authorization", c.basicAuth())
			}
			return who.Post("/oauth2/default/v1/introspect", form("token", token)).Want(200).At("active")
		}
		for _, name := range []string{"access_token", "refresh_token"} {
			if active(public, given.Text(name)) != true {
				t.Errorf("%s is not active", name)
			}
			as(public.id).Post("/oauth2/default/v1/revoke", form("token", given.Text(name))).Want(200)
			if active(public, given.Text(name)) != false {
				t.Errorf("%s is active", name)
			}
		}
		for _, text := range []string{confidential.id, confidential.id + ":", "\x00", "\x00:", ":", "%00", "\xff"} {
			refused(t, as(text).Post("/oauth2/default/v1/revoke", form("token", other)), 401, "invalid_client", "")
		}
		refused(t, as(public.id).Post("/oauth2/default/v1/revoke", form("token", other, "client_secret", confidential.secret)), 400, "invalid_request", "")
		if active(confidential, other) != true {
			t.Error("a token was revoked by somebody else")
		}
	})
}
