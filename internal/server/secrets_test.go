package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// TestNoSecretIsKeptOrLogged walks through everything that hands out a secret
// and then looks for each of them in the log, at its most talkative, and in a
// dump of the whole database.
func TestNoSecretIsKeptOrLogged(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const password, answer = "Correct-Horse-Battery-7", "the answer to everything"
		secrets := map[string]string{"password": password, "answer": answer, "API token": app.Seeded.APIToken}

		created := app.Post("/api/v1/users?activate=false", map[string]any{
			"profile": map[string]any{"firstName": "Ann", "lastName": "Example", "email": "ann@example.com", "login": "ann@example.com"},
		}).Want(http.StatusOK)
		invited := app.Post("/api/v1/users/"+created.Text("id")+"/lifecycle/activate?sendEmail=false", nil).Want(http.StatusOK)
		secrets["activation token"] = invited.Text("activationToken")

		app.Post("/api/v1/users", map[string]any{
			"profile":     map[string]any{"firstName": "Bob", "lastName": "Example", "email": "bob@example.com", "login": "bob@example.com"},
			"credentials": map[string]any{"password": map[string]string{"value": password}, "recovery_question": map[string]string{"question": "Why?", "answer": answer}},
		}).Want(http.StatusOK)
		signedIn := app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "bob@example.com", "password": password}).Want(http.StatusOK)
		secrets["session token"] = signedIn.Text("sessionToken")
		wrong := "Wrong-Password-9"
		secrets["wrong password"] = wrong
		app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "bob@example.com", "password": wrong}).Fails(http.StatusUnauthorized, "E0000004")

		session := app.Anonymous().Post("/api/v1/sessions", map[string]string{"sessionToken": secrets["session token"]}).Want(http.StatusOK)
		secrets["session id"] = session.Text("id")

		browser := app.Browser()
		page := browser.Get("/login/login.htm").Want(http.StatusOK)
		_, rest, _ := strings.Cut(string(page.Body), `name="stateToken" value="`)
		handle, _, _ := strings.Cut(rest, `"`)
		secrets["state token"] = handle
		view := browser.Post("/idp/idx/identify", map[string]any{"stateHandle": handle, "identifier": "bob@example.com"}).Want(http.StatusOK)
		done := browser.Post("/idp/idx/challenge/answer", map[string]any{
			"stateHandle": view.Text("stateHandle"), "credentials": map[string]string{"passcode": password},
		}).Want(http.StatusOK)
		target, err := url.Parse(done.Text("success.href"))
		if err != nil {
			t.Fatal(err)
		}
		browser.Get(target.RequestURI())
		secrets["cookie"] = browser.Cookie("idx")

		dump, err := app.Server.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, logs := unpack(t, dump), app.Logs.String()
		for name, secret := range secrets {
			if len(secret) < 8 {
				t.Fatalf("the walk got no %s: %q", name, secret)
			}
			if strings.Contains(text, secret) {
				t.Errorf("the database holds the %s in the clear", name)
			}
			if strings.Contains(logs, secret) {
				t.Errorf("the log holds the %s", name)
			}
		}
		if !strings.Contains(text, "bob@example.com") || !strings.Contains(logs, "/api/v1/authn") && !strings.Contains(logs, "authenticate") {
			t.Error("dump or log are empty: the test tests nothing")
		}
	})
}

func unpack(t *testing.T, dump []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(dump))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
