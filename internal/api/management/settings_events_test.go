package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

// step is something that an administrator does, and what the system log must
// say about it.
type step struct {
	name   string
	events []string
	do     func()
}

func runSteps(t *testing.T, app *apptest.App, steps []step) {
	t.Helper()
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			for i := range s.events {
				s.events[i] += " SUCCESS"
			}
			app.WantEvents(t, s.events, s.do)
		})
	}
}

// TestSettingsEvents: what is changed about profiles' shapes, types of users and
// keys, secrets and pictures of applications is in the system log.
func TestSettingsEvents(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		isaac := app.Get("/api/v1/users/isaac.brock@example.com").Want(200).Text("id")
		mark, sp := addApp(t, app, bookmark), addApp(t, app, saml)
		other := addApp(t, app, strings.Replace(saml, `"label":"`, `"label":"Other `, 1))
		client := addApp(t, app, web)
		custom := `{"definitions":{"custom":{"properties":{"extra":{"title":"Extra","type":"string"}}}}}`
		at := "/api/v1/apps/" + sp + "/credentials"
		secrets := "/api/v1/apps/" + client + "/credentials/secrets"
		first := secrets + "/" + app.Get(secrets).Want(200).Text("0.id")
		var kind, key, csr string
		runSteps(t, app, []step{
			{"schema of users", []string{"directory.user_profile.update"}, func() { app.Post("/api/v1/meta/schemas/user/default", custom).Want(200) }},
			{"schema of groups", []string{"directory.user_profile.update"}, func() { app.Post("/api/v1/meta/schemas/group/default", custom).Want(200) }},
			{"schema of an application", []string{"directory.app_user_profile.update"}, func() { app.Post("/api/v1/meta/schemas/apps/"+mark+"/default", custom).Want(200) }},
			{"new type", []string{"directory.non_default_user_profile.create"}, func() {
				kind = "/api/v1/meta/types/user/" + app.Post("/api/v1/meta/types/user", `{"name":"staff","displayName":"Staff"}`).Want(200).Text("id")
			}},
			{"changed type", []string{"directory.user_profile.update"}, func() { app.Post(kind, `{"displayName":"The staff"}`).Want(200) }},
			{"deleted type", []string{"directory.user_profile.update"}, func() { app.Delete(kind).Want(204) }},
			{"mail addresses", []string{"user.account.update_profile", "user.account.update_primary_email", "user.account.update_secondary_email"}, func() {
				app.Post("/api/v1/users/"+isaac, `{"profile":{"email":"ib@example.com","secondEmail":"ib@example.net"}}`).Want(200)
			}},
			{"another attribute", []string{"user.account.update_profile"}, func() { app.Post("/api/v1/users/"+isaac, `{"profile":{"title":"Dr"}}`).Want(200) }},
			{"new key", []string{"app.keys.generate"}, func() { key = app.Post(at+"/keys/generate?validityYears=2", nil).Want(201).Text("kid") }},
			{"shared key", []string{"app.keys.clone"}, func() { app.Post(at+"/keys/"+key+"/clone?targetAid="+other, nil).Want(201) }},
			{"changed key", []string{"app.keys.rotate", "application.lifecycle.update"}, func() {
				app.Put("/api/v1/apps/"+sp, strings.Replace(saml, `{"label"`, `{"credentials":{"signing":{"kid":"`+key+`"}},"label"`, 1)).Want(200)
			}},
			{"certificate request", []string{"app.app_instance.csr.generate"}, func() { csr = app.With("Accept", "application/json").Post(at+"/csrs", `{}`).Want(201).Text("id") }},
			{"certificate request given up", []string{"app.app_instance.csr.revoke"}, func() { app.Delete(at + "/csrs/" + csr).Want(204) }},
			{"new secret", []string{"app.oauth2.credentials.lifecycle.create"}, func() { app.Post(secrets, `{}`).Want(201) }},
			{"secret off", []string{"app.oauth2.credentials.lifecycle.deactivate"}, func() { app.Post(first+"/lifecycle/deactivate", nil).Want(200) }},
			{"secret off again", nil, func() { app.Post(first+"/lifecycle/deactivate", nil).Want(200) }},
			{"secret on", []string{"app.oauth2.credentials.lifecycle.activate"}, func() { app.Post(first+"/lifecycle/activate", nil).Want(200) }},
			{"secret deleted", []string{"app.oauth2.credentials.lifecycle.deactivate", "app.oauth2.credentials.lifecycle.delete"}, func() {
				app.Post(first+"/lifecycle/deactivate", nil).Want(200)
				app.Delete(first).Want(204)
			}},
		})
	})
}

// TestRoleTargetEvents: who may do what from now on is in the system log,
// whenever the limits of a role change.
func TestRoleTargetEvents(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		isaac := app.Get("/api/v1/users/isaac.brock@example.com").Want(200).Text("id")
		group := func(name string) string {
			return app.Post("/api/v1/groups", `{"profile":{"name":"`+name+`"}}`).Want(200).Text("id")
		}
		one, two, holders := group("one"), group("two"), group("holders")
		mark := addApp(t, app, bookmark)
		grant, groupGrant := "user.account.privilege.grant", "group.privilege.grant"
		var groups, apps, held string
		runSteps(t, app, []step{
			{"roles", []string{grant, grant, groupGrant}, func() {
				at := "/api/v1/users/" + isaac + "/roles"
				groups = at + "/" + app.Post(at, `{"type":"USER_ADMIN"}`).Want(201).Text("id") + "/targets/groups/"
				apps = at + "/" + app.Post(at, `{"type":"APP_ADMIN"}`).Want(201).Text("id") + "/targets/catalog/apps"
				at = "/api/v1/groups/" + holders + "/roles"
				held = at + "/" + app.Post(at, `{"type":"HELP_DESK_ADMIN"}`).Want(201).Text("id") + "/targets/groups/"
			}},
			{"groups", []string{grant, grant}, func() { app.Put(groups+one, nil).Want(204); app.Put(groups+two, nil).Want(204) }},
			{"the same", nil, func() { app.Put(groups+one, nil).Want(204) }},
			{"one less", []string{grant}, func() { app.Delete(groups + one).Want(204) }},
			{"the last stays", nil, func() { app.Delete(groups+two).Fails(400, "E0000001") }},
			{"of a group", []string{groupGrant}, func() { app.Put(held+one, nil).Want(204) }},
			{"application", []string{grant}, func() { app.Put(apps+"/bookmark/"+mark, nil).Want(204) }},
			{"all applications", []string{grant}, func() { app.Put(apps, nil).Want(200) }},
		})
		last := app.Get("/api/v1/logs?filter=eventType+eq+%22user.account.privilege.grant%22&sortOrder=DESCENDING&limit=3").Want(200)
		if last.Text("0.target.0.id") != isaac || !strings.Contains(last.Text("1.debugContext.debugData.targets"), "bookmark/"+mark) || last.Text("2.debugContext.debugData.targets") != two {
			t.Errorf("%s", last.Body)
		}
	})
}
