package oauth2_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

// TestForeignOrigins: whose pages trade codes is for each client to say, and
// browsers come from its pages by forms as well as by links.
func TestForeignOrigins(t *testing.T) {
	app := apptest.New(t)
	c := spa(t, app, map[string]any{"post_logout_redirect_uris": []string{"https://app.example/out"}})
	const own, other = "https://app.example", "https://evil.example"
	preflight := func(origin, at string) string {
		a := app.Anonymous().With("Origin", origin).With("Access-Control-Request-Method", "POST").Do("OPTIONS", at, nil).Want(204)
		if a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s may use cookies at %s", origin, at)
		}
		return a.Header.Get("Access-Control-Allow-Origin")
	}
	for at, want := range map[string]string{
		"/oauth2/v1/token": own, "/oauth2/default/v1/token": own, "/oauth2/v1/par": own, "/oauth2/default/v1/par": own, "/oauth2/v1/introspect": "",
	} {
		if got := preflight(own, at); got != want {
			t.Errorf("%s allows %q", at, got)
		}
	}
	const text = "Browser requests to the token endpoint must be part of at least one whitelisted redirect_uri."
	b := signedIn(t, app, isaac)
	trade := func(origin string) *apptest.Answer {
		v := form("grant_type", "authorization_code", "client_id", c.id, "code", code(t, b, "", request(c)), "redirect_uri", callback, "code_verifier", verifier)
		return b.With("Origin", origin).Post("/oauth2/v1/token", v)
	}
	refused(t, trade(other), 400, "invalid_request", text)
	refused(t, trade("null"), 400, "invalid_request", text)
	refused(t, app.Anonymous().With("Origin", other).Post("/oauth2/v1/par", request(c)), 400, "invalid_request", text)
	app.Anonymous().With("Origin", own).Post("/oauth2/v1/par", request(c)).Want(201)
	done := trade(own).Want(200)
	if h := done.Header; h.Get("Access-Control-Allow-Origin") != own || h.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(h.Get("Vary"), "Origin") {
		t.Errorf("%v", h)
	}
	for _, origin := range []string{own, "null"} {
		if got := answered(t, b.With("Origin", origin).Post("/oauth2/v1/authorize", request(c))); got.Get("code") == "" {
			t.Errorf("%v", got)
		}
	}
	out := b.With("Origin", own).Post("/oauth2/v1/logout", form(
		"id_token_hint", done.Text("id_token"), "post_logout_redirect_uri", "https://app.example/out", "state", "bye")).Want(302)
	if out.Header.Get("Location") != "https://app.example/out?state=bye" {
		t.Errorf("%v", out.Header)
	}
	if got := answered(t, b.Get(authorizeAt("", request(c, "prompt", "none")))); got.Get("error") != "login_required" {
		t.Errorf("still signed in: %v", got)
	}
	// What the protocol refuses is no failure of the server.
	if strings.Contains(app.Logs.String(), "request failed") {
		t.Errorf("%s", app.Logs.String())
	}
}
