package store

import "time"

// OutboxRow is a message that is to leave the process. What it says is sealed:
// it may hold links that sign somebody in.
type OutboxRow struct {
	OrgID     string
	ID        string
	Kind      string // email, sms, call, push, hook
	Recipient string
	Sealed    string // the message, encrypted by package keys
	Status    string // queued, sent, dead
	Attempts  int
	Created   time.Time
	Due       time.Time
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

// Outbox lists up to limit messages of an organisation, newest last, beginning
// behind the identifier after.
func (tx *Tx) Outbox(orgID, after string, limit int) ([]OutboxRow, error) {
	var out []OutboxRow
	err := tx.each(func(s scan) error {
		var r OutboxRow
		err := scanOutbox(&r)(s)
		out = append(out, r)
		return err
	}, "SELECT "+outboxColumns+" FROM outbox WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3", orgID, after, limit)
	return out, err
}
