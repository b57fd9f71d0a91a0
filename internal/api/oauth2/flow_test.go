package oauth2_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"usher/internal/apptest"
)

const (
	callback = "https://app.example/callback"
	verifier = "a-verifier-of-more-than-forty-three-characters-0123"
)

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// spa registers a single-page application for everybody.
func spa(t testing.TB, app *apptest.App, settings map[string]any) *client {
	t.Helper()
	o := map[string]any{
		"redirect_uris": []string{callback}, "response_types": []string{"code"},
		"grant_types": []string{"authorization_code", "refresh_token"},
	}
	for k, v := range settings {
		o[k] = v
	}
	c := register(t, app, "browser", "none", o)
	assign(t, app, c)
	return c
}

// web registers a web application for everybody.
func web(t testing.TB, app *apptest.App, settings map[string]any) *client {
	t.Helper()
	o := map[string]any{
		"redirect_uris": []string{callback}, "response_types": []string{"code"},
		"grant_types": []string{"authorization_code", "refresh_token"},
	}
	for k, v := range settings {
		o[k] = v
	}
	c := register(t, app, "web", "client_secret_basic", o)
	assign(t, app, c)
	return c
}

// request is an authorization request with PKCE; pairs add to it or, with an
// empty value, take away.
func request(c *client, pairs ...string) url.Values {
	v := form("client_id", c.id, "response_type", "code", "scope", "openid profile", "redirect_uri", callback, "state", "s-1",
		"nonce", "n-1", "code_challenge", challenge(), "code_challenge_method", "S256")
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

func authorizeAt(server string, v url.Values) string {
	path := "/oauth2/v1/authorize?"
	if server != "" {
		path = "/oauth2/" + server + "/v1/authorize?"
	}
	return path + v.Encode()
}

// path cuts an address of ours to its path and query.
func path(t testing.TB, a *apptest.Answer) string {
	t.Helper()
	to, ok := strings.CutPrefix(a.Header.Get("Location"), base)
	if !ok {
		t.Fatalf("leads to %q: %s", a.Header.Get("Location"), a.Body)
	}
	return to
}

// answered reads what the answer at the redirect address says.
func answered(t testing.TB, a *apptest.Answer) url.Values {
	t.Helper()
	a.Want(302)
	to, err := url.Parse(a.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(a.Header.Get("Location"), callback) {
		t.Fatalf("leads to %q, %v", a.Header.Get("Location"), err)
	}
	text := to.RawQuery
	if to.Fragment != "" {
		text = to.EscapedFragment()
	}
	v, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var tokenField = regexp.MustCompile(`name="stateToken" value="([^"]+)"`)

// signIn goes through the sign-in page to which an answer leads and returns what
// comes at the address behind it.
func signIn(t testing.TB, b *apptest.Client, at *apptest.Answer, login string) *apptest.Answer {
	t.Helper()
	at.Want(302)
	to := path(t, at)
	from, err := url.Parse(to)
	if err != nil || from.Path != "/login/login.htm" {
		t.Fatalf("leads to %q, %v", to, err)
	}
	first := b.Get(to).Want(200)
	next := b.Post("/login/login.htm", form("step", "identify", "username", login, "fromURI", from.Query().Get("fromURI"), "stateToken", token(t, first))).Want(200)
	done := b.Post("/login/login.htm", form("step", "password", "password", apptest.Password, "stateToken", token(t, next))).Want(303)
	return b.Get(path(t, done))
}

func token(t testing.TB, page *apptest.Answer) string {
	t.Helper()
	m := tokenField.FindSubmatch(page.Body)
	if m == nil {
		t.Fatalf("no form in %s", page.Body)
	}
	return string(m[1])
}

const isaac = "isaac.brock@example.com"

// signedIn is a browser with a session.
func signedIn(t testing.TB, app *apptest.App, login string) *apptest.Client {
	t.Helper()
	b := app.Browser()
	first := b.Get("/login/login.htm").Want(200)
	next := b.Post("/login/login.htm", form("step", "identify", "username", login, "stateToken", token(t, first))).Want(200)
	b.Post("/login/login.htm", form("step", "password", "password", apptest.Password, "stateToken", token(t, next))).Want(303)
	return b
}

// code gets an authorization code for a browser that is signed in.
func code(t testing.TB, b *apptest.Client, server string, v url.Values) string {
	t.Helper()
	got := answered(t, b.Get(authorizeAt(server, v)))
	if got.Get("code") == "" {
		t.Fatalf("no code: %v", got)
	}
	return got.Get("code")
}

// redeem trades a code of a public client.
func redeem(app *apptest.App, server string, c *client, code string, pairs ...string) *apptest.Answer {
	at := "/oauth2/v1/token"
	if server != "" {
		at = "/oauth2/" + server + "/v1/token"
	}
	v := form("grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier)
	who := app.Anonymous()
	if c.secret != "" {
		who = who.With("Authorization", c.basicAuth())
	} else {
		v.Set("client_id", c.id)
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return who.Post(at, v)
}

// TestCodeFlow goes from the authorization endpoint over the sign-in page to
// tokens, on the organisation's own server and on the standard one.
func TestCodeFlow(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := spa(t, app, nil)
		for server, issuer := range map[string]string{"": base, "default": base + "/oauth2/default"} {
			b := app.Browser()
			first := b.Get(authorizeAt(server, request(c, "scope", "openid profile email offline_access", "login_hint", isaac)))
			if to := first.Header.Get("Location"); !strings.Contains(to, "login_hint=isaac.brock%40example.com") {
				t.Errorf("leads to %s", to)
			}
			got := answered(t, signIn(t, b, first, isaac))
			if got.Get("state") != "s-1" || got.Get("iss") != issuer || got.Get("code") == "" || len(got) != 3 {
				t.Fatalf("%s: %v", server, got)
			}
			tokens := redeem(app, server, c, got.Get("code")).Want(200)
			if tokens.Text("token_type") != "Bearer" || tokens.At("expires_in") != float64(3600) || tokens.Text("refresh_token") == "" ||
				tokens.Text("scope") != "openid profile email offline_access" {
				t.Errorf("%s", tokens.Body)
			}
			id := claimsOf(t, tokens.Text("id_token"))
			sum := sha256.Sum256([]byte(tokens.Text("access_token")))
			now := float64(app.Clock.Now().Unix())
			for name, want := range map[string]any{
				"iss": issuer, "aud": c.id, "nonce": "n-1", "ver": float64(1), "iat": now, "exp": now + 3600, "auth_time": now,
				"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]), "preferred_username": isaac, "idp": app.Seeded.OrgID,
			} {
				if id[name] != want {
					t.Errorf("%s: ID token: %s is %v, want %v", server, name, id[name], want)
				}
			}
			if amr, _ := id["amr"].([]any); len(amr) != 1 || amr[0] != "pwd" || !strings.HasPrefix(id["sub"].(string), "00u") {
				t.Errorf("%v", id)
			}
			access := claimsOf(t, tokens.Text("access_token"))
			for name, want := range map[string]any{"iss": issuer, "cid": c.id, "sub": isaac, "uid": id["sub"], "exp": now + 3600, "auth_time": now} {
				if access[name] != want {
					t.Errorf("%s: access token: %s is %v, want %v", server, name, access[name], want)
				}
			}
			if aud := access["aud"]; (server == "default" && aud != "api://default") || (server == "" && aud != base) {
				t.Errorf("%s: audience %v", server, aud)
			}
			// A code is good once; what it was traded for goes with the second use.
			refused(t, redeem(app, server, c, got.Get("code")), 400, "invalid_grant", "The authorization code is invalid or has expired.")
			refused(t, app.Anonymous().Post("/oauth2"+strings.TrimSuffix("/"+server, "/")+"/v1/token", form("grant_type", "refresh_token", "client_id", c.id,
				"refresh_token", tokens.Text("refresh_token"))), 400, "invalid_grant", "The refresh token is invalid or expired.")
		}
	})
}
