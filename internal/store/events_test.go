package store_test

import (
	"testing"
	"time"

	"usher/internal/store"
)

func TestEventsByTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var uuids []string
		for range 5 {
			w.tx(t, func(tx *store.Tx) error {
				e := w.event(tx)
				uuids = append(uuids, e.UUID)
				return tx.InsertEvent(e)
			})
			w.clock.Advance(time.Second)
		}
		minute := noon.Add(time.Minute)
		for _, c := range []struct {
			name        string
			from, until time.Time
			cursor      int // index of the last seen, -1 for none
			descending  bool
			limit       int
			want        []int
		}{
			{"all", noon, minute, -1, false, 10, []int{0, 1, 2, 3, 4}},
			{"newest first", noon, minute, -1, true, 10, []int{4, 3, 2, 1, 0}},
			{"from is inclusive, until is not", noon.Add(time.Second), noon.Add(3 * time.Second), -1, false, 10, []int{1, 2}},
			{"behind a cursor", noon, minute, 1, false, 2, []int{2, 3}},
			{"before a cursor", noon, minute, 3, true, 2, []int{2, 1}},
			{"a cursor before the range", noon.Add(2 * time.Second), minute, 0, false, 10, []int{2, 3, 4}},
			{"a cursor behind the range", noon, noon.Add(2 * time.Second), 4, true, 10, []int{1, 0}},
		} {
			cursor := ""
			if c.cursor >= 0 {
				cursor = uuids[c.cursor]
			}
			rows, err := w.Read(t.Context()).EventsByTime(w.org.ID, c.from, c.until, cursor, c.descending, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != len(c.want) {
				t.Errorf("%s: %d rows, want %d", c.name, len(rows), len(c.want))
				continue
			}
			for i, row := range rows {
				if row.UUID != uuids[c.want[i]] {
					t.Errorf("%s: row %d is not event %d", c.name, i, c.want[i])
				}
			}
		}
		if rows, err := w.Read(t.Context()).EventsByTime("00oother", noon, minute, "", false, 10); err != nil || len(rows) != 0 {
			t.Errorf("another organisation: %v, %v", rows, err)
		}
	})
}

func TestStampEventsGivesEveryLineItsPlace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.addOrg(t, "other", "other.example.com")
		stamp := func(limit, want int) {
			t.Helper()
			w.tx(t, func(tx *store.Tx) error {
				n, err := tx.StampEvents(w.org.ID, limit)
				if err == nil && n != want {
					t.Errorf("%d stamped, want %d", n, want)
				}
				return err
			})
		}
		w.tx(t, func(tx *store.Tx) error {
			for range 7 {
				if err := tx.InsertEvent(w.event(tx)); err != nil {
					return err
				}
			}
			e := w.event(tx)
			e.OrgID = other.ID
			return tx.InsertEvent(e)
		})
		if orgs, err := w.Read(t.Context()).OrgsToStamp(); err != nil || len(orgs) != 2 {
			t.Fatalf("to stamp: %v, %v", orgs, err)
		}
		stamp(5, 5)
		stamp(5, 2)
		stamp(5, 0)
		if pending, err := w.Read(t.Context()).HasUnstamped(w.org.ID); err != nil || pending {
			t.Fatalf("pending: %v, %v", pending, err)
		}
		if orgs, err := w.Read(t.Context()).OrgsToStamp(); err != nil || len(orgs) != 1 || orgs[0] != other.ID {
			t.Fatalf("to stamp: %v, %v", orgs, err)
		}
		rows, err := w.Read(t.Context()).EventsByPosition(w.org.ID, 0, noon, 100)
		if err != nil || len(rows) != 7 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for i, row := range rows {
			if row.Position != int64(i)+1 || i > 0 && row.UUID <= rows[i-1].UUID {
				t.Errorf("row %d has position %d", i, row.Position)
			}
		}
		if rows, err := w.Read(t.Context()).EventsByPosition(w.org.ID, 5, noon, 1); err != nil || len(rows) != 1 || rows[0].Position != 6 {
			t.Fatalf("behind 5: %v, %v", rows, err)
		}
		if rows, err := w.Read(t.Context()).EventsByPosition(w.org.ID, 0, noon.Add(time.Second), 10); err != nil || len(rows) != 0 {
			t.Fatalf("published later: %v, %v", rows, err)
		}
	})
}

// TestFirstPollSkipsWhatIsOlder: a first read with a later since finds exactly
// the lines published from then on, also one whose commit came late.
func TestFirstPollSkipsWhatIsOlder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		insert := func(n int) {
			w.tx(t, func(tx *store.Tx) error {
				for range n {
					if err := tx.InsertEvent(w.event(tx)); err != nil {
						return err
					}
				}
				return nil
			})
			w.tx(t, func(tx *store.Tx) error { _, err := tx.StampEvents(w.org.ID, 100); return err })
		}
		insert(20)
		w.clock.Advance(time.Hour)
		insert(3)
		w.clock.Advance(-10 * time.Second) // written before, committed behind
		insert(2)
		w.clock.Advance(10 * time.Second)
		for since, want := range map[time.Duration]int{0: 25, time.Hour - 10*time.Second: 5, time.Hour: 3, 2 * time.Hour: 0} {
			rows, err := w.Read(t.Context()).EventsByPosition(w.org.ID, 0, noon.Add(since), 100)
			if err != nil || len(rows) != want {
				t.Errorf("since %s: %d lines, want %d, %v", since, len(rows), want, err)
			}
		}
	})
}
