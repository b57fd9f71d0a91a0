package idx_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/api/idx"
	"usher/internal/apptest/contract"
	"usher/internal/apptest/transcript"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

const (
	login      = "isaac.brock@example.com"
	modernType = "application/ion+json; okta-version=1.0.0"
)

// site is a router with this protocol alone.
type site struct {
	*signintest.World
	http.Handler
	trusted string // the origin that browsers may be sent to
}

func newSite(t testing.TB, databaseURL string) *site {
	t.Helper()
	s := &site{World: signintest.New(t, databaseURL)}
	router := httpkit.NewRouter(httpkit.Config{
		Clock: s.Clock, Rand: s.Rand, Log: slog.New(slog.DiscardHandler), Limits: httpkit.NewLimits(nil),
		Org: func(context.Context, string) (*idp.Org, error) { return s.Org, nil },
		Token: func(context.Context, *idp.Org, string) (idp.Actor, error) {
			return idp.Actor{}, idp.Fail(idp.KindBadToken)
		},
		Session: func(context.Context, *idp.Org, string) (idp.Actor, *idp.Session, error) {
			return idp.Actor{}, nil, idp.Fail(idp.KindNoCredentials)
		},
		Trusted: func(context.Context, *idp.Org, string) (bool, error) { return false, nil },
	})
	(&idx.API{Engine: s.Engine, Redirectable: func(_ context.Context, _ *idp.Org, origin string) (bool, error) {
		return origin == s.trusted, nil
	}}).Mount(router)
	router.Close()
	s.Handler = router
	return s
}

// begin is what a page does before it hands its state token over.
func (s *site) begin() string {
	return s.Engine.Begin(s.T.Context(), s.Anonymous(), signin.Options{Prefix: idx.HandlePrefix, Carried: true, Warn: true, Return: "/app/home"}).Handle
}

type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (s *site) post(path, media, body string) answer {
	s.T.Helper()
	s.Tick()
	r := httptest.NewRequestWithContext(s.T.Context(), http.MethodPost, "/idp/idx"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	contract.Check(s.T, r, w.Code, w.Header(), w.Body.Bytes())
	a := answer{status: w.Code, header: w.Header(), text: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
		s.T.Fatalf("%v in %s", err, a.text)
	}
	rules(s.T, path, a)
	return a
}

// send posts members of a JSON object in the newer dialect.
func (s *site) send(path string, members map[string]any) answer {
	s.T.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.post(path, modernType, string(text))
}

func TestFlows(t *testing.T) {
	for _, file := range transcript.Files(t, "testdata/flows/*.txtar") {
		t.Run(file, func(t *testing.T) {
			s := newSite(t, storetest.SQLite(t))
			u := s.User(login)
			s.UserIn("expired@example.com", idp.UserPasswordExpired)
			s.Org.Settings.Registration = strings.Contains(file, "seed")
			s.SetPasswordPolicy(func(p *policy.PasswordSettings) {
				p.Password.Age.MaxAgeDays, p.Password.Age.ExpireWarnDays = 30, 5
				p.Password.Lockout.MaxAttempts, p.Password.Lockout.ShowLockoutFailures = 2, strings.Contains(file, "shown")
			})
			if strings.Contains(file, "denied") {
				s.SetSignOn(func(a *policy.SignOnAction) { a.Access = policy.Deny })
			}
			transcript.Play(t, file, transcript.Stage{
				Handler: s, Advance: s.Clock.Advance,
				Values: map[string]string{"userId": u.ID, "password": signintest.Password, "handle": s.begin(), "mail": factor.AuthenticatorID(s.Org.ID, signin.ByEmail)},
			})
		})
	}
}

// TestFirstFormOfTheInterface holds the pair that was recorded: exactly these
// members, in this order.
func TestFirstFormOfTheInterface(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.Org.Settings.Registration = true
	handle := s.begin()
	got := s.post("/introspect", "application/json", `{"stateHandle":"`+handle+`"}`)
	h := `{"name":"stateHandle","required":true,"value":"` + handle + `","visible":false,"mutable":false}`
	form := func(name, path, inputs string) string {
		return `{"rel":["create-form"],"name":"` + name + `","href":"https://id.example.com/idp/idx/` + path + `","method":"POST","accepts":"application/vnd.okta.v1+json","value":[` + inputs + h + `]}`
	}
	want := `{"stateHandle":"` + handle + `","version":"1.0.0","expiresAt":"2026-03-01T13:00:00.000Z","step":"IDENTIFY","intent":"LOGIN",` +
		`"remediation":{"type":"array","value":[` + form("identify", "identify", `{"name":"identifier","label":"Username"},`) + `,` + form("select-enroll-profile", "enroll", "") + `]},` +
		`"cancel":` + form("cancel", "cancel", "") + `,"context":` + form("context", "context", "") + `}`
	if got.status != 200 || got.text != want || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s\n%s\n%s", got.status, got.header.Get("Content-Type"), got.text, want)
	}
}

// TestRefusalsAreByteEqual: at every step the answers for a user, whatever the
// state, and for nobody are the same to the byte, but for what was typed and
// what is random.
func TestRefusalsAreByteEqual(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	names := []string{"nobody@example.com"}
	for _, state := range idp.UserStatuses() {
		name := strings.ToLower(string(state)) + "@example.com"
		s.UserIn(name, state)
		names = append(names, name)
	}
	at := s.Clock.Now()
	walk := func(name string) string {
		s.Clock.Set(at)
		handle := s.begin()
		var out string
		for _, step := range []answer{
			s.send("/introspect", map[string]any{"stateHandle": handle}),
			s.send("/identify", map[string]any{"stateHandle": handle, "identifier": name}),
			s.send("/challenge/answer", map[string]any{"stateHandle": handle, "credentials": map[string]any{"passcode": "wrong"}}),
			s.send("/introspect", map[string]any{"stateHandle": handle}),
			s.send("/identify", map[string]any{"stateHandle": handle, "identifier": name, "credentials": map[string]any{"passcode": "wrong"}}),
		} {
			h := step.header.Clone()
			h.Del("X-Okta-Request-Id")
			h.Del("X-Rate-Limit-Remaining")
			h.Del("Content-Length")
			b, err := json.Marshal(h)
			if err != nil {
				t.Fatal(err)
			}
			out += string(b) + step.text
		}
		out = strings.ReplaceAll(strings.ReplaceAll(out, handle, "HANDLE"), name, "NAME")
		return enrolment(out)
	}
	want := walk(names[0])
	for _, name := range names[1:] {
		if got := walk(name); got != want {
			t.Errorf("%s:\n%s\n%s", name, got, want)
		}
	}
}

// enrolment masks the identifier that is made of what was typed.
func enrolment(text string) string {
	for {
		at := strings.Index(text, `"lae`)
		if at < 0 {
			return text
		}
		text = text[:at] + `"E` + text[at+len(`"lae`)+17:]
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.User(login)
	fresh, other := s.begin(), s.Engine.Begin(t.Context(), s.Anonymous(), signin.Options{Prefix: "00"}).Handle
	asked := s.begin()
	s.send("/identify", map[string]any{"stateHandle": asked, "identifier": login})
	for name, c := range map[string]struct {
		path, media, body string
		status            int
		key               string
		forms             int
	}{
		"no handle":           {"/introspect", modernType, `{}`, 400, "api.error.field_required", 0},
		"no body":             {"/introspect", modernType, ``, 400, "api.error.field_required", 0},
		"no JSON":             {"/introspect", modernType, `{`, 400, "errors.E0000003", 0},
		"unknown":             {"/introspect", modernType, `{"stateHandle":"02.id.nothing"}`, 401, "idx.session.expired", 0},
		"unknown interaction": {"/introspect", modernType, `{"interactionHandle":"nothing"}`, 401, "idx.session.expired", 0},
		"another protocol's":  {"/introspect", modernType, `{"stateHandle":"` + other + `"}`, 401, "idx.session.expired", 0},
		"another version":     {"/introspect", "application/json; okta-version=2.0.0", `{"stateHandle":"` + fresh + `"}`, 400, "api.error.version_unsupported", 0},
		"another type":        {"/introspect", "text/plain", `{"stateHandle":"` + fresh + `"}`, 415, "errors.E0000021", 0},
		"no handle, identify": {"/identify", modernType, `{"identifier":"x"}`, 400, "api.error.field_required", 0},
		"no handle, cancel":   {"/cancel", modernType, `{}`, 400, "api.error.field_required", 0},
		"no identifier":       {"/identify", modernType, `{"stateHandle":"` + fresh + `"}`, 400, "api.error.field_required", 1},
		"blank identifier":    {"/identify", modernType, `{"stateHandle":"` + fresh + `","identifier":" "}`, 400, "api.error.field_required", 1},
		"too early":           {"/challenge/answer", modernType, `{"stateHandle":"` + fresh + `","credentials":{"passcode":"x"}}`, 400, "errors.E0000079", 1},
		"choose too early":    {"/challenge", modernType, `{"stateHandle":"` + fresh + `","authenticator":{"id":"x"}}`, 400, "errors.E0000079", 1},
		"skip":                {"/skip", modernType, `{"stateHandle":"` + asked + `"}`, 400, "errors.E0000079", 2},
		"no passcode":         {"/challenge/answer", modernType, `{"stateHandle":"` + asked + `"}`, 400, "api.error.field_required", 2},
		"no authenticator":    {"/challenge", modernType, `{"stateHandle":"` + asked + `"}`, 400, "api.error.field_required", 2},
		"unknown one":         {"/challenge", modernType, `{"stateHandle":"` + asked + `","authenticator":{"id":"autx"}}`, 400, "api.error.field_invalid", 2},
		"unknown method":      {"/challenge", modernType, `{"stateHandle":"` + asked + `","authenticator":{"id":"x","methodType":"sms"}}`, 400, "api.error.field_invalid", 2},
		"wrong":               {"/challenge/answer", modernType, `{"stateHandle":"` + asked + `","credentials":{"passcode":"x"}}`, 401, "errors.E0000004", 2},
		"absurd":              {"/challenge/answer", modernType, `{"stateHandle":"` + asked + `","credentials":{"passcode":"` + strings.Repeat("x", 5000) + `"}}`, 401, "errors.E0000004", 2},
		"a gap":               {"/enroll", modernType, `{"stateHandle":"` + fresh + `"}`, 501, "errors.E0000060", 0},
		"another gap":         {"/keep-me-signed-in", "application/json", `{"stateHandle":"` + asked + `"}`, 501, "errors.E0000060", 0},
	} {
		got := s.post(c.path, c.media, c.body)
		if got.status != c.status || !strings.Contains(got.text, `"key":"`+c.key+`"`) || len(formsOf(got.body)) != c.forms {
			t.Errorf("%s: %d, %d forms: %s", name, got.status, len(formsOf(got.body)), got.text)
		}
		if _, ok := got.body["stateHandle"]; ok != (c.forms > 0) {
			t.Errorf("%s: the state handle: %s", name, got.text)
		}
		if gap := got.header.Get(httpkit.GapHeader); (c.status == 501) != (gap != "") {
			t.Errorf("%s: gap %q", name, gap)
		}
	}
}

// Asking again shows the same, to the byte, and by each of the three names.
func TestIntrospectRepeats(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.User(login)
	handle := s.begin()
	for _, step := range []func(){
		func() {},
		func() { s.send("/identify", map[string]any{"stateHandle": handle, "identifier": login}) },
		func() {
			s.send("/challenge/answer", map[string]any{"stateHandle": handle, "credentials": map[string]any{"passcode": signintest.Password}})
		},
	} {
		step()
		want := s.send("/introspect", map[string]any{"stateHandle": handle})
		if want.status != 200 {
			t.Fatalf("%d %s", want.status, want.text)
		}
		for _, body := range []map[string]any{
			{"stateHandle": handle}, {"stateToken": handle}, {"interactionHandle": handle}, {"stateToken": handle + "~c.rest"},
		} {
			if got := s.send("/introspect", body); got.text != want.text {
				t.Errorf("%v:\n%s\n%s", body, got.text, want.text)
			}
		}
		if got := s.send("/context", map[string]any{"stateHandle": handle}); got.text != want.text {
			t.Errorf("context:\n%s\n%s", got.text, want.text)
		}
	}
}

// Each dialect is settled at introspect and kept, whatever the headers of later
// requests say.
func TestDialectIsKept(t *testing.T) {
	for media, want := range map[string]string{
		"application/json": "application/json", "application/vnd.okta.v1+json": "application/json", modernType: modernType,
		"application/json; okta-version=1.0.0": modernType,
	} {
		s := newSite(t, storetest.SQLite(t))
		s.User(login)
		handle := s.begin()
		s.post("/identify", "application/json", `{"stateHandle":"`+handle+`","identifier":"`+login+`"}`)
		s.post("/introspect", media, `{"stateHandle":"`+handle+`"}`)
		for _, later := range []string{"application/json", modernType, "application/vnd.okta.v1+json; charset=utf-8"} {
			got := s.post("/challenge", later, `{"stateHandle":"`+handle+`","authenticator":{"id":"`+authenticatorID(s)+`"}}`)
			if got.status != 200 || got.header.Get("Content-Type") != want || strings.Contains(got.text, `"produces"`) != (want == modernType) {
				t.Errorf("%s, then %s: %d %s %s", media, later, got.status, got.header.Get("Content-Type"), got.text)
			}
		}
	}
}

func authenticatorID(s *site) string { return factor.AuthenticatorID(s.Org.ID, factor.Password) }

func TestFinishInTheBrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.User(login)
	get := func(handle string) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/token/redirect?stateToken="+handle, nil)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	handle := s.begin()
	s.send("/identify", map[string]any{"stateHandle": handle, "identifier": login})
	early := get(handle)
	if early.StatusCode != 302 || early.Header.Get("Location") != "https://id.example.com/login/login.htm" || len(early.Cookies()) > 0 {
		t.Fatalf("before the end: %d %v", early.StatusCode, early.Header)
	}
	s.send("/challenge/answer", map[string]any{"stateHandle": handle, "credentials": map[string]any{"passcode": signintest.Password}})
	won := get(handle)
	if won.StatusCode != 302 || won.Header.Get("Location") != "https://id.example.com/app/home" || won.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Fatalf("%d %v", won.StatusCode, won.Header)
	}
	cookies := map[string]string{}
	for _, c := range won.Cookies() {
		cookies[c.Name] = c.Value
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteNoneMode {
			t.Errorf("%+v", c)
		}
	}
	if cookies["idx"] == "" || cookies["idx"] != cookies["sid"] || !s.HasSession(cookies["idx"]) {
		t.Fatalf("%v", cookies)
	}
	for name, h := range map[string]string{"again": handle, "unknown": "02.id.nothing", "none": ""} {
		if got := get(h); got.StatusCode != 302 || got.Header.Get("Location") != "https://id.example.com/login/login.htm" || len(got.Cookies()) > 0 {
			t.Errorf("%s: %d %v", name, got.StatusCode, got.Header)
		}
	}
	if got := s.send("/introspect", map[string]any{"stateHandle": handle}); got.status != 401 {
		t.Errorf("after the end: %d %s", got.status, got.text)
	}
}

// TestReturnIsCheckedAtTheEnd: an address that was good when the sign-in began
// must be good when it is done.
func TestReturnIsCheckedAtTheEnd(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.User(login)
	const elsewhere = "https://app.example.net/after"
	for _, c := range []struct{ trusted, back, want string }{
		{"https://app.example.net", elsewhere, elsewhere},
		{"", elsewhere, "https://id.example.com/"},
		{"", "//app.example.net/after", "https://id.example.com/"},
		{"", "/app/home", "https://id.example.com/app/home"},
		{"", "javascript:alert(1)", "https://id.example.com/"},
	} {
		s.trusted = c.trusted
		handle := s.Engine.Begin(t.Context(), s.Anonymous(), signin.Options{Prefix: idx.HandlePrefix, Carried: true, Return: c.back}).Handle
		s.send("/identify", map[string]any{"stateHandle": handle, "identifier": login, "credentials": map[string]any{"passcode": signintest.Password}})
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/token/redirect?stateToken="+handle, nil))
		if got := w.Header().Get("Location"); w.Code != http.StatusFound || got != c.want {
			t.Errorf("%q, trusted %q: %d %s, want %s", c.back, c.trusted, w.Code, got, c.want)
		}
	}
}

// A page that only shows a form leaves nothing behind; nor does looking at it.
func TestBeginningsAreNotStored(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	handle := s.begin()
	for range 3 {
		s.send("/introspect", map[string]any{"stateHandle": handle})
	}
	tx, err := s.Engine.Load(t.Context(), s.Anonymous(), handle)
	if err != nil || tx.Version != 0 {
		t.Fatalf("%+v, %v", tx, err)
	}
	s.Clock.Advance(time.Hour)
	if got := s.send("/introspect", map[string]any{"stateHandle": handle}); got.status != 401 {
		t.Fatalf("%d %s", got.status, got.text)
	}
}

// A password that will expire soon is told of, and may be left as it is.
func TestPasswordWarning(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.User(login)
	s.SetPasswordPolicy(func(p *policy.PasswordSettings) { p.Password.Age.MaxAgeDays, p.Password.Age.ExpireWarnDays = 30, 5 })
	s.Clock.Advance(26 * 24 * time.Hour)
	handle := s.begin()
	both := map[string]any{"stateHandle": handle, "identifier": login, "credentials": map[string]any{"passcode": signintest.Password}}
	got := s.send("/identify", both)
	var names []any
	for _, f := range formsOf(got.body) {
		names = append(names, f["name"])
	}
	if got.status != 200 || len(names) != 2 || names[0] != "reenroll-authenticator-warning" || names[1] != "skip" {
		t.Fatalf("%d %v %s", got.status, names, got.text)
	}
	for _, part := range []string{`"key":"idx.password.expiring.message","params":["Example"]`, `"class":"INFO"`, `"daysToExpiry":4`, `"step":"ENROLL"`} {
		if !strings.Contains(got.text, part) {
			t.Errorf("no %s in %s", part, got.text)
		}
	}
	got = s.send("/skip", map[string]any{"stateHandle": handle})
	if success, _ := got.body["success"].(map[string]any); got.status != 200 || success["href"] != "https://id.example.com/login/token/redirect?stateToken="+handle {
		t.Fatalf("%d %s", got.status, got.text)
	}
}
