package conformance_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

const (
	base     = "https://id.example.com"
	callback = "https://rp.example/test/a/usher/callback"
	signedBy = "https://rp.example/test/a/usher/post_logout_redirect"
	user     = "isaac.brock@example.com"
)

// client is a client of the relying party.
type client struct {
	id, app, secret, method string
	key                     *rsa.PrivateKey
	rotated                 bool // the key is its second
}

// kid is the identifier of the client's key.
func (c *client) kid() string {
	if c.rotated {
		return "rp-2"
	}
	return "rp"
}

// newKey makes a key for a client.
func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// party is a relying party that runs the modules of a plan: at one authorization
// server, with one response type and one response mode.
type party struct {
	app      *apptest.App
	server   string // part of the path, empty for the organisation's own
	response string // e.g. "code id_token"
	mode     string // "" for the one that goes with the response type
	// basic proves itself by HTTP basic authentication, so does second; posting
	// does it by the form.
	basic, second, posting *client
	discovery              map[string]any
	keys                   jose.JSONWebKeySet
}

// issuer is the address by which the server is known.
func (p *party) issuer() string {
	if p.server == "" {
		return base
	}
	return base + "/oauth2/" + p.server
}

// newParty registers the clients of a plan and reads what the server says about
// itself.
func newParty(t *testing.T, app *apptest.App, server, response, mode string) *party {
	t.Helper()
	p := &party{app: app, server: server, response: response, mode: mode}
	p.basic = p.register(t, "client_secret_basic", nil)
	p.second = p.register(t, "client_secret_basic", nil)
	p.posting = p.register(t, "client_secret_post", nil)
	p.discover(t)
	return p
}

// discover reads the discovery document and the keys.
func (p *party) discover(t *testing.T) {
	t.Helper()
	p.discovery = map[string]any{}
	p.app.Anonymous().On(t).Get(local(t, p.issuer()) + "/.well-known/openid-configuration").Want(200).JSON(&p.discovery)
	p.readKeys(t)
}

func (p *party) readKeys(t *testing.T) {
	t.Helper()
	p.keys = jose.JSONWebKeySet{}
	p.app.Anonymous().On(t).Get(local(t, p.endpoint(t, "jwks_uri"))).Want(200).JSON(&p.keys)
}

// endpoint is an address of the discovery document.
func (p *party) endpoint(t *testing.T, name string) string {
	t.Helper()
	text, _ := p.discovery[name].(string)
	if text == "" {
		t.Fatalf("the discovery document has no %s", name)
	}
	return text
}

// offers tells whether a list of the discovery document has a value.
func (p *party) offers(name, value string) bool {
	list, _ := p.discovery[name].([]any)
	return slices.Contains(list, any(value))
}

// local cuts an address of the server to what a test asks it for.
func local(t *testing.T, address string) string {
	t.Helper()
	path, ok := strings.CutPrefix(address, base)
	if !ok {
		t.Fatalf("%q is no address of the server", address)
	}
	return path
}

// register makes a client that may do what the plans do, and gives it to
// everybody. change adds settings.
func (p *party) register(t *testing.T, method string, change map[string]any) *client {
	t.Helper()
	settings := map[string]any{
		"application_type": "web", "redirect_uris": []string{callback}, "post_logout_redirect_uris": []string{signedBy},
		"response_types": []string{"code", "token", "id_token"}, "grant_types": []string{"authorization_code", "implicit", "refresh_token"},
	}
	for k, v := range change {
		settings[k] = v
	}
	a := p.app.On(t).Post("/api/v1/apps", map[string]any{
		"name": "oidc_client", "label": "Relying party " + rand.Text(), "signOnMode": "OPENID_CONNECT",
		"credentials": map[string]any{"oauthClient": map[string]any{"token_endpoint_auth_method": method}},
		"settings":    map[string]any{"oauthClient": settings},
	}).Want(200)
	c := &client{app: a.Text("id"), id: a.Text("credentials.oauthClient.client_id"), secret: a.Text("credentials.oauthClient.client_secret"), method: method}
	p.assign(t, c)
	return c
}

// assign gives a client to everybody.
func (p *party) assign(t *testing.T, c *client) {
	t.Helper()
	everyone := p.app.On(t).Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	p.app.On(t).Put("/api/v1/apps/"+c.app+"/groups/"+everyone, map[string]any{}).Want(200)
}

// request is an authorization request; pairs change it, and take away where the
// value is empty.
func (p *party) request(c *client, pairs ...string) url.Values {
	v := url.Values{
		"client_id": {c.id}, "response_type": {p.response}, "scope": {"openid"}, "redirect_uri": {callback}, "state": {rand.Text()}, "nonce": {rand.Text()},
	}
	if p.mode != "" {
		v.Set("response_mode", p.mode)
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

// asks tells whether the response type has a part.
func (p *party) asks(part string) bool { return slices.Contains(strings.Fields(p.response), part) }

// token asks the token endpoint as a client, in the way that it proves itself.
func (p *party) token(t *testing.T, c *client, form url.Values) *apptest.Answer {
	t.Helper()
	who := p.app.Anonymous().On(t)
	switch c.method {
	case "client_secret_basic":
		who = who.With("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.id)+":"+url.QueryEscape(c.secret))))
	case "client_secret_post":
		form.Set("client_id", c.id)
		form.Set("client_secret", c.secret)
	case "private_key_jwt":
		form.Set("client_id", c.id)
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		if form.Get("client_assertion") == "" {
			form.Set("client_assertion", p.assertion(t, c, p.endpoint(t, "token_endpoint")))
		}
	}
	return who.Post(local(t, p.endpoint(t, "token_endpoint")), form)
}

// redeem trades a code.
func (p *party) redeem(t *testing.T, c *client, code string, more url.Values) *apptest.Answer {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
	for k, v := range more {
		form[k] = v
	}
	return p.token(t, c, form)
}

// assertion is a JWT of RS256 by which a client proves itself.
func (p *party) assertion(t *testing.T, c *client, audience string) string {
	t.Helper()
	now := p.app.Clock.Now()
	return signed(t, c.key, c.kid(), map[string]any{
		"iss": c.id, "sub": c.id, "aud": audience, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	})
}

// signed makes a JWT of RS256.
func signed(t *testing.T, key *rsa.PrivateKey, kid string, claims map[string]any) string {
	t.Helper()
	return apptest.SignJWT(t, jose.RS256, jose.JSONWebKey{Key: key, KeyID: kid}, nil, claims)
}

// userinfo asks for the user of an access token.
func (p *party) userinfo(t *testing.T, access string) map[string]any {
	t.Helper()
	var out map[string]any
	p.app.Anonymous().On(t).With("Authorization", "Bearer "+access).Get(local(t, p.endpoint(t, "userinfo_endpoint"))).Want(200).JSON(&out)
	return out
}
