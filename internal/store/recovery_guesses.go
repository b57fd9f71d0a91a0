package store

import (
	"errors"
	"time"
)

// CountRecoveryFailure adds one wrong code to those of a user within a window
// of time, and begins a new window where the last one is over. One statement:
// codes that come at once are all counted, at any isolation.
func (tx *Tx) CountRecoveryFailure(orgID, userID string, window time.Duration) (failures int, err error) {
	return failures, tx.first(func(s scan) error { return s(&failures) },
		`INSERT INTO recovery_guesses (org_id, user_id, failures, since, last_sent) VALUES ($1, $2, 1, $3, 0)
 ON CONFLICT (org_id, user_id) DO UPDATE SET
 failures = CASE WHEN recovery_guesses.since <= $4 THEN 1 ELSE recovery_guesses.failures + 1 END,
 since = CASE WHEN recovery_guesses.since <= $4 THEN excluded.since ELSE recovery_guesses.since END
 RETURNING failures`, orgID, userID, ms(tx.now), ms(tx.now.Add(-window)))
}

// RecoveryFailures is how many wrong codes a user's recoveries have got within
// the window.
func (tx *Tx) RecoveryFailures(orgID, userID string, window time.Duration) (failures int, err error) {
	err = tx.first(func(s scan) error { return s(&failures) },
		"SELECT failures FROM recovery_guesses WHERE org_id = $1 AND user_id = $2 AND since > $3", orgID, userID, ms(tx.now.Add(-window)))
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return failures, err
}

// SendForRecovery notes that a code is sent to a user now, and tells whether
// that is allowed: the last time must be at least every ago.
func (tx *Tx) SendForRecovery(orgID, userID string, every time.Duration) (bool, error) {
	n, err := tx.exec(`INSERT INTO recovery_guesses (org_id, user_id, failures, since, last_sent) VALUES ($1, $2, 0, $3, $3)
 ON CONFLICT (org_id, user_id) DO UPDATE SET last_sent = excluded.last_sent WHERE recovery_guesses.last_sent <= $4`,
		orgID, userID, ms(tx.now), ms(tx.now.Add(-every)))
	return n > 0, err
}

// ForgiveRecovery forgets the wrong codes of a user.
func (tx *Tx) ForgiveRecovery(orgID, userID string) error {
	_, err := tx.exec("UPDATE recovery_guesses SET failures = 0 WHERE org_id = $1 AND user_id = $2 AND failures > 0", orgID, userID)
	return err
}
