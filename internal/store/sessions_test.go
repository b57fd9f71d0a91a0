package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		add := func(id string) {
			w.tx(t, func(tx *store.Tx) error {
				return tx.InsertSession(&idp.Session{
					OrgID: w.org.ID, ID: id, UserID: u.ID, Login: "ann", Status: idp.SessionActive, Created: noon, Expires: noon.Add(time.Hour),
					EndsBy: noon.Add(2 * time.Hour), Idle: time.Hour, LastPassword: noon, AMR: []string{"pwd", "otp"}, Persistent: true,
				}, hash(id))
			})
		}
		get := func(id string) (*idp.Session, error) { return w.Read(t.Context()).Session(w.org.ID, hash(id)) }
		add("a")
		s, err := get("a")
		if err != nil || s.ID != "a" || s.Idle != time.Hour || len(s.AMR) != 2 || !s.Persistent || !s.LastFactor.IsZero() || !s.EndsBy.Equal(noon.Add(2*time.Hour)) {
			t.Fatalf("%+v, %v", s, err)
		}
		if _, err := w.Read(t.Context()).Session("00oother", hash("a")); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("another organisation: %v", err)
		}
		w.clock.Advance(59 * time.Minute)
		w.tx(t, func(tx *store.Tx) error { return tx.ExtendSession(w.org.ID, hash("a"), noon.Add(90*time.Minute)) })
		w.clock.Advance(30 * time.Minute)
		if _, err := get("a"); err != nil {
			t.Fatalf("extended: %v", err)
		}
		w.clock.Advance(time.Minute)
		if _, err := get("a"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("expired: %v", err)
		}
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.ExtendSession(w.org.ID, hash("a"), noon.Add(3*time.Hour)) })
		w.clock.Set(noon)
		add("b")
		add("c")
		w.tx(t, func(tx *store.Tx) error {
			n, err := tx.DeleteUserSessions(w.org.ID, u.ID, "b")
			if err == nil && n != 2 {
				t.Errorf("%d sessions ended", n)
			}
			return err
		})
		if _, err := get("b"); err != nil {
			t.Fatalf("the one to keep: %v", err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteSession(w.org.ID, hash("b")) })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteSession(w.org.ID, hash("b")) })
	})
}

func TestTransactions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h := hash("handle")
		first := &store.Transaction{OrgID: w.org.ID, Hash: h, Expires: noon.Add(time.Hour), Document: []byte(`{"n":1}`)}
		w.tx(t, func(tx *store.Tx) error { return tx.SaveTransaction(first) })
		got, err := w.Read(t.Context()).Transaction(w.org.ID, h)
		if err != nil || string(got.Document) != `{"n":1}` || got.Version != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		stale := *got
		got.Document, got.UserID = []byte(`{"n":2}`), "00u1"
		w.tx(t, func(tx *store.Tx) error { return tx.SaveTransaction(got) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.SaveTransaction(&stale) })
		w.clock.Advance(time.Hour)
		if _, err := w.Read(t.Context()).Transaction(w.org.ID, h); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("expired: %v", err)
		}
		w.clock.Set(noon)
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteUserTransactions(w.org.ID, "00u1") })
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteTransaction(w.org.ID, h) }) // gone is no error
		if _, err := w.Read(t.Context()).Transaction(w.org.ID, h); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("deleted: %v", err)
		}
	})
}

// TestSessionOwner reads a session with its user and the roles that the user
// holds itself and by a group.
func TestSessionOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.InsertSession(&idp.Session{
				OrgID: w.org.ID, ID: "102a", UserID: u.ID, Login: "ann", Status: idp.SessionActive, Created: noon, Expires: noon.Add(time.Hour), AMR: []string{"pwd"},
			}, hash("a")); err != nil {
				return err
			}
			g := &idp.Group{OrgID: w.org.ID, ID: "00g1", Type: "OKTA_GROUP", Name: "helpers", Profile: []byte("{}")}
			if err := tx.InsertGroup(g, "helpers"); err != nil {
				return err
			}
			for _, r := range []store.Role{
				{OrgID: w.org.ID, PrincipalID: u.ID, ID: "ra1", Type: idp.RoleSuperAdmin},
				{OrgID: w.org.ID, PrincipalID: g.ID, ID: "ra2", Type: idp.RoleHelpDeskAdmin},
			} {
				if err := tx.InsertRole(r); err != nil {
					return err
				}
			}
			_, err := tx.AddMember(w.org.ID, g.ID, u.ID, "")
			return err
		})
		v, held, err := w.Read(t.Context()).SessionOwner(w.org.ID, hash("a"))
		if err != nil {
			t.Fatal(err)
		}
		if v.ID != "102a" || v.Status != idp.SessionActive || len(v.AMR) != 1 || v.Version != 1 || v.Owner.ID != u.ID || v.Owner.Login != "ann" || v.Owner.OrgID != w.org.ID {
			t.Errorf("%+v of %+v", v, v.Owner)
		}
		slices.Sort(held)
		if !slices.Equal(held, []idp.RoleType{idp.RoleHelpDeskAdmin, idp.RoleSuperAdmin}) {
			t.Errorf("holds %v", held)
		}
		if _, _, err := w.Read(t.Context()).SessionOwner("00oother", hash("a")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another organisation: %v", err)
		}
		w.clock.Advance(time.Hour)
		if _, _, err := w.Read(t.Context()).SessionOwner(w.org.ID, hash("a")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("expired: %v", err)
		}
	})
}
