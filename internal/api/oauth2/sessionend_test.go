package oauth2_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
	"usher/internal/server"
)

// listener is a client's own server, which hears of the end of sessions.
type listener struct {
	*httptest.Server
	heard  chan string // logout tokens
	answer atomic.Int32
}

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{heard: make(chan string, 16)}
	l.answer.Store(http.StatusOK)
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.ParseForm() != nil || len(r.PostForm) != 1 {
			t.Errorf("%s %v %v", r.Method, r.Header, r.PostForm)
		}
		w.WriteHeader(int(l.answer.Load()))
		l.heard <- r.PostForm.Get("logout_token")
	}))
	t.Cleanup(l.Close)
	return l
}

// token is what the listener hears next.
func (l *listener) token(t *testing.T) string {
	t.Helper()
	select {
	case text := <-l.heard:
		return text
	case <-t.Context().Done():
		t.Fatal("nothing is heard")
	}
	return ""
}

// loopback lets requests of the server reach this machine.
func loopback() apptest.Option {
	return apptest.Configure(func(c *server.Config) {
		c.Outbound.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
}

// running runs the jobs of a server until the test ends.
func running(t *testing.T, app *apptest.App) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Server.RunJobs(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// sessionOf is the claim "sid" of an ID token of a browser that is signed in.
func sessionOf(t *testing.T, app *apptest.App, b *apptest.Client, c *client, server string) (id, sid, sub string) {
	t.Helper()
	id = redeem(app, server, c, code(t, b, server, request(c))).Want(200).Text("id_token")
	v := claimsOf(t, id)
	sid, _ = v["sid"].(string)
	sub, _ = v["sub"].(string)
	if !strings.HasPrefix(sid, "102") {
		t.Fatalf("the session of %v", v)
	}
	return id, sid, sub
}

// logoutToken checks a logout token as a relying party has to, and returns its
// claims. (OpenID Connect Back-Channel Logout section 2.6)
func logoutToken(t *testing.T, app *apptest.App, c *client, server, text string) map[string]any {
	t.Helper()
	var set jose.JSONWebKeySet
	app.Anonymous().Get("/oauth2/" + server + "/v1/keys").Want(200).JSON(&set)
	jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	h := jws.Signatures[0].Protected
	keys := set.Key(h.KeyID)
	if len(keys) != 1 || h.ExtraHeaders["typ"] != "logout+jwt" {
		t.Fatalf("%+v", h)
	}
	payload, err := jws.Verify(keys[0])
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(payload, &v); err != nil {
		t.Fatal(err)
	}
	now := float64(app.Clock.Now().Unix())
	events, _ := v["events"].(map[string]any)
	event, there := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	if v["iss"] != base+"/oauth2/"+server || v["aud"] != c.id || v["iat"] != now || v["exp"] != now+120 || v["jti"] == "" || v["nonce"] != nil ||
		len(events) != 1 || !there || len(event) != 0 {
		t.Errorf("%s", payload)
	}
	return v
}

// TestBackChannelLogout: a client that wants to hears of the end of the sessions
// that it has learnt of, whoever ends them.
func TestBackChannelLogout(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		l := listen(t)
		c := web(t, app, map[string]any{"backchannel_logout_uri": l.URL + "/bye", "backchannel_logout_session_required": true})
		deaf := spa(t, app, nil)
		running(t, app)
		end := func(name string, events []string, how func(b *apptest.Client, id, sub string)) {
			t.Helper()
			b := signedIn(t, app, isaac)
			id, sid, sub := sessionOf(t, app, b, c, "default")
			sessionOf(t, app, b, deaf, "default")
			app.WantEvents(t, events, func() { how(b, id, sub) })
			v := logoutToken(t, app, c, "default", l.token(t))
			if v["sid"] != sid || v["sub"] != sub {
				t.Errorf("%s: %v, want %s of %s", name, v, sid, sub)
			}
		}
		out := []string{"user.session.end SUCCESS", "user.authentication.slo SUCCESS"}
		end("logout", out, func(b *apptest.Client, id, _ string) {
			b.Get("/oauth2/default/v1/logout?" + form("id_token_hint", id).Encode()).Want(302)
		})
		end("page", out, func(b *apptest.Client, _, _ string) { b.Post("/login/signout", form()).Want(303) })
		end("session of one's own", out, func(b *apptest.Client, _, _ string) { b.Delete("/api/v1/sessions/me").Want(204) })
		end("administrator", []string{"user.session.clear SUCCESS", "user.authentication.slo SUCCESS"}, func(_ *apptest.Client, _, sub string) {
			app.Delete("/api/v1/users/" + sub + "/sessions").Want(204)
		})
		// A session that has ended by itself is told to nobody.
		b := signedIn(t, app, isaac)
		_, late, sub := sessionOf(t, app, b, c, "default")
		app.Clock.Advance(3 * time.Hour)
		b.Get("/api/v1/sessions/me").Want(404)
		events := app.Events(t, func() { app.Post("/api/v1/users/"+sub+"/lifecycle/suspend", nil).Want(200) })
		if slices.Contains(events, "user.authentication.slo SUCCESS") {
			t.Errorf("%v", events)
		}
		app.Post("/api/v1/users/"+sub+"/lifecycle/unsuspend", nil).Want(200)
		// Two sessions of one user.
		sids := map[any]bool{}
		for range 2 {
			_, sid, _ := sessionOf(t, app, signedIn(t, app, isaac), c, "default")
			sids[sid] = true
		}
		app.Post("/api/v1/users/"+sub+"/lifecycle/deactivate", nil).Want(200)
		for range 2 {
			v := logoutToken(t, app, c, "default", l.token(t))
			if !sids[v["sid"]] || v["sid"] == late {
				t.Errorf("%v, want one of %v", v, sids)
			}
			delete(sids, v["sid"])
		}
		for _, m := range app.Messages(t, deaf.id) {
			t.Errorf("the client that did not ask is told: %+v", m)
		}
	}, loopback())
}

// TestLogoutIsToldUntilItIsHeard: what the client could not take comes again,
// signed anew; what it refuses is given up.
func TestLogoutIsToldUntilItIsHeard(t *testing.T) {
	app := apptest.New(t, loopback())
	l := listen(t)
	c := web(t, app, map[string]any{"backchannel_logout_uri": l.URL})
	inner := web(t, app, map[string]any{"backchannel_logout_uri": "http://10.1.2.3/bye"})
	b := signedIn(t, app, isaac)
	_, sid, _ := sessionOf(t, app, b, c, "default")
	sessionOf(t, app, b, inner, "default")
	l.answer.Store(http.StatusServiceUnavailable)
	running(t, app)
	b.Delete("/api/v1/sessions/me").Want(204)
	settled := func(to, status, problem string) bool {
		list := app.Messages(t, to)
		return len(list) == 1 && list[0].Kind == "logout" && list[0].Status == status && strings.Contains(list[0].Problem, problem)
	}
	wait := func(what string, is func() bool) {
		t.Helper()
		for !is() {
			if t.Context().Err() != nil {
				t.Fatalf("%s: %+v %+v", what, app.Messages(t, c.id), app.Messages(t, inner.id))
			}
		}
	}
	first := l.token(t)
	wait("a failure", func() bool { return settled(c.id, "queued", "answers 503") })
	wait("an inner address", func() bool { return settled(inner.id, "queued", "not on the public internet") })
	l.answer.Store(http.StatusBadRequest)
	app.Clock.Advance(time.Minute)
	second := l.token(t)
	if v := logoutToken(t, app, c, "default", second); second == first || v["sid"] != sid {
		t.Errorf("%v", v)
	}
	wait("a refusal", func() bool { return settled(c.id, "dead", "answers 400") })
}

// TestFrontChannelLogout: the page at the end loads the addresses of the clients
// in frames, and nothing else.
func TestFrontChannelLogout(t *testing.T) {
	app := apptest.New(t)
	const bye = "https://app.example/bye"
	c := web(t, app, map[string]any{
		"frontchannel_logout_uri": "https://app.example:8443/front?a=1", "frontchannel_logout_session_required": true, "participate_slo": true,
		"post_logout_redirect_uris": []string{bye},
	})
	plain := spa(t, app, map[string]any{"frontchannel_logout_uri": "https://spa.example/front", "participate_slo": true})
	off := spa(t, app, map[string]any{"frontchannel_logout_uri": "https://off.example/front", "participate_slo": false})
	b := signedIn(t, app, isaac)
	id, sid, _ := sessionOf(t, app, b, c, "")
	sessionOf(t, app, b, plain, "default")
	sessionOf(t, app, b, off, "default")
	a := b.Get("/oauth2/v1/logout?" + form("id_token_hint", id, "post_logout_redirect_uri", bye, "state", "x y").Encode()).Want(200)
	page, policy := string(a.Body), a.Header.Get("Content-Security-Policy")
	want := "https://app.example:8443/front?a=1&amp;" + strings.ReplaceAll(url.Values{"iss": {base}, "sid": {sid}}.Encode(), "&", "&amp;")
	if !strings.Contains(page, `src="`+want+`"`) || !strings.Contains(page, `src="https://spa.example/front"`) || strings.Count(page, "<iframe") != 2 ||
		strings.Contains(page, "<script") || strings.Contains(page, "off.example") {
		t.Errorf("%s", page)
	}
	if got := a.Header.Get("Refresh"); got != "2;url="+bye+"?state=x+y" || !strings.Contains(page, `href="`+bye+`?state=x&#43;y"`) && !strings.Contains(page, `href="`+bye+`?state=x+y"`) {
		t.Errorf("%s: %s", got, page)
	}
	_, frames, _ := strings.Cut(policy, "frame-src ")
	sources := strings.Fields(frames)
	slices.Sort(sources)
	if !slices.Equal(sources, []string{"https://app.example:8443", "https://spa.example"}) || !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'") {
		t.Errorf("%s", policy)
	}
	b.Get("/api/v1/sessions/me").Want(404)
	// The page for signing out does the same.
	b = signedIn(t, app, isaac)
	sessionOf(t, app, b, plain, "default")
	if a := b.Post("/login/signout", form()).Want(200); !strings.Contains(string(a.Body), `src="https://spa.example/front"`) ||
		a.Header.Get("Refresh") != "2;url="+base+"/login/login.htm?signedout" {
		t.Errorf("%v %s", a.Header, a.Body)
	}
	// Who registers by the protocol takes part by the address.
	v := app.Post("/oauth2/v1/clients", map[string]any{
		"client_name": "By the protocol", "application_type": "web", "redirect_uris": []string{callback}, "response_types": []string{"code"},
		"grant_types": []string{"authorization_code"}, "frontchannel_logout_uri": "https://app.example/front", "backchannel_logout_uri": "https://app.example/back",
	}).Want(201)
	registered := app.Get("/api/v1/apps/" + v.Text("client_id")).Want(200)
	if registered.At("settings.oauthClient.participate_slo") != true || v.Text("backchannel_logout_uri") != "https://app.example/back" {
		t.Errorf("%s %s", registered.Body, v.Body)
	}
	for name, bad := range map[string]map[string]any{
		"service":    {"application_type": "service", "grant_types": []string{"client_credentials"}, "response_types": []string{"token"}, "participate_slo": true, "frontchannel_logout_uri": "https://a.example/"},
		"no address": {"redirect_uris": []string{callback}, "participate_slo": true},
		"no web":     {"redirect_uris": []string{callback}, "backchannel_logout_uri": "javascript:alert(1)"},
	} {
		t.Run(name, func(t *testing.T) {
			app.On(t).Post("/api/v1/apps", map[string]any{
				"name": "oidc_client", "label": name, "signOnMode": "OPENID_CONNECT", "settings": map[string]any{"oauthClient": bad},
			}).Want(400)
		})
	}
}
