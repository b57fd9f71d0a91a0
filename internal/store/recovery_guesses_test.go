package store_test

import (
	"testing"
	"time"

	"usher/internal/store"
)

// TestRecoveryGuessesHaveAWindow: wrong codes are counted within their window
// alone, and a code is sent once within its pace.
func TestRecoveryGuessesHaveAWindow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		count := func(want int) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) error {
				n, err := tx.CountRecoveryFailure(w.org.ID, u.ID, time.Hour)
				if read, _ := tx.RecoveryFailures(w.org.ID, u.ID, time.Hour); n != want || read != want {
					t.Errorf("%d counted, %d read, want %d", n, read, want)
				}
				return err
			})
		}
		send := func(want bool) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) error {
				ok, err := tx.SendForRecovery(w.org.ID, u.ID, time.Minute)
				if ok != want {
					t.Errorf("sent %v", ok)
				}
				return err
			})
		}
		send(true)
		send(false)
		count(1)
		count(2)
		w.clock.Advance(time.Minute)
		send(true)
		w.clock.Advance(time.Hour)
		count(1)
		w.tx(t, func(tx *store.Tx) error { return tx.ForgiveRecovery(w.org.ID, u.ID) })
		count(1)
	})
}
