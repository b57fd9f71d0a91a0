package conformance_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
	"usher/internal/server"
)

// loopback lets requests of the server reach the relying party on this machine.
func loopback() apptest.Option {
	return apptest.Configure(func(c *server.Config) {
		c.Outbound.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
}

// announces makes a module that reads from the discovery document that a kind of
// logout is supported, with identifiers of sessions.
func announces(channel string) func(t *testing.T, p *party) {
	return func(t *testing.T, p *party) {
		p.checkAddresses(t)
		p.endpoint(t, "end_session_endpoint")
		for _, name := range []string{channel + "_logout_supported", channel + "_logout_session_supported"} {
			if p.discovery[name] != true {
				t.Errorf("%s is %v", name, p.discovery[name])
			}
		}
	}
}

// backChannelModules are those of Back-Channel Logout.
func backChannelModules() []module {
	return []module{
		pass("oidcc-backchannel-logout-discovery-endpoint-verification", announces("backchannel")),
		pass("oidcc-backchannel-rp-initiated-logout", backChannel),
	}
}

// frontChannelModules are those of Front-Channel Logout.
func frontChannelModules() []module {
	return []module{
		pass("oidcc-frontchannel-logout-discovery-endpoint-verification", announces("frontchannel")),
		pass("oidcc-frontchannel-rp-initiated-logout", frontChannel),
	}
}

// heard is a request at the address that hears of the end of sessions.
type heard struct {
	method, media string
	form          url.Values
}

// backChannel signs out at the server, which tells the relying party behind the
// browser's back.
func backChannel(t *testing.T, p *party) {
	requests := make(chan heard, 1)
	rp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.Header().Set("Cache-Control", "no-store")
		requests <- heard{r.Method, r.Header.Get("Content-Type"), r.PostForm}
	}))
	defer rp.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.app.Server.RunJobs(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	c := p.register(t, "client_secret_basic", map[string]any{"backchannel_logout_uri": rp.URL + "/backchannel_logout", "backchannel_logout_session_required": true})
	v := p.visitor(t)
	in := v.complete(t, c, p.request(c))
	if to := v.leave(t, url.Values{"id_token_hint": {in.raw}, "post_logout_redirect_uri": {signedBy}, "state": {"s"}}).Want(302).Header.Get("Location"); to != signedBy+"?state=s" {
		t.Errorf("leads to %s", to)
	}
	var got heard
	select {
	case got = <-requests:
	case <-t.Context().Done():
		t.Fatal("the relying party hears nothing")
	}
	raw := got.form.Get("logout_token")
	if got.method != http.MethodPost || got.media != "application/x-www-form-urlencoded" || len(got.form) != 1 || raw == "" {
		t.Fatalf("%+v", got)
	}
	p.logoutToken(t, c, raw, in.claims)
	v.isOut(t)
}

// logoutToken verifies a logout token as a relying party has to.
// (OpenID Connect Back-Channel Logout sections 2.4 and 2.6)
func (p *party) logoutToken(t *testing.T, c *client, raw string, id map[string]any) {
	t.Helper()
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	p.readKeys(t)
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
	if claims["iss"] != p.issuer() || claims["aud"] != c.id || claims["jti"] == nil || !when(claims["exp"]).After(now) || when(claims["iat"]).After(now) {
		t.Errorf("%s", text)
	}
	events, _ := claims["events"].(map[string]any)
	if event, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); !ok || len(event) != 0 {
		t.Errorf("events %v", claims["events"])
	}
	if claims["sub"] != id["sub"] || claims["sid"] != id["sid"] || claims["sid"] == nil {
		t.Errorf("about %v and %v, the ID token about %v and %v", claims["sub"], claims["sid"], id["sub"], id["sid"])
	}
	if _, ok := claims["nonce"]; ok {
		t.Error("the logout token has a nonce")
	}
}

var frame = regexp.MustCompile(`<iframe[^>]* src="([^"]+)"`)

// frontChannel signs out at the server, whose page loads the relying party's
// address in a frame before it goes on.
func frontChannel(t *testing.T, p *party) {
	const front = "https://rp.example/test/a/usher/frontchannel_logout"
	c := p.register(t, "client_secret_basic", map[string]any{
		"frontchannel_logout_uri": front, "frontchannel_logout_session_required": true, "participate_slo": true,
	})
	v := p.visitor(t)
	in := v.complete(t, c, p.request(c))
	page := v.leave(t, url.Values{"id_token_hint": {in.raw}, "post_logout_redirect_uri": {signedBy}, "state": {"s"}}).Want(200)
	m := frame.FindSubmatch(page.Body)
	if m == nil {
		t.Fatalf("no frame: %s", page.Body)
	}
	to, err := url.Parse(strings.ReplaceAll(string(m[1]), "&amp;", "&"))
	if err != nil {
		t.Fatal(err)
	}
	q := to.Query()
	to.RawQuery = ""
	if to.String() != front || q.Get("iss") != p.issuer() || q.Get("sid") != in.claims["sid"] || len(q) != 2 {
		t.Errorf("%s", m[1])
	}
	if !strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-src https://rp.example") {
		t.Errorf("%s", page.Header.Get("Content-Security-Policy"))
	}
	if next := page.Header.Get("Refresh"); !strings.HasSuffix(next, ";url="+signedBy+"?state=s") {
		t.Errorf("%s", next)
	}
	v.isOut(t)
}

// jwksURI registers a client that publishes its keys at an address of its own.
func jwksURI(t *testing.T, p *party, then func(c *client, publish func(c *client))) {
	t.Helper()
	var body atomic.Pointer[[]byte]
	rp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(*body.Load())
	}))
	defer rp.Close()
	publish := func(c *client) {
		set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: c.key.Public(), KeyID: c.kid(), Algorithm: "RS256", Use: "sig"}}}
		text, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		body.Store(&text)
	}
	c := p.enlist(t, map[string]any{"jwks": nil, "jwks_uri": rp.URL + "/jwks"})
	publish(c)
	then(c, publish)
}

// published carries a request through for a client that publishes its keys.
func published(t *testing.T, p *party) {
	jwksURI(t, p, func(c *client, _ func(*client)) { p.visitor(t).complete(t, c, p.request(c)) })
}

// clientRotates has a client change its key between two tokens.
func clientRotates(t *testing.T, p *party) {
	jwksURI(t, p, func(c *client, publish func(*client)) {
		first := p.offline(t, c)
		c.key, c.rotated = newKey(t), true
		publish(c)
		p.app.Clock.Advance(61 * time.Second)
		a := p.token(t, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.refresh}}).Want(200)
		if info := p.userinfo(t, a.Text("access_token")); info["sub"] != first.claims["sub"] {
			t.Errorf("%v", info)
		}
	})
}
