package eventlog

import (
	"context"
	"slices"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

// stampBatch bounds how many events get their place in one transaction.
const stampBatch = 500

// Query selects events of an organisation.
type Query struct {
	// Polling reads in the order of persistence and misses nothing that commits
	// late; otherwise the order is that of publication.
	Polling    bool
	Since      time.Time // inclusive
	Until      time.Time // exclusive; not used when polling
	Descending bool      // not used when polling
	Position   int64     // when polling: behind this position
	Cursor     string    // otherwise: behind (or before, when descending) this UUID
	Limit      int
	// Types, when not polling, chooses events of these types alone; nil: all.
	Types []idp.EventType
}

// Read returns up to q.Limit events.
func (l *Log) Read(ctx context.Context, s *store.Store, org *idp.Org, q Query) ([]idp.Event, error) {
	var rows []store.EventRow
	var err error
	if q.Polling {
		if err = l.stampOrg(ctx, s, org.ID); err == nil {
			rows, err = s.Read(ctx).EventsByPosition(org.ID, q.Position, q.Since, q.Limit)
		}
	} else {
		rows, err = q.rows(s.Read(ctx), org.ID)
	}
	if err != nil {
		return nil, err
	}
	events := make([]idp.Event, 0, len(rows))
	for _, row := range rows {
		e, err := fromStored(row)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// rows reads in the order of publication. Each type is read by its index, and
// what they give is merged.
func (q Query) rows(tx *store.Tx, orgID string) ([]store.EventRow, error) {
	if q.Types == nil {
		return tx.EventsByTime(orgID, q.Since, q.Until, q.Cursor, q.Descending, q.Limit)
	}
	var all []store.EventRow
	for _, t := range q.Types {
		rows, err := tx.EventsOfType(orgID, string(t), q.Since, q.Until, q.Cursor, q.Descending, q.Limit)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	slices.SortFunc(all, func(a, b store.EventRow) int {
		if q.Descending {
			return strings.Compare(b.UUID, a.UUID)
		}
		return strings.Compare(a.UUID, b.UUID)
	})
	return all[:min(len(all), q.Limit)], nil
}

// Stamp gives every committed event its place in the order of persistence. It
// runs as a job, and before a polling read, so that a reader sees what was
// committed before it asked.
func (l *Log) Stamp(ctx context.Context, s *store.Store) error {
	orgs, err := s.Read(ctx).OrgsToStamp()
	if err != nil {
		return err
	}
	for _, id := range orgs {
		if err := l.stampOrg(ctx, s, id); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) stampOrg(ctx context.Context, s *store.Store, orgID string) error {
	for {
		pending, err := s.Read(ctx).HasUnstamped(orgID)
		if err != nil || !pending {
			return err
		}
		var n int
		err = s.Tx(ctx, func(tx *store.Tx) (err error) {
			n, err = tx.StampEvents(orgID, stampBatch)
			return err
		})
		if err != nil || n < stampBatch {
			return err
		}
	}
}
