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
	Kind      string // email, sms, call, push
	Recipient string
	Sealed    string // the message, encrypted by package keys
	Status    string // queued, sent, dead
	Attempts  int
	Created   time.Time
	Due       time.Time // when queued: not to be sent earlier; else when it was settled
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

// OutboxNewest lists up to limit messages of an organisation, the newest
// first, that are newer than the identifier after ("" for all) and older than
// the identifier before ("" for all).
func (tx *Tx) OutboxNewest(orgID, after, before string, limit int) ([]OutboxRow, error) {
	if before == "" {
		before = "\U0010FFFF"
	}
	return tx.outbox("SELECT "+outboxColumns+" FROM outbox WHERE org_id = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4", orgID, after, before, limit)
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
// again until due. ErrStale when the claim has passed to somebody else.
func (tx *Tx) SettleOutbox(r OutboxRow, status string, due time.Time) error {
	return tx.versioned("UPDATE outbox SET status = $1, due = $2, lease = 0 WHERE org_id = $3 AND id = $4 AND attempts = $5 AND status = 'queued'",
		status, ms(due), r.OrgID, r.ID, r.Attempts)
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
