package oauth2_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
	"usher/internal/phone"
)

const (
	cibaGrant = "urn:openid:params:grant-type:ciba"
	bcOwn     = "/oauth2/v1/bc/authorize"
)

// enrollPhone lets everybody have a push factor and enrols a phone for a user.
func enrollPhone(t testing.TB, app *apptest.App, login string) *phone.Phone {
	t.Helper()
	allowFactors(t, app, "okta_push")
	p := app.Phone()
	made := app.Post("/api/v1/users/"+login+"/factors", `{"factorType":"push","provider":"OKTA"}`).Want(200)
	if _, err := p.Scan(context.Background(), made.Text("_embedded.activation._links.qrcode.href")); err != nil {
		t.Fatal(err)
	}
	return p
}

// allowFactors lets everybody enrol factors.
func allowFactors(t testing.TB, app *apptest.App, keys ...string) {
	t.Helper()
	everyone := app.Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	factors := map[string]any{}
	for _, k := range keys {
		factors[k] = map[string]any{"enroll": map[string]any{"self": "OPTIONAL"}}
	}
	id := app.Post("/api/v1/policies", map[string]any{
		"type": "MFA_ENROLL", "name": "factors", "settings": map[string]any{"factors": factors},
		"conditions": map[string]any{"people": map[string]any{"groups": map[string]any{"include": []string{everyone}}}},
	}).Want(200).Text("id")
	app.Post("/api/v1/policies/"+id+"/rules", `{"type":"MFA_ENROLL","name":"all","actions":{"enroll":{"self":"CHALLENGE"}}}`).Want(200)
}

// answers has the phone answer what waits, and tells what it was.
func answers(t testing.TB, p *phone.Phone, approve bool) phone.Request {
	t.Helper()
	r, err := p.Answer(context.Background(), "", approve, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func cibaClient(t testing.TB, app *apptest.App, more map[string]any) *client {
	t.Helper()
	o := map[string]any{"grant_types": []string{"authorization_code", "refresh_token", cibaGrant}}
	for k, v := range more {
		o[k] = v
	}
	return web(t, app, o)
}

// TestBackchannel: a user agrees on the phone to what a client asks for, and
// the client gets it once.
func TestBackchannel(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		p := enrollPhone(t, app, isaac)
		c := cibaClient(t, app, nil)
		who := app.Anonymous().With("Authorization", c.basicAuth())
		start := func(at string, pairs ...string) *apptest.Answer {
			return who.Post(at, form(append([]string{"scope", "openid offline_access", "login_hint", isaac}, pairs...)...))
		}
		take := func(at string, a *apptest.Answer) *apptest.Answer {
			return who.Post(at, form("grant_type", cibaGrant, "auth_req_id", a.Text("auth_req_id")))
		}
		for _, at := range []string{"/oauth2/v1/", "/oauth2/default/v1/"} {
			var a *apptest.Answer
			app.WantEvents(t, []string{"system.push.send_factor_verify_push SUCCESS"}, func() {
				a = start(at+"bc/authorize", "binding_message", "Pay 12.50 € to Ada").Want(200)
			})
			if a.At("expires_in") != 300.0 || a.At("interval") != 5.0 {
				t.Errorf("%s", a.Body)
			}
			refused(t, take(at+"token", a), 400, "authorization_pending", "The authorization request is still pending as the user hasn't yet been authenticated.")
			refused(t, take(at+"token", a), 400, "slow_down", "")
			app.Clock.Advance(6 * time.Second)
			refused(t, take(at+"token", a), 400, "slow_down", "") // the interval has grown
			app.Clock.Advance(16 * time.Second)
			refused(t, take(at+"token", a), 400, "authorization_pending", "")
			asked := answers(t, p, true)
			if asked.Message != "Pay 12.50 € to Ada" || !strings.HasPrefix(asked.App, "App web") || asked.Numbers != nil {
				t.Errorf("%+v", asked)
			}
			kind := "app.oauth2.token.grant."
			if at != "/oauth2/v1/" {
				kind = "app.oauth2.as.token.grant."
			}
			var tokens *apptest.Answer
			app.WantEvents(t, []string{
				"user.authentication.auth_via_mfa SUCCESS", kind + "access_token SUCCESS", kind + "id_token SUCCESS", kind + "refresh_token SUCCESS",
			}, func() { tokens = take(at+"token", a).Want(200) })
			id := claimsOf(t, tokens.Text("id_token"))
			if amr := texts(id["amr"]); len(amr) != 1 || amr[0] != "swk" || tokens.Text("refresh_token") == "" || id["aud"] != c.id {
				t.Errorf("%s %v", tokens.Body, id)
			}
			refused(t, take(at+"token", a), 400, "invalid_grant", "")
			who.Post(at+"token", form("grant_type", "refresh_token", "refresh_token", tokens.Text("refresh_token"))).Want(200)

			// The one whom an ID token is about.
			a = who.Post(at+"bc/authorize", form("scope", "openid", "id_token_hint", tokens.Text("id_token"), "request_expiry", "60")).Want(200)
			if a.At("expires_in") != 60.0 {
				t.Errorf("%s", a.Body)
			}
			answers(t, p, false)
			app.WantEvents(t, []string{strings.TrimSuffix(kind, ".") + " FAILURE access_denied"}, func() {
				refused(t, take(at+"token", a), 400, "access_denied", "The resource owner denied the request.")
			})
			refused(t, take(at+"token", a), 400, "invalid_grant", "")
			app.Clock.Advance(5 * time.Minute)
		}
		// An identifier is one client's and one server's.
		a := start(bcOwn).Want(200)
		answers(t, p, true)
		refused(t, take(defaultToken, a), 400, "invalid_grant", "")
		other := cibaClient(t, app, nil)
		refused(t, app.Anonymous().With("Authorization", other.basicAuth()).Post(ownToken, form("grant_type", cibaGrant, "auth_req_id", a.Text("auth_req_id"))), 400, "invalid_grant", "")
		take(ownToken, a).Want(200)
		// A phone that says nothing.
		a = start(bcOwn, "request_expiry", "30").Want(200)
		app.Clock.Advance(30 * time.Second)
		refused(t, take(ownToken, a), 400, "expired_token", "")
		if _, err := p.Answer(context.Background(), "", true, nil); err == nil {
			t.Error("a question that is too old can be answered")
		}
		refused(t, take(ownToken, a), 400, "expired_token", "")
		refused(t, who.Post(ownToken, form("grant_type", cibaGrant)), 400, "invalid_request", "")
		refused(t, who.Post(ownToken, form("grant_type", cibaGrant, "auth_req_id", "nonsense")), 400, "invalid_grant", "")
	})
}

// TestBackchannelNobody: what a client learns is the same for a user, a user who
// cannot be asked, and nobody.
func TestBackchannelNobody(t *testing.T) {
	app := apptest.New(t)
	p := enrollPhone(t, app, isaac)
	const ada = "ada.example@example.com"
	c := register(t, app, "web", "client_secret_basic", map[string]any{
		"redirect_uris": []string{callback}, "response_types": []string{"code"}, "grant_types": []string{"authorization_code", cibaGrant},
	})
	app.Post("/api/v1/apps/"+c.app+"/users", map[string]any{"id": app.Get("/api/v1/users/" + ada).Want(200).Text("id"), "scope": "USER"}).Want(200)
	who := app.Anonymous().With("Authorization", c.basicAuth())
	seen := map[string]bool{}
	for login, reason := range map[string]string{
		isaac:                "access_denied", // to whom the application is not given
		ada:                  "access_denied", // who has no phone
		"nobody@example.com": "unknown_user_id",
	} {
		said := ""
		app.WantEvents(t, slices.Repeat([]string{"app.oauth2.token.grant FAILURE " + reason}, 5), func() {
			for range 6 {
				a := who.Post(bcOwn, form("scope", "openid", "login_hint", login))
				said += strings.ReplaceAll(string(a.Body), a.Text("auth_req_id"), "-")
				if a.Status != 200 {
					said = a.Text("errorCode")
					continue
				}
				refused(t, who.Post(ownToken, form("grant_type", cibaGrant, "auth_req_id", a.Text("auth_req_id"))), 400, "authorization_pending", "")
			}
		})
		if said != "E0000047" { // after five
			t.Errorf("%s: %s", login, said)
		}
		seen[said] = true
	}
	if len(seen) != 1 {
		t.Errorf("logins are told apart: %v", seen)
	}
	if list, err := p.Requests(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	app.Clock.Advance(5 * time.Minute)
	who.Post(bcOwn, form("scope", "openid", "login_hint", isaac)).Want(200)
}

// TestBackchannelRequests: what cannot be asked for.
func TestBackchannelRequests(t *testing.T) {
	app := apptest.New(t)
	p := enrollPhone(t, app, isaac)
	c := cibaClient(t, app, map[string]any{"backchannel_authentication_request_signing_alg": "HS256"})
	got := app.Get("/api/v1/apps/" + c.app).Want(200)
	if got.Text("settings.oauthClient.backchannel_token_delivery_mode") != "poll" || got.Text("settings.oauthClient.backchannel_authentication_request_signing_alg") != "HS256" {
		t.Errorf("%s", got.Body)
	}
	who := app.Anonymous().With("Authorization", c.basicAuth())
	post := func(v url.Values) *apptest.Answer { return who.Post(bcOwn, v) }
	tokens := redeem(app, "", c, code(t, signedIn(t, app, isaac), "", request(c))).Want(200)
	for name, v := range map[string]struct {
		form url.Values
		code string
	}{
		"no hint":           {form("scope", "openid"), "invalid_request"},
		"two hints":         {form("scope", "openid", "login_hint", isaac, "id_token_hint", tokens.Text("id_token")), "invalid_request"},
		"another hint":      {form("scope", "openid", "login_hint_token", "x"), "invalid_request"},
		"no ID token":       {form("scope", "openid", "id_token_hint", tokens.Text("access_token")), "invalid_request"},
		"no openid":         {form("scope", "profile", "login_hint", isaac), "invalid_scope"},
		"unknown scope":     {form("scope", "openid x", "login_hint", isaac), "invalid_scope"},
		"long message":      {form("scope", "openid", "login_hint", isaac, "binding_message", strings.Repeat("x", 101)), "invalid_binding_message"},
		"a line in it":      {form("scope", "openid", "login_hint", isaac, "binding_message", "a\nb"), "invalid_binding_message"},
		"a turn in it":      {form("scope", "openid", "login_hint", isaac, "binding_message", "a\u202eb"), "invalid_binding_message"},
		"expiry too long":   {form("scope", "openid", "login_hint", isaac, "request_expiry", "301"), "invalid_request"},
		"expiry too short":  {form("scope", "openid", "login_hint", isaac, "requested_expiry", "0"), "invalid_request"},
		"unsigned object":   {form("request", "nonsense"), "invalid_request_object"},
		"object of another": {form("request", apptest.SignJWT(t, jose.HS256, []byte("another secret that is long enough"), nil, map[string]any{"iss": c.id, "aud": base, "scope": "openid", "login_hint": isaac})), "invalid_request_object"},
		"object of nobody":  {form("request", apptest.SignJWT(t, jose.HS256, []byte(c.secret), nil, map[string]any{"scope": "openid", "login_hint": isaac})), "invalid_request_object"},
		"another algorithm": {form("request", apptest.SignJWT(t, jose.HS384, []byte(c.secret), nil, map[string]any{"iss": c.id, "aud": base, "scope": "openid", "login_hint": isaac})), "invalid_request_object"},
		"expires too late":  {form("request", apptest.SignJWT(t, jose.HS256, []byte(c.secret), nil, map[string]any{"iss": c.id, "aud": base, "scope": "openid", "login_hint": isaac, "exp": app.Clock.Now().Add(2 * time.Hour).Unix()})), "invalid_request_object"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, who.On(t).Post(bcOwn, v.form), 400, v.code, "") })
	}
	if list, err := p.Requests(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	once := form("request", apptest.SignJWT(t, jose.HS256, []byte(c.secret), nil, map[string]any{
		"iss": c.id, "aud": base, "scope": "openid", "login_hint": isaac, "binding_message": "W4-1", "request_expiry": 90, "jti": unique(),
	}))
	if a := post(once).Want(200); a.At("expires_in") != 90.0 {
		t.Errorf("%s", a.Body)
	}
	if r := answers(t, p, true); r.Message != "W4-1" {
		t.Errorf("%+v", r)
	}
	refused(t, post(once), 400, "invalid_request_object", "The request object has been used already.")

	plain := web(t, app, nil)
	refused(t, app.Anonymous().With("Authorization", plain.basicAuth()).Post(bcOwn, form("scope", "openid", "login_hint", isaac)), 400, "unauthorized_client", "")
	public := spa(t, app, map[string]any{"grant_types": []string{"authorization_code", cibaGrant}})
	refused(t, app.Anonymous().Post(bcOwn, form("client_id", public.id, "scope", "openid", "login_hint", isaac)), 400, "unauthorized_client", "")
	refused(t, app.Anonymous().Post(bcOwn, form("scope", "openid", "login_hint", isaac)), 401, "invalid_client", "")
	foreign := cibaClient(t, app, map[string]any{"backchannel_custom_authenticator_id": "aut5ur07m58W2sQD01d7"})
	refused(t, app.Anonymous().With("Authorization", foreign.basicAuth()).Post(bcOwn, form("scope", "openid", "login_hint", isaac)), 400, "invalid_request", "")
	for name, value := range map[string]string{
		"backchannel_token_delivery_mode": "ping", "backchannel_authentication_request_signing_alg": "none", "backchannel_custom_authenticator_id": "aut",
	} {
		app.Post("/api/v1/apps", map[string]any{
			"name": "oidc_client", "label": "x", "signOnMode": "OPENID_CONNECT", "settings": map[string]any{"oauthClient": map[string]any{
				"application_type": "web", "redirect_uris": []string{callback}, "response_types": []string{"code"},
				"grant_types": []string{"authorization_code", cibaGrant}, name: value,
			}},
		}).Fails(400, "E0000001")
	}
}
