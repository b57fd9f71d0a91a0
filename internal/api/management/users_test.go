package management_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// body is a user in a request.
func body(login string, more ...string) string {
	out := fmt.Sprintf(`{"profile":{"login":%q,"email":%q,"firstName":"Isaac","lastName":"Brock"}`, login, login)
	for _, m := range more {
		out += "," + m
	}
	return out + "}"
}

const password = `"credentials":{"password":{"value":"tlpWENT2m"}}`

func TestUserLife(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		var id string
		app.WantEvents(t, []string{"user.lifecycle.create SUCCESS", "user.lifecycle.activate SUCCESS"}, func() {
			u := app.Post("/api/v1/users", body("i@example.org", `"credentials":{"password":{}},"realmId":"x"`)).Want(200)
			if id = u.Text("id"); u.Text("status") != "PROVISIONED" || u.At("credentials.password") != nil || u.At("profile.mobilePhone") != nil {
				t.Errorf("%s", u.Body)
			}
		})
		for _, ref := range []string{id, "i@example.org", url.PathEscape("I@Example.org"), "i"} {
			if got := app.Get("/api/v1/users/" + ref).Want(200); got.Text("id") != id || !strings.HasPrefix(got.Header.Get("Etag"), `W/"`) {
				t.Errorf("%s: %s %v", ref, got.Body, got.Header)
			}
		}
		app.Clock.Advance(3 * time.Second)
		got := app.Post("/api/v1/users/"+id, `{"profile":{"title":"Director"}}`).Want(200)
		if got.Text("profile.title") != "Director" || got.Text("lastUpdated") != "2026-03-01T12:00:03.000Z" || got.Text("created") != "2026-03-01T12:00:00.000Z" {
			t.Errorf("%s", got.Body)
		}
		got = app.Put("/api/v1/users/"+id, `{"credentials":{"password":{"value":"tlpWENT2m"},"recovery_question":{"question":"Who?","answer":"Annie Oakley"}}}`).Want(200)
		if got.Text("status") != "ACTIVE" || got.Text("profile.title") != "Director" || got.Text("credentials.recovery_question.question") != "Who?" || got.At("credentials.password") == nil {
			t.Errorf("%s", got.Body)
		}
		// What the official clients do: send back what they were given.
		if again := app.Put("/api/v1/users/"+id, got.Body).Want(200); again.Text("profile.title") != "Director" {
			t.Errorf("%s", again.Body)
		}
		if got = app.Put("/api/v1/users/"+id, body("i@example.org")).Want(200); got.At("profile.title") != nil {
			t.Errorf("%s", got.Body)
		}
		for _, op := range []struct{ path, status string }{
			{"suspend", "SUSPENDED"}, {"unsuspend", "ACTIVE"}, {"deactivate", "DEPROVISIONED"}, {"activate", "PROVISIONED"}, {"reactivate?sendEmail=true", "PROVISIONED"},
		} {
			if a := app.Post("/api/v1/users/"+id+"/lifecycle/"+op.path, nil).Want(200); string(a.Body) != "{}" {
				t.Errorf("%s: %s", op.path, a.Body)
			}
			if got := app.Get("/api/v1/users/" + id).Text("status"); got != op.status {
				t.Errorf("%s: %s", op.path, got)
			}
		}
		app.Delete("/api/v1/users/" + id).Want(204)
		app.Get("/api/v1/users/" + id).Want(200)
		app.Delete("/api/v1/users/" + id).Want(204)
		app.Get("/api/v1/users/"+id).Fails(404, "E0000007")
		if got := app.Get("/api/v1/users/" + id).Text("errorSummary"); got != "Not found: Resource not found: "+id+" (User)" {
			t.Error(got)
		}
	})
}

func TestCreateVariantsOnTheWire(t *testing.T) {
	app := apptest.New(t)
	for _, c := range []struct{ query, body, status string }{
		{"", body("a@example.org"), "PROVISIONED"},
		{"?activate=false", body("b@example.org"), "STAGED"},
		{"?activate=true", body("c@example.org", password), "ACTIVE"},
		{"?activate=true&nextLogin=changePassword", body("d@example.org", password), "PASSWORD_EXPIRED"},
		{"?provider=true", body("e@example.org", `"credentials":{"provider":{"type":"FEDERATION","name":"FEDERATION"}}`), "ACTIVE"},
		{"?provider=false", body("f@example.org", `"credentials":{"provider":{"type":"OKTA","name":"OKTA"}}`), "PROVISIONED"},
		{"", body("g@example.org", `"credentials":{"password":{"hash":{"algorithm":"SHA-512","workFactor":0,"salt":"","value":"m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="}}}`), "ACTIVE"},
		{"", body("h@example.org", `"groupIds":[],"type":{"id":""}`), "PROVISIONED"},
	} {
		if a := app.Post("/api/v1/users"+c.query, c.body).Want(200); a.Text("status") != c.status {
			t.Errorf("%s %s: %s", c.query, c.body, a.Body)
		}
	}
	if a := app.Get("/api/v1/users/g@example.org"); a.Text("credentials.provider.type") != "IMPORT" {
		t.Errorf("%s", a.Body)
	}
}

func TestCreateErrors(t *testing.T) {
	app := apptest.New(t)
	before := app.Events(t, func() {})
	for _, c := range []struct {
		query, body string
		status      int
		code        string
		causes      []string
	}{
		{"", `{}`, 400, "E0000001", []string{
			"login: The field cannot be left blank", "firstName: The field cannot be left blank", "lastName: The field cannot be left blank",
			"email: The field cannot be left blank", "login: Username must be in the form of an email address",
		}},
		{"", ``, 400, "E0000001", nil},
		{"", `{`, 400, "E0000003", nil},
		{"", `[]`, 400, "E0000003", nil},
		{"", `{"profile":[]}`, 400, "E0000003", nil},
		{"", strings.Repeat(`{"profile":`, 40) + "1" + strings.Repeat("}", 40), 400, "E0000003", nil},
		{"", body("isaac.brock@example.com"), 400, "E0000001", []string{"login: An object with this field already exists in the current organization"}},
		{"", body("n@example.org", `"credentials":{"password":{"value":"a"}}`), 400, "E0000001", nil},
		{"?nextLogin=changePassword", body("n@example.org"), 400, "E0000124", nil},
		{"?nextLogin=changePassword&activate=false", body("n@example.org", password), 400, "E0000125", nil},
		{"?nextLogin=never", body("n@example.org", password), 400, "E0000002", nil},
		{"?activate=maybe", body("n@example.org"), 400, "E0000002", nil},
		{"?provider=true", body("n@example.org"), 400, "E0000001", nil},
		{"?provider=true", body("n@example.org", `"credentials":{"provider":{"type":"LDAP","name":"x"}}`), 400, "E0000001", nil},
		{"", body("n@example.org", `"groupIds":["00g0000000000000nope"]`), 404, "E0000007", nil},
		{"", body("n@example.org", `"type":{"id":"otynope"}`), 404, "E0000007", nil},
		{"", body("n@example.org", `"credentials":{"password":{"hook":{"type":"mine"}}}`), 400, "E0000001", []string{"password.hook.type: must be default"}},
		{"", body("n@example.org", `"credentials":{"password":{"hook":{"type":"default"},"value":"tlpWENT2m"}}`), 400, "E0000001", nil},
		{"", `{"profile":{"login":"n@example.org","email":"n@example.org","firstName":"a","lastName":"b","notValid":1}}`, 400, "E0000001", []string{"Property name 'notValid' is not defined in profile"}},
	} {
		a := app.Post("/api/v1/users"+c.query, c.body).Fails(c.status, c.code, c.causes...)
		if gap := a.Header.Get("X-Usher-Gap"); (gap == "createUser") != (c.status == 501) {
			t.Errorf("%s: gap %q", c.body, gap)
		}
	}
	if got := app.Post("/api/v1/users", `{"profile":{"login":"n@example.org","email":"n@example.org","firstName":"a","lastName":"b","notValid":1}}`).Text("errorSummary"); got != "Api validation failed: newUser" {
		t.Error(got)
	}
	if len(before) != 0 || len(app.Events(t, func() {})) != 0 {
		t.Error("refused requests are in the log")
	}
	app.Get("/api/v1/users/n@example.org").Want(404)
}

func TestListUsersPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		for i := range 8 {
			app.Post("/api/v1/users?activate=false", body(fmt.Sprintf("u%d@example.org", i))).Want(200)
		}
		seen := map[string]bool{}
		path := "/api/v1/users?limit=4&sortOrder=0"
		for pages := 0; path != ""; pages++ {
			a := app.Get(path).Want(200)
			var users []struct {
				ID    string `json:"id"`
				Links map[string]any
			}
			a.JSON(&users)
			for _, u := range users {
				if seen[u.ID] {
					t.Errorf("%s twice", u.ID)
				}
				seen[u.ID] = true
			}
			links := a.Header.Values("Link")
			if pages > 3 || !strings.HasPrefix(links[0], "<https://id.example.com/api/v1/users?") || !strings.HasSuffix(links[0], `>; rel="self"`) {
				t.Fatalf("%v", links)
			}
			path = next(t, links)
		}
		if len(seen) != 11 {
			t.Errorf("%d users", len(seen))
		}
		for _, q := range []string{"limit=0", "limit=x", "limit=-5", "after=nonsense", "after=" + strings.Repeat("x", 300)} {
			app.Get("/api/v1/users?"+q).Fails(400, "E0000029")
		}
		if a := app.Get("/api/v1/users?limit=100000").Want(200); a.At("10") == nil || a.At("11") != nil {
			t.Errorf("%s", a.Body)
		}
	})
}

// next takes the path of the next page out of the links, "" for none.
func next(t *testing.T, links []string) string {
	t.Helper()
	for _, l := range links {
		if address, ok := strings.CutSuffix(l, `>; rel="next"`); ok {
			u, err := url.Parse(strings.TrimPrefix(address, "<"))
			if err != nil {
				t.Fatal(err)
			}
			return u.RequestURI()
		}
	}
	return ""
}

func TestUserParametersThatAreGaps(t *testing.T) {
	app := apptest.New(t)
	for path, op := range map[string]string{
		"/api/v1/users?format=x": "listUsers",
	} {
		if a := app.Get(path).Fails(501, "E0000060"); a.Header.Get("X-Usher-Gap") != op {
			t.Errorf("%s: %q", path, a.Header.Get("X-Usher-Gap"))
		}
	}
	app.Get("/api/v1/users?search=x&filter=y").Fails(400, "E0000033")
	for _, body := range []any{nil, `{}`, `{"nickName":"x"}`} {
		app.Put("/api/v1/users/isaac.brock@example.com", body).Fails(400, "E0000001", "profile: The field cannot be left blank")
	}
	app.Put("/api/v1/users/isaac.brock@example.com", `{"credentials":{}}`).Want(200)
	if a := app.Get("/api/v1/users?q=isaac").Want(200); a.Text("0.profile.login") != "isaac.brock@example.com" || a.Header.Values("Link") != nil {
		t.Errorf("%s %v", a.Body, a.Header.Values("Link"))
	}
}

func TestResponseOptions(t *testing.T) {
	app := apptest.New(t)
	for header, want := range map[string][2]bool{
		`application/json; okta-response=omitCredentials,omitCredentialsLinks`:                               {false, false},
		`application/json; okta-response="omitCredentials, omitCredentialsLinks, omitTransitioningToStatus"`: {false, false},
		`application/json;okta-response=omitCredentialsLinks`:                                                {true, false},
		`application/json; okta-response=whatever`:                                                           {true, true},
		`application/json`: {true, true},
	} {
		a := app.With("Content-Type", header).Get("/api/v1/users/me").Want(200)
		if (a.At("credentials") != nil) != want[0] || (a.At("_links.changePassword") != nil) != want[1] || a.At("_links.suspend") == nil {
			t.Errorf("%s: %s", header, a.Body)
		}
	}
	if a := app.With("Content-Type", `application/json; okta-response=omitCredentials`).Get("/api/v1/users").Want(200); a.At("0.credentials") != nil || a.At("0.profile") == nil {
		t.Errorf("%s", a.Body)
	}
}

func TestLifecycleErrors(t *testing.T) {
	app := apptest.New(t)
	id := app.Post("/api/v1/users?activate=false", body("s@example.org")).Want(200).Text("id")
	on := func(op string) *apptest.Answer { return app.Post("/api/v1/users/"+id+"/lifecycle/"+op, nil) }
	on("suspend").Fails(400, "E0000001", "Cannot suspend a user that is not active")
	on("unsuspend").Fails(400, "E0000001", "Cannot unsuspend a user that is not suspended")
	on("unlock").Fails(403, "E0000032")
	on("reactivate").Fails(403, "E0000038")
	on("expire_password").Fails(403, "E0000038")
	on("deactivate?sendEmail=maybe").Fails(400, "E0000002")
	a := on("activate?sendEmail=false").Want(200)
	if token := a.Text("activationToken"); len(token) != 20 || a.Text("activationUrl") != "https://id.example.com/welcome/"+token {
		t.Errorf("%s", a.Body)
	}
	on("activate").Fails(403, "E0000016")
	on("deactivate").Want(200)
	on("deactivate").Fails(403, "E0000038")
	app.Post("/api/v1/users/nobody/lifecycle/activate", nil).Fails(404, "E0000007")
	app.Post("/api/v1/users/"+id, `{"profile":{"title":"x"}}`).Fails(403, "E0000038")
	isaac := app.Post("/api/v1/users/isaac.brock/lifecycle/expire_password", nil).Want(200)
	if isaac.Text("status") != "PASSWORD_EXPIRED" {
		t.Errorf("%s", isaac.Body)
	}
	ada := app.Post("/api/v1/users/ada.example/lifecycle/expire_password?tempPassword=true", nil).Want(200)
	if len(ada.Text("tempPassword")) < 8 || strings.Contains(app.Logs.String(), ada.Text("tempPassword")) {
		t.Errorf("%s", ada.Body)
	}
}

func TestCallersMeetTheirLimits(t *testing.T) {
	app := apptest.New(t)
	app.Anonymous().Get("/api/v1/users").Fails(403, "E0000005")
	app.As("00nonsense").Get("/api/v1/users").Fails(401, "E0000011")
	browser := signIn(t, app, "isaac.brock@example.com")
	me := browser.Get("/api/v1/users/me").Want(200)
	browser.Get("/api/v1/users/" + me.Text("id")).Want(200)
	browser.Get("/api/v1/users/me/groups").Want(200)
	browser.Get("/api/v1/users").Fails(403, "E0000005")
	browser.Get("/api/v1/users/ada.example@example.com").Fails(403, "E0000006")
	browser.Post("/api/v1/users/me", `{"profile":{"firstName":"Ike"}}`).Want(200)
	browser.Post("/api/v1/users/me", `{"profile":{"title":"CEO"}}`).Fails(403, "E0000077")
	if a := browser.Post("/api/v1/users/me", `{"profile":{"title":"CEO"}}`); a.Text("errorSummary") != "Cannot modify the title attribute because it is read-only." {
		t.Errorf("%s", a.Body)
	}
	browser.Post("/api/v1/users/me", `{`+password+`}`).Fails(403, "E0000006")
	if browser.With("Origin", "https://evil.example").Post("/api/v1/users/me", `{"profile":{"firstName":"Eve"}}`).Status != http.StatusForbidden {
		t.Error("a page of another origin may write with the cookie")
	}
}
