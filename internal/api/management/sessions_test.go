package management_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// token signs a user in and returns the one-time token.
func token(t *testing.T, app *apptest.App, login string) string {
	t.Helper()
	a := app.Anonymous().Post("/api/v1/authn", map[string]any{"username": login, "password": apptest.Password}).Want(200)
	if a.Text("sessionToken") == "" {
		t.Fatalf("no session token: %s", a.Body)
	}
	return a.Text("sessionToken")
}

// signIn returns a browser with the user's session.
func signIn(t *testing.T, app *apptest.App, login string) *apptest.Client {
	t.Helper()
	a := app.Anonymous().Post("/api/v1/sessions", map[string]any{"sessionToken": token(t, app, login)}).Want(200)
	b := app.Browser()
	b.SetCookie("sid", a.Text("id"))
	return b
}

func TestSessions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		once := token(t, app, "isaac.brock@example.com")
		a := app.Anonymous().Post("/api/v1/sessions", map[string]any{"sessionToken": once}).Want(200)
		id := a.Text("id")
		if a.Text("status") != "ACTIVE" || a.Text("login") != "isaac.brock@example.com" || a.Text("idp.id") != app.Seeded.OrgID || a.Text("amr.0") != "pwd" ||
			a.Text("expiresAt") != "2026-03-01T14:00:00.000Z" || a.At("lastFactorVerification") != nil || a.Text("lastPasswordVerification") != "2026-03-01T12:00:00.000Z" ||
			a.Text("_links.user.name") != "Isaac Brock" || a.Text("_links.self.href") != "https://id.example.com/api/v1/sessions/"+id {
			t.Errorf("%s", a.Body)
		}
		app.Anonymous().Post("/api/v1/sessions", map[string]any{"sessionToken": once}).Fails(401, "E0000004")
		app.Anonymous().Post("/api/v1/sessions", `{}`).Fails(401, "E0000004")

		app.Clock.Advance(time.Hour)
		if got := app.Get("/api/v1/sessions/" + id).Want(200); got.Text("expiresAt") != "2026-03-01T14:00:00.000Z" {
			t.Errorf("%s", got.Body)
		}
		if got := app.Post("/api/v1/sessions/"+id+"/lifecycle/refresh", nil).Want(200); got.Text("expiresAt") != "2026-03-01T15:00:00.000Z" || got.Text("id") != id {
			t.Errorf("%s", got.Body)
		}
		if got := app.With("Prefer", "return=minimal").Post("/api/v1/sessions/"+id+"/lifecycle/refresh", nil).Want(204); got.Header.Get("Preference-Applied") != "return=minimal" {
			t.Errorf("%v", got.Header)
		}
		app.WantEvents(t, []string{"user.session.end SUCCESS"}, func() { app.Delete("/api/v1/sessions/" + id).Want(204) })
		for _, a := range []*apptest.Answer{app.Get("/api/v1/sessions/" + id), app.Delete("/api/v1/sessions/" + id), app.Post("/api/v1/sessions/"+id+"/lifecycle/refresh", nil)} {
			if a.Fails(404, "E0000007").Text("errorSummary") != "Not found: Resource not found: "+id+" (Session)" {
				t.Errorf("%s", a.Body)
			}
		}
		if log := app.Get("/api/v1/logs?limit=1000"); strings.Contains(string(log.Body), id) || strings.Contains(string(log.Body), once) || strings.Contains(app.Logs.String(), id) {
			t.Error("a secret is in a log")
		}
	})
}

func TestOwnSession(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		for _, a := range []*apptest.Answer{
			app.Browser().Get("/api/v1/sessions/me"), app.Browser().Delete("/api/v1/sessions/me"), app.Browser().Post("/api/v1/sessions/me/lifecycle/refresh", nil),
		} {
			if a.Fails(404, "E0000007").Text("errorSummary") != "Not found: Resource not found: me (Session)" {
				t.Errorf("%s", a.Body)
			}
		}
		b := signIn(t, app, "isaac.brock@example.com")
		me := b.Get("/api/v1/sessions/me").Want(200)
		if me.Text("id") == b.Cookie("sid") || me.Text("_links.self.href") != "https://id.example.com/api/v1/sessions/me" || me.Text("_links.user.href") != "https://id.example.com/api/v1/users/me" {
			t.Errorf("%s", me.Body)
		}
		app.Clock.Advance(time.Hour)
		if got := b.Post("/api/v1/sessions/me/lifecycle/refresh", nil).Want(200); got.Text("expiresAt") != "2026-03-01T15:00:00.000Z" {
			t.Errorf("%s", got.Body)
		}
		gone := b.Delete("/api/v1/sessions/me").Want(204)
		cookie := strings.Join(gone.Header.Values("Set-Cookie"), "\n")
		if !strings.Contains(cookie, "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None") || b.Cookie("sid") != "" {
			t.Errorf("%q", cookie)
		}
		b.Get("/api/v1/sessions/me").Want(404)
	})
}

func TestSignOutEverywhere(t *testing.T) {
	app := apptest.New(t)
	one, two := signIn(t, app, "isaac.brock@example.com"), signIn(t, app, "isaac.brock@example.com")
	app.WantEvents(t, []string{"user.session.clear SUCCESS"}, func() {
		if a := one.Post("/api/v1/users/me/lifecycle/delete_sessions", `{"keepCurrent":true}`).Want(200); string(a.Body) != "{}" {
			t.Errorf("%s", a.Body)
		}
	})
	one.Get("/api/v1/sessions/me").Want(200)
	two.Get("/api/v1/sessions/me").Want(404)
	two.Post("/api/v1/users/me/lifecycle/delete_sessions", nil).Fails(403, "E0000005")
	app.Delete("/api/v1/users/isaac.brock/sessions?oauthTokens=true").Want(204)
	one.Get("/api/v1/sessions/me").Want(404)
	three := signIn(t, app, "isaac.brock@example.com")
	app.Post("/api/v1/users/isaac.brock/lifecycle/suspend", nil).Want(200)
	three.Get("/api/v1/sessions/me").Want(404)
}
