package conformance_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

// dynamicModules are those of clients that register themselves. An administrator
// lets them, by a token, and gives them to everybody.
func dynamicModules() []module {
	const pages = "The address is kept; our pages load nothing from elsewhere, and lead to addresses of clients only with an answer."
	const pairwise = "Subjects are public, as the discovery document says."
	return []module{
		pass("oidcc-idtoken-rs256", func(t *testing.T, p *party) {
			c := p.enlist(t, map[string]any{"id_token_signed_response_alg": "RS256"})
			p.visitor(t).complete(t, c, p.request(c))
		}),
		unsignedToken(),
		less(gap, "oidcc-userinfo-rs256", "The user info is always JSON: the service does not sign it.", func(t *testing.T, p *party) {
			c := p.enlist(t, map[string]any{"userinfo_signed_response_alg": "RS256"})
			p.visitor(t).complete(t, c, p.request(c)) // which reads it as JSON
			if p.discovery["userinfo_signing_alg_values_supported"] != nil {
				t.Error("the discovery document offers it")
			}
		}),
		pass("oidcc-ensure-redirect-uri-in-authorization-request", func(t *testing.T, p *party) {
			c := p.enlist(t, nil)
			told(t, p.visitor(t).ask(t, p.request(c, "redirect_uri", "")))
		}),
		pass("oidcc-redirect-uri-query-OK", redirectWithQuery),
		pass("oidcc-redirect-uri-query-mismatch", func(t *testing.T, p *party) {
			c := p.enlist(t, map[string]any{"redirect_uris": []string{callback + "?foo=bar"}})
			told(t, p.visitor(t).ask(t, p.request(c, "redirect_uri", callback+"?bar=foo")))
		}),
		pass("oidcc-redirect-uri-query-added", func(t *testing.T, p *party) {
			c := p.enlist(t, nil)
			told(t, p.visitor(t).ask(t, p.request(c, "redirect_uri", callback+"?foo=bar")))
		}),
		pass("oidcc-redirect-uri-regfrag", func(t *testing.T, p *party) {
			a, _ := p.enrol(t, map[string]any{"redirect_uris": []string{callback + "#foo=bar"}})
			if a.Want(400); a.Text("error") != "invalid_redirect_uri" {
				t.Errorf("%s", a.Body)
			}
		}),
		pass("oidcc-discovery-endpoint-verification", verifyDiscovery),
		pass("oidcc-server", func(t *testing.T, p *party) {
			c := p.enlist(t, nil)
			p.visitor(t).complete(t, c, p.request(c))
		}),
		less(gap, "oidcc-registration-logo-uri", pages, registered("logo_uri", "https://rp.example/logo.png")),
		less(gap, "oidcc-registration-policy-uri", pages, registered("policy_uri", "https://rp.example/policy.html")),
		less(gap, "oidcc-registration-tos-uri", pages, registered("tos_uri", "https://rp.example/tos.html")),
		pass("oidcc-registration-jwks-uri", published),
		less(skipped, "oidcc-registration-sector-uri", pairwise, publicSubjects),
		less(skipped, "oidcc-registration-sector-bad", pairwise, publicSubjects),
		pass("oidcc-server-rotate-keys", rotateKeys),
		pass("oidcc-refresh-token-rp-key-rotation", clientRotates),
		less(gap, "oidcc-request-uri-unsigned", "Requests are not fetched from the client: they come by value or are pushed.", objectByReference),
		less(gap, "oidcc-request-uri-signed-rs256", "As oidcc-request-uri-unsigned.", objectByReference),
		less(skipped, "oidcc-ensure-request-object-with-redirect-uri", "Unsigned request objects are refused, as the discovery document says. The address in a signed one counts.", signedObject),
		pass("oidcc-refresh-token", func(t *testing.T, p *party) { p.refreshes(t, p.enlist(t, nil), p.enlist(t, nil)) }),
		pass("oidcc-ensure-client-assertion-with-iss-aud-succeeds", func(t *testing.T, p *party) {
			c := p.enlist(t, nil)
			v := p.visitor(t)
			q := p.request(c)
			v.finish(t, c, q, v.signIn(t, v.ask(t, q)), url.Values{"client_assertion": {p.assertion(t, c, p.issuer())}})
		}),
	}
}

// enrol asks the registration endpoint for a client that proves itself by a key
// of RS256; change adds to what is asked for.
func (p *party) enrol(t *testing.T, change map[string]any) (*apptest.Answer, *rsa.PrivateKey) {
	t.Helper()
	key := newKey(t)
	text, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "rp", Algorithm: "RS256", Use: "sig"})
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{
		"client_name": "Relying party " + rand.Text(), "redirect_uris": []string{callback}, "contacts": []string{"certification@oidf.example"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"},
		"token_endpoint_auth_method": "private_key_jwt", "jwks": map[string]any{"keys": []json.RawMessage{text}}, "application_type": "web",
	}
	maps.Copy(body, change)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
	return p.app.On(t).Post(local(t, p.endpoint(t, "registration_endpoint")), body), key
}

// enlist registers a client and gives it to everybody.
func (p *party) enlist(t *testing.T, change map[string]any) *client {
	t.Helper()
	a, key := p.enrol(t, change)
	a.Want(201)
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%s", a.Header.Get("Content-Type"))
	}
	if a.Text("token_endpoint_auth_method") != "private_key_jwt" || a.At("redirect_uris.0") == nil || a.Text("response_types.0") != "code" ||
		a.Text("grant_types.0") != "authorization_code" || a.At("client_id_issued_at") == nil {
		t.Errorf("%s", a.Body)
	}
	c := &client{id: a.Text("client_id"), app: a.Text("client_id"), method: "private_key_jwt", key: key}
	p.assign(t, c)
	return c
}

// redirectWithQuery has the answer behind the query that the address has.
func redirectWithQuery(t *testing.T, p *party) {
	const to = callback + "?foo=bar"
	c := p.enlist(t, map[string]any{"redirect_uris": []string{to}})
	v := p.visitor(t)
	q := p.request(c, "redirect_uri", to)
	v.finish(t, c, q, v.signIn(t, v.ask(t, q)), url.Values{"redirect_uri": {to}})
}

// registered makes a module that registers an address for people to read.
func registered(name, address string) func(t *testing.T, p *party) {
	return func(t *testing.T, p *party) {
		a, _ := p.enrol(t, map[string]any{name: address})
		if a.Want(201); a.Text(name) != address {
			t.Errorf("%s", a.Body)
		}
		v := p.visitor(t)
		at := v.ask(t, p.request(&client{id: a.Text("client_id")}))
		if page := v.b.Get(local(t, at.Header.Get("Location"))).Want(200); strings.Contains(string(page.Body), address) {
			t.Error("the page shows it: the module passes by now")
		}
	}
}

func publicSubjects(t *testing.T, p *party) {
	if p.offers("subject_types_supported", "pairwise") || !p.offers("subject_types_supported", "public") {
		t.Errorf("%v", p.discovery["subject_types_supported"])
	}
}

// rotateKeys has another key published beside the one there was, and tokens of
// both hold.
func rotateKeys(t *testing.T, p *party) {
	old := p.visitor(t).complete(t, p.basic, p.request(p.basic))
	p.checkKeys(t)
	before := kids(p.keys)
	p.app.On(t).Post("/api/v1/authorizationServers/"+p.server+"/credentials/lifecycle/keyRotate", map[string]any{"use": "sig"}).Want(200)
	p.checkKeys(t)
	after := kids(p.keys)
	if !slices.ContainsFunc(after, func(kid string) bool { return !slices.Contains(before, kid) }) {
		t.Errorf("no new key: %v, then %v", before, after)
	}
	nonce, _ := old.claims["nonce"].(string)
	p.idToken(t, p.basic, old.raw, expect{nonce: nonce, access: old.access})
	p.visitor(t).complete(t, p.basic, p.request(p.basic))
}
