package store

import "time"

// TakeLease makes holder the only one to do the named work until it expires,
// and tells whether that succeeded. A holder may take its own lease again.
func (tx *Tx) TakeLease(name, holder string, life time.Duration) (bool, error) {
	n, err := tx.exec(`INSERT INTO leases (name, holder, expires) VALUES ($1, $2, $3)
 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires
 WHERE leases.holder = excluded.holder OR leases.expires <= $4`, name, holder, ms(tx.now.Add(life)), ms(tx.now))
	return n > 0, err
}

// Purge removes up to limit expired rows of each short-lived table and tells
// how many went.
func (tx *Tx) Purge(limit int) (int, error) {
	total := 0
	for _, q := range []string{
		"DELETE FROM user_tokens WHERE (org_id, hash) IN (SELECT org_id, hash FROM user_tokens WHERE expires <= $1 LIMIT $2)",
		"DELETE FROM sessions WHERE (org_id, hash) IN (SELECT org_id, hash FROM sessions WHERE expires <= $1 LIMIT $2)",
		"DELETE FROM session_tokens WHERE (org_id, hash) IN (SELECT org_id, hash FROM session_tokens WHERE expires <= $1 LIMIT $2)",
		"DELETE FROM transactions WHERE (org_id, hash) IN (SELECT org_id, hash FROM transactions WHERE expires <= $1 LIMIT $2)",
	} {
		n, err := tx.exec(q, ms(tx.now), limit)
		if err != nil {
			return total, err
		}
		total += int(n)
	}
	return total, nil
}
