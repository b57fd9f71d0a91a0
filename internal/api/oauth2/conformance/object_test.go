package conformance_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

// object are the parameters of a request as the claims of a JWT.
func object(q url.Values) map[string]any {
	out := map[string]any{}
	for name, values := range q {
		out[name] = values[0]
	}
	return out
}

// unsigned makes a JWT that nobody has signed.
func unsigned(t *testing.T, claims map[string]any) string {
	t.Helper()
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
}

// noUnsigned checks that the server says it takes no unsigned request objects.
func noUnsigned(t *testing.T, p *party) {
	t.Helper()
	if p.discovery["request_object_signing_alg_values_supported"] == nil || p.offers("request_object_signing_alg_values_supported", "none") {
		t.Errorf("%v", p.discovery["request_object_signing_alg_values_supported"])
	}
}

func objectByReference(t *testing.T, p *party) {
	noUnsigned(t, p)
	told(t, p.visitor(t).ask(t, p.request(p.basic, "request_uri", "https://rp.example/test/a/usher/requesturi.jwt")))
}

func unsignedObject(t *testing.T, p *party) {
	noUnsigned(t, p)
	q := p.request(p.basic)
	told(t, p.visitor(t).ask(t, p.request(p.basic, "request", unsigned(t, object(q)))))
}

// signedObject has a right address in a signed request object beside a wrong one
// outside, which counts for nothing.
func signedObject(t *testing.T, p *party) {
	noUnsigned(t, p)
	q := p.request(p.basic)
	claims := object(q)
	claims["iss"], claims["aud"] = p.basic.id, p.issuer()
	raw := apptest.SignJWT(t, jose.HS256, []byte(p.basic.secret), nil, claims)
	v := p.visitor(t)
	at := v.ask(t, p.request(p.basic, "request", raw, "redirect_uri", "https://evil.example/callback"))
	v.finish(t, p.basic, q, v.signIn(t, at), nil)
	told(t, p.visitor(t).ask(t, p.request(p.basic, "request", unsigned(t, claims), "redirect_uri", "https://evil.example/callback")))
}
