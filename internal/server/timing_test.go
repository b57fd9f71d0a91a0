package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/server"
	"usher/internal/signin/signintest"
)

// TestNoDoorTellsByItsTime: a sign-in that is refused takes as long for nobody
// as for a known user, in whatever state, by each of the doors.
func TestNoDoorTellsByItsTime(t *testing.T) {
	const samples = 2000
	app := apptest.New(t, apptest.Configure(func(c *server.Config) { c.Hashing = credential.Params{Memory: 1024, Time: 1, Threads: 1} }))
	kinds := refusedUsers(t, app)
	d := &door{t: t, handler: app.Server.Handler()}
	for name, try := range map[string]func(d *door, login string) time.Duration{
		"authn": authnDoor, "IdX": idxDoor, "page": pageDoor, "token endpoint": tokenDoor(t, app),
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			var timed []signintest.Timed
			for _, k := range kinds {
				timed = append(timed, signintest.Timed{Name: k.name, Try: func() time.Duration {
					app.Clock.Advance(time.Second) // no throttle has a say here
					return try(d, k.login)
				}})
			}
			signintest.SameTime(t, samples, timed...)
		})
	}
}

// refused is one of those whose sign-in fails.
type refused struct{ name, login string }

// refusedUsers makes a user for each reason for which a sign-in may fail, and
// lets no further guess lock anybody. The first two are alike.
func refusedUsers(t *testing.T, app *apptest.App) []refused {
	t.Helper()
	create := func(login string, credentials map[string]any) string {
		return app.Post("/api/v1/users", map[string]any{
			"profile":     map[string]any{"firstName": "Ann", "lastName": "Example", "email": login, "login": login},
			"credentials": credentials,
		}).Want(http.StatusOK).Text("id")
	}
	password := func() map[string]any { return map[string]any{"password": map[string]string{"value": apptest.Password}} }
	create("known@example.com", password())
	create("control@example.com", password())
	create("locked@example.com", password())
	create("bare@example.com", nil)
	app.Post("/api/v1/users/"+create("suspended@example.com", password())+"/lifecycle/suspend", nil).Want(http.StatusOK)
	attempts := func(n int) {
		path := "/api/v1/policies/"
		var policies []map[string]any
		app.Get("/api/v1/policies?type=PASSWORD").Want(http.StatusOK).JSON(&policies)
		p := policies[len(policies)-1]
		p["settings"].(map[string]any)["password"].(map[string]any)["lockout"].(map[string]any)["maxAttempts"] = n
		app.Put(path+p["id"].(string), p).Want(http.StatusOK)
	}
	attempts(1)
	app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "locked@example.com", "password": "wrong"}).Fails(http.StatusUnauthorized, "E0000004")
	attempts(0)
	if got := app.Get("/api/v1/users/locked@example.com").Text("status"); got != "LOCKED_OUT" {
		t.Fatalf("the locked user is %s", got)
	}
	return []refused{
		{"a known user", "known@example.com"},
		{"another known user", "control@example.com"},
		{"nobody", "nobody@example.com"},
		{"a locked user", "locked@example.com"},
		{"a user without a password", "bare@example.com"},
		{"a suspended user", "suspended@example.com"},
	}
}

// door asks the server's handler without a network between.
type door struct {
	t       *testing.T
	handler http.Handler
}

// ask sends a request and returns its answer, which must have the status, and
// the time that it took.
func (d *door) ask(method, path, media, body string, status int, cookies ...*http.Cookie) (*httptest.ResponseRecorder, time.Duration) {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	elapsed := env.Elapsed()
	d.handler.ServeHTTP(w, r)
	took := elapsed()
	if w.Code != status {
		d.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w, took
}

func authnDoor(d *door, login string) time.Duration {
	d.t.Helper()
	_, took := d.ask(http.MethodPost, "/api/v1/authn", "application/json", `{"username":"`+login+`","password":"wrong"}`, http.StatusUnauthorized)
	return took
}

// begin opens the sign-in page, which hands out a handle and its cookies.
func (d *door) begin() (handle string, cookies []*http.Cookie) {
	d.t.Helper()
	page, _ := d.ask(http.MethodGet, "/login/login.htm", "text/html", "", http.StatusOK)
	_, rest, _ := strings.Cut(page.Body.String(), `name="stateToken" value="`)
	handle, _, _ = strings.Cut(rest, `"`)
	return handle, page.Result().Cookies()
}

// idxDoor identifies and answers: the sum of both tells nothing.
func idxDoor(d *door, login string) time.Duration {
	d.t.Helper()
	handle, _ := d.begin()
	w, first := d.ask(http.MethodPost, "/idp/idx/identify", "application/json", `{"stateHandle":"`+handle+`","identifier":"`+login+`"}`, http.StatusOK)
	var view struct{ StateHandle string }
	if err := json.Unmarshal(w.Body.Bytes(), &view); err != nil {
		d.t.Fatal(err)
	}
	_, second := d.ask(http.MethodPost, "/idp/idx/challenge/answer", "application/json",
		`{"stateHandle":"`+view.StateHandle+`","credentials":{"passcode":"wrong"}}`, http.StatusUnauthorized)
	return first + second
}

// pageDoor does the same by forms.
func pageDoor(d *door, login string) time.Duration {
	d.t.Helper()
	handle, cookies := d.begin()
	const media = "application/x-www-form-urlencoded"
	w, first := d.ask(http.MethodPost, "/login/login.htm", media, url.Values{"step": {"identify"}, "stateToken": {handle}, "username": {login}}.Encode(), http.StatusOK, cookies...)
	_, rest, _ := strings.Cut(w.Body.String(), `name="stateToken" value="`)
	handle, _, _ = strings.Cut(rest, `"`)
	_, second := d.ask(http.MethodPost, "/login/login.htm", media, url.Values{"step": {"password"}, "stateToken": {handle}, "password": {"wrong"}}.Encode(), http.StatusUnauthorized, cookies...)
	return first + second
}

// tokenDoor asks for tokens with the name and password of a user.
func tokenDoor(t *testing.T, app *apptest.App) func(d *door, login string) time.Duration {
	t.Helper()
	c := app.Post("/api/v1/apps", map[string]any{
		"name": "oidc_client", "label": "Asks for passwords", "signOnMode": "OPENID_CONNECT",
		"credentials": map[string]any{"oauthClient": map[string]any{"token_endpoint_auth_method": "client_secret_post"}},
		"settings": map[string]any{"oauthClient": map[string]any{
			"application_type": "web", "redirect_uris": []string{"https://app.example.com/cb"},
			"grant_types": []string{"authorization_code", "password"}, "response_types": []string{"code"},
		}},
	}).Want(http.StatusOK)
	f := url.Values{
		"grant_type": {"password"}, "scope": {"openid"}, "password": {"wrong"},
		"client_id": {c.Text("credentials.oauthClient.client_id")}, "client_secret": {c.Text("credentials.oauthClient.client_secret")},
	}
	return func(d *door, login string) time.Duration {
		d.t.Helper()
		f.Set("username", login)
		_, took := d.ask(http.MethodPost, "/oauth2/v1/token", "application/x-www-form-urlencoded", f.Encode(), http.StatusBadRequest)
		return took
	}
}
