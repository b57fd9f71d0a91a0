package oauth2_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

// TestAuthorizeErrors: what is wrong before it is clear where the answer may go
// is told on a page; all else is told to the client.
func TestAuthorizeErrors(t *testing.T) {
	app := apptest.New(t)
	c := spa(t, app, nil)
	front := web(t, app, map[string]any{
		"grant_types": []string{"authorization_code", "implicit"}, "response_types": []string{"code", "token", "id_token"},
	})
	stranger := register(t, app, "browser", "none", map[string]any{"redirect_uris": []string{callback}, "grant_types": []string{"authorization_code"}})
	b := signedIn(t, app, isaac)
	for name, v := range map[string]url.Values{
		"no client":         request(c, "client_id", ""),
		"unknown client":    request(c, "client_id", "0oanobody"),
		"no redirect":       request(c, "redirect_uri", ""),
		"other redirect":    request(c, "redirect_uri", callback+"/"),
		"longer redirect":   request(c, "redirect_uri", callback+"?x=1"),
		"case of redirect":  request(c, "redirect_uri", "https://app.example/Callback"),
		"port of redirect":  request(c, "redirect_uri", "https://app.example:443/callback"),
		"script redirect":   request(c, "redirect_uri", "javascript:alert(1)"),
		"unknown pushed":    request(c, "request_uri", "urn:okta:nothing"),
		"remote object":     request(c, "request_uri", "https://evil.example/object"),
		"malformed object":  request(c, "request", "a.b.c"),
		"unsigned object":   request(c, "request", "eyJhbGciOiJub25lIn0.e30."),
		"repeated redirect": {"client_id": {c.id}, "redirect_uri": {callback, "https://evil.example"}},
	} {
		t.Run("page/"+name, func(t *testing.T) {
			a := b.On(t).Get(authorizeAt("default", v)).Want(400)
			if a.Header.Get("Location") != "" || !strings.Contains(string(a.Body), "cannot be used") {
				t.Errorf("%s", a.Body)
			}
		})
	}
	b.Get(authorizeAt("nosuchserver", request(c))).Want(404)
	for name, c := range map[string]struct {
		v    url.Values
		code string
	}{
		"no response type":      {request(c, "response_type", ""), "invalid_request"},
		"unknown type":          {request(c, "response_type", "code none"), "unsupported_response_type"},
		"type of others":        {request(c, "response_type", "token"), "unsupported_response_type"},
		"unknown mode":          {request(c, "response_mode", "jwt"), "unsupported_response_mode"},
		"tokens in the query":   {request(front, "response_type", "token", "response_mode", "query"), "unsupported_response_mode"},
		"no challenge":          {request(c, "code_challenge", "", "code_challenge_method", ""), "invalid_request"},
		"plain challenge":       {request(c, "code_challenge_method", "plain"), "invalid_request"},
		"challenge of no hash":  {request(c, "code_challenge", verifier), "invalid_request"},
		"no method":             {request(c, "code_challenge_method", ""), "invalid_request"},
		"unknown scope":         {request(c, "scope", "openid nosuch"), "invalid_scope"},
		"no scope":              {request(c, "scope", ""), "invalid_scope"},
		"malformed scope":       {request(c, "scope", "openid a\"b"), "invalid_scope"},
		"id token without":      {request(front, "response_type", "id_token", "nonce", ""), "invalid_request"},
		"id token no openid":    {request(front, "response_type", "id_token", "scope", "profile"), "access_denied"},
		"claims no openid":      {request(c, "scope", "email"), "access_denied"},
		"prompt none and login": {request(c, "prompt", "none login"), "invalid_request"},
		"unknown prompt":        {request(c, "prompt", "select_account"), "invalid_request"},
		"enrolment":             {request(c, "prompt", "enroll_authenticator"), "invalid_request"},
		"bad age":               {request(c, "max_age", "soon"), "invalid_request"},
		"bad hint":              {request(c, "id_token_hint", "a.b.c"), "invalid_request"},
		"not assigned":          {request(stranger), "access_denied"},
		"strong, unprompted":    {request(c, "prompt", "none", "acr_values", "urn:okta:loa:2fa:any"), "login_required"},
	} {
		t.Run("client/"+name, func(t *testing.T) {
			got := answered(t, b.On(t).Get(authorizeAt("default", c.v)))
			if got.Get("error") != c.code || got.Get("state") != "s-1" || got.Get("iss") != base+"/oauth2/default" || got.Get("code") != "" {
				t.Errorf("%v", got)
			}
		})
	}
	got := answered(t, app.Browser().Get(authorizeAt("", request(c, "prompt", "none"))))
	if got.Get("error") != "login_required" {
		t.Errorf("nobody is signed in: %v", got)
	}
}

// TestResponses walks what the endpoint can answer with and how.
func TestResponses(t *testing.T) {
	app := apptest.New(t)
	c := web(t, app, map[string]any{
		"grant_types": []string{"authorization_code", "implicit"}, "response_types": []string{"code", "token", "id_token"},
	})
	b := signedIn(t, app, isaac)
	for kind, want := range map[string][]string{
		"code":                {"code"},
		"token":               {"access_token"},
		"id_token":            {"id_token"},
		"id_token token":      {"id_token", "access_token"},
		"code id_token":       {"code", "id_token"},
		"code token":          {"code", "access_token"},
		"code id_token token": {"code", "id_token", "access_token"},
	} {
		a := b.Get(authorizeAt("default", request(c, "response_type", kind, "scope", "openid email"))).Want(302)
		if frag := strings.Contains(a.Header.Get("Location"), "#"); frag == (kind == "code") {
			t.Errorf("%s: %s", kind, a.Header.Get("Location"))
		}
		got := answered(t, a)
		for _, name := range []string{"code", "id_token", "access_token"} {
			has := false
			for _, w := range want {
				has = has || w == name
			}
			if (got.Get(name) != "") != has {
				t.Errorf("%s: %s is %q", kind, name, got.Get(name))
			}
		}
		if got.Get("access_token") != "" && (got.Get("token_type") != "Bearer" || got.Get("expires_in") != "3600" || got.Get("scope") != "openid email") {
			t.Errorf("%s: %v", kind, got)
		}
		if text := got.Get("id_token"); text != "" {
			id := claimsOf(t, text)
			if (id["at_hash"] != nil) != (got.Get("access_token") != "") || (id["c_hash"] != nil) != (got.Get("code") != "") || id["nonce"] != "n-1" {
				t.Errorf("%s: %v", kind, id)
			}
		}
	}
	posted := b.Get(authorizeAt("", request(c, "response_mode", "form_post"))).Want(200)
	page, policy := string(posted.Body), posted.Header.Get("Content-Security-Policy")
	if !strings.Contains(page, `action="`+callback+`"`) || !strings.Contains(page, `name="code"`) || !strings.Contains(page, `name="state" value="s-1"`) ||
		!strings.Contains(policy, "form-action https://app.example;") || !strings.Contains(policy, "script-src 'sha256-") {
		t.Errorf("%s\n%s", policy, page)
	}
	spoken := b.Get(authorizeAt("", request(c, "response_mode", "okta_post_message", "state", `</script>"'`))).Want(200)
	page, policy = string(spoken.Body), spoken.Header.Get("Content-Security-Policy")
	if !strings.Contains(page, `data-origin="https://app.example"`) || !strings.Contains(page, "&#34;code&#34;") ||
		!strings.Contains(policy, "frame-ancestors https://app.example") || strings.Count(page, "</script>") != 1 {
		t.Errorf("%s\n%s", policy, page)
	}
	long := strings.Repeat("s", 5000)
	if got := answered(t, b.Get(authorizeAt("", request(c, "state", long)))); got.Get("state") != long {
		t.Errorf("%v", got)
	}
	// The same as a form, and with a one-time token instead of a session.
	b.Post("/oauth2/v1/authorize", request(c)).Want(302)
	app.Browser().Post("/oauth2/default/v1/authorize", request(c)).Want(302)
	authn := app.Anonymous().Post("/api/v1/authn", map[string]any{"username": isaac, "password": apptest.Password}).Want(200)
	fresh := app.Browser()
	if got := answered(t, fresh.Get(authorizeAt("", request(c, "sessionToken", authn.Text("sessionToken"), "prompt", "none")))); got.Get("code") == "" || fresh.Cookie("sid") == "" {
		t.Errorf("%v, cookie %q", got, fresh.Cookie("sid"))
	}
	if got := answered(t, app.Browser().Get(authorizeAt("", request(c, "sessionToken", authn.Text("sessionToken"), "prompt", "none")))); got.Get("error") != "login_required" {
		t.Errorf("a token that was used: %v", got)
	}
}

// TestFreshness: a session is taken for as long as the request lets it be, and a
// request comes back from the sign-in page once.
func TestFreshness(t *testing.T) {
	app := apptest.New(t)
	c := spa(t, app, nil)
	b := signedIn(t, app, isaac)
	app.Clock.Advance(10 * time.Minute)
	code(t, b, "", request(c, "max_age", "601"))
	if got := answered(t, b.Get(authorizeAt("", request(c, "max_age", "60", "prompt", "none")))); got.Get("error") != "login_required" {
		t.Errorf("%v", got)
	}
	for _, pair := range [][2]string{{"max_age", "60"}, {"max_age", "0"}, {"prompt", "login"}} {
		app.Clock.Advance(2 * time.Minute)
		first := b.Get(authorizeAt("", request(c, pair[0], pair[1])))
		if to := first.Header.Get("Location"); !strings.Contains(to, "prompt=login") {
			t.Fatalf("%s leads to %s", pair, to)
		}
		// To go back without signing in leads to the sign-in page again.
		page, _ := url.Parse(first.Header.Get("Location"))
		again := b.Get(page.Query().Get("fromURI")).Want(302)
		if to := again.Header.Get("Location"); !strings.Contains(to, "/login/login.htm") {
			t.Fatalf("%s: without a sign-in to %s", pair, to)
		}
		got := answered(t, signIn(t, b, first, isaac))
		id := claimsOf(t, redeem(app, "", c, got.Get("code")).Want(200).Text("id_token"))
		if id["auth_time"] != float64(app.Clock.Now().Unix()) {
			t.Errorf("%s: %v", pair, id)
		}
		b.Get(page.Query().Get("fromURI")).Want(400) // it was answered
	}
	// A stronger sign-in than the user can give is refused.
	got := answered(t, follow(t, b, b.Get(authorizeAt("", request(c, "acr_values", "phr")))))
	if got.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("%v", got)
	}
	met := code(t, b, "", request(c, "acr_values", "unknown urn:okta:loa:1fa:pwd"))
	if id := claimsOf(t, redeem(app, "", c, met).Want(200).Text("id_token")); id["acr"] != "urn:okta:loa:1fa:pwd" {
		t.Errorf("%v", id)
	}
	id := redeem(app, "", c, code(t, b, "", request(c))).Want(200).Text("id_token")
	code(t, b, "", request(c, "id_token_hint", id, "prompt", "none"))
	other := signedIn(t, app, "ada.example@example.com")
	if got := answered(t, other.Get(authorizeAt("", request(c, "id_token_hint", id, "prompt", "none")))); got.Get("error") != "login_required" {
		t.Errorf("another user: %v", got)
	}
}

// TestRedeemErrors: a code is good for its client, at its server, with what was
// said when it was asked for, and not for long.
func TestRedeemErrors(t *testing.T) {
	app := apptest.New(t)
	c, w := spa(t, app, nil), web(t, app, nil)
	b := signedIn(t, app, isaac)
	for name, try := range map[string]func(string) *apptest.Answer{
		"no verifier":       func(s string) *apptest.Answer { return redeem(app, "", c, s, "code_verifier", "") },
		"another verifier":  func(s string) *apptest.Answer { return redeem(app, "", c, s, "code_verifier", verifier+"x") },
		"challenge instead": func(s string) *apptest.Answer { return redeem(app, "", c, s, "code_verifier", challenge()) },
		"another redirect":  func(s string) *apptest.Answer { return redeem(app, "", c, s, "redirect_uri", callback+"x") },
		"no redirect":       func(s string) *apptest.Answer { return redeem(app, "", c, s, "redirect_uri", "") },
	} {
		t.Run(name, func(t *testing.T) {
			s := code(t, b.On(t), "", request(c))
			refused(t, try(s), 400, "invalid_grant", "")
			refused(t, redeem(app, "", c, s), 400, "invalid_grant", "") // it is used up
		})
	}
	s := code(t, b, "", request(c))
	refused(t, redeem(app, "", w, s), 400, "invalid_grant",
		"The grant was issued to another client. Ensure that the 'client_id' matches the one used at the authorize request.")
	refused(t, redeem(app, "default", c, s), 400, "invalid_grant", "The authorization code is invalid or has expired.")
	redeem(app, "", c, s).Want(200) // another client's try does no harm
	late := code(t, b, "", request(c))
	app.Clock.Advance(5 * time.Minute)
	refused(t, redeem(app, "", c, late), 400, "invalid_grant", "The authorization code is invalid or has expired.")
	// A client with a secret may go without a challenge, and then no verifier counts.
	bare := request(w, "code_challenge", "", "code_challenge_method", "")
	redeem(app, "", w, code(t, b, "", bare), "code_verifier", "").Want(200)
	refused(t, redeem(app, "", w, code(t, b, "", bare)), 400, "invalid_grant", "PKCE verification failed.")
	refused(t, redeem(app, "", w, "nonsense"), 400, "invalid_grant", "")
	refused(t, redeem(app, "", w, ""), 400, "invalid_request", "")
	a := app.Anonymous()
	refused(t, a.Post("/oauth2/v1/token", form("client_id", c.id)), 400, "invalid_request", "")
	refused(t, a.Post("/oauth2/v1/token", form("client_id", c.id, "grant_type", "magic")), 400, "unsupported_grant_type", "")
	refused(t, a.Post("/oauth2/v1/token", form("client_id", c.id, "grant_type", "client_credentials")), 400, "unauthorized_client", "")
	refused(t, a.Post("/oauth2/v1/token", url.Values{"client_id": {c.id, c.id}, "grant_type": {"authorization_code"}}), 400, "invalid_request", "")
	a.Post("/oauth2/nosuch/v1/token", form("client_id", c.id, "grant_type", "authorization_code")).Fails(404, "E0000007")
	a.Post("/oauth2/v1/token", `{"grant_type":"authorization_code"}`).Want(415)
}

// TestPushed: a request that was sent beforehand is good once, for its client.
func TestPushed(t *testing.T) {
	app := apptest.New(t)
	c, w := spa(t, app, nil), web(t, app, nil)
	b := signedIn(t, app, isaac)
	push := func(v url.Values) *apptest.Answer { return app.Anonymous().Post("/oauth2/v1/par", v) }
	a := push(request(c)).Want(201)
	if !strings.HasPrefix(a.Text("request_uri"), "urn:okta:") || a.At("expires_in") != float64(3600) {
		t.Errorf("%s", a.Body)
	}
	short := func(who *client, uri string) url.Values { return form("client_id", who.id, "request_uri", uri) }
	b.Get(authorizeAt("default", short(c, a.Text("request_uri")))).Want(400) // of another server
	b.Get(authorizeAt("", short(w, a.Text("request_uri")))).Want(400)        // of another client
	redeem(app, "", c, code(t, b, "", short(c, a.Text("request_uri")))).Want(200)
	b.Get(authorizeAt("", short(c, a.Text("request_uri")))).Want(400) // used
	late := push(request(c)).Want(201).Text("request_uri")
	app.Clock.Advance(time.Hour)
	b.Get(authorizeAt("", short(c, late))).Want(400)
	refused(t, push(request(c, "redirect_uri", "https://evil.example")), 400, "invalid_request", "")
	refused(t, push(request(c, "request_uri", "urn:okta:x")), 400, "invalid_request", "")
	refused(t, push(request(w)), 401, "invalid_client", "No client credentials found.")
	refused(t, push(request(c, "response_mode", "jwt")), 400, "unsupported_response_mode",
		"The response mode is not supported by the authorization server. Valid response modes: [query, fragment, form_post, okta_post_message].")
	refused(t, push(request(c, "scope", "profile")), 403, "access_denied", "")
	refused(t, push(request(c, "scope", "openid cars")), 400, "invalid_scope", "Custom scopes are not allowed for this request.")
	app.Anonymous().With("Authorization", w.basicAuth()).Post("/oauth2/default/v1/par", request(w, "client_id", "")).Want(201)
	// A session token that is sent beforehand opens a session, and does not lie
	// about for whoever reads the database (which is searched after each test).
	for _, used := range []bool{true, false} {
		token := app.Anonymous().Post("/api/v1/authn", map[string]any{"username": isaac, "password": apptest.Password}).Want(200).Text("sessionToken")
		uri := push(request(c, "sessionToken", token, "prompt", "none")).Want(201).Text("request_uri")
		if used {
			redeem(app, "", c, code(t, app.Browser(), "", short(c, uri))).Want(200)
		}
	}
}

// TestRequestObject: what a client has signed counts, and nothing beside it.
func TestRequestObject(t *testing.T) {
	app := apptest.New(t)
	w := web(t, app, nil)
	b := signedIn(t, app, isaac)
	object := func(secret string, change func(map[string]any)) url.Values {
		claims := map[string]any{"iss": w.id, "aud": base, "exp": app.Clock.Now().Add(time.Minute).Unix()}
		for name, v := range request(w) {
			claims[name] = v[0]
		}
		claims["max_age"] = 86400
		if change != nil {
			change(claims)
		}
		return form("client_id", w.id, "request", apptest.SignJWT(t, jose.HS256, []byte(secret), nil, claims), "redirect_uri", "https://evil.example", "state", "outside")
	}
	got := answered(t, b.Get(authorizeAt("", object(w.secret, nil))))
	if got.Get("code") == "" || got.Get("state") != "s-1" {
		t.Errorf("%v", got)
	}
	named := object(w.secret, func(m map[string]any) { m["jti"] = "once" })
	if got := answered(t, b.Get(authorizeAt("", named))); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
	for name, v := range map[string]url.Values{
		"again":            named,
		"no issuer":        object(w.secret, func(m map[string]any) { delete(m, "iss") }),
		"no audience":      object(w.secret, func(m map[string]any) { delete(m, "aud") }),
		"far expiry":       object(w.secret, func(m map[string]any) { m["exp"] = app.Clock.Now().Add(2 * time.Hour).Unix() }),
		"another key":      object(w.secret+"x", nil),
		"expired":          object(w.secret, func(m map[string]any) { m["exp"] = app.Clock.Now().Unix() }),
		"another audience": object(w.secret, func(m map[string]any) { m["aud"] = "https://evil.example" }),
		"another issuer":   object(w.secret, func(m map[string]any) { m["iss"] = "0oanobody" }),
		"nested":           object(w.secret, func(m map[string]any) { m["request_uri"] = "urn:okta:x" }),
		"another redirect": object(w.secret, func(m map[string]any) { m["redirect_uri"] = "https://evil.example" }),
	} {
		t.Run(name, func(t *testing.T) {
			if a := b.On(t).Get(authorizeAt("", v)).Want(400); a.Header.Get("Location") != "" {
				t.Errorf("leads to %s", a.Header.Get("Location"))
			}
		})
	}
}
