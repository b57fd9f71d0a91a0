package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// Sealer encrypts what a message says, bound to its row. keys.Column is one.
type Sealer interface {
	Seal(row string, plain []byte) string
	Open(row, sealed string) ([]byte, error)
}

// SealedTable and SealedColumn are where sealed messages are stored.
const (
	SealedTable  = "outbox"
	SealedColumn = "sealed"
)

// Outbox keeps messages until they are sent, and a while longer.
type Outbox struct {
	Store *store.Store
	IDs   env.IDs
	Seal  Sealer // of SealedTable and SealedColumn
}

// sealed is the JSON text of what a message says.
type sealed struct {
	Template string            `json:"template,omitempty"`
	Subject  string            `json:"subject,omitempty"`
	Text     string            `json:"text"`
	HTML     string            `json:"html,omitempty"`
	Data     map[string]string `json:"data,omitempty"`
	Expires  time.Time         `json:"expires,omitzero"`
}

// Enqueue writes a message in the caller's transaction and returns its
// identifier. It fails with KindInvalid when the message breaks a bound.
func (o *Outbox) Enqueue(tx *store.Tx, orgID string, m Message) (string, error) {
	if err := m.check(); err != nil {
		return "", err
	}
	plain, err := json.Marshal(sealed{m.Template, m.Subject, m.Text, m.HTML, m.Data, m.Expires})
	if err != nil {
		return "", fmt.Errorf("message: %w", err)
	}
	id := o.IDs.New("msg")
	return id, tx.InsertOutbox(store.OutboxRow{
		OrgID: orgID, ID: id, Kind: string(m.Kind), Recipient: m.To, Sealed: o.Seal.Seal(rowOf(orgID, id), plain),
		Status: string(Queued), Created: tx.Now(), Due: tx.Now(),
	})
}

// rowOf names a row to the sealer.
func rowOf(orgID, id string) string { return orgID + "/" + id }

// open reads what Enqueue wrote.
func (o *Outbox) open(r store.OutboxRow) (Message, error) {
	m := Message{
		Kind: Kind(r.Kind), To: r.Recipient, OrgID: r.OrgID, ID: r.ID,
		Status: Status(r.Status), Attempts: r.Attempts, Created: r.Created, Due: r.Due,
		Problem: r.Problem,
	}
	plain, err := o.Seal.Open(rowOf(r.OrgID, r.ID), r.Sealed)
	if err != nil {
		return m, fmt.Errorf("message %s: %w", r.ID, err)
	}
	var s sealed
	if err := json.Unmarshal(plain, &s); err != nil {
		return m, fmt.Errorf("message %s: %w", r.ID, err)
	}
	m.Template, m.Subject, m.Text, m.HTML, m.Data, m.Expires = s.Template, s.Subject, s.Text, s.HTML, s.Data, s.Expires
	return m, nil
}

// MaxList is the most messages that List returns at once.
const MaxList = 200

// maxScanned bounds how many messages List looks at for one recipient.
const maxScanned = 10_000

// Query selects messages of an organisation. Empty members select all.
type Query struct {
	To     string // this recipient alone, in any letter case
	After  string // newer than the message with this identifier
	Kind   Kind
	Status Status
	Limit  int // at most MaxList, which 0 means, too
}

// List returns opened messages, the newest first. They may hold links and codes
// that sign somebody in: it is for the control listener and for administrators
// who may see them. Looking for one recipient it goes back through at most
// 10,000 messages.
func (o *Outbox) List(ctx context.Context, orgID string, q Query) ([]Message, error) {
	rows, err := o.rows(o.Store.Read(ctx), orgID, q)
	if err != nil {
		return nil, fmt.Errorf("list the outbox: %w", err)
	}
	out := make([]Message, 0, len(rows))
	for _, r := range rows {
		m, err := o.open(r)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// rows finds the sealed messages of a query.
func (o *Outbox) rows(tx *store.Tx, orgID string, q Query) ([]store.OutboxRow, error) {
	if q.Limit <= 0 || q.Limit > MaxList {
		q.Limit = MaxList
	}
	page := q.Limit
	if q.To != "" {
		page = MaxList
	}
	var out []store.OutboxRow
	filter := store.OutboxFilter{After: q.After, Kind: string(q.Kind), Status: string(q.Status)}
	for scanned := 0; scanned < maxScanned; scanned += page {
		rows, err := tx.OutboxNewest(orgID, filter, page)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			filter.Before = r.ID
			if q.To != "" && !strings.EqualFold(r.Recipient, q.To) {
				continue
			}
			if out = append(out, r); len(out) == q.Limit {
				return out, nil
			}
		}
		if len(rows) < page {
			break
		}
	}
	return out, nil
}

// Get returns one opened message, else KindNotFound.
func (o *Outbox) Get(ctx context.Context, orgID, id string) (Message, error) {
	r, err := o.Store.Read(ctx).OutboxMessage(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return Message{}, idp.NotFound("message", id)
	}
	if err != nil {
		return Message{}, fmt.Errorf("read message: %w", err)
	}
	return o.open(r)
}

// Delete removes what List would return for q, sent or not, and tells how many
// messages that were.
func (o *Outbox) Delete(ctx context.Context, orgID string, q Query) (int, error) {
	n := 0
	err := o.Store.Tx(ctx, func(tx *store.Tx) error {
		rows, err := o.rows(tx, orgID, q)
		if err != nil {
			return err
		}
		ids := make([]string, 0, len(rows))
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		n, err = tx.DeleteOutbox(orgID, ids)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("delete messages: %w", err)
	}
	return n, nil
}

// Remove removes one message, else KindNotFound.
func (o *Outbox) Remove(ctx context.Context, orgID, id string) error {
	return o.Store.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.DeleteOutbox(orgID, []string{id})
		if err == nil && n == 0 {
			return idp.NotFound("message", id)
		}
		return err
	})
}

// Counts tells how many messages of all organisations are in each state.
func (o *Outbox) Counts(ctx context.Context) (map[Status]int, error) {
	rows, err := o.Store.Read(ctx).CountOutbox()
	if err != nil {
		return nil, fmt.Errorf("count the outbox: %w", err)
	}
	out := map[Status]int{Queued: 0, Sent: 0, Dead: 0}
	for status, n := range rows {
		out[Status(status)] = n
	}
	return out, nil
}
