package management_test

import (
	"net/url"
	"strings"
	"testing"

	"usher/internal/apptest"
)

func TestGroupSchema(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const at = "/api/v1/meta/schemas/group/default"
		got := app.Get(at).Want(200)
		for path, want := range map[string]any{
			"name": "group", "definitions.base.properties.name.title": "Name", "definitions.base.properties.name.required": true,
			"definitions.base.properties.description.title": "Description", "definitions.base.required.0": "name", "definitions.custom.id": "#custom",
			"_links.self.href": "https://id.example.com" + at,
		} {
			if v := got.At(path); v != want {
				t.Errorf("%s: %v, want %v", path, v, want)
			}
		}
		first := app.Post("/api/v1/groups", `{"profile":{"name":"First"}}`).Want(200).Text("id")
		// What was read is sent back with more in it, as clients do.
		body := strings.Replace(string(got.Body), `"custom":{"id":"#custom","type":"object","properties":{}`,
			`"custom":{"id":"#custom","type":"object","properties":{"code":{"title":"Code","type":"string","minLength":1,"maxLength":20,"unique":"UNIQUE_VALIDATED"},
 "sizes":{"title":"Sizes","type":"array","items":{"type":"number","enum":[1,2],"oneOf":[{"const":1,"title":"one"},{"const":2,"title":"two"}]}}}`, 1)
		got = app.Post(at, body).Want(200)
		if got.Text("definitions.custom.properties.code.unique") != "UNIQUE_VALIDATED" || got.At("definitions.custom.properties.sizes.items.oneOf.1.const") != 2.0 {
			t.Errorf("%s", got.Body)
		}
		id := app.Post("/api/v1/groups", `{"profile":{"name":"Second","code":"a1","sizes":[2,1]}}`).Want(200).Text("id")
		if got := app.Get("/api/v1/groups/" + id).Want(200); got.Text("profile.code") != "a1" || got.At("profile.sizes.1") != 1.0 {
			t.Errorf("%s", got.Body)
		}
		if got := app.Get("/api/v1/groups?search=" + url.QueryEscape(`profile.code eq "a1"`)).Want(200); got.Text("0.id") != id || got.At("1") != nil {
			t.Errorf("%s", got.Body)
		}
		app.Put("/api/v1/groups/"+first, `{"profile":{"name":"First","code":"a1"}}`).
			Fails(400, "E0000001", "code: An object with this field already exists in the current organization")
		app.Put("/api/v1/groups/"+first, `{"profile":{"name":"First","sizes":[3]}}`).Fails(400, "E0000001", "sizes: The value is not one of the allowed values")
		app.Put("/api/v1/groups/"+first, `{"profile":{"name":"First","nothing":3}}`).Fails(400, "E0000001", "Property name 'nothing' is not defined in profile")
		app.Put("/api/v1/groups/"+id, `{"profile":{"name":"Second","description":"d"}}`).Want(200)
		app.Put("/api/v1/groups/"+first, `{"profile":{"name":"First","code":"a1"}}`).Want(200)

		// A value that is shared keeps an attribute from becoming unique.
		app.Post(at, `{"definitions":{"custom":{"properties":{"code":{"title":"Code","type":"string"}}}}}`).Want(200)
		app.Put("/api/v1/groups/"+id, `{"profile":{"name":"Second","code":"a1","sizes":[1]}}`).Want(200)
		app.Post(at, `{"definitions":{"custom":{"properties":{"code":{"title":"Code","type":"string","unique":"UNIQUE_VALIDATED"}}}}}`).
			Fails(400, "E0000001", "code: Some groups have the same value, so it cannot be made unique")
		got = app.Post(at, `{"definitions":{"custom":{"properties":{"code":null}}}}`).Want(200)
		if got.At("definitions.custom.properties.code") != nil || got.At("definitions.custom.properties.sizes") == nil {
			t.Errorf("%s", got.Body)
		}
		if got := app.Get("/api/v1/groups/" + id).Want(200); got.At("profile.code") != nil || got.At("profile.sizes.0") != 1.0 {
			t.Errorf("%s", got.Body)
		}
		for _, bad := range []string{
			`"custom":{"properties":{"name":{"type":"string"}}}`, `"custom":{"properties":{"x":{"type":"object"}}}`,
			`"base":{"properties":{"name":{"required":false}}}`, `"base":{"properties":{"name":null}}`, `"custom":{"properties":{"none":null}}`,
		} {
			app.Post(at, `{"definitions":{`+bad+`}}`).Fails(400, "E0000001")
		}
	})
}

func TestUserTypesLife(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const at = "/api/v1/meta/types/user"
		made := app.Post(at, `{"name":"contractor","displayName":"Contractor","description":"From elsewhere"}`).Want(200)
		id, schema := made.Text("id"), strings.TrimPrefix(made.Text("_links.schema.href"), "https://id.example.com")
		if made.At("default") != false || made.Text("description") != "From elsewhere" || !strings.HasPrefix(id, "oty") {
			t.Errorf("%s", made.Body)
		}
		if got := app.Get(at).Want(200); got.At("0.default") != true || got.Text("1.id") != id || got.At("2") != nil {
			t.Errorf("%s", got.Body)
		}
		app.Post(at, `{"name":"contractor","displayName":"Again"}`).Fails(400, "E0000001", "name: An object with this field already exists in the current organization")
		app.Post(at, `{"name":"user","displayName":"Again"}`).Fails(400, "E0000001", "name: An object with this field already exists in the current organization")
		app.Post(at, `{"name":"1x"}`).Fails(400, "E0000001", "name: The name begins with a letter and has letters, digits and underscores only", "displayName: The field cannot be left blank")
		app.Post(at+"/"+id, `{"name":"other"}`).Fails(400, "E0000001", "name: The name of a user type cannot change")
		if got := app.Post(at+"/"+id, `{"displayName":"Contractors"}`).Want(200); got.Text("displayName") != "Contractors" || got.Text("description") != "From elsewhere" {
			t.Errorf("%s", got.Body)
		}
		if got := app.Put(at+"/"+id, `{"name":"contractor","displayName":"Contractors"}`).Want(200); got.Text("description") != "" {
			t.Errorf("%s", got.Body)
		}
		app.Put(at+"/"+id, `{"name":"contractor"}`).Fails(400, "E0000001", "displayName: The field cannot be left blank")
		if got := app.Post(at+"/default", `{"displayName":"Person"}`).Want(200); got.Text("displayName") != "Person" || got.At("default") != true {
			t.Errorf("%s", got.Body)
		}

		// Each type has its own schema.
		app.Post(schema, `{"definitions":{"custom":{"properties":{"agency":{"title":"Agency","type":"string","unique":"UNIQUE_VALIDATED"}}}}}`).Want(200)
		if got := app.Get(schema).Want(200); got.Text("name") != "contractor" || got.Text("definitions.custom.properties.agency.title") != "Agency" || got.Text("_links.type.href") != "https://id.example.com"+at+"/"+id {
			t.Errorf("%s", got.Body)
		}
		app.Post("/api/v1/meta/schemas/user/default", `{"definitions":{"custom":{"properties":{"agency":{"title":"Agency","type":"number"}}}}}`).
			Fails(400, "E0000001", "agency: Users of another type have the attribute with another type of values")
		user := func(login, more string) string {
			return `{"profile":{"login":"` + login + `","email":"` + login + `","firstName":"I","lastName":"B"` + more
		}
		app.Post("/api/v1/users", user("a@example.org", `,"agency":"x"}}`)).Fails(400, "E0000001", "Property name 'agency' is not defined in profile")
		u := app.Post("/api/v1/users", user("a@example.org", `,"agency":"x"},"type":{"id":"`+id+`"}}`)).Want(200)
		if u.Text("type.id") != id || u.Text("_links.schema.href") != "https://id.example.com"+schema {
			t.Errorf("%s", u.Body)
		}
		app.Post("/api/v1/users", user("b@example.org", `,"agency":"x"},"type":{"id":"`+id+`"}}`)).
			Fails(400, "E0000001", "agency: An object with this field already exists in the current organization")
		app.Post("/api/v1/users", user("b@example.org", `},"type":{"id":"oty00000000000000000"}}`)).Fails(404, "E0000007")
		if got := app.Get("/api/v1/users?search=" + url.QueryEscape(`profile.agency eq "x"`)).Want(200); got.Text("0.id") != u.Text("id") {
			t.Errorf("%s", got.Body)
		}
		app.Delete(at+"/"+id).Fails(400, "E0000001", "There are users of this type")
		// The user becomes one of the default type and loses what that has not.
		fallback := app.Get(at + "/default").Want(200).Text("id")
		moved := app.Post("/api/v1/users/"+u.Text("id"), `{"type":{"id":"`+fallback+`"}}`).Want(200)
		if moved.Text("type.id") != fallback || moved.At("profile.agency") != nil || moved.Text("profile.lastName") != "B" {
			t.Errorf("%s", moved.Body)
		}
		app.Post("/api/v1/users", user("b@example.org", `,"agency":"x"},"type":{"id":"`+id+`"}}`)).Want(200)
		back := app.Put("/api/v1/users/b@example.org", user("b@example.org", `,"agency":"y"},"type":{"id":"`+fallback+`"}}`))
		back.Fails(400, "E0000001", "Property name 'agency' is not defined in profile")
		app.Put("/api/v1/users/b@example.org", user("b@example.org", `},"type":{"id":"`+fallback+`"}}`)).Want(200)
		app.Delete(at + "/" + id).Want(204)
		app.Get(at+"/"+id).Fails(404, "E0000007")
		app.Get(schema).Fails(404, "E0000007")
		app.Delete(at+"/default").Fails(400, "E0000001", "The default user type cannot be deleted")
	})
}

func TestAppUserSchema(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := app.Post("/api/v1/apps", `{"name":"bookmark","label":"Notes","signOnMode":"BOOKMARK","settings":{"app":{"requestIntegration":false,"url":"https://example.com/"}}}`).Want(200).Text("id")
		at := "/api/v1/meta/schemas/apps/" + id + "/default"
		if got := app.Get(at).Want(200); got.Text("title") != "Notes User" || got.At("definitions.base.properties.userName.required") != true || got.Text("name") != "bookmark" {
			t.Errorf("%s", got.Body)
		}
		app.Post(at, `{"definitions":{"custom":{"properties":{"level":{"title":"Level","type":"integer"},"badge":{"title":"Badge","type":"string","required":true}}}}}`).Want(200)
		app.Post(at, `{"definitions":{"custom":{"properties":{"x":{"title":"X","type":"string","unique":"UNIQUE_VALIDATED"}}}}}`).Fails(400, "E0000001", "x: Only attributes of users and groups can be unique")
		u := app.Post("/api/v1/users", `{"profile":{"login":"a@example.org","email":"a@example.org","firstName":"I","lastName":"B"}}`).Want(200).Text("id")
		users := "/api/v1/apps/" + id + "/users"
		app.Post(users, `{"id":"`+u+`","profile":{"level":"high","badge":"b"}}`).Fails(400, "E0000001", "level: The value must be an integer")
		app.Post(users, `{"id":"`+u+`","profile":{"level":3}}`).Fails(400, "E0000001", "badge: The field cannot be left blank")
		app.Get(users+"/"+u).Fails(404, "E0000007")
		if got := app.Post(users, `{"id":"`+u+`","profile":{"level":3,"badge":"b"}}`).Want(200); got.At("profile.level") != 3.0 {
			t.Errorf("%s", got.Body)
		}
		g := app.Post("/api/v1/groups", `{"profile":{"name":"G"}}`).Want(200).Text("id")
		app.Put("/api/v1/apps/"+id+"/groups/"+g, `{"profile":{"level":"x"}}`).Fails(400, "E0000001", "level: The value must be an integer")
		app.Put("/api/v1/apps/"+id+"/groups/"+g, `{"profile":{"level":9}}`).Want(200)
		app.Post(at, `{"definitions":{"custom":{"properties":{"level":null}}}}`).Want(200)
		if got := app.Get(users + "/" + u).Want(200); got.At("profile.level") != nil || got.Text("profile.badge") != "b" {
			t.Errorf("%s", got.Body)
		}
		if got := app.Get("/api/v1/apps/" + id + "/groups/" + g).Want(200); got.At("profile.level") != nil {
			t.Errorf("%s", got.Body)
		}
		app.Get("/api/v1/meta/schemas/apps/0oanone/default").Fails(404, "E0000007")
	})
}
