package store_test

import (
	"sync"
	"testing"
	"time"

	"usher/internal/store"
)

func TestOutboxIsListedNewestFirst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var ids []string
		for _, to := range []string{"a", "b", "c", "d"} {
			m := w.message(to)
			ids = append(ids, m.ID)
			w.tx(t, func(tx *store.Tx) error { return tx.InsertOutbox(m) })
		}
		for _, c := range []struct {
			name, after, before string
			limit               int
			want                string
		}{
			{"all", "", "", 10, "dcba"},
			{"the newest", "", "", 2, "dc"},
			{"newer than", ids[1], "", 10, "dc"},
			{"older than", "", ids[2], 10, "ba"},
			{"between", ids[0], ids[3], 10, "cb"},
		} {
			rows, err := w.Read(t.Context()).OutboxNewest(w.org.ID, store.OutboxFilter{After: c.after, Before: c.before}, c.limit)
			got := ""
			for _, r := range rows {
				got += r.Recipient
			}
			if err != nil || got != c.want {
				t.Errorf("%s: %q, want %q, %v", c.name, got, c.want, err)
			}
		}
		if rows, err := w.Read(t.Context()).OutboxNewest("00oother", store.OutboxFilter{}, 10); err != nil || len(rows) != 0 {
			t.Errorf("another organisation: %v, %v", rows, err)
		}
	})
}

func TestOutboxClaims(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		claim := func(kinds ...string) (rows []store.OutboxRow) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) (err error) { rows, err = tx.ClaimOutbox(kinds, time.Minute, 10); return err })
			return rows
		}
		late, early, sms := w.message("late"), w.message("early"), w.message("sms")
		late.Due, sms.Kind = noon.Add(time.Second), "sms"
		for _, m := range []store.OutboxRow{late, early, sms} {
			w.tx(t, func(tx *store.Tx) error { return tx.InsertOutbox(m) })
		}
		if rows := claim(); len(rows) != 0 {
			t.Fatalf("of no kind: %v", rows)
		}
		first := claim("email", "call")
		if len(first) != 1 || first[0].Recipient != "early" || first[0].Attempts != 1 {
			t.Fatalf("due: %+v", first)
		}
		if rows := claim("email"); len(rows) != 0 {
			t.Fatalf("claimed already: %+v", rows)
		}
		w.clock.Advance(time.Minute) // the claim ends, the other is due
		second := claim("email")
		if len(second) != 2 || second[0].Recipient != "early" || second[0].Attempts != 2 || second[1].Recipient != "late" {
			t.Fatalf("claimed anew: %+v", second)
		}
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.SettleOutbox(first[0], "sent", noon) })
		w.tx(t, func(tx *store.Tx) error { return tx.SettleOutbox(second[0], "sent", w.clock.Now()) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.SettleOutbox(second[0], "dead", noon) })
		w.tx(t, func(tx *store.Tx) error { return tx.SettleOutbox(second[1], "queued", w.clock.Now().Add(time.Hour)) })
		if rows := claim("email"); len(rows) != 0 {
			t.Fatalf("postponed: %+v", rows)
		}
		w.clock.Advance(time.Hour)
		if rows := claim("email"); len(rows) != 1 || rows[0].Attempts != 2 {
			t.Fatalf("due again: %+v", rows)
		}
		if n, err := w.Read(t.Context()).CountOutbox(); err != nil || n["sent"] != 1 || n["queued"] != 2 {
			t.Fatalf("counts: %v, %v", n, err)
		}
	})
}

// TestEveryMessageIsClaimedOnce lets many claim at once until all is settled,
// under either isolation.
func TestEveryMessageIsClaimedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, write := range map[string]func(fn func(*store.Tx) error) error{
			"serializable": func(fn func(*store.Tx) error) error { return w.Tx(t.Context(), fn) },
			"default":      func(fn func(*store.Tx) error) error { return w.Write(t.Context(), fn) },
		} {
			const messages = 60
			for range messages {
				w.tx(t, func(tx *store.Tx) error { return tx.InsertOutbox(w.message("a")) })
			}
			var mu sync.Mutex
			claims := map[string]int{}
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for {
						var rows []store.OutboxRow
						if err := write(func(tx *store.Tx) (err error) {
							rows, err = tx.ClaimOutbox([]string{"email"}, time.Minute, 3)
							return err
						}); err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						for _, r := range rows {
							claims[r.ID]++
						}
						done := len(claims) >= messages
						mu.Unlock()
						if done {
							return
						}
					}
				})
			}
			wg.Wait()
			for id, n := range claims {
				if n != 1 {
					t.Errorf("%s: %s claimed %d times", name, id, n)
				}
				w.tx(t, func(tx *store.Tx) error {
					return tx.SettleOutbox(store.OutboxRow{OrgID: w.org.ID, ID: id, Attempts: 1}, "sent", noon)
				})
			}
		}
	})
}

func TestJobClaims(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		job := store.JobRow{ID: "job1", Kind: "k", Document: []byte(`{"a":1}`), Created: noon, Due: noon}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertJob(job) })
		claim := func(kinds ...string) (rows []store.JobRow) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) (err error) { rows, err = tx.ClaimJobs(kinds, time.Minute, 10); return err })
			return rows
		}
		if rows := claim("other"); len(rows) != 0 {
			t.Fatalf("of another kind: %v", rows)
		}
		first := claim("other", "k")
		if len(first) != 1 || string(first[0].Document) != `{"a":1}` || first[0].Attempts != 1 || len(claim("k")) != 0 {
			t.Fatalf("%+v", first)
		}
		w.clock.Advance(time.Minute)
		second := claim("k")
		if len(second) != 1 || second[0].Attempts != 2 {
			t.Fatalf("after the claim's end: %+v", second)
		}
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.DeleteJob(first[0]) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.PostponeJob(first[0], noon) })
		w.tx(t, func(tx *store.Tx) error { return tx.PostponeJob(second[0], w.clock.Now().Add(time.Second)) })
		if rows := claim("k"); len(rows) != 0 {
			t.Fatalf("postponed: %v", rows)
		}
		w.clock.Advance(time.Second)
		third := claim("k")
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteJob(third[0]) })
		if n, err := w.Read(t.Context()).CountJobs(); err != nil || n != 0 {
			t.Fatalf("%d left, %v", n, err)
		}
	})
}
