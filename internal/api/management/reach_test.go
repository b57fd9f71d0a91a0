package management_test

import (
	"net/http"
	"testing"

	"usher/internal/apptest"
)

// TestTargetsOfUsersRoles: the roles of a user are limited like those of a
// group, target by target.
func TestTargetsOfUsersRoles(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := app.Post("/api/v1/users", body("i@example.org")).Want(200).Text("id")
		group := func(name string) string {
			return app.Post("/api/v1/groups", map[string]any{"profile": map[string]string{"name": name}}).Want(200).Text("id")
		}
		staff, guests := group("staff"), group("guests")
		at := "/api/v1/users/" + id + "/roles"
		role := at + "/" + app.Post(at, `{"type":"USER_ADMIN"}`).Want(201).Text("id")
		app.Put(role+"/targets/groups/"+staff, nil).Want(204)
		app.Put(role+"/targets/groups/"+guests, nil).Want(204)
		if got := app.Get(role + "/targets/groups").Want(200); got.Text("0.id") != staff || got.Text("1.id") != guests {
			t.Errorf("%s", got.Body)
		}
		app.Delete(role + "/targets/groups/" + staff).Want(204)
		if got := app.Get(role + "/targets/groups").Want(200); got.Text("0.id") != guests || got.At("1") != nil {
			t.Errorf("%s", got.Body)
		}

		one, two := addApp(t, app, bookmark), addApp(t, app, bookmark)
		apps := at + "/" + app.Post(at, `{"type":"APP_ADMIN"}`).Want(201).Text("id") + "/targets/catalog/apps/bookmark/"
		app.Put(apps+one, nil).Want(204)
		app.Put(apps+two, nil).Want(204)
		app.Delete(apps + one).Want(204)
		app.Delete(apps+one).Fails(http.StatusNotFound, "E0000007")

		admins := "/api/v1/groups/" + group("admins") + "/roles"
		held := admins + "/" + app.Post(admins, `{"type":"APP_ADMIN"}`).Want(201).Text("id")
		if got := app.Get(held).Want(200); got.Text("type") != "APP_ADMIN" || got.Text("assignmentType") != "GROUP" {
			t.Errorf("%s", got.Body)
		}
		app.Put(held+"/targets/catalog/apps/bookmark", nil).Want(200)
		app.Post("/api/v1/apps", web).Want(200)
		app.Put(held+"/targets/catalog/apps/oidc_client", nil).Want(200)
		app.Delete(held + "/targets/catalog/apps/bookmark").Want(204)
	})
}

// TestUnlockByAdministrator: whoever is locked out by wrong passwords gets in
// again with the old one.
func TestUnlockByAdministrator(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const login = "ada.example@example.com"
		signIn := func(password string) *apptest.Answer {
			return app.Anonymous().Post("/api/v1/authn", map[string]string{"username": login, "password": password})
		}
		app.Post("/api/v1/users/"+login+"/lifecycle/unlock", nil).Fails(http.StatusForbidden, "E0000032")
		for range 10 {
			signIn("Wrong-Password-1").Fails(http.StatusUnauthorized, "E0000004")
		}
		signIn(apptest.Password).Fails(http.StatusUnauthorized, "E0000004")
		if got := app.Get("/api/v1/users/" + login).Want(200).Text("status"); got != "LOCKED_OUT" {
			t.Fatal(got)
		}
		app.WantEvents(t, []string{"user.account.unlock_by_admin SUCCESS"}, func() {
			app.Post("/api/v1/users/"+login+"/lifecycle/unlock", nil).Want(200)
		})
		signIn(apptest.Password).Want(200)
	})
}

// TestReadTrustedOrigin reads one origin by its id.
func TestReadTrustedOrigin(t *testing.T) {
	app := apptest.New(t)
	made := app.Post("/api/v1/trustedOrigins", `{"name":"Front end","origin":"https://app.example.org","scopes":[{"type":"CORS"}]}`).Want(200)
	if got := app.Get("/api/v1/trustedOrigins/" + made.Text("id")).Want(200); got.Text("origin") != "https://app.example.org" {
		t.Errorf("%s", got.Body)
	}
	app.Get("/api/v1/trustedOrigins/tosnothere0000000000").Fails(http.StatusNotFound, "E0000007")
}
