package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

func TestUsersAreFoundByKeys(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		add := func(login, short string) *store.UserRow {
			u := w.row(login)
			u.Keys.Short = short
			w.tx(t, func(tx *store.Tx) error { return tx.InsertUser(u) })
			return u
		}
		a, b := add("ann@a.example", "ann"), add("ann@b.example", "ann")
		add("bob@a.example", "bob")
		r := w.Read(t.Context())
		if u, err := r.UserByLogin(w.org.ID, "ann@b.example"); err != nil || u.ID != b.ID {
			t.Fatalf("by login: %+v, %v", u, err)
		}
		if list, err := r.UsersByShortName(w.org.ID, "ann"); err != nil || len(list) != 2 || list[0].ID != a.ID {
			t.Fatalf("ambiguous: %v, %v", list, err)
		}
		if list, err := r.UsersByShortName(w.org.ID, "bob"); err != nil || len(list) != 1 {
			t.Fatalf("by short name: %v, %v", list, err)
		}
		if _, err := r.UserByLogin(w.org.ID, "ANN@b.example"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("keys are compared as they are: %v", err)
		}
		w.clock.Advance(time.Minute)
		w.tx(t, func(tx *store.Tx) error { return tx.TouchLogin(w.org.ID, a.ID) })
		if u, err := w.Read(t.Context()).User(w.org.ID, a.ID); err != nil || !u.LastLogin.Equal(noon.Add(time.Minute)) || u.Version != 1 {
			t.Fatalf("after a sign-in: %+v, %v", u, err)
		}
	})
}

func TestUserIsUpdatedWithAllItsColumns(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		u.Login, u.Keys.Login, u.Status, u.HasPassword = "anna", "anna", idp.UserSuspended, true
		u.Profile, u.RecoveryQuestion, u.Factors = []byte(`{"login":"anna"}`), "why?", 3
		u.StatusChanged, u.PasswordChanged = noon.Add(time.Second), noon.Add(2*time.Second)
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateUser(u) })
		got, err := w.Read(t.Context()).UserByLogin(w.org.ID, "anna")
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != idp.UserSuspended || !got.HasPassword || string(got.Profile) != `{"login":"anna"}` || got.RecoveryQuestion != "why?" ||
			got.Factors != 3 || !got.StatusChanged.Equal(u.StatusChanged) || !got.PasswordChanged.Equal(u.PasswordChanged) || got.Version != 2 {
			t.Fatalf("%+v", got)
		}
		w.addUser(t, "bob")
		u.Keys.Login = "bob"
		w.taken(t, "users.login_key", func(tx *store.Tx) error { return tx.UpdateUser(u) })
	})
}

func TestUsersArePaged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var want []string
		for i := range 7 {
			u := w.row(fmt.Sprintf("u%d", i))
			if i == 3 {
				u.Status = idp.UserDeprovisioned
			} else {
				want = append(want, u.ID)
			}
			w.tx(t, func(tx *store.Tx) error { return tx.InsertUser(u) })
		}
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			page, err := w.Read(t.Context()).UsersAfter(w.org.ID, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, u := range page {
				got = append(got, u.ID)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestDeletingAUserTakesEverythingAlong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.populate(t)
		u, err := w.Read(t.Context()).UserByLogin(w.org.ID, "zoë")
		if err != nil {
			t.Fatal(err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteUser(w.org.ID, u.ID) })
		r := w.Read(t.Context())
		for name, read := range map[string]func() error{
			"user":       func() error { _, err := r.User(w.org.ID, u.ID); return err },
			"credential": func() error { _, err := r.Credential(w.org.ID, u.ID); return err },
			"token":      func() error { _, err := r.APITokenByHash(w.org.ID, []byte{0, 1, 2, 255}); return err },
			"session":    func() error { _, err := r.Session(w.org.ID, hash("session")); return err },
		} {
			if err := read(); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s is still there: %v", name, err)
			}
		}
		if roles, err := r.RolesOf(w.org.ID, u.ID); err != nil || len(roles) != 0 {
			t.Errorf("roles: %v, %v", roles, err)
		}
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteUser(w.org.ID, u.ID) })
	})
}

func TestContextEndsAWrite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := w.Tx(ctx, func(tx *store.Tx) error { return tx.InsertUser(w.row("late")) })
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if n, err := w.Read(t.Context()).CountUsers(w.org.ID); err != nil || n != 0 {
			t.Fatalf("%d users, %v", n, err)
		}
	})
}

func TestPanicIsAnErrorAndRollsBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		err := w.Tx(t.Context(), func(tx *store.Tx) error {
			if err := tx.InsertUser(w.row("half")); err != nil {
				return err
			}
			panic("boom")
		})
		if err == nil {
			t.Fatal("no error")
		}
		w.addUser(t, "half") // the login is free and the store still writes
	})
}
