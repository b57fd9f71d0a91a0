package idx_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// TestFurtherFactorsAreNotPassedBy: where a further factor is asked for, which
// this protocol has no forms for, the sign-in ends with a clear refusal, whatever
// is sent, and no browser gets a session by it.
func TestFurtherFactorsAreNotPassedBy(t *testing.T) {
	enrolled := func(s *site) {
		s.RequireFactor(policy.PromptAlways, 0)
		s.Phone(s.User(login), "+15550100")
	}
	worlds := map[string]func(*site){
		"one that the user has": enrolled,
		"one that the user has, on this device": func(s *site) {
			enrolled(s)
			s.RequireFactor(policy.PromptDevice, 0)
		},
		"one that the user can enrol": func(s *site) {
			s.RequireFactor(policy.PromptAlways, 0)
			s.User(login)
		},
		"one that has to be enrolled": func(s *site) {
			s.User(login)
			s.SetEnroll(policy.EnrollAtLogin, map[string]policy.SelfEnroll{"okta_sms": policy.EnrollRequired})
		},
	}
	for name, prepare := range worlds {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, storetest.SQLite(t))
			s.Factors()
			s.Phones()
			prepare(s)
			handle := s.begin()
			with := func(members map[string]any) map[string]any {
				members["stateHandle"] = handle
				return members
			}
			s.send("/identify", with(map[string]any{"identifier": login}))
			sms := factor.AuthenticatorID(s.Org.ID, signin.BySMS)
			for _, c := range []struct {
				path string
				body map[string]any
			}{
				{"/challenge/answer", with(map[string]any{"credentials": map[string]any{"passcode": signintest.Password}})},
				{"/introspect", with(map[string]any{})},
				{"/challenge/answer", with(map[string]any{"credentials": map[string]any{"passcode": signintest.Password}})},
				{"/challenge", with(map[string]any{"authenticator": map[string]any{"id": sms}})},
				{"/challenge", with(map[string]any{"authenticator": map[string]any{"id": sms, "methodType": "sms"}})},
				{"/challenge/answer", with(map[string]any{"credentials": map[string]any{"passcode": "000000"}})},
				{"/challenge/resend", with(map[string]any{})},
				{"/skip", with(map[string]any{})},
				{"/recover", with(map[string]any{})},
				{"/identify", with(map[string]any{"identifier": login, "credentials": map[string]any{"passcode": signintest.Password}})},
				{"/context", with(map[string]any{})},
			} {
				a := s.send(c.path, c.body)
				if a.status < 400 || a.body["success"] != nil || len(formsOf(a.body)) > 0 {
					t.Errorf("%s: %d %s", c.path, a.status, a.text)
				}
				if a.status == http.StatusForbidden && !strings.Contains(a.text, "security.access_denied") {
					t.Errorf("%s: not clear: %s", c.path, a.text)
				}
			}
			if s.Mail("+15550100").ID != "" {
				t.Error("a text was sent that nobody can answer here")
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/token/redirect?stateToken="+handle, nil)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != http.StatusFound || len(w.Result().Cookies()) != 0 {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if _, err := s.Engine.Redeem(t.Context(), s.Anonymous(), handle); idp.KindOf(err) == 0 {
				t.Errorf("a session: %v", err)
			}
			for _, e := range s.AllEvents() {
				if e.Type == "user.session.start" && e.Result == idp.ResultSuccess {
					t.Error("the log tells of a session")
				}
			}
		})
	}
}

// TestWhoMayNotEnrolIsDenied: where the enrolment policy says NEVER, a user without
// a factor is refused by the right password, and stays at it.
func TestWhoMayNotEnrolIsDenied(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.Factors()
	s.RequireFactor(policy.PromptAlways, 0)
	s.SetEnroll(policy.EnrollNever, nil)
	s.User(login)
	handle := s.begin()
	s.send("/identify", map[string]any{"stateHandle": handle, "identifier": login})
	for range 2 {
		a := s.send("/challenge/answer", map[string]any{"stateHandle": handle, "credentials": map[string]any{"passcode": signintest.Password}})
		if a.status != http.StatusForbidden || !strings.Contains(a.text, "security.access_denied") || a.body["success"] != nil {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if _, err := s.Engine.Redeem(t.Context(), s.Anonymous(), handle); idp.KindOf(err) == 0 {
		t.Errorf("a session: %v", err)
	}
}
