package idx_test

import (
	"net/http"
	"regexp"
	"testing"

	"usher/internal/apptest"
)

// TestHostedSignIn begins on the page for people, goes on through the pipeline
// with the state token that the page hands over, and ends in the browser with
// a session that the rest of the server knows.
func TestHostedSignIn(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		browser := app.Browser()
		page := browser.Get("/login/login.htm").Want(http.StatusOK)
		found := regexp.MustCompile(`name="stateToken" value="([^"]+)"`).FindSubmatch(page.Body)
		if found == nil {
			t.Fatalf("no state token on the page: %s", page.Body)
		}
		handle := string(found[1])
		client := app.Anonymous().With("Content-Type", "application/json; okta-version=1.0.0")
		if step := client.Post("/idp/idx/introspect", map[string]any{"stateToken": handle}).Want(http.StatusOK).Text("step"); step != "IDENTIFY" {
			t.Fatal(step)
		}
		client.Post("/idp/idx/identify", map[string]any{"stateHandle": handle, "identifier": "isaac.brock@example.com"}).Want(http.StatusOK)
		client.Post("/idp/idx/challenge/answer", map[string]any{"stateHandle": handle, "credentials": map[string]any{"passcode": "wrong"}}).Want(http.StatusUnauthorized)
		done := client.Post("/idp/idx/challenge/answer", map[string]any{"stateHandle": handle, "credentials": map[string]any{"passcode": apptest.Password}}).Want(http.StatusOK)
		if want := "https://id.example.com/login/token/redirect?stateToken=" + handle; done.Text("success.href") != want {
			t.Fatalf("%s, want %s", done.Text("success.href"), want)
		}
		sent := browser.Get("/login/token/redirect?stateToken=" + handle).Want(http.StatusFound)
		if sent.Header.Get("Location") != "https://id.example.com/" {
			t.Fatal(sent.Header)
		}
		me := browser.Get("/api/v1/sessions/me").Want(http.StatusOK)
		if me.Text("login") != "isaac.brock@example.com" || me.Text("amr.0") != "pwd" {
			t.Fatalf("%s", me.Body)
		}
	})
}
