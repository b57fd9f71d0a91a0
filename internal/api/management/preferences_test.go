package management_test

import (
	"testing"
	"time"

	"usher/internal/apptest"
)

func TestOrgPreferences(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		admin := app.Get("/api/v1/users/" + app.Seeded.Admin.Login).Want(200).Text("id")
		const contacts = "/api/v1/org/contacts"
		if a := app.Get(contacts).Want(200); a.Text("0.contactType") != "BILLING" || a.Text("1.contactType") != "TECHNICAL" || a.At("2") != nil {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(contacts + "/BILLING").Want(200); a.Text("userId") != admin {
			t.Errorf("%s", a.Body)
		}
		u := app.Post("/api/v1/users", body("b@example.org")).Want(200).Text("id")
		for range 2 {
			if a := app.Put(contacts+"/BILLING", `{"userId":"`+u+`"}`).Want(200); a.Text("userId") != u {
				t.Errorf("%s", a.Body)
			}
		}
		if a := app.Get(contacts + "/BILLING").Want(200); a.Text("userId") != u || a.Text("_links.user.href") != "https://id.example.com/api/v1/users/"+u {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(contacts + "/TECHNICAL").Want(200); a.Text("userId") != admin {
			t.Errorf("%s", a.Body)
		}
		app.Put(contacts+"/BILLING", `{}`).Fails(400, "E0000001", "userId: The field cannot be left blank")
		app.Put(contacts+"/BILLING", `{"userId":"00unobody00000000000"}`).Fails(404, "E0000007")
		app.Get(contacts+"/PRESS").Fails(404, "E0000007")
		app.Delete("/api/v1/users/" + u).Want(204)
		app.Delete("/api/v1/users/" + u).Want(204)
		if a := app.Get(contacts + "/BILLING").Want(200); a.Text("userId") != admin {
			t.Errorf("a contact who is gone: %s", a.Body)
		}

		const preferences = "/api/v1/org/preferences"
		if a := app.Get(preferences).Want(200); a.At("showEndUserFooter") != true || a.At("_links.hideEndUserFooter") == nil {
			t.Errorf("%s", a.Body)
		}
		app.Post(preferences+"/hideEndUserFooter", nil).Want(200)
		if a := app.Get(preferences).Want(200); a.At("showEndUserFooter") != false || a.At("_links.showEndUserFooter") == nil {
			t.Errorf("%s", a.Body)
		}
		app.Post(preferences+"/showEndUserFooter", nil).Want(200)

		const mails = "/api/v1/org/privacy/oktaCommunication"
		if a := app.Get(mails).Want(200); a.At("optOutEmailUsers") != false || a.At("_links.optOut") == nil {
			t.Errorf("%s", a.Body)
		}
		app.Post(mails+"/optOut", nil).Want(200)
		if a := app.Get(mails).Want(200); a.At("optOutEmailUsers") != true || a.At("_links.optIn") == nil {
			t.Errorf("%s", a.Body)
		}
		app.Post(mails+"/optIn", nil).Want(200)

		const support = "/api/v1/org/privacy/oktaSupport"
		if a := app.Get(support).Want(200); a.Text("support") != "DISABLED" || a.At("_links.grant") == nil || a.At("expiration") != nil {
			t.Errorf("%s", a.Body)
		}
		app.Post(support+"/extend", nil).Fails(400, "E0000001", "Support access is not granted")
		if a := app.Post(support+"/grant", nil).Want(200); a.Text("support") != "ENABLED" || a.Text("expiration") != "2026-03-02T12:00:00.000Z" {
			t.Errorf("%s", a.Body)
		}
		if a := app.Post(support+"/extend", nil).Want(200); a.Text("expiration") != "2026-03-03T12:00:00.000Z" {
			t.Errorf("%s", a.Body)
		}
		app.Clock.Advance(49 * time.Hour)
		if a := app.Get(support).Want(200); a.Text("support") != "DISABLED" {
			t.Errorf("it does not end: %s", a.Body)
		}
		app.Post(support+"/grant", nil).Want(200)
		if a := app.Post(support+"/revoke", nil).Want(200); a.Text("support") != "DISABLED" {
			t.Errorf("%s", a.Body)
		}
	})
}

func TestFeatures(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		list := app.Get("/api/v1/features").Want(200)
		at := "/api/v1/features/" + list.Text("0.id")
		if list.Text("0.status") != "DISABLED" || list.Text("0.stage.value") != "EA" || list.At("1") != nil {
			t.Errorf("%s", list.Body)
		}
		app.WantEvents(t, []string{"system.feature.enable SUCCESS"}, func() {
			for _, word := range []string{"enable", "ENABLE"} { // the second time nothing happens
				if a := app.Post(at+"/"+word, nil).Want(200); a.Text("status") != "ENABLED" {
					t.Errorf("%s", a.Body)
				}
			}
		})
		if a := app.Get(at).Want(200); a.Text("status") != "ENABLED" {
			t.Errorf("%s", a.Body)
		}
		app.WantEvents(t, []string{"system.feature.disable SUCCESS"}, func() { app.Post(at+"/disable", nil).Want(200) })
		for _, path := range []string{"/dependencies", "/dependents"} {
			if a := app.Get(at + path).Want(200); string(a.Body) != "[]" {
				t.Errorf("%s", a.Body)
			}
		}
		app.Post(at+"/forget", nil).Fails(400, "E0000002")
		app.Get("/api/v1/features/ftrnone").Fails(404, "E0000007")
	})
}
