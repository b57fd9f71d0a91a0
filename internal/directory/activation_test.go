package directory_test

import (
	"testing"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/store"
)

// TestInvitationOpensNothingBesideAPassword holds that the invitation which
// somebody with a password is given at activation is no second way in.
func TestInvitationOpensNothingBesideAPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.add(t, directory.NewUser{Profile: person("ready@example.com"), Credentials: withPassword()})
		i, err := w.Activate(t.Context(), w.admin, u.ID, false)
		if err != nil || i.Token == "" || i.Link != "https://main.example.com/welcome/"+i.Token || len(w.mails(t)) != 0 {
			t.Fatalf("%+v, %v, %d mails", i, err, len(w.mails(t)))
		}
		refused := func() {
			t.Helper()
			err := w.Store.Tx(t.Context(), func(tx *store.Tx) error {
				_, err := w.Redeem(tx, w.org.ID, i.Token)
				return err
			})
			wantKind(t, err, idp.KindUnauthenticated, "")
		}
		refused()
		// Not even once the password is gone and the user is invited anew.
		if err := w.Deactivate(t.Context(), w.admin, u.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Activate(t.Context(), w.admin, u.ID, true); err != nil {
			t.Fatal(err)
		}
		refused()
	})
}
