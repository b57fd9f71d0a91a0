package store

import (
	"time"

	"usher/internal/env"
)

// EventsOfType is EventsByTime for the lines of one type, by an index of its own.
func (tx *Tx) EventsOfType(orgID, kind string, from, until time.Time, cursor string, descending bool, limit int) ([]EventRow, error) {
	low, high := env.UUIDFloor(from), env.UUIDFloor(until)
	if descending {
		if cursor != "" && cursor < high {
			high = cursor
		}
		return tx.events(orgID, "type = $2 AND uuid >= $3 AND uuid < $4 ORDER BY uuid DESC LIMIT $5", kind, low, high, limit)
	}
	if cursor != "" && cursor >= low {
		return tx.events(orgID, "type = $2 AND uuid > $3 AND uuid < $4 ORDER BY uuid LIMIT $5", kind, cursor, high, limit)
	}
	return tx.events(orgID, "type = $2 AND uuid >= $3 AND uuid < $4 ORDER BY uuid LIMIT $5", kind, low, high, limit)
}
