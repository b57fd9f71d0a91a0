package store

import (
	"cmp"
	"slices"
	"time"
)

// JobRow is a piece of work that is to be done once, later.
type JobRow struct {
	OrgID    string // "" for work that belongs to no organisation
	ID       string
	Kind     string
	Document []byte // JSON, belongs to the kind
	Attempts int
	Created  time.Time
	Due      time.Time // not to be done earlier
}

const jobColumns = "org_id, id, kind, document, attempts, created, due"

// InsertJob queues a piece of work.
func (tx *Tx) InsertJob(r JobRow) error {
	_, err := tx.exec("INSERT INTO jobs ("+jobColumns+", lease) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
		r.OrgID, r.ID, r.Kind, string(r.Document), r.Attempts, ms(r.Created), ms(r.Due))
	return err
}

// ClaimJobs takes up to limit pieces of work of these kinds that are due, the
// longest due first, and keeps them from other claimers for life. It counts
// the attempt.
func (tx *Tx) ClaimJobs(kinds []string, life time.Duration, limit int) ([]JobRow, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	// Conditions inside and outside: see ClaimOutbox.
	var out []JobRow
	err := tx.each(func(s scan) error {
		var r JobRow
		var created, due int64
		err := s(&r.OrgID, &r.ID, &r.Kind, &r.Document, &r.Attempts, &created, &due)
		r.Created, r.Due = at(created), at(due)
		out = append(out, r)
		return err
	}, `UPDATE jobs SET lease = $1, attempts = attempts + 1
 WHERE lease <= $2 AND (org_id, id) IN (SELECT org_id, id FROM jobs
 WHERE due <= $2 AND lease <= $2 AND kind IN (`+holders(4, len(kinds))+`) ORDER BY due, id LIMIT $3)
 RETURNING `+jobColumns, append([]any{ms(tx.now.Add(life)), ms(tx.now), limit}, anys(kinds)...)...)
	slices.SortFunc(out, func(a, b JobRow) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	return out, err
}

// RenewJob keeps a claimed piece of work from other claimers for life from now.
// ErrStale when the claim has passed to somebody else.
func (tx *Tx) RenewJob(r JobRow, life time.Duration) error {
	return tx.versioned("UPDATE jobs SET lease = $1 WHERE org_id = $2 AND id = $3 AND attempts = $4", ms(tx.now.Add(life)), r.OrgID, r.ID, r.Attempts)
}

// DeleteJob ends a claimed piece of work. ErrStale when the claim has passed
// to somebody else.
func (tx *Tx) DeleteJob(r JobRow) error {
	return tx.versioned("DELETE FROM jobs WHERE org_id = $1 AND id = $2 AND attempts = $3", r.OrgID, r.ID, r.Attempts)
}

// PostponeJob gives a claimed piece of work back until due. ErrStale when the
// claim has passed to somebody else.
func (tx *Tx) PostponeJob(r JobRow, due time.Time) error {
	return tx.versioned("UPDATE jobs SET due = $1, lease = 0 WHERE org_id = $2 AND id = $3 AND attempts = $4", ms(due), r.OrgID, r.ID, r.Attempts)
}

// CountJobs counts the pieces of work that wait or are being done.
func (tx *Tx) CountJobs() (int, error) {
	var n int
	return n, tx.first(func(s scan) error { return s(&n) }, "SELECT count(*) FROM jobs")
}
