package store_test

import (
	"slices"
	"testing"
	"time"

	"usher/internal/store"
)

// TestTransactionsSeeTheirWrites: what a transaction has read once it does not
// read again, and what it has written since it does not miss.
func TestTransactionsSeeTheirWrites(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, ben := w.addUser(t, "ann"), w.addUser(t, "ben")
		a, b := w.addGroup(t, "a"), w.addGroup(t, "b")
		w.tx(t, func(tx *store.Tx) error {
			if _, err := tx.AddMember(w.org.ID, a.ID, ann.ID, ""); err != nil {
				return err
			}
			return tx.SaveCredential(&store.Credential{OrgID: w.org.ID, UserID: ann.ID, Password: "first", History: []string{"old"}})
		})
		w.tx(t, func(tx *store.Tx) error {
			groups := func(userID string, want ...string) {
				t.Helper()
				for range 2 {
					got, err := tx.GroupIDsOf(w.org.ID, userID)
					if err != nil || !slices.Equal(got, want) {
						t.Errorf("groups %v, %v, want %v", got, err, want)
					}
					for i := range got {
						got[i] = "spoilt"
					}
				}
			}
			groups(ann.ID, a.ID)
			groups(ben.ID)
			if got, err := tx.GroupIDsOf("another", ann.ID); err != nil || len(got) > 0 {
				t.Errorf("groups of another organisation: %v, %v", got, err)
			}
			groups(ann.ID, a.ID)
			if _, err := tx.AddMember(w.org.ID, b.ID, ann.ID, ""); err != nil {
				return err
			}
			groups(ann.ID, a.ID, b.ID)
			if _, err := tx.RemoveMember(w.org.ID, a.ID, ann.ID); err != nil {
				return err
			}
			groups(ann.ID, b.ID)
			return nil
		})
		w.tx(t, func(tx *store.Tx) error {
			credential := func(failures int, locked bool) {
				t.Helper()
				for range 2 {
					standing, err := tx.Standing(w.org.ID, ann.ID, "source")
					if err != nil || standing.LockedAt.IsZero() == locked {
						t.Errorf("standing %+v, %v", standing, err)
					}
					for range 2 {
						c, err := tx.Credential(w.org.ID, ann.ID)
						if err != nil || c.Failures != failures || c.LockedAt.IsZero() == locked || c.Password != "first" || !slices.Equal(c.History, []string{"old"}) {
							t.Errorf("credential %+v, %v", c, err)
						}
						c.Password, c.History[0] = "spoilt", "spoilt"
					}
				}
			}
			credential(0, false)
			if n, err := tx.CountFailure(w.org.ID, ann.ID); err != nil || n != 1 {
				t.Error(n, err)
			}
			credential(1, false)
			if now, err := tx.LockCredential(w.org.ID, ann.ID); err != nil || !now {
				t.Error(now, err)
			}
			credential(1, true)
			if err := tx.TrustSource(w.org.ID, ann.ID, "source", noon, noon.Add(time.Hour), 1); err != nil {
				return err
			}
			if s, err := tx.Standing(w.org.ID, ann.ID, "source"); err != nil || !s.Known {
				t.Error(s, err)
			}
			return nil
		})
	})
}
