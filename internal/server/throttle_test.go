package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/apptest"
	"usher/internal/server"
	"usher/internal/store/storetest"
)

// limited makes an App enforce these limits.
func limited(limits map[string]int) apptest.Option {
	return apptest.Configure(func(c *server.Config) { c.RateLimits = limits })
}

func seconds(n int64) string { return strconv.FormatInt(n, 10) }

// throttled is what an answer tells about the limit that refused it.
func throttled(a *apptest.Answer) []string {
	return []string{a.Header.Get("X-Rate-Limit-Limit"), a.Header.Get("X-Rate-Limit-Remaining"), a.Header.Get("X-Rate-Limit-Reset")}
}

// TestUsernameThrottle: four sign-ins a second by one login, whosever it is, and
// however it is written.
func TestUsernameThrottle(t *testing.T) {
	app := apptest.New(t, limited(httpkit.AbuseLimits()))
	walk := func(name, login string) {
		app.Clock.Advance(10 * time.Second)
		reset := app.Clock.Now().Add(time.Second).Unix()
		guess := func(login string) *apptest.Answer {
			return app.Anonymous().Post("/api/v1/authn", map[string]string{"username": login, "password": "wrong"})
		}
		for _, written := range []string{login, strings.ToUpper(login), " " + login, login} {
			guess(written).Fails(http.StatusUnauthorized, "E0000004")
		}
		for range 2 {
			refused := guess(login).Fails(http.StatusTooManyRequests, "E0000047")
			if got, want := throttled(refused), []string{"4", "0", seconds(reset)}; !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		guess("somebody.else@example.com").Fails(http.StatusUnauthorized, "E0000004")
		app.Clock.Advance(time.Second)
		guess(login).Fails(http.StatusUnauthorized, "E0000004")
	}
	for name, login := range map[string]string{"known": "isaac.brock@example.com", "unknown": "nobody@example.com"} {
		violations := 0
		for _, e := range app.Events(t, func() { walk(name, login) }) {
			if strings.HasPrefix(e, "system.org.rate_limit.violation DENY") {
				violations++
			}
		}
		if violations != 1 {
			t.Errorf("%s: %d violations were recorded, want one for the window", name, violations)
		}
	}
}

// TestRecoveriesAreThrottled: requests for a recovery of one login count with the
// sign-ins by it, whosever it is, on the interface and on the pages.
func TestRecoveriesAreThrottled(t *testing.T) {
	app := apptest.New(t, limited(httpkit.AbuseLimits()))
	for _, login := range []string{"isaac.brock@example.com", "nobody@example.com"} {
		for _, path := range []string{"/api/v1/authn/recovery/password", "/api/v1/authn/recovery/unlock"} {
			app.Clock.Advance(10 * time.Second)
			ask := func(way, login string) *apptest.Answer {
				return app.Anonymous().Post(path, map[string]string{"username": login, "factorType": way})
			}
			for _, way := range []string{"EMAIL", "SMS", "CALL"} {
				ask(way, login).Want(http.StatusOK)
			}
			app.Anonymous().Post("/api/v1/authn", map[string]string{"username": login, "password": "wrong"}).Fails(http.StatusUnauthorized, "E0000004")
			refused := ask("EMAIL", strings.ToUpper(login)).Fails(http.StatusTooManyRequests, "E0000047")
			if got := throttled(refused); !slices.Equal(got[:2], []string{"4", "0"}) {
				t.Errorf("%s for %s: %q", path, login, got)
			}
			ask("EMAIL", "somebody.else@example.com").Want(http.StatusOK)
		}
	}
	for _, login := range []string{"isaac.brock@example.com", "nobody@example.com"} {
		app.Clock.Advance(10 * time.Second)
		for n := range 21 {
			want := http.StatusOK
			if n == 20 {
				want = http.StatusTooManyRequests
			}
			app.Browser().Post("/signin/forgot-password", url.Values{"username": {login}}).Want(want)
		}
	}
}

// TestStateThrottle: ten requests in five seconds with one state token or
// handle, of either interface.
func TestStateThrottle(t *testing.T) {
	limits := httpkit.AbuseLimits()
	limits[string(httpkit.ThrottleUser)] = 1000
	app := apptest.New(t, limited(limits))
	c := app.Anonymous()
	_, rest, _ := strings.Cut(string(c.Get("/login/login.htm").Want(http.StatusOK).Body), `name="stateToken" value="`)
	handle, _, _ := strings.Cut(rest, `"`)
	introspect := func(handle string) *apptest.Answer {
		return c.Post("/idp/idx/introspect", map[string]string{"stateHandle": handle})
	}
	state := func(token string) *apptest.Answer {
		return c.Post("/api/v1/authn", map[string]string{"stateToken": token})
	}
	for range 10 {
		introspect(handle).Want(http.StatusOK)
		state("00unknown").Fails(http.StatusUnauthorized, "E0000011")
	}
	for _, refused := range []*apptest.Answer{introspect(handle).Want(http.StatusTooManyRequests), state("00unknown").Fails(http.StatusTooManyRequests, "E0000047")} {
		if got, want := throttled(refused), []string{"10", "0", seconds(app.Clock.Now().Add(5 * time.Second).Unix())}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	state("00another").Fails(http.StatusUnauthorized, "E0000011")
	app.Clock.Advance(5 * time.Second)
	introspect(handle).Want(http.StatusOK)
}

// TestUserThrottle: twenty requests in five seconds about one login, whosever it
// is, to the identity engine and the pages together.
func TestUserThrottle(t *testing.T) {
	for name, login := range map[string]string{"known": "isaac.brock@example.com", "unknown": "nobody@example.com"} {
		app := apptest.New(t, limited(httpkit.AbuseLimits()))
		browser := app.Browser()
		begin := func() string {
			_, rest, _ := strings.Cut(string(browser.Get("/login/login.htm").Want(http.StatusOK).Body), `name="stateToken" value="`)
			handle, _, _ := strings.Cut(rest, `"`)
			return handle
		}
		identify := func() *apptest.Answer {
			return browser.Post("/idp/idx/identify", map[string]string{"stateHandle": begin(), "identifier": login})
		}
		page := func() *apptest.Answer {
			return browser.Post("/login/login.htm", url.Values{"step": {"identify"}, "stateToken": {begin()}, "username": {login}})
		}
		for range 10 {
			identify().Want(http.StatusOK)
			page().Want(http.StatusOK)
		}
		for _, refused := range []*apptest.Answer{identify().Want(http.StatusTooManyRequests), page().Want(http.StatusTooManyRequests)} {
			if got, want := throttled(refused), []string{"20", "0", seconds(app.Clock.Now().Add(5 * time.Second).Unix())}; !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

// TestClientThrottle: sixty beginnings of sign-ins a minute from one address.
func TestClientThrottle(t *testing.T) {
	proxies, err := httpkit.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	app := apptest.New(t, limited(httpkit.OktaLimits()), apptest.Configure(func(c *server.Config) { c.TrustedProxies = proxies }))
	from := func(address string) *apptest.Answer {
		return app.Browser().With("X-Forwarded-For", address).Get("/login/login.htm")
	}
	for range 30 {
		from("203.0.113.7").Want(http.StatusOK)
		from("2001:db8::1").Want(http.StatusOK)
		from("203.0.113.7").Want(http.StatusOK)
		from("2001:db8::ffff:2").Want(http.StatusOK) // of the same network
	}
	for _, address := range []string{"203.0.113.7", "2001:db8::3"} {
		if got, want := throttled(from(address).Want(http.StatusTooManyRequests)), []string{"60", "0", seconds(app.Clock.Now().Add(time.Minute).Unix())}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	from("203.0.113.8").Want(http.StatusOK)
	from("2001:db8:0:1::1").Want(http.StatusOK)
}

// TestLimitsOfTwoServers: two servers on one database do not let twice as much
// in: the throttles are exact, the buckets lag by one exchange.
func TestLimitsOfTwoServers(t *testing.T) {
	database := storetest.Postgres(t)
	limits := httpkit.AbuseLimits()
	limits["groups"] = 10
	one := apptest.New(t, limited(limits), apptest.Database(database), apptest.Random())
	two := apptest.Join(t, one, limited(limits), apptest.Database(database), apptest.Random())
	two.Clock.Set(one.Clock.Now())

	in := 0
	for range 6 {
		for _, app := range []*apptest.App{one, two} {
			if a := app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "nobody@example.com", "password": "wrong"}); a.Status != http.StatusTooManyRequests {
				in++
			}
		}
	}
	if in != 4 {
		t.Errorf("%d guesses at one login in a second got in, want 4", in)
	}

	share := func() {
		t.Helper()
		for _, app := range []*apptest.App{one, two, one} {
			if err := app.Server.ShareLimits(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 4 {
		one.Get("/api/v1/groups").Want(http.StatusOK)
		two.Get("/api/v1/groups").Want(http.StatusOK)
	}
	share()
	one.Get("/api/v1/groups").Want(http.StatusOK)
	one.Get("/api/v1/groups").Want(http.StatusOK)
	one.Get("/api/v1/groups").Fails(http.StatusTooManyRequests, "E0000047")
	share()
	two.Get("/api/v1/groups").Fails(http.StatusTooManyRequests, "E0000047")
	for _, app := range []*apptest.App{one, two} {
		app.Clock.Advance(time.Minute)
	}
	share()
	two.Get("/api/v1/groups").Want(http.StatusOK)
}

// TestStrangersCannotThrottleOut: who has signed in from an address goes on from
// there while strangers use up the throttle of the login.
func TestStrangersCannotThrottleOut(t *testing.T) {
	proxies, err := httpkit.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	app := apptest.New(t, limited(httpkit.AbuseLimits()), apptest.Configure(func(c *server.Config) { c.TrustedProxies = proxies }))
	guess := func(address, password string) *apptest.Answer {
		return app.Anonymous().With("X-Forwarded-For", address).
			Post("/api/v1/authn", map[string]string{"username": "isaac.brock@example.com", "password": password})
	}
	guess("203.0.113.7", apptest.Password).Want(http.StatusOK)
	app.Clock.Advance(time.Second)
	for range 4 {
		guess("198.51.100.9", "wrong").Fails(http.StatusUnauthorized, "E0000004")
	}
	guess("198.51.100.9", "wrong").Fails(http.StatusTooManyRequests, "E0000047")
	guess("198.51.100.10", apptest.Password).Fails(http.StatusTooManyRequests, "E0000047")
	for range 4 {
		guess("203.0.113.7", apptest.Password).Want(http.StatusOK)
	}
	guess("203.0.113.7", apptest.Password).Fails(http.StatusTooManyRequests, "E0000047")
}

// TestAuthorizeIsThrottledByClient: the authorization endpoint begins sign-ins,
// too.
func TestAuthorizeIsThrottledByClient(t *testing.T) {
	limits := httpkit.AbuseLimits()
	limits[string(httpkit.ThrottleClient)] = 2
	app := apptest.New(t, limited(limits))
	authorize := func() *apptest.Answer { return app.Browser().Get("/oauth2/v1/authorize?client_id=unknown") }
	for range 2 {
		if a := authorize(); a.Status == http.StatusTooManyRequests {
			t.Fatalf("too early: %s", a.Body)
		}
	}
	authorize().Want(http.StatusTooManyRequests)
}
