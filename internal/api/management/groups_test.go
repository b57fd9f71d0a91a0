package management_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

func TestGroupLife(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		g := app.Post("/api/v1/groups", `{"profile":{"name":"West Coast users","description":"all"}}`).Want(200)
		id := g.Text("id")
		if g.Text("type") != "OKTA_GROUP" || g.Text("objectClass.0") != "okta:user_group" || g.Text("profile.description") != "all" {
			t.Errorf("%s", g.Body)
		}
		app.Clock.Advance(2 * time.Second)
		if a := app.Put("/api/v1/groups/"+id, `{"profile":{"name":"East"}}`).Want(200); a.At("profile.description") != nil || a.Text("lastUpdated") != "2026-03-01T12:00:02.000Z" {
			t.Errorf("%s", a.Body)
		}
		member := "/api/v1/groups/" + id + "/users/isaac.brock@example.com"
		app.WantEvents(t, []string{"group.user_membership.add SUCCESS"}, func() {
			app.Put(member, nil).Want(204)
			app.Put(member, nil).Want(204)
		})
		if a := app.Get("/api/v1/groups/" + id + "/users?limit=200").Want(200); a.Text("0.profile.login") != "isaac.brock@example.com" || a.At("1") != nil || len(a.Header.Values("Link")) != 1 {
			t.Errorf("%s %v", a.Body, a.Header)
		}
		of := app.Get("/api/v1/users/isaac.brock/groups").Want(200)
		if of.Text("0.profile.name") != "Everyone" || of.Text("1.id") != id || of.Header.Get("Link") != `<https://id.example.com/api/v1/users/isaac.brock/groups?limit=200>; rel="self"` {
			t.Errorf("%s %v", of.Body, of.Header)
		}
		if a := app.Get("/api/v1/users/isaac.brock/groups?limit=1").Want(200); a.At("1") != nil || app.Get(next(t, a.Header.Values("Link"))).Text("0.id") != id {
			t.Errorf("%s %v", a.Body, a.Header)
		}
		app.Delete(member).Want(204)
		app.Delete(member).Want(204)
		if a := app.Get("/api/v1/groups/" + id + "/users").Want(200); string(a.Body) != "[]" {
			t.Errorf("%s", a.Body)
		}
		app.Delete("/api/v1/groups/" + id).Want(204)
		if a := app.Get("/api/v1/groups/"+id).Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: "+id+" (UserGroup)" {
			t.Errorf("%s", a.Body)
		}
		app.Get("/api/v1/groups/"+id+"/users").Fails(404, "E0000007")
	})
}

func TestGroupListsAndRefusals(t *testing.T) {
	app := apptest.New(t)
	everyone := app.Get("/api/v1/groups?q=Everyone").Want(200)
	if everyone.Text("0.type") != "BUILT_IN" || everyone.Text("0.profile.description") != "All users in your organization" || everyone.Header.Values("Link") != nil {
		t.Errorf("%s %v", everyone.Body, everyone.Header)
	}
	id := everyone.Text("0.id")
	app.Put("/api/v1/groups/"+id, `{"profile":{"name":"All"}}`).Fails(501, "E0000060")
	app.Delete("/api/v1/groups/"+id).Fails(501, "E0000060")
	app.Put("/api/v1/groups/"+id+"/users/me", nil).Fails(501, "E0000060")
	if a := app.Get("/api/v1/groups/" + id + "/users?limit=2").Want(200); a.At("1") == nil || next(t, a.Header.Values("Link")) == "" {
		t.Errorf("%s %v", a.Body, a.Header)
	}
	app.Post("/api/v1/groups", `{}`).Fails(400, "E0000001", "name: The field cannot be left blank")
	app.Post("/api/v1/groups", `{"profile":{"name":"Everyone"}}`).Fails(400, "E0000001", "name: An object with this field already exists in the current organization")
	for _, name := range []string{"a", "b", "c"} {
		app.Post("/api/v1/groups", `{"profile":{"name":"`+name+`"}}`).Want(200)
	}
	var names []string
	for path := "/api/v1/groups?limit=2"; path != ""; {
		a := app.Get(path).Want(200)
		var groups []struct{ Profile struct{ Name string } }
		a.JSON(&groups)
		for _, g := range groups {
			names = append(names, g.Profile.Name)
		}
		path = next(t, a.Header.Values("Link"))
	}
	if strings.Join(names, " ") != "Everyone a b c" {
		t.Errorf("%q", names)
	}
	logo := app.Get("/assets/groups/medium.png").Want(200)
	if logo.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(string(logo.Body), "\x89PNG") {
		t.Errorf("%v", logo.Header)
	}
}

func TestOrganization(t *testing.T) {
	app := apptest.New(t)
	a := app.Anonymous().Get("/.well-known/okta-organization").Want(200)
	if a.Text("id") != app.Seeded.OrgID || a.Text("pipeline") != "idx" || a.Text("_links.organization.href") != "https://id.example.com" {
		t.Errorf("%s", a.Body)
	}
}
