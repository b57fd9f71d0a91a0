package store

import "time"

// Transaction is a sign-in under way. Its document belongs to package signin.
type Transaction struct {
	OrgID    string
	Hash     []byte // SHA-256 of the handle
	UserID   string // "" while no user is known
	Expires  time.Time
	Document []byte // JSON
	Version  int64
}

// SaveTransaction inserts a transaction of version 0, or updates one that was
// read at its version, else ErrStale; it raises the version. When there is one
// already of which nothing was known, it, the next statement or the commit fails
// with ExistsError on "transactions.hash".
func (tx *Tx) SaveTransaction(t *Transaction) error {
	var err error
	if t.Version == 0 {
		err = tx.later("INSERT INTO transactions (org_id, hash, user_id, created, expires, document, version) VALUES ($1, $2, $3, $4, $5, $6, 1)",
			t.OrgID, t.Hash, t.UserID, ms(tx.now), ms(t.Expires), string(t.Document))
	} else {
		err = tx.atVersion(t.row(), t.Version, "UPDATE transactions SET user_id = $1, expires = $2, document = $3, version = version + 1 WHERE org_id = $4 AND hash = $5 AND version = $6",
			t.UserID, ms(t.Expires), string(t.Document), t.OrgID, t.Hash, t.Version)
	}
	if err == nil {
		t.Version++
	}
	return err
}

func (t *Transaction) row() seenRow { return seenRow{"transactions", t.OrgID, string(t.Hash)} }

func (tx *Tx) askVersion(orgID string, hash []byte) ask {
	var version int64
	return ask{
		query: "SELECT version FROM transactions WHERE org_id = $1 AND hash = $2",
		args:  []any{orgID, hash},
		begin: func() { version = 0 },
		row:   func(s scan) error { return s(&version) },
		done:  func(bool) { tx.seen.keepVersion((&Transaction{OrgID: orgID, Hash: hash}).row(), version) },
	}
}

// Transaction returns the transaction under this hash that has not expired.
func (tx *Tx) Transaction(orgID string, hash []byte) (*Transaction, error) {
	t := Transaction{OrgID: orgID, Hash: hash}
	return &t, tx.first(func(s scan) error {
		var expires int64
		err := s(&t.UserID, &expires, &t.Document, &t.Version)
		t.Expires = at(expires)
		return err
	}, "SELECT user_id, expires, document, version FROM transactions WHERE org_id = $1 AND hash = $2 AND expires > $3", orgID, hash, ms(tx.now))
}

// DeleteTransaction ends a transaction. Ending one that is gone is no error.
func (tx *Tx) DeleteTransaction(orgID string, hash []byte) error {
	_, err := tx.exec("DELETE FROM transactions WHERE org_id = $1 AND hash = $2", orgID, hash)
	return err
}

// DeleteUserTransactions ends all transactions of a user.
func (tx *Tx) DeleteUserTransactions(orgID, userID string) error {
	_, err := tx.exec("DELETE FROM transactions WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return err
}
