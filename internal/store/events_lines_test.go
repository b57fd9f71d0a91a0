package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"usher/internal/store"
)

// TestLinesAtOnce: lines that share a transaction are all there, in their places
// and once, and one that cannot be written fails alone.
func TestLinesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.addOrg(t, "second", "second.example.com")
		var taken store.EventRow
		w.tx(t, func(tx *store.Tx) error {
			taken = w.event(tx)
			return tx.InsertEvent(taken)
		})
		const writers, rounds = 24, 8
		var mu sync.Mutex
		want := map[string]int{taken.UUID: 1} // of the first organisation
		var wg sync.WaitGroup
		for n := range writers {
			wg.Go(func() {
				for range rounds {
					lines, uuids := w.lines(n)
					ctx, cancel := context.WithCancel(t.Context())
					switch n % 8 {
					case 0:
						lines = append(lines, taken)
					case 1:
						cancel()
					case 2:
						for i := range lines {
							lines[i].OrgID = other.ID
						}
					}
					err := w.Record(ctx, lines)
					cancel()
					switch {
					case n%8 == 0 && !store.Exists(err, "events.uuid"):
						t.Errorf("a line that is there already: %v", err)
					case n%8 == 1 && !errors.Is(err, context.Canceled):
						t.Errorf("somebody who gave up: %v", err)
					case n%8 > 1 && err != nil:
						t.Error(err)
					case n%8 > 2:
						mu.Lock()
						for _, id := range uuids {
							want[id] = 1
						}
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		if err := w.Record(t.Context(), nil); err != nil {
			t.Errorf("no lines: %v", err)
		}
		w.tx(t, func(tx *store.Tx) error { _, err := tx.StampEvents(w.org.ID, 10_000); return err })
		rows, err := w.Store.Read(t.Context()).EventsByPosition(w.org.ID, 0, noon.AddDate(-1, 0, 0), 10_000)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if row.Position != int64(i+1) {
				t.Errorf("line %d has position %d", i, row.Position)
			}
			want[row.UUID]--
		}
		for id, n := range want {
			if n != 0 {
				t.Errorf("%s: %d times too few", id, n)
			}
		}
		if n, err := w.Store.Read(t.Context()).EventsByTime(other.ID, noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0), "", false, 10_000); err != nil || len(n) != writers/8*rounds*2 {
			t.Errorf("the other organisation has %d lines, %v", len(n), err)
		}
	})
}

// lines makes two lines that nobody has.
func (w *world) lines(n int) (lines []store.EventRow, uuids []string) {
	for i := range 2 {
		e := store.EventRow{OrgID: w.org.ID, UUID: w.ids.UUID(w.clock.Now(), n*2+i), Type: "app.oauth2.as.token.grant.access_token", Document: []byte(`{}`)}
		lines, uuids = append(lines, e), append(uuids, e.UUID)
	}
	return lines, uuids
}
