package management_test

import (
	"net/http"
	"strings"
	"testing"

	"usher/internal/api/httpkit"
	"usher/internal/apptest"
	"usher/internal/idp"
	"usher/internal/server"
)

// explained is what an administrator reads about a request.
type explained struct {
	RequestID string
	Entries   []struct {
		Published, Method, Path string
		Decisions               []struct {
			Kind, Outcome, Reason, UserID string
			Tried                         []struct {
				Policy, Rule struct{ ID, Name string }
				Failed       string
			}
		}
	}
}

// told is the decisions in short: kind, outcome and reason. Whether enrolments
// are looked at depends on what can be enrolled here.
func (e explained) told() []string {
	var out []string
	for _, entry := range e.Entries {
		for _, d := range entry.Decisions {
			if d.Kind == "MFA_ENROLL_POLICY" {
				continue
			}
			out = append(out, strings.TrimSpace(d.Kind+" "+d.Outcome+" "+d.Reason))
		}
	}
	return out
}

func explain(app *apptest.App, a *apptest.Answer) explained {
	var out explained
	app.Get("/api/v1/internal/explain/" + a.Header.Get("X-Okta-Request-Id")).Want(http.StatusOK).JSON(&out)
	return out
}

func TestExplainSignIn(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const login = "isaac.brock@example.com"
		user := app.Get("/api/v1/users/" + login).Text("id")
		app.Post("/api/v1/policies", map[string]any{
			"type": "OKTA_SIGN_ON", "name": "Nobody", "status": "ACTIVE",
			"conditions": map[string]any{"people": map[string]any{"groups": map[string]any{"include": []string{app.Post("/api/v1/groups", map[string]any{"profile": map[string]any{"name": "Empty"}}).Text("id")}}}},
		}).Want(http.StatusOK)
		signIn := func(password string) *apptest.Answer {
			return app.Anonymous().Post("/api/v1/authn", map[string]string{"username": login, "password": password})
		}

		good := explain(app, signIn(apptest.Password).Want(http.StatusOK))
		want := []string{"PASSWORD_POLICY MATCHED", "PROOF ALLOW PASSWORD", "SIGN_ON_POLICY ALLOW", "GATE ALLOW token"}
		if strings.Join(good.told(), "\n") != strings.Join(want, "\n") {
			t.Fatalf("a sign-in: %q", good.told())
		}
		e := good.Entries[0]
		if e.Method != "POST" || e.Path != "/api/v1/authn" || e.Published != "2026-03-01T12:00:00.000Z" {
			t.Errorf("%+v", e)
		}
		for _, d := range e.Decisions {
			if d.UserID != user {
				t.Errorf("%s is about %q", d.Kind, d.UserID)
			}
			if d.Kind != "SIGN_ON_POLICY" {
				continue
			}
			if n := len(d.Tried); n != 2 || d.Tried[0].Policy.Name != "Nobody" || d.Tried[0].Failed != "no active rule" || d.Tried[1].Rule.Name != "Default Rule" || d.Tried[1].Failed != "" {
				t.Errorf("tried %+v", d.Tried)
			}
		}

		bad := explain(app, signIn("wrong").Want(http.StatusUnauthorized))
		if got := bad.told(); strings.Join(got, "\n") != "PASSWORD_POLICY MATCHED\nPROOF DENY INVALID_CREDENTIALS" {
			t.Errorf("a wrong password: %q", got)
		}
		nobody := app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "nobody@example.com", "password": "wrong"})
		if got := explain(app, nobody.Want(http.StatusUnauthorized)).told(); strings.Join(got, "\n") != strings.Join(bad.told(), "\n") {
			t.Errorf("nobody: %q", got)
		}

		token := signIn(apptest.Password).Text("sessionToken")
		app.Post("/api/v1/users/"+user+"/lifecycle/expire_password", nil).Want(http.StatusOK)
		refused := app.Anonymous().Post("/api/v1/sessions", map[string]string{"sessionToken": token}).Want(http.StatusUnauthorized)
		if got := explain(app, refused).told(); len(got) != 1 || got[0] != "GATE DENY session in state PASSWORD_EXPIRED" {
			t.Errorf("the gate: %q", got)
		}
	})
}

func TestExplainThrottle(t *testing.T) {
	app := apptest.New(t, apptest.Configure(func(c *server.Config) { c.RateLimits = httpkit.AbuseLimits() }))
	var refused *apptest.Answer
	for range 5 {
		refused = app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "nobody@example.com", "password": "wrong"})
	}
	if got := explain(app, refused.Want(http.StatusTooManyRequests)).told(); len(got) != 1 || got[0] != "THROTTLE DENY username allows 4" {
		t.Errorf("%q", got)
	}
}

func TestExplainIsForAdministrators(t *testing.T) {
	app := apptest.New(t)
	app.Get("/api/v1/internal/explain/no-such-request").Fails(http.StatusNotFound, "E0000007")
	request := app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "nobody@example.com", "password": "wrong"}).Header.Get("X-Okta-Request-Id")
	app.Anonymous().Get("/api/v1/internal/explain/"+request).Fails(http.StatusForbidden, "E0000005")
	for _, role := range []idp.RoleType{idp.RoleUserAdmin, idp.RoleHelpDeskAdmin, idp.RoleReadOnlyAdmin} {
		answer := deputyOf(t, app, role).Get("/api/v1/internal/explain/" + request)
		if role == idp.RoleReadOnlyAdmin {
			answer.Want(http.StatusOK)
		} else {
			answer.Fails(http.StatusForbidden, "E0000006")
		}
	}
}
