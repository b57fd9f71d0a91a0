package oauth2_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

// TestForgedTokens: a token counts by the algorithm and the key that its issuer
// has for it, whatever its own header says.
func TestForgedTokens(t *testing.T) {
	app := apptest.New(t)
	c := web(t, app, nil)
	b := signedIn(t, app, isaac)
	tokens := redeem(app, "default", c, code(t, b, "default", request(c))).Want(200)
	real, claims := tokens.Text("access_token"), claimsOf(t, tokens.Text("access_token"))
	var set jose.JSONWebKeySet
	app.Anonymous().Get("/oauth2/default/v1/keys").Want(200).JSON(&set)
	public := set.Keys[0]
	der, err := x509.MarshalPKIXPublicKey(public.Key)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	typed := func() *jose.SignerOptions {
		return (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", public.KeyID)
	}
	parts := strings.Split(real, ".")
	forged := map[string]string{
		"unsigned":            base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt","kid":"`+public.KeyID+`"}`)) + "." + parts[1] + ".",
		"no signature":        parts[0] + "." + parts[1] + ".",
		"MAC by the PEM":      apptest.SignJWT(t, jose.HS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), typed(), claims),
		"MAC by the DER":      apptest.SignJWT(t, jose.HS256, der, typed(), claims),
		"MAC by the modulus":  apptest.SignJWT(t, jose.HS256, public.Key.(*rsa.PublicKey).N.Bytes(), typed(), claims),
		"another key":         apptest.SignJWT(t, jose.RS256, mine, typed(), claims),
		"a key in the header": apptest.SignJWT(t, jose.RS256, mine, &jose.SignerOptions{EmbedJWK: true}, claims),
		"another algorithm":   apptest.SignJWT(t, jose.PS256, mine, typed(), claims),
		"a key elsewhere":     apptest.SignJWT(t, jose.RS256, mine, typed().WithHeader("jku", "https://evil.example/keys"), claims),
		"an ID token":         tokens.Text("id_token"),
		"the own server's":    redeem(app, "", c, code(t, b, "", request(c))).Want(200).Text("access_token"),
	}
	for name, token := range forged {
		t.Run(name, func(t *testing.T) {
			who := app.Anonymous().On(t)
			who.With("Authorization", "Bearer "+token).Get("/oauth2/default/v1/userinfo").Want(401)
			if name != "an ID token" { // which may be asked about
				seen := who.With("Authorization", c.basicAuth()).Post("/oauth2/default/v1/introspect", form("token", token)).Want(200)
				if string(seen.Body) != `{"active":false}` {
					t.Errorf("%s", seen.Body)
				}
			}
			if name != "the own server's" { // which the management interface does take
				who.With("Authorization", "Bearer "+token).Get("/api/v1/users").Want(401)
			}
		})
	}
	app.Anonymous().With("Authorization", "Bearer "+real).Get("/oauth2/default/v1/userinfo").Want(200)
	for name, hint := range map[string]string{
		"unsigned":    base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(tokens.Text("id_token"), ".")[1] + ".",
		"another key": apptest.SignJWT(t, jose.RS256, mine, (&jose.SignerOptions{}).WithHeader("kid", public.KeyID), claimsOf(t, tokens.Text("id_token"))),
	} {
		if a := b.Get("/oauth2/default/v1/logout?" + form("id_token_hint", hint).Encode()).Want(400); b.Cookie("sid") == "" {
			t.Errorf("%s: signed out: %s", name, a.Body)
		}
	}
}

// TestTwoSecrets: a client goes from one secret to the next without a moment in
// which none counts.
func TestTwoSecrets(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		addScope(t, app, "api:read")
		c := register(t, app, "service", "client_secret_basic", map[string]any{"grant_types": []string{"client_credentials"}, "response_types": []string{"token"}})
		old, at := *c, "/api/v1/apps/"+c.app+"/credentials/secrets"
		proves := func(want bool, who ...*client) {
			t.Helper()
			for i, one := range who {
				a := app.Anonymous().With("Authorization", one.basicAuth()).Post(defaultToken, form("grant_type", "client_credentials", "scope", "api:read"))
				if (a.Status == 200) != want || (!want && (a.Status != 401 || a.Text("error") != "invalid_client")) {
					t.Errorf("secret %d: %d %s", i, a.Status, a.Body)
				}
			}
		}
		first := app.Get(at).Want(200).Text("0.id")
		second := *c
		second.secret = app.Post(at, `{}`).Want(201).Text("client_secret")
		proves(true, &old, &second)
		app.Post(at+"/"+first+"/lifecycle/deactivate", nil).Want(200)
		proves(false, &old)
		proves(true, &second)
		app.Post(at+"/"+first+"/lifecycle/activate", nil).Want(200)
		proves(true, &old, &second)
		app.Post(at+"/"+first+"/lifecycle/deactivate", nil).Want(200)
		app.Delete(at + "/" + first).Want(204)
		proves(false, &old)
		proves(true, &second)
	})
}

// TestEncryptedRequestObject: a request object that is encrypted, however well,
// does not go past what checks who has signed it.
func TestEncryptedRequestObject(t *testing.T) {
	app := apptest.New(t)
	w := web(t, app, nil)
	b := signedIn(t, app, isaac)
	claims := map[string]any{"iss": w.id, "aud": base}
	for name, v := range request(w) {
		claims[name] = v[0]
	}
	plain, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	app.Anonymous().Get("/oauth2/v1/keys").Want(200).JSON(&set)
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(plain) + "."
	signed := apptest.SignJWT(t, jose.HS256, []byte(w.secret), nil, claims)
	for name, to := range map[string]jose.Recipient{
		"to the server's key": {Algorithm: jose.RSA_OAEP_256, Key: set.Keys[0].Key}, "by the secret": {Algorithm: jose.DIRECT, Key: []byte(w.secret)[:32]},
		"by a password": {Algorithm: jose.PBES2_HS256_A128KW, Key: []byte(w.secret)},
	} {
		for what, inside := range map[string]string{"claims": string(plain), "unsigned": unsigned, "signed": signed} {
			e, err := jose.NewEncrypter(jose.A256GCM, to, (&jose.EncrypterOptions{}).WithContentType("JWT"))
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := e.Encrypt([]byte(inside))
			if err != nil {
				t.Fatal(err)
			}
			object, err := sealed.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			a := b.Get(authorizeAt("", form("client_id", w.id, "request", object))).Want(400)
			if a.Header.Get("Location") != "" {
				t.Errorf("%s, %s: leads to %s", what, name, a.Header.Get("Location"))
			}
			pushed := app.Anonymous().With("Authorization", w.basicAuth()).Post("/oauth2/v1/par", form("request", object))
			refused(t, pushed, 400, "invalid_request_object", "")
		}
	}
}

// TestRegistrationIsForAdministrators: nobody makes or changes a client without
// the permission for it, least of all the client itself, and what a client says
// about itself is not fetched.
func TestRegistrationIsForAdministrators(t *testing.T) {
	app := apptest.New(t)
	const at = "/oauth2/v1/clients"
	machine := register(t, app, "service", "private_key_jwt", map[string]any{"grant_types": []string{"client_credentials"}, "response_types": []string{"token"}})
	grantScopes(t, app, machine, "okta.clients.read", "okta.apps.read", "okta.users.manage")
	bearer := func(scopes string) *apptest.Client {
		token := by(t, app, machine, ownToken, "grant_type", "client_credentials", "scope", scopes).Want(200).Text("access_token")
		return app.Anonymous().With("Authorization", "Bearer "+token)
	}
	c := spa(t, app, nil)
	person := redeem(app, "", c, code(t, signedIn(t, app, isaac), "", request(c))).Want(200).Text("access_token")
	before := app.Get(at + "/" + c.id).Want(200)
	body := `{"client_name":"x","redirect_uris":["https://evil.example"],"token_endpoint_auth_method":"none","application_type":"browser","grant_types":["implicit"],"response_types":["token"]}`
	for name, who := range map[string]*apptest.Client{
		"nobody": app.Anonymous(), "reader": bearer("okta.clients.read okta.apps.read"), "of another kind": bearer("okta.users.manage"),
		"user": app.Anonymous().With("Authorization", "Bearer "+person), "client itself": app.Anonymous().With("Authorization", machine.basicAuth()),
	} {
		for _, try := range []struct{ method, path string }{
			{http.MethodPost, at}, {http.MethodPut, at + "/" + c.id}, {http.MethodDelete, at + "/" + c.id}, {http.MethodPost, at + "/" + machine.id + "/lifecycle/newSecret"},
		} {
			if a := who.Do(try.method, try.path, body); a.Status != 401 && a.Status != 403 {
				t.Errorf("%s: %s %s: %d %s", name, try.method, try.path, a.Status, a.Body)
			}
		}
	}
	if after := app.Get(at + "/" + c.id).Want(200); string(after.Body) != string(before.Body) {
		t.Errorf("%s\n%s", before.Body, after.Body)
	}
	// The kind of an application is what it was, and so are its rules.
	refusedKind := app.Put(at+"/"+c.id, `{"client_name":"x","redirect_uris":["`+callback+`"],"application_type":"service","grant_types":["client_credentials"],"response_types":["token"]}`)
	if refusedKind.Status != 400 || refusedKind.Text("error") != "invalid_client_metadata" {
		t.Errorf("%d %s", refusedKind.Status, refusedKind.Body)
	}
	var asked atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer inner.Close()
	app.Post(at, map[string]any{
		"client_name": "curious", "redirect_uris": []string{callback}, "logo_uri": inner.URL + "/logo.png", "client_uri": inner.URL, "policy_uri": inner.URL, "tos_uri": inner.URL,
		"sector_identifier_uri": inner.URL, "initiate_login_uri": inner.URL, "software_statement": inner.URL,
	}).Want(201)
	if asked.Load() != 0 {
		t.Errorf("the server has asked an address of the client %d times", asked.Load())
	}
}
