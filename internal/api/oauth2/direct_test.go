package oauth2_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/notify/webhook"
	"usher/internal/phone"
	"usher/internal/server"
)

const (
	otpGrant = "http://auth0.com/oauth/grant-type/mfa-otp"
	oobGrant = "http://auth0.com/oauth/grant-type/mfa-oob"
)

// wantFactor has every sign-in ask for a further factor.
func wantFactor(t testing.TB, app *apptest.App) {
	t.Helper()
	everyone := app.Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	id := app.Post("/api/v1/policies", map[string]any{
		"type": "OKTA_SIGN_ON", "name": "two factors", "conditions": map[string]any{"people": map[string]any{"groups": map[string]any{"include": []string{everyone}}}},
	}).Want(200).Text("id")
	app.Post("/api/v1/policies/"+id+"/rules", `{"type":"SIGN_ON","name":"all","actions":{"signon":{"access":"ALLOW","requireFactor":true,"factorPromptMode":"ALWAYS"}}}`).Want(200)
}

// enrollCodes enrols a maker of one-time passwords for a user: a phone.
func enrollCodes(t testing.TB, app *apptest.App, login, provider string) *phone.Phone {
	t.Helper()
	p := app.Phone()
	at := "/api/v1/users/" + login + "/factors"
	made := app.Post(at, map[string]any{"factorType": "token:software:totp", "provider": provider}).Want(200)
	if _, err := p.Scan(context.Background(), made.Text("_embedded.activation._links.qrcode.href")); err != nil {
		t.Fatal(err)
	}
	app.Post(at+"/"+made.Text("id")+"/lifecycle/activate", map[string]any{"passCode": otp(t, p)}).Want(200)
	app.Clock.Advance(time.Minute) // a password is good once
	return p
}

func otp(t testing.TB, p *phone.Phone) string {
	t.Helper()
	code, err := p.Code("")
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// direct is a client that signs users in itself.
type direct struct {
	t   testing.TB
	app *apptest.App
	c   *client
}

func newDirect(t testing.TB, app *apptest.App) *direct {
	t.Helper()
	return &direct{t, app, web(t, app, map[string]any{"grant_types": []string{"authorization_code", "refresh_token", "password", otpGrant, oobGrant}})}
}

func (d *direct) post(at string, pairs ...string) *apptest.Answer {
	return d.app.Anonymous().With("Authorization", d.c.basicAuth()).Post(at, form(pairs...))
}

// begin gives the password and returns the mfa_token.
func (d *direct) begin() string {
	d.t.Helper()
	a := d.post(ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password).Want(403)
	refused(d.t, a, 403, "mfa_required", "Verify with an additional authenticator to complete the sign-in process.")
	return a.Text("mfa_token")
}

func (d *direct) challenge(token, channel string) *apptest.Answer {
	return d.post("/oauth2/v1/challenge", "mfa_token", token, "challenge_types_supported", oobGrant, "channel_hint", channel)
}

func (d *direct) byOTP(token, otp string) *apptest.Answer {
	return d.post(ownToken, "grant_type", otpGrant, "scope", "openid offline_access", "mfa_token", token, "otp", otp)
}

func (d *direct) byOOB(code string, pairs ...string) *apptest.Answer {
	return d.post(ownToken, append([]string{"grant_type", oobGrant, "scope", "openid", "oob_code", code}, pairs...)...)
}

// TestDirectOTP: the password and a one-time password give tokens, once.
func TestDirectOTP(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "okta_otp", "google_otp")
		d := newDirect(t, app)
		okta, google := enrollCodes(t, app, isaac, "OKTA"), enrollCodes(t, app, isaac, "GOOGLE")
		d.post(ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password).Want(200) // no factor is wanted
		wantFactor(t, app)
		for _, p := range []*phone.Phone{okta, google} {
			token := d.begin()
			refused(t, d.byOTP(token, "000000"), 400, "invalid_grant", "The 'otp' provided is either empty or incorrect. Use the correct OTP and try again.")
			if a := d.post("/oauth2/v1/challenge", "mfa_token", token, "challenge_types_supported", otpGrant).Want(200); a.Text("challenge_type") != otpGrant || a.At("oob_code") != nil {
				t.Errorf("%s", a.Body)
			}
			code := otp(t, p)
			a := d.byOTP(token, code).Want(200)
			amr := strings.Join(texts(claimsOf(t, a.Text("id_token"))["amr"]), " ")
			if amr != "pwd otp mfa" || a.Text("refresh_token") == "" {
				t.Errorf("%s: %s", amr, a.Body)
			}
			refused(t, d.byOTP(token, code), 403, "access_denied", "`mfa_token` has expired. Use a new `oob_code` or `mfa_token` and try again.")
			app.Clock.Advance(time.Minute)
		}
		// A token is one client's and one server's, and not for long.
		token := d.begin()
		other := newDirect(t, app)
		refused(t, other.byOTP(token, otp(t, okta)), 403, "access_denied", "")
		refused(t, d.post(defaultToken, "grant_type", otpGrant, "scope", "openid", "mfa_token", token, "otp", otp(t, okta)), 403, "access_denied", "")
		app.Clock.Advance(10 * time.Minute)
		refused(t, d.byOTP(token, otp(t, okta)), 403, "access_denied", "")
		refused(t, d.byOTP("", otp(t, okta)), 400, "invalid_request", "")
		refused(t, d.byOTP("nonsense", "000000"), 403, "access_denied", "")

		// What the client cannot do is no way on.
		const text = "The credentials provided were invalid."
		token = d.begin()
		plain := web(t, app, map[string]any{"grant_types": []string{"authorization_code", "password"}})
		refused(t, (&direct{t, app, plain}).post(ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password), 400, "invalid_grant", text)
		refused(t, (&direct{t, app, plain}).post("/oauth2/v1/challenge", "mfa_token", token), 400, "unauthorized_client", "")
		refused(t, d.post(ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password, "grant_types_supported", oobGrant), 400, "invalid_grant", text)
		refused(t, d.post(ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", "wrong"), 400, "invalid_grant", text)
		// Guesses lock, as anywhere.
		token = d.begin()
		for range 5 {
			refused(t, d.byOTP(token, "000000"), 400, "invalid_grant", "")
		}
		if a := d.byOTP(token, otp(t, okta)); a.Status != 400 {
			t.Errorf("%s", a.Body)
		}
		if got := app.Get("/api/v1/users/" + isaac).Want(200).Text("status"); got != "LOCKED_OUT" {
			t.Errorf("the user is %s", got)
		}
	}, apptest.Random())
}

// TestDirectOTPBesideASilentVendor: guesses at an app's passwords are counted also
// where the user has a token of a vendor, too, and its server does not answer.
func TestDirectOTPBesideASilentVendor(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ ID, Action string }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Action != "enroll" {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, `{"id":"`+q.ID+`","result":"accepted"}`)
	}))
	t.Cleanup(silent.Close)
	app := apptest.New(t, apptest.Configure(func(c *server.Config) {
		c.Outbound.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.Vendors = server.Vendors{URL: silent.URL, Secrets: []webhook.Secret{[]byte("a secret for tests, of 32 bytes.")}, Tokens: []string{"rsa"}}
	}))
	allowFactors(t, app, "okta_otp", "rsa_token")
	d := newDirect(t, app)
	okta := enrollCodes(t, app, isaac, "OKTA")
	app.Post("/api/v1/users/"+isaac+"/factors", `{"factorType":"token","provider":"RSA","profile":{"credentialId":"isaac"},"verify":{"passCode":"1"}}`).Want(200)
	wantFactor(t, app)
	token := d.begin()
	d.byOTP(token, otp(t, okta)).Want(200) // the right one counts all the same
	app.Clock.Advance(time.Minute)
	token = d.begin()
	for range 5 {
		if a := d.byOTP(token, "000000"); a.Status < 400 {
			t.Fatalf("%s", a.Body)
		}
	}
	if got := app.Get("/api/v1/users/" + isaac).Want(200).Text("status"); got != "LOCKED_OUT" {
		t.Errorf("the user is %s after five guesses", got)
	}
}

// TestDirectOTPOnce: of fifty who bring the same password at once, one gets
// tokens at most: a password that comes again counts as a wrong one, and enough of
// those lock the user before the tokens are made.
func TestDirectOTPOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "okta_otp")
		d := newDirect(t, app)
		p := enrollCodes(t, app, isaac, "OKTA")
		wantFactor(t, app)
		token, code := d.begin(), otp(t, p)
		var got atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if d.byOTP(token, code).Status == 200 {
					got.Add(1)
				}
			})
		}
		wg.Wait()
		locked := app.Get("/api/v1/users/"+isaac).Want(200).Text("status") == "LOCKED_OUT"
		if n := got.Load(); n > 1 || n == 0 && !locked {
			t.Errorf("%d got something, locked: %v", n, locked)
		}
	}, apptest.Random())
}

// TestDirectPush: the password and an answer of the phone give tokens, once.
func TestDirectPush(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		d := newDirect(t, app)
		p := enrollPhone(t, app, isaac)
		wantFactor(t, app)
		token := d.begin()
		a := d.challenge(token, "push").Want(200)
		if a.Text("challenge_type") != oobGrant || a.Text("channel") != "push" || a.Text("binding_method") != "none" || a.At("expires_in") != 300.0 || a.At("interval") != 5.0 {
			t.Errorf("%s", a.Body)
		}
		oob := a.Text("oob_code")
		const pending = "No user response received on the out-of-band authenticator yet. Continue polling to wait for a response."
		refused(t, d.byOOB(oob), 400, "authorization_pending", pending)
		refused(t, d.byOOB(oob), 400, "slow_down", "")
		app.Clock.Advance(11 * time.Second)
		refused(t, d.byOOB(oob, "mfa_token", token), 400, "authorization_pending", pending)
		refused(t, d.byOOB(oob, "mfa_token", "another"), 400, "invalid_request", "The 'oob_code' and the 'mfa_token' provided are not associated with each other. Review the values and try again.")
		other := newDirect(t, app)
		refused(t, other.byOOB(oob), 403, "access_denied", "")
		answers(t, p, true)
		got := d.byOOB(oob).Want(200)
		if amr := strings.Join(texts(claimsOf(t, got.Text("id_token"))["amr"]), " "); amr != "pwd swk mfa" {
			t.Errorf("%s", amr)
		}
		refused(t, d.byOOB(oob), 403, "access_denied", "`oob_code` has expired. Use a new `oob_code` or `mfa_token` and try again.")

		// Another question takes the place of the one before.
		token = d.begin()
		old := d.challenge(token, "push").Want(200).Text("oob_code")
		oob = d.challenge(token, "push").Want(200).Text("oob_code")
		refused(t, d.byOOB(old), 403, "access_denied", "")
		answers(t, p, false)
		refused(t, d.byOOB(oob), 400, "access_denied", "The resource owner denied the request.")
		oob = d.challenge(token, "push").Want(200).Text("oob_code")
		app.Clock.Advance(5 * time.Minute)
		refused(t, d.byOOB(oob), 403, "access_denied", "")

		token = d.begin()
		oob = d.challenge(token, "push").Want(200).Text("oob_code")
		answers(t, p, true)
		var taken atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if d.byOOB(oob).Status == 200 {
					taken.Add(1)
				}
			})
		}
		wg.Wait()
		if taken.Load() != 1 {
			t.Errorf("%d got something", taken.Load())
		}

		token = d.begin()
		// The official SDK for Swift names no channel.
		if a := d.post("/oauth2/v1/challenge", "mfa_token", token, "challenge_types_supported", oobGrant).Want(200); a.Text("channel") != "push" || a.At("interval") != 5.0 {
			t.Errorf("%s", a.Body)
		}
		if a := d.post("/oauth2/v1/challenge", "mfa_token", token).Want(200); a.Text("challenge_type") != oobGrant {
			t.Errorf("%s", a.Body)
		}
		// The one for Kotlin names a type of a grant that there is not here.
		const kotlin = "urn:okta:params:oauth:grant-type:mfa-webauthn " + oobGrant + " " + otpGrant
		if a := d.post("/oauth2/v1/challenge", "mfa_token", token, "challenge_types_supported", kotlin, "channel_hint", "push").Want(200); a.Text("channel") != "push" {
			t.Errorf("%s", a.Body)
		}
		refused(t, d.challenge(token, "sms"), 403, "access_denied", "The required authenticator can't be used. Check if it's required by policy and the user is enrolled in the authenticator and try again.")
		refused(t, d.challenge(token, "pigeon"), 400, "invalid_request", "`pigeon` isn't supported as a `channel_hint`. Try again with another value.")
		refused(t, d.post("/oauth2/v1/challenge", "mfa_token", token, "challenge_types_supported", "foo"), 403, "access_denied", "`foo` isn't supported as a `challenge_type`. Try again with another value.")
		refused(t, d.challenge("nonsense", "push"), 403, "access_denied", "")
		refused(t, d.byOTP(token, "123456"), 403, "access_denied", "")
		refused(t, d.byOOB(""), 400, "invalid_request", "")
		refused(t, d.byOOB("nonsense"), 403, "access_denied", "")
	}, apptest.Random())
}

// TestDirectText: the password and a code that was sent give tokens.
func TestDirectText(t *testing.T) {
	app := apptest.New(t)
	allowFactors(t, app, "okta_sms")
	d := newDirect(t, app)
	const number = "+15550100001"
	made := app.Post("/api/v1/users/"+isaac+"/factors?activate=true", map[string]any{"factorType": "sms", "provider": "OKTA", "profile": map[string]any{"phoneNumber": number}}).Want(200)
	if made.Text("status") != "ACTIVE" {
		t.Fatalf("%s", made.Body)
	}
	wantFactor(t, app)
	token := d.begin()
	a := d.post("/oauth2/v1/challenge", "mfa_token", token, "channel_hint", "sms").Want(200)
	if a.Text("binding_method") != "prompt" || a.Text("channel") != "sms" || a.At("interval") != nil {
		t.Errorf("%s", a.Body)
	}
	refused(t, d.byOOB(a.Text("oob_code")), 400, "invalid_request", "")
	code := app.Code(t, number)
	wrong := "000000"
	if code == wrong {
		wrong = strconv.Itoa(111111)
	}
	refused(t, d.byOOB(a.Text("oob_code"), "binding_code", wrong), 400, "invalid_grant", "")
	got := d.byOOB(a.Text("oob_code"), "binding_code", code).Want(200)
	if amr := strings.Join(texts(claimsOf(t, got.Text("id_token"))["amr"]), " "); amr != "pwd sms mfa" {
		t.Errorf("%s", amr)
	}
	refused(t, d.byOOB(a.Text("oob_code"), "binding_code", code), 403, "access_denied", "")
	token = d.begin()
	d.challenge(token, "sms").Want(200)
	d.challenge(token, "sms").Want(429)
	app.Clock.Advance(time.Minute)
	custom := d.post("/oauth2/default/v1/token", "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password).Want(403).Text("mfa_token")
	oob := d.post("/oauth2/default/v1/challenge", "mfa_token", custom, "channel_hint", "sms").Want(200).Text("oob_code")
	d.post("/oauth2/default/v1/token", "grant_type", oobGrant, "scope", "openid", "oob_code", oob, "binding_code", app.Code(t, number)).Want(200)
}

// TestDirectMail: the code of a mail counts like one of a text.
func TestDirectMail(t *testing.T) {
	app := apptest.New(t)
	allowFactors(t, app, "okta_email")
	d := newDirect(t, app)
	app.Post("/api/v1/users/"+isaac+"/factors?activate=true", map[string]any{"factorType": "email", "provider": "OKTA", "profile": map[string]any{"email": isaac}}).Want(200)
	wantFactor(t, app)
	token := d.begin()
	a := d.challenge(token, "email").Want(200)
	if a.Text("channel") != "email" || a.Text("binding_method") != "prompt" || a.At("expires_in") != 300.0 || a.At("interval") != nil {
		t.Errorf("%s", a.Body)
	}
	d.byOOB(a.Text("oob_code"), "mfa_token", token, "binding_code", app.Code(t, isaac)).Want(200)
	refused(t, d.byOOB(a.Text("oob_code"), "mfa_token", token, "binding_code", "123456"), 403, "access_denied", "")
}
