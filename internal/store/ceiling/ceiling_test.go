package ceiling_test

import (
	"testing"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/ceiling"
	"usher/internal/store/storetest"
)

// TestWork checks that what is measured as unavoidable really happens.
func TestWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		clock := env.System{}
		ids := env.TimeIDs{Clock: clock, Rand: env.NewSeeded(1)}
		s := storetest.Open(t, url, clock)
		user := &store.UserRow{User: idp.User{
			OrgID: "00o1", ID: ids.New("00u"), Status: idp.UserActive, Login: "a@example.com", Profile: []byte(`{"login":"a@example.com"}`),
		}, Keys: store.UserKeys{Login: "a@example.com"}}
		hash := []byte("0123456789abcdef0123456789abcdef")
		err := s.Tx(t.Context(), func(tx *store.Tx) error {
			if err := tx.InsertUser(user); err != nil {
				return err
			}
			if err := tx.InsertSession(&idp.Session{OrgID: "00o1", ID: "102", UserID: user.ID}, hash); err != nil {
				return err
			}
			return tx.InsertAPIToken(store.APIToken{OrgID: "00o1", ID: "00T1", UserID: user.ID}, hash)
		})
		if err != nil {
			t.Fatal(err)
		}
		d, err := ceiling.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
		if p, err := d.User(t.Context(), "00o1", user.ID); err != nil || string(p) != string(user.Profile) {
			t.Errorf("profile %s, %v", p, err)
		}
		if id, err := d.Token(t.Context(), "00o1", hash); err != nil || id != user.ID {
			t.Errorf("token of %s, %v", id, err)
		}
		if id, err := d.Session(t.Context(), "00o1", hash); err != nil || id != user.ID {
			t.Errorf("session of %s, %v", id, err)
		}
		seen := 0
		if err := d.Profiles(t.Context(), "00o1", "", 10, func(string, []byte) { seen++ }); err != nil || seen != 1 {
			t.Errorf("listed %d, %v", seen, err)
		}
		if err := d.Insert(t.Context(), ids, 3); err != nil {
			t.Error(err)
		}
		if n, err := s.Read(t.Context()).CountUsers("00oceiling"); err != nil || n != 3 {
			t.Errorf("inserted %d, %v", n, err)
		}
		if err := d.Settle(t.Context()); err != nil {
			t.Error(err)
		}
		if text, err := d.Describe(t.Context()); err != nil || text == "" {
			t.Errorf("described as %q, %v", text, err)
		}
	})
}
