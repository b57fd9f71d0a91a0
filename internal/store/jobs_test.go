package store_test

import (
	"testing"
	"time"

	"usher/internal/store"
)

// TestRenewedJobStays: a claim lasts as long as it is renewed, and one that has
// passed to another cannot be renewed.
func TestRenewedJobStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.tx(t, func(tx *store.Tx) error {
			return tx.InsertJob(store.JobRow{OrgID: w.org.ID, ID: "job1", Kind: "k", Document: []byte(`{}`), Created: noon, Due: noon})
		})
		claim := func() (rows []store.JobRow) {
			w.tx(t, func(tx *store.Tx) (err error) {
				rows, err = tx.ClaimJobs([]string{"k"}, 10*time.Second, 8)
				return err
			})
			return rows
		}
		mine := claim()
		if len(mine) != 1 {
			t.Fatalf("%d claimed", len(mine))
		}
		for range 5 {
			w.clock.Advance(6 * time.Second)
			w.tx(t, func(tx *store.Tx) error { return tx.RenewJob(mine[0], 10*time.Second) })
			if other := claim(); len(other) != 0 {
				t.Fatalf("claimed by another though it is renewed: %+v", other)
			}
		}
		w.clock.Advance(11 * time.Second)
		if other := claim(); len(other) != 1 {
			t.Fatal("nobody takes over what is not renewed")
		}
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.RenewJob(mine[0], 10*time.Second) })
	})
}
