package management_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/idp"
)

// TestAPITokens: administrators see which tokens there are, who has them and when
// they were used, and end them; nobody sees a secret.
func TestAPITokens(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		deputy := deputyOf(t, app, idp.RoleOrgAdmin)
		const help = "xhelp_desk_admin@example.org"
		helper := deputyOf(t, app, idp.RoleHelpDeskAdmin)
		owner := app.Get("/api/v1/users/" + help).Want(200).Text("id")
		list := func(c *apptest.Client) map[string]string { // identifiers by owners
			var all []struct{ ID, UserID string }
			c.Get("/api/v1/api-tokens").Want(200).JSON(&all)
			out := map[string]string{}
			for _, v := range all {
				out[v.UserID] = v.ID
			}
			return out
		}
		all := list(deputy)
		own := all[app.Get("/api/v1/users/me").Want(200).Text("id")]
		if len(all) != 3 || own == "" || all[owner] == "" {
			t.Fatalf("%v", all)
		}
		app.Clock.Advance(2 * time.Minute)
		helper.Get("/api/v1/users/me").Want(200)
		at := "/api/v1/api-tokens/" + all[owner]
		a := app.Get(at).Want(200)
		now := app.Clock.Now().UTC()
		const layout = "2006-01-02T15:04:05.000Z"
		if a.Text("name") != "test" || a.Text("lastUpdated") != now.Format(layout) || a.Text("expiresAt") != now.Add(30*24*time.Hour).Format(layout) || !strings.HasSuffix(a.Text("_links.user.href"), owner) {
			t.Errorf("%s", a.Body)
		}
		if page := app.Get("/api/v1/api-tokens?limit=1").Want(200); page.At("0.id") == nil || page.At("1.id") != nil || !strings.Contains(strings.Join(page.Header["Link"], ""), "after=") {
			t.Errorf("%s %v", page.Body, page.Header["Link"])
		}
		app.Get("/api/v1/api-tokens/00Tnobody").Fails(404, "E0000007")
		app.Delete("/api/v1/api-tokens/00Tnobody").Fails(404, "E0000007")
		helper.Delete(at).Fails(403, "E0000006")
		// Whoever is not a super administrator does not disarm one.
		deputy.Delete("/api/v1/api-tokens/"+own).Fails(403, "E0000006")
		app.WantEvents(t, []string{"system.api_token.revoke SUCCESS"}, func() { deputy.Delete(at).Want(204) })
		helper.Get("/api/v1/users/me").Fails(401, "E0000011")
		app.Get(at).Fails(404, "E0000007")
		// One that was not used for long is no more.
		app.Clock.Advance(29 * 24 * time.Hour)
		app.Get("/api/v1/users/me").Want(200)
		app.Clock.Advance(29 * 24 * time.Hour)
		if all := list(app.Client); len(all) != 1 || all[app.Get("/api/v1/users/me").Want(200).Text("id")] != own {
			t.Errorf("%v", all)
		}
		app.Delete("/api/v1/api-tokens/" + own).Want(204)
		app.Get("/api/v1/users/me").Fails(401, "E0000011")
	})
}
