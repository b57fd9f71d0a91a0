package oauth2_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/idp"
	"usher/internal/signin"
)

const (
	deviceGrant   = "urn:ietf:params:oauth:grant-type:device_code"
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
	bearerGrant   = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	typeOfAccess  = "urn:ietf:params:oauth:token-type:access_token"
)

// everything registers a web application that may use all grants, with a key.
func everything(t testing.TB, app *apptest.App) *client {
	t.Helper()
	o := map[string]any{
		"redirect_uris": []string{callback}, "response_types": []string{"code", "token", "id_token"},
		"grant_types": []string{"authorization_code", "implicit", "refresh_token", "interaction_code", "password", deviceGrant, exchangeGrant, bearerGrant, cibaGrant, samlGrant, otpGrant, oobGrant, keyGrant, primaryGrant},
	}
	c := register(t, app, "web", "private_key_jwt", o)
	assign(t, app, c)
	return c
}

// by sends a request of a client that proves itself by its key.
func by(t testing.TB, app *apptest.App, c *client, at string, pairs ...string) *apptest.Answer {
	t.Helper()
	return app.Anonymous().Post(at, form(append(pairs, "client_assertion_type", assertionType, "client_assertion", c.assertion(t, app, base+at, nil))...))
}

const ownToken = "/oauth2/v1/token"

// TestTokenGate walks every path by which tokens come to be or live on against
// every state that the user may have got into meanwhile.
func TestTokenGate(t *testing.T) {
	paths := map[signin.Path]func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer{
		signin.PathAuthorize: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			b := signedIn(t, app, isaac)
			return func() *apptest.Answer {
				return b.Get(authorizeAt("", request(c, "response_type", "token", "prompt", "none")))
			}
		},
		signin.PathCode: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			s := code(t, signedIn(t, app, isaac), "", request(c))
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", "authorization_code", "code", s, "redirect_uri", callback, "code_verifier", verifier)
			}
		},
		signin.PathRefreshToken: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			s := code(t, signedIn(t, app, isaac), "", request(c, "scope", "openid offline_access"))
			token := by(t, app, c, ownToken, "grant_type", "authorization_code", "code", s, "redirect_uri", callback, "code_verifier", verifier).Want(200).Text("refresh_token")
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", "refresh_token", "refresh_token", token)
			}
		},
		signin.PathPassword: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password)
			}
		},
		signin.PathDevice: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			d := by(t, app, c, "/oauth2/v1/device/authorize", "scope", "openid").Want(200)
			signedIn(t, app, isaac).Post("/oauth2/v1/device/activate", form("user_code", d.Text("user_code"), "answer", "allow")).Want(200)
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", deviceGrant, "device_code", d.Text("device_code"))
			}
		},
		signin.PathExchange: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			s := code(t, signedIn(t, app, isaac), "", request(c))
			token := by(t, app, c, ownToken, "grant_type", "authorization_code", "code", s, "redirect_uri", callback, "code_verifier", verifier).Want(200).Text("access_token")
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", exchangeGrant, "subject_token", token, "subject_token_type", typeOfAccess, "scope", "profile")
			}
		},
		signin.PathInteraction: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			handle := by(t, app, c, "/oauth2/v1/interact", "scope", "openid", "redirect_uri", callback, "code_challenge", challenge(), "code_challenge_method", "S256").
				Want(200).Text("interaction_handle")
			done := app.Browser().Post("/idp/idx/identify", map[string]any{"stateHandle": handle, "identifier": isaac, "credentials": map[string]any{"passcode": apptest.Password}}).Want(200)
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", "interaction_code", "interaction_code", done.Text("successWithInteractionCode.value.1.value"), "code_verifier", verifier)
			}
		},
		signin.PathBackchannel: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			p := enrollPhone(t, app, isaac)
			id := by(t, app, c, bcOwn, "scope", "openid", "login_hint", isaac).Want(200).Text("auth_req_id")
			answers(t, p, true)
			return func() *apptest.Answer { return by(t, app, c, ownToken, "grant_type", cibaGrant, "auth_req_id", id) }
		},
		signin.PathSAMLAssertion: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			i := trustIssuer(t, app, "urn:example:idp", nil)
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", samlGrant, "assertion", encoded(i.Say(t, saying(app, isaac))), "scope", "openid")
			}
		},
		signin.PathDeviceSecret: func(t *testing.T, app *apptest.App, _ *client) func() *apptest.Answer {
			one, two := native(t, app), native(t, app)
			first := redeem(app, "default", one, code(t, signedIn(t, app, isaac), "default", request(one, "scope", deviceScopes))).Want(200)
			return func() *apptest.Answer { return sso(app, two, first) }
		},
		signin.PathMFAOTP: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			allowFactors(t, app, "okta_otp")
			phone := enrollCodes(t, app, isaac, "OKTA")
			wantFactor(t, app)
			token := by(t, app, c, ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password).Want(403).Text("mfa_token")
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", otpGrant, "scope", "openid", "mfa_token", token, "otp", otp(t, phone))
			}
		},
		signin.PathMFAOOB: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			phone := enrollPhone(t, app, isaac)
			wantFactor(t, app)
			token := by(t, app, c, ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password).Want(403).Text("mfa_token")
			code := by(t, app, c, "/oauth2/v1/challenge", "mfa_token", token, "channel_hint", "push").Want(200).Text("oob_code")
			answers(t, phone, true)
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", oobGrant, "scope", "openid", "oob_code", code)
			}
		},
		signin.PathMFAWebAuthn: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			allowFactors(t, app, "fido_webauthn")
			k := enrollKey(t, app, isaac, "one")
			wantFactor(t, app)
			token := by(t, app, c, ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password).Want(403).Text("mfa_token")
			challenge := by(t, app, c, "/oauth2/v1/challenge", "mfa_token", token, "challenge_types_supported", keyGrant).Want(200).Text("publicKey.challenge")
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, append([]string{"grant_type", keyGrant, "scope", "openid", "mfa_token", token}, keyAnswer(k, challenge)...)...)
			}
		},
		signin.PathOOB: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			phone := enrollPhone(t, app, isaac)
			code := by(t, app, c, "/oauth2/v1/primary-authenticate", "login_hint", isaac, "channel_hint", "push").Want(200).Text("oob_code")
			answers(t, phone, true)
			return func() *apptest.Answer {
				return by(t, app, c, ownToken, "grant_type", primaryGrant, "scope", "openid", "oob_code", code)
			}
		},
		signin.PathAssertion: func(t *testing.T, app *apptest.App, c *client) func() *apptest.Answer {
			return func() *apptest.Answer {
				speak := c.assertion(t, app, base+ownToken, func(m map[string]any) { m["sub"] = isaac })
				return by(t, app, c, ownToken, "grant_type", bearerGrant, "assertion", speak, "scope", "profile")
			}
		},
	}
	lead := map[idp.UserStatus][]string{
		idp.UserActive: nil, idp.UserSuspended: {"lifecycle/suspend"}, idp.UserDeprovisioned: {"lifecycle/deactivate"},
		idp.UserPasswordExpired: {"lifecycle/expire_password"}, idp.UserRecovery: {"lifecycle/reset_password?sendEmail=false"},
		idp.UserLockedOut: {""},
	}
	for _, p := range signin.TokenPaths() {
		walk, ok := paths[p]
		if !ok {
			t.Errorf("path %s is not walked", p)
			continue
		}
		for state, steps := range lead {
			t.Run(string(p)+"/"+string(state), func(t *testing.T) {
				app := apptest.New(t)
				take := walk(t, app, everything(t, app))
				for _, step := range steps {
					if step != "" {
						app.Post("/api/v1/users/"+isaac+"/"+step, nil).Want(200)
						continue
					}
					for range 10 {
						app.Anonymous().Post("/api/v1/authn", map[string]any{"username": isaac, "password": "wrong"}).Want(401)
					}
				}
				if got := app.Get("/api/v1/users/" + isaac).Want(200).Text("status"); got != string(state) {
					t.Fatalf("the user is %s", got)
				}
				a := take()
				given := a.Status == 200 || strings.Contains(a.Header.Get("Location"), "access_token=")
				if given != (state == idp.UserActive) {
					t.Errorf("%d %s %s", a.Status, a.Header.Get("Location"), a.Body)
				}
			})
		}
	}
}

// TestTakenOnce: of fifty who present the same at once, one gets something.
func TestTakenOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := spa(t, app, map[string]any{"grant_types": []string{"authorization_code", "refresh_token", "interaction_code", deviceGrant}})
		b := signedIn(t, app, isaac)
		race := func(what string, try func() bool) {
			t.Helper()
			var got atomic.Int32
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if try() {
						got.Add(1)
					}
				})
			}
			wg.Wait()
			if got.Load() != 1 {
				t.Errorf("%s: %d got something", what, got.Load())
			}
		}
		s := code(t, b, "", request(c))
		race("code", func() bool { return redeem(app, "", c, s).Status == 200 })
		uri := app.Anonymous().Post("/oauth2/v1/par", request(c)).Want(201).Text("request_uri")
		handle := app.Anonymous().Post("/oauth2/v1/interact", request(c, "response_type", "")).Want(200).Text("interaction_handle")
		done := app.Browser().Post("/idp/idx/identify", map[string]any{"stateHandle": handle, "identifier": isaac, "credentials": map[string]any{"passcode": apptest.Password}}).Want(200)
		race("interaction code", func() bool {
			return app.Anonymous().Post(ownToken, form("grant_type", "interaction_code", "client_id", c.id,
				"interaction_code", done.Text("successWithInteractionCode.value.1.value"), "code_verifier", verifier)).Status == 200
		})
		token := app.Anonymous().Post("/api/v1/authn", map[string]any{"username": isaac, "password": apptest.Password}).Want(200).Text("sessionToken")
		race("session token", func() bool {
			a := app.Browser().Get(authorizeAt("", request(c, "sessionToken", token, "prompt", "none")))
			return strings.Contains(a.Header.Get("Location"), "code=")
		})
		race("pushed request", func() bool {
			a := app.Anonymous().With("Cookie", "sid="+b.Cookie("sid")).Get(authorizeAt("", form("client_id", c.id, "request_uri", uri)))
			return strings.Contains(a.Header.Get("Location"), "code=")
		})
		d := app.Anonymous().Post("/oauth2/v1/device/authorize", form("client_id", c.id, "scope", "openid")).Want(200)
		b.Post("/oauth2/v1/device/activate", form("user_code", d.Text("user_code"), "answer", "allow")).Want(200)
		race("device code", func() bool {
			return app.Anonymous().Post(ownToken, form("grant_type", deviceGrant, "client_id", c.id, "device_code", d.Text("device_code"))).Status == 200
		})
		service := service(t, app, nil)
		grantScopes(t, app, service, "okta.users.read")
		proof := service.assertion(t, app, base+ownToken, nil)
		race("client assertion", func() bool {
			return app.Anonymous().Post(ownToken, form("grant_type", "client_credentials", "scope", "okta.users.read", "client_assertion_type", assertionType,
				"client_assertion", proof)).Status == 200
		})
		speaker := everything(t, app)
		speak := speaker.assertion(t, app, base+ownToken, func(m map[string]any) { m["sub"] = isaac })
		race("assertion", func() bool {
			return by(t, app, speaker, ownToken, "grant_type", bearerGrant, "assertion", speak, "scope", "profile").Status == 200
		})
		confidential, p := cibaClient(t, app, nil), enrollPhone(t, app, isaac)
		who := app.Anonymous().With("Authorization", confidential.basicAuth())
		id := who.Post(bcOwn, form("scope", "openid", "login_hint", isaac)).Want(200).Text("auth_req_id")
		answers(t, p, true)
		race("request on a device", func() bool { return who.Post(ownToken, form("grant_type", cibaGrant, "auth_req_id", id)).Status == 200 })
	}, apptest.Random())
}

// TestPasswordGrant: the password proves the user, guesses count, and one
// sentence answers whatever is wrong.
func TestPasswordGrant(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := web(t, app, map[string]any{"grant_types": []string{"authorization_code", "password", "refresh_token"}})
		ask := func(login, password string) *apptest.Answer {
			return app.Anonymous().With("Authorization", c.basicAuth()).Post("/oauth2/default/v1/token",
				form("grant_type", "password", "scope", "openid offline_access", "username", login, "password", password))
		}
		a := ask(isaac, apptest.Password).Want(200)
		if a.Text("refresh_token") == "" || claimsOf(t, a.Text("id_token"))["preferred_username"] != nil && a.Text("id_token") == "" {
			t.Errorf("%s", a.Body)
		}
		const text = "The credentials provided were invalid."
		refused(t, ask("nobody@example.com", apptest.Password), 400, "invalid_grant", text)
		for range 10 {
			refused(t, ask(isaac, "wrong"), 400, "invalid_grant", text)
		}
		refused(t, ask(isaac, apptest.Password), 400, "invalid_grant", text)
		refused(t, ask("", ""), 400, "invalid_request", "")
	})
}

// TestDeviceFlow goes from the device over the page to tokens.
func TestDeviceFlow(t *testing.T) {
	app := apptest.New(t)
	c := spa(t, app, map[string]any{"grant_types": []string{"authorization_code", "refresh_token", deviceGrant}})
	start := func(at string) *apptest.Answer {
		return app.Anonymous().Post(at, form("client_id", c.id, "scope", "openid profile offline_access")).Want(200)
	}
	poll := func(d *apptest.Answer) *apptest.Answer {
		return app.Anonymous().Post(ownToken, form("grant_type", deviceGrant, "client_id", c.id, "device_code", d.Text("device_code")))
	}
	d := start("/oauth2/v1/device/authorize")
	user := d.Text("user_code")
	if len(user) != 8 || d.Text("verification_uri") != base+"/activate" || d.Text("verification_uri_complete") != base+"/activate?user_code="+user ||
		d.At("interval") != float64(5) || d.At("expires_in") != float64(600) {
		t.Errorf("%s", d.Body)
	}
	refused(t, poll(d), 400, "authorization_pending", "")
	refused(t, poll(d), 400, "slow_down", "")
	app.Clock.Advance(10 * time.Second)
	refused(t, poll(d), 400, "authorization_pending", "")
	nobody := app.Browser().Get("/activate?user_code=" + user).Want(302)
	if to := path(t, nobody); !strings.Contains(to, "/login/login.htm?fromURI=%2Factivate") {
		t.Errorf("leads to %s", to)
	}
	b := signedIn(t, app, isaac)
	if page := b.Get("/activate?user_code=" + user).Want(200); !strings.Contains(string(page.Body), user) {
		t.Errorf("%s", page.Body)
	}
	typed := strings.ToLower(user[:4]) + "-" + user[4:]
	ask := b.Post("/oauth2/v1/device/activate", form("user_code", typed)).Want(200)
	if !strings.Contains(string(ask.Body), "App browser none") {
		t.Errorf("%s", ask.Body)
	}
	// Another site cannot answer for the user.
	b.With("Origin", "https://evil.example").With("Sec-Fetch-Site", "cross-site").Post("/oauth2/v1/device/activate", form("user_code", user, "answer", "allow")).Want(403)
	b.Post("/oauth2/v1/device/activate", form("user_code", user, "answer", "allow")).Want(200)
	b.Post("/oauth2/v1/device/activate", form("user_code", user, "answer", "deny")).Want(400) // it is answered
	app.Clock.Advance(10 * time.Second)
	a := poll(d).Want(200)
	if a.Text("refresh_token") == "" || a.Text("id_token") == "" {
		t.Errorf("%s", a.Body)
	}
	refused(t, poll(d), 400, "invalid_grant", "")

	d = start("/oauth2/v1/device/authorize")
	b.Post("/oauth2/v1/device/activate", form("user_code", d.Text("user_code"), "answer", "deny")).Want(200)
	refused(t, poll(d), 400, "access_denied", "")
	start("/oauth2/default/v1/device/authorize")
	d = start("/oauth2/v1/device/authorize")
	app.Clock.Advance(10 * time.Minute)
	refused(t, poll(d), 400, "expired_token", "")
	b = signedIn(t, app, isaac)
	for range 5 {
		b.Post("/oauth2/v1/device/activate", form("user_code", "BBBBBBBB")).Want(400)
	}
	d = start("/oauth2/v1/device/authorize")
	if page := b.Post("/oauth2/v1/device/activate", form("user_code", d.Text("user_code"))).Want(400); !strings.Contains(string(page.Body), "Too many wrong codes") {
		t.Errorf("%s", page.Body)
	}
	app.Clock.Advance(10 * time.Minute)
	b = signedIn(t, app, isaac)
	if page := b.Post("/oauth2/v1/device/activate", form("user_code", "BBBBBBBB")).Want(400); !strings.Contains(string(page.Body), "not known") {
		t.Errorf("%s", page.Body)
	}
	w := web(t, app, nil)
	refused(t, app.Anonymous().With("Authorization", w.basicAuth()).Post("/oauth2/v1/device/authorize", form("scope", "openid")), 400, "unauthorized_client", "")
}

// TestExchangeAndAssertion: a service calls on for its user, and speaks for one
// only as far as it was let.
func TestExchangeAndAssertion(t *testing.T) {
	app := apptest.New(t)
	addScope(t, app, "api:call")
	front := web(t, app, nil)
	api := register(t, app, "service", "client_secret_basic", map[string]any{"grant_types": []string{"client_credentials", exchangeGrant}, "response_types": []string{"token"}})
	user := redeem(app, "default", front, code(t, signedIn(t, app, isaac), "default", request(front))).Want(200)
	ask := func(pairs ...string) *apptest.Answer {
		v := form("grant_type", exchangeGrant, "subject_token", user.Text("access_token"), "subject_token_type", typeOfAccess, "scope", "api:call", "audience", "api://default")
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return app.Anonymous().With("Authorization", api.basicAuth()).Post(defaultToken, v)
	}
	a := ask().Want(200)
	got := claimsOf(t, a.Text("access_token"))
	if got["sub"] != isaac || got["cid"] != api.id || a.Text("issued_token_type") != typeOfAccess || a.At("refresh_token") != nil || a.At("id_token") != nil {
		t.Errorf("%s\n%v", a.Body, got)
	}
	if act, _ := got["act"].(map[string]any); act["sub"] != api.id {
		t.Errorf("%v", got)
	}
	// What comes of a token lives no longer than that, however often it is exchanged,
	// and ends with the refresh token of it.
	long := redeem(app, "default", front, code(t, signedIn(t, app, isaac), "default", request(front, "scope", "openid offline_access"))).Want(200)
	app.Clock.Advance(20 * time.Minute)
	once := ask("subject_token", long.Text("access_token")).Want(200)
	twice := ask("subject_token", once.Text("access_token")).Want(200)
	if got := claimsOf(t, twice.Text("access_token")); twice.At("expires_in") != 2400.0 || got["exp"] != claimsOf(t, long.Text("access_token"))["exp"] {
		t.Errorf("%s\n%v", twice.Body, got)
	}
	holds := func(want bool) {
		t.Helper()
		if a := app.Anonymous().With("Authorization", api.basicAuth()).Post("/oauth2/default/v1/introspect", form("token", twice.Text("access_token"))).Want(200); a.At("active") != want {
			t.Errorf("%s", a.Body)
		}
	}
	holds(true)
	app.Anonymous().With("Authorization", front.basicAuth()).Post("/oauth2/default/v1/revoke", form("token", long.Text("refresh_token"))).Want(200)
	holds(false)
	refused(t, ask("subject_token", once.Text("access_token")), 400, "invalid_grant", "")

	refused(t, ask("subject_token", user.Text("id_token")), 400, "invalid_grant", "")
	refused(t, ask("subject_token", "nonsense"), 400, "invalid_grant", "")
	refused(t, ask("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"), 400, "invalid_request", "")
	refused(t, ask("audience", "api://other"), 400, "invalid_target", "")
	refused(t, ask("actor_token", "x"), 400, "invalid_request", "")
	// A token that is bound to a key is not made one that is bound to none.
	key, _ := newKey(t, "")
	holder := func(nonce string, pairs ...string) *apptest.Answer {
		return app.Anonymous().With("Authorization", front.basicAuth()).With("DPoP", dpop(t, app, key, "POST", base+defaultToken, nonce, "", nil)).
			Post(defaultToken, form(append(pairs, "grant_type", "authorization_code")...))
	}
	nonce := holder("", "code", "x").Want(400).Header.Get("DPoP-Nonce")
	bound := holder(nonce, "code", code(t, signedIn(t, app, isaac), "default", request(front)), "redirect_uri", callback, "code_verifier", verifier).Want(200)
	if bound.Text("token_type") != "DPoP" {
		t.Errorf("%s", bound.Body)
	}
	refused(t, ask("subject_token", bound.Text("access_token")), 400, "invalid_grant", "")
	app.Anonymous().With("Authorization", front.basicAuth()).Post("/oauth2/default/v1/revoke", form("token", user.Text("access_token"))).Want(200)
	refused(t, ask(), 400, "invalid_grant", "")

	c := everything(t, app)
	speak := func(change func(map[string]any)) *apptest.Answer {
		text := c.assertion(t, app, base+ownToken, func(m map[string]any) {
			m["sub"] = isaac
			if change != nil {
				change(m)
			}
		})
		return by(t, app, c, ownToken, "grant_type", bearerGrant, "assertion", text, "scope", "profile openid")
	}
	if a := speak(nil).Want(200); claimsOf(t, a.Text("access_token"))["sub"] != isaac || a.At("id_token") != nil {
		t.Errorf("%s", a.Body)
	}
	refused(t, speak(func(m map[string]any) { m["sub"] = "nobody@example.com" }), 400, "invalid_grant", "")
	refused(t, speak(func(m map[string]any) { m["aud"] = "https://evil.example" }), 400, "invalid_grant", "")
	refused(t, speak(func(m map[string]any) { m["iss"] = "0oaother" }), 400, "invalid_grant", "")
	refused(t, speak(func(m map[string]any) { m["exp"] = app.Clock.Now().Unix() }), 400, "invalid_grant", "")
}

// TestConsent: a user is asked once, and each time where the client wants it.
func TestConsent(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		app.Post("/api/v1/authorizationServers/default/scopes", map[string]any{"name": "seats", "consent": "REQUIRED"}).Want(201)
		c := spa(t, app, map[string]any{"consent_method": "REQUIRED"})
		b := signedIn(t, app, isaac)
		v := request(c, "scope", "openid seats")
		if got := answered(t, b.Get(authorizeAt("default", request(c, "scope", "openid seats", "prompt", "none")))); got.Get("error") != "consent_required" {
			t.Errorf("%v", got)
		}
		code(t, b, "default", request(c)) // nothing to be asked for
		page := b.Get(authorizeAt("default", v)).Want(200)
		if !strings.Contains(string(page.Body), "seats") || !strings.Contains(page.Header.Get("Content-Security-Policy"), "form-action 'self' https://app.example") {
			t.Errorf("%s", page.Body)
		}
		answer := func(page *apptest.Answer, word string) *apptest.Answer {
			return b.Post("/oauth2/v1/authorize/consent", form("okta_key", hidden(t, page, "okta_key"), "user", hidden(t, page, "user"), "answer", word))
		}
		if got := answered(t, answer(page, "deny")); got.Get("error") != "access_denied" || got.Get("state") != "s-1" {
			t.Errorf("%v", got)
		}
		answer(page, "allow").Want(400) // it is over
		page = b.Get(authorizeAt("default", v)).Want(200)
		// Somebody else's answer does not count.
		ada := signedIn(t, app, "ada.example@example.com")
		ada.Post("/oauth2/v1/authorize/consent", form("okta_key", hidden(t, page, "okta_key"), "user", hidden(t, page, "user"), "answer", "allow")).Want(303)
		got := answered(t, answer(page, "allow"))
		a := redeem(app, "default", c, got.Get("code")).Want(200)
		if a.Text("scope") != "openid seats" {
			t.Errorf("%s", a.Body)
		}
		code(t, b, "default", v) // asked once
		b.Get(authorizeAt("default", request(c, "scope", "openid seats", "prompt", "consent"))).Want(200)
	})
}

func hidden(t testing.TB, page *apptest.Answer, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(page.Body), `name="`+name+`" value="`)
	if !ok {
		t.Fatalf("no field %s in %s", name, page.Body)
	}
	v, _, _ := strings.Cut(rest, `"`)
	return v
}
