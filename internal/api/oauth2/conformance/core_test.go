package conformance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// happyFlow carries the plain request through.
func happyFlow(t *testing.T, p *party) {
	if !p.offers("response_types_supported", p.response) {
		t.Errorf("%v", p.discovery["response_types_supported"])
	}
	p.visitor(t).complete(t, p.basic, p.request(p.basic))
}

func secretPost(t *testing.T, p *party) {
	if !p.offers("token_endpoint_auth_methods_supported", "client_secret_post") {
		t.Errorf("%v", p.discovery["token_endpoint_auth_methods_supported"])
	}
	p.visitor(t).complete(t, p.posting, p.request(p.posting))
}

func responseTypeMissing(t *testing.T, p *party) {
	q := p.request(p.basic, "response_type", "")
	at := p.visitor(t).ask(t, q)
	q.Del("response_mode") // it belongs to a response type
	out := p.visitor(t).answer(t, q, at)
	if e := out.Get("error"); e != "invalid_request" && e != "unsupported_response_type" {
		t.Errorf("%v", out)
	}
}

func signature(t *testing.T, p *party) {
	out := p.visitor(t).complete(t, p.basic, p.request(p.basic))
	jws, err := jose.ParseSignedCompact(out.raw, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if h := jws.Signatures[0].Header; h.Algorithm != "RS256" || h.KeyID == "" {
		t.Errorf("signed by %s with the key %q", h.Algorithm, h.KeyID)
	}
}

// userinfoBy asks for the user with a method, with the token in the header or in
// the form.
func userinfoBy(method string, header bool) func(t *testing.T, p *party) {
	return func(t *testing.T, p *party) {
		out := p.visitor(t).complete(t, p.basic, p.request(p.basic))
		who, body := p.app.Anonymous().On(t), any(nil)
		if header {
			who = who.With("Authorization", "Bearer "+out.access)
		} else {
			body = url.Values{"access_token": {out.access}}
		}
		a := who.Do(method, local(t, p.endpoint(t, "userinfo_endpoint")), body).Want(200)
		if sub := a.Text("sub"); sub == "" || (out.claims != nil && sub != out.claims["sub"]) || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %s", a.Header.Get("Content-Type"), a.Body)
		}
	}
}

func withoutNonce(t *testing.T, p *party) {
	out := p.visitor(t).complete(t, p.basic, p.request(p.basic, "nonce", ""))
	if _, ok := out.claims["nonce"]; ok {
		t.Errorf("%v", out.claims)
	}
}

func nonceMissing(t *testing.T, p *party) {
	if e := p.visitor(t).refused(t, p.request(p.basic, "nonce", "")); e != "invalid_request" {
		t.Errorf("%s", e)
	}
}

// parameter adds one that the server may use or has to ignore.
func parameter(name, value string) func(t *testing.T, p *party) {
	return func(t *testing.T, p *party) {
		p.visitor(t).complete(t, p.basic, p.request(p.basic, name, value))
	}
}

// otherOrder sends the scopes and the parameters the other way round.
func otherOrder(t *testing.T, p *party) {
	q := p.request(p.basic, "scope", "email openid")
	pairs := strings.Split(q.Encode(), "&")
	slices.Reverse(pairs)
	v := p.visitor(t)
	at := v.b.Get(local(t, p.endpoint(t, "authorization_endpoint")) + "?" + strings.Join(pairs, "&"))
	out := v.finish(t, p.basic, q, v.signIn(t, at), nil)
	p.has(t, out, "email", "email_verified")
}

func promptLogin(t *testing.T, p *party) {
	v := p.visitor(t)
	first := v.complete(t, p.basic, p.request(p.basic))
	p.app.Clock.Advance(time.Second)
	q := p.request(p.basic, "prompt", "login")
	at := v.ask(t, q)
	if !asksToSignIn(at) {
		t.Fatalf("the user is not asked: %d %s", at.Status, at.Header.Get("Location"))
	}
	second := v.finish(t, p.basic, q, v.signIn(t, at), nil)
	if second.claims["sub"] != first.claims["sub"] || !when(second.claims["auth_time"]).After(when(first.claims["auth_time"])) {
		t.Errorf("%v, then %v", first.claims, second.claims)
	}
}

func promptNoneNobody(t *testing.T, p *party) {
	e := p.visitor(t).refused(t, p.request(p.basic, "prompt", "none"))
	if !slices.Contains([]string{"login_required", "interaction_required", "account_selection_required", "consent_required"}, e) {
		t.Errorf("%s", e)
	}
}

// twice carries a request through and then, a second later, one that changes it
// and must go through at once.
func (p *party) twice(t *testing.T, pairs func(first *outcome) []string) (first, second *outcome) {
	t.Helper()
	v := p.visitor(t)
	first = v.complete(t, p.basic, p.request(p.basic))
	p.app.Clock.Advance(time.Second)
	q := p.request(p.basic, pairs(first)...)
	at := v.ask(t, q)
	if asksToSignIn(at) {
		t.Fatal("the user is asked again")
	}
	second = v.finish(t, p.basic, q, at, nil)
	if second.claims["sub"] != first.claims["sub"] || second.claims["auth_time"] != first.claims["auth_time"] {
		t.Errorf("%v, then %v", first.claims, second.claims)
	}
	return first, second
}

func promptNone(t *testing.T, p *party) {
	p.twice(t, func(*outcome) []string { return []string{"prompt", "none"} })
}

func idTokenHint(t *testing.T, p *party) {
	p.twice(t, func(first *outcome) []string { return []string{"prompt", "none", "id_token_hint", first.raw} })
}

func maxAgeWithin(t *testing.T, p *party) {
	if _, second := p.twice(t, func(*outcome) []string { return []string{"max_age", "10000"} }); second.claims["auth_time"] == nil {
		t.Errorf("%v", second.claims)
	}
}

func maxAgeOver(t *testing.T, p *party) {
	v := p.visitor(t)
	first := v.complete(t, p.basic, p.request(p.basic))
	p.app.Clock.Advance(2 * time.Second)
	q := p.request(p.basic, "max_age", "1")
	at := v.ask(t, q)
	if !asksToSignIn(at) {
		t.Fatal("the user is not asked again")
	}
	second := v.finish(t, p.basic, q, v.signIn(t, at), nil)
	if auth := when(second.claims["auth_time"]); !auth.After(when(first.claims["auth_time"])) || !auth.Equal(p.app.Clock.Now().Truncate(time.Second)) {
		t.Errorf("%v, then %v", first.claims, second.claims)
	}
}

// loginHint names a user, who finds the name in the form.
func loginHint(t *testing.T, p *party) {
	v := p.visitor(t)
	q := p.request(p.basic, "login_hint", "buffy@id.example.com")
	at := v.ask(t, q)
	if !asksToSignIn(at) {
		t.Fatal("the user is not asked")
	}
	page := v.b.Get(local(t, at.Header.Get("Location"))).Want(200)
	if !strings.Contains(string(page.Body), "buffy@id.example.com") {
		t.Error("the page does not offer the name")
	}
	v.finish(t, p.basic, q, v.signIn(t, at), nil)
}

// acrValues asks for the values that the server says it has, or for such as
// nobody has. The ID token says what was asked for, or what was reached.
func acrValues(t *testing.T, p *party) {
	values := []string{}
	list, _ := p.discovery["acr_values_supported"].([]any)
	for _, v := range list {
		values = append(values, v.(string))
	}
	if len(values) == 0 {
		values = []string{"1", "2"}
	}
	out := p.visitor(t).complete(t, p.basic, p.request(p.basic, "acr_values", strings.Join(values, " ")))
	if acr, ok := out.claims["acr"].(string); ok && !slices.Contains(values, acr) && acr != "urn:okta:loa:1fa:any" {
		t.Errorf("acr %q was neither asked for nor reached", acr)
	}
}

func unregistered(t *testing.T, p *party) {
	for _, to := range []string{callback + "/nowhere", "https://rp.example/", "https://evil.example/callback"} {
		told(t, p.visitor(t).ask(t, p.request(p.basic, "redirect_uri", to)))
	}
}

// claimsParameter asks for one claim alone. It is ignored: the request goes
// through without it.
func claimsParameter(t *testing.T, p *party) {
	out := p.visitor(t).complete(t, p.basic, p.request(p.basic, "claims", `{"userinfo":{"name":{"essential":true}}}`))
	if supported, _ := p.discovery["claims_parameter_supported"].(bool); supported {
		t.Error("the discovery document offers the parameter")
	}
	if out.access != "" && p.userinfo(t, out.access)["name"] != nil {
		t.Error("the claim is given: the module passes by now")
	}
}

func postRequest(t *testing.T, p *party) {
	v := p.visitor(t)
	q := p.request(p.basic)
	at := v.b.Post(local(t, p.endpoint(t, "authorization_endpoint")), q)
	v.finish(t, p.basic, q, v.signIn(t, at), nil)
}

// reuse brings a code a second time, so many seconds after the first.
func reuse(seconds int) func(t *testing.T, p *party) {
	return func(t *testing.T, p *party) {
		out := p.visitor(t).complete(t, p.basic, p.request(p.basic))
		p.app.Clock.Advance(time.Duration(seconds) * time.Second)
		a := p.redeem(t, p.basic, out.values.Get("code"), nil).Want(400)
		if a.Text("error") != "invalid_grant" {
			t.Errorf("%s", a.Body)
		}
		p.app.Anonymous().On(t).With("Authorization", "Bearer "+out.access).Get(local(t, p.endpoint(t, "userinfo_endpoint"))).Want(401)
	}
}

func withProofKey(t *testing.T, p *party) {
	const verifier = "a-verifier-of-forty-three-characters-or-more-0123"
	sum := sha256.Sum256([]byte(verifier))
	v := p.visitor(t)
	q := p.request(p.basic, "code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256")
	v.finish(t, p.basic, q, v.signIn(t, v.ask(t, q)), url.Values{"code_verifier": {verifier}})
}
