package oktasuite

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"testing"
	"time"

	"usher/compat/devserver"
)

const serviceKeyID = "suite"

// service is an application that proves itself by a private key.
type service struct{ clientID, privateKey string }

// newService registers a service application that may manage users, as an
// administrator does over the interface.
func newService(t *testing.T, s *devserver.Server) service {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	public := map[string]any{
		"kty": "RSA", "kid": serviceKeyID, "use": "sig", "n": number(key.N), "e": number(big.NewInt(int64(key.E))),
	}
	var app struct {
		ID          string
		Credentials struct {
			OAuthClient struct {
				ClientID string `json:"client_id"`
			}
		}
	}
	call(t, s, "/api/v1/apps", map[string]any{
		"name": "oidc_client", "label": "Suite service", "signOnMode": "OPENID_CONNECT",
		"credentials": map[string]any{"oauthClient": map[string]any{"token_endpoint_auth_method": "private_key_jwt"}},
		"settings": map[string]any{"oauthClient": map[string]any{
			"application_type": "service", "grant_types": []string{"client_credentials"}, "response_types": []string{"token"},
			"jwks": map[string]any{"keys": []any{public}},
		}},
	}, &app)
	call(t, s, "/api/v1/apps/"+app.ID+"/grants", map[string]any{"scopeId": "okta.users.manage", "issuer": s.URL}, nil)
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return service{clientID: app.Credentials.OAuthClient.ClientID, privateKey: string(pem.EncodeToMemory(block))}
}

// offerTexts lets users enroll the SMS factor, as an organisation for which the
// suite was written does.
func offerTexts(t *testing.T, s *devserver.Server) {
	t.Helper()
	var list []map[string]any
	send(t, s, http.MethodGet, "/api/v1/policies?type=MFA_ENROLL", nil, &list)
	policy := list[len(list)-1] // the default one
	id, _ := policy["id"].(string)
	policy["type"] = "MFA_ENROLL"
	settings, _ := policy["settings"].(map[string]any)
	factors, _ := settings["factors"].(map[string]any)
	factors["okta_sms"] = map[string]any{"enroll": map[string]any{"self": "OPTIONAL"}, "consent": map[string]any{"type": "NONE"}}
	send(t, s, http.MethodPut, "/api/v1/policies/"+id, policy, nil)
}

// call sends something new as the administrator and decodes the answer.
func call(t *testing.T, s *devserver.Server, path string, body, into any) {
	t.Helper()
	send(t, s, http.MethodPost, path, body, into)
}

// send sends a request as the administrator and decodes the answer.
func send(t *testing.T, s *devserver.Server, method, path string, body, into any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "SSWS "+s.APIToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s", method, path, res.Status)
	}
	if into == nil {
		return
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
