package oauth2_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/apptest"
)

const primaryGrant = "urn:okta:params:oauth:grant-type:oob"

// TestDirectOOB: the answer of the phone is all of a sign-in, where one factor is
// enough.
func TestDirectOOB(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		p := enrollPhone(t, app, isaac)
		c := web(t, app, map[string]any{"grant_types": []string{"authorization_code", primaryGrant}})
		d := &direct{t, app, c}
		start := func(at string, pairs ...string) *apptest.Answer {
			return d.post(at, append([]string{"login_hint", isaac, "channel_hint", "push", "challenge_hint", primaryGrant}, pairs...)...)
		}
		take := func(at, code string) *apptest.Answer {
			return d.post(at, "grant_type", primaryGrant, "scope", "openid profile", "oob_code", code)
		}
		for begin, at := range map[string]string{
			"/oauth2/v1/primary-authenticate": ownToken, "/oauth2/v1/oob-authenticate": ownToken,
			"/oauth2/default/v1/primary-authenticate": defaultToken, "/oauth2/default/v1/oob-authenticate": defaultToken,
		} {
			a := start(begin).Want(200)
			if a.Text("channel") != "push" || a.Text("binding_method") != "none" || a.At("binding_code") != nil || a.At("expires_in") != 300.0 || a.At("interval") != 5.0 || a.At("challenge_type") != nil {
				t.Errorf("%s", a.Body)
			}
			refused(t, take(at, a.Text("oob_code")), 400, "authorization_pending", "")
			answers(t, p, true)
			got := take(at, a.Text("oob_code")).Want(200)
			if amr := strings.Join(texts(claimsOf(t, got.Text("id_token"))["amr"]), " "); amr != "swk" || got.Text("scope") != "openid profile" {
				t.Errorf("%s %s", amr, got.Body)
			}
			refused(t, take(at, a.Text("oob_code")), 403, "access_denied", "`oob_code` has expired. Use a new `oob_code` or `mfa_token` and try again.")
			app.Clock.Advance(5 * time.Minute)
		}
		const at = "/oauth2/v1/primary-authenticate"
		code := start(at).Want(200).Text("oob_code")
		answers(t, p, false)
		refused(t, take(ownToken, code), 400, "access_denied", "The resource owner denied the request.")
		code = start(at).Want(200).Text("oob_code")
		app.Clock.Advance(5 * time.Minute)
		refused(t, take(ownToken, code), 403, "access_denied", "")
		// A code of a further factor is none of a first one, and the other way round.
		code = start(at).Want(200).Text("oob_code")
		both := web(t, app, map[string]any{"grant_types": []string{"authorization_code", "password", primaryGrant, oobGrant}})
		refused(t, (&direct{t, app, both}).byOOB(code), 403, "access_denied", "")
		refused(t, take(defaultToken, code), 403, "access_denied", "")
		answers(t, p, true)
		var got atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if take(ownToken, code).Status == 200 {
					got.Add(1)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			t.Errorf("%d got something", got.Load())
		}
		refused(t, start(at, "channel_hint", "sms"), 400, "invalid_request", "`sms` isn't supported as a `channel_hint`. Try again with another value.")
		refused(t, start(at, "challenge_hint", "x"), 400, "invalid_request", "")
		refused(t, start(at, "login_hint", ""), 400, "invalid_request", "")
		plain := web(t, app, nil)
		refused(t, (&direct{t, app, plain}).post(at, "login_hint", isaac, "channel_hint", "push"), 400, "unauthorized_client", "")
		public := spa(t, app, map[string]any{"grant_types": []string{"authorization_code", primaryGrant}})
		refused(t, app.Anonymous().Post(at, form("client_id", public.id, "login_hint", isaac, "channel_hint", "push")), 400, "unauthorized_client", "")
		// Questions that strangers have put here leave a sign-in its own.
		for range 3 {
			app.Clock.Advance(5 * time.Minute)
			for range 5 {
				start(at).Want(200)
			}
			start(at).Want(429)
		}
		app.Post("/api/v1/users/"+isaac+"/factors/"+app.Get("/api/v1/users/"+isaac+"/factors").Want(200).Text("0.id")+"/verify", nil).Want(202)
		answers(t, p, true)
		// Where the policy wants more than one factor, nobody is asked; it does not show.
		app.Clock.Advance(5 * time.Minute)
		wantFactor(t, app)
		for _, login := range []string{isaac, "nobody@example.com"} {
			refused(t, take(ownToken, start(at, "login_hint", login).Want(200).Text("oob_code")), 400, "authorization_pending", "")
		}
		if list, err := p.Requests(context.Background()); err != nil || len(list) != 0 {
			t.Errorf("%v %v", list, err)
		}
	}, apptest.Random())
}

// TestDirectOOBNumber: the number to find on the phone is told at once, to nobody's
// login too.
func TestDirectOOBNumber(t *testing.T) {
	seed := apptest.DefaultSeed()
	seed.Org.PushNumbers = true
	app := apptest.New(t, apptest.Seed(seed))
	p := enrollPhone(t, app, isaac)
	d := &direct{t, app, web(t, app, map[string]any{"grant_types": []string{"authorization_code", primaryGrant, "password", oobGrant}})}
	for _, login := range []string{"nobody@example.com", isaac} {
		a := d.post("/oauth2/v1/primary-authenticate", "login_hint", login, "channel_hint", "push").Want(200)
		n, err := strconv.Atoi(a.Text("binding_code"))
		if a.Text("binding_method") != "transfer" || err != nil || n < 10 || n > 99 {
			t.Errorf("%s: %s", login, a.Body)
		}
		if login != isaac {
			continue
		}
		if r, err := p.Answer(t.Context(), "", true, &n); err != nil || len(r.Numbers) != 3 {
			t.Fatal(r, err)
		}
		d.post(ownToken, "grant_type", primaryGrant, "scope", "openid", "oob_code", a.Text("oob_code")).Want(200)
	}
	wantFactor(t, app)
	a := d.challenge(d.begin(), "push").Want(200)
	n, err := strconv.Atoi(a.Text("binding_code"))
	if a.Text("binding_method") != "transfer" || err != nil {
		t.Fatalf("%s", a.Body)
	}
	if _, err := p.Answer(t.Context(), "", true, &n); err != nil {
		t.Fatal(err)
	}
	d.byOOB(a.Text("oob_code")).Want(200)
}
