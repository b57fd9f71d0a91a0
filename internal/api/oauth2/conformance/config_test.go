package conformance_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// configModules verify the discovery document.
func configModules() []module {
	return []module{pass("oidcc-discovery-endpoint-verification", verifyDiscovery)}
}

var scopeToken = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+$`)

// verifyDiscovery checks the discovery document as far as the suite does.
func verifyDiscovery(t *testing.T, p *party) {
	a := p.app.Anonymous().On(t).Get(local(t, p.issuer()) + "/.well-known/openid-configuration").Want(200)
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%s", a.Header.Get("Content-Type"))
	}
	if p.discovery["issuer"] != p.issuer() {
		t.Errorf("issuer %v", p.discovery["issuer"])
	}
	p.checkAddresses(t)
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "registration_endpoint"} {
		p.endpoint(t, name)
	}
	for name, needed := range map[string][]string{
		"response_types_supported": {"code", "id_token", "id_token token"}, "subject_types_supported": {"public"}, "scopes_supported": {"openid"},
		"id_token_signing_alg_values_supported": {"RS256"}, "grant_types_supported": {"authorization_code", "implicit"}, "code_challenge_methods_supported": {"S256"},
		"request_object_signing_alg_values_supported": {"RS256"}, "token_endpoint_auth_methods_supported": {"client_secret_basic", "client_secret_post"},
	} {
		for _, v := range needed {
			if !p.offers(name, v) {
				t.Errorf("%s lacks %q: %v", name, v, p.discovery[name])
			}
		}
	}
	if list, _ := p.discovery["claims_supported"].([]any); len(list) == 0 {
		t.Error("no claims_supported")
	}
	for name, v := range p.discovery {
		switch v := v.(type) {
		case bool, string:
		case []any:
			if len(v) == 0 {
				t.Errorf("%s is empty", name)
			}
			for _, one := range v {
				if text, _ := one.(string); text == "" {
					t.Errorf("%s: %v", name, v)
				}
			}
		default:
			t.Errorf("%s: %v", name, v)
		}
	}
	list, _ := p.discovery["scopes_supported"].([]any)
	for _, s := range list {
		if text, _ := s.(string); !scopeToken.MatchString(text) {
			t.Errorf("scope %q", s)
		}
	}
	p.checkKeys(t)
}

// checkAddresses checks that every address of the discovery document is one of
// HTTPS.
func (p *party) checkAddresses(t *testing.T) {
	t.Helper()
	for name, v := range p.discovery {
		if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" && name != "issuer" {
			continue
		}
		text, _ := v.(string)
		if u, err := url.Parse(text); err != nil || u.Scheme != "https" || u.Host == "" || u.Fragment != "" {
			t.Errorf("%s: %v", name, v)
		}
	}
}

// checkKeys checks that the published keys can be used, have identifiers of
// their own, and are public.
func (p *party) checkKeys(t *testing.T) {
	t.Helper()
	p.readKeys(t)
	if len(p.keys.Keys) == 0 {
		t.Fatal("no keys")
	}
	seen := map[string]bool{}
	for _, k := range p.keys.Keys {
		if !k.Valid() || !k.IsPublic() || k.KeyID == "" || seen[k.KeyID] {
			t.Errorf("key %q", k.KeyID)
		}
		if _, symmetric := k.Key.([]byte); symmetric {
			t.Errorf("key %q is a secret", k.KeyID)
		}
		seen[k.KeyID] = true
	}
}

// kids are the identifiers of keys.
func kids(set jose.JSONWebKeySet) []string {
	var out []string
	for _, k := range set.Keys {
		out = append(out, k.KeyID)
	}
	return out
}

// payload reads the claims of a JWT without verifying it.
func payload(t *testing.T, raw string) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %q", raw)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
