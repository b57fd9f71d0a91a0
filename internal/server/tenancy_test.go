package server_test

import (
	"net/http"
	"testing"

	"usher/internal/apptest"
	"usher/internal/server"
)

// TestOrganisationsDoNotSeeEachOther: identifiers of one organisation under
// the token of another answer like identifiers that do not exist.
func TestOrganisationsDoNotSeeEachOther(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		made, err := app.Server.CreateOrg(t.Context(), server.OrgSpec{
			Name: "Other", Host: "other.example.com", BaseURL: "https://other.example.com", AdminLogin: "ann@other.example.com",
		})
		if err != nil {
			t.Fatal(err)
		}
		other := app.As(made.APIToken).Host("other.example.com")
		me := other.Get("/api/v1/users/me").Want(http.StatusOK)
		if me.Text("profile.login") != "ann@other.example.com" || me.Text("_links.self.href") != "https://other.example.com/api/v1/users/"+me.Text("id") {
			t.Fatalf("the host does not choose the organisation: %s", me.Body)
		}
		group := app.Post("/api/v1/groups", map[string]any{"profile": map[string]string{"name": "Mine"}}).Want(http.StatusOK).Text("id")
		isaac := app.Get("/api/v1/users/isaac.brock@example.com").Want(http.StatusOK).Text("id")
		const nobody, nothing = "00u00000000000000zzz", "00g00000000000000zzz"
		for _, c := range []struct{ method, theirs, unknown string }{
			{http.MethodGet, "/api/v1/users/" + isaac, "/api/v1/users/" + nobody},
			{http.MethodPost, "/api/v1/users/" + isaac + "/lifecycle/deactivate", "/api/v1/users/" + nobody + "/lifecycle/deactivate"},
			{http.MethodDelete, "/api/v1/users/" + isaac, "/api/v1/users/" + nobody},
			{http.MethodGet, "/api/v1/users/" + isaac + "/groups", "/api/v1/users/" + nobody + "/groups"},
			{http.MethodGet, "/api/v1/groups/" + group, "/api/v1/groups/" + nothing},
			{http.MethodGet, "/api/v1/groups/" + group + "/users", "/api/v1/groups/" + nothing + "/users"},
			{http.MethodDelete, "/api/v1/groups/" + group, "/api/v1/groups/" + nothing},
			{http.MethodPut, "/api/v1/groups/" + group + "/users/" + isaac, "/api/v1/groups/" + nothing + "/users/" + isaac},
		} {
			theirs := other.Do(c.method, c.theirs, nil).Fails(http.StatusNotFound, "E0000007")
			unknown := other.Do(c.method, c.unknown, nil).Fails(http.StatusNotFound, "E0000007")
			if len(theirs.Body) != len(unknown.Body) {
				t.Errorf("%s %s answers otherwise than what does not exist:\n%s\n%s", c.method, c.theirs, theirs.Body, unknown.Body)
			}
		}
		// A token, a session and a sign-in of one mean nothing in the other.
		app.As(made.APIToken).Get("/api/v1/users/me").Fails(http.StatusUnauthorized, "E0000011")
		app.Host("other.example.com").Get("/api/v1/users/me").Fails(http.StatusUnauthorized, "E0000011")
		app.Anonymous().Host("other.example.com").Post("/api/v1/authn", map[string]string{
			"username": "isaac.brock@example.com", "password": apptest.Password,
		}).Fails(http.StatusUnauthorized, "E0000004")
		token := app.Anonymous().Post("/api/v1/authn", map[string]string{
			"username": "isaac.brock@example.com", "password": apptest.Password,
		}).Want(http.StatusOK).Text("sessionToken")
		app.Anonymous().Host("other.example.com").Post("/api/v1/sessions", map[string]string{"sessionToken": token}).Fails(http.StatusUnauthorized, "E0000004")
		if got := app.Get("/api/v1/users/" + isaac).Want(http.StatusOK).Text("status"); got != "ACTIVE" {
			t.Errorf("another organisation has changed a user: %s", got)
		}
	})
}
