package decision

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// Kept is how long decisions can be read, as long as the system log reaches back.
const Kept = 180 * 24 * time.Hour

// maxEntries bounds what is read of one request: callers may name their requests
// themselves, and name many alike.
const maxEntries = 100

// Log keeps decisions. All members are required.
type Log struct {
	Store *store.Store
	IDs   env.IDs
}

// Entry is what one attempt at a request has decided.
type Entry struct {
	At        time.Time  `json:"at"`
	Method    string     `json:"method"`
	Path      string     `json:"path"`
	Decisions []Decision `json:"decisions"`
}

// Keep writes what was noted in the caller's transaction. Nothing is written
// when nothing was.
func (l *Log) Keep(tx *store.Tx, a idp.Actor, n *Notes) error {
	list := n.all()
	if len(list) == 0 || a.Client.RequestID == "" {
		return nil
	}
	doc, err := json.Marshal(Entry{At: tx.Now(), Method: a.Client.Method, Path: a.Client.Path, Decisions: list})
	if err != nil {
		return fmt.Errorf("write decisions: %w", err)
	}
	return tx.InsertDecision(a.OrgID(), a.Client.RequestID, l.IDs.UUID(tx.Now(), tx.Seq()), doc, tx.Now().Add(Kept))
}

// Read returns what a request has decided, oldest first. KindNotFound when
// nothing is kept about it.
func (l *Log) Read(ctx context.Context, a idp.Actor, requestID string) ([]Entry, error) {
	rows, err := l.Store.Read(ctx).Decisions(a.OrgID(), requestID, maxEntries)
	if err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	if len(rows) == 0 {
		return nil, idp.NotFound("Request", requestID)
	}
	out := make([]Entry, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row, &out[i]); err != nil {
			return nil, fmt.Errorf("read decisions of %s: %w", requestID, err)
		}
	}
	return out, nil
}
