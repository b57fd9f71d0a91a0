package conformance_test

import (
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// visitor is a person in front of a browser.
type visitor struct {
	p *party
	b *apptest.Client
}

func (p *party) visitor(t *testing.T) *visitor {
	t.Helper()
	return &visitor{p, p.app.Browser().On(t)}
}

// ask takes the browser to the authorization endpoint.
func (v *visitor) ask(t *testing.T, q url.Values) *apptest.Answer {
	t.Helper()
	return v.b.Get(local(t, v.p.endpoint(t, "authorization_endpoint")) + "?" + q.Encode())
}

var stateField = regexp.MustCompile(`name="stateToken" value="([^"]+)"`)

// asksToSignIn tells whether an answer leads to the sign-in page.
func asksToSignIn(a *apptest.Answer) bool {
	return a.Status == 302 && strings.HasPrefix(a.Header.Get("Location"), base+"/login/login.htm?")
}

// signIn goes through the sign-in page to which an answer leads; any other
// answer is left as it is.
func (v *visitor) signIn(t *testing.T, at *apptest.Answer) *apptest.Answer {
	t.Helper()
	if !asksToSignIn(at) {
		return at
	}
	to := local(t, at.Header.Get("Location"))
	page, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	send := func(on *apptest.Answer, status int, pairs ...string) *apptest.Answer {
		m := stateField.FindSubmatch(on.Body)
		if m == nil {
			t.Fatalf("no form: %s", on.Body)
		}
		form := url.Values{"stateToken": {string(m[1])}, "fromURI": {page.Query().Get("fromURI")}}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return v.b.Post("/login/login.htm", form).Want(status)
	}
	first := v.b.Get(to).Want(200)
	next := send(first, 200, "step", "identify", "username", user)
	done := send(next, 303, "step", "password", "password", apptest.Password)
	return v.b.Get(local(t, done.Header.Get("Location")))
}

var (
	formTo    = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	formField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// answer reads what came back for a request, where it has to be: in a form that
// posts itself, behind the fragment mark, or in the query.
func (v *visitor) answer(t *testing.T, q url.Values, at *apptest.Answer) url.Values {
	t.Helper()
	out := url.Values{}
	to := q.Get("redirect_uri")
	if q.Get("response_mode") == "form_post" {
		at.Want(200)
		m := formTo.FindSubmatch(at.Body)
		if m == nil || html.UnescapeString(string(m[1])) != to {
			t.Fatalf("no form for %s: %s", to, at.Body)
		}
		for _, f := range formField.FindAllSubmatch(at.Body, -1) {
			out.Add(html.UnescapeString(string(f[1])), html.UnescapeString(string(f[2])))
		}
	} else {
		at.Want(302)
		mark := "?"
		if strings.Contains(to, "?") {
			mark = "&"
		}
		if kinds := q.Get("response_type"); kinds != "" && kinds != "code" {
			mark = "#"
		}
		text, ok := strings.CutPrefix(at.Header.Get("Location"), to+mark)
		var err error
		if out, err = url.ParseQuery(text); err != nil || !ok {
			t.Fatalf("leads to %s, %v", at.Header.Get("Location"), err)
		}
	}
	if out.Get("state") != q.Get("state") || out.Get("iss") != v.p.issuer() {
		t.Errorf("state or issuer are not right: %v", out)
	}
	for name, values := range out {
		if len(values) != 1 {
			t.Errorf("%s comes %d times", name, len(values))
		}
	}
	return out
}

// refused is the error with which a request came back.
func (v *visitor) refused(t *testing.T, q url.Values) string {
	t.Helper()
	out := v.answer(t, q, v.ask(t, q))
	if out.Get("error") == "" || out.Get("code") != "" || out.Get("id_token") != "" || out.Get("access_token") != "" {
		t.Fatalf("no error: %v", out)
	}
	return out.Get("error")
}

// told fails the test unless the person is told that a request cannot be used,
// and the browser goes nowhere.
func told(t *testing.T, a *apptest.Answer) {
	t.Helper()
	if a.Status != 400 || a.Header.Get("Location") != "" || !strings.Contains(string(a.Body), "cannot be used") {
		t.Errorf("%d %s: %s", a.Status, a.Header.Get("Location"), a.Body)
	}
}

// outcome is what an authorization came to.
type outcome struct {
	values url.Values // of the authorization endpoint
	// claims are those of the ID token: the token endpoint's where there are two.
	claims  map[string]any
	raw     string
	access  string
	refresh string
}

// complete carries a request through to its end and checks what comes on the
// way: what was asked for and nothing else, ID tokens that hold, and an access
// token that the user info answers to.
func (v *visitor) complete(t *testing.T, c *client, q url.Values) *outcome {
	t.Helper()
	return v.finish(t, c, q, v.signIn(t, v.ask(t, q)), nil)
}

// unguessable is the least number of characters of a code or a token: 128 bits
// in base64url. (RFC 6749 section 10.10)
const unguessable = 22

// checkTokens checks an answer of the token endpoint. (RFC 6749 section 5.1)
func checkTokens(t *testing.T, a *apptest.Answer) {
	t.Helper()
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("%v", a.Header)
	}
	if n, _ := a.At("expires_in").(float64); n <= 0 || !strings.EqualFold(a.Text("token_type"), "Bearer") || len(a.Text("access_token")) < unguessable {
		t.Fatalf("%s", a.Body)
	}
}

// finish reads the answer to a request and goes on from there; more goes to the
// token endpoint.
func (v *visitor) finish(t *testing.T, c *client, q url.Values, at *apptest.Answer, more url.Values) *outcome {
	t.Helper()
	p := v.p
	out := &outcome{values: v.answer(t, q, at)}
	if out.values.Get("error") != "" {
		t.Fatalf("%v", out.values)
	}
	for part, name := range map[string]string{"code": "code", "token": "access_token", "id_token": "id_token"} {
		if p.asks(part) != (out.values.Get(name) != "") {
			t.Fatalf("response type %q: %v", p.response, out.values)
		}
	}
	if out.access = out.values.Get("access_token"); out.access != "" {
		if n, err := strconv.Atoi(out.values.Get("expires_in")); err != nil || n <= 0 || out.values.Get("token_type") != "Bearer" || len(out.access) < unguessable {
			t.Errorf("%v", out.values)
		}
	}
	if out.raw = out.values.Get("id_token"); out.raw != "" {
		out.claims = p.idToken(t, c, out.raw, expect{nonce: q.Get("nonce"), access: out.access, code: out.values.Get("code"), front: true})
	}
	if code := out.values.Get("code"); code != "" {
		a := p.redeem(t, c, code, more).Want(200)
		checkTokens(t, a)
		if len(code) < unguessable {
			t.Errorf("the code has %d characters", len(code))
		}
		first := out.claims
		out.access, out.refresh, out.raw = a.Text("access_token"), a.Text("refresh_token"), a.Text("id_token")
		out.claims = p.idToken(t, c, out.raw, expect{nonce: q.Get("nonce"), access: out.access})
		if first != nil && (first["sub"] != out.claims["sub"] || first["iss"] != out.claims["iss"]) {
			t.Errorf("the ID tokens of the two endpoints differ: %v %v", first, out.claims)
		}
	}
	if out.access != "" {
		if info := p.userinfo(t, out.access); out.claims != nil && info["sub"] != out.claims["sub"] {
			t.Errorf("the user info is about %v, the ID token about %v", info["sub"], out.claims["sub"])
		}
	}
	return out
}
