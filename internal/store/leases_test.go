package store_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

func TestLeases(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		take := func(holder string) (is bool) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) (err error) { is, err = tx.TakeLease("job", holder, time.Minute); return err })
			return is
		}
		for i, step := range []struct {
			advance time.Duration
			holder  string
			want    bool
		}{
			{0, "a", true},
			{0, "b", false},
			{59 * time.Second, "b", false},
			{0, "a", true}, // renewed
			{59 * time.Second, "b", false},
			{time.Second, "b", true}, // expired
			{0, "a", false},
			{-90 * time.Second, "a", true}, // it would last for longer than any lease does
			{0, "b", false},
		} {
			w.clock.Advance(step.advance)
			if got := take(step.holder); got != step.want {
				t.Errorf("step %d: %v", i, got)
			}
		}
		w.tx(t, func(tx *store.Tx) error { return tx.ReleaseLease("job", "b") }) // not its own
		if take("b") {
			t.Error("b released the lease of a")
		}
		w.tx(t, func(tx *store.Tx) error { return tx.ReleaseLease("job", "a") })
		if !take("b") {
			t.Error("the lease was not released")
		}
	})
}

func TestLeaseHasOneHolder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var held atomic.Int32
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				var mine bool
				err := w.Write(t.Context(), func(tx *store.Tx) (err error) {
					mine, err = tx.TakeLease("job", strconv.Itoa(i), time.Minute)
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if mine {
					held.Add(1)
				}
			})
		}
		wg.Wait()
		if held.Load() != 1 {
			t.Fatalf("%d holders", held.Load())
		}
	})
}

func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		w.tx(t, func(tx *store.Tx) error {
			for i, expires := range []time.Time{noon.Add(time.Minute), noon.Add(time.Minute), noon.Add(time.Hour)} {
				n := strconv.Itoa(i)
				s := &idp.Session{OrgID: w.org.ID, ID: n, UserID: u.ID, Status: idp.SessionActive, Created: noon, Expires: expires}
				err := errors.Join(
					tx.InsertSession(s, hash(n)), tx.PutSessionToken(s, hash(n), expires),
					tx.SaveTransaction(&store.Transaction{OrgID: w.org.ID, Hash: hash(n), Expires: expires, Document: []byte(`{}`)}),
					tx.PutUserToken(store.UserToken{OrgID: w.org.ID, UserID: u.ID, Hash: hash(n), Kind: n, Expires: expires}),
					tx.InsertOutbox(w.message(n)),
				)
				if err != nil {
					return err
				}
			}
			return nil
		})
		purge := func(limit, want int) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) error {
				n, err := tx.Purge(limit)
				if err == nil && n != want {
					t.Errorf("%d removed, want %d", n, want)
				}
				return err
			})
		}
		purge(10, 0)
		w.clock.Advance(time.Minute)
		purge(1, 4)
		purge(10, 4)
		purge(10, 0)
		if _, err := w.Read(t.Context()).Session(w.org.ID, hash("2")); err != nil {
			t.Errorf("one that lives: %v", err)
		}
		w.clock.Advance(31 * 24 * time.Hour)
		purge(10, 4+3)
		if rows, err := w.Read(t.Context()).OutboxNewest(w.org.ID, store.OutboxFilter{}, 10); err != nil || len(rows) != 0 {
			t.Errorf("old messages: %v, %v", rows, err)
		}
	})
}
