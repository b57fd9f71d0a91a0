package pages

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/policy"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// before signs in as far as the password.
func (b *browser) before(t *testing.T) *answer {
	t.Helper()
	b.wants(b.get(pathSignIn), http.StatusOK, "Sign in")
	b.wants(b.submit("username", isaac), http.StatusOK, "Enter your password")
	return b.submit("password", signintest.Password)
}

// TestSignInWithFactors enrols an app and a phone in the browser, proves them,
// and is remembered.
func TestSignInWithFactors(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.Factors()
	s := siteOf(t, w)
	s.User(isaac)
	s.RequireFactor(policy.PromptDevice, 0)
	b := s.browser(t)
	const setUp = "Set up another way to prove that it is you"
	b.wants(b.before(t), http.StatusOK, setUp)
	b.wants(b.submit("do", doSetUp+"okta_sms"), http.StatusOK, "Text message")
	b.wants(b.submit("do", doBack), http.StatusOK, setUp)
	b.wants(b.submit("do", doSetUp+"okta_sms"), http.StatusOK, "Text message")
	b.wants(b.submit("do", doEnroll, "phoneNumber", "12"), http.StatusBadRequest, "Text message")
	if got := b.last.alert(t); got != textBadPhone {
		t.Errorf("alert %q", got)
	}
	b.wants(b.submit("do", doEnroll, "phoneNumber", "+1 555 415 1337"), http.StatusOK, "Text message")
	if !strings.Contains(b.last.body, "XXX-1337") {
		t.Error("the page does not say where the code goes")
	}
	b.wants(b.submit("do", doAgain), http.StatusTooManyRequests, "Text message")
	b.wants(b.submit("do", doBack), http.StatusOK, setUp)
	b.wants(b.submit("do", doSetUp+"okta_otp"), http.StatusOK, "Authenticator app")
	page := b.last.body
	_, secret, _ := strings.Cut(page, "<code>")
	secret, _, _ = strings.Cut(secret, "</code>")
	if len(secret) != 32 || !strings.Contains(page, "/qr/") {
		t.Fatalf("no secret to scan or to type:\n%s", page)
	}
	b.wants(b.submit("do", doActivate, "passCode", ""), http.StatusBadRequest, "Authenticator app")
	b.wants(b.submit("do", doActivate, "passCode", "000000"), http.StatusForbidden, "Authenticator app")
	b.goesTo(b.submit("do", doActivate, "passCode", s.AppCode(secret, 0)), http.StatusSeeOther, "/")

	s.Clock.Advance(time.Minute)
	b = s.browser(t)
	b.wants(b.before(t), http.StatusOK, "Authenticator app")
	b.wants(b.submit("do", doProve, "passCode", "000000"), http.StatusForbidden, "Authenticator app")
	if got := b.last.alert(t); got != textWrongCode {
		t.Errorf("alert %q", got)
	}
	b.goesTo(b.submit("do", doProve, "passCode", s.AppCode(secret, 0), "remember", "true"), http.StatusSeeOther, "/")
	device := b.cookies[httpkit.CookieDevice]
	if device == "" || !b.set[httpkit.CookieDevice].HttpOnly {
		t.Fatalf("%+v", b.set)
	}
	other := s.browser(t)
	other.wants(other.before(t), http.StatusOK, "Authenticator app")
	again := s.browser(t)
	again.cookies[httpkit.CookieDevice] = device
	again.goesTo(again.before(t), http.StatusSeeOther, "/")
}

// TestChoiceOfFactors goes from one factor to another, and locks itself out.
func TestChoiceOfFactors(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.Factors()
	s := siteOf(t, w)
	s.User(isaac)
	s.SetPasswordPolicy(func(p *policy.PasswordSettings) { p.Password.Lockout.ShowLockoutFailures = true })
	s.SetEnroll(policy.EnrollAtLogin, map[string]policy.SelfEnroll{"okta_question": policy.EnrollRequired, "okta_email": policy.EnrollRequired})
	b := s.browser(t)
	const setUp = "Set up another way to prove that it is you"
	b.wants(b.before(t), http.StatusOK, setUp)
	b.wants(b.submit("do", doSetUp+"okta_question"), http.StatusOK, "Security question")
	b.wants(b.submit("do", doEnroll, "question", "disliked_food", "answer", "x"), http.StatusBadRequest, "Security question")
	b.wants(b.submit("do", doEnroll, "question", "disliked_food", "answer", "Spinach soup"), http.StatusOK, setUp)
	b.wants(b.submit("do", doSetUp+"okta_email"), http.StatusOK, "Mail")
	b.goesTo(b.submit("do", doActivate, "passCode", s.SentCode()), http.StatusSeeOther, "/")

	s.RequireFactor(policy.PromptAlways, 0)
	s.Clock.Advance(time.Minute)
	b = s.browser(t)
	const choose = "Confirm that it is you"
	b.wants(b.before(t), http.StatusOK, choose)
	ids := map[string]string{}
	for _, e := range parse(t, b.last.body).all("button") {
		name, _, _ := strings.Cut(strings.TrimSpace(e.text), " ")
		ids[name] = e.attr["value"]
	}
	b.wants(b.submit("do", ids["Mail"]), http.StatusOK, "Mail")
	b.wants(b.submit("do", doBack), http.StatusOK, choose)
	b.wants(b.submit("do", ids["Security"]), http.StatusOK, "Security question")
	for range 4 {
		b.wants(b.submit("do", doProve, "answer", "porridge"), http.StatusForbidden, "Security question")
	}
	b.wants(b.submit("do", doProve, "answer", "porridge"), http.StatusForbidden, "Your account is locked")
	if b.signedIn() {
		t.Error("signed in")
	}
}
