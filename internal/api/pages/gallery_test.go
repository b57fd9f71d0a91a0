package pages

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/oauth"
	"usher/internal/signin"
)

const isaac = "isaac.brock@example.com"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// blank returns pages without services, enough to render.
func blank(t testing.TB) *Pages {
	t.Helper()
	p, err := New(Config{Rand: env.NewSeeded(1), FramedBy: framedByNobody, Offered: func(context.Context, *idp.Org) (bool, bool, error) { return true, true, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// visitor is a request with an answer to look at.
func visitor(org *idp.Org) (*visit, *httptest.ResponseRecorder) {
	w := httptest.NewRecorder()
	r := &httpkit.Request{Request: httptest.NewRequest(http.MethodGet, "/login/login.htm", nil), W: w, ID: "req_4XhzQ2m", Org: org}
	return &visit{Request: r, tx: &signin.Transaction{Handle: "02.id.handle", Login: isaac}}, w
}

func acme() *idp.Org {
	return &idp.Org{ID: "00o1", Name: "Acme Theatres", BaseURL: "https://id.example.com"}
}

func rules() signin.PasswordRules {
	return signin.PasswordRules{History: 4, Requirements: []string{
		"at least 8 characters", "a lowercase letter", "an uppercase letter", "a number", "no parts of your username",
	}}
}

// kind is a factor by its policy key.
func kind(key string) factor.Kind {
	all := factor.Kinds()
	return all[slices.IndexFunc(all, func(k factor.Kind) bool { return k.Key == key })]
}

func app() signin.Method {
	return signin.Method{Kind: "totp", FactorID: "ost1", Factor: kind("okta_otp"), About: factor.Description{Verify: factor.CodeFields()}}
}

func text() signin.Method {
	return signin.Method{
		Kind: "sms", FactorID: "mbl1", Factor: kind("okta_sms"), Sends: true, Resends: true, Required: true,
		Profile: []byte(`{"phoneNumber":"+1 XXX-XXX-1337"}`), About: factor.Description{Verify: factor.CodeFields(), Enroll: factor.PhoneFields(false)},
	}
}

func phone() signin.Method {
	return signin.Method{Kind: "push", FactorID: "opf1", Factor: kind("okta_push"), Sends: true, Resends: true, Waits: true, Profile: []byte(`{"name":"Isaac's phone"}`)}
}

func securityKey() signin.Method {
	return signin.Method{Kind: "webauthn", FactorID: "fwf1", Factor: kind("fido_webauthn"), Sends: true}
}

// exhibit is one state in which a page can be.
type exhibit struct {
	name   string
	status int
	show   func(p *Pages, v *visit) error
}

func refused(status int, problem, fault string, show func(p *Pages, v *visit) error) func(p *Pages, v *visit) error {
	return func(p *Pages, v *visit) error {
		v.status, v.problem, v.fault = status, problem, fault
		return show(p, v)
	}
}

// exhibits are all states of all pages.
func exhibits() []exhibit {
	identify := func(p *Pages, v *visit) error { return p.identify(v, "", "") }
	verify := func(p *Pages, v *visit) error {
		return p.step(v, signin.Verify{Primary: true, Options: []signin.Method{{Kind: factor.Password}}})
	}
	change := func(c signin.ChangePassword) func(*Pages, *visit) error {
		c.Rules = rules()
		return func(p *Pages, v *visit) error { return p.step(v, c) }
	}
	step := func(s signin.Step) func(*Pages, *visit) error {
		return func(p *Pages, v *visit) error { return p.step(v, s) }
	}
	fail := func(err error) func(*Pages, *visit) error {
		return func(p *Pages, v *visit) error { p.WriteError(v.Request, err); return nil }
	}
	session := &idp.Session{
		ID: "102abcdefghijklmnopq", Created: noon, Expires: noon.Add(2 * time.Hour), EndsBy: noon.Add(12 * time.Hour), AMR: []string{"pwd", "x"},
	}
	return []exhibit{
		{"identify", 200, identify},
		{"identify-signed-out", 200, func(p *Pages, v *visit) error { return p.identify(v, "", textSignedOut) }},
		{"identify-problem", 400, refused(400, textNoLogin, "", identify)},
		{"password", 200, verify},
		{"password-problem", 401, refused(401, textRefused, "", verify)},
		{"change-expired", 200, change(signin.ChangePassword{Reason: signin.PasswordExpired})},
		{"change-old", 200, change(signin.ChangePassword{Reason: signin.PasswordReset, OldNeeded: true})},
		{"change-warned", 200, change(signin.ChangePassword{Reason: signin.PasswordWarned, Expires: noon.Add(72 * time.Hour)})},
		{"change-problem-old", 400, refused(400, textOldWrong, faultOld, change(signin.ChangePassword{Reason: signin.PasswordExpired, OldNeeded: true}))},
		{"change-problem-new", 400, refused(400, textTwoPasswords, faultNew, change(signin.ChangePassword{Reason: signin.PasswordExpired}))},
		{"change-welcome", 200, change(signin.ChangePassword{Reason: signin.PasswordReset, Question: true})},
		{"change-problem-question", 400, refused(400, textNoQuestion, faultQuestion, change(signin.ChangePassword{Reason: signin.PasswordReset, Question: true}))},
		{"forgot", 200, func(p *Pages, v *visit) error { return p.inquire(v, inquiries()[0]) }},
		{"forgot-problem", 400, refused(400, textNoLogin, "", func(p *Pages, v *visit) error { return p.inquire(v, inquiries()[0]) })},
		{"unlock", 200, func(p *Pages, v *visit) error { return p.inquire(v, inquiries()[1]) }},
		{"link-welcome", 200, func(p *Pages, v *visit) error { return p.opening(v.Request, openings()[0]) }},
		{"link-reset", 200, func(p *Pages, v *visit) error { return p.opening(v.Request, openings()[1]) }},
		{"link-unlock", 200, func(p *Pages, v *visit) error { return p.opening(v.Request, openings()[3]) }},
		{"answer", 200, func(p *Pages, v *visit) error { return p.showQuestion(v, "Who was first?") }},
		{"answer-problem", 403, refused(403, textWrongAnswer, "", func(p *Pages, v *visit) error { return p.showQuestion(v, "Who was first?") })},
		{"unlocked", 200, func(p *Pages, v *visit) error { return p.unlocked(v) }},
		{"locked", 403, step(signin.Locked{})},
		{"denied", 403, step(signin.Denied{Reason: "any"})},
		{"unable", 501, step(signin.Consent{})},
		{"unable-method", 501, step(signin.Verify{Options: []signin.Method{{Kind: "other", Sends: true}}})},
		{"factors", 200, step(signin.Verify{Options: []signin.Method{app(), text(), phone()}})},
		{"factor-app", 200, step(signin.Verify{Options: []signin.Method{app()}, Remember: signin.Remember{Allowed: true, Default: true}})},
		{"factor-problem", 403, refused(403, textWrongCode, "", step(signin.Challenge{Method: app()}))},
		{"factor-text", 200, step(signin.Challenge{Method: text(), Remember: signin.Remember{Allowed: true}})},
		{"factor-phone", 200, step(signin.Challenge{Method: phone(), Waiting: true, Result: factor.Waiting, View: factor.View{Number: new(int)}})},
		{"factor-phone-refused", 200, step(signin.Challenge{Method: phone(), Waiting: true, Result: factor.Rejected})},
		{"factor-phone-late", 200, step(signin.Challenge{Method: phone(), Waiting: true, Result: factor.Expired})},
		{"factor-script", 501, step(signin.Challenge{Method: signin.Method{Sends: true}})},
		{"factor-key-alone", 501, step(signin.Verify{Options: []signin.Method{securityKey()}})},
		{"factors-and-a-key", 200, step(signin.Verify{Options: []signin.Method{app(), text(), securityKey()}})},
		{"factor-key-chosen", 200, func(p *Pages, v *visit) error {
			v.tx.Pending = &signin.Pending{FactorID: "fwf1"}
			return p.step(v, signin.Challenge{Method: securityKey()})
		}},
		{"enroll-key", 501, step(signin.Enroll{Options: []signin.Method{securityKey()}})},
		{"enroll-and-a-key", 200, step(signin.Enroll{Options: []signin.Method{app(), securityKey()}})},
		{"enroll", 200, step(signin.Enroll{Options: []signin.Method{app(), text()}, Skippable: true})},
		{"enroll-nothing", 501, step(signin.Enroll{})},
		{"enroll-text", 200, func(p *Pages, v *visit) error {
			v.enrolling = "okta_sms"
			return p.step(v, signin.Enroll{Options: []signin.Method{app(), text()}})
		}},
		{"activate-app", 200, step(signin.Activate{Method: app(), Ticket: "ticket", View: factor.View{Seed: &factor.Seed{Secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}})},
		{"activate-text", 200, step(signin.Activate{Method: text()})},
		{"activate-phone", 200, step(signin.Activate{Method: phone(), Waiting: true, Result: factor.Waiting, Ticket: "ticket"})},
		{"activate-phone-late", 200, step(signin.Activate{Method: phone(), Waiting: true, Result: factor.Expired})},
		{"stale", 400, func(p *Pages, v *visit) error { return p.expired(v) }},
		{"home", 200, func(p *Pages, v *visit) error {
			name := "Isaac Brock"
			if v.tx.Login != isaac {
				name = v.tx.Login
			}
			return p.welcome(v.Request, idp.Actor{Name: name, Login: v.tx.Login}, session)
		}},
		{"signout", 200, func(p *Pages, v *visit) error { return p.askSignOut(v.Request, v.tx.Login, destination{}) }},
		{"consent", 200, func(p *Pages, v *visit) error {
			v.Actor = idp.Actor{Login: v.tx.Login, UserID: "00u1"}
			return p.Consent(v.Request, oauth.AskConsent{
				Key: "key", Redirect: "https://partner.example.net/cb", Client: &oauth.Client{App: &apps.App{App: idp.App{Label: "Box Office"}}, Settings: &apps.OAuthClient{PolicyURI: "https://app.example/privacy"}},
				Scopes: []*oauth.Scope{{Name: "tickets", Description: "Buy tickets for you."}, {Name: "seats", DisplayName: "See your seats"}},
			})
		}},
		{"activate", 200, func(p *Pages, v *visit) error { return p.AskCode(v.Request, "BCDF", "") }},
		{"activate-problem", 400, func(p *Pages, v *visit) error { return p.AskCode(v.Request, "BCDF", "That code is not known.") }},
		{"activate-device", 200, func(p *Pages, v *visit) error {
			v.Actor = idp.Actor{Login: v.tx.Login}
			return p.Device(v.Request, &oauth.DeviceAsk{
				UserCode: "BCDFGHJK", Client: &oauth.Client{App: &apps.App{App: idp.App{Label: "Box Office"}}}, Scopes: []*oauth.Scope{{Name: "tickets"}},
			})
		}},
		{"told", 200, func(p *Pages, v *visit) error { return p.Told(v.Request, "Done", "You can close this window.") }},
		{"application-refused", 400, func(p *Pages, v *visit) error {
			return p.Refused(v.Request, 400, "invalid_request", "The 'redirect_uri' parameter must be given.")
		}},
		{"error-400", 400, fail(idp.Fail(idp.KindMalformed))},
		{"error-403", 403, fail(idp.Fail(idp.KindForbidden))},
		{"error-404", 404, fail(httpkit.Status(404, "E0000008", "secret detail"))},
		{"error-405", 405, fail(httpkit.Status(405, "E0000022", "secret detail"))},
		{"error-409", 409, fail(idp.Fail(idp.KindConflict))},
		{"error-413", 413, fail(httpkit.Status(413, "E0000003", "secret detail"))},
		{"error-415", 415, fail(httpkit.Status(415, "E0000021", "secret detail"))},
		{"error-429", 429, fail(idp.Fail(idp.KindTooManyRequests))},
		{"error-418", 418, fail(httpkit.Status(418, "E0000009", "secret detail"))},
		{"error-500", 500, fail(os.ErrDeadlineExceeded)},
	}
}

// TestGallery shows every page in every state. With USHER_GALLERY set to a
// folder it leaves them there to look at, with the assets beside them.
func TestGallery(t *testing.T) {
	p := blank(t)
	folder := os.Getenv("USHER_GALLERY")
	for _, ex := range exhibits() {
		t.Run(ex.name, func(t *testing.T) {
			v, w := visitor(acme())
			if err := ex.show(p, v); err != nil {
				t.Fatal(err)
			}
			page := w.Body.String()
			audit(t, page)
			auditHeaders(t, w.Header())
			if w.Code != ex.status {
				t.Errorf("status %d, want %d", w.Code, ex.status)
			}
			if strings.Contains(page, "secret detail") || strings.Contains(page, "deadline") {
				t.Error("the page tells what went wrong inside")
			}
			if bad := w.Code >= 400; strings.Contains(page, "<title>Error: ") != bad {
				t.Errorf("the title tells of an error: %v, want %v", !bad, bad)
			}
			if folder != "" {
				keep(t, folder, ex.name+".html", w.Body.Bytes())
			}
		})
	}
	if folder != "" {
		for _, a := range p.assets {
			keep(t, folder, filepath.Join("assets", a.name), a.body)
		}
	}
}

func keep(t *testing.T, folder, name string, content []byte) {
	t.Helper()
	name = filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// auditHeaders checks the fence around a page.
func auditHeaders(t *testing.T, h http.Header) {
	t.Helper()
	policy := strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self' "+partner, "form-action 'self'", 1)
	for _, want := range []string{"default-src 'none'", "style-src 'self'", "img-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !slices.Contains(strings.Split(policy, "; "), want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000",
		"Content-Type": "text/html; charset=utf-8",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(h.Get("Permissions-Policy"), "camera=()") {
		t.Error("the page may use the camera")
	}
}

// TestFieldsForPasswordManagers holds the names that browsers, password
// managers and tests go by.
func TestFieldsForPasswordManagers(t *testing.T) {
	p := blank(t)
	want := map[string]struct{ labels, completes, buttons string }{
		"identify":       {"Username", "username", "Next"},
		"password":       {"Password", "username current-password", "Sign in"},
		"change-expired": {"New password,New password again", "username new-password new-password", "Change password"},
		"change-old":     {"Current password,New password,New password again", "username current-password new-password new-password", "Change password"},
		"change-warned":  {"New password,New password again", "username new-password new-password", "Change password,Not now"},
		"change-welcome": {"New password,New password again,A question that only you can answer,Its answer", "username new-password new-password off", "Change password"},
		"forgot":         {"Username", "username", "Send me a mail"},
		"link-welcome":   {"", "", "Set up my account"},
		"answer":         {"Who was first?", "off", "Go on"},
		"home":           {"", "", "Sign out"},
		"signout":        {"", "", "Sign out"},
	}
	for _, ex := range exhibits() {
		w, ok := want[ex.name]
		if !ok {
			continue
		}
		v, rec := visitor(acme())
		if err := ex.show(p, v); err != nil {
			t.Fatal(err)
		}
		d := parse(t, rec.Body.String())
		var labels, completes, buttons []string
		for _, e := range d.all("label") {
			labels = append(labels, strings.TrimSpace(e.text))
		}
		for _, e := range d.all("input") {
			if a := e.attr["autocomplete"]; a != "" {
				completes = append(completes, a)
			}
		}
		for _, e := range d.all("button") {
			buttons = append(buttons, strings.TrimSpace(e.text))
		}
		if got := strings.Join(labels, ","); got != w.labels {
			t.Errorf("%s: labels %q, want %q", ex.name, got, w.labels)
		}
		if got := strings.Join(completes, " "); got != w.completes {
			t.Errorf("%s: autocomplete %q, want %q", ex.name, got, w.completes)
		}
		if got := strings.Join(buttons, ","); got != w.buttons {
			t.Errorf("%s: buttons %q, want %q", ex.name, got, w.buttons)
		}
	}
}

// TestHostileText shows every page with names that try to be markup: the page
// must have the same elements and attributes as with a harmless name, and the
// text must come out as it went in.
func TestHostileText(t *testing.T) {
	p := blank(t)
	corpus := []string{
		`"><script>alert(1)</script>`, `</title><script>alert(1)</script>`, `' onmouseover='alert(1)`, `" autofocus onfocus="alert(1)`,
		`<img src=x onerror=alert(1)>`, `javascript:alert(1)`, `{{.StateToken}}`, `&lt;script&gt;alert(1)&lt;/script&gt;`, `</main></body></html>`,
		"<!-- ", `<style>*{display:none}</style>`, `<base href=//evil.example>`, "`${alert(1)}`", "\u2028<svg/onload=alert(1)>", `\"><b>`, `x" style="color:red`,
	}
	for _, ex := range exhibits() {
		calm, rec := visitor(acme())
		if err := ex.show(p, calm); err != nil {
			t.Fatal(err)
		}
		want := parse(t, rec.Body.String()).shape()
		for _, text := range corpus {
			org := acme()
			org.Name = text
			v, w := visitor(org)
			v.tx.Login = text
			if err := ex.show(p, v); err != nil {
				t.Fatal(err)
			}
			d := parse(t, w.Body.String())
			if got := d.shape(); got != want {
				t.Errorf("%s: %q changes the page:\n%s\nwant\n%s", ex.name, text, got, want)
			}
			if !strings.Contains(d.all("title")[0].text, text) {
				t.Errorf("%s: the organisation %q came out as %q", ex.name, text, d.all("title")[0].text)
			}
		}
	}
}

// TestKeysAreNamedWhereTheyCannotBeUsed: who has a security key is told in plain
// words that this page cannot use it, and is offered what else there is.
func TestKeysAreNamedWhereTheyCannotBeUsed(t *testing.T) {
	for _, ex := range exhibits() {
		if !strings.Contains(ex.name, "key") {
			continue
		}
		v, w := visitor(acme())
		if err := ex.show(blank(t), v); err != nil {
			t.Fatal(err)
		}
		page := w.Body.String()
		if !strings.Contains(page, "Security key or biometrics") || strings.Contains(page, `value="choose:fwf1"`) || strings.Contains(page, `value="set-up:fido_webauthn"`) {
			t.Errorf("%s:\n%s", ex.name, page)
		}
		if other := strings.Contains(page, "Authenticator app") || strings.Contains(page, "Another way"); other != (ex.status == 200) {
			t.Errorf("%s offers other ways: %v", ex.name, other)
		}
	}
}
