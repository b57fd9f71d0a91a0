package store

// EndTransaction removes a transaction that was read at its version, else
// ErrStale: of several that end it at once, one alone succeeds.
func (tx *Tx) EndTransaction(t *Transaction) error {
	return tx.atVersion(t.row(), t.Version, "DELETE FROM transactions WHERE org_id = $1 AND hash = $2 AND version = $3", t.OrgID, t.Hash, t.Version)
}
