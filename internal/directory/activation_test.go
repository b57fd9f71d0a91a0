package directory_test

import (
	"testing"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/store"
)

// TestInvitationBesideAPassword holds that the invitation which somebody with a
// password is given at activation is no lasting second way in: it ends with the
// first sign-in, with a new password and with the account.
func TestInvitationBesideAPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ready := w.add(t, directory.NewUser{Profile: person("new@example.com"), Credentials: withPassword()})
		fresh, err := w.Activate(t.Context(), w.admin, ready.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		w.tx(t, func(tx *store.Tx) error {
			got, err := w.Redeem(tx, w.org.ID, fresh.Token)
			if err == nil && got.ID != ready.ID {
				t.Errorf("it opens %s", got.ID)
			}
			return err
		})

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
		w.tx(t, func(tx *store.Tx) error { return tx.TouchLogin(w.org.ID, u.ID) })
		refused()
		// Not even once the password is gone and the user is invited anew.
		if err := w.Deactivate(t.Context(), w.admin, u.ID, false); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Activate(t.Context(), w.admin, u.ID, true); err != nil {
			t.Fatal(err)
		}
		refused()
	})
}
