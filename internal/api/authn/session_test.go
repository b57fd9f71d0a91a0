package authn_test

import (
	"net/http"
	"net/url"
	"testing"

	"usher/internal/apptest"
)

// TestTokenToSession follows a one-time token through both of its ways to a
// session, and finds the story in the system log.
func TestTokenToSession(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		token := func() string {
			return app.Anonymous().Post("/api/v1/authn", map[string]any{"username": "isaac.brock@example.com", "password": apptest.Password}).
				Want(http.StatusOK).Text("sessionToken")
		}
		spent := token()
		if got := app.Post("/api/v1/sessions", map[string]any{"sessionToken": spent}).Want(http.StatusOK).Text("login"); got != "isaac.brock@example.com" {
			t.Fatal(got)
		}
		app.Post("/api/v1/sessions", map[string]any{"sessionToken": spent}).Fails(http.StatusUnauthorized, "E0000004")

		browser := app.Browser()
		browser.Get("/login/sessionCookieRedirect?" + url.Values{"token": {token()}, "redirectUrl": {"https://id.example.com/app"}}.Encode()).Want(http.StatusFound)
		browser.Get("/api/v1/sessions/me").Want(http.StatusOK)
		refused := app.Browser().Get("/login/sessionCookieRedirect?" + url.Values{"token": {token()}, "redirectUrl": {"https://evil.example.com/"}}.Encode())
		if refused.Want(http.StatusBadRequest).Header.Get("Set-Cookie") != "" {
			t.Fatal(refused.Header)
		}

		var events []struct {
			EventType string
			Outcome   struct{ Result string }
			Actor     struct{ AlternateID string }
		}
		app.Get("/api/v1/logs?since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z").Want(http.StatusOK).JSON(&events)
		counts := map[string]int{}
		for _, e := range events {
			if e.Actor.AlternateID == "isaac.brock@example.com" {
				counts[e.EventType+" "+e.Outcome.Result]++
			}
		}
		if counts["policy.evaluate_sign_on ALLOW"] != 3 || counts["user.session.start SUCCESS"] != 3 {
			t.Fatalf("%v", counts)
		}
	})
}
