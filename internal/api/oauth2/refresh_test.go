package oauth2_test

import (
	"sync"
	"testing"
	"time"

	"usher/internal/apptest"
)

// refresh trades a refresh token of a public client on the own server.
func refresh(app *apptest.App, c *client, token string, pairs ...string) *apptest.Answer {
	v := form("grant_type", "refresh_token", "refresh_token", token)
	who := app.Anonymous()
	if c.secret != "" {
		who = who.With("Authorization", c.basicAuth())
	} else {
		v.Set("client_id", c.id)
	}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return who.Post("/oauth2/v1/token", v)
}

// offline gets tokens with a refresh token for a user.
func offline(t testing.TB, app *apptest.App, b *apptest.Client, c *client) *apptest.Answer {
	t.Helper()
	a := redeem(app, "", c, code(t, b, "", request(c, "scope", "openid profile offline_access"))).Want(200)
	if a.Text("refresh_token") == "" {
		t.Fatalf("no refresh token: %s", a.Body)
	}
	return a
}

// TestRefreshRotation: with each use the token changes; who comes with the one
// before soon after is told the same successor; who comes later ends the family.
func TestRefreshRotation(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := spa(t, app, nil)
		b := signedIn(t, app, isaac)
		first := offline(t, app, b, c)
		app.Clock.Advance(10 * time.Minute)
		var one *apptest.Answer
		app.WantEvents(t, []string{
			"app.oauth2.token.grant.access_token SUCCESS", "app.oauth2.token.grant.id_token SUCCESS", "app.oauth2.token.grant.refresh_token SUCCESS",
		}, func() { one = refresh(app, c, first.Text("refresh_token")).Want(200) })
		if one.Text("refresh_token") == first.Text("refresh_token") || one.Text("refresh_token") == "" {
			t.Fatalf("%s", one.Body)
		}
		before, after := claimsOf(t, first.Text("id_token")), claimsOf(t, one.Text("id_token"))
		if after["sub"] != before["sub"] || after["auth_time"] != before["auth_time"] || after["iat"] == before["iat"] || after["nonce"] != nil {
			t.Errorf("before %v\nafter %v", before, after)
		}
		app.Clock.Advance(29 * time.Second)
		again := refresh(app, c, first.Text("refresh_token")).Want(200)
		if again.Text("refresh_token") != one.Text("refresh_token") {
			t.Error("the successor is not the same when it is asked for again")
		}
		app.Clock.Advance(time.Second)
		app.WantEvents(t, []string{"app.oauth2.token.detect_reuse SUCCESS", "app.oauth2.token.grant FAILURE invalid_grant"}, func() {
			refused(t, refresh(app, c, first.Text("refresh_token")), 400, "invalid_grant", "The refresh token is invalid or expired.")
		})
		refused(t, refresh(app, c, one.Text("refresh_token")), 400, "invalid_grant", "The refresh token is invalid or expired.")
		// The access tokens went with it.
		app.Anonymous().With("Authorization", "Bearer "+one.Text("access_token")).Get("/oauth2/v1/userinfo").Want(401)
	})
}

// TestRefreshAtOnce: of many refreshes at once one branch lives on, and whoever
// asked holds it.
func TestRefreshAtOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := spa(t, app, nil)
		token := offline(t, app, signedIn(t, app, isaac), c).Text("refresh_token")
		var mu sync.Mutex
		seen := map[string]int{}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				a := refresh(app, c, token)
				mu.Lock()
				defer mu.Unlock()
				if a.Status == 200 {
					seen[a.Text("refresh_token")]++
				} else {
					seen[string(a.Body)]++
				}
			})
		}
		wg.Wait()
		if len(seen) != 1 {
			t.Fatalf("%d branches: %v", len(seen), seen)
		}
		for next := range seen {
			refresh(app, c, next).Want(200)
		}
	}, apptest.Random())
}

// TestRefreshLimits: a refresh token is its client's, for no more than it was
// given, for as long as it is used and its user may have it.
func TestRefreshLimits(t *testing.T) {
	app := apptest.New(t)
	c, other := web(t, app, nil), web(t, app, nil)
	b := signedIn(t, app, isaac)
	a := offline(t, app, b, c)
	token := a.Text("refresh_token")
	if again := refresh(app, c, token).Want(200); again.Text("refresh_token") != token {
		t.Error("a token that stays has changed")
	}
	if less := refresh(app, c, token, "scope", "openid").Want(200); less.Text("scope") != "openid" {
		t.Errorf("%s", less.Body)
	}
	refused(t, refresh(app, c, token, "scope", "openid email"), 400, "invalid_scope", "")
	refused(t, refresh(app, other, token), 400, "invalid_grant", "")
	refused(t, refresh(app, c, token+"x"), 400, "invalid_grant", "")
	refused(t, refresh(app, c, token[:len(token)-1]+"_"), 400, "invalid_grant", "") // a wrong secret of the family ends it
	refused(t, refresh(app, c, token), 400, "invalid_grant", "")

	token = offline(t, app, b, c).Text("refresh_token")
	app.Clock.Advance(89 * 24 * time.Hour)
	refresh(app, c, token).Want(200)
	app.Clock.Advance(89 * 24 * time.Hour)
	refresh(app, c, token).Want(200)
	app.Clock.Advance(90 * 24 * time.Hour)
	refused(t, refresh(app, c, token), 400, "invalid_grant", "")
}

// TestIntrospectAndRevoke: a token is known as long as it holds, to those whom
// it concerns.
func TestIntrospectAndRevoke(t *testing.T) {
	app := apptest.New(t)
	c, other := web(t, app, nil), web(t, app, nil)
	b := signedIn(t, app, isaac)
	ask := func(at string, c *client, token string) *apptest.Answer {
		return app.Anonymous().With("Authorization", c.basicAuth()).Post(at, form("token", token))
	}
	active := func(want bool, a *apptest.Answer) {
		t.Helper()
		if a.Want(200).At("active") != want {
			t.Errorf("active is not %v: %s", want, a.Body)
		}
		if !want && string(a.Body) != `{"active":false}` {
			t.Errorf("tells more than nothing: %s", a.Body)
		}
	}
	const at = "/oauth2/v1/introspect"
	a := offline(t, app, b, c)
	known := ask(at, c, a.Text("access_token"))
	active(true, known)
	if known.Text("username") != isaac || known.Text("client_id") != c.id || known.Text("token_type") != "Bearer" ||
		known.Text("scope") != "openid profile offline_access" || known.Text("iss") != base || known.Text("aud") != base {
		t.Errorf("%s", known.Body)
	}
	active(true, ask(at, c, a.Text("refresh_token")))
	active(true, ask(at, c, a.Text("id_token")))
	for _, name := range []string{"access_token", "refresh_token", "id_token"} {
		active(false, ask(at, other, a.Text(name)))
		active(false, ask("/oauth2/default/v1/introspect", c, a.Text(name)))
	}
	active(false, ask(at, c, "nonsense"))
	refused(t, app.Anonymous().Post(at, form("token", a.Text("access_token"))), 401, "invalid_client", "No client credentials found.")
	refused(t, ask(at, c, ""), 400, "invalid_request", "")
	custom := redeem(app, "default", c, code(t, b, "default", request(c))).Want(200)
	active(true, ask("/oauth2/default/v1/introspect", other, custom.Text("access_token"))) // a resource server

	ask("/oauth2/v1/revoke", other, a.Text("refresh_token")).Want(200)
	active(true, ask(at, c, a.Text("refresh_token")))
	ask("/oauth2/default/v1/revoke", c, custom.Text("access_token")).Want(200)
	active(false, ask("/oauth2/default/v1/introspect", c, custom.Text("access_token")))
	app.WantEvents(t, []string{"app.oauth2.token.revoke SUCCESS"}, func() { ask("/oauth2/v1/revoke", c, a.Text("refresh_token")).Want(200) })
	for _, name := range []string{"access_token", "refresh_token"} {
		active(false, ask(at, c, a.Text(name)))
	}
	late := offline(t, app, b, c).Text("access_token")
	app.Clock.Advance(time.Hour)
	active(false, ask(at, c, late))
}

func TestUserInfo(t *testing.T) {
	app := apptest.New(t)
	c := web(t, app, nil)
	b := signedIn(t, app, isaac)
	tokens := redeem(app, "default", c, code(t, b, "default", request(c, "scope", "openid profile email"))).Want(200)
	who := app.Anonymous().With("Authorization", "Bearer "+tokens.Text("access_token"))
	a := who.Get("/oauth2/default/v1/userinfo").Want(200)
	if a.Text("sub") != claimsOf(t, tokens.Text("id_token"))["sub"] || a.Text("email") != isaac || a.Text("preferred_username") != isaac || a.Text("given_name") == "" {
		t.Errorf("%s", a.Body)
	}
	if same := who.Post("/oauth2/default/v1/userinfo", nil).Want(200); string(same.Body) != string(a.Body) {
		t.Errorf("%s", same.Body)
	}
	own := redeem(app, "", c, code(t, b, "", request(c))).Want(200).Text("access_token")
	app.Anonymous().With("Authorization", "Bearer "+own).Get("/oauth2/v1/userinfo").Want(200)
	app.Anonymous().With("Authorization", "Bearer "+own).Post("/oauth2/v1/userinfo", nil).Want(200)
	no := app.Anonymous().With("Authorization", "Bearer "+own).Get("/oauth2/default/v1/userinfo")
	refused(t, no, 401, "invalid_token", "The access token is invalid.")
	if h := no.Header.Get("WWW-Authenticate"); h != `Bearer realm="https://id.example.com", error="invalid_token", error_description="The access token is invalid."` {
		t.Errorf("%s", h)
	}
	app.Anonymous().Get("/oauth2/v1/userinfo").Want(401)
	// An ID token is no access token.
	app.Anonymous().With("Authorization", "Bearer "+tokens.Text("id_token")).Get("/oauth2/default/v1/userinfo").Want(401)
	app.Post("/api/v1/users/"+isaac+"/lifecycle/suspend", nil).Want(200)
	app.Anonymous().With("Authorization", "Bearer "+own).Get("/oauth2/v1/userinfo").Want(401)
}

func TestLogout(t *testing.T) {
	app := apptest.New(t)
	const bye = "https://app.example/bye?x=1"
	c := web(t, app, map[string]any{"post_logout_redirect_uris": []string{bye}})
	other := web(t, app, nil)
	b := signedIn(t, app, isaac)
	id := redeem(app, "", c, code(t, b, "", request(c))).Want(200).Text("id_token")
	at := func(pairs ...string) string { return "/oauth2/v1/logout?" + form(pairs...).Encode() }
	for name, query := range map[string]string{
		"bad hint":          at("id_token_hint", "a.b.c"),
		"other address":     at("id_token_hint", id, "post_logout_redirect_uri", "https://app.example/bye"),
		"address of nobody": at("id_token_hint", id, "post_logout_redirect_uri", "https://evil.example/"),
		"another client":    at("id_token_hint", id, "client_id", other.id),
	} {
		t.Run(name, func(t *testing.T) {
			if a := b.On(t).Get(query).Want(400); a.Header.Get("Location") != "" {
				t.Errorf("leads to %s", a.Header.Get("Location"))
			}
		})
	}
	if b.Cookie("sid") == "" {
		t.Fatal("signed out by a bad request")
	}
	if a := b.Get("/oauth2/v1/logout").Want(302); path(t, a) != "/login/signout" {
		t.Errorf("without a hint to %s", path(t, a))
	}
	ada := signedIn(t, app, "ada.example@example.com")
	if a := ada.Get(at("id_token_hint", id, "post_logout_redirect_uri", bye)).Want(302); path(t, a) != "/login/signout" || ada.Cookie("sid") == "" {
		t.Errorf("another user: to %s", path(t, a))
	}
	app.Clock.Advance(2 * time.Hour) // an expired hint will do
	b = signedIn(t, app, isaac)
	app.WantEvents(t, []string{"user.session.end SUCCESS"}, func() {
		a := b.Get(at("id_token_hint", id, "post_logout_redirect_uri", bye, "state", "a b")).Want(302)
		if to := a.Header.Get("Location"); to != bye+"&state=a+b" {
			t.Errorf("leads to %s", to)
		}
	})
	if b.Cookie("sid") != "" {
		t.Error("the cookie stays")
	}
	if a := b.Post("/oauth2/v1/logout", form("id_token_hint", id)).Want(302); path(t, a) != "/login/login.htm?signedout" {
		t.Errorf("leads to %s", path(t, a))
	}
	custom := redeem(app, "default", c, code(t, signedIn(t, app, isaac), "default", request(c))).Want(200).Text("id_token")
	app.Browser().Get("/oauth2/default/v1/logout?" + form("id_token_hint", custom).Encode()).Want(302)
	app.Browser().Post("/oauth2/default/v1/logout", form("id_token_hint", custom)).Want(302)
	app.Browser().Get("/oauth2/default/v1/logout?" + form("id_token_hint", id).Encode()).Want(400) // of another server
}
