package conformance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// expect is what an ID token has to fit.
type expect struct {
	nonce, access, code string
	front               bool // it came from the authorization endpoint
}

// idToken verifies an ID token as a relying party has to and returns its claims.
// (OpenID Connect Core sections 2, 3.1.3.7, 3.2.2.11 and 3.3.2.11)
func (p *party) idToken(t *testing.T, c *client, raw string, want expect) map[string]any {
	t.Helper()
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatalf("%v: %q", err, raw)
	}
	known := p.keys.Key(jws.Signatures[0].Header.KeyID)
	if len(known) != 1 {
		t.Fatalf("%d keys of the identifier %q", len(known), jws.Signatures[0].Header.KeyID)
	}
	text, err := jws.Verify(known[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	now := p.app.Clock.Now()
	if claims["iss"] != p.issuer() || claims["aud"] != c.id {
		t.Errorf("issuer %v, audience %v", claims["iss"], claims["aud"])
	}
	if azp, ok := claims["azp"]; ok && azp != c.id {
		t.Errorf("authorized party %v", azp)
	}
	if sub, _ := claims["sub"].(string); sub == "" || len(sub) > 255 {
		t.Errorf("subject %v", claims["sub"])
	}
	issued, expires, auth := when(claims["iat"]), when(claims["exp"]), when(claims["auth_time"])
	if !expires.After(now) || issued.After(now) || issued.Before(now.Add(-time.Minute)) || auth.After(now) {
		t.Errorf("at %s: issued %s, expires %s, signed in %s", now, issued, expires, auth)
	}
	if amr, ok := claims["amr"]; ok {
		if list, _ := amr.([]any); len(list) == 0 {
			t.Errorf("amr %v", amr)
		}
	}
	if nonce, _ := claims["nonce"].(string); nonce != want.nonce {
		t.Errorf("nonce %q, want %q", nonce, want.nonce)
	}
	p.checkHashes(t, claims, want)
	return claims
}

// checkHashes checks what an ID token says of what goes along with it.
func (p *party) checkHashes(t *testing.T, claims map[string]any, want expect) {
	t.Helper()
	for name, of := range map[string]struct {
		token string
		must  bool
	}{"at_hash": {want.access, want.front && want.access != ""}, "c_hash": {want.code, want.front && want.code != ""}} {
		sum := sha256.Sum256([]byte(of.token))
		switch got, ok := claims[name]; {
		case !ok && of.must:
			t.Errorf("the ID token has no %s", name)
		case ok && got != base64.RawURLEncoding.EncodeToString(sum[:16]):
			t.Errorf("%s is not right", name)
		}
	}
}

// when reads a claim that is a time.
func when(claim any) time.Time {
	n, _ := claim.(float64)
	return time.Unix(int64(n), 0)
}
