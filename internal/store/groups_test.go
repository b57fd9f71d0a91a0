package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"usher/internal/idp"
	"usher/internal/store"
)

func TestGroups(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.addGroup(t, "alpha"), w.addGroup(t, "alphabet")
		w.addGroup(t, "beta")
		r := w.Read(t.Context())
		if list, err := r.GroupsByName(w.org.ID, "alpha", 10); err != nil || len(list) != 2 || list[0].ID != a.ID || list[1].ID != b.ID {
			t.Fatalf("by name: %v, %v", list, err)
		}
		if list, err := r.GroupsAfter(w.org.ID, a.ID, 10); err != nil || len(list) != 2 || list[0].ID != b.ID {
			t.Fatalf("paged: %v, %v", list, err)
		}
		twin := *a
		twin.ID = w.ids.New("00g")
		w.taken(t, "groups.name", func(tx *store.Tx) error { return tx.InsertGroup(&twin, twin.Name) })
		twin.Type = idp.GroupApp // those of applications may share a name
		w.tx(t, func(tx *store.Tx) error { return tx.InsertGroup(&twin, twin.Name) })

		a.Name = "gamma"
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateGroup(a, "gamma") })
		if g, err := r.Group(w.org.ID, a.ID); err != nil || g.Name != "gamma" || g.Version != 2 {
			t.Fatalf("%+v, %v", g, err)
		}
		stale := *a
		stale.Version = 1
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.UpdateGroup(&stale, "x") })
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteGroup(w.org.ID, a.ID) })
		if _, err := r.Group(w.org.ID, a.ID); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("deleted: %v", err)
		}
	})
}

func TestMemberships(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g, u, v := w.addGroup(t, "g"), w.addUser(t, "u"), w.addUser(t, "v")
		add := func(userID, ruleID string) (is bool) {
			w.tx(t, func(tx *store.Tx) (err error) { is, err = tx.AddMember(w.org.ID, g.ID, userID, ruleID); return err })
			return is
		}
		if !add(u.ID, "") || add(u.ID, "") || !add(u.ID, "0pr1") || !add(v.ID, "") {
			t.Fatal("AddMember does not tell new from old")
		}
		r := w.Read(t.Context())
		if list, err := r.MembersAfter(w.org.ID, g.ID, "", 10); err != nil || len(list) != 2 || list[0].ID != u.ID {
			t.Fatalf("members: %v, %v", list, err)
		}
		if list, err := r.MembersAfter(w.org.ID, g.ID, u.ID, 10); err != nil || len(list) != 1 || list[0].ID != v.ID {
			t.Fatalf("members behind the first: %v, %v", list, err)
		}
		if list, err := r.GroupsOf(w.org.ID, u.ID); err != nil || len(list) != 1 || list[0].Name != "g" {
			t.Fatalf("groups of: %v, %v", list, err)
		}
		if list, err := r.GroupIDsOf(w.org.ID, u.ID); err != nil || fmt.Sprint(list) != "["+g.ID+"]" {
			t.Fatalf("group ids of: %v, %v", list, err)
		}
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error {
			_, err := tx.AddMember(w.org.ID, g.ID, "00unobody", "")
			return err
		})
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error {
			_, err := tx.AddMember("00oother", g.ID, u.ID, "")
			return err
		})
		for i, want := range []bool{true, false} {
			w.tx(t, func(tx *store.Tx) error {
				is, err := tx.RemoveMember(w.org.ID, g.ID, u.ID)
				if err == nil && is != want {
					t.Errorf("removal %d: %v", i, is)
				}
				return err
			})
		}
	})
}

// TestGroupNameIsTakenOnce lets many create the same group at once.
func TestGroupNameIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var made atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			g := &idp.Group{OrgID: w.org.ID, ID: w.ids.New("00g"), Type: idp.GroupOkta, Name: "one", Profile: []byte(`{}`), Created: noon}
			wg.Go(func() {
				switch err := w.Tx(t.Context(), func(tx *store.Tx) error { return tx.InsertGroup(g, "one") }); {
				case err == nil:
					made.Add(1)
				case !store.Exists(err, "groups.name"):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 {
			t.Fatalf("made %d times", made.Load())
		}
	})
}
