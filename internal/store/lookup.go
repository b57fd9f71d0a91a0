package store

import "usher/internal/idp"

// EveryoneAfter lists up to limit users of an organisation whatever their
// state, by identifier, beginning behind after.
func (tx *Tx) EveryoneAfter(orgID, after string, limit int) ([]*idp.User, error) {
	return tx.users(orgID, "id > $2 ORDER BY id LIMIT $3", after, limit)
}

// UsersByPrefix lists up to limit users who are not deprovisioned and whose
// folded given name, family name or address begins with prefix, by identifier.
// Each key is looked up in an index of its own and gives its first matches
// alone, so that a prefix which many users share costs no more than another.
func (tx *Tx) UsersByPrefix(orgID, prefix string, limit int) ([]*idp.User, error) {
	return tx.users(orgID, `id IN (
 SELECT id FROM (SELECT id FROM users WHERE org_id = $1 AND first_key >= $2 AND first_key < $3 AND status <> 'DEPROVISIONED' ORDER BY first_key LIMIT $4) AS by_first
 UNION SELECT id FROM (SELECT id FROM users WHERE org_id = $1 AND last_key >= $2 AND last_key < $3 AND status <> 'DEPROVISIONED' ORDER BY last_key LIMIT $4) AS by_last
 UNION SELECT id FROM (SELECT id FROM users WHERE org_id = $1 AND email_key >= $2 AND email_key < $3 AND status <> 'DEPROVISIONED' ORDER BY email_key LIMIT $4) AS by_email)
 ORDER BY id LIMIT $4`, prefix, after(prefix), limit)
}
