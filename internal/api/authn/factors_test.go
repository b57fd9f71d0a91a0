package authn_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest/transcript"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// newFactorSite is a site that asks its users for a further factor.
func newFactorSite(t testing.TB, databaseURL string) *site {
	t.Helper()
	s := newSite(t, databaseURL)
	s.Factors()
	s.RequireFactor(policy.PromptDevice, 0)
	return s
}

// TestFactorFlows replays sign-ins with a further factor. An enrolment under way
// is made by the flow itself.
func TestFactorFlows(t *testing.T) {
	for _, file := range transcript.Files(t, "testdata/factors/*.txtar") {
		t.Run(file, func(t *testing.T) {
			s := newFactorSite(t, storetest.SQLite(t))
			u := s.User(login)
			if strings.Contains(file, "optional") {
				s.SetSignOn(func(a *policy.SignOnAction) { a.RequireFactor, a.PromptMode = false, "" })
				s.SetEnroll(policy.EnrollAtLogin, map[string]policy.SelfEnroll{
					"okta_question": policy.EnrollRequired, "okta_sms": policy.EnrollNotAllowed, "okta_call": policy.EnrollNotAllowed, "okta_email": policy.EnrollNotAllowed,
				})
			}
			transcript.Play(t, file, transcript.Stage{
				Handler: s, Advance: s.Clock.Advance, Values: map[string]string{"userId": u.ID, "password": signintest.Password},
				Computed: map[string]func(map[string]string) string{
					"appCode":     func(known map[string]string) string { return s.AppCode(newest(known), 0) },
					"lateAppCode": func(known map[string]string) string { return s.AppCode(newest(known), -5) },
					"sentCode":    func(map[string]string) string { return s.SentCode() },
				},
			})
		})
	}
}

// newest is the secret that was shown last.
func newest(known map[string]string) string {
	if v, ok := known["sharedSecret2"]; ok {
		return v
	}
	return known["sharedSecret"]
}

// enrolQuestion signs in and enrols the security question, which needs no proof.
func (s *site) enrolQuestion(t *testing.T) {
	t.Helper()
	token := s.signIn(login, signintest.Password).member(t, "stateToken")
	body := `{"stateToken":"` + token + `","factorType":"question","provider":"OKTA","profile":{"question":"disliked_food","answer":"spinach"}}`
	if a := s.do("POST", "/api/v1/authn/factors", body); a.status != 200 || a.member(t, "status") != "SUCCESS" {
		t.Fatalf("%d %s", a.status, a.body)
	}
}

// TestDeviceOfABrowser: a browser that was told to be remembered gets a cookie,
// by which it is; what a public caller says about its device does not count, what
// an application says does.
func TestDeviceOfABrowser(t *testing.T) {
	s := newFactorSite(t, storetest.SQLite(t))
	s.User(login)
	s.enrolQuestion(t)
	primary := `{"username":"` + login + `","password":"` + signintest.Password + `","context":{"deviceToken":"one"}}`
	verify := func(authorization string) *http.Cookie {
		t.Helper()
		a := s.send("POST", "/api/v1/authn", primary, authorization)
		if a.member(t, "status") != "MFA_REQUIRED" {
			t.Fatal(a.body)
		}
		_, rest, _ := strings.Cut(a.body, `"factors":[{"id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		body := `{"stateToken":"` + a.member(t, "stateToken") + `","answer":"Spinach"}`
		a = s.send("POST", "/api/v1/authn/factors/"+id+"/verify?rememberDevice=true", body, authorization)
		if a.status != 200 || a.member(t, "status") != "SUCCESS" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		for _, c := range (&http.Response{Header: a.header}).Cookies() {
			if c.Name == "DT" {
				return c
			}
		}
		return nil
	}
	cookie := verify("")
	if cookie == nil || !cookie.HttpOnly || !cookie.Secure || cookie.MaxAge < int((300*24*time.Hour).Seconds()) {
		t.Fatalf("%+v", cookie)
	}
	if got := s.send("POST", "/api/v1/authn", primary, "").member(t, "status"); got != "MFA_REQUIRED" {
		t.Errorf("without the cookie: %s", got)
	}
	s.cookie = cookie
	if got := s.send("POST", "/api/v1/authn", primary, "").member(t, "status"); got != "SUCCESS" {
		t.Errorf("with the cookie: %s", got)
	}
	s.cookie = nil
	if c := verify("SSWS trusted"); c != nil {
		t.Errorf("an application got a cookie: %+v", c)
	}
	if got := s.send("POST", "/api/v1/authn", primary, "SSWS trusted").member(t, "status"); got != "SUCCESS" {
		t.Errorf("the device that an application vouches for: %s", got)
	}
}

// TestCodesOnDemand: a proof without a code has one sent, also while one is
// awaited, and as often as the factor allows; one with a code sends none.
func TestCodesOnDemand(t *testing.T) {
	s := newFactorSite(t, storetest.SQLite(t))
	s.Phones()
	s.SetEnroll(policy.EnrollAtChallenge, map[string]policy.SelfEnroll{"okta_sms": policy.EnrollOptional})
	const number = "+15550100"
	s.Phone(s.User(login), number)
	begun := s.signIn(login, signintest.Password)
	_, rest, _ := strings.Cut(begun.body, `"factors":[{"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	code := func() string { return s.Mail(number).Data[notify.DataCode] }
	verify := func(members string) answer {
		t.Helper()
		return s.do("POST", "/api/v1/authn/factors/"+id+"/verify", `{"stateToken":"`+begun.member(t, "stateToken")+`"`+members+`}`)
	}
	if a := verify(`,"passCode":"123456"`); a.status != 403 || a.member(t, "errorCode") != "E0000068" {
		t.Errorf("before any was sent: %d %s", a.status, a.body)
	}
	if a := verify(``); a.status != 200 || a.member(t, "status") != "MFA_CHALLENGE" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	first := code()
	if a := verify(``); a.status != 429 || a.member(t, "errorCode") != "E0000109" {
		t.Errorf("too soon: %d %s", a.status, a.body)
	}
	if a := verify(`,"passCode":""`); a.status != 400 || a.member(t, "errorCode") != "E0000001" {
		t.Errorf("an empty one: %d %s", a.status, a.body)
	}
	s.Clock.Advance(30 * time.Second)
	if a := verify(``); a.status != 200 || a.member(t, "status") != "MFA_CHALLENGE" || code() == first {
		t.Fatalf("again: %d %s", a.status, a.body)
	}
	if a := verify(`,"passCode":"` + first + `"`); a.status != 403 {
		t.Errorf("the first one: %d %s", a.status, a.body)
	}
	right := code()
	if !strings.HasPrefix(right, "0") {
		right = `,"passCode":` + right // some clients write it as a number
	} else {
		right = `,"passCode":"` + right + `"`
	}
	if a := verify(right); a.status != 200 || a.member(t, "status") != "SUCCESS" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestMalformedFactorRequests: what is missing or wrong is named, and nothing of
// it ends a sign-in.
func TestMalformedFactorRequests(t *testing.T) {
	s := newFactorSite(t, storetest.SQLite(t))
	s.User(login)
	token := s.signIn(login, signintest.Password).member(t, "stateToken")
	for name, c := range map[string]struct {
		path, body string
		status     int
		code       string
	}{
		"no type":        {"/factors", `{"stateToken":"` + token + `","provider":"OKTA"}`, 400, "E0000001"},
		"no provider":    {"/factors", `{"stateToken":"` + token + `","factorType":"sms"}`, 400, "E0000001"},
		"wrong provider": {"/factors", `{"stateToken":"` + token + `","factorType":"sms","provider":"GOOGLE"}`, 400, "E0000001"},
		"not allowed":    {"/factors", `{"stateToken":"` + token + `","factorType":"push","provider":"OKTA"}`, 400, "E0000001"},
		"no phone":       {"/factors", `{"stateToken":"` + token + `","factorType":"sms","provider":"OKTA"}`, 400, "E0000001"},
		"bad phone":      {"/factors", `{"stateToken":"` + token + `","factorType":"sms","provider":"OKTA","profile":{"phoneNumber":"12"}}`, 400, "E0000098"},
		"bad question":   {"/factors", `{"stateToken":"` + token + `","factorType":"question","provider":"OKTA","profile":{"question":"x","answer":"spinach"}}`, 400, "E0000001"},
		"bad flag":       {"/factors?updatePhone=perhaps", `{"stateToken":"` + token + `","factorType":"sms","provider":"OKTA"}`, 400, "E0000002"},
		"bad token":      {"/factors", `{"stateToken":"00none","factorType":"sms","provider":"OKTA"}`, 401, "E0000011"},
		"out of step":    {"/factors/ost1/verify", `{"stateToken":"` + token + `","passCode":"123456"}`, 403, "E0000079"},
		"not activating": {"/factors/ost1/lifecycle/activate", `{"stateToken":"` + token + `","passCode":"123456"}`, 403, "E0000079"},
		"nothing sent":   {"/factors/ost1/lifecycle/resend", `{"stateToken":"` + token + `"}`, 403, "E0000079"},
		"no poll":        {"/factors/ost1/lifecycle/activate/poll", `{"stateToken":"` + token + `"}`, 403, "E0000079"},
		"no JSON":        {"/factors", `{`, 400, "E0000003"},
	} {
		a := s.do("POST", "/api/v1/authn"+c.path, c.body)
		if a.status != c.status || a.member(t, "errorCode") != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		s.Clock.Advance(time.Second)
	}
	if a := s.do("POST", "/api/v1/authn", `{"stateToken":"`+token+`"}`); a.member(t, "status") != "MFA_ENROLL" {
		t.Errorf("the sign-in is over: %s", a.body)
	}
}
