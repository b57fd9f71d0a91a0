package server_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/server"
)

// TestSeededApps: the sample applications are there once, and each presents
// itself as its kind does.
func TestSeededApps(t *testing.T) {
	spec := apptest.DefaultSeed()
	spec.Apps = server.SampleApps("http://127.0.0.1:1")
	app := apptest.New(t, apptest.Seed(spec))
	if len(app.Seeded.Apps) != 3 {
		t.Fatalf("%+v", app.Seeded.Apps)
	}
	for _, a := range app.Seeded.Apps {
		if (a.ClientSecret != "") != (a.Type == "web") || (len(a.PrivateKey) > 0) != (a.Type == "service") || a.ClientID == "" {
			t.Errorf("%+v", a)
		}
		app.Get("/api/v1/apps/" + a.ID).Want(200)
		if a.Type == "service" {
			if n := strings.Count(string(app.Get("/api/v1/apps/"+a.ID+"/grants").Want(200).Body), `"scopeId"`); n != 4 {
				t.Errorf("%d grants", n)
			}
		}
	}
	again, err := app.Server.Seed(t.Context(), spec)
	if err != nil || len(again.Apps) != 0 {
		t.Errorf("%+v, %v", again.Apps, err)
	}
}
