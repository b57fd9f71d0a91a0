package management_test

import (
	"fmt"
	"strings"
	"testing"

	"usher/internal/apptest"
)

const managers = `{"primary":{"name":"manager","title":"Manager","description":"Whom one reports to","type":"USER"},
 "associated":{"name":"subordinate","title":"Subordinate","description":"","type":"USER"}}`

func TestLinkedObjectDefinitions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const at = "/api/v1/meta/schemas/user/linkedObjects"
		runSteps(t, app, []step{
			{"create", []string{"directory.linked_object.create"}, func() {
				if a := app.Post(at, managers).Want(201); a.Text("primary.title") != "Manager" || a.Text("associated.name") != "subordinate" || a.Text("_links.self.href") != "https://id.example.com"+at+"/manager" {
					t.Errorf("%s", a.Body)
				}
			}},
			{"read", nil, func() {
				for _, path := range []string{at + "/manager", at + "/subordinate"} {
					if a := app.Get(path).Want(200); a.Text("primary.name") != "manager" || a.Text("primary.description") != "Whom one reports to" {
						t.Errorf("%s", a.Body)
					}
				}
				if a := app.Get(at).Want(200); a.Text("0.primary.name") != "manager" || a.At("1") != nil {
					t.Errorf("%s", a.Body)
				}
				app.Get(at+"/nobody").Fails(404, "E0000007")
			}},
			{"refuse", nil, func() {
				swap := func(old, new string) string { return strings.Replace(managers, old, new, 1) }
				for body, member := range map[string]string{
					managers: "", `{}`: "primary", swap(`"manager"`, `"1st"`): "primary.name", swap(`"manager"`, `""`): "primary.name", swap(`"manager"`, `"a-b"`): "primary.name",
					swap(`"Manager"`, `" "`): "primary.title", swap(`"USER"`, `"GROUP"`): "primary.type",
					swap(`"manager"`, `"subordinate"`): "associated.name", swap(`"manager"`, `"boss"`): "associated.name",
				} {
					a := app.Post(at, body).Fails(400, "E0000001")
					if cause := a.Text("errorCauses.0.errorSummary"); !strings.HasPrefix(cause, member) {
						t.Errorf("%s: %s", body, cause)
					}
				}
			}},
			{"delete", []string{"directory.linked_object.delete"}, func() {
				app.Delete(at + "/subordinate").Want(204)
				app.Get(at+"/manager").Fails(404, "E0000007")
				app.Delete(at+"/manager").Fails(404, "E0000007")
			}},
		})
	})
}

func TestLinkedUsers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		app.Post("/api/v1/meta/schemas/user/linkedObjects", managers).Want(201)
		group := app.Post("/api/v1/groups", `{"profile":{"name":"team"}}`).Want(200).Text("id")
		var ids []string
		for i := range 5 {
			in := ""
			if i < 3 {
				in = `"` + group + `"`
			}
			ids = append(ids, app.Post("/api/v1/users", body(fmt.Sprintf("u%d@example.org", i), `"groupIds":[`+in+`]`)).Want(200).Text("id"))
		}
		at := func(i int, rest string) string { return "/api/v1/users/" + ids[i] + "/linkedObjects/" + rest }
		linked := func(c *apptest.Client, path string) string {
			var out []string
			for path != "" {
				a := c.Get(path).Want(200)
				var list []struct {
					Links struct{ Self struct{ Href string } } `json:"_links"`
				}
				a.JSON(&list)
				for _, l := range list {
					id := strings.TrimPrefix(l.Links.Self.Href, "https://id.example.com/api/v1/users/")
					for i := range ids {
						if ids[i] == id {
							out = append(out, fmt.Sprint(i))
						}
					}
				}
				path = next(t, a.Header.Values("Link"))
			}
			return strings.Join(out, " ")
		}
		c := deputy(t, app, "deputy@example.net", "USER_ADMIN", group)
		changed := "user.account.update_profile"
		runSteps(t, app, []step{
			{"link", []string{changed, changed, changed}, func() {
				for _, i := range []int{1, 2, 4} {
					app.Put(at(i, "manager/"+ids[0]), nil).Want(204)
				}
			}},
			{"the same again", nil, func() { app.Put(at(1, "manager/u0@example.org"), nil).Want(204) }},
			{"read", nil, func() {
				for path, want := range map[string]string{
					at(1, "manager"): "0", at(0, "manager"): "", at(3, "manager"): "", at(0, "subordinate"): "1 2 4", at(0, "subordinate?limit=1"): "1 2 4", at(4, "subordinate"): "",
				} {
					if got := linked(app.Client, path); got != want {
						t.Errorf("%s: %q, want %q", path, got, want)
					}
				}
				app.Get(at(0, "nobody")).Fails(404, "E0000007")
				app.Get(at(0, "subordinate?after=x")).Fails(400, "E0000029")
			}},
			{"another primary takes the place", []string{changed}, func() {
				app.Put(at(2, "manager/"+ids[3]), nil).Want(204)
				if got := linked(app.Client, at(2, "manager")) + "|" + linked(app.Client, at(0, "subordinate")); got != "3|1 4" {
					t.Error(got)
				}
			}},
			{"refuse", nil, func() {
				app.Put(at(2, "subordinate/"+ids[0]), nil).Fails(400, "E0000001")
				app.Put(at(2, "nobody/"+ids[0]), nil).Fails(404, "E0000007")
				app.Put(at(2, "manager/00unobody"), nil).Fails(404, "E0000007")
			}},
			{"within reach", nil, func() {
				if got := linked(c, at(0, "subordinate")); got != "1" {
					t.Errorf("%q", got)
				}
				c.Get(at(4, "manager")).Fails(403, "E0000006")
				c.Put(at(4, "manager/"+ids[1]), nil).Fails(403, "E0000006")
				c.Put(at(1, "manager/"+ids[4]), nil).Fails(403, "E0000006")
			}},
			{"unlink", []string{changed}, func() {
				app.Delete(at(4, "manager")).Want(204)
				app.Delete(at(4, "manager")).Want(204)
				if got := linked(app.Client, at(0, "subordinate")); got != "1" {
					t.Errorf("%q", got)
				}
			}},
		})
		// Links go with the users.
		for range 2 {
			app.Delete("/api/v1/users/" + ids[3]).Want(204)
		}
		if got := linked(app.Client, at(2, "manager")); got != "" {
			t.Errorf("%q", got)
		}
	})
}
