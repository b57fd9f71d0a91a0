package management_test

import (
	"net/url"
	"strings"
	"testing"

	"usher/internal/apptest"
)

func TestUserSchema(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const at = "/api/v1/meta/schemas/user/default"
		got := app.Get(at).Want(200)
		link := got.Text("_links.self.href")
		for path, want := range map[string]any{
			"name": "user", "$schema": "http://json-schema.org/draft-04/schema#", "definitions.base.properties.login.title": "Username",
			"definitions.base.properties.login.minLength": 5.0, "definitions.base.properties.email.format": "email",
			"definitions.base.properties.firstName.required": true, "definitions.base.properties.city.permissions.0.action": "HIDE",
			"definitions.base.properties.mobilePhone.permissions.0.action": "READ_WRITE", "definitions.base.required.0": "firstName",
			"properties.profile.allOf.0.$ref": nil, "definitions.custom.id": "#custom", "_links.type.method": "GET",
		} {
			if path == "properties.profile.allOf.0.$ref" {
				want = "#/definitions/custom"
			}
			if v := got.At(path); v != want {
				t.Errorf("%s: %v, want %v", path, v, want)
			}
		}
		if again := app.Get(strings.TrimPrefix(link, "https://id.example.com")).Want(200); string(again.Body) != string(got.Body) {
			t.Errorf("%s", again.Body)
		}
		app.Get("/api/v1/meta/schemas/user/oscnone").Fails(404, "E0000007")

		got = app.Post(at, `{"definitions":{"custom":{"id":"#custom","type":"object","properties":{
 "badge":{"title":"Badge","type":"string","minLength":2,"maxLength":5,"unique":"UNIQUE_VALIDATED","permissions":[{"principal":"SELF","action":"READ_WRITE"}]},
 "size":{"title":"Size","type":"string","enum":["S","L"],"oneOf":[{"const":"S","title":"Small"},{"const":"L","title":"Large"}]},
 "tags":{"title":"Tags","type":"array","items":{"type":"string"}}},"required":[]},
 "base":{"properties":{"lastName":{"required":false}}}}}`).Want(200)
		if got.Text("definitions.custom.properties.badge.unique") != "UNIQUE_VALIDATED" || got.Text("definitions.custom.properties.size.oneOf.1.title") != "Large" ||
			got.Text("definitions.custom.properties.tags.items.type") != "string" || got.At("definitions.base.properties.lastName.required") != nil ||
			got.Text("definitions.custom.properties.size.permissions.0.action") != "READ_ONLY" {
			t.Errorf("%s", got.Body)
		}
		user := `{"profile":{"login":%q,"email":"i@example.org","firstName":"I","badge":"A1","size":"L","tags":["x"]}}`
		app.Post("/api/v1/users", strings.Replace(user, "%q", `"i@example.org"`, 1)).Want(200)
		app.Post("/api/v1/users", strings.Replace(user, "%q", `"j@example.org"`, 1)).
			Fails(400, "E0000001", "badge: An object with this field already exists in the current organization")
		if got := app.Get("/api/v1/users?search=" + url.QueryEscape(`profile.tags eq "x"`)).Want(200).Text("0.profile.badge"); got != "A1" {
			t.Error(got)
		}
		got = app.Post(at, `{"definitions":{"custom":{"properties":{"tags":null}}}}`).Want(200)
		if got.At("definitions.custom.properties.tags") != nil || got.At("definitions.custom.properties.badge") == nil {
			t.Errorf("%s", got.Body)
		}
		if got := app.Get("/api/v1/users/i@example.org").Want(200); got.At("profile.tags") != nil || got.Text("profile.size") != "L" {
			t.Errorf("%s", got.Body)
		}
		for _, bad := range []string{
			`"custom":{"properties":{"x":{"type":"object"}}}`, `"custom":{"properties":{"x":{"type":"string","unique":"MAYBE"}}}`,
			`"custom":{"properties":{"x":{"type":"string","format":"x"}}}`, `"custom":{"properties":{"x":{"type":"string","permissions":[{"principal":"ALL","action":"HIDE"}]}}}`,
			`"custom":{"properties":{"x":{"type":"string","oneOf":[{"const":"S"}]}}}`, `"base":{"properties":{"login":null}}`, `"custom":{"properties":{"badge":{"type":"number"}}}`,
		} {
			app.Post(at, `{"definitions":{`+bad+`}}`).Fails(400, "E0000001")
		}
	})
}

func TestUserTypes(t *testing.T) {
	app := apptest.New(t)
	got := app.Get("/api/v1/meta/types/user").Want(200)
	id := got.Text("0.id")
	if !strings.HasPrefix(id, "oty") || got.At("0.default") != true || got.Text("0._links.schema.rel") != "schema" || got.Header["Link"] != nil {
		t.Errorf("%s", got.Body)
	}
	for _, ref := range []string{id, "default"} {
		if got := app.Get("/api/v1/meta/types/user/" + ref).Want(200); got.Text("id") != id || got.Text("name") != "user" {
			t.Errorf("%s", got.Body)
		}
	}
	if got := app.Get("/api/v1/meta/types/user/otynone").Want(404).Text("errorSummary"); got != "Not found: Resource not found: otynone (CVDType)" {
		t.Error(got)
	}
}

func TestOrg(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		got := app.Get("/api/v1/org").Want(200)
		if got.Text("companyName") != "Usher Development" || got.Text("status") != "ACTIVE" || got.At("website") != nil || got.Text("id") != app.Seeded.OrgID {
			t.Errorf("%s", got.Body)
		}
		app.Post("/api/v1/org", `{"website":"https://example.org","city":"Köln"}`).Want(200)
		if got = app.Get("/api/v1/org").Want(200); got.Text("city") != "Köln" || got.Text("companyName") != "Usher Development" {
			t.Errorf("%s", got.Body)
		}
		app.Put("/api/v1/org", `{"companyName":"Acme","phoneNumber":"1"}`).Want(200)
		if got = app.Get("/api/v1/org").Want(200); got.At("city") != nil || got.Text("companyName") != "Acme" || got.Text("phoneNumber") != "1" {
			t.Errorf("%s", got.Body)
		}
		app.Put("/api/v1/org", `{"city":"x"}`).Fails(400, "E0000001", "companyName: The field cannot be left blank")
		app.Post("/api/v1/org", `{"website":"x","state":"`+strings.Repeat("x", 256)+`"}`).
			Fails(400, "E0000001", "state: The field is too long", "website: Does not match required pattern")
	})
}

func TestFactorsOnTheWire(t *testing.T) {
	app := apptest.New(t)
	at := "/api/v1/users/isaac.brock@example.com"
	for _, path := range []string{"/factors", "/factors/catalog"} {
		if got := app.Get(at + path).Want(200); string(got.Body) != "[]" {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
	got := app.Anonymous().Get("/api/v1/users/nobody/factors/questions").Want(200)
	if got.Text("0.question") != "disliked_food" || got.Text("18.questionText") != "Who is your favorite sports player?" || got.At("19") != nil {
		t.Errorf("%s", got.Body)
	}
	if got := app.Get(at + "/factors/ostnone").Want(404).Text("errorSummary"); got != "Not found: Resource not found: ostnone (UserFactor)" {
		t.Error(got)
	}
	app.Delete(at+"/factors/ostnone").Fails(404, "E0000007")
	app.Get("/api/v1/users/nobody/factors").Fails(404, "E0000007")
	app.WantEvents(t, []string{"user.mfa.factor.reset_all SUCCESS"}, func() {
		if got := app.Post(at+"/lifecycle/reset_factors", nil).Want(200); string(got.Body) != "{}" {
			t.Errorf("%s", got.Body)
		}
	})
	app.Delete(at).Want(204)
	app.Post(at+"/lifecycle/reset_factors", nil).Fails(403, "E0000038")
}

func TestLogChoices(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		app.Post("/api/v1/users", body("i@example.org", password)).Want(200)
		id := app.Post("/api/v1/users", body("j-k@example.org")).Want(200).Text("id")
		app.Post("/api/v1/users/i@example.org/lifecycle/suspend", nil).Want(200)
		app.Anonymous().Post("/api/v1/authn", `{"username":"i@example.org","password":"no"}`).Want(401)
		types := func(query string) string {
			var events []struct{ EventType string }
			app.Get("/api/v1/logs?" + query).Want(200).JSON(&events)
			var out []string
			for _, e := range events {
				out = append(out, e.EventType)
			}
			return strings.Join(out, " ")
		}
		filter := func(f string) string { return "filter=" + url.QueryEscape(f) }
		for _, c := range []struct{ query, want string }{
			{filter(`eventType eq "user.lifecycle.suspend"`), "user.lifecycle.suspend"},
			{filter(`eventType eq "USER.lifecycle.suspend"`), ""},
			{filter(`eventType eq "user.lifecycle.suspend"`) + "&sortOrder=DESCENDING", "user.lifecycle.suspend"},
			{filter(`target.id eq "` + id + `"`), "user.lifecycle.create user.lifecycle.activate"},
			{filter(`target.id eq "`+id+`" and eventType sw "user.lifecycle.c"`) + "&until=2026-03-02T00:00:00Z", "user.lifecycle.create"},
			{filter(`outcome.result eq "failure"`), "user.session.start"},
			{filter(`eventType eq "user.lifecycle.suspend" or eventType eq "user.session.start"`) + "&until=2026-03-02T00:00:00Z", "user.lifecycle.suspend user.session.start"},
			{filter(`outcome.reason pr and not (outcome.result eq "SUCCESS")`), "user.session.start"},
			{filter(`target.alternateId co "J-K@"`), "user.lifecycle.create user.lifecycle.activate"},
			{filter(`securityContext.isProxy eq true`), ""},
			{"q=suspend", "user.lifecycle.suspend"},
			{"q=SUSPEND+i%40example.org", "user.lifecycle.suspend"},
			{"q=suspend+j-k%40example.org", ""},
			{"q=user.session.start", "user.session.start"},
			{"q=" + id, "user.lifecycle.create user.lifecycle.activate"},
			{"q=suspen", ""},
			{"q=failure&" + filter(`eventType eq "user.session.start"`), "user.session.start"},
		} {
			if got := types(c.query); got != c.want {
				t.Errorf("%s: %s, want %s", c.query, got, c.want)
			}
		}
		for query, code := range map[string]string{
			filter("eventType"): "E0000053", filter(`nothing eq "x"`): "E0000053", filter(`published gt "2026-01-01T00:00:00.000Z"`): "E0000053",
			filter(`securityContext.isProxy gt true`): "E0000031", filter(`eventType eq 5`): "E0000031",
			"q=" + strings.Repeat("x", 41): "E0000001", "q=" + strings.Repeat("x+", 11): "E0000001",
		} {
			app.Get("/api/v1/logs?"+query).Fails(400, code)
		}
	})
}

// TestLogChoicePages walks through chosen events page by page, bounded and
// polling.
func TestLogChoicePages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		for range 3 {
			app.Post("/api/v1/users/isaac.brock@example.com/lifecycle/suspend", nil).Want(200)
			app.Post("/api/v1/users/isaac.brock@example.com/lifecycle/unsuspend", nil).Want(200)
		}
		for _, query := range []string{"&until=2026-03-02T00:00:00Z", "&sortOrder=DESCENDING", ""} {
			path := "/api/v1/logs?limit=1&filter=" + url.QueryEscape(`eventType eq "user.lifecycle.suspend"`) + query
			seen := map[string]bool{}
			for pages := 0; ; pages++ {
				got := app.Get(path).Want(200)
				if uuid := got.Text("0.uuid"); uuid != "" {
					if seen[uuid] {
						t.Fatalf("%s: %s twice", query, uuid)
					}
					seen[uuid] = true
				}
				links := got.Header["Link"]
				if len(links) < 2 || query == "" && string(got.Body) == "[]" || pages > 9 {
					break
				}
				path = strings.TrimPrefix(links[1][1:strings.Index(links[1], ">")], "https://id.example.com")
			}
			if len(seen) != 3 {
				t.Errorf("%q: %d events", query, len(seen))
			}
		}
	})
}
