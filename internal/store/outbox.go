package store

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// OutboxRow is a message that is to leave the process. What it says is sealed:
// it may hold links that sign somebody in.
type OutboxRow struct {
	OrgID     string
	ID        string
	Kind      string // email, sms, call, push, logout
	Recipient string
	Sealed    string // the message, encrypted by package keys
	Status    string // queued, sent, dead
	Attempts  int
	Created   time.Time
	Due       time.Time // when queued: not to be sent earlier; else when it was settled
	// Problem is why the last attempt failed; ClaimOutbox leaves it empty.
	Problem string
}

const outboxColumns = "org_id, id, kind, recipient, sealed, status, attempts, created, due"

func scanOutbox(r *OutboxRow) func(scan) error {
	return func(s scan) error {
		var created, due int64
		err := s(&r.OrgID, &r.ID, &r.Kind, &r.Recipient, &r.Sealed, &r.Status, &r.Attempts, &created, &due)
		r.Created, r.Due = at(created), at(due)
		return err
	}
}

// InsertOutbox queues a message.
func (tx *Tx) InsertOutbox(r OutboxRow) error {
	_, err := tx.exec("INSERT INTO outbox ("+outboxColumns+", lease) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
		r.OrgID, r.ID, r.Kind, r.Recipient, r.Sealed, r.Status, r.Attempts, ms(r.Created), ms(r.Due))
	return err
}

// DropOutbox takes a message back that the same transaction has queued.
func (tx *Tx) DropOutbox(orgID, id string) error {
	return tx.one("DELETE FROM outbox WHERE org_id = $1 AND id = $2", orgID, id)
}

// OutboxFilter selects messages of an organisation. Empty members select all.
type OutboxFilter struct {
	After  string // newer than this identifier
	Before string // older than this identifier
	Kind   string
	Status string
}

// OutboxNewest lists up to limit messages of an organisation, the newest first.
func (tx *Tx) OutboxNewest(orgID string, f OutboxFilter, limit int) ([]OutboxRow, error) {
	if f.Before == "" {
		f.Before = "\U0010FFFF"
	}
	return tx.outboxWithProblems(" AND o.id > $2 AND o.id < $3 AND ($4 = '' OR o.kind = $4) AND ($5 = '' OR o.status = $5) ORDER BY o.id DESC LIMIT $6",
		orgID, f.After, f.Before, f.Kind, f.Status, limit)
}

// OutboxMessage returns one message.
func (tx *Tx) OutboxMessage(orgID, id string) (OutboxRow, error) {
	rows, err := tx.outboxWithProblems(" AND o.id = $2", orgID, id)
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return OutboxRow{}, err
	}
	return rows[0], nil
}

// DeleteOutbox removes messages of an organisation by their identifiers and
// tells how many there were.
func (tx *Tx) DeleteOutbox(orgID string, ids []string) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	n, err := tx.exec("DELETE FROM outbox WHERE org_id = $1 AND id IN ("+holders(2, len(ids))+")", append([]any{orgID}, anys(ids)...)...)
	return int(n), err
}

// outboxWithProblems reads messages of an organisation ($1) with what went
// wrong at the last attempt.
func (tx *Tx) outboxWithProblems(where string, args ...any) ([]OutboxRow, error) {
	var out []OutboxRow
	err := tx.each(func(s scan) error {
		var r OutboxRow
		err := scanOutbox(&r)(func(dest ...any) error { return s(append(dest, &r.Problem)...) })
		out = append(out, r)
		return err
	}, "SELECT o."+strings.ReplaceAll(outboxColumns, ", ", ", o.")+", coalesce(p.problem, '') FROM outbox o "+
		"LEFT JOIN outbox_problems p ON p.org_id = o.org_id AND p.message_id = o.id WHERE o.org_id = $1"+where, args...)
	return out, err
}

// ClaimOutbox takes up to limit queued messages of these kinds that are due,
// the longest due first, and keeps them from other claimers for life. It
// counts the attempt.
func (tx *Tx) ClaimOutbox(kinds []string, life time.Duration, limit int) ([]OutboxRow, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	// The conditions stand inside and outside: a claimer that waited for the
	// commit of another looks at the outer ones again.
	out, err := tx.outbox(`UPDATE outbox SET lease = $1, attempts = attempts + 1
 WHERE status = 'queued' AND lease <= $2 AND (org_id, id) IN (SELECT org_id, id FROM outbox
 WHERE status = 'queued' AND due <= $2 AND lease <= $2 AND kind IN (`+holders(4, len(kinds))+`) ORDER BY due, id LIMIT $3)
 RETURNING `+outboxColumns, append([]any{ms(tx.now.Add(life)), ms(tx.now), limit}, anys(kinds)...)...)
	slices.SortFunc(out, func(a, b OutboxRow) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	return out, err
}

// SettleOutbox says what became of a claimed message: sent, dead, or queued
// again until due, with r.Problem if there was one. ErrStale when the claim has
// passed to somebody else.
func (tx *Tx) SettleOutbox(r OutboxRow, status string, due time.Time) error {
	err := tx.versioned("UPDATE outbox SET status = $1, due = $2, lease = 0 WHERE org_id = $3 AND id = $4 AND attempts = $5 AND status = 'queued'",
		status, ms(due), r.OrgID, r.ID, r.Attempts)
	if err != nil || r.Problem == "" {
		return err
	}
	_, err = tx.exec("INSERT INTO outbox_problems (org_id, message_id, problem) VALUES ($1, $2, $3) "+
		"ON CONFLICT (org_id, message_id) DO UPDATE SET problem = excluded.problem", r.OrgID, r.ID, r.Problem)
	return err
}

// CountOutbox counts the messages of all organisations by status.
func (tx *Tx) CountOutbox() (map[string]int, error) {
	out := map[string]int{}
	err := tx.each(func(s scan) error {
		var status string
		var n int
		err := s(&status, &n)
		out[status] = n
		return err
	}, "SELECT status, count(*) FROM outbox GROUP BY status")
	return out, err
}

func (tx *Tx) outbox(query string, args ...any) ([]OutboxRow, error) {
	var out []OutboxRow
	err := tx.each(func(s scan) error {
		var r OutboxRow
		err := scanOutbox(&r)(s)
		out = append(out, r)
		return err
	}, query, args...)
	return out, err
}

// holders returns n placeholders for IN, beginning with $first.
func holders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String()
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// ReviveOutbox queues those of these messages of an organisation again that are
// dead, as if they were new, and tells how many there were.
func (tx *Tx) ReviveOutbox(orgID string, ids []string) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	n, err := tx.exec("UPDATE outbox SET status = 'queued', attempts = 0, due = $2, lease = 0 WHERE org_id = $1 AND status = 'dead' AND id IN ("+
		holders(3, len(ids))+")", append([]any{orgID, ms(tx.now)}, anys(ids)...)...)
	return int(n), err
}
