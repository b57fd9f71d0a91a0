package oauth2_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

// publisher is a client's own server, which publishes its keys.
type publisher struct {
	*httptest.Server
	mu     sync.Mutex
	body   string
	status int
	asked  int
}

func publish(t *testing.T) *publisher {
	t.Helper()
	p := &publisher{status: http.StatusOK}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked++
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(p.status)
		_, _ = w.Write([]byte(p.body))
	}))
	t.Cleanup(p.Close)
	return p
}

// set makes the publisher answer with these keys, and forget how often it was
// asked.
func (p *publisher) set(t *testing.T, status int, keys ...map[string]any) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.body, p.asked = status, string(text), 0
}

func (p *publisher) times() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// TestKeysOfClientsAreFetched: a client proves itself by a key that it publishes
// at its own address, which is asked no more often than its pace allows.
func TestKeysOfClientsAreFetched(t *testing.T) {
	app := apptest.New(t, loopback())
	addScope(t, app, "api:read")
	p := publish(t)
	service := func(address string) *client {
		a := app.Post("/api/v1/apps", map[string]any{
			"name": "oidc_client", "label": "By address " + unique(), "signOnMode": "OPENID_CONNECT",
			"credentials": map[string]any{"oauthClient": map[string]any{"token_endpoint_auth_method": "private_key_jwt"}},
			"settings": map[string]any{"oauthClient": map[string]any{
				"application_type": "service", "grant_types": []string{"client_credentials"}, "response_types": []string{"token"}, "jwks_uri": address,
			}},
		}).Want(200)
		return &client{id: a.Text("credentials.oauthClient.client_id"), app: a.Text("id")}
	}
	c := service(p.URL + "/keys")
	first, one := newKey(t, "first")
	second, two := newKey(t, "second")
	ask := func(c *client, key *ecdsa.PrivateKey, kid string) *apptest.Answer {
		t.Helper()
		now := app.Clock.Now()
		text := apptest.SignJWT(t, jose.ES256, jose.JSONWebKey{Key: key, KeyID: kid}, nil, map[string]any{
			"iss": c.id, "sub": c.id, "aud": base + defaultToken, "exp": now.Add(5 * time.Minute).Unix(), "jti": unique(),
		})
		return app.Anonymous().Post(defaultToken, form("grant_type", "client_credentials", "scope", "api:read",
			"client_assertion_type", assertionType, "client_assertion", text))
	}
	wrong := func(a *apptest.Answer) {
		t.Helper()
		refused(t, a, 401, "invalid_client", "The client_assertion signature is invalid.")
	}
	away := func(a *apptest.Answer) {
		t.Helper()
		refused(t, a, 401, "invalid_client", "The keys of the client could not be fetched from its jwks_uri.")
	}
	asked := func(want int) {
		t.Helper()
		if got := p.times(); got != want {
			t.Errorf("the address was asked %d times, want %d", got, want)
		}
	}
	// An address that is away is asked again after a pause, and not by each caller.
	p.set(t, http.StatusServiceUnavailable, one)
	away(ask(c, first, "first"))
	away(ask(c, first, "first"))
	asked(1)
	app.Clock.Advance(11 * time.Second)
	p.set(t, http.StatusOK, one)
	for range 3 {
		ask(c, first, "first").Want(200)
	}
	ask(c, first, "").Want(200)
	wrong(ask(c, second, "first"))
	asked(1)
	// A key that is not known makes it ask anew, once in a minute.
	p.set(t, http.StatusOK, one, two)
	wrong(ask(c, second, "second"))
	asked(0)
	app.Clock.Advance(61 * time.Second)
	ask(c, second, "second").Want(200)
	for range 5 {
		wrong(ask(c, second, "nobody"))
	}
	asked(1)
	// Away for a while, the keys hold; what is withdrawn holds ten minutes at most.
	p.set(t, http.StatusInternalServerError)
	app.Clock.Advance(2 * time.Minute)
	wrong(ask(c, second, "nobody"))
	ask(c, first, "first").Want(200)
	app.Clock.Advance(10 * time.Minute)
	away(ask(c, first, "first"))
	p.set(t, http.StatusOK, two)
	app.Clock.Advance(11 * time.Second)
	wrong(ask(c, first, "first"))
	ask(c, second, "second").Want(200)
	// Nothing is believed that is no key set, or that comes from elsewhere.
	for name, spoil := range map[string]func(){
		"redirect": func() { p.set(t, http.StatusFound, one) },
		"no-set":   func() { p.set(t, http.StatusOK); p.mu.Lock(); p.body = "<html>"; p.mu.Unlock() },
		"too-long": func() {
			p.set(t, http.StatusOK, one)
			p.mu.Lock()
			p.body += strings.Repeat(" ", 70_000)
			p.mu.Unlock()
		},
		"many-keys": func() { p.set(t, http.StatusOK, many(one, 60)...) },
	} {
		spoil()
		away(ask(service(p.URL+"/"+name), first, "first"))
	}
	p.set(t, http.StatusOK, one)
	away(ask(service("http://10.0.0.1/keys"), first, "first"))
	away(ask(service(strings.Replace(p.URL, "127.0.0.1", "127.0.0.1.nip.invalid", 1)), first, "first"))
	asked(0)
	strict := apptest.New(t)
	addScope(t, strict, "api:read")
	app = strict
	away(ask(service(p.URL+"/keys"), first, "first"))
	asked(0)
}

func many(key map[string]any, n int) []map[string]any {
	out := make([]map[string]any, n)
	for i := range out {
		out[i] = key
	}
	return out
}
