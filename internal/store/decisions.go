package store

import "time"

// InsertDecision keeps why a request was answered as it was, until it expires.
// id orders what one request has decided.
func (tx *Tx) InsertDecision(orgID, request, id string, document []byte, expires time.Time) error {
	return tx.later("INSERT INTO decisions (org_id, request, id, expires, document) VALUES ($1, $2, $3, $4, $5)",
		orgID, request, id, ms(expires), string(document))
}

// Decisions returns the documents about a request, oldest first, at most limit.
func (tx *Tx) Decisions(orgID, request string, limit int) ([][]byte, error) {
	var out [][]byte
	err := tx.each(func(s scan) error {
		var doc []byte
		if err := s(&doc); err != nil {
			return err
		}
		out = append(out, doc)
		return nil
	}, "SELECT document FROM decisions WHERE org_id = $1 AND request = $2 AND expires > $3 ORDER BY id LIMIT $4", orgID, request, ms(tx.now), limit)
	return out, err
}
