package server_test

import (
	"net/http"
	"testing"

	"usher/internal/apptest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// TestFactorsAreAdministered: an administrator reads and takes away what a user
// has enrolled. No policy lets users have one here, so the factor is put there.
func TestFactorsAreAdministered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		app := apptest.New(t, apptest.Database(url))
		user := app.Get("/api/v1/users/ada.example@example.com").Want(http.StatusOK).Text("id")
		db := storetest.Open(t, url, app.Clock)
		err := db.Tx(t.Context(), func(tx *store.Tx) error {
			return tx.InsertFactor(&store.Factor{
				OrgID: app.Seeded.OrgID, UserID: user, ID: "ost00000000000000001", Type: "token:software:totp", Provider: "OKTA", Vendor: "OKTA",
				Status: "ACTIVE", Profile: []byte(`{"credentialId":"ada.example@example.com"}`), Created: tx.Now(), LastUpdated: tx.Now(),
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		// What another one writes a reader on SQLite may not see for some milliseconds, but
		// for a write of its own.
		app.Post("/api/v1/users/"+user, map[string]any{"profile": map[string]any{"nickName": "Ada"}}).Want(http.StatusOK)
		at := "/api/v1/users/" + user + "/factors/ost00000000000000001"
		if got := app.Get(at).Want(http.StatusOK); got.Text("factorType") != "token:software:totp" || got.Text("profile.credentialId") != "ada.example@example.com" {
			t.Errorf("%s", got.Body)
		}
		app.WantEvents(t, []string{"user.mfa.factor.deactivate SUCCESS"}, func() { app.Delete(at).Want(http.StatusNoContent) })
		app.Get(at).Fails(http.StatusNotFound, "E0000007")
	})
}
