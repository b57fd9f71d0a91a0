package conformance_test

import (
	"crypto/rand"
	"maps"
	"net/url"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// logoutModules are those of RP-Initiated Logout.
func logoutModules() []module {
	return []module{
		pass("oidcc-rp-initiated-logout-discovery-endpoint-verification", func(t *testing.T, p *party) {
			p.checkAddresses(t)
			p.endpoint(t, "end_session_endpoint")
		}),
		pass("oidcc-rp-initiated-logout", func(t *testing.T, p *party) {
			v, q := p.leaving(t)
			to, err := url.Parse(v.leave(t, q).Want(302).Header.Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			state := to.Query().Get("state")
			to.RawQuery = ""
			if to.String() != signedBy || state != q.Get("state") {
				t.Errorf("leads to %s with the state %q", to, state)
			}
			v.isOut(t)
		}),
		pass("oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", stays(func(_ *testing.T, q url.Values) { q.Set("post_logout_redirect_uri", signedBy+"/nowhere") })),
		pass("oidcc-rp-initiated-logout-modified-id-token-hint", stays(func(t *testing.T, q url.Values) {
			parts := strings.Split(q.Get("id_token_hint"), ".")
			head := strings.Split(unsigned(t, map[string]any{}), ".")
			q.Set("id_token_hint", head[0]+"."+parts[1]+".")
		})),
		pass("oidcc-rp-initiated-logout-no-id-token-hint", stays(func(_ *testing.T, q url.Values) { q.Del("id_token_hint") })),
		pass("oidcc-rp-initiated-logout-no-params", confirmed(func(q url.Values) { clear(q) })),
		pass("oidcc-rp-initiated-logout-no-post-logout-redirect-uri", func(t *testing.T, p *party) {
			v, q := p.leaving(t)
			q.Del("post_logout_redirect_uri")
			v.b.Get(local(t, v.leave(t, q).Want(302).Header.Get("Location"))).Want(200)
			v.isOut(t)
		}),
		pass("oidcc-rp-initiated-logout-no-state", func(t *testing.T, p *party) {
			v, q := p.leaving(t)
			q.Del("state")
			if to := v.leave(t, q).Want(302).Header.Get("Location"); to != signedBy {
				t.Errorf("leads to %s", to)
			}
			v.isOut(t)
		}),
		pass("oidcc-rp-initiated-logout-only-state", confirmed(func(q url.Values) {
			q.Del("id_token_hint")
			q.Del("post_logout_redirect_uri")
		})),
		pass("oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", stays(func(_ *testing.T, q url.Values) {
			q.Set("post_logout_redirect_uri", signedBy+"?foo=bar")
		})),
		pass("oidcc-rp-initiated-logout-bad-id-token-hint", stays(func(t *testing.T, q url.Values) {
			q.Set("id_token_hint", signed(t, newKey(t), "rp", payload(t, q.Get("id_token_hint"))))
		})),
	}
}

// leaving signs a user in and makes the request that signs out.
func (p *party) leaving(t *testing.T) (*visitor, url.Values) {
	t.Helper()
	v := p.visitor(t)
	out := v.complete(t, p.basic, p.request(p.basic))
	return v, url.Values{"id_token_hint": {out.raw}, "post_logout_redirect_uri": {signedBy}, "state": {rand.Text()}}
}

// leave takes the browser to the end of the session.
func (v *visitor) leave(t *testing.T, q url.Values) *apptest.Answer {
	t.Helper()
	return v.b.Get(local(t, v.p.endpoint(t, "end_session_endpoint")) + "?" + q.Encode())
}

// silent asks who is signed in without asking the person, and gives the error.
func (v *visitor) silent(t *testing.T) string {
	t.Helper()
	q := v.p.request(v.p.basic, "prompt", "none")
	return v.answer(t, q, v.ask(t, q)).Get("error")
}

// isOut fails the test unless nobody is signed in any more.
func (v *visitor) isOut(t *testing.T) {
	t.Helper()
	if e := v.silent(t); e != "login_required" {
		t.Errorf("the user is signed in: %q", e)
	}
}

// stays makes a module whose request must not lead to the client: it is answered
// by an error, or by the question whether to sign out.
func stays(change func(t *testing.T, q url.Values)) func(t *testing.T, p *party) {
	return func(t *testing.T, p *party) {
		v, q := p.leaving(t)
		change(t, q)
		a := v.leave(t, q)
		if a.Status == 302 {
			a = v.b.Get(local(t, a.Header.Get("Location"))).Want(200)
			if !strings.Contains(string(a.Body), "Sign out?") {
				t.Errorf("%s", a.Body)
			}
		} else if a.Status != 400 || a.Header.Get("Location") != "" {
			t.Errorf("%d: %s", a.Status, a.Body)
		}
		if e := v.silent(t); e != "" {
			t.Errorf("the user was signed out by a request that nobody has confirmed: %s", e)
		}
	}
}

// confirmed makes a module whose request names nobody: the person is asked, and
// signed out where the answer is yes.
func confirmed(change func(q url.Values)) func(t *testing.T, p *party) {
	return func(t *testing.T, p *party) {
		v, q := p.leaving(t)
		kept := maps.Clone(q)
		change(q)
		page := v.b.Get(local(t, v.leave(t, q).Want(302).Header.Get("Location"))).Want(200)
		if !strings.Contains(string(page.Body), "Sign out?") {
			t.Fatalf("%s", page.Body)
		}
		done := v.b.With("Origin", base).Post("/login/signout", url.Values{}).Want(303)
		if to := done.Header.Get("Location"); strings.HasPrefix(to, kept.Get("post_logout_redirect_uri")) {
			t.Errorf("leads to %s, which was not asked for", to)
		}
		v.b.Get(strings.TrimPrefix(done.Header.Get("Location"), base)).Want(200)
		v.isOut(t)
	}
}
