package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

// TestAdministratorsAreTold: with sendEmail=true the active administrators of
// the whole organisation read in their mail that a user is gone, and nobody
// does without.
func TestAdministratorsAreTold(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		group := app.Post("/api/v1/groups", `{"profile":{"name":"admins"}}`).Want(200).Text("id")
		app.Post("/api/v1/groups/"+group+"/roles", `{"type":"ORG_ADMIN"}`).Want(201)
		app.Post("/api/v1/users", body("second@example.org", password, `"groupIds":["`+group+`"]`)).Want(200)
		idle := app.Post("/api/v1/users", body("idle@example.org", password, `"groupIds":["`+group+`"]`)).Want(200).Text("id")
		app.Post("/api/v1/users/"+idle+"/lifecycle/suspend", nil).Want(200)
		deputy(t, app, "desk@example.org", "HELP_DESK_ADMIN")

		admin := app.Seeded.Admin.Login
		told := map[string]int{}
		notices := func(to string) (out []apptest.Message) {
			for _, m := range app.Messages(t, to) {
				if m.Template == "adminNotice" {
					out = append(out, m)
				}
			}
			return out
		}
		check := func(what string) {
			t.Helper()
			for _, to := range []string{admin, "second@example.org", "idle@example.org", "desk@example.org", "out@example.org"} {
				list := notices(to)
				more := len(list) - told[to]
				told[to] = len(list)
				if want := what != "" && (to == admin || to == "second@example.org"); more > 1 || (more == 1) != want {
					t.Fatalf("%s: %d more mails to %s", what, more, to)
				}
				if more == 1 && (list[0].Subject != "out@example.org "+what || !strings.Contains(list[0].Text, what) ||
					!strings.Contains(list[0].Text, "by "+admin) || strings.Contains(list[0].Text, "works")) {
					t.Errorf("%+v", list[0])
				}
			}
		}
		id := app.Post("/api/v1/users", body("out@example.org", password)).Want(200).Text("id")
		mark := addApp(t, app, bookmark)
		app.Post("/api/v1/apps/"+mark+"/users", `{"id":"`+id+`"}`).Want(200)
		app.Delete("/api/v1/apps/" + mark + "/users/" + id + "?sendEmail=true").Want(204)
		check("was taken out of the application " + app.Get("/api/v1/apps/"+mark).Text("label"))
		app.Post("/api/v1/users/"+id+"/lifecycle/deactivate?sendEmail=true", nil).Want(200)
		check("was deactivated")
		app.Post("/api/v1/users/"+id+"/lifecycle/activate", nil).Want(200)
		app.Post("/api/v1/users/"+id+"/lifecycle/deactivate", nil).Want(200)
		check("")
		// Nothing is told about what did not happen.
		app.Post("/api/v1/users/"+id+"/lifecycle/deactivate?sendEmail=true", nil).Fails(403, "E0000038")
		check("")
		app.Post("/api/v1/users/"+id+"/lifecycle/activate", nil).Want(200)
		app.Delete("/api/v1/users/" + id + "?sendEmail=true").Want(204)
		check("was deactivated")
		app.Delete("/api/v1/users/" + id + "?sendEmail=true").Want(204)
		check("was deleted")
	})
}
