package server_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// TestTheLogScanFinds: what every test of a running server does at its end, the
// search of the log for what its clients have sent and got, finds what is there.
func TestTheLogScanFinds(t *testing.T) {
	for name, leak := range map[string]string{
		"nothing": "", "a password": "wrong-password-9", "the token": "the API token", "the state token": "stateToken",
	} {
		inner := &witness{TB: t}
		t.Run(name, func(t *testing.T) {
			inner.TB = t
			app := apptest.New(inner)
			c := app.Anonymous()
			c.Post("/api/v1/authn", map[string]string{"username": "nobody@example.com", "password": "wrong-password-9"}).Want(http.StatusUnauthorized)
			c.Post("/api/v1/authn", map[string]string{"stateToken": "00stateTokenOfSomebody"}).Want(http.StatusUnauthorized)
			app.Get("/api/v1/groups").Want(http.StatusOK)
			switch leak {
			case "the API token":
				leak = app.Seeded.APIToken
			case "stateToken":
				leak = "00stateTokenOfSomebody"
			}
			app.Server.Log().DebugContext(t.Context(), "a line", slog.String("text", "x"+leak))
			if !strings.Contains(app.Logs.String(), "a line") {
				t.Fatal("the log is not at its most talkative")
			}
		})
		if found := inner.complaints > 0; found != (leak != "") {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

// witness is a test that only counts what it is told.
type witness struct {
	testing.TB
	complaints int
}

// Errorf implements testing.TB.
func (w *witness) Errorf(string, ...any) { w.complaints++ }

// TestTheScanOfTheDatabaseFinds: what every test of a running server does at its
// end, the search of the database for what its clients have sent and got, finds
// what is kept as it is.
func TestTheScanOfTheDatabaseFinds(t *testing.T) {
	const wrong = "wrong-password-9"
	for name, nick := range map[string]string{"nothing": "", "a password": wrong} {
		inner := &witness{TB: t}
		t.Run(name, func(t *testing.T) {
			inner.TB = t
			app := apptest.New(inner)
			app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "isaac.brock@example.com", "password": wrong}).Want(http.StatusUnauthorized)
			app.Post("/api/v1/users/isaac.brock@example.com", map[string]any{"profile": map[string]string{"nickName": nick}}).Want(http.StatusOK)
		})
		if found := inner.complaints > 0; found != (nick != "") {
			t.Errorf("%s: found %v", name, found)
		}
	}
}
