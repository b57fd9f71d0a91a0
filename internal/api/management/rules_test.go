package management_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// ruleJSON is a rule as Terraform sends it. (recorded requests)
func ruleJSON(name, expression string, groups ...string) string {
	return fmt.Sprintf(`{"actions":{"assignUserToGroups":{"groupIds":["%s"]}},"conditions":{"expression":{"type":"urn:okta:expression:1.0","value":%q},"people":{"users":{}}},"name":%q,"type":"group_rule"}`,
		strings.Join(groups, `","`), expression, name)
}

func TestRuleLife(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		group := made(t, app.Client, "/api/v1/groups", `{"profile":{"name":"andys"}}`)
		app.Post("/api/v1/users?activate=false", strings.Replace(body("andy@example.com"), "Isaac", "andy", 1)).Want(200)
		rule := app.Post("/api/v1/groups/rules", ruleJSON("Andys", `String.startsWith(user.firstName,"andy")`, group)).Want(200)
		id := rule.Text("id")
		want := `{"type":"group_rule","id":"` + id + `","status":"INACTIVE","name":"Andys","created":"2026-03-01T12:00:00.000Z","lastUpdated":"2026-03-01T12:00:00.000Z",` +
			`"conditions":{"people":{"users":{"exclude":[]},"groups":{"exclude":[]}},"expression":{"value":"String.startsWith(user.firstName,\"andy\")","type":"urn:okta:expression:1.0"}},` +
			`"actions":{"assignUserToGroups":{"groupIds":["` + group + `"]}},"allGroupsValid":true}`
		if string(rule.Body) != want {
			t.Errorf("%s\nwant\n%s", rule.Body, want)
		}
		path := "/api/v1/groups/rules/" + id
		app.Clock.Advance(2 * time.Second)
		app.WantEvents(t, []string{
			"group.user_membership.rule.trigger SUCCESS", "group.user_membership.add SUCCESS", "group.user_membership.rule.evaluation SUCCESS",
		}, func() { app.Post(path+"/lifecycle/activate", nil).Want(204) })
		if a := app.Get(path).Want(200); a.Text("status") != "ACTIVE" || a.Text("lastUpdated") != "2026-03-01T12:00:02.000Z" {
			t.Errorf("%s", a.Body)
		}
		members := "/api/v1/groups/" + group + "/users"
		if a := app.Get(members + "?managedBy=" + id).Want(200); a.Text("0.profile.login") != "andy@example.com" || a.At("1") != nil {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(members + "?managedBy=user").Want(200); string(a.Body) != "[]" {
			t.Errorf("%s", a.Body)
		}
		log := app.Get(`/api/v1/logs?since=2026-03-01T00:00:00Z&limit=1000`).Want(200)
		if !strings.Contains(string(log.Body), `"triggeredByGroupRuleId":"`+id+`"`) || !strings.Contains(string(log.Body), `"type":"Rule"`) {
			t.Errorf("%s", log.Body)
		}
		app.Put(path, ruleJSON("Andys", `user.firstName == "andy"`, group)).Fails(400, "E0000001")
		app.WantEvents(t, []string{"group.user_membership.rule.add_exclusion SUCCESS", "group.user_membership.remove SUCCESS"}, func() {
			app.Delete(members + "/andy@example.com").Want(204)
		})
		app.WantEvents(t, []string{"group.user_membership.rule.deactivated SUCCESS"}, func() { app.Post(path+"/lifecycle/deactivate", nil).Want(204) })
		if a := app.Put(path, ruleJSON("Andies", `user.firstName == "andy"`, group)).Want(200); a.Text("name") != "Andies" || a.Text("status") != "INACTIVE" {
			t.Errorf("%s", a.Body)
		}
		app.Post(path+"/lifecycle/activate", nil).Want(204)
		if a := app.Delete(path + "?removeUsers=true").Want(202); len(a.Body) > 0 {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(members).Want(200); string(a.Body) != "[]" {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(path).Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: "+id+" (PolicyRule)" {
			t.Errorf("%s", a.Body)
		}
	})
}

func TestRuleListAndExpand(t *testing.T) {
	app := apptest.New(t)
	group := made(t, app.Client, "/api/v1/groups", `{"profile":{"name":"andys"}}`)
	for i := range 3 {
		app.Post("/api/v1/groups/rules", ruleJSON(fmt.Sprintf("Rule %d", i), "true", group)).Want(200)
	}
	a := app.Get("/api/v1/groups/rules?limit=2").Want(200)
	if a.Text("0.name") != "Rule 0" || a.At("2") != nil || a.Text("0._embedded") != "" {
		t.Errorf("%s", a.Body)
	}
	if b := app.Get(next(t, a.Header.Values("Link"))).Want(200); b.Text("0.name") != "Rule 2" || b.At("1") != nil || len(b.Header.Values("Link")) != 1 {
		t.Errorf("%s", b.Body)
	}
	if a := app.Get("/api/v1/groups/rules?limit=1&search=rule+1").Want(200); a.Text("0.name") != "Rule 1" ||
		a.Header.Get("Link") != `<https://id.example.com/api/v1/groups/rules?limit=1&search=rule+1>; rel="self"` {
		t.Errorf("%s %v", a.Body, a.Header)
	}
	id := a.Text("0.id")
	for _, path := range []string{"/api/v1/groups/rules/" + id, "/api/v1/groups/rules"} {
		a := app.Get(path + "?expand=groupIdToGroupNameMap").Want(200)
		if !strings.Contains(string(a.Body), `"_embedded":{"groupIdToGroupNameMap":{"`+group+`":"andys"}}`) {
			t.Errorf("%s", a.Body)
		}
		app.Get(path+"?expand=other").Fails(501, "E0000060")
	}
	app.Get("/api/v1/groups/rules?limit=x").Fails(400, "E0000029")
}

func TestRuleRefusals(t *testing.T) {
	app := apptest.New(t)
	group := made(t, app.Client, "/api/v1/groups", `{"profile":{"name":"andys"}}`)
	if a := app.Post("/api/v1/groups/rules", ruleJSON("x", `user.firstName =`, group)).Fails(400, "E0000001", "Invalid expression syntax user.firstName =", "conditions: Invalid expression"); a.Text("errorSummary") != "Api validation failed: validateRule" {
		t.Errorf("%s", a.Body)
	}
	app.Post("/api/v1/groups/rules", ruleJSON("x", `true`, group)).Want(200)
	app.WantEvents(t, nil, func() {
		app.Post("/api/v1/groups/rules", ruleJSON("x", `true`, group)).Fails(400, "E0000001", "name: Policy rule name already in use")
		app.Post("/api/v1/groups/rules", strings.Replace(ruleJSON("y", `true`, group), "group_rule", "other", 1)).Fails(400, "E0000001")
		app.Post("/api/v1/groups/rules", strings.Replace(ruleJSON("y", `true`, group), `"users":{}`, `"users":{"include":["00u1"]}`, 1)).Fails(400, "E0000001")
		app.Post("/api/v1/groups/rules", strings.Replace(ruleJSON("y", `true`, group), `"users":{}`, `"groups":{"exclude":["00g1"]}`, 1)).Fails(400, "E0000001")
		app.Post("/api/v1/groups/rules", `{"name":5}`).Fails(400, "E0000003")
		app.Post("/api/v1/groups/rules", `{}`).Fails(400, "E0000001")
	})
	id := app.Get("/api/v1/groups/rules").Text("0.id")
	path := "/api/v1/groups/rules/" + id
	app.WantEvents(t, []string{"group.user_membership.rule.invalidate SUCCESS", "group.lifecycle.delete SUCCESS"}, func() { app.Delete("/api/v1/groups/" + group).Want(204) })
	if a := app.Get(path).Want(200); a.Text("status") != "INVALID" || a.At("allGroupsValid") != false {
		t.Errorf("%s", a.Body)
	}
	for _, op := range []string{"activate", "deactivate"} {
		if a := app.Post(path+"/lifecycle/"+op, nil).Fails(400, "E0000001", "Cannot activate or deactivate a Group Rule with the status INVALID."); a.Text("errorSummary") != "Api validation failed: updateRuleStatus" {
			t.Errorf("%s", a.Body)
		}
	}
	app.Delete(path+"?removeUsers=x").Fails(400, "E0000002")
	app.Delete(path).Want(202)
	app.Anonymous().Get("/api/v1/groups/rules").Fails(403, "E0000005")
}

func TestGroupSearchOnTheWire(t *testing.T) {
	app := apptest.New(t)
	for _, name := range []string{"West", "east", "Weston"} {
		app.Post("/api/v1/groups", `{"profile":{"name":"`+name+`","description":"The `+name+`"}}`).Want(200)
	}
	names := func(path string) string {
		t.Helper()
		var out []string
		for path != "" {
			a := app.Get(path).Want(200)
			var groups []struct{ Profile struct{ Name string } }
			a.JSON(&groups)
			for _, g := range groups {
				out = append(out, g.Profile.Name)
			}
			path = ""
			if len(a.Header.Values("Link")) > 1 {
				path = next(t, a.Header.Values("Link"))
			}
		}
		return strings.Join(out, " ")
	}
	for path, want := range map[string]string{
		`search=profile.name+sw+"WEST"`:                                                    "West Weston",
		`search=profile.description+co+"we"&limit=1`:                                       "West Weston",
		`search=type+eq+"OKTA_GROUP"&sortBy=profile.name&limit=1`:                          "east West Weston",
		`search=type+eq+"OKTA_GROUP"&sortBy=profile.name&sortOrder=desc&limit=1`:           "Weston West east",
		`search=type+eq+"OKTA_GROUP"&sortBy=profile.description&sortOrder=desc&limit=1`:    "Weston West east",
		`search=created+ge+"2026-03-01T12:00:00.000Z"&limit=2&sortOrder=0&sortBy=created`:  "Everyone West east Weston",
		`filter=type+eq+"BUILT_IN"&limit=200`:                                              "Everyone",
		`filter=type+eq+"APP_GROUP"`:                                                       "",
		`filter=lastUpdated+gt+"2026-03-01T12:00:00.000Z"+or+type+eq+"OKTA_GROUP"&limit=2`: "West east Weston",
		`q=we&filter=type+eq+"OKTA_GROUP"`:                                                 "West Weston",
		`q=we&filter=type+eq+"APP_GROUP"`:                                                  "",
	} {
		if got := names("/api/v1/groups?" + strings.ReplaceAll(path, `"`, "%22")); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if a := app.Get("/api/v1/groups?q=we&filter=type+eq+%22APP_GROUP%22&sortBy=name&limit=1").Want(200); a.Header.Values("Link") != nil {
		t.Errorf("%v", a.Header)
	}
	for path, code := range map[string]string{
		"search=x": "E0000031", "filter=name+eq+%22x%22": "E0000031", "search=id+pr&filter=x": "E0000033", "search=id+pr&q=x": "E0000033",
		"search=created+gt+%22x%22": "E0000030", "search=id+pr&sortBy=x": "E0000031", "search=id+pr&sortOrder=up": "E0000002", "after=x": "E0000029",
	} {
		app.Get("/api/v1/groups?"+path).Fails(400, code)
	}
	app.Get("/api/v1/groups?expand=other").Fails(501, "E0000060")
	everyone := app.Get("/api/v1/groups?filter=type+eq+%22BUILT_IN%22&expand=stats,app").Want(200)
	if everyone.At("0._embedded.stats.usersCount") != 3.0 || everyone.At("0._embedded.stats.hasAdminPrivilege") != false {
		t.Errorf("%s", everyone.Body)
	}
	if a := app.Get("/api/v1/groups/" + everyone.Text("0.id") + "?expand=stats").Want(200); a.At("_embedded.stats.appsCount") == nil {
		t.Errorf("%s", a.Body)
	}
	app.Get("/api/v1/groups/"+everyone.Text("0.id")+"/users?managedBy=x").Fails(400, "E0000002")
}

// TestRuleOfTruth: an attribute alone is a condition where it is a truth value, and
// text never is.
func TestRuleOfTruth(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		app.Post("/api/v1/meta/schemas/user/default", `{"definitions":{"custom":{"id":"#custom","type":"object","properties":{"remote":{"title":"Remote","type":"boolean"}}}}}`).Want(200)
		group := app.Post("/api/v1/groups", `{"profile":{"name":"remote"}}`).Want(200).Text("id")
		rule := func(expression string) *apptest.Answer {
			return app.Post("/api/v1/groups/rules", `{"type":"group_rule","name":"`+expression+`","conditions":{"expression":{"type":"urn:okta:expression:1.0","value":"`+expression+
				`"}},"actions":{"assignUserToGroups":{"groupIds":["`+group+`"]}}}`)
		}
		rule("user.remote").Want(200)
		rule("user.city == 'x' ? user.remote : null").Want(200)
		rule("user.department").Fails(400, "E0000001", "Invalid expression syntax user.department", "conditions: Invalid expression")
		rule("user.city ?: user.department").Fails(400, "E0000001")
	})
}
