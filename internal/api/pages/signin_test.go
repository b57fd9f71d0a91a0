package pages

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin/signintest"
)

func TestSignInAndOut(t *testing.T) {
	signintest.Each(t, func(t *testing.T, w *signintest.World) {
		s := siteOf(t, w)
		s.User(isaac)
		b := s.browser(t)
		b.goesTo(b.get("/"), http.StatusFound, "/login/login.htm")
		b.goesTo(b.signIn("/login/login.htm", isaac, signintest.Password), http.StatusSeeOther, "/")
		for _, name := range []string{"sid", "idx"} {
			c := b.set[name]
			if c == nil || c.Path != "/" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteNoneMode || !c.Expires.IsZero() {
				t.Errorf("cookie %s: %+v", name, c)
			}
		}
		home := b.get("/")
		b.wants(home, http.StatusOK, "Welcome, Isaac Brock")
		for _, want := range []string{isaac, "password", "1 Mar 2026, 12:00 UTC"} {
			if !strings.Contains(home.body, want) {
				t.Errorf("the page does not tell %q", want)
			}
		}
		b.goesTo(b.get("/login/login.htm"), http.StatusFound, "/")
		secret := b.cookies["sid"]
		b.goesTo(b.post("/login/signout", nil), http.StatusSeeOther, "/login/login.htm?signedout")
		if len(b.cookies) != 0 || s.HasSession(secret) {
			t.Errorf("signed out with the cookies %v, session alive: %v", b.cookies, s.HasSession(secret))
		}
		if a := b.get("/login/login.htm?signedout"); !strings.Contains(a.body, textSignedOut) {
			t.Error("the page does not say that the user is signed out")
		}
	})
}

func TestPersistentCookie(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	s.SetSignOn(func(a *policy.SignOnAction) { a.Session.Persistent = true })
	b := s.browser(t)
	b.signIn("/login/login.htm", isaac, signintest.Password)
	if c := b.set["sid"]; !c.Expires.After(s.Clock.Now()) {
		t.Errorf("the cookie ends with the browser: %v", c)
	}
}

// TestShowingStoresNothing holds that looking at the page cannot fill the
// database, however often it is done.
func TestShowingStoresNothing(t *testing.T) {
	s := newSite(t)
	before, err := s.Store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	handles := map[string]bool{}
	for range 3 {
		handles[b.get("/login/login.htm").fields(t).Get("stateToken")] = true
	}
	after, err := s.Store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("showing the page stored something")
	}
	if len(handles) != 3 || handles[""] {
		t.Errorf("%d handles in 3 pages", len(handles))
	}
}

// TestRefusalsAreAlike holds that the page tells nobody whether a user exists
// or in which state: the same bytes, once handles and logins are masked.
func TestRefusalsAreAlike(t *testing.T) {
	s := newSite(t)
	logins := map[string]string{"unknown": "nobody@example.com", "wrong": isaac}
	s.User(isaac)
	for _, state := range idp.UserStatuses() {
		if state == idp.UserActive {
			continue
		}
		login := strings.ToLower(string(state)) + "@example.com"
		s.UserIn(login, state)
		logins[string(state)] = login
	}
	var wantName, wantPassword string
	for name, login := range logins {
		b := s.browser(t)
		b.get("/login/login.htm")
		password := masked(t, b.submit("username", login), login)
		refused := masked(t, b.submit("password", "not the password"), login)
		if b.last.status != http.StatusUnauthorized || b.last.alert(t) != textRefused || len(b.cookies) != 0 {
			t.Errorf("%s: status %d, alert %q, cookies %v", name, b.last.status, b.last.alert(t), b.cookies)
		}
		if wantName == "" {
			wantName, wantPassword = password, refused
		}
		if password != wantName || refused != wantPassword {
			t.Errorf("%s answers otherwise:\n%s\n%s", name, password, refused)
		}
	}
}

// masked is an answer without what differs from request to request.
func masked(t *testing.T, a *answer, login string) string {
	t.Helper()
	text := strings.NewReplacer(a.fields(t).Get("stateToken"), "HANDLE", login, "LOGIN").Replace(a.body)
	h := a.header.Clone()
	for _, name := range []string{"X-Okta-Request-Id", "X-Rate-Limit-Remaining", "Content-Length"} {
		h.Del(name)
	}
	var b strings.Builder
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String() + text
}

func TestMistakes(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	b := s.browser(t)
	b.get("/login/login.htm")
	b.wants(b.submit("username", "  "), http.StatusBadRequest, "Sign in")
	if got := b.last.alert(t); got != textNoLogin {
		t.Errorf("alert %q", got)
	}
	b.wants(b.submit("username", strings.Repeat("x", maxLogin+1)), http.StatusBadRequest, "Sign in")
	b.wants(b.submit("username", " "+isaac+" "), http.StatusOK, "Enter your password")
	b.wants(b.submit(), http.StatusBadRequest, "Enter your password")
	b.wants(b.submit("password", "wrong"), http.StatusUnauthorized, "Enter your password")
	// The same sign-in goes on after a mistake.
	b.goesTo(b.submit("password", signintest.Password), http.StatusSeeOther, "/")
}

func TestBackButton(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	s.User("ada@example.com")
	b := s.browser(t)
	first := b.get("/login/login.htm").fields(t)
	first.Set("username", "ada@example.com")
	b.post(pathSignIn, first)
	// Back to the first page, with another name.
	first.Set("username", isaac)
	b.wants(b.post(pathSignIn, first), http.StatusOK, "Enter your password")
	password := b.last.fields(t)
	if got := password.Get("username"); got != isaac {
		t.Fatalf("the page asks for the password of %q", got)
	}
	password.Set("password", signintest.Password)
	b.goesTo(b.post(pathSignIn, password), http.StatusSeeOther, "/")
	// Back to the password, sent again: whoever is signed in goes on.
	b.goesTo(b.post(pathSignIn, password), http.StatusSeeOther, "/")
	// In another browser the same form is worth nothing.
	other := s.browser(t)
	other.wants(other.post(pathSignIn, password), http.StatusBadRequest, "This sign-in has expired")
	if len(other.cookies) != 0 {
		t.Error("a form sent twice gave a session")
	}
}

// TestAnotherNameAfterAProof holds that a name given on a page gone back to is
// asked for its own password, although somebody else has proved one already.
func TestAnotherNameAfterAProof(t *testing.T) {
	s := newSite(t)
	s.UserIn("ada@example.com", idp.UserPasswordExpired)
	s.User(isaac)
	b := s.browser(t)
	first := b.get("/login/login.htm").fields(t)
	b.submit("username", "ada@example.com")
	b.wants(b.submit("password", signintest.Password), http.StatusOK, "Choose a new password")
	first.Set("username", isaac)
	b.wants(b.post(pathSignIn, first), http.StatusOK, "Enter your password")
	b.goesTo(b.submit("password", signintest.Password), http.StatusSeeOther, "/")
	if !strings.Contains(b.get("/").body, isaac) {
		t.Error("somebody else is signed in")
	}
}

func TestExpiredFormBeginsAnew(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	b := s.browser(t)
	start := "/login/login.htm?fromURI=%2Fapp%2Fone%3Fa%3Db"
	first := b.get(start).fields(t)
	b.submit("username", isaac)
	form := b.last.fields(t)
	s.Clock.Advance(3 * time.Hour)
	form.Set("password", signintest.Password)
	b.wants(b.post(pathSignIn, form), http.StatusBadRequest, "This sign-in has expired")
	link := parse(t, b.last.body).all("a")[0].attr["href"]
	if want := "/login/login.htm?fromURI=https%3A%2F%2Fid.example.com%2Fapp%2Fone%3Fa%3Db"; link != want {
		t.Errorf("the way back is %q, want %q", link, want)
	}
	// A name can be given on a page that stood open for a day.
	first.Set("username", isaac)
	b.wants(b.post(pathSignIn, first), http.StatusOK, "Enter your password")
	b.goesTo(b.submit("password", signintest.Password), http.StatusSeeOther, "https://id.example.com/app/one?a=b")
}

func TestExpiredPassword(t *testing.T) {
	s := newSite(t)
	s.UserIn(isaac, idp.UserPasswordExpired)
	b := s.browser(t)
	b.get("/login/login.htm")
	b.submit("username", isaac)
	b.wants(b.submit("password", signintest.Password), http.StatusOK, "Choose a new password")
	if len(b.cookies) != 0 {
		t.Fatal("an expired password gave a session")
	}
	for _, c := range []struct{ is, again, want string }{
		{"", "", textNoNew},
		{"Another-horse-8", "Another-horse-9", textTwoPasswords},
		{"short", "short", "Password requirements were not met."},
		{signintest.Password, signintest.Password, "used too recently"},
	} {
		b.wants(b.submit("newPassword", c.is, "repeatPassword", c.again), http.StatusBadRequest, "Choose a new password")
		if got := b.last.alert(t); !strings.Contains(got, c.want) {
			t.Errorf("%q, %q: alert %q, want %q in it", c.is, c.again, got, c.want)
		}
		if strings.Contains(b.last.body, "Another-horse") {
			t.Error("the page gives a password back")
		}
	}
	// It cannot be put off.
	b.wants(b.submit("skip", "true"), http.StatusOK, "Choose a new password")
	b.goesTo(b.submit("newPassword", "Another-horse-8", "repeatPassword", "Another-horse-8"), http.StatusSeeOther, "/")
	if !b.signedIn() {
		t.Error("not signed in after the change")
	}
	again := s.browser(t)
	again.signIn("/login/login.htm", isaac, "Another-horse-8")
}

func TestPasswordWarning(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	s.SetPasswordPolicy(func(p *policy.PasswordSettings) { p.Password.Age.MaxAgeDays, p.Password.Age.ExpireWarnDays = 30, 5 })
	s.Clock.Advance(27 * 24 * time.Hour)
	b := s.browser(t)
	b.get("/login/login.htm")
	b.submit("username", isaac)
	b.wants(b.submit("password", signintest.Password), http.StatusOK, "Choose a new password")
	if !strings.Contains(b.last.body, "31 March 2026") {
		t.Error("the page does not say when the password expires")
	}
	b.goesTo(b.submit("skip", "true"), http.StatusSeeOther, "/")
	if !b.signedIn() {
		t.Error("not signed in after putting it off")
	}
}

func TestLockedWhereItShows(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	s.SetPasswordPolicy(func(p *policy.PasswordSettings) {
		p.Password.Lockout.MaxAttempts, p.Password.Lockout.ShowLockoutFailures = 2, true
	})
	b := s.browser(t)
	b.get("/login/login.htm")
	b.submit("username", isaac)
	b.wants(b.submit("password", "wrong"), http.StatusUnauthorized, "Enter your password")
	b.wants(b.submit("password", "wrong"), http.StatusForbidden, "Your account is locked")
	b.get("/login/login.htm")
	b.submit("username", isaac)
	b.wants(b.submit("password", signintest.Password), http.StatusForbidden, "Your account is locked")
	if len(b.cookies) != 0 {
		t.Error("a locked user got a session")
	}
}

func TestDenied(t *testing.T) {
	for name, change := range map[string]func(*policy.SignOnAction){
		"by the policy":      func(a *policy.SignOnAction) { a.Access = policy.Deny },
		"for want of factor": func(a *policy.SignOnAction) { a.RequireFactor = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.User(isaac)
			s.SetSignOn(change)
			b := s.browser(t)
			b.get("/login/login.htm")
			b.submit("username", isaac)
			b.wants(b.submit("password", signintest.Password), http.StatusForbidden, "Access denied")
			if len(b.cookies) != 0 {
				t.Error("a refused sign-in gave a session")
			}
			if !strings.Contains(b.last.body, b.last.header.Get("X-Okta-Request-Id")) {
				t.Error("the page does not give the reference of the request")
			}
		})
	}
}

func TestForeignFormsAreRefused(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	b := s.browser(t)
	b.get("/login/login.htm")
	b.submit("username", isaac)
	form := b.last.fields(t)
	form.Set("password", signintest.Password)
	for name, c := range map[string]struct {
		site, origin string
		taken        bool
	}{
		"another site":                {"cross-site", "https://evil.example", false},
		"another host of the site":    {"same-site", "https://other.example.com", false},
		"another origin, old browser": {"", "https://evil.example", false},
		"no origin, old browser":      {"", "null", false},
		"our own, old browser":        {"", "https://id.example.com", true},
		"no browser":                  {"", "", true},
	} {
		for _, address := range []string{pathSignIn, pathSignOut} {
			a := s.browser(t).do(http.MethodPost, address, strings.NewReader("step=identify&username=x"), func(r *http.Request) {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				for k, v := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin} {
					if v != "" {
						r.Header.Set(k, v)
					}
				}
			})
			if taken := a.status != http.StatusForbidden; taken != c.taken {
				t.Errorf("%s on %s: status %d, taken %v, want %v", name, address, a.status, taken, c.taken)
			}
		}
	}
	// Behind a proxy that says another host, our own origin is still ours.
	a := s.browser(t).do(http.MethodPost, pathSignIn, strings.NewReader(form.Encode()), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://id.example.com")
		r.Host = "usher.internal:8080"
	})
	b.goesTo(a, http.StatusSeeOther, "/")
}

func TestFormsThatAreNone(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct {
		media, body string
		status      int
	}{
		"json":          {"application/json", `{"step":"identify"}`, http.StatusUnsupportedMediaType},
		"multipart":     {"multipart/form-data; boundary=x", "--x--", http.StatusUnsupportedMediaType},
		"no type":       {"", "step=identify", http.StatusUnsupportedMediaType},
		"too large":     {"application/x-www-form-urlencoded", "step=" + strings.Repeat("x", maxForm), http.StatusRequestEntityTooLarge},
		"NUL":           {"application/x-www-form-urlencoded", "step=identify&username=a%00b", http.StatusBadRequest},
		"no UTF-8":      {"application/x-www-form-urlencoded", "step=identify&username=a%ff", http.StatusBadRequest},
		"broken escape": {"application/x-www-form-urlencoded", "step=%zz", http.StatusBadRequest},
		"no step":       {"application/x-www-form-urlencoded", "", http.StatusBadRequest},
		"a huge handle": {"application/x-www-form-urlencoded", "step=password&stateToken=" + strings.Repeat("x", 20000), http.StatusBadRequest},
	} {
		a := s.browser(t).do(http.MethodPost, pathSignIn, strings.NewReader(c.body), func(r *http.Request) {
			if c.media != "" {
				r.Header.Set("Content-Type", c.media)
			}
		})
		if a.status != c.status {
			t.Errorf("%s: status %d, want %d", name, a.status, c.status)
		}
	}
	// What the query says is no form.
	b := s.browser(t)
	if a := b.post(pathSignIn+"?step=identify&username=x", url.Values{}); a.status != http.StatusBadRequest {
		t.Errorf("a form in the query: status %d", a.status)
	}
	// A step that the sign-in is not at leads to the one where it is.
	s.User(isaac)
	b.get("/login/login.htm")
	b.wants(b.submit("step", "password", "password", "x"), http.StatusOK, "Sign in")
	b.submit("username", isaac)
	b.wants(b.submit("step", "change", "newPassword", "a", "repeatPassword", "a"), http.StatusOK, "Enter your password")
}

func TestSignOutAsksFirst(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	b := s.browser(t)
	b.goesTo(b.get("/login/signout"), http.StatusFound, "/login/login.htm")
	b.signIn("/login/login.htm", isaac, signintest.Password)
	secret := b.cookies["sid"]
	b.wants(b.get("/login/signout?fromURI="+url.QueryEscape(partner+"/bye")), http.StatusOK, "Sign out?")
	if !s.HasSession(secret) {
		t.Fatal("looking at the page ended the session")
	}
	if got := b.last.header.Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' "+partner+";") {
		t.Errorf("the form may not lead to the partner: %s", got)
	}
	b.goesTo(b.post(pathSignOut, b.last.fields(t)), http.StatusSeeOther, partner+"/bye")
	if s.HasSession(secret) {
		t.Error("the session is still there")
	}
}

// TestSignOutEndsBoth holds that each of the two cookies ends, where they have
// come to hold different sessions.
func TestSignOutEndsBoth(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	one, two := s.browser(t), s.browser(t)
	one.signIn("/login/login.htm", isaac, signintest.Password)
	two.signIn("/login/login.htm", isaac, signintest.Password)
	a, b := one.cookies[httpkit.CookieSession], two.cookies[httpkit.CookieSession]
	one.cookies[httpkit.CookieIdX] = b
	one.post(pathSignOut, nil)
	if s.HasSession(a) || s.HasSession(b) {
		t.Error("a session is still there")
	}
	// With cookies that stand for nothing, signing out takes them back all the same.
	two.post(pathSignOut, nil)
	if len(two.cookies) != 0 {
		t.Errorf("cookies left: %v", two.cookies)
	}
}
