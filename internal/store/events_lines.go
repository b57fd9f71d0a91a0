package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// placedFrom is from how many lines on SQLite gives them their positions as
// they are inserted: for fewer that costs more than doing so later, with others.
const placedFrom = 4

// Record writes lines that tell of nothing else that is written: of a token
// that has no row, of something that was refused. It returns when they are
// committed. Those who come at once share a transaction, and nobody waits for
// more to come. (ADR 0015)
func (s *Store) Record(ctx context.Context, lines []EventRow) error {
	if len(lines) == 0 {
		return nil
	}
	return s.engine.record(ctx, lines)
}

// insertLines writes lines of any organisations, with their positions where
// placed says so: then no other transaction may be about to commit lines.
func (tx *Tx) insertLines(lines []EventRow, placed bool) error {
	lines = slices.Clone(lines)
	slices.SortFunc(lines, func(a, b EventRow) int { return cmp.Or(cmp.Compare(a.OrgID, b.OrgID), cmp.Compare(a.UUID, b.UUID)) })
	for len(lines) > 0 {
		orgID := lines[0].OrgID
		n := slices.IndexFunc(lines, func(e EventRow) bool { return e.OrgID != orgID })
		if n < 0 {
			n = len(lines)
		}
		if placed && n >= placedFrom {
			if err := tx.place(orgID, lines[:n]); err != nil {
				return err
			}
		}
		if err := tx.InsertEvents(orgID, lines[:n]); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

// place gives lines that are about to be inserted, in the order of their UUIDs,
// the next positions.
func (tx *Tx) place(orgID string, lines []EventRow) error {
	var last int64
	err := tx.first(func(s scan) error { return s(&last) },
		"UPDATE event_heads SET position = position + $1 WHERE org_id = $2 RETURNING position", len(lines), orgID)
	if errors.Is(err, ErrNotFound) {
		return nil // an organisation whose log has no order
	}
	if err != nil {
		return err
	}
	for i := range lines {
		lines[i].Position = last - int64(len(lines)-1-i)
	}
	return tx.noteOrder(orgID, lines[0].UUID, lines[len(lines)-1].UUID)
}
