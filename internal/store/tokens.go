package store

import (
	"time"
)

// APIToken is a management token, kept as its SHA-256.
type APIToken struct {
	OrgID    string
	ID       string // 00T...
	UserID   string
	Name     string
	Created  time.Time
	LastUsed time.Time
}

// InsertAPIToken adds a token under the hash of its secret.
func (tx *Tx) InsertAPIToken(t APIToken, hash []byte) error {
	_, err := tx.exec("INSERT INTO api_tokens (org_id, id, hash, user_id, name, created, last_used) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		t.OrgID, t.ID, hash, t.UserID, t.Name, ms(t.Created), ms(t.LastUsed))
	return err
}

const apiTokenColumns = "id, user_id, name, created, last_used"

func scanAPIToken(orgID string, t *APIToken) func(scan) error {
	return func(s scan) error {
		var created, used int64
		err := s(&t.ID, &t.UserID, &t.Name, &created, &used)
		t.OrgID, t.Created, t.LastUsed = orgID, at(created), at(used)
		return err
	}
}

// APITokenByHash returns the token under this hash.
func (tx *Tx) APITokenByHash(orgID string, hash []byte) (*APIToken, error) {
	var t APIToken
	return &t, tx.first(scanAPIToken(orgID, &t), "SELECT "+apiTokenColumns+" FROM api_tokens WHERE org_id = $1 AND hash = $2", orgID, hash)
}

// APIToken returns the token with this identifier.
func (tx *Tx) APIToken(orgID, id string) (*APIToken, error) {
	var t APIToken
	return &t, tx.first(scanAPIToken(orgID, &t), "SELECT "+apiTokenColumns+" FROM api_tokens WHERE org_id = $1 AND id = $2", orgID, id)
}

// UseAPIToken notes that a token was used and keeps it from idling out.
func (tx *Tx) UseAPIToken(orgID, id string) error {
	return tx.one("UPDATE api_tokens SET last_used = $1 WHERE org_id = $2 AND id = $3", ms(tx.now), orgID, id)
}

// UseAPITokens notes for the tokens of all organisations that they were used.
func (tx *Tx) UseAPITokens() error {
	_, err := tx.exec("UPDATE api_tokens SET last_used = $1 WHERE last_used < $1", ms(tx.now))
	return err
}

// DeleteAPIToken revokes a token.
func (tx *Tx) DeleteAPIToken(orgID, id string) error {
	return tx.one("DELETE FROM api_tokens WHERE org_id = $1 AND id = $2", orgID, id)
}

// APITokensOf lists the tokens of a user by identifier.
func (tx *Tx) APITokensOf(orgID, userID string) ([]APIToken, error) {
	return tx.apiTokens(orgID, "user_id = $2 ORDER BY id", userID)
}

// APITokensAfter lists, by identifier, the tokens of an organisation behind one,
// of those that were used since a time.
func (tx *Tx) APITokensAfter(orgID, after string, since time.Time, limit int) ([]APIToken, error) {
	return tx.apiTokens(orgID, "id > $2 AND last_used >= $3 ORDER BY id LIMIT $4", after, ms(since), limit)
}

func (tx *Tx) apiTokens(orgID, which string, args ...any) ([]APIToken, error) {
	var out []APIToken
	err := tx.each(func(s scan) error {
		var t APIToken
		err := scanAPIToken(orgID, &t)(s)
		out = append(out, t)
		return err
	}, "SELECT "+apiTokenColumns+" FROM api_tokens WHERE org_id = $1 AND "+which, append([]any{orgID}, args...)...)
	return out, err
}
