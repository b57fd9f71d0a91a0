package management_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

const questioned = `"credentials":{"password":{"value":"tlpWENT2m"},"recovery_question":{"question":"Who?","answer":"Annie Oakley"}}`

func TestCredentialsOnTheWire(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := app.Post("/api/v1/users", body("i@example.org", questioned)).Want(200).Text("id")
		at := "/api/v1/users/" + id
		app.Clock.Advance(2 * time.Second)
		want := `{"password":{},"recovery_question":{"question":"Who?"},"provider":{"type":"OKTA","name":"OKTA"}}`
		app.WantEvents(t, []string{"user.account.update_password SUCCESS"}, func() {
			got := app.Post(at+"/credentials/change_password", `{"oldPassword":{"value":"tlpWENT2m"},"newPassword":{"value":"Asterisk42go"}}`).Want(200)
			if string(got.Body) != want {
				t.Errorf("%s", got.Body)
			}
		})
		app.WantEvents(t, nil, func() {
			app.Post(at+"/credentials/change_password", `{"oldPassword":{"value":"tlpWENT2m"},"newPassword":{"value":"Asterisk43go"}}`).
				Fails(403, "E0000014", "Old Password is not correct")
			app.Post(at+"/credentials/change_password", `{"oldPassword":{"value":"Asterisk42go"},"newPassword":{"value":"short"}}`).Fails(403, "E0000014")
			app.Post(at+"/credentials/change_password", `{"oldPassword":{"value":"Asterisk42go"}}`).Fails(403, "E0000014", "newPassword: The field cannot be left blank")
			app.Post(at+"/credentials/change_password", `{"newPassword":{"value":"Asterisk42go"}}`).Fails(403, "E0000014", "oldPassword: The field cannot be left blank")
		})
		got := app.Post(at+"/credentials/change_recovery_question", `{"password":{"value":"Asterisk42go"},"recovery_question":{"question":"Which?","answer":"forty two"}}`).Want(200)
		if got.Text("recovery_question.question") != "Which?" {
			t.Errorf("%s", got.Body)
		}
		app.Post(at+"/credentials/change_recovery_question", `{"password":{"value":"no"},"recovery_question":{"question":"Which?","answer":"forty two"}}`).Fails(403, "E0000014")
		app.WantEvents(t, []string{"user.account.reset_password SUCCESS"}, func() {
			if got := app.Post(at+"/credentials/forgot_password?sendEmail=false", nil).Want(200).Text("resetPasswordUrl"); !strings.HasPrefix(got, "https://id.example.com/signin/reset-password/") {
				t.Error(got)
			}
		})
		answer := `{"password":{"value":"Asterisk44go"},"recovery_question":{"answer":"Forty Two"}}`
		app.Post(at+"/credentials/forgot_password", strings.Replace(answer, "Forty", "Fifty", 1)).Fails(403, "E0000087")
		app.Post(at+"/credentials/forgot_password", `{"password":{"value":"Asterisk44go"}}`).Fails(400, "E0000001", "recovery_question: The field cannot be left blank")
		app.Post(at+"/credentials/forgot_password", answer).Want(200)
		app.Post(at+"/credentials/forgot_password_recovery_question", strings.Replace(answer, "44", "45", 1)).Want(200)
		app.Post("/api/v1/authn", `{"username":"i@example.org","password":"Asterisk45go"}`).Want(200)

		if got := app.Post(at+"/lifecycle/reset_password", nil).Want(200); string(got.Body) != "{}" {
			t.Errorf("%s", got.Body)
		}
		if got := app.Get(at).Want(200); got.Text("status") != "RECOVERY" || got.Text("_links.resetPassword.method") != "POST" {
			t.Errorf("%s", got.Body)
		}
		app.Post("/api/v1/authn", `{"username":"i@example.org","password":"Asterisk45go"}`).Fails(401, "E0000004")
		app.Post(at+"/credentials/forgot_password", nil).Fails(403, "E0000034")
		app.Post(at+"/lifecycle/reset_password?provider=FEDERATION&sendEmail=false", nil).Want(200)
		if got := app.Get(at).Want(200); got.Text("credentials.provider.type") != "FEDERATION" || got.Text("status") != "ACTIVE" || got.At("_links.changePassword") != nil {
			t.Errorf("%s", got.Body)
		}
		app.Post(at+"/credentials/change_password", `{"oldPassword":{"value":"a"},"newPassword":{"value":"b"}}`).Fails(403, "E0000035")
		app.Post(at+"/credentials/change_recovery_question", `{}`).Fails(403, "E0000036")
		app.Post(at+"/lifecycle/reset_password?provider=LDAP", nil).Fails(403, "E0000017")
		app.Post(at+"/lifecycle/reset_password?provider=X", nil).Fails(400, "E0000002")
		app.Post(at+"/lifecycle/reset_password?sendEmail=false&revokeSessions=true", nil).Want(200)
		app.Post("/api/v1/users/nobody/lifecycle/reset_password", nil).Fails(404, "E0000007")
		app.Post(at+"/lifecycle/deactivate", nil).Want(200)
		app.Post(at+"/lifecycle/reset_password", nil).Fails(403, "E0000038")
	})
}

func TestTemporaryPassword(t *testing.T) {
	app := apptest.New(t)
	id := app.Post("/api/v1/users", body("i@example.org", questioned)).Want(200).Text("id")
	for _, path := range []string{"expire_password_with_temp_password?revokeSessions=true", "expire_password_with_temp_password", "expire_password?tempPassword=true"} {
		if app.Get("/api/v1/users/"+id).Text("status") == "PASSWORD_EXPIRED" {
			app.Put("/api/v1/users/"+id, `{"credentials":{"password":{"value":"Asterisk42go"}}}`).Want(200)
		}
		password := app.Post("/api/v1/users/"+id+"/lifecycle/"+path, nil).Want(200).Text("tempPassword")
		got := app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "i@example.org", "password": password}).Want(200)
		if got.Text("status") != "PASSWORD_EXPIRED" {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
}

// TestOwnCredentials: users change their own password with their session, and
// nobody else's.
func TestOwnCredentials(t *testing.T) {
	app := apptest.New(t)
	token := app.Anonymous().Post("/api/v1/authn", map[string]string{"username": "ada.example@example.com", "password": apptest.Password}).Want(200).Text("sessionToken")
	secret := app.Anonymous().Post("/api/v1/sessions", map[string]string{"sessionToken": token}).Want(200).Text("id")
	browser := app.Browser()
	browser.SetCookie("sid", secret)
	change := `{"oldPassword":{"value":"` + apptest.Password + `"},"newPassword":{"value":"Asterisk42go"}}`
	browser.Post("/api/v1/users/isaac.brock@example.com/credentials/change_password", change).Fails(403, "E0000006")
	browser.Post("/api/v1/users/me/credentials/change_password", strings.Replace(change, "Asterisk42go", apptest.Password, 1)).
		Fails(403, "E0000014", "Password has been used too recently")
	browser.Post("/api/v1/users/me/credentials/change_password", change).Want(200)
	app.Delete("/api/v1/users/ada.example@example.com/sessions?oauthTokens=true").Want(204)
	browser.Post("/api/v1/users/me/credentials/change_password", change).Fails(403, "E0000005")
}

func TestSearchOnTheWire(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		for _, login := range []string{"a@example.org", "b@example.org", "c@example.org"} {
			app.Post("/api/v1/users", strings.Replace(body(login), `"lastName":"Brock"`, `"lastName":"Brock","department":"Sales & Co"`, 1)).Want(200)
		}
		app.Delete("/api/v1/users/a@example.org").Want(204)
		search := url.QueryEscape(`profile.department eq "sales & co"`)
		got := app.Get("/api/v1/users?search=" + search + "&limit=2&sortOrder=0").Want(200)
		if got.Text("0.profile.login") != "a@example.org" || got.Text("0.status") != "DEPROVISIONED" || got.Text("2.id") != "" || got.At("0._links.activate") != nil {
			t.Errorf("%s", got.Body)
		}
		links := got.Header["Link"]
		if len(links) != 2 || !strings.Contains(links[1], "after="+got.Text("1.id")) || strings.Contains(links[0], "sortOrder") {
			t.Fatal(links)
		}
		next := strings.TrimPrefix(links[1][1:strings.Index(links[1], ">")], "https://id.example.com")
		if got = app.Get(next).Want(200); got.Text("0.profile.login") != "c@example.org" || len(got.Header["Link"]) != 1 {
			t.Errorf("%s %v", got.Body, got.Header["Link"])
		}
		got = app.Get("/api/v1/users?search=" + search + "&sortBy=profile.login&sortOrder=desc&limit=1").Want(200)
		if got.Text("0.profile.login") != "c@example.org" {
			t.Errorf("%s", got.Body)
		}
		next = strings.TrimPrefix(got.Header["Link"][1][1:strings.Index(got.Header["Link"][1], ">")], "https://id.example.com")
		if got = app.Get(next).Want(200); got.Text("0.profile.login") != "b@example.org" {
			t.Errorf("%s", got.Body)
		}
		if got = app.Get("/api/v1/users?filter=" + url.QueryEscape(`profile.login eq "b@example.org"`)).Want(200); got.Text("0.profile.login") != "b@example.org" {
			t.Errorf("%s", got.Body)
		}
		if got = app.Get("/api/v1/users?q=b%40ex").Want(200); got.Text("0.profile.login") != "b@example.org" || got.Header["Link"] != nil {
			t.Errorf("%s", got.Body)
		}
		for query, code := range map[string]string{
			"search=x":                            "E0000031",
			"filter=status+pr":                    "E0000031",
			"q=a&filter=status+eq+%22x%22":        "E0000033",
			"q=a&search=id+pr":                    "E0000033",
			"search=id+pr&filter=id+pr":           "E0000033",
			"search=created+gt+%22x%22":           "E0000030",
			"search=id+pr&after=x":                "E0000029",
			"search=id+pr&sortBy=id&sortOrder=up": "E0000031",
		} {
			app.Get("/api/v1/users?"+query).Fails(400, code)
		}
		// The parameter that is at fault is named.
		for query, why := range map[string]string{
			"/users?search=nonsense+pr":            `search: attribute "nonsense" is not supported`,
			"/users?filter=nonsense+eq+%22x%22":    `filter: attribute "nonsense" is not supported`,
			"/users?search=id":                     "search: expected an operator, found the end at offset 2",
			"/groups?search=nonsense+pr":           `search: attribute "nonsense" is not supported`,
			"/groups?filter=nonsense+eq+%22x%22":   `filter: attribute "nonsense" is not supported`,
			"/zones?filter=nonsense+eq+%22x%22":    `filter: attribute "nonsense" is not supported`,
			"/logs?filter=eventType+eq+5":          `filter: wrong kind of value for attribute "eventType" with "eq"`,
			"/apps?filter=label+eq+%22x%22":        `filter: attribute "label" is not supported`,
			"/apps?filter=id+eq+%22x%22+and+id+pr": "filter: only a single comparison by eq is supported",
			"/apps?filter=status+eq+%22%22":        `filter: attribute "status" needs a text that is not empty`,
			"/apps?filter=status":                  "filter: expected an operator, found the end at offset 6",
		} {
			app.Get("/api/v1"+query).Fails(400, "E0000031", why)
		}
	})
}
