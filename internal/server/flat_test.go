package server_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// lasting are the tables that are meant to grow with what people do: the log,
// and why each of its lines came out as it did.
var lasting = map[string]bool{"events": true, "decisions": true}

// TestTablesStayFlat lets three days pass with the same hour over and over
// again, most of which leaves something that nobody comes back for. At the end
// no table holds more than it did in the middle.
func TestTablesStayFlat(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		w := &dayOf{app: app, client: webClient(t, app)}
		w.family = w.trade(t, w.code(t, "openid offline_access")).Text("refresh_token")
		var middle, end map[string]int
		const hours = 3 * 24
		for hour := 1; hour <= hours; hour++ {
			w.hour(t)
			switch hour {
			case hours / 2:
				middle = rowsOf(t, app)
			case hours:
				end = rowsOf(t, app)
			}
			app.Clock.Advance(time.Hour)
			if err := app.Server.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for table, n := range end {
			if n > middle[table] && !lasting[table] {
				t.Errorf("%s: %d rows in the middle, %d at the end", table, middle[table], n)
			}
		}
		for _, table := range []string{"sessions", "session_tokens", "transactions", "oauth_tickets", "oauth_refresh", "oauth_spent", "events"} {
			if end[table] == 0 {
				t.Errorf("nothing happened in %s", table)
			}
		}
	})
}

// dayOf is what goes on all day.
type dayOf struct {
	app    *apptest.App
	client [2]string // identifier and secret
	family string    // a refresh token that is used every hour
}

const (
	flatCallback = "https://app.example/callback"
	flatVerifier = "a-verifier-of-more-than-forty-three-characters-0123"
)

// webClient registers an application for everybody.
func webClient(t *testing.T, app *apptest.App) [2]string {
	t.Helper()
	a := app.Post("/api/v1/apps", map[string]any{
		"name": "oidc_client", "label": "Day", "signOnMode": "OPENID_CONNECT", "settings": map[string]any{"oauthClient": map[string]any{
			"application_type": "web", "redirect_uris": []string{flatCallback}, "response_types": []string{"code"},
			"grant_types": []string{"authorization_code", "refresh_token", "interaction_code", "urn:ietf:params:oauth:grant-type:device_code"},
		}},
	}).Want(http.StatusOK)
	everyone := app.Get("/api/v1/groups?q=Everyone").Want(http.StatusOK).Text("0.id")
	app.Put("/api/v1/apps/"+a.Text("id")+"/groups/"+everyone, map[string]any{}).Want(http.StatusOK)
	return [2]string{a.Text("credentials.oauthClient.client_id"), a.Text("credentials.oauthClient.client_secret")}
}

func (w *dayOf) post(path string, pairs ...string) *apptest.Answer {
	form := url.Values{"client_id": {w.client[0]}, "client_secret": {w.client[1]}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.app.Anonymous().Post(path, form)
}

// request is an authorization request.
func (w *dayOf) request(scope string) url.Values {
	sum := sha256.Sum256([]byte(flatVerifier))
	return url.Values{
		"client_id": {w.client[0]}, "response_type": {"code"}, "scope": {scope}, "redirect_uri": {flatCallback}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
}

// code signs somebody in by a one-time token and gets a code.
func (w *dayOf) code(t *testing.T, scope string) string {
	t.Helper()
	q := w.request(scope)
	q.Set("sessionToken", w.signIn(t))
	to, err := url.Parse(w.app.Browser().Get("/oauth2/v1/authorize?" + q.Encode()).Want(http.StatusFound).Header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		t.Fatalf("%v, %v", to, err)
	}
	return to.Query().Get("code")
}

func (w *dayOf) signIn(t *testing.T) string {
	t.Helper()
	return w.app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "isaac.brock@example.com", "password": apptest.Password}).
		Want(http.StatusOK).Text("sessionToken")
}

func (w *dayOf) trade(t *testing.T, code string) *apptest.Answer {
	t.Helper()
	return w.post("/oauth2/v1/token", "grant_type", "authorization_code", "code", code, "redirect_uri", flatCallback, "code_verifier", flatVerifier).Want(http.StatusOK)
}

// hour is what happens in an hour: every kind of thing that
// expires is made, and most of it is left lying.
func (w *dayOf) hour(t *testing.T) {
	t.Helper()
	w.signIn(t) // a token that nobody takes
	w.app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "ada.example@example.com", "password": "Wrong-Horse-1"})
	w.app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "nobody@example.com", "password": "Wrong-Horse-1"})
	w.code(t, "openid") // a code that nobody trades
	token := w.trade(t, w.code(t, "openid")).Text("access_token")
	w.post("/oauth2/v1/revoke", "token", token).Want(http.StatusOK)
	w.family = w.post("/oauth2/v1/token", "grant_type", "refresh_token", "refresh_token", w.family).Want(http.StatusOK).Text("refresh_token")
	w.app.Browser().Get("/oauth2/v1/authorize?" + w.request("openid").Encode()).Want(http.StatusFound) // somebody who never signs in
	w.post("/oauth2/v1/device/authorize", "scope", "openid").Want(http.StatusOK)
	pushed := w.request("openid")
	pushed.Set("client_secret", w.client[1])
	w.app.Anonymous().Post("/oauth2/v1/par", pushed).Want(http.StatusCreated)
	begun := w.request("openid")
	begun.Del("response_type")
	begun.Set("client_secret", w.client[1])
	handle := w.app.Anonymous().Post("/oauth2/v1/interact", begun).Want(http.StatusOK).Text("interaction_handle")
	w.app.Browser().Post("/idp/idx/introspect", map[string]string{"interactionHandle": handle}).Want(http.StatusOK)
	page := w.app.Browser().Get("/login/login.htm").Want(http.StatusOK)
	_, rest, _ := strings.Cut(string(page.Body), `name="stateToken" value="`)
	state, _, _ := strings.Cut(rest, `"`)
	w.app.Browser().Post("/idp/idx/identify", map[string]any{"stateHandle": state, "identifier": "isaac.brock@example.com"}).Want(http.StatusOK)
	w.app.Post("/api/v1/authn/recovery/password", map[string]string{"username": "isaac.brock@example.com"})
}

// rowsOf counts the rows of each table.
func rowsOf(t *testing.T, app *apptest.App) map[string]int {
	t.Helper()
	packed, err := app.Server.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, table := map[string]int{}, ""
	in := bufio.NewScanner(strings.NewReader(unpack(t, packed)))
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		var section struct{ Table string }
		switch {
		case strings.HasPrefix(in.Text(), "["):
			out[table]++
		case json.Unmarshal(in.Bytes(), &section) == nil && section.Table != "":
			table = section.Table
		}
	}
	if in.Err() != nil {
		t.Fatal(in.Err())
	}
	return out
}
