package management_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/server"
)

// TestPasswordImportHook: at the first sign-in another system is asked whether
// the password is right; from then on it is ours.
func TestPasswordImportHook(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const login, right = "moved@example.org", "old-World-77"
		other := newOutside(t)
		other.answers(func(w http.ResponseWriter, username, password string) {
			if username == login && password == right {
				_, _ = io.WriteString(w, hookYes)
			} else {
				_, _ = io.WriteString(w, hookNo)
			}
		})
		signIn := func(password string) *apptest.Answer {
			return app.Anonymous().Post("/api/v1/authn", map[string]string{"username": login, "password": password})
		}
		withHook := `"credentials":{"password":{"hook":{"type":"default"}}}`
		u := app.Post("/api/v1/users", body(login, withHook)).Want(200)
		if u.Text("status") != "ACTIVE" || u.Text("credentials.provider.type") != "IMPORT" || u.At("credentials.password") == nil || u.At("credentials.password.hook") != nil {
			t.Errorf("%s", u.Body)
		}
		failed := "user.session.start FAILURE INVALID_CREDENTIALS"
		refused := "inline_hook.executed FAILURE it does not verify the password"
		app.WantEvents(t, []string{failed}, func() { signIn(right).Fails(401, "E0000004") }) // nobody to ask
		hook := "/api/v1/inlineHooks/" + app.Post("/api/v1/inlineHooks", hookBody(other.URL+"/ask")).Want(200).Text("id")
		app.WantEvents(t, []string{refused, failed}, func() { signIn("guessed-Wrong-1").Fails(401, "E0000004") })
		asked := other.take()
		data := fmt.Sprint(asked[0])
		if len(asked) != 1 || asked[0]["eventType"] != "com.okta.user.credential.password.import" || asked[0]["source"] != "https://id.example.com"+hook ||
			!strings.Contains(data, "username:"+login) || !strings.Contains(data, "ipAddress:127.0.0.1") || !strings.Contains(data, "value:/api/v1/authn") ||
			!strings.Contains(data, "credential:UNVERIFIED") || other.header.Get("Authorization") != hookSecret || other.header.Get("X-Team") != "blue" {
			t.Errorf("%v %v", asked, other.header)
		}
		// Whatever is no clear yes is a no.
		for status, texts := range map[int][]string{
			200: {
				`{}`, `{"commands":[]}`, `[]`, `no JSON`, `{"commands":[{"type":"com.okta.other","value":{"credential":"VERIFIED"}}]}`,
				strings.Replace(hookYes, "}]}", `},{"type":"com.okta.action.update","value":{"credential":"UNVERIFIED"}}]}`, 1),
				strings.Replace(hookYes, "]}", `],"error":{"errorSummary":"no"}}`, 1),
			},
			204: {""}, 302: {hookYes}, 403: {hookYes}, 500: {hookYes},
		} {
			for _, text := range texts {
				other.says(status, text)
				events := app.Events(t, func() { signIn(right).Fails(401, "E0000004") })
				if len(events) < 2 || !strings.HasPrefix(events[0], "inline_hook.executed FAILURE") || events[len(events)-1] != failed {
					t.Errorf("%d %s: %v", status, text, events)
				}
				app.Post("/api/v1/users/"+login+"/lifecycle/unlock", nil)
				app.Clock.Advance(time.Minute)
			}
		}
		other.take()
		other.answers(func(w http.ResponseWriter, _, password string) {
			if password == right {
				_, _ = io.WriteString(w, hookYes)
			}
		})
		events := app.Events(t, func() { signIn(right).Want(200) })
		if len(events) == 0 || events[0] != "inline_hook.executed SUCCESS" || len(other.take()) != 1 {
			t.Errorf("%v", events)
		}
		other.says(http.StatusOK, hookYes)
		signIn(right).Want(200)
		signIn("guessed-Wrong-2").Fails(401, "E0000004")
		if asked := other.take(); len(asked) != 0 {
			t.Errorf("asked again about a password that is ours: %v", asked)
		}
		if strings.Contains(app.Logs.String(), right) {
			t.Error("a password is in the log")
		}
	}, inward())
}

// TestPasswordHookElsewhere: the hook decides wherever a password is given, is
// not asked about who is locked out, and is gone with a password of ours.
func TestPasswordHookElsewhere(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		other := newOutside(t)
		app.Post("/api/v1/inlineHooks", hookBody(other.URL+"/ask")).Want(200)
		withHook := `"credentials":{"password":{"hook":{"type":"default"}}}`
		signIn := func(login, password string) *apptest.Answer {
			return app.Anonymous().Post("/api/v1/authn", map[string]string{"username": login, "password": password})
		}

		a := app.Post("/api/v1/users", body("a@example.org", withHook)).Want(200).Text("id")
		change := `{"oldPassword":{"value":"Whatever-It-Was-1"},"newPassword":{"value":"Asterisk43go"}}`
		other.says(http.StatusOK, hookNo)
		app.Post("/api/v1/users/"+a+"/credentials/change_password", change).Fails(403, "E0000014")
		other.says(http.StatusOK, hookYes)
		app.Post("/api/v1/users/"+a+"/credentials/change_password", change).Want(200)
		other.take()
		signIn("a@example.org", "Asterisk43go").Want(200)
		signIn("a@example.org", "Whatever-It-Was-1").Fails(401, "E0000004")

		app.Post("/api/v1/users", body("b@example.org", withHook)).Want(200)
		other.says(http.StatusOK, hookNo)
		for range 10 {
			signIn("b@example.org", "Wrong-Password-1").Fails(401, "E0000004")
		}
		if got := app.Get("/api/v1/users/b@example.org").Want(200).Text("status"); got != "LOCKED_OUT" {
			t.Fatal(got)
		}
		other.take()
		other.says(http.StatusOK, hookYes)
		signIn("b@example.org", "Whatever-It-Was-1").Fails(401, "E0000004")
		if asked := other.take(); len(asked) != 0 {
			t.Errorf("%v", asked)
		}

		// A staged user can be given one later; a password by an administrator ends it.
		c := app.Post("/api/v1/users?activate=false", body("c@example.org")).Want(200).Text("id")
		app.Post("/api/v1/users/"+c, `{`+withHook+`}`).Want(200)
		app.Post("/api/v1/users/"+c+"/lifecycle/activate?sendEmail=false", nil).Want(200)
		app.Post("/api/v1/users/"+c, `{`+password+`}`).Want(200)
		other.take()
		signIn("c@example.org", "Whatever-It-Was-1").Fails(401, "E0000004")
		if asked := other.take(); len(asked) != 0 {
			t.Errorf("%v", asked)
		}
		signIn("nobody@example.org", "Whatever-It-Was-1").Fails(401, "E0000004")
	}, inward())
}

// TestPasswordHookHangs: a system that does not answer in time has not said yes.
func TestPasswordHookHangs(t *testing.T) {
	app := apptest.New(t, inward(), apptest.Configure(func(c *server.Config) { c.HookTimeout = 50 * time.Millisecond }))
	other := newOutside(t)
	release := make(chan struct{})
	defer close(release)
	other.answers(func(w http.ResponseWriter, _, _ string) {
		<-release
		_, _ = io.WriteString(w, hookYes)
	})
	app.Post("/api/v1/inlineHooks", hookBody(other.URL+"/ask")).Want(200)
	app.Post("/api/v1/users", body("slow@example.org", `"credentials":{"password":{"hook":{"type":"default"}}}`)).Want(200)
	app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "slow@example.org", "password": "Whatever-It-Was-1"}).Fails(401, "E0000004")
	if asked := other.take(); len(asked) != 1 {
		t.Errorf("it was asked %d times", len(asked))
	}
}
