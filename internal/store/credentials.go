package store

import (
	"encoding/json"
	"time"
)

// Credential is what a user proves knowledge of, hashed, and the count of
// wrong guesses.
type Credential struct {
	OrgID, UserID string
	Password      string   // encoded hash, empty for none
	Answer        string   // encoded hash of the recovery answer, empty for none
	History       []string // encoded hashes of earlier passwords, newest first
	Failures      int      // wrong passwords in a row
	LastFailure   time.Time
	LockedAt      time.Time // zero when not locked
	Version       int64
}

const credentialColumns = "c.password, c.answer, c.history, c.failures, c.last_failure, c.locked_at, c.version"

// scanCredential reads credentialColumns and what is selected behind them.
func scanCredential(c *Credential, behind ...any) func(scan) error {
	return func(s scan) error {
		var history []byte
		var lastFailure, lockedAt int64
		if err := s(append([]any{&c.Password, &c.Answer, &history, &c.Failures, &lastFailure, &lockedAt, &c.Version}, behind...)...); err != nil {
			return err
		}
		c.LastFailure, c.LockedAt = at(lastFailure), at(lockedAt)
		return json.Unmarshal(history, &c.History)
	}
}

// Credential returns a user's credential.
func (tx *Tx) Credential(orgID, userID string) (*Credential, error) {
	if known, ok := tx.seen.credentialOf(orgID, userID); ok {
		return known, nil
	}
	c := Credential{OrgID: orgID, UserID: userID}
	return &c, tx.first(scanCredential(&c), "SELECT "+credentialColumns+" FROM credentials c WHERE c.org_id = $1 AND c.user_id = $2", orgID, userID)
}

// askCredential asks for the credential of the one whose folded login is key.
func (tx *Tx) askCredential(orgID, key string) ask {
	c := Credential{OrgID: orgID}
	return ask{
		query: "SELECT " + credentialColumns + `, c.user_id FROM users u
 JOIN credentials c ON c.org_id = u.org_id AND c.user_id = u.id WHERE u.org_id = $1 AND u.login_key = $2`,
		args: []any{orgID, key},
		row:  scanCredential(&c, &c.UserID),
		done: func(none bool) {
			if !none {
				tx.seen.keepCredential(&c)
			}
		},
	}
}

// SaveCredential inserts a credential of version 0, or updates one that was
// read at its version, else ErrStale; it raises the version.
func (tx *Tx) SaveCredential(c *Credential) error {
	history, err := json.Marshal(append([]string{}, c.History...))
	if err != nil {
		return err
	}
	if c.Version == 0 {
		_, err = tx.exec(`INSERT INTO credentials (org_id, user_id, password, answer, history, failures, last_failure, locked_at, version)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)`,
			c.OrgID, c.UserID, c.Password, c.Answer, string(history), c.Failures, ms(c.LastFailure), ms(c.LockedAt))
	} else {
		err = tx.versioned(`UPDATE credentials SET password = $1, answer = $2, history = $3, failures = $4, last_failure = $5, locked_at = $6, version = version + 1
 WHERE org_id = $7 AND user_id = $8 AND version = $9`,
			c.Password, c.Answer, string(history), c.Failures, ms(c.LastFailure), ms(c.LockedAt), c.OrgID, c.UserID, c.Version)
	}
	if err == nil {
		c.Version++
	}
	return err
}

// UserToken is a secret that was sent to a user, kept as its SHA-256.
type UserToken struct {
	OrgID, UserID string
	Hash          []byte
	Kind          string // e.g. "activation"
	Expires       time.Time
}

// PutUserToken keeps the token and voids an older one of the same user and kind.
func (tx *Tx) PutUserToken(t UserToken) error {
	_, err := tx.exec(`INSERT INTO user_tokens (org_id, hash, kind, user_id, created, expires) VALUES ($1, $2, $3, $4, $5, $6)
 ON CONFLICT (org_id, user_id, kind) DO UPDATE SET hash = excluded.hash, created = excluded.created, expires = excluded.expires`,
		t.OrgID, t.Hash, t.Kind, t.UserID, ms(tx.now), ms(t.Expires))
	return err
}

// TakeUserToken consumes a token that has not expired and returns its user.
func (tx *Tx) TakeUserToken(orgID, kind string, hash []byte) (userID string, err error) {
	err = tx.first(func(s scan) error { return s(&userID) },
		"DELETE FROM user_tokens WHERE org_id = $1 AND hash = $2 AND kind = $3 AND expires > $4 RETURNING user_id", orgID, hash, kind, ms(tx.now))
	return userID, err
}

// DeleteUserTokens voids all tokens of a user.
func (tx *Tx) DeleteUserTokens(orgID, userID string) error {
	_, err := tx.exec("DELETE FROM user_tokens WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return err
}
