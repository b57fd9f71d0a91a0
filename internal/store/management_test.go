package store_test

import (
	"testing"

	"usher/internal/idp"
	"usher/internal/store"
)

// populateManagement fills the tables of migration 9.
func (w *world) populateManagement(tx *store.Tx, userID, groupID string) error {
	steps := []func() error{
		func() error {
			return tx.SaveUserType(&idp.UserType{OrgID: w.org.ID, ID: "oty1", Name: "staff", DisplayName: "Staff", Created: noon, CreatedBy: userID})
		},
		func() error {
			return tx.InsertGroupUnique(w.org.ID, groupID, store.AttributeValue{Name: "code", Key: "sa"})
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func TestUserTypes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		staff := idp.UserType{OrgID: w.org.ID, ID: "oty1", Name: "staff", DisplayName: "Staff", Created: noon, LastUpdated: noon, CreatedBy: "00u1"}
		w.tx(t, func(tx *store.Tx) error { v := staff; return tx.SaveUserType(&v) })
		w.taken(t, "user_types.name", func(tx *store.Tx) error {
			return tx.SaveUserType(&idp.UserType{OrgID: w.org.ID, ID: "oty2", Name: "staff"})
		})
		stale := staff
		w.tx(t, func(tx *store.Tx) error {
			v, err := tx.UserType(w.org.ID, "oty1")
			if err != nil {
				return err
			}
			stale = *v
			v.DisplayName = "Crew"
			return tx.SaveUserType(v)
		})
		if err := w.Tx(t.Context(), func(tx *store.Tx) error { return tx.SaveUserType(&stale) }); err != store.ErrStale { //nolint:errorlint // it is returned as it is
			t.Errorf("a write of an older version: %v", err)
		}
		list, err := w.Read(t.Context()).UserTypes(w.org.ID)
		if err != nil || len(list) != 1 || list[0].DisplayName != "Crew" || list[0].Version != 2 || !list[0].Created.Equal(noon) {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
