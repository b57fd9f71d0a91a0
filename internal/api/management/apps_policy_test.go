package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
)

func TestAppPolicy(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := addApp(t, app, bookmark)
		at := "/api/v1/apps/" + id
		policy := app.Post("/api/v1/policies", `{"type":"ACCESS_POLICY","name":"Two factors"}`).Want(200).Text("id")
		signOn := app.Post("/api/v1/policies", `{"type":"OKTA_SIGN_ON","name":"Another type"}`).Want(200).Text("id")

		app.Put(at+"/policies/"+signOn, nil).Fails(400, "E0000001")
		for _, c := range []struct{ path, missing string }{
			{at + "/policies/rst0000000000000none", "rst0000000000000none (Policy)"},
			{at + "/policies/a%20b", "a b (Policy)"},
			{"/api/v1/apps/0oa0000000000000none/policies/" + policy, "0oa0000000000000none (AppInstance)"},
		} {
			if a := app.Put(c.path, nil).Fails(404, "E0000007"); !strings.HasSuffix(a.Text("errorSummary"), c.missing) {
				t.Errorf("PUT %s: %s", c.path, a.Body)
			}
		}
		if a := app.Get(at).Want(200); a.At("_links.accessPolicy") != nil {
			t.Errorf("no policy was assigned: %s", a.Body)
		}

		app.WantEvents(t, []string{"application.lifecycle.update SUCCESS"}, func() {
			for range 2 { // the second time nothing happens
				app.Put(at+"/policies/"+policy, nil).Want(204)
			}
		})
		want := "https://id.example.com/api/v1/policies/" + policy
		if a := app.Get(at).Want(200); a.Text("_links.accessPolicy.href") != want {
			t.Errorf("%s", a.Body)
		}
		if a := app.Put(at, bookmark).Want(200); a.Text("_links.accessPolicy.href") != want {
			t.Errorf("an update forgets the policy: %s", a.Body)
		}
		if a := app.Get("/api/v1/apps").Want(200); a.Text("0._links.accessPolicy.href") != want {
			t.Errorf("%s", a.Body)
		}

		app.Delete("/api/v1/policies/" + policy).Want(204)
		for _, a := range []*apptest.Answer{app.Get(at).Want(200), app.Put(at, bookmark).Want(200)} {
			if a.At("_links.accessPolicy") != nil {
				t.Errorf("a link to a policy that is gone: %s", a.Body)
			}
		}
	})
}
