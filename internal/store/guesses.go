package store

// CountFailure adds one wrong guess to a credential that is not locked and
// returns how many there are now in a row. ErrNotFound when there is no such
// credential or it is locked. One statement: guesses that come at once are all
// counted, at any isolation.
func (tx *Tx) CountFailure(orgID, userID string) (failures int, err error) {
	err = tx.first(func(s scan) error { return s(&failures) },
		`UPDATE credentials SET failures = failures + 1, last_failure = $1, version = version + 1
 WHERE org_id = $2 AND user_id = $3 AND locked_at = 0 RETURNING failures`, ms(tx.now), orgID, userID)
	return failures, err
}

// LockCredential notes since when the guesses are too many, and tells whether
// that is new.
func (tx *Tx) LockCredential(orgID, userID string) (bool, error) {
	n, err := tx.exec("UPDATE credentials SET locked_at = $1, version = version + 1 WHERE org_id = $2 AND user_id = $3 AND locked_at = 0",
		ms(tx.now), orgID, userID)
	return n > 0, err
}

// ForgiveCredential forgets the wrong guesses and the lock.
func (tx *Tx) ForgiveCredential(orgID, userID string) error {
	_, err := tx.exec(`UPDATE credentials SET failures = 0, locked_at = 0, version = version + 1
 WHERE org_id = $1 AND user_id = $2 AND (failures > 0 OR locked_at > 0)`, orgID, userID)
	return err
}

// DeleteCredential erases all that a user proves knowledge of.
func (tx *Tx) DeleteCredential(orgID, userID string) error {
	_, err := tx.exec("DELETE FROM credentials WHERE org_id = $1 AND user_id = $2", orgID, userID)
	if err != nil {
		return err
	}
	_, err = tx.exec("DELETE FROM sign_in_sources WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return err
}
