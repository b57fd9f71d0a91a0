package pages

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/signin/signintest"
)

const fresh = "Fresh-battery-8"

// follow opens the link of the newest mail to an address and goes on.
func (b *browser) follow(to, heading string) *answer {
	b.t.Helper()
	link := strings.TrimPrefix(b.site.Mail(to).Data[notify.DataLink], "https://id.example.com")
	b.wants(b.get(link), http.StatusOK, heading)
	return b.post(link, nil)
}

// TestWelcome leads a new user from the mail to a password, a question and a
// session.
func TestWelcome(t *testing.T) {
	signintest.Each(t, func(t *testing.T, w *signintest.World) {
		s := siteOf(t, w)
		u, token := s.Invited("new@example.com")
		b := s.browser(t)
		for range 3 { // programs that look into mails use nothing up
			b.wants(b.get("/welcome/"+token), http.StatusOK, "Welcome")
		}
		b.wants(b.follow("new@example.com", "Welcome"), http.StatusOK, "Choose a new password")
		b.wants(b.submit("newPassword", "weak", "repeatPassword", "weak", "question", "Who was first?", "answer", "Annie Oakley"), http.StatusBadRequest, "Choose a new password")
		b.wants(b.submit("newPassword", fresh, "repeatPassword", fresh, "question", "", "answer", ""), http.StatusBadRequest, "Choose a new password")
		if got := b.last.alert(t); got != textNoQuestion {
			t.Errorf("alert %q", got)
		}
		b.wants(b.submit("newPassword", fresh, "repeatPassword", fresh, "question", "Who was first?", "answer", "was"), http.StatusBadRequest, "Choose a new password")
		b.goesTo(b.submit("newPassword", fresh, "repeatPassword", fresh, "question", "Who was first?", "answer", "Annie Oakley"), http.StatusSeeOther, "/")
		b.wants(b.get("/"), http.StatusOK, "Welcome, Isaac Brock")
		if now := s.Reload(u); now.Status != idp.UserActive || now.RecoveryQuestion != "Who was first?" {
			t.Errorf("%s %q", now.Status, now.RecoveryQuestion)
		}
		late := s.browser(t)
		late.wants(late.post("/welcome/"+token, nil), http.StatusForbidden, "This link does not work")
	})
}

// TestForgotten leads from the sign-in page over the mail to a new password.
func TestForgotten(t *testing.T) {
	s := newSite(t)
	s.Ask(s.User(isaac))
	b := s.browser(t)
	if a := b.get(pathSignIn); !strings.Contains(a.body, `href="/signin/forgot-password"`) || strings.Contains(a.body, "Unlock account?") {
		t.Fatalf("%s", a.body)
	}
	b.wants(b.get(pathForgot), http.StatusOK, "Forgot your password?")
	b.wants(b.post(pathForgot, url.Values{"username": {" "}}), http.StatusBadRequest, "Forgot your password?")
	some := b.post(pathForgot, url.Values{"username": {isaac}})
	b.wants(some, http.StatusOK, "Look into your mail")
	if none := b.post(pathForgot, url.Values{"username": {"nobody@example.com"}}); none.status != some.status || none.body != some.body {
		t.Error("the page tells whether there is such a user")
	}
	b.wants(b.follow(isaac, "Choose a new password"), http.StatusOK, "Answer your question")
	if !strings.Contains(b.last.body, "Who was first?") {
		t.Errorf("%s", b.last.body)
	}
	b.wants(b.submit("answer", ""), http.StatusBadRequest, "Answer your question")
	b.wants(b.submit("answer", "Calamity Jane"), http.StatusForbidden, "Answer your question")
	b.wants(b.submit("answer", signintest.Answer), http.StatusOK, "Choose a new password")
	b.goesTo(b.submit("newPassword", fresh, "repeatPassword", fresh), http.StatusSeeOther, "/")
	again := s.browser(t)
	again.goesTo(again.signIn(pathSignIn, isaac, fresh), http.StatusSeeOther, "/")

	b.post(pathForgot, url.Values{"username": {isaac}})
	b.follow(isaac, "Choose a new password")
	for range 4 {
		b.wants(b.submit("answer", "x"), http.StatusForbidden, "Answer your question")
	}
	b.wants(b.submit("answer", "x"), http.StatusForbidden, "Too many wrong answers")
}

// TestUnlocking leads from the page of a lock to its end.
func TestUnlocking(t *testing.T) {
	s := newSite(t)
	s.SetPasswordActions(func(a *policy.Actions) { a.SelfUnlock.Access = policy.Allow })
	s.SetPasswordPolicy(func(p *policy.PasswordSettings) {
		p.Password.Lockout.MaxAttempts, p.Password.Lockout.ShowLockoutFailures = 1, true
		p.Recovery.Factors.Question.Status = policy.Inactive
	})
	u := s.User(isaac)
	b := s.browser(t)
	b.get(pathSignIn)
	b.submit("username", isaac)
	b.wants(b.submit("password", "wrong"), http.StatusForbidden, "Your account is locked")
	if !strings.Contains(b.last.body, `href="/signin/unlock"`) {
		t.Errorf("no way out:\n%s", b.last.body)
	}
	b.wants(b.get(pathUnlock), http.StatusOK, "Unlock your account")
	b.wants(b.post(pathUnlock, url.Values{"username": {isaac}}), http.StatusOK, "Look into your mail")
	b.wants(b.follow(isaac, "Unlock your account"), http.StatusOK, "Your account is unlocked")
	if s.Reload(u).Status != idp.UserActive || len(b.cookies) != 0 {
		t.Errorf("%s, %v", s.Reload(u).Status, b.cookies)
	}
	b.goesTo(b.signIn(pathSignIn, isaac, signintest.Password), http.StatusSeeOther, "/")
}

// TestRecoveryNotOffered: what no policy opens is not on the pages, and looking
// at a link stores nothing.
func TestRecoveryNotOffered(t *testing.T) {
	s := newSite(t)
	s.SetPasswordActions(func(a *policy.Actions) { a.SelfReset.Access = policy.Deny })
	s.User(isaac)
	b := s.browser(t)
	if a := b.get(pathSignIn); strings.Contains(a.body, "Forgot") || strings.Contains(a.body, "Unlock") {
		t.Errorf("%s", a.body)
	}
	before, err := s.Store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/welcome/x", "/reset_password/x", "/signin/reset-password/x", "/signin/unlock/x", pathForgot, pathUnlock} {
		if a := b.get(path); a.status != http.StatusOK {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	after, err := s.Store.Snapshot(t.Context())
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("looking stored something (%v)", err)
	}
	for _, path := range []string{"/welcome/x", "/reset_password/x", "/signin/reset-password/x", "/signin/unlock/x"} {
		b.wants(b.post(path, nil), http.StatusForbidden, "This link does not work")
		foreign := b.do(http.MethodPost, path, nil, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		})
		b.wants(foreign, http.StatusForbidden, "This is not open to you")
	}
}

// TestRecoveriesAreAlike: the pages tell nobody whether there is such a user, or
// in which state, by what they answer to who wants a mail.
func TestRecoveriesAreAlike(t *testing.T) {
	s := newSite(t)
	s.SetPasswordActions(func(a *policy.Actions) { a.SelfUnlock.Access = policy.Allow })
	s.Ask(s.User(isaac))
	logins := []string{isaac}
	for _, state := range idp.UserStatuses() {
		u := s.User("in" + strings.ToLower(string(state)) + "@example.com")
		s.Ask(u)
		s.Put(u, state)
		logins = append(logins, u.Login)
	}
	for _, path := range []string{pathForgot, pathUnlock} {
		ask := func(login string) string {
			b := s.browser(t)
			a := b.post(path, url.Values{"username": {login}})
			if a.status != http.StatusOK || len(b.cookies) != 0 {
				t.Errorf("%s for %s: %d, %v", path, login, a.status, b.cookies)
			}
			h := a.header.Clone()
			for _, name := range []string{"X-Okta-Request-Id", "X-Rate-Limit-Remaining"} {
				h.Del(name)
			}
			var out strings.Builder
			if err := h.Write(&out); err != nil {
				t.Fatal(err)
			}
			return out.String() + a.body
		}
		want := ask("nobody@example.com")
		for _, login := range logins {
			if got := ask(login); got != want {
				t.Errorf("%s for %s:\n%s\nwant\n%s", path, login, got, want)
			}
		}
	}
}
