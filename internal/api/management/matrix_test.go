package management_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/idp"
	"usher/internal/roles"
	"usher/openapi"
)

// TestRoleMatrix calls every operation of the management interface with every
// role, and with none, on things that do not exist: the operation table says who
// is let through.
func TestRoleMatrix(t *testing.T) {
	app := apptest.New(t)
	clients := map[idp.RoleType]*apptest.Client{"": deputyOf(t, app, "")}
	for _, role := range roles.Types() {
		clients[role] = deputyOf(t, app, role)
	}
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	cells, refused := 0, 0
	for _, op := range openapi.Operations() {
		// Beside the management interface it is clients that administrators register.
		managed := strings.HasPrefix(op.Document, "management") || op.Document == openapi.DocumentOAuth2 && op.Auth == openapi.AuthToken
		if !managed || op.Auth == openapi.AuthNone || op.Auth == openapi.AuthSession {
			continue
		}
		path := parameter.ReplaceAllString(op.Path, "nothing")
		var body any
		if op.Method != "GET" && op.Method != "DELETE" {
			body = "{}"
		}
		for role, c := range clients {
			want := role == idp.RoleSuperAdmin || role != "" && slices.Contains(op.Roles, string(role))
			a := c.Do(op.Method, path, body)
			forbidden := a.Status == 403 && strings.Contains(string(a.Body), `"E0000006"`)
			if forbidden == want {
				t.Errorf("%s as %q: %d %s", op.ID, role, a.Status, a.Body)
			}
			if a.Status == 500 {
				t.Errorf("%s as %q: %s", op.ID, role, a.Body)
			}
			cells++
			if forbidden {
				refused++
			}
		}
	}
	if cells < 5000 || refused < cells/4 || refused == cells {
		t.Errorf("%d cells, %d refused", cells, refused)
	}
}

// deputyOf adds an administrator with one role, or a user with none.
func deputyOf(t *testing.T, app *apptest.App, role idp.RoleType) *apptest.Client {
	t.Helper()
	login := strings.ToLower("x" + string(role) + "@example.org")
	id := app.Post("/api/v1/users", body(login, password)).Want(200).Text("id")
	if role != "" {
		app.Post("/api/v1/users/"+id+"/roles", `{"type":"`+string(role)+`"}`).Want(201)
	}
	_, secret, err := app.Server.CreateToken(t.Context(), "", login, "test")
	if err != nil {
		t.Fatal(err)
	}
	return app.As(secret)
}
