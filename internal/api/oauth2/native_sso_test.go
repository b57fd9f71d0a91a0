package oauth2_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

const (
	typeOfID     = "urn:ietf:params:oauth:token-type:id_token"
	typeOfSecret = "urn:x-oath:params:oauth:token-type:device-secret"
	deviceScopes = "openid offline_access device_sso"
)

// native registers an application for devices.
func native(t testing.TB, app *apptest.App) *client {
	t.Helper()
	c := register(t, app, "native", "none", map[string]any{
		"redirect_uris": []string{callback}, "response_types": []string{"code"},
		"grant_types": []string{"authorization_code", "refresh_token", exchangeGrant},
	})
	assign(t, app, c)
	return c
}

// sso asks for tokens of another application of the device.
func sso(app *apptest.App, c *client, first *apptest.Answer, pairs ...string) *apptest.Answer {
	v := form("grant_type", exchangeGrant, "client_id", c.id, "subject_token", first.Text("id_token"), "subject_token_type", typeOfID,
		"actor_token", first.Text("device_secret"), "actor_token_type", typeOfSecret, "audience", "api://default", "scope", "openid offline_access")
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return app.Anonymous().Post(defaultToken, v)
}

// TestNativeSSO: who has signed in to one application of a device is signed in to
// the others, until the device secret ends.
func TestNativeSSO(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		one, two := native(t, app), native(t, app)
		begin := func() *apptest.Answer {
			b := signedIn(t, app, isaac)
			return redeem(app, "default", one, code(t, b, "default", request(one, "scope", deviceScopes))).Want(200)
		}
		at := func(path string, c *client, pairs ...string) *apptest.Answer {
			return app.Anonymous().Post("/oauth2/default/v1/"+path, form(append([]string{"client_id", c.id}, pairs...)...))
		}
		active := func(c *client, token string) bool {
			t.Helper()
			return at("introspect", c, "token", token).Want(200).At("active") == true
		}
		first := begin()
		id := claimsOf(t, first.Text("id_token"))
		if first.Text("device_secret") == "" || id["ds_hash"] == nil || id["sid"] == nil {
			t.Fatalf("%s %v", first.Body, id)
		}
		look := at("introspect", one, "token", first.Text("device_secret"), "token_type_hint", "device_secret").Want(200)
		if look.At("active") != true || look.Text("sid") != id["sid"] || look.Text("token_type") != typeOfSecret || look.At("exp") == nil || look.At("username") != nil {
			t.Errorf("%s", look.Body)
		}
		if active(two, first.Text("device_secret")) {
			t.Error("another application learns of the device secret")
		}
		app.Clock.Advance(2 * time.Hour) // the ID token may have expired
		var second *apptest.Answer
		app.WantEvents(t, []string{
			"app.oauth2.as.token.grant.access_token SUCCESS", "app.oauth2.as.token.grant.id_token SUCCESS", "app.oauth2.as.token.grant.refresh_token SUCCESS",
		}, func() { second = sso(app, two, first).Want(200) })
		other := claimsOf(t, second.Text("id_token"))
		if other["sid"] != id["sid"] || other["ds_hash"] != id["ds_hash"] || other["aud"] != two.id || other["auth_time"] != id["auth_time"] ||
			second.At("device_secret") != nil || second.Text("issued_token_type") != typeOfAccess || second.Text("refresh_token") == "" {
			t.Errorf("%s %v", second.Body, other)
		}
		loose := sso(app, two, first, "scope", "openid").Want(200)
		again := at("token", two, "grant_type", "refresh_token", "refresh_token", second.Text("refresh_token")).Want(200)

		stranger := begin()
		for name, a := range map[string]*apptest.Answer{
			"another's ID token":   sso(app, two, first, "subject_token", stranger.Text("id_token")),
			"an access token":      sso(app, two, first, "subject_token", first.Text("access_token")),
			"no such secret":       sso(app, two, first, "actor_token", "nonsense"),
			"the refresh token":    sso(app, two, first, "actor_token", first.Text("refresh_token")),
			"another's secret too": sso(app, two, first, "actor_token", stranger.Text("device_secret")),
		} {
			if a.Status != 400 || a.Text("error") != "invalid_grant" {
				t.Errorf("%s: %s", name, a.Body)
			}
		}
		refused(t, sso(app, two, first, "audience", ""), 400, "invalid_target", "")
		refused(t, sso(app, two, first, "actor_token_type", typeOfAccess), 400, "invalid_request", "")
		refused(t, sso(app, two, first, "actor_token", ""), 400, "invalid_request", "")
		plain := spa(t, app, nil)
		refused(t, sso(app, plain, first), 400, "unauthorized_client", "")

		// Only the one who got it ends it, and everything with it.
		at("revoke", two, "token", first.Text("device_secret")).Want(200)
		if !active(one, first.Text("device_secret")) {
			t.Error("ended by another application")
		}
		app.WantEvents(t, []string{"app.oauth2.as.token.revoke SUCCESS"}, func() { at("revoke", one, "token", first.Text("device_secret")).Want(200) })
		for name, of := range map[string]struct {
			c     *client
			token string
		}{
			"the secret": {one, first.Text("device_secret")}, "a refresh token": {one, first.Text("refresh_token")},
			"another refresh token": {two, again.Text("refresh_token")}, "an access token": {two, second.Text("access_token")},
			"one that came alone": {two, loose.Text("access_token")},
		} {
			if active(of.c, of.token) {
				t.Errorf("%s is active", name)
			}
		}
		refused(t, sso(app, two, first), 400, "invalid_grant", "")
		if !active(one, stranger.Text("refresh_token")) {
			t.Error("another sign-in has ended too")
		}

		// Signing out with it ends it, and not with another's ID token.
		third := begin()
		out := func(secret string) {
			t.Helper()
			app.Anonymous().Get("/oauth2/default/v1/logout?" + form("id_token_hint", third.Text("id_token"), "device_secret", secret).Encode()).Want(302)
		}
		out(stranger.Text("device_secret"))
		if !active(one, stranger.Text("device_secret")) {
			t.Error("ended by the ID token of another sign-in")
		}
		out(third.Text("device_secret"))
		if active(one, third.Text("device_secret")) || active(one, third.Text("refresh_token")) {
			t.Error("signing out ended nothing")
		}
		app.Clock.Advance(8 * 24 * time.Hour) // of the refresh token: seven days without use
		refused(t, sso(app, two, stranger), 400, "invalid_grant", "")
	})
}

// TestDeviceSecretIsAskedForRightly: with all three scopes, at a custom server, in
// a sign-in.
func TestDeviceSecretIsAskedForRightly(t *testing.T) {
	app := apptest.New(t)
	one := native(t, app)
	b := signedIn(t, app, isaac)
	for _, scope := range []string{"openid device_sso", "offline_access device_sso"} {
		if got := answered(t, b.Get(authorizeAt("default", request(one, "scope", scope)))); got.Get("error") != "invalid_scope" {
			t.Errorf("%s: %v", scope, got)
		}
	}
	plain := redeem(app, "default", one, code(t, b, "default", request(one, "scope", "openid offline_access"))).Want(200)
	if plain.At("device_secret") != nil {
		t.Errorf("%s", plain.Body)
	}
	first := redeem(app, "default", one, code(t, b, "default", request(one, "scope", deviceScopes))).Want(200)
	refused(t, app.Anonymous().Post(ownToken, form("grant_type", exchangeGrant, "client_id", one.id, "subject_token", first.Text("id_token"), "subject_token_type", typeOfID,
		"actor_token", first.Text("device_secret"), "actor_token_type", typeOfSecret, "audience", base, "scope", "openid")), 400, "invalid_request", "")
	// An ID token of the same session that came without the secret does not open it.
	refused(t, sso(app, native(t, app), first, "subject_token", plain.Text("id_token")), 400, "invalid_grant", "")
	a := app.Anonymous().Post(defaultToken, form("grant_type", "refresh_token", "client_id", one.id, "refresh_token", first.Text("refresh_token"))).Want(200)
	if a.At("device_secret") != nil || claimsOf(t, a.Text("id_token"))["ds_hash"] == nil || !strings.Contains(a.Text("scope"), "device_sso") {
		t.Errorf("%s", a.Body)
	}
}
