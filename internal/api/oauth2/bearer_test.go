package oauth2_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

// serviceToken gets an access token of the organisation's own server for a
// service application.
func serviceToken(t testing.TB, app *apptest.App, c *client, scope string, more ...string) *apptest.Answer {
	t.Helper()
	v := form(append([]string{
		"grant_type", "client_credentials", "scope", scope, "client_assertion_type", assertionType,
		"client_assertion", c.assertion(t, app, base+"/oauth2/v1/token", nil),
	}, more...)...)
	return app.Anonymous().Post("/oauth2/v1/token", v)
}

func service(t testing.TB, app *apptest.App, more map[string]any) *client {
	t.Helper()
	o := map[string]any{"grant_types": []string{"client_credentials"}, "response_types": []string{"token"}}
	for k, v := range more {
		o[k] = v
	}
	return register(t, app, "service", "private_key_jwt", o)
}

// TestServiceApp: a service application does what an administrator granted, and
// nothing else.
func TestServiceApp(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := service(t, app, nil)
		refused(t, serviceToken(t, app, c, "okta.users.read"), 400, "consent_required", "You are not allowed any of the requested scopes.")
		grantScopes(t, app, c, "okta.users.read")
		var a *apptest.Answer
		app.WantEvents(t, []string{"app.oauth2.token.grant.access_token SUCCESS"}, func() {
			a = serviceToken(t, app, c, "okta.users.read okta.users.manage").Want(200)
		})
		if a.Text("token_type") != "Bearer" || a.Text("scope") != "okta.users.read" || a.At("refresh_token") != nil || a.At("id_token") != nil {
			t.Errorf("%s", a.Body)
		}
		access := claimsOf(t, a.Text("access_token"))
		for name, want := range map[string]any{"iss": base, "sub": c.id, "cid": c.id, "aud": base, "ver": float64(1), "uid": nil} {
			if access[name] != want {
				t.Errorf("%s is %v, want %v", name, access[name], want)
			}
		}
		who := app.Anonymous().With("Authorization", "Bearer "+a.Text("access_token"))
		if got := who.Get("/api/v1/users/" + isaac).Want(200); got.Text("profile.login") != isaac {
			t.Errorf("%s", got.Body)
		}
		no := who.Post("/api/v1/users?activate=false", map[string]any{"profile": map[string]any{"login": "new@example.com", "email": "new@example.com", "firstName": "N", "lastName": "N"}})
		no.Fails(403, "E0000006")
		if h := no.Header.Get("WWW-Authenticate"); h != `Bearer authorization_uri="https://id.example.com/oauth2/v1/authorize", realm="https://id.example.com", scope="okta.users.manage", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", resource="/api/v1/users"` {
			t.Errorf("%s", h)
		}
		grantScopes(t, app, c, "okta.users.manage")
		manage := app.Anonymous().With("Authorization", "Bearer "+serviceToken(t, app, c, "okta.users.manage").Want(200).Text("access_token"))
		manage.Post("/api/v1/users?activate=false", map[string]any{"profile": map[string]any{"login": "new@example.com", "email": "new@example.com", "firstName": "N", "lastName": "N"}}).Want(200)
		for name, token := range map[string]string{
			"nonsense": "nonsense", "cut": a.Text("access_token")[:40], "changed": a.Text("access_token") + "x",
		} {
			app.Anonymous().With("Authorization", "Bearer "+token).Get("/api/v1/users/"+isaac).Fails(401, "E0000011")
			_ = name
		}
		app.Clock.Advance(time.Hour)
		who.Get("/api/v1/users/"+isaac).Fails(401, "E0000011")
		after := app.Anonymous().With("Authorization", "Bearer "+serviceToken(t, app, c, "okta.users.read").Want(200).Text("access_token"))
		after.Get("/api/v1/users/" + isaac).Want(200)
		app.Post("/api/v1/apps/"+c.app+"/lifecycle/deactivate", nil).Want(200)
		after.Get("/api/v1/users/"+isaac).Fails(401, "E0000011")
	})
	app := apptest.New(t)
	secret := register(t, app, "service", "client_secret_basic", map[string]any{"grant_types": []string{"client_credentials"}, "response_types": []string{"token"}})
	grantScopes(t, app, secret, "okta.users.read")
	refused(t, app.Anonymous().With("Authorization", secret.basicAuth()).Post("/oauth2/v1/token", form("grant_type", "client_credentials", "scope", "okta.users.read")), 401, "invalid_client", "")
}

// TestUserBearer: an administrator's access token is worth the roles and the
// scopes, whichever is less, while the administrator may sign in.
func TestUserBearer(t *testing.T) {
	app := apptest.New(t)
	c := web(t, app, nil)
	grantScopes(t, app, c, "okta.users.read", "okta.groups.read")
	of := func(login, scope string) *apptest.Client {
		tokens := redeem(app, "", c, code(t, signedIn(t, app, login), "", request(c, "scope", scope))).Want(200)
		return app.Anonymous().With("Authorization", "Bearer "+tokens.Text("access_token"))
	}
	admin := of("admin@example.com", "openid okta.users.read")
	admin.Get("/api/v1/users/" + isaac).Want(200)
	admin.Get("/api/v1/groups").Fails(403, "E0000006")
	plain := of(isaac, "openid okta.users.read")
	plain.Get("/api/v1/users/ada.example@example.com").Fails(403, "E0000006")
	// A token without any such scope, and one of another server, open nothing.
	of("admin@example.com", "openid").Get("/api/v1/users/"+isaac).Fails(403, "E0000006")
	custom := redeem(app, "default", c, code(t, signedIn(t, app, "admin@example.com"), "default", request(c))).Want(200)
	app.Anonymous().With("Authorization", "Bearer "+custom.Text("access_token")).Get("/api/v1/users/"+isaac).Fails(401, "E0000011")
	app.Anonymous().With("Authorization", "Bearer "+custom.Text("id_token")).Get("/api/v1/users/"+isaac).Fails(401, "E0000011")
}

// TestDPoP: a token that is bound to a key is worth nothing without it.
// (RFC 9449)
func TestDPoP(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := service(t, app, map[string]any{"dpop_bound_access_tokens": true})
		grantScopes(t, app, c, "okta.users.read")
		key, _ := newKey(t, "")
		other, _ := newKey(t, "")
		endpoint := base + "/oauth2/v1/token"
		ask := func(proof string) *apptest.Answer {
			v := form("grant_type", "client_credentials", "scope", "okta.users.read", "client_assertion_type", assertionType,
				"client_assertion", c.assertion(t, app, endpoint, nil))
			who := app.Anonymous()
			if proof != "" {
				who = who.With("DPoP", proof)
			}
			return who.Post("/oauth2/v1/token", v)
		}
		refused(t, ask(""), 400, "invalid_dpop_proof", "")
		first := ask(dpop(t, app, key, "POST", endpoint, "", "", nil))
		refused(t, first, 400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
		nonce := first.Header.Get("DPoP-Nonce")
		once := dpop(t, app, key, "POST", endpoint, nonce, "", nil)
		a := ask(once).Want(200)
		if a.Text("token_type") != "DPoP" {
			t.Errorf("%s", a.Body)
		}
		refused(t, ask(once), 400, "invalid_dpop_proof", "The DPoP proof JWT has already been used.")
		for name, proof := range map[string]string{
			"another method": dpop(t, app, key, "GET", endpoint, nonce, "", nil),
			"another url":    dpop(t, app, key, "POST", "https://evil.example/oauth2/v1/token", nonce, "", nil),
			"too old":        dpop(t, app, key, "POST", endpoint, nonce, "", func(m map[string]any) { m["iat"] = app.Clock.Now().Add(-time.Hour).Unix() }),
			"to come":        dpop(t, app, key, "POST", endpoint, nonce, "", func(m map[string]any) { m["iat"] = app.Clock.Now().Add(time.Hour).Unix() }),
			"no id":          dpop(t, app, key, "POST", endpoint, nonce, "", func(m map[string]any) { delete(m, "jti") }),
			"no JWT":         "nonsense",
			"a weak key":     weakProof(t, app, endpoint, nonce),
			"another type": apptest.SignJWT(t, jose.ES256, key, (&jose.SignerOptions{EmbedJWK: true}).WithType("JWT"), map[string]any{
				"jti": unique(), "htm": "POST", "htu": endpoint, "iat": app.Clock.Now().Unix(), "nonce": nonce,
			}),
		} {
			t.Run(name, func(t *testing.T) {
				text := ""
				if name == "a weak key" { // it is not looked at further
					text = "The DPoP proof JWT carries no usable public key."
				}
				refused(t, ask(proof), 400, "invalid_dpop_proof", text)
			})
		}
		token := a.Text("access_token")
		resource := base + "/api/v1/users/" + isaac
		get := func(scheme, proof string) *apptest.Answer {
			who := app.Anonymous().With("Authorization", scheme+" "+token)
			if proof != "" {
				who = who.With("DPoP", proof)
			}
			return who.Get("/api/v1/users/" + isaac)
		}
		good := dpop(t, app, key, "GET", resource, "", token, nil)
		get("DPoP", good).Want(200)
		replayed := get("DPoP", good)
		replayed.Fails(400, "E0000011", "The DPoP proof JWT has already been used.")
		if h := replayed.Header.Get("WWW-Authenticate"); h != `DPoP algs="RS256 RS384 RS512 ES256 ES384 ES512", authorization_uri="https://id.example.com/oauth2/v1/authorize", `+
			`realm="https://id.example.com", scope="okta.users.read okta.users.read.self", error="invalid_dpop_proof", error_description="The DPoP proof JWT has already been used.", resource="/api/v1/users/`+isaac+`"` {
			t.Errorf("%s", h)
		}
		get("DPoP", "").Fails(400, "E0000011")
		get("Bearer", "").Fails(400, "E0000011", "The resource request requires a DPoP proof.")
		bare := get("Bearer", dpop(t, app, key, "GET", resource, "", token, nil))
		bare.Fails(400, "E0000011")
		if h := bare.Header.Get("WWW-Authenticate"); !strings.HasPrefix(h, `Bearer authorization_uri="`) || !strings.Contains(h, `error="invalid_request", error_description="The resource request requires a DPoP proof.", resource="/api/v1/users/`) {
			t.Errorf("%s", h)
		}
		get("DPoP", dpop(t, app, other, "GET", resource, "", token, nil)).Fails(400, "E0000011")
		get("DPoP", dpop(t, app, key, "GET", resource, "", "another token", nil)).Fails(400, "E0000011")
		app.Clock.Advance(24 * time.Hour)
		refused(t, ask(dpop(t, app, key, "POST", endpoint, nonce, "", nil)), 400, "use_dpop_nonce", "")
	})
}

// weakProof is a DPoP proof by an RSA key of 1024 bits.
func weakProof(t testing.TB, app *apptest.App, address, nonce string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // that is the point
	if err != nil {
		t.Fatal(err)
	}
	return apptest.SignJWT(t, jose.RS256, key, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"), map[string]any{
		"jti": unique(), "htm": "POST", "htu": address, "iat": app.Clock.Now().Unix(), "nonce": nonce,
	})
}

// TestDPoPCode: a code and a refresh token can be bound to a key, too.
func TestDPoPCode(t *testing.T) {
	app := apptest.New(t)
	c := spa(t, app, nil)
	key, public := newKey(t, "")
	other, _ := newKey(t, "")
	_ = public
	endpoint := base + "/oauth2/v1/token"
	with := func(k int, nonce string) *apptest.Client {
		use := key
		if k == 1 {
			use = other
		}
		return app.Anonymous().With("DPoP", dpop(t, app, use, "POST", endpoint, nonce, "", nil))
	}
	b := signedIn(t, app, isaac)
	nonce := with(0, "").Post("/oauth2/v1/token", form("grant_type", "refresh_token", "client_id", c.id)).Want(400).Header.Get("DPoP-Nonce")
	s := code(t, b, "", request(c, "scope", "openid offline_access"))
	a := with(0, nonce).Post("/oauth2/v1/token", form("grant_type", "authorization_code", "client_id", c.id, "code", s, "redirect_uri", callback, "code_verifier", verifier)).Want(200)
	if a.Text("token_type") != "DPoP" {
		t.Errorf("%s", a.Body)
	}
	again := form("grant_type", "refresh_token", "client_id", c.id, "refresh_token", a.Text("refresh_token"))
	refused(t, app.Anonymous().Post("/oauth2/v1/token", again), 400, "invalid_dpop_proof", "")
	refused(t, with(1, nonce).Post("/oauth2/v1/token", again), 400, "invalid_dpop_proof", "")
	with(0, nonce).Post("/oauth2/v1/token", again).Want(200)
	// Who wants all tokens bound gets none by the front channel, which binds none.
	front := web(t, app, map[string]any{
		"grant_types": []string{"authorization_code", "implicit"}, "response_types": []string{"code", "token", "id_token"}, "dpop_bound_access_tokens": true,
	})
	if got := answered(t, b.Get(authorizeAt("", request(front, "response_type", "token")))); got.Get("error") != "unauthorized_client" || got.Get("access_token") != "" {
		t.Errorf("%v", got)
	}
}

// TestTokenInForm: the user info takes an access token from the form that a
// client posts, once and from no other place.
func TestTokenInForm(t *testing.T) {
	app := apptest.New(t)
	c := spa(t, app, nil)
	token := redeem(app, "default", c, code(t, signedIn(t, app, isaac), "default", request(c))).Want(200).Text("access_token")
	const at = "/oauth2/default/v1/userinfo"
	a := app.Anonymous()
	if got := a.Post(at, form("access_token", token)).Want(200); got.Text("preferred_username") != isaac {
		t.Errorf("%s", got.Body)
	}
	refused(t, a.With("Authorization", "Bearer "+token).Post(at, form("access_token", token)), 400, "invalid_request", "")
	refused(t, a.With("Authorization", c.basicAuth()).Post(at, form("access_token", token)), 400, "invalid_request", "")
	refused(t, a.Post(at, url.Values{"access_token": {token, token}}), 400, "invalid_request", "")
	refused(t, a.Post(at, form("access_token", token+"x")), 401, "invalid_token", "")
	refused(t, a.Get(at+"?access_token="+token), 401, "invalid_token", "")
	refused(t, a.Post(at, form("token", token)), 401, "invalid_token", "")
}
