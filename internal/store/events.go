package store

import (
	"database/sql"
	"errors"
	"time"

	"usher/internal/env"
)

// EventRow is a line of the system log; its document belongs to package
// eventlog.
type EventRow struct {
	OrgID    string
	UUID     string // version 7, whose time is the event's
	Type     string
	Document []byte // JSON
	Position int64  // 0 until it is stamped
}

// InsertEvent records a line. It is read in its place once StampEvents has run.
func (tx *Tx) InsertEvent(e EventRow) error {
	return tx.InsertEvents(e.OrgID, []EventRow{e})
}

// InsertEvents is InsertEvent for many lines of one organisation.
func (tx *Tx) InsertEvents(orgID string, list []EventRow) error {
	return chunks(len(list), func(from, to int) error {
		args := []any{orgID}
		for _, e := range list[from:to] {
			args = append(args, e.UUID, e.Type, string(e.Document), e.place())
		}
		return tx.later(insertEvents(to-from), args...)
	})
}

// place is the position as it is stored.
func (e *EventRow) place() any {
	if e.Position == 0 {
		return nil
	}
	return e.Position
}

// insertEvents inserts so many lines of an organisation.
func insertEvents(n int) string {
	if n == 1 {
		return "INSERT INTO events (org_id, uuid, type, document, position) VALUES ($1, $2, $3, $4, $5)"
	}
	return "INSERT INTO events (org_id, uuid, type, document, position) VALUES " + rowHolders(n, 4, "")
}

// OrgsToStamp lists the organisations that have lines without a position.
func (tx *Tx) OrgsToStamp() ([]string, error) {
	var out []string
	err := tx.each(func(s scan) error {
		var id string
		err := s(&id)
		out = append(out, id)
		return err
	}, "SELECT o.org_id FROM event_heads o WHERE EXISTS (SELECT 1 FROM events e WHERE e.org_id = o.org_id AND e.position IS NULL)")
	return out, err
}

// HasUnstamped tells whether an organisation has lines without a position.
func (tx *Tx) HasUnstamped(orgID string) (bool, error) {
	var n int
	err := tx.first(func(s scan) error { return s(&n) }, "SELECT count(*) FROM (SELECT 1 FROM events WHERE org_id = $1 AND position IS NULL LIMIT 1) AS pending", orgID)
	return n > 0, err
}

// StampEvents gives up to limit committed lines their positions and tells how
// many. Rows become visible in the order of their commits, so a line gets its
// position only when it can be seen: a reader by position misses none. The row
// in event_heads makes stampers take turns. The order is disguised: SQLite would
// walk through the whole log for it, rather than sort the few lines that an
// index finds.
func (tx *Tx) StampEvents(orgID string, limit int) (int, error) {
	var head int64
	if err := tx.first(func(s scan) error { return s(&head) },
		"UPDATE event_heads SET position = position + 0 WHERE org_id = $1 RETURNING position", orgID); err != nil {
		return 0, err
	}
	n, oldest, newest := 0, "", ""
	err := tx.each(func(s scan) error {
		var uuid string
		if err := s(&uuid); err != nil {
			return err
		}
		if n++; n == 1 || uuid < oldest {
			oldest = uuid
		}
		newest = max(newest, uuid)
		return nil
	}, `WITH pending AS MATERIALIZED (SELECT org_id AS org, uuid AS line, row_number() OVER (ORDER BY uuid || '') AS place FROM events
 WHERE org_id = $1 AND position IS NULL ORDER BY uuid || '' LIMIT $2)
 UPDATE events SET position = $3 + pending.place FROM pending WHERE events.org_id = pending.org AND events.uuid = pending.line RETURNING uuid`, orgID, limit, head)
	if err != nil || n == 0 {
		return 0, err
	}
	if err := tx.noteOrder(orgID, oldest, newest); err != nil {
		return 0, err
	}
	_, err = tx.exec("UPDATE event_heads SET position = $1 WHERE org_id = $2", head+int64(n), orgID)
	return n, err
}

// noteOrder writes down up to where the log is out of its order in time, after
// lines from oldest to newest got their positions. The row in event_heads is
// held meanwhile.
func (tx *Tx) noteOrder(orgID, oldest, newest string) error {
	known, late, err := tx.eventOrder(orgID)
	if err != nil {
		return err
	}
	if known != "" {
		at, err := env.UUIDTime(known)
		if err != nil {
			return err
		}
		if oldest < env.UUIDFloor(at.Add(-orderSlack)) {
			late = max(late, known)
		}
	}
	_, err = tx.exec("INSERT INTO event_order (org_id, newest, late) VALUES ($1, $2, $3) ON CONFLICT (org_id) DO UPDATE SET newest = excluded.newest, late = excluded.late",
		orgID, max(known, newest), late)
	return err
}

// eventOrder reads what noteOrder wrote; both are empty before that.
func (tx *Tx) eventOrder(orgID string) (newest, late string, err error) {
	err = tx.first(func(s scan) error { return s(&newest, &late) }, "SELECT newest, late FROM event_order WHERE org_id = $1", orgID)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return newest, late, err
}

// EventsByPosition lists up to limit lines behind a position that were
// published at since or later, in the order of persistence.
func (tx *Tx) EventsByPosition(orgID string, after int64, since time.Time, limit int) ([]EventRow, error) {
	if after == 0 {
		var err error
		if after, err = tx.positionBefore(orgID, since); err != nil {
			return nil, err
		}
	}
	return tx.events(orgID, "position > $2 AND uuid >= $3 ORDER BY position LIMIT $4", after, env.UUIDFloor(since), limit)
}

// DeleteEventsBefore removes up to limit lines that were published before a
// moment and have their position, the oldest first, and returns how many.
func (tx *Tx) DeleteEventsBefore(orgID string, before time.Time, limit int) (int, error) {
	n, err := tx.exec(`DELETE FROM events WHERE org_id = $1 AND uuid IN (SELECT uuid FROM events WHERE org_id = $1 AND uuid < $2
 AND position IS NOT NULL ORDER BY uuid LIMIT $3)`, orgID, env.UUIDFloor(before), limit)
	return int(n), err
}

// orderSlack is how much later than a newer line an older one may get its
// position without being noted: longer than transactions usually last and
// clocks usually differ.
const orderSlack = time.Minute

// positionBefore returns a position that no line published at since or later
// is at or before, so that a first read does not walk through all that is
// older. Where lines got their positions out of the order of time around since
// (a clock was moved back, a transaction lasted long), that is the beginning.
func (tx *Tx) positionBefore(orgID string, since time.Time) (int64, error) {
	_, late, err := tx.eventOrder(orgID)
	if err != nil || env.UUIDFloor(since) <= late {
		return 0, err
	}
	var position int64
	err = tx.first(func(s scan) error { return s(&position) },
		"SELECT position FROM events WHERE org_id = $1 AND uuid < $2 AND position IS NOT NULL ORDER BY uuid DESC LIMIT 1",
		orgID, env.UUIDFloor(since.Add(-orderSlack)))
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return position, err
}

// EventsByTime lists up to limit lines with from <= published < until, by time.
// The cursor is the UUID of the last line that was seen, "" to begin.
func (tx *Tx) EventsByTime(orgID string, from, until time.Time, cursor string, descending bool, limit int) ([]EventRow, error) {
	low, high := env.UUIDFloor(from), env.UUIDFloor(until)
	if descending {
		if cursor != "" && cursor < high {
			high = cursor
		}
		return tx.events(orgID, "uuid >= $2 AND uuid < $3 ORDER BY uuid DESC LIMIT $4", low, high, limit)
	}
	if cursor != "" && cursor >= low {
		return tx.events(orgID, "uuid > $2 AND uuid < $3 ORDER BY uuid LIMIT $4", cursor, high, limit)
	}
	return tx.events(orgID, "uuid >= $2 AND uuid < $3 ORDER BY uuid LIMIT $4", low, high, limit)
}

func (tx *Tx) events(orgID, where string, args ...any) ([]EventRow, error) {
	var out []EventRow
	err := tx.each(func(s scan) error {
		e := EventRow{OrgID: orgID}
		var position sql.NullInt64
		if err := s(&e.UUID, &e.Type, &e.Document, &position); err != nil {
			return err
		}
		e.Position = position.Int64
		out = append(out, e)
		return nil
	}, "SELECT uuid, type, document, position FROM events WHERE org_id = $1 AND "+where, append([]any{orgID}, args...)...)
	return out, err
}
