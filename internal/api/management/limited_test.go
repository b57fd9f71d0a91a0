package management_test

import (
	"slices"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// shownBy lists what an answer has, by the member that names it.
func shownBy(a *apptest.Answer, member string) []string {
	var out []string
	for _, i := range []string{"0", "1", "2", "3", "4", "5"} {
		if name := a.Text(i + "." + member); name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// TestLimitedLists: administrators who are limited to some groups or
// applications are told of no others, however they look for them.
func TestLimitedLists(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		mine := app.Post("/api/v1/groups", `{"profile":{"name":"team mine","description":"a"}}`).Want(200).Text("id")
		other := app.Post("/api/v1/groups", `{"profile":{"name":"team other","description":"b"}}`).Want(200).Text("id")
		u := app.Post("/api/v1/users", body("in@example.org", password, `"groupIds":["`+mine+`","`+other+`"]`)).Want(200).Text("id")
		one, two := addApp(t, app, bookmark), addApp(t, app, strings.Replace(bookmark, `"label":"`, `"label":"Second `, 1))
		for _, id := range []string{one, two} {
			app.Put("/api/v1/apps/"+id+"/groups/"+mine, "{}").Want(200)
		}
		client := addApp(t, app, web)
		all, limited := []string{"Everyone", "team mine", "team other"}, []string{"team mine"}
		lists := map[string][2][]string{ // for nobody's and somebody's limits
			"/api/v1/groups": {all, limited},
			"/api/v1/groups?search=type+pr&sortBy=profile.name":                {all, limited},
			"/api/v1/groups?search=type+pr&sortBy=profile.description&limit=9": {all, limited},
			"/api/v1/groups?search=profile.description+pr":                     {all, limited},
			"/api/v1/groups?q=team":                                            {all[1:], limited},
			"/api/v1/groups?filter=type+eq+%22BUILT_IN%22":                     {all[:1], nil},
			"/api/v1/users/" + u + "/groups":                                   {all, limited},
		}
		for _, role := range []string{"USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN", "APP_ADMIN", "ORG_ADMIN", "READ_ONLY_ADMIN"} {
			groups, fixed := []string{mine}, 1
			if role == "APP_ADMIN" || role == "ORG_ADMIN" || role == "READ_ONLY_ADMIN" {
				groups, fixed = nil, 0 // such a role is not limited to groups
			}
			c := deputy(t, app, strings.ToLower(role)+"@example.org", role, groups...)
			for path, want := range lists {
				if got := shownBy(c.Get(path).Want(200), "profile.name"); !slices.Equal(got, want[fixed]) {
					t.Errorf("%s %s: %v, want %v", role, path, got, want[fixed])
				}
			}
			if role == "USER_ADMIN" {
				c.Get("/api/v1/org/factors/yubikey_token/tokens").Fails(403, "E0000006")
			}
			a := c.Get("/api/v1/groups/" + other)
			if fixed == 1 {
				a.Fails(403, "E0000006")
			} else {
				a.Want(200)
			}
			if a := c.Get("/api/v1/groups/" + mine + "?expand=stats").Want(200); a.At("_embedded.stats.usersCount") != 1.0 || a.At("_embedded.stats.appsCount") != 2.0 {
				t.Errorf("%s: %s", role, a.Body)
			}
		}
		deputy(t, app, "keys@example.org", "USER_ADMIN").Get("/api/v1/org/factors/yubikey_token/tokens").Want(200)
		// By a role of their own group, and with no target at all.
		if got := shownBy(deputy(t, app, "free@example.org", "USER_ADMIN").Get("/api/v1/groups").Want(200), "profile.name"); !slices.Equal(got, all) {
			t.Errorf("%v", got)
		}

		// Those of applications.
		for target, want := range map[string][]string{"bookmark/" + one: {one}, "bookmark": {one, two}, "oidc_client": {client}} {
			login := strings.ReplaceAll(target, "/", ".") + "@example.org"
			c := deputy(t, app, login, "APP_ADMIN")
			role := app.Get("/api/v1/users/" + login + "/roles").Want(200).Text("0.id")
			app.Put("/api/v1/users/"+login+"/roles/"+role+"/targets/catalog/apps/"+target, nil)
			for path, also := range map[string][]string{
				"/api/v1/apps": want, "/api/v1/apps?limit=200": want, "/api/v1/apps?filter=status+eq+%22ACTIVE%22": want,
				"/api/v1/groups/" + mine + "/apps": slices.DeleteFunc(slices.Clone(want), func(id string) bool { return id == client }),
			} {
				slices.Sort(also)
				if got := shownBy(c.Get(path).Want(200), "id"); !slices.Equal(got, also) {
					t.Errorf("%s %s: %v, want %v", target, path, got, also)
				}
			}
			for _, id := range []string{one, two, client} {
				for _, path := range []string{"", "/users", "/groups", "/credentials/keys", "/groups/" + mine} {
					a := c.Get("/api/v1/apps/" + id + path)
					if !slices.Contains(want, id) {
						a.Fails(403, "E0000006")
					} else if id != client || path != "/groups/"+mine {
						a.Want(200)
					}
				}
			}
			figure := 0.0
			for _, id := range want {
				if id != client {
					figure++
				}
			}
			if a := c.Get("/api/v1/groups/" + mine + "?expand=stats").Want(200); a.At("_embedded.stats.appsCount") != figure {
				t.Errorf("%s: %s", target, a.Body)
			}
			if got := shownBy(c.Get("/api/v1/groups").Want(200), "profile.name"); !slices.Equal(got, all) {
				t.Errorf("%s: %v", target, got)
			}
			// What holds for everybody is not theirs.
			c.Get("/api/v1/logs").Fails(403, "E0000006")
			for path, body := range map[string]string{
				"schemas/user/default": `{"definitions":{"custom":{"id":"#custom","type":"object","properties":{"x":{"title":"x","type":"string"}},"required":[]}}}`,
				"types/user":           `{"name":"x","displayName":"x"}`, "schemas/group/default": `{"definitions":{"custom":{"id":"#custom","type":"object","properties":{}}}}`,
				"schemas/user/linkedObjects": `{"primary":{"name":"boss","title":"Boss","type":"USER"},"associated":{"name":"staff","title":"Staff","type":"USER"}}`,
			} {
				c.Post("/api/v1/meta/"+path, body).Fails(403, "E0000006")
			}
			if a := c.Get("/oauth2/v1/clients/" + client); slices.Contains(want, client) {
				a.Want(200)
			} else {
				a.Fails(403, "E0000006")
			}
		}
	})
}
