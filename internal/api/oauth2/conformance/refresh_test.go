package conformance_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// pathConsent is where the form goes that asks for consent.
const pathConsent = "/oauth2/v1/authorize/consent"

var consentField = regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]+)"`)

// agree lets the client have what it asks for, where the page asks.
func (v *visitor) agree(t *testing.T, at *apptest.Answer) *apptest.Answer {
	t.Helper()
	if at.Status != 200 || !strings.Contains(string(at.Body), pathConsent) {
		return at
	}
	form := url.Values{"answer": {"allow"}}
	for _, m := range consentField.FindAllSubmatch(at.Body, -1) {
		form.Set(string(m[1]), string(m[2]))
	}
	return v.b.Post(pathConsent, form)
}

// offline gets a refresh token for a client.
func (p *party) offline(t *testing.T, c *client) *outcome {
	t.Helper()
	v := p.visitor(t)
	q := p.request(c, "scope", "openid offline_access", "prompt", "consent")
	out := v.finish(t, c, q, v.agree(t, v.signIn(t, v.ask(t, q))), nil)
	if out.refresh == "" || regexp.MustCompile(`[^\x20-\x7e]`).MatchString(out.refresh) {
		t.Fatalf("refresh token %q", out.refresh)
	}
	return out
}

// refreshToken gets new tokens about the same sign-in, for nobody but the client
// that the refresh token was given to.
func refreshToken(t *testing.T, p *party) {
	if !p.offers("grant_types_supported", "refresh_token") {
		t.Errorf("%v", p.discovery["grant_types_supported"])
	}
	p.refreshes(t, p.basic, p.second)
}

func (p *party) refreshes(t *testing.T, c, other *client) {
	t.Helper()
	first := p.offline(t, c)
	p.app.Clock.Advance(time.Minute)
	a := p.token(t, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.refresh}}).Want(200)
	if checkTokens(t, a); a.Text("access_token") == first.access {
		t.Errorf("%s", a.Body)
	}
	if raw := a.Text("id_token"); raw != "" {
		nonce, _ := payload(t, raw)["nonce"].(string)
		if nonce != "" && nonce != first.claims["nonce"] {
			t.Errorf("another nonce: %q", nonce)
		}
		again := p.idToken(t, c, raw, expect{nonce: nonce, access: a.Text("access_token")})
		for _, name := range []string{"iss", "sub", "aud", "auth_time"} {
			if again[name] != first.claims[name] {
				t.Errorf("%s was %v and is %v", name, first.claims[name], again[name])
			}
		}
		if !when(again["iat"]).After(when(first.claims["iat"])) {
			t.Errorf("issued at %v, then at %v", first.claims["iat"], again["iat"])
		}
	}
	if info := p.userinfo(t, a.Text("access_token")); info["sub"] != first.claims["sub"] {
		t.Errorf("%v", info)
	}
	foreign := p.offline(t, other)
	refused := p.token(t, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {foreign.refresh}}).Want(400)
	if refused.Text("error") != "invalid_grant" {
		t.Errorf("%s", refused.Body)
	}
}
