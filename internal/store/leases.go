package store

import "time"

// TakeLease makes holder the only one to do the named work until it expires,
// and tells whether that succeeded. A holder may take its own lease again. A
// lease that ends later than two lives from now was taken by a clock that has
// been moved back since, and is free.
func (tx *Tx) TakeLease(name, holder string, life time.Duration) (bool, error) {
	n, err := tx.exec(`INSERT INTO leases (name, holder, expires) VALUES ($1, $2, $3)
 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires
 WHERE leases.holder = excluded.holder OR leases.expires <= $4 OR leases.expires > $5`,
		name, holder, ms(tx.now.Add(life)), ms(tx.now), ms(tx.now.Add(2*life)))
	return n > 0, err
}

// ReleaseLease ends holder's lease. To have none is no error.
func (tx *Tx) ReleaseLease(name, holder string) error {
	_, err := tx.exec("DELETE FROM leases WHERE name = $1 AND holder = $2", name, holder)
	return err
}

// outboxKept is how long a message stays after it was settled, or after it was
// due and could not be sent: everything that it may carry has expired by then.
const outboxKept = 30 * 24 * time.Hour

// challengeKept is how long a challenge can be read after it has expired: who
// polls for it still learns what became of it.
const challengeKept = time.Hour

// ratesKept is how long counts of requests stay: no window is longer.
const ratesKept = time.Hour

// Purge removes up to limit expired rows of each short-lived table and tells
// how many went.
func (tx *Tx) Purge(limit int) (int, error) {
	total := 0
	for _, q := range []struct {
		text  string
		bound time.Time
	}{
		{"DELETE FROM user_tokens WHERE (org_id, hash) IN (SELECT org_id, hash FROM user_tokens WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM sessions WHERE (org_id, hash) IN (SELECT org_id, hash FROM sessions WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM session_tokens WHERE (org_id, hash) IN (SELECT org_id, hash FROM session_tokens WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM transactions WHERE (org_id, hash) IN (SELECT org_id, hash FROM transactions WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM oauth_tickets WHERE (org_id, hash) IN (SELECT org_id, hash FROM oauth_tickets WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM oauth_refresh WHERE (org_id, id) IN (SELECT org_id, id FROM oauth_refresh WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM oauth_spent WHERE (org_id, hash) IN (SELECT org_id, hash FROM oauth_spent WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM remembered_devices WHERE (org_id, user_id, device) IN (SELECT org_id, user_id, device FROM remembered_devices WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM factor_challenges WHERE (org_id, id) IN (SELECT org_id, id FROM factor_challenges WHERE expires <= $1 LIMIT $2)", tx.now.Add(-challengeKept)},
		{"DELETE FROM sign_in_sources WHERE (org_id, user_id, source) IN (SELECT org_id, user_id, source FROM sign_in_sources WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM decisions WHERE (org_id, request, id) IN (SELECT org_id, request, id FROM decisions WHERE expires <= $1 LIMIT $2)", tx.now},
		{"DELETE FROM rate_counts WHERE (org_id, name, node) IN (SELECT org_id, name, node FROM rate_counts WHERE start <= $1 LIMIT $2)", tx.now.Add(-ratesKept)},
		{"DELETE FROM outbox WHERE (org_id, id) IN (SELECT org_id, id FROM outbox WHERE status IN ('sent', 'dead', 'queued') AND due <= $1 LIMIT $2)", tx.now.Add(-outboxKept)},
	} {
		n, err := tx.exec(q.text, ms(q.bound), limit)
		if err != nil {
			return total, err
		}
		total += int(n)
	}
	return total, nil
}
