package oauth2_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// TestPasswordGrantRefusalsAreAlike: whoever is guessed at, and in whatever state
// that user is, the refusal of the password grant is the same to the byte:
// status, headers, cookies, body.
func TestPasswordGrantRefusalsAreAlike(t *testing.T) {
	app := apptest.New(t)
	c := web(t, app, map[string]any{"grant_types": []string{"authorization_code", "password"}})
	create := func(login string, password bool) string {
		body := map[string]any{"profile": map[string]any{"firstName": "Ann", "lastName": "Example", "email": login, "login": login}}
		if password {
			body["credentials"] = map[string]any{"password": map[string]string{"value": apptest.Password}}
		}
		return app.Post("/api/v1/users", body).Want(200).Text("id")
	}
	create("bare@example.com", false)
	app.Post("/api/v1/users/"+create("suspended@example.com", true)+"/lifecycle/suspend", nil).Want(200)
	app.Post("/api/v1/users/"+create("gone@example.com", true)+"/lifecycle/deactivate", nil).Want(200)
	app.Post("/api/v1/users/"+create("recovering@example.com", true)+"/lifecycle/reset_password?sendEmail=false", nil).Want(200)
	create("locked@example.com", true)
	for range 10 {
		app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "locked@example.com", "password": "wrong"}).Want(401)
	}
	if got := app.Get("/api/v1/users/locked@example.com").Text("status"); got != "LOCKED_OUT" {
		t.Fatalf("the locked user is %s", got)
	}
	// What differs between two requests whoever they are about.
	own := []string{"X-Okta-Request-Id", "Date", "X-Rate-Limit-Reset", "X-Rate-Limit-Remaining"}
	refusal := func(login, password string) string {
		a := app.Anonymous().With("Authorization", c.basicAuth()).
			Post(ownToken, form("grant_type", "password", "scope", "openid", "username", login, "password", password)).Want(400)
		h := a.Header.Clone()
		for _, name := range own {
			if h.Get(name) != "" {
				h.Set(name, "x")
			}
		}
		var out strings.Builder
		for _, name := range slices.Sorted(maps.Keys(h)) {
			out.WriteString(name + ": " + strings.Join(h[name], ", ") + "\n")
		}
		return out.String() + string(a.Body)
	}
	want := refusal("nobody@example.com", "wrong")
	if !strings.Contains(want, "invalid_grant") {
		t.Fatal(want)
	}
	for _, login := range []string{isaac, "bare@example.com", "suspended@example.com", "gone@example.com", "recovering@example.com", "locked@example.com"} {
		if got := refusal(login, "wrong"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", login, got, want)
		}
		if login == isaac || login == "bare@example.com" {
			continue
		}
		if got := refusal(login, apptest.Password); got != want {
			t.Errorf("%s, the right password:\n%s\nwant\n%s", login, got, want)
		}
	}
}
