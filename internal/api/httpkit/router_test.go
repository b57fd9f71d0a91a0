package httpkit_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/env"
	"usher/internal/idp"
	"usher/openapi"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a router with callers of known rights.
type world struct {
	*httpkit.Router
	clock *env.Movable
}

func newWorld(t *testing.T, change func(*httpkit.Config)) *world {
	t.Helper()
	w := &world{clock: env.NewFixed(noon)}
	org := &idp.Org{ID: "00oorg", BaseURL: "https://id.example.com"}
	cfg := httpkit.Config{
		Clock: w.clock, Rand: env.NewSeeded(1), Log: slog.New(slog.DiscardHandler),
		Org: func(context.Context, string) (*idp.Org, error) { return org, nil },
		Token: func(_ context.Context, _ *idp.Org, secret string) (idp.Actor, error) {
			role, ok := strings.CutPrefix(secret, "token-")
			if !ok {
				return idp.Actor{}, idp.Fail(idp.KindBadToken)
			}
			return idp.Actor{Kind: idp.ActorUser, UserID: "00u1", Login: "ann", Roles: []idp.RoleType{idp.RoleType(role)}}, nil
		},
		Session: func(_ context.Context, _ *idp.Org, secret string) (idp.Actor, *idp.Session, error) {
			if secret != "session" {
				return idp.Actor{}, nil, idp.Fail(idp.KindNoCredentials)
			}
			return idp.Actor{Kind: idp.ActorUser, UserID: "00u2", Login: "bob"}, &idp.Session{}, nil
		},
		Trusted: func(_ context.Context, _ *idp.Org, origin string) (bool, error) {
			return origin == "https://app.example.com", nil
		},
		Limits: httpkit.NewLimits(nil),
	}
	if change != nil {
		change(&cfg)
	}
	w.Router = httpkit.NewRouter(cfg)
	return w
}

func (w *world) do(method, target string, header http.Header, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for k, v := range header {
		r.Header[k] = v
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

func code(t *testing.T, rec *httptest.ResponseRecorder) string {
	t.Helper()
	var b httpkit.Body
	if err := json.Unmarshal(rec.Body.Bytes(), &b); err != nil {
		t.Fatalf("%d %q: %v", rec.Code, rec.Body, err)
	}
	if b.ErrorCauses == nil || b.ErrorLink != b.ErrorCode || len(b.ErrorID) != 25 || !strings.HasPrefix(b.ErrorID, "oae") {
		t.Fatalf("the body is no error body: %s", rec.Body)
	}
	return b.ErrorCode
}

func ssws(role string) http.Header { return http.Header{"Authorization": {"SSWS token-" + role}} }

func TestAdmission(t *testing.T) {
	w := newWorld(t, nil)
	w.Op(openapi.ListUsers, func(r *httpkit.Request) error { return r.OK([]string{}) })
	w.Op(openapi.GetUser, func(r *httpkit.Request) error { return r.OK(r.Param("userId")) })
	w.Op(openapi.UpdateUser, func(r *httpkit.Request) error {
		var v map[string]any
		if err := r.Decode(&v); err != nil {
			return err
		}
		return r.OK(v)
	})
	w.Op(openapi.CreateUser, func(*httpkit.Request) error { panic("boom") })
	w.Op(openapi.DeactivateOrDeleteUser, func(*httpkit.Request) error { return errors.New("secret detail") })
	w.Close()
	cookie := http.Header{"Cookie": {"sid=session"}}
	jsonBody := func(h http.Header) http.Header { h.Set("Content-Type", "application/json"); return h }
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for name, c := range map[string]struct {
		method, target string
		header         http.Header
		body           string
		status         int
		code           string
	}{
		"no credentials":           {"GET", "/api/v1/users", nil, "", 403, "E0000005"},
		"bad token":                {"GET", "/api/v1/users", http.Header{"Authorization": {"SSWS nope"}}, "", 401, "E0000011"},
		"bearer while none exist":  {"GET", "/api/v1/users", http.Header{"Authorization": {"Bearer x"}}, "", 401, "E0000011"},
		"super administrator":      {"GET", "/api/v1/users", ssws("SUPER_ADMIN"), "", 200, ""},
		"a role that may":          {"GET", "/api/v1/users", ssws("READ_ONLY_ADMIN"), "", 200, ""},
		"a role that may not":      {"POST", "/api/v1/users", ssws("READ_ONLY_ADMIN"), "", 403, "E0000006"},
		"me by cookie":             {"GET", "/api/v1/users/me", cookie, "", 200, ""},
		"somebody else by cookie":  {"GET", "/api/v1/users/00u9", cookie, "", 403, "E0000006"},
		"a bad cookie":             {"GET", "/api/v1/users/me", http.Header{"Cookie": {"sid=x"}}, "", 403, "E0000005"},
		"unknown path":             {"GET", "/api/v1/nothing", nil, "", 404, "E0000008"},
		"wrong method":             {"PATCH", "/api/v1/users", nil, "", 405, "E0000022"},
		"a gap":                    {"GET", "/api/v1/apps", ssws("SUPER_ADMIN"), "", 501, "E0000060"},
		"a gap is no secret door":  {"GET", "/api/v1/apps", nil, "", 403, "E0000005"},
		"a panic":                  {"POST", "/api/v1/users", ssws("SUPER_ADMIN"), "", 500, "E0000009"},
		"an unexpected error":      {"DELETE", "/api/v1/users/00u1", ssws("SUPER_ADMIN"), "", 500, "E0000009"},
		"not acceptable":           {"GET", "/api/v1/users", http.Header{"Authorization": {"SSWS token-SUPER_ADMIN"}, "Accept": {"text/html"}}, "", 406, "E0000122"},
		"unsupported media":        {"PUT", "/api/v1/users/00u1", http.Header{"Authorization": {"SSWS token-SUPER_ADMIN"}, "Content-Type": {"text/plain"}}, "x", 415, "E0000021"},
		"no JSON":                  {"PUT", "/api/v1/users/00u1", jsonBody(ssws("SUPER_ADMIN")), "{", 400, "E0000003"},
		"JSON of another shape":    {"PUT", "/api/v1/users/00u1", jsonBody(ssws("SUPER_ADMIN")), "[]", 400, "E0000003"},
		"JSON nested too deeply":   {"PUT", "/api/v1/users/00u1", jsonBody(ssws("SUPER_ADMIN")), deep, 400, "E0000003"},
		"JSON with NUL":            {"PUT", "/api/v1/users/00u1", jsonBody(ssws("SUPER_ADMIN")), `{"a":"\u0000"}`, 400, "E0000003"},
		"too large":                {"PUT", "/api/v1/users/00u1", jsonBody(ssws("SUPER_ADMIN")), `{"a":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "E0000003"},
		"a body that is fine":      {"PUT", "/api/v1/users/00u1", jsonBody(ssws("SUPER_ADMIN")), `{"a":1}`, 200, ""},
		"cookie write, own origin": {"PUT", "/api/v1/users/me", jsonBody(http.Header{"Cookie": {"sid=session"}, "Origin": {"https://id.example.com"}}), "{}", 200, ""},
		"cookie write, another":    {"PUT", "/api/v1/users/me", jsonBody(http.Header{"Cookie": {"sid=session"}, "Origin": {"https://evil.example"}}), "{}", 403, "E0000006"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := w.do(c.method, c.target, c.header, c.body)
			if rec.Code != c.status {
				t.Fatalf("status %d, want %d: %s", rec.Code, c.status, rec.Body)
			}
			if c.code != "" && code(t, rec) != c.code {
				t.Fatalf("code %s, want %s", code(t, rec), c.code)
			}
			if strings.Contains(rec.Body.String(), "secret") {
				t.Fatal("the text of an internal error leaks")
			}
			for _, h := range []string{"X-Okta-Request-Id", "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "Date"} {
				if rec.Header().Get(h) == "" {
					t.Errorf("no header %s", h)
				}
			}
			if (c.status == 501) != (rec.Header().Get(httpkit.GapHeader) != "") {
				t.Errorf("gap header %q on a %d", rec.Header().Get(httpkit.GapHeader), c.status)
			}
		})
	}
}

func TestParamsAreUnescapedOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.Op(openapi.GetUser, func(r *httpkit.Request) error { return r.OK(r.Param("userId")) })
	w.Close()
	for path, want := range map[string]string{
		"ann%40example.com": "ann@example.com", "ann@example.com": "ann@example.com", "a%2Fb": "a/b", "a%252Fb": "a%2Fb", "a+b": "a+b", "%C3%A4": "ä",
	} {
		rec := w.do("GET", "/api/v1/users/"+path, ssws("SUPER_ADMIN"), "")
		var got string
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || got != want {
			t.Errorf("%s: got %q, want %q", path, rec.Body, want)
		}
	}
}

func TestAbsoluteTarget(t *testing.T) {
	w := newWorld(t, nil)
	w.Op(openapi.ListUsers, func(r *httpkit.Request) error { r.Links("00u9"); return r.OK([]string{}) })
	w.Close()
	rec := w.do("GET", "http://elsewhere.example/api/v1/users?limit=2&sortOrder=0&after=", ssws("SUPER_ADMIN"), "")
	if rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	want := []string{
		`<https://id.example.com/api/v1/users?limit=2>; rel="self"`,
		`<https://id.example.com/api/v1/users?after=00u9&limit=2>; rel="next"`,
	}
	if got := rec.Header().Values("Link"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("links come from the configured base URL, got %q", got)
	}
}

func TestPage(t *testing.T) {
	w := newWorld(t, nil)
	w.Op(openapi.ListUsers, func(r *httpkit.Request) error {
		p, err := r.Page(200, 500)
		if err != nil {
			return err
		}
		return r.OK(p.Limit)
	})
	w.Close()
	for q, want := range map[string]string{"": "200", "limit=-1": "200", "limit=7": "7", "limit=9999": "500", "limit=": "200"} {
		if rec := w.do("GET", "/api/v1/users?"+q, ssws("SUPER_ADMIN"), ""); rec.Body.String() != want {
			t.Errorf("%q: %s, want %s", q, rec.Body, want)
		}
	}
	for _, q := range []string{"limit=0", "limit=x", "limit=-2", "limit=1e3", "after=" + strings.Repeat("x", 1100)} {
		if rec := w.do("GET", "/api/v1/users?"+q, ssws("SUPER_ADMIN"), ""); rec.Code != 400 || code(t, rec) != "E0000029" {
			t.Errorf("%q: %d %s", q, rec.Code, rec.Body)
		}
	}
}

func TestRateLimit(t *testing.T) {
	w := newWorld(t, func(c *httpkit.Config) { c.Limits = httpkit.NewLimits(map[string]int{openapi.BucketUsers: 2}) })
	w.Op(openapi.ListUsers, func(r *httpkit.Request) error { return r.OK([]string{}) })
	w.Op(openapi.GetUser, func(r *httpkit.Request) error { return r.OK("") })
	w.Close()
	get := func(path string) *httptest.ResponseRecorder { return w.do("GET", path, ssws("SUPER_ADMIN"), "") }
	for i, want := range []int{200, 200, 429, 429} {
		rec := get("/api/v1/users")
		if rec.Code != want {
			t.Fatalf("request %d: %d, want %d", i, rec.Code, want)
		}
		if want == 429 && code(t, rec) != "E0000047" {
			t.Fatalf("code %s", code(t, rec))
		}
		if got := rec.Header().Get("X-Rate-Limit-Reset"); got != "1772366460" {
			t.Fatalf("the window ends at %s", got)
		}
	}
	if rec := get("/api/v1/users/00u1"); rec.Code != 200 {
		t.Fatalf("another bucket: %d", rec.Code)
	}
	w.clock.Advance(time.Minute)
	if rec := get("/api/v1/users"); rec.Code != 200 {
		t.Fatalf("the next window: %d", rec.Code)
	}
}

func TestCORS(t *testing.T) {
	w := newWorld(t, nil)
	w.Op(openapi.Authenticate, func(r *httpkit.Request) error { return r.Empty() })
	w.Op(openapi.CreateGroup, func(r *httpkit.Request) error { return r.Empty() })
	w.Close()
	preflight := func(origin, path string) http.Header {
		return w.do("OPTIONS", path, http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}}, "").Header()
	}
	if h := preflight("https://app.example.com", "/api/v1/authn"); h.Get("Access-Control-Allow-Origin") != "https://app.example.com" ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "x-okta-user-agent-extended") || h.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("a trusted origin: %v", h)
	}
	for range 3 {
		if h := preflight("https://app.example.com", "/api/v1/authn"); h.Get("X-Rate-Limit-Remaining") != h.Get("X-Rate-Limit-Limit") || h.Get("X-Rate-Limit-Reset") == "" {
			t.Errorf("a preflight shows the limits and costs nothing: %v", h)
		}
	}
	if h := preflight("https://evil.example", "/api/v1/authn"); h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("an unknown origin: %v", h)
	}
	if h := preflight("https://app.example.com", "/api/v1/groups"); h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("an operation that is not for browsers: %v", h)
	}
	rec := w.do("POST", "/api/v1/authn", http.Header{"Origin": {"https://app.example.com"}}, "")
	if rec.Header().Get("Access-Control-Allow-Origin") != "https://app.example.com" || !strings.Contains(rec.Header().Get("Access-Control-Expose-Headers"), "X-Okta-Request-Id") {
		t.Errorf("the answer to a trusted origin: %v", rec.Header())
	}
}

func TestForwardedForIsBelievedFromTrustedProxiesAlone(t *testing.T) {
	ip := func(t *testing.T, proxies []string, forwarded string) string {
		t.Helper()
		list, err := httpkit.ParseProxies(proxies)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, func(c *httpkit.Config) { c.Proxies = list })
		w.Op(openapi.Authenticate, func(r *httpkit.Request) error { return r.OK(r.Client().IP.String()) })
		w.Close()
		// httptest requests come from 192.0.2.1.
		return w.do("POST", "/api/v1/authn", http.Header{"X-Forwarded-For": {forwarded}}, "").Body.String()
	}
	for name, c := range map[string]struct {
		proxies   []string
		forwarded string
		want      string
	}{
		"nobody is trusted":              {nil, "203.0.113.9", `"192.0.2.1"`},
		"the peer is trusted":            {[]string{"192.0.2.0/24"}, "203.0.113.9", `"203.0.113.9"`},
		"the caller invents a first hop": {[]string{"192.0.2.0/24"}, "10.0.0.1, 203.0.113.9", `"203.0.113.9"`},
		"two trusted proxies":            {[]string{"192.0.2.0/24", "198.51.100.7"}, "203.0.113.9, 198.51.100.7", `"203.0.113.9"`},
		"rubbish":                        {[]string{"192.0.2.0/24"}, "x", `"192.0.2.1"`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ip(t, c.proxies, c.forwarded); got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestEveryKindHasAnAnswer(t *testing.T) {
	for k := idp.KindInvalid; k <= idp.KindUnsupported; k++ {
		status, body := httpkit.Answer(idp.Fail(k), env.NewSeeded(1))
		if status == 500 || k.String() == "unknown" {
			t.Errorf("kind %d (%s) has no answer: %+v", k, k, body)
		}
	}
	if _, body := httpkit.Answer(idp.NotFound("User", "x y"), env.NewSeeded(1)); body.ErrorSummary != "Not found: Resource not found: x y (User)" {
		t.Errorf("%+v", body)
	}
}
