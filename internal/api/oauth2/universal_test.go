package oauth2_test

import (
	"testing"
	"time"

	"usher/internal/apptest"
)

// TestSignOutEverywhere: all that a user holds ends at once, and what the user
// gets afterwards is good.
func TestSignOutEverywhere(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := web(t, app, nil)
		grantScopes(t, app, c, "okta.users.read.self")
		user := app.Get("/api/v1/users/" + isaac).Want(200).Text("id")
		holds := func(token string) bool {
			return app.Anonymous().With("Authorization", c.basicAuth()).Post("/oauth2/default/v1/introspect", form("token", token)).Want(200).At("active") == true
		}
		everything := func() (b *apptest.Client, plain, access, refresh string) {
			b = signedIn(t, app, isaac)
			plain = redeem(app, "default", c, code(t, b, "default", request(c))).Want(200).Text("access_token")
			a := redeem(app, "default", c, code(t, b, "default", request(c, "scope", "openid offline_access"))).Want(200)
			return b, plain, a.Text("access_token"), a.Text("refresh_token")
		}
		const at = "/oauth2/v1/global-token-revocation"
		subject := func(pairs ...string) map[string]any {
			v := map[string]any{}
			for i := 0; i < len(pairs); i += 2 {
				v[pairs[i]] = pairs[i+1]
			}
			return map[string]any{"sub_id": v}
		}
		for range 2 {
			b, plain, access, refresh := everything()
			waiting := code(t, b, "default", request(c))
			if !holds(plain) || !holds(access) || !holds(refresh) {
				t.Fatal("what was given does not hold")
			}
			app.WantEvents(t, []string{"user.authentication.universal_logout SUCCESS", "user.session.clear SUCCESS", "app.oauth2.as.token.revoke SUCCESS"}, func() {
				app.Post(at, subject("format", "opaque", "id", user)).Want(204)
			})
			if holds(plain) || holds(access) || holds(refresh) {
				t.Error("something holds still")
			}
			b.Get("/api/v1/sessions/me").Want(404)
			redeem(app, "default", c, waiting).Want(400)
			app.Clock.Advance(2 * time.Second)
		}
		// What comes later holds, also when what was taken back is forgotten.
		_, plain, access, _ := everything()
		if !holds(plain) || !holds(access) {
			t.Error("what was given afterwards does not hold")
		}
		// Another name of the same user; and an administrator's token for programs.
		app.Post(at, subject("format", "iss_sub", "iss", base, "sub", user)).Want(204)
		admin := app.Get("/api/v1/users/admin@example.com").Want(200).Text("id")
		for name, v := range map[string]struct {
			body   any
			status int
		}{
			"no subject":     {map[string]any{}, 400},
			"unknown format": {subject("format", "email", "email", isaac), 400},
			"other issuer":   {subject("format", "iss_sub", "iss", "https://idp.example.com", "sub", user), 400},
			"no user":        {subject("format", "opaque", "id", ""), 400},
			"a login":        {subject("format", "opaque", "id", isaac), 400},
			"nobody":         {subject("format", "opaque", "id", "00unobody"), 404},
		} {
			t.Run(name, func(t *testing.T) { app.On(t).Post(at, v.body).Want(v.status) })
		}
		app.Anonymous().Post(at, subject("format", "opaque", "id", user)).Fails(403, "E0000005")
		app.Post(at, subject("format", "opaque", "id", admin)).Want(204)
		app.Get("/api/v1/users/me").Want(401)
	})
}

// TestSuspensionEndsTokens: what was given before a suspension does not come back
// with its end.
func TestSuspensionEndsTokens(t *testing.T) {
	app := apptest.New(t)
	c := web(t, app, nil)
	token := redeem(app, "default", c, code(t, signedIn(t, app, isaac), "default", request(c))).Want(200).Text("access_token")
	app.Clock.Advance(time.Second)
	app.Post("/api/v1/users/"+isaac+"/lifecycle/suspend", nil).Want(200)
	app.Post("/api/v1/users/"+isaac+"/lifecycle/unsuspend", nil).Want(200)
	if a := app.Anonymous().With("Authorization", c.basicAuth()).Post("/oauth2/default/v1/introspect", form("token", token)).Want(200); a.At("active") != false {
		t.Errorf("%s", a.Body)
	}
}
