package oauth2_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

const base = "https://id.example.com"

// client is an application that was registered as an OAuth client.
type client struct {
	id, app, secret string
	key             *ecdsa.PrivateKey
}

// newKey makes a key pair and its public part as JSON.
func newKey(t testing.TB, kid string) (*ecdsa.PrivateKey, map[string]any) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(jose.JSONWebKey{Key: k.Public(), KeyID: kid, Algorithm: "ES256", Use: "sig"})
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return k, out
}

// register makes an application with settings and a way to prove itself.
func register(t testing.TB, app *apptest.App, kind, method string, settings map[string]any) *client {
	t.Helper()
	c := &client{}
	o := map[string]any{"application_type": kind}
	for k, v := range settings {
		o[k] = v
	}
	if method == "private_key_jwt" {
		var public map[string]any
		c.key, public = newKey(t, "k1")
		o["jwks"] = map[string]any{"keys": []any{public}}
	}
	a := app.Post("/api/v1/apps", map[string]any{
		"name": "oidc_client", "label": "App " + kind + " " + method, "signOnMode": "OPENID_CONNECT",
		"credentials": map[string]any{"oauthClient": map[string]any{"token_endpoint_auth_method": method}},
		"settings":    map[string]any{"oauthClient": o},
	}).Want(200)
	c.app, c.id, c.secret = a.Text("id"), a.Text("credentials.oauthClient.client_id"), a.Text("credentials.oauthClient.client_secret")
	return c
}

// assign gives an application to everybody.
func assign(t testing.TB, app *apptest.App, c *client) {
	t.Helper()
	everyone := app.Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	app.Put("/api/v1/apps/"+c.app+"/groups/"+everyone, map[string]any{}).Want(200)
}

// basicAuth is the client's Authorization header.
func (c *client) basicAuth() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.id)+":"+url.QueryEscape(c.secret)))
}

// assertion is a JWT by which the client proves itself; change may spoil it.
func (c *client) assertion(t testing.TB, app *apptest.App, aud string, change func(map[string]any)) string {
	t.Helper()
	now := app.Clock.Now()
	claims := map[string]any{
		"iss": c.id, "sub": c.id, "aud": aud, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": unique(),
	}
	if change != nil {
		change(claims)
	}
	if c.key == nil {
		return apptest.SignJWT(t, jose.HS256, []byte(c.secret), nil, claims)
	}
	return apptest.SignJWT(t, jose.ES256, jose.JSONWebKey{Key: c.key, KeyID: "k1"}, nil, claims)
}

func unique() string { return rand.Text() }

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// proof is a DPoP proof by a key.
func dpop(t testing.TB, app *apptest.App, key *ecdsa.PrivateKey, method, address, nonce, token string, change func(map[string]any)) string {
	t.Helper()
	claims := map[string]any{"jti": unique(), "htm": method, "htu": address, "iat": app.Clock.Now().Unix()}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if token != "" {
		sum := crypto.SHA256.New()
		sum.Write([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
	}
	if change != nil {
		change(claims)
	}
	return apptest.SignJWT(t, jose.ES256, key, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"), claims)
}

// claimsOf reads a token without verifying it.
func claimsOf(t testing.TB, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %q", token)
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

// refused fails the test unless the answer is this error of the protocol.
func refused(t testing.TB, a *apptest.Answer, status int, code, text string) {
	t.Helper()
	a.Want(status)
	if a.Text("error") != code || (text != "" && a.Text("error_description") != text) {
		t.Errorf("%s, want %s: %s", a.Body, code, text)
	}
}

func form(pairs ...string) url.Values {
	out := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

// grantScopes lets a client have scopes of the management interface.
func grantScopes(t testing.TB, app *apptest.App, c *client, scopes ...string) {
	t.Helper()
	for _, s := range scopes {
		app.Post("/api/v1/apps/"+c.app+"/grants", map[string]any{"scopeId": s, "issuer": base}).Want(201)
	}
}
