package oauth2_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// follow goes along redirections within the server, and returns the answer that
// leads elsewhere or is a page.
func follow(t testing.TB, b *apptest.Client, a *apptest.Answer) *apptest.Answer {
	t.Helper()
	for range 10 {
		to, ours := strings.CutPrefix(a.Header.Get("Location"), base)
		if a.Header.Get("Location") == "" || !ours {
			return a
		}
		a = b.Get(to)
	}
	t.Fatalf("leads in circles: %s", a.Header.Get("Location"))
	return nil
}

// stepUp is an application and a user with a security question.
type stepUp struct {
	*apptest.App
	*client
	user string
}

const (
	twoFactors = "urn:okta:loa:2fa:any"
	ifPossible = "urn:okta:loa:2fa:any:ifpossible"
	soup       = "Spinach soup"
)

func newStepUp(t *testing.T, app *apptest.App) *stepUp {
	s := &stepUp{App: app, client: spa(t, app, nil)}
	s.user = app.Get("/api/v1/users/" + isaac).Want(200).Text("id")
	return s
}

// question gives the user a security question.
func (s *stepUp) question(t *testing.T) {
	t.Helper()
	allowFactors(t, s.App, "okta_question")
	s.Post("/api/v1/users/"+s.user+"/factors", map[string]any{
		"factorType": "question", "provider": "OKTA", "profile": map[string]string{"question": "disliked_food", "answer": soup},
	}).Want(200)
}

var factorField = regexp.MustCompile(`name="factor" value="([^"]+)"`)

// prove answers the question on a page and follows.
func (s *stepUp) prove(t *testing.T, b *apptest.Client, page *apptest.Answer, answer string) *apptest.Answer {
	t.Helper()
	m := factorField.FindSubmatch(page.Want(200).Body)
	if m == nil {
		t.Fatalf("no factor is asked for: %s", page.Body)
	}
	return follow(t, b, b.Post("/login/login.htm", form("step", "factor", "factor", string(m[1]), "answer", answer, "do", "prove", "stateToken", token(t, page))))
}

// claims are those of the ID and access tokens for what an answer brings.
func (s *stepUp) claims(t *testing.T, a *apptest.Answer) (id, access map[string]any) {
	t.Helper()
	tokens := redeem(s.App, "default", s.client, answered(t, a).Get("code")).Want(200)
	return claimsOf(t, tokens.Text("id_token")), claimsOf(t, tokens.Text("access_token"))
}

func (s *stepUp) ask(b *apptest.Client, pairs ...string) *apptest.Answer {
	return b.Get(authorizeAt("default", request(s.client, pairs...)))
}

func methods(v map[string]any) []string { return texts(v["amr"]) }

// TestStepUp: an application asks for more than the session has proved, and its
// user is asked for what is missing alone.
func TestStepUp(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		s := newStepUp(t, app)
		s.question(t)
		b := signedIn(t, app, isaac)
		before, _ := s.claims(t, s.ask(b, "acr_values", "urn:okta:loa:1fa:any"))
		if before["acr"] != "urn:okta:loa:1fa:any" || !slices.Equal(methods(before), []string{"pwd"}) {
			t.Errorf("%v", before)
		}
		if got := answered(t, s.ask(b, "acr_values", twoFactors, "prompt", "none")); got.Get("error") != "login_required" {
			t.Errorf("%v", got)
		}
		app.Clock.Advance(time.Minute)
		old := b.Cookie("sid")
		page := follow(t, b, s.ask(b, "acr_values", twoFactors))
		if strings.Contains(string(page.Body), `name="password"`) || !strings.Contains(string(page.Body), `name="answer"`) {
			t.Fatalf("%s", page.Body)
		}
		b.Post("/login/login.htm", form("step", "factor", "answer", "porridge", "do", "prove", "factor", string(factorField.FindSubmatch(page.Body)[1]),
			"stateToken", token(t, page))).Want(403)
		var done *apptest.Answer
		app.WantEvents(t, []string{"user.authentication.auth_via_mfa SUCCESS", "app.oauth2.as.authorize.code SUCCESS", "user.authentication.sso SUCCESS"}, func() {
			done = s.prove(t, b, page, soup)
		})
		id, access := s.claims(t, done)
		if id["acr"] != twoFactors || access["acr"] != twoFactors || !slices.Equal(methods(id), []string{"pwd", "kba", "mfa"}) ||
			id["auth_time"] != float64(app.Clock.Now().Unix()) {
			t.Errorf("%v %v", id, access)
		}
		// The session is the same one, under another secret.
		if id["sid"] != before["sid"] || b.Cookie("sid") == old {
			t.Errorf("%v, before %v", id["sid"], before["sid"])
		}
		app.Browser().With("Cookie", "sid="+old).Get("/api/v1/sessions/me").Want(404)
		if again, _ := s.claims(t, s.ask(b, "acr_values", twoFactors, "prompt", "none")); again["acr"] != twoFactors {
			t.Errorf("%v", again)
		}
		// Whoever is not signed in is asked for both at once.
		fresh := app.Browser()
		first := s.ask(fresh, "acr_values", "unknown "+ifPossible)
		from, err := url.Parse(path(t, first))
		if err != nil {
			t.Fatal(err)
		}
		form1 := fresh.Get(path(t, first)).Want(200)
		form2 := fresh.Post("/login/login.htm", form("step", "identify", "username", isaac, "fromURI", from.Query().Get("fromURI"), "stateToken", token(t, form1))).Want(200)
		form3 := fresh.Post("/login/login.htm", form("step", "password", "password", apptest.Password, "stateToken", token(t, form2)))
		if id, _ := s.claims(t, s.prove(t, fresh, form3, soup)); id["acr"] != ifPossible || !slices.Contains(methods(id), "mfa") {
			t.Errorf("%v", id)
		}
		// What nobody can give is told to the application.
		for _, acr := range []string{"phr", "phrh", "phrh phr"} {
			if got := answered(t, follow(t, b, s.ask(b, "acr_values", acr))); got.Get("error") != "unmet_authentication_requirements" || got.Get("state") != "s-1" {
				t.Errorf("%s: %v", acr, got)
			}
		}
		if id, _ := s.claims(t, s.ask(b, "acr_values", "phr "+twoFactors)); id["acr"] != twoFactors {
			t.Errorf("%v", id)
		}
		// Nobody who could prove more gets by saying that it was not possible.
		lazy := signedIn(t, app, isaac)
		asked, err := url.Parse(path(t, s.ask(lazy, "acr_values", ifPossible)))
		if err != nil {
			t.Fatal(err)
		}
		if got := answered(t, lazy.Get(asked.Query().Get("fromURI")+"&unmet=1")); got.Get("error") != "unmet_authentication_requirements" {
			t.Errorf("%v", got)
		}
	})
}

// TestStepUpWithoutFactors: who has none sets one up where the policy lets, and
// is turned away otherwise.
func TestStepUpWithoutFactors(t *testing.T) {
	app := apptest.New(t)
	s := newStepUp(t, app)
	b := signedIn(t, app, isaac)
	if got := answered(t, follow(t, b, s.ask(b, "acr_values", twoFactors))); got.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("%v", got)
	}
	if id, _ := s.claims(t, follow(t, b, s.ask(b, "acr_values", ifPossible))); id["acr"] != ifPossible || slices.Contains(methods(id), "mfa") {
		t.Errorf("%v", id)
	}
	allowFactors(t, app, "okta_question")
	page := follow(t, b, s.ask(b, "acr_values", twoFactors))
	page = b.Post("/login/login.htm", form("step", "factor", "do", "set-up:okta_question", "stateToken", token(t, page))).Want(200)
	done := b.Post("/login/login.htm", form("step", "factor", "do", "enroll", "factor", "okta_question", "question", "disliked_food", "answer", soup, "stateToken", token(t, page)))
	if id, _ := s.claims(t, follow(t, b, done)); id["acr"] != twoFactors || !slices.Equal(methods(id), []string{"pwd", "kba", "mfa"}) {
		t.Errorf("%v", id)
	}
}

// TestStepUpNeedsItsSession: what was begun by a session is worth nothing once
// the session has ended, and signing in anew keeps or ends the one before.
func TestStepUpNeedsItsSession(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		s := newStepUp(t, app)
		s.question(t)
		l := listen(t)
		c := web(t, app, map[string]any{"backchannel_logout_uri": l.URL})
		b := signedIn(t, app, isaac)
		_, sid, _ := sessionOf(t, app, b, c, "default")
		page := follow(t, b, s.ask(b, "acr_values", twoFactors))
		m := factorField.FindSubmatch(page.Body)
		thief := app.Browser()
		b.Delete("/api/v1/sessions/me").Want(204)
		a := thief.Post("/login/login.htm", form("step", "factor", "factor", string(m[1]), "answer", soup, "do", "prove", "stateToken", token(t, page)))
		if a.Header.Get("Location") != "" || thief.Cookie("sid") != "" {
			t.Errorf("%d %v %s", a.Status, a.Header, a.Body)
		}
		running(t, app)
		if v := logoutToken(t, app, c, "default", l.token(t)); v["sid"] != sid {
			t.Errorf("%v", v)
		}
		// Signing in anew as oneself goes on with the session.
		b = signedIn(t, app, isaac)
		_, sid, _ = sessionOf(t, app, b, c, "default")
		old := b.Cookie("sid")
		app.Clock.Advance(2 * time.Minute)
		a = signIn(t, b, b.Get(authorizeAt("default", request(c, "max_age", "60"))), isaac)
		id := claimsOf(t, redeem(app, "default", c, answered(t, a).Get("code")).Want(200).Text("id_token"))
		if id["sid"] != sid || b.Cookie("sid") == old {
			t.Errorf("%v, before %s", id, sid)
		}
		// As somebody else it ends it.
		app.Clock.Advance(2 * time.Minute)
		app.WantEvents(t, []string{"policy.evaluate_sign_on ALLOW", "user.session.end SUCCESS", "user.authentication.slo SUCCESS", "user.session.start SUCCESS"}, func() {
			page := b.Get("/login/login.htm?prompt=login").Want(200)
			page = b.Post("/login/login.htm", form("step", "identify", "username", "ada.example@example.com", "stateToken", token(t, page))).Want(200)
			b.Post("/login/login.htm", form("step", "password", "password", apptest.Password, "stateToken", token(t, page))).Want(303)
		})
		if v := logoutToken(t, app, c, "default", l.token(t)); v["sid"] != sid {
			t.Errorf("%v", v)
		}
	}, loopback())
}
