package management_test

import (
	"testing"

	"usher/internal/apptest"
)

// TestInvitationBesideAPassword holds that who activates somebody with a
// password is given an invitation, as the official clients expect, while the
// password stays the way in.
func TestInvitationBesideAPassword(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const body = `{"profile":{"login":"ready@example.com","email":"ready@example.com","firstName":"R","lastName":"Y"},"credentials":{"password":{"value":"Invited-Beside-1"}}}`
		add := func() string { return app.Post("/api/v1/users?activate=false", body).Want(200).Text("id") }

		id := add()
		a := app.Post("/api/v1/users/"+id+"/lifecycle/activate?sendEmail=false", nil).Want(200)
		token := a.Text("activationToken")
		if token == "" || a.Text("activationUrl") != "https://id.example.com/welcome/"+token {
			t.Errorf("%s", a.Body)
		}
		if u := app.Get("/api/v1/users/" + id).Want(200); u.Text("status") != "ACTIVE" {
			t.Errorf("%s", u.Body)
		}
		if in := app.Anonymous().Post("/api/v1/authn", `{"username":"ready@example.com","password":"Invited-Beside-1"}`).Want(200); in.Text("status") != "SUCCESS" {
			t.Errorf("%s", in.Body)
		}

		// With a mail there is nothing to tell the caller, and no mail to send.
		for range 2 {
			app.Delete("/api/v1/users/" + id).Want(204)
		}
		id = add()
		if a := app.Post("/api/v1/users/"+id+"/lifecycle/activate", nil).Want(200); string(a.Body) != "{}" {
			t.Errorf("%s", a.Body)
		}
	})
}
