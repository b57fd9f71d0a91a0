package authn_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/apptest"
	virtual "usher/internal/phone"
)

// called is a user of a whole server who is asked for a further factor, which
// can be a phone.
type called struct {
	*apptest.App
	phone *virtual.Phone
}

func newCalled(t *testing.T, app *apptest.App) *called {
	t.Helper()
	admin := app.On(t)
	everyone := admin.Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	people := `"conditions":{"people":{"groups":{"include":["` + everyone + `"]}}}`
	id := admin.Post("/api/v1/policies", `{"type":"MFA_ENROLL","name":"push",`+people+`,"settings":{"factors":{"okta_push":{"enroll":{"self":"OPTIONAL"}}}}}`).Want(200).Text("id")
	admin.Post("/api/v1/policies/"+id+"/rules", `{"type":"MFA_ENROLL","name":"all","actions":{"enroll":{"self":"CHALLENGE"}}}`).Want(200)
	id = admin.Post("/api/v1/policies", `{"type":"OKTA_SIGN_ON","name":"two",`+people+`}`).Want(200).Text("id")
	admin.Post("/api/v1/policies/"+id+"/rules", `{"type":"SIGN_ON","name":"all","actions":{"signon":{"access":"ALLOW","requireFactor":true,"factorPromptMode":"ALWAYS"}}}`).Want(200)
	return &called{App: app, phone: app.Phone()}
}

// password gives login and password.
func (c *called) password(t *testing.T, status string) *apptest.Answer {
	t.Helper()
	c.Clock.Advance(time.Second)
	a := c.Anonymous().On(t).Post("/api/v1/authn", map[string]any{"username": login, "password": apptest.Password, "relayState": "/deep"}).Want(200)
	if a.Text("status") != status {
		t.Fatalf("%s", a.Body)
	}
	return a
}

// on follows a link of an answer with its state token.
func (c *called) on(t *testing.T, a *apptest.Answer, link string, want int) *apptest.Answer {
	t.Helper()
	at := strings.TrimPrefix(a.Text(link+".href"), "https://id.example.com")
	if at == "" {
		t.Fatalf("no link %s: %s", link, a.Body)
	}
	c.Clock.Advance(time.Second)
	return c.Anonymous().On(t).Post(at, map[string]any{"stateToken": a.Text("stateToken")}).Want(want)
}

func expect(t *testing.T, a *apptest.Answer, members map[string]string) *apptest.Answer {
	t.Helper()
	for name, want := range members {
		if got := a.Text(name); got != want {
			t.Errorf("%s is %q, want %q: %s", name, got, want, a.Body)
		}
	}
	return a
}

// TestPushInASignIn: a phone is enrolled in the sign-in that asks for a factor,
// by a picture that lives for a while, or a link; the next sign-in asks it.
func TestPushInASignIn(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := newCalled(t, app)
		begin := c.password(t, "MFA_ENROLL")
		made := c.Anonymous().Post("/api/v1/authn/factors", map[string]any{"stateToken": begin.Text("stateToken"), "factorType": "push", "provider": "OKTA"}).Want(200)
		expect(t, made, map[string]string{"status": "MFA_ENROLL_ACTIVATE", "factorResult": "WAITING", "_links.next.name": "poll", "relayState": "/deep"})
		waiting := expect(t, c.on(t, made, "_links.next", 202), map[string]string{"factorResult": "WAITING", "_links.next.name": "poll"})

		// The picture lives for ten minutes; clients are told once that it is over.
		for range 2 {
			c.Clock.Advance(4 * time.Minute)
			expect(t, c.on(t, waiting, "_links.next", 202), map[string]string{"factorResult": "WAITING"})
		}
		c.Clock.Advance(2 * time.Minute)
		late := c.on(t, waiting, "_links.next", 200)
		expect(t, late, map[string]string{"status": "MFA_ENROLL_ACTIVATE", "factorResult": "TIMEOUT", "_links.next.name": "activate"})
		if late.At("_embedded.factor._embedded") != nil {
			t.Errorf("a picture is shown that is good no more: %s", late.Body)
		}
		again := expect(t, c.on(t, late, "_links.next", 200), map[string]string{"factorResult": "WAITING", "_links.next.name": "poll"})
		expect(t, c.on(t, again, "_embedded.factor._embedded.activation._links.send.0", 200), map[string]string{"factorResult": "WAITING"})
		sms := strings.TrimPrefix(again.Text("_embedded.factor._embedded.activation._links.send.1.href"), "https://id.example.com")
		c.Anonymous().Post(sms, map[string]any{"stateToken": again.Text("stateToken"), "profile": map[string]string{"phoneNumber": "+1-555-415-1337"}}).Want(200)
		if _, err := c.phone.Scan(t.Context(), again.Text("_embedded.factor._embedded.activation._links.qrcode.href")); err != nil {
			t.Fatal(err)
		}
		done := expect(t, c.on(t, again, "_links.next", 200), map[string]string{"status": "SUCCESS", "relayState": "/deep"})
		if done.Text("sessionToken") == "" || done.At("stateToken") != nil {
			t.Errorf("%s", done.Body)
		}

		for name, answer := range map[string]struct {
			result string
			do     func()
		}{
			"denied": {"REJECTED", func() {
				if _, err := c.phone.Answer(t.Context(), "", false, nil); err != nil {
					t.Fatal(err)
				}
			}},
			"late": {"TIMEOUT", func() { c.Clock.Advance(4*time.Minute + 58*time.Second) }},
		} {
			required := c.password(t, "MFA_REQUIRED")
			asked := expect(t, c.on(t, required, "_embedded.factors.0._links.verify", 202), map[string]string{
				"status": "MFA_CHALLENGE", "factorResult": "WAITING", "_links.next.name": "poll", "_links.resend.0.name": "push",
			})
			if asked.At("_embedded.policy.factorsPolicyInfo") == nil {
				t.Errorf("%s", asked.Body)
			}
			expect(t, c.on(t, asked, "_links.next", 202), map[string]string{"factorResult": "WAITING"})
			answer.do()
			over := expect(t, c.on(t, asked, "_links.next", 200), map[string]string{"status": "MFA_CHALLENGE", "factorResult": answer.result, "_links.next.name": "verify"})
			fresh := expect(t, c.on(t, over, "_links.next", 202), map[string]string{"factorResult": "WAITING", "_links.next.name": "poll"})
			if _, err := c.phone.Answer(t.Context(), "", true, nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			expect(t, c.on(t, fresh, "_links.next", 200), map[string]string{"status": "SUCCESS"})
		}
	})
}

// TestAutoPushIsRemembered: who asks for it once, and approves, is told the next
// time that the phone may be asked at once, until it is taken back. Who has the
// password alone changes nothing.
func TestAutoPushIsRemembered(t *testing.T) {
	c := newCalled(t, apptest.New(t))
	begin := c.password(t, "MFA_ENROLL")
	made := c.Anonymous().Post("/api/v1/authn/factors", map[string]any{"stateToken": begin.Text("stateToken"), "factorType": "push", "provider": "OKTA"}).Want(200)
	if _, err := c.phone.Scan(t.Context(), made.Text("_embedded.factor._embedded.activation._links.qrcode.href")); err != nil {
		t.Fatal(err)
	}
	c.on(t, made, "_links.next", 200)
	id := made.Text("_embedded.factor.id")
	for _, step := range []struct {
		query   string
		approve bool
		poll    string
		next    bool
	}{
		{"", true, "", false},
		{"?autoPush=true", false, "", false},
		{"?autoPush=true", true, "", true},
		{"", true, "", true},
		{"?autoPush=false", false, "?autoPush=false", true},
		{"?autoPush=true", true, "?autoPush=false", false},
	} {
		body := map[string]any{"stateToken": c.password(t, "MFA_REQUIRED").Text("stateToken")}
		c.Anonymous().Post("/api/v1/authn/factors/"+id+"/verify"+step.query, body).Want(202)
		if _, err := c.phone.Answer(t.Context(), "", step.approve, nil); err != nil {
			t.Fatal(err)
		}
		c.Anonymous().Post("/api/v1/authn/factors/"+id+"/verify"+step.poll, body).Want(200)
		after := c.password(t, "MFA_REQUIRED")
		if got := after.At("_embedded.policy.factorsPolicyInfo." + id + ".autoPushEnabled"); got != step.next {
			t.Errorf("%+v: %v, %s", step, got, after.Body)
		}
	}
}

// TestNoSignInToAnApplication: an audience is refused, with another text for an
// application that there is.
func TestNoSignInToAnApplication(t *testing.T) {
	app := apptest.New(t)
	id := app.Post("/api/v1/apps", `{"name":"bookmark","label":"News","signOnMode":"BOOKMARK","settings":{"app":{"url":"https://news.example.com"}}}`).Want(200).Text("id")
	for audience, want := range map[string]string{id: "Sign in not allowed for app '" + id + "'.", "0oanone": "Invalid or unknown audience '0oanone'."} {
		a := app.Anonymous().Post("/api/v1/authn", map[string]any{"username": "x@example.com", "password": "x", "audience": audience}).Want(400)
		if a.Text("errorCode") != "E0000001" || a.Text("errorCauses.0.errorSummary") != want {
			t.Errorf("%s", a.Body)
		}
	}
}

// TestOneApprovalOneToken: of many polls that come at once after the approval,
// one gets the session's token.
func TestOneApprovalOneToken(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := newCalled(t, app)
		begin := c.password(t, "MFA_ENROLL")
		made := c.Anonymous().Post("/api/v1/authn/factors", map[string]any{"stateToken": begin.Text("stateToken"), "factorType": "push", "provider": "OKTA"}).Want(200)
		if _, err := c.phone.Scan(t.Context(), made.Text("_embedded.factor._embedded.activation._links.qrcode.href")); err != nil {
			t.Fatal(err)
		}
		c.on(t, made, "_links.next", 200)
		asked := c.on(t, c.password(t, "MFA_REQUIRED"), "_embedded.factors.0._links.verify", 202)
		if _, err := c.phone.Answer(t.Context(), "", true, nil); err != nil {
			t.Fatal(err)
		}
		at := strings.TrimPrefix(asked.Text("_links.next.href"), "https://id.example.com")
		var tokens atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				a := c.Anonymous().Post(at, map[string]any{"stateToken": asked.Text("stateToken")})
				if a.Status == http.StatusOK && a.Text("sessionToken") != "" {
					tokens.Add(1)
				}
			})
		}
		wg.Wait()
		if tokens.Load() != 1 {
			t.Errorf("%d tokens", tokens.Load())
		}
	})
}

// TestPushesAreBounded: whoever has the password cannot ask its user on the
// phone until one yes slips out: ten times without one, however many ask at
// once, then none for an hour. An approval gives the patience back.
func TestPushesAreBounded(t *testing.T) {
	const most = 10
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := newCalled(t, app)
		begin := c.password(t, "MFA_ENROLL")
		made := c.Anonymous().Post("/api/v1/authn/factors", map[string]any{"stateToken": begin.Text("stateToken"), "factorType": "push", "provider": "OKTA"}).Want(200)
		if _, err := c.phone.Scan(t.Context(), made.Text("_embedded.factor._embedded.activation._links.qrcode.href")); err != nil {
			t.Fatal(err)
		}
		c.on(t, made, "_links.next", 200)
		at := "/api/v1/authn/factors/" + made.Text("_embedded.factor.id") + "/verify"
		var begun []string
		for range 3 * most {
			begun = append(begun, c.password(t, "MFA_REQUIRED").Text("stateToken"))
		}
		var asked, refused atomic.Int32
		var wg sync.WaitGroup
		for _, token := range begun {
			wg.Go(func() {
				switch a := c.Anonymous().Post(at, map[string]any{"stateToken": token}); a.Status {
				case http.StatusAccepted, http.StatusOK:
					asked.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				default:
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		}
		wg.Wait()
		if asked.Load() != most || refused.Load() != 2*most {
			t.Errorf("asked %d times, refused %d times", asked.Load(), refused.Load())
		}
		again := func(want int) *apptest.Answer {
			t.Helper()
			return c.Anonymous().Post(at, map[string]any{"stateToken": c.password(t, "MFA_REQUIRED").Text("stateToken")}).Want(want)
		}
		again(http.StatusTooManyRequests).Fails(http.StatusTooManyRequests, "E0000047")
		requests, err := c.phone.Requests(t.Context())
		if err != nil || len(requests) != most {
			t.Fatalf("%d questions on the phone, %v", len(requests), err)
		}
		c.Clock.Advance(time.Hour)
		last := again(http.StatusAccepted)
		if _, err := c.phone.Answer(t.Context(), "", true, nil); err != nil {
			t.Fatal(err)
		}
		expect(t, c.on(t, last, "_links.next", 200), map[string]string{"status": "SUCCESS"})
		for range most {
			again(http.StatusAccepted)
		}
		again(http.StatusTooManyRequests)
	})
}
