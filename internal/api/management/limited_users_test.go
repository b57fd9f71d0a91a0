package management_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// walked follows the pages of a list and returns the logins that it shows; each
// must be shown once, and no page may be longer than its limit.
func walked(t *testing.T, c *apptest.Client, path string) []string {
	t.Helper()
	var out []string
	for page := 0; path != ""; page++ {
		a := c.Get(path).Want(200)
		var users []struct{ Profile struct{ Login string } }
		a.JSON(&users)
		if page > 30 || strings.Contains(path+"&", "limit=2&") && len(users) > 2 {
			t.Fatalf("%s: page %d has %d users", path, page, len(users))
		}
		for _, u := range users {
			if slices.Contains(out, u.Profile.Login) {
				t.Errorf("%s: %s twice", path, u.Profile.Login)
			}
			out = append(out, u.Profile.Login)
		}
		path = next(t, a.Header.Values("Link"))
	}
	slices.Sort(out)
	return out
}

// TestLimitedUserLists: whichever way an administrator lists users, the list
// has those whom the same administrator can get, each once over all pages.
func TestLimitedUserLists(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		var groups []string
		for i := range 3 {
			groups = append(groups, app.Post("/api/v1/groups", fmt.Sprintf(`{"profile":{"name":"team %d"}}`, i)).Want(200).Text("id"))
		}
		for i := range 16 { // a user for each set of groups, twice
			var in []string
			for g, id := range groups {
				if i>>g&1 == 1 {
					in = append(in, `"`+id+`"`)
				}
			}
			id := app.Post("/api/v1/users", body(fmt.Sprintf("m%02d@example.org", i), password, `"groupIds":[`+strings.Join(in, ",")+`]`)).Want(200).Text("id")
			if i%5 == 1 {
				app.Post("/api/v1/users/"+id+"/lifecycle/deactivate", nil).Want(200)
			}
		}
		all := walked(t, app.Client, "/api/v1/users?search=id+pr&limit=200")
		search := func(text string) string { return "/api/v1/users?limit=2&search=" + url.QueryEscape(text) }
		paths := []string{
			"/api/v1/users?limit=2", "/api/v1/users?limit=200", "/api/v1/users?q=m0", "/api/v1/users?q=Isaac&limit=50",
			"/api/v1/users?limit=2&filter=" + url.QueryEscape(`status eq "ACTIVE"`), search("id pr"), search(`status eq "DEPROVISIONED"`),
			search(`profile.login sw "m"`), search(`profile.login ew "3@example.org"`), search(`profile.firstName eq "Isaac" and status eq "ACTIVE"`),
			search(`profile.login eq "m03@example.org"`), search("id pr") + "&sortBy=profile.login", search("status pr") + "&sortBy=created&sortOrder=desc",
		}
		for _, role := range []string{"USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN"} {
			for n, targets := range [][]string{nil, groups[:1], groups[1:]} {
				login := fmt.Sprintf("%s%d@example.net", strings.ToLower(role), n)
				c := deputy(t, app, login, role, targets...)
				var mine []string
				for _, login := range all {
					if a := c.Get("/api/v1/users/" + login); a.Status == 200 {
						mine = append(mine, login)
					}
				}
				if targets != nil && (len(mine) < 8 || len(mine) > 12) || targets == nil && len(mine) != len(all) {
					t.Fatalf("%s can get %d of %d", login, len(mine), len(all))
				}
				for _, path := range paths {
					var want []string
					for _, l := range walked(t, app.Client, path) {
						if slices.Contains(mine, l) || targets == nil && strings.HasSuffix(l, "@example.net") {
							want = append(want, l)
						}
					}
					if got := walked(t, c, path); !slices.Equal(got, want) {
						t.Errorf("%s %s:\n%v, want\n%v", login, path, got, want)
					}
				}
				for i, g := range groups {
					a := c.Get("/api/v1/groups/" + g + "/users")
					if targets == nil || slices.Contains(targets, g) {
						if got := walked(t, c, "/api/v1/groups/"+g+"/users?limit=2"); len(got) != 8 {
							t.Errorf("%s, group %d: %v", login, i, got)
						}
					} else {
						a.Fails(403, "E0000006")
					}
				}
			}
		}
	})
}

// TestLimitedAdministratorsAndRules: a group rule looks at everybody, so who is
// limited to some groups neither sees nor changes one.
func TestLimitedAdministratorsAndRules(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		mine := app.Post("/api/v1/groups", `{"profile":{"name":"mine"}}`).Want(200).Text("id")
		rule := func(name string) string {
			return `{"type":"group_rule","name":"` + name + `","conditions":{"expression":{"value":"user.city==\"x\"","type":"urn:okta:expression:1.0"}},"actions":{"assignUserToGroups":{"groupIds":["` + mine + `"]}}}`
		}
		made := app.Post("/api/v1/groups/rules", rule("one")).Want(200).Text("id")
		at := "/api/v1/groups/rules/" + made
		free := deputy(t, app, "free@example.org", "USER_ADMIN")
		if free.Get("/api/v1/groups/rules").Want(200).Text("0.id") != made {
			t.Error("who is not limited sees no rule")
		}
		free.Put(at, rule("renamed")).Want(200)
		c := deputy(t, app, "bound@example.org", "USER_ADMIN", mine)
		if a := c.Get("/api/v1/groups/rules").Want(200); string(a.Body) != "[]" {
			t.Errorf("%s", a.Body)
		}
		app.WantEvents(t, nil, func() {
			c.Get(at).Fails(403, "E0000006")
			c.Post("/api/v1/groups/rules", rule("two")).Fails(403, "E0000006")
			c.Put(at, rule("three")).Fails(403, "E0000006")
			c.Post(at+"/lifecycle/activate", nil).Fails(403, "E0000006")
			c.Post(at+"/lifecycle/deactivate", nil).Fails(403, "E0000006")
			c.Delete(at).Fails(403, "E0000006")
		})
		app.Get(at).Want(200)
	})
}

// TestLimitedAppLinks: of somebody else's applications an administrator of some
// sees these alone.
func TestLimitedAppLinks(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		one, two := addApp(t, app, bookmark), addApp(t, app, strings.Replace(bookmark, `"label":"`, `"label":"Second `, 1))
		c := deputy(t, app, "apps@example.org", "APP_ADMIN")
		role := app.Get("/api/v1/users/apps@example.org/roles").Want(200).Text("0.id")
		app.Put("/api/v1/users/apps@example.org/roles/"+role+"/targets/catalog/apps/bookmark/"+one, nil).Want(204)
		isaac := app.Get("/api/v1/users/isaac.brock@example.com").Want(200).Text("id")
		self := app.Get("/api/v1/users/apps@example.org").Want(200).Text("id")
		for _, id := range []string{one, two} {
			for _, u := range []string{isaac, self} {
				app.Post("/api/v1/apps/"+id+"/users", `{"id":"`+u+`"}`).Want(200)
			}
		}
		if got := shownBy(c.Get("/api/v1/users/"+isaac+"/appLinks").Want(200), "appInstanceId"); !slices.Equal(got, []string{one}) {
			t.Errorf("%v", got)
		}
		if got := shownBy(c.Get("/api/v1/users/me/appLinks").Want(200), "appInstanceId"); len(got) != 2 {
			t.Errorf("one's own: %v", got)
		}
	})
}

// TestLimitedListPastTheDeactivated: many members who are not listed make pages
// short, not slow, and hide nobody behind them.
func TestLimitedListPastTheDeactivated(t *testing.T) {
	app := apptest.New(t)
	group := app.Post("/api/v1/groups", `{"profile":{"name":"team"}}`).Want(200).Text("id")
	for i := range 30 {
		id := app.Post("/api/v1/users?activate=false", body(fmt.Sprintf("gone%02d@example.org", i), `"groupIds":["`+group+`"]`)).Want(200).Text("id")
		app.Post("/api/v1/users/"+id+"/lifecycle/deactivate", nil).Want(200)
	}
	app.Post("/api/v1/users", body("last@example.org", `"groupIds":["`+group+`"]`)).Want(200)
	c := deputy(t, app, "deputy@example.org", "USER_ADMIN", group)
	if a := c.Get("/api/v1/users?limit=1").Want(200); string(a.Body) != "[]" || next(t, a.Header.Values("Link")) == "" {
		t.Errorf("%s %v", a.Body, a.Header.Values("Link"))
	}
	if got := walked(t, c, "/api/v1/users?limit=1"); !slices.Equal(got, []string{"last@example.org"}) {
		t.Errorf("%v", got)
	}
}
