package authn_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/api/authn"
	"usher/internal/api/httpkit"
	"usher/internal/apptest/contract"
	"usher/internal/apptest/transcript"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

const login = "isaac.brock@example.com"

// site is a router with this protocol alone.
type site struct {
	*signintest.World
	http.Handler
	token idp.Actor // who the token "trusted" proves
	// cookie is what requests bring along, nil for none.
	cookie *http.Cookie
}

func newSite(t testing.TB, databaseURL string) *site {
	t.Helper()
	s := &site{World: signintest.New(t, databaseURL)}
	s.token = idp.Actor{Kind: idp.ActorUser, UserID: "00uadmin", Roles: []idp.RoleType{idp.RoleSuperAdmin}}
	router := httpkit.NewRouter(httpkit.Config{
		Clock: s.Clock, Rand: s.Rand, Log: slog.New(slog.DiscardHandler), Limits: httpkit.NewLimits(nil),
		Org: func(context.Context, string) (*idp.Org, error) { return s.Org, nil },
		Token: func(_ context.Context, _ *idp.Org, secret string) (idp.Actor, error) {
			if secret != "trusted" {
				return idp.Actor{}, idp.Fail(idp.KindBadToken)
			}
			return s.token, nil
		},
		Session: func(context.Context, *idp.Org, string) (idp.Actor, *idp.Session, error) {
			return idp.Actor{}, nil, idp.Fail(idp.KindNoCredentials)
		},
		Trusted: func(context.Context, *idp.Org, string) (bool, error) { return false, nil },
	})
	(&authn.API{Engine: s.Engine, Rand: s.Rand, Redirectable: func(_ context.Context, _ *idp.Org, origin string) (bool, error) {
		return origin == "https://trusted.example.com", nil
	}}).Mount(router)
	router.Close()
	s.Handler = router
	return s
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (s *site) do(method, path, body string) answer {
	s.T.Helper()
	return s.send(method, path, body, "")
}

// send is do with an Authorization header.
func (s *site) send(method, path, body, authorization string) answer {
	s.T.Helper()
	s.Tick()
	r := httptest.NewRequestWithContext(s.T.Context(), method, path, strings.NewReader(body))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	r.Header.Set("Content-Type", "application/json")
	if s.cookie != nil {
		r.AddCookie(s.cookie)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	contract.Check(s.T, r, w.Code, w.Header(), w.Body.Bytes())
	return answer{w.Code, w.Header(), w.Body.String()}
}

func (s *site) post(path string, body map[string]any) answer {
	s.T.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.do(http.MethodPost, "/api/v1/authn"+path, string(text))
}

func (s *site) signIn(name, password string) answer {
	s.T.Helper()
	return s.post("", map[string]any{"username": name, "password": password})
}

// member returns a string member of a JSON object.
func (a answer) member(t testing.TB, name string) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	text, _ := v[name].(string)
	return text
}

func TestFlows(t *testing.T) {
	for _, file := range transcript.Files(t, "testdata/flows/*.txtar") {
		t.Run(file, func(t *testing.T) {
			s := newSite(t, storetest.SQLite(t))
			u := s.User(login)
			s.UserIn("expired@example.com", idp.UserPasswordExpired)
			s.SetPasswordPolicy(func(p *policy.PasswordSettings) {
				p.Password.Age.MaxAgeDays, p.Password.Age.ExpireWarnDays = 30, 5
				p.Password.Lockout.MaxAttempts, p.Password.Lockout.ShowLockoutFailures = 2, strings.Contains(file, "shown")
			})
			transcript.Play(t, file, transcript.Stage{
				Handler: s, Advance: s.Clock.Advance, Values: map[string]string{"userId": u.ID, "password": signintest.Password},
			})
		})
	}
}

// TestRefusalsAreByteEqual: whoever the login names, the answer is the same to
// the byte, but for the two random names of the error and the request.
func TestRefusalsAreByteEqual(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	for _, state := range idp.UserStatuses() {
		s.UserIn(strings.ToLower(string(state))+"@example.com", state)
	}
	mask := func(a answer) string {
		text := strings.ReplaceAll(a.body, a.member(t, "errorId"), "ID")
		h := a.header.Clone()
		h.Del("X-Okta-Request-Id")
		h.Del("X-Rate-Limit-Remaining")
		b, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		return text + string(b)
	}
	want := s.signIn("nobody@example.com", "wrong")
	if want.status != 401 || want.member(t, "errorCode") != "E0000004" || !strings.Contains(want.body, `"errorCauses":[]`) {
		t.Fatalf("%d %s", want.status, want.body)
	}
	for _, name := range []string{"active", "staged", "provisioned", "suspended", "deprovisioned", "recovery", "locked_out", "password_expired"} {
		for _, password := range []string{"wrong", signintest.Password} {
			if password == signintest.Password && (name == "active" || name == "password_expired") {
				continue
			}
			if got := s.signIn(name+"@example.com", password); got.status != 401 || mask(got) != mask(want) {
				t.Errorf("%s with %s: %d\n%s\n%s", name, password, got.status, mask(got), mask(want))
			}
		}
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.User(login)
	s.UserIn("expired@example.com", idp.UserPasswordExpired)
	token := s.signIn("expired@example.com", signintest.Password).member(t, "stateToken")
	page := s.Engine.Begin(t.Context(), s.Anonymous(), beginPage()).Handle
	for name, c := range map[string]struct {
		path   string
		body   map[string]any
		status int
		code   string
		cause  string
	}{
		"nothing":           {"", map[string]any{}, 400, "E0000001", "The 'username' and 'password' attributes are required in this context."},
		"a blank login":     {"", map[string]any{"username": " \t", "password": "x"}, 400, "E0000001", "The 'username' and 'password' attributes are required in this context."},
		"no password":       {"", map[string]any{"username": login}, 400, "E0000001", "The 'username' and 'password' attributes are required in this context."},
		"long relay state":  {"", map[string]any{"username": login, "password": "x", "relayState": strings.Repeat("x", 2049)}, 400, "E0000001", "relayState: The field is too long"},
		"long device token": {"", map[string]any{"username": login, "password": "x", "context": map[string]any{"deviceToken": strings.Repeat("x", 33)}}, 400, "E0000001", "context.deviceToken: The field is too long"},
		"unknown audience":  {"", map[string]any{"username": login, "password": signintest.Password, "audience": "0oa1"}, 400, "E0000001", "Invalid or unknown audience '0oa1'."},
		"wrong type":        {"", map[string]any{"username": 1}, 400, "E0000003", "username"},
		"unknown token":     {"", map[string]any{"stateToken": "00nothing"}, 401, "E0000011", ""},
		"a page's handle":   {"/introspect", map[string]any{"stateToken": page}, 401, "E0000011", ""},
		"no token":          {"/introspect", map[string]any{}, 401, "E0000011", ""},
		"no step-up":        {"", map[string]any{"stateToken": token, "username": login, "password": "x"}, 403, "E0000079", "This operation is not allowed in the current authentication state."},
		"skip":              {"/skip", map[string]any{"stateToken": token}, 403, "E0000079", "This operation is not allowed in the current authentication state."},
		"previous":          {"/previous", map[string]any{"stateToken": token}, 403, "E0000079", "This operation is not allowed in the current authentication state."},
		"no old password":   {"/credentials/change_password", map[string]any{"stateToken": token, "newPassword": "x"}, 400, "E0000001", "oldPassword: The field cannot be left blank"},
		"no new password":   {"/credentials/change_password", map[string]any{"stateToken": token, "oldPassword": "x"}, 400, "E0000001", "newPassword: The field cannot be left blank"},
		"wrong old":         {"/credentials/change_password", map[string]any{"stateToken": token, "oldPassword": "x", "newPassword": "Another-one-77"}, 403, "E0000014", "oldPassword: The credentials provided were incorrect."},
		"weak":              {"/credentials/change_password", map[string]any{"stateToken": token, "oldPassword": signintest.Password, "newPassword": "x"}, 403, "E0000014", "Password requirements were not met."},
		"used before":       {"/credentials/change_password", map[string]any{"stateToken": token, "oldPassword": signintest.Password, "newPassword": signintest.Password}, 403, "E0000014", "Password has been used too recently"},
		"activation":        {"", map[string]any{"token": "abc"}, 401, "E0000004", ""},
		"poll":              {"/poll", map[string]any{"stateToken": token}, 403, "E0000079", "This operation is not allowed in the current authentication state."},
	} {
		got := s.post(c.path, c.body)
		if got.status != c.status || got.member(t, "errorCode") != c.code || !strings.Contains(got.body, c.cause) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if gap := got.header.Get(httpkit.GapHeader); gap != "" {
			t.Errorf("%s: gap %q", name, gap)
		}
	}
}

// TestNewPasswordsThatEndSessions: who says so ends all sessions with the old
// password, and else keeps them.
func TestNewPasswordsThatEndSessions(t *testing.T) {
	s := newRecoverySite(t)
	s.SetPasswordPolicy(func(p *policy.PasswordSettings) {
		p.Recovery.Factors.Question.Status, p.Password.Age.ExpireWarnDays = policy.Inactive, 5
		p.Password.Age.MaxAgeDays, p.Password.Age.HistoryCount = 5, 0
	})
	old := signintest.Password
	for i, c := range []struct {
		change, revoke bool
	}{{true, false}, {true, true}, {false, false}, {false, true}} {
		var secret string
		redeemed := s.do(http.MethodGet, "/login/sessionCookie?token="+s.signIn(login, old).member(t, "sessionToken"), "")
		for _, cookie := range (&http.Response{Header: redeemed.header}).Cookies() {
			if cookie.Name == "sid" {
				secret = cookie.Value
			}
		}
		var path string
		body := map[string]any{"oldPassword": old, "newPassword": fmt.Sprintf("Proper-Mule-%d-Engine", i), "revokeSessions": c.revoke}
		if c.change {
			path = "/credentials/change_password"
			begun := s.post("", map[string]any{"username": login, "password": old, "options": map[string]any{"warnBeforePasswordExpired": true}})
			body["stateToken"] = begun.member(t, "stateToken")
		} else {
			path = "/credentials/reset_password"
			sent := s.post("/recovery/password", map[string]any{"username": login, "factorType": "SMS"}).member(t, "stateToken")
			body["stateToken"] = sent
			s.post("/recovery/factors/SMS/verify", map[string]any{"stateToken": sent, "passCode": s.Mail(phone).Data[notify.DataCode]})
		}
		if got := s.post(path, body); got.status != 200 || got.member(t, "status") != "SUCCESS" {
			t.Fatalf("%+v: %d %s", c, got.status, got.body)
		}
		if secret == "" || s.HasSession(secret) == c.revoke {
			t.Errorf("%+v: the session is there: %v", c, s.HasSession(secret))
		}
		old = body["newPassword"].(string) //nolint:forcetypeassert // it was set above
		s.Clock.Advance(time.Minute)
	}
}

func TestPolicyRefuses(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.User(login)
	s.SetSignOn(func(a *policy.SignOnAction) { a.Access = policy.Deny })
	if got := s.signIn(login, signintest.Password); got.status != 403 || got.member(t, "errorCode") != "E0000085" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := s.signIn(login, "wrong"); got.status != 401 || got.member(t, "errorCode") != "E0000004" {
		t.Fatalf("%d %s", got.status, got.body)
	}
}

func TestStateTokenSlides(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.UserIn("expired@example.com", idp.UserPasswordExpired)
	token := s.signIn("expired@example.com", signintest.Password).member(t, "stateToken")
	for range 4 {
		s.Clock.Advance(4 * time.Minute)
		if got := s.post("/introspect", map[string]any{"stateToken": token}); got.status != 200 || got.member(t, "expiresAt") != s.Clock.Now().Add(5*time.Minute).Format(httpkit.TimeFormat) {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	s.Clock.Advance(5 * time.Minute)
	if got := s.post("/introspect", map[string]any{"stateToken": token}); got.status != 401 {
		t.Fatalf("%d %s", got.status, got.body)
	}
}

func TestCookieRedirect(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.User(login)
	token := func() string { return s.signIn(login, signintest.Password).member(t, "sessionToken") }
	at := func(path, token, address string) answer {
		return s.do(http.MethodGet, path+"?"+url.Values{"token": {token}, "redirectUrl": {address}, "checkAccountSetupComplete": {"true"}}.Encode(), "")
	}
	for _, address := range []string{"https://id.example.com/app", "/app?x=1", "https://trusted.example.com/back?a=b#c"} {
		for _, path := range []string{"/login/sessionCookieRedirect", "/login/sessionCookie"} {
			got := at(path, token(), address)
			want := address
			if strings.HasPrefix(address, "/") {
				want = "https://id.example.com" + address
			}
			if got.status != http.StatusFound || got.header.Get("Location") != want || got.header.Get("Referrer-Policy") != "no-referrer" {
				t.Fatalf("%s: %d %v", address, got.status, got.header)
			}
			secret := ""
			for _, c := range (&http.Response{Header: got.header}).Cookies() {
				if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteNoneMode || c.Path != "/" || c.MaxAge != 0 || !c.Expires.IsZero() {
					t.Errorf("%+v", c)
				}
				if c.Name == "sid" {
					secret = c.Value
				}
			}
			if !s.HasSession(secret) {
				t.Fatalf("%s: no session in %v", address, got.header)
			}
		}
	}
	unused := token()
	for _, address := range []string{
		"", "https://evil.example.com/", "//evil.example.com/", `/\evil.example.com`, "javascript:alert(1)", "https://id.example.com@evil.example.com/",
		"https://id.example.com.evil.example.com/", "http://id.example.com/", "https://id.example.com\r\nSet-Cookie: x=y", "/" + strings.Repeat("a", 2048),
	} {
		if got := at("/login/sessionCookieRedirect", unused, address); got.status != 400 || got.header.Get("Set-Cookie") != "" || got.header.Get("Location") != "" {
			t.Errorf("%q: %d %v", address, got.status, got.header)
		}
	}
	if got := at("/login/sessionCookieRedirect", unused, "/"); got.status != http.StatusFound || got.header.Get("Set-Cookie") == "" {
		t.Fatalf("a bad address has cost the token: %d %s", got.status, got.body)
	}
	for name, old := range map[string]string{"used": unused, "unknown": "20111nothing", "none": ""} {
		got := at("/login/sessionCookieRedirect", old, "https://id.example.com/app")
		if got.status != http.StatusFound || got.header.Get("Location") != "https://id.example.com/login/login.htm?fromURI=https%3A%2F%2Fid.example.com%2Fapp" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
	}
	if got := s.do(http.MethodGet, "/login/sessionCookie?token="+token(), ""); got.status != 200 || got.header.Get("Content-Type") != "image/gif" || got.header.Get("Set-Cookie") == "" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	if got := s.do(http.MethodGet, "/login/sessionCookie?token=20111nothing", ""); got.status != 401 || got.header.Get("Set-Cookie") != "" {
		t.Fatalf("%d %v", got.status, got.header)
	}
}

// beginPage is how the page for people begins a sign-in.
func beginPage() signin.Options { return signin.Options{Prefix: "02.id.", Carried: true} }
