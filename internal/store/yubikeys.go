package store

import "time"

// YubiKey is a hardware token that an administrator has made known.
type YubiKey struct {
	OrgID    string
	ID       string // ykk...
	PublicID string // what its passwords begin with, in its own alphabet
	Serial   string
	Sealed   string // the secrets, encrypted
	UserID   string // empty while it is nobody's
	Counter  int64  // the highest that was used; -1 for none
	Created  time.Time
	// LastUpdated and LastVerified are of the last change and the last proof; the
	// latter is zero before the first.
	LastUpdated  time.Time
	LastVerified time.Time
	// FactorID is its user's active factor of hardware tokens, Factor that one's
	// profile and Enrolled when it began; empty where there is none. They are read
	// by YubiKey and YubiKeys alone, and the factor may be that of another token.
	FactorID string
	Factor   []byte
	Enrolled time.Time
}

const (
	yubikeyColumns = "id, public_id, serial, sealed, user_id, counter, created, last_updated, last_verified"

	// yubikeyJoined reads tokens with the factors of their users.
	yubikeyJoined = `SELECT y.id, y.public_id, y.serial, y.sealed, y.user_id, y.counter, y.created, y.last_updated, y.last_verified,
 COALESCE(f.id, ''), COALESCE(f.profile, ''), COALESCE(f.created, 0)
 FROM yubikeys y LEFT JOIN factors f ON f.org_id = y.org_id AND f.user_id = y.user_id AND f.type = 'token:hardware' AND f.status = 'ACTIVE'
 WHERE y.org_id = $1`
)

func scanYubiKey(orgID string, k *YubiKey) func(scan) error {
	return func(s scan) error { return scanYubiKeyAnd(orgID, k)(s) }
}

// scanYubiKeyAnd scans a token and what else its query reads.
func scanYubiKeyAnd(orgID string, k *YubiKey, more ...any) func(scan) error {
	return func(s scan) error {
		var created, updated, verified int64
		err := s(append([]any{&k.ID, &k.PublicID, &k.Serial, &k.Sealed, &k.UserID, &k.Counter, &created, &updated, &verified}, more...)...)
		k.OrgID, k.Created, k.LastUpdated = orgID, at(created), at(updated)
		if k.LastVerified = (time.Time{}); verified > 0 {
			k.LastVerified = at(verified)
		}
		return err
	}
}

// InsertYubiKey adds a token that is nobody's. ExistsError on
// "yubikeys.public_id" when it is known already.
func (tx *Tx) InsertYubiKey(k *YubiKey) error {
	k.Counter = -1
	_, err := tx.exec("INSERT INTO yubikeys (org_id, "+yubikeyColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
		k.OrgID, k.ID, k.PublicID, k.Serial, k.Sealed, k.UserID, k.Counter, ms(k.Created), ms(k.LastUpdated))
	return err
}

func scanJoined(orgID string, k *YubiKey) func(scan) error {
	return func(s scan) error {
		var since int64
		if err := scanYubiKeyAnd(orgID, k, &k.FactorID, &k.Factor, &since)(s); err != nil {
			return err
		}
		if k.FactorID != "" {
			k.Enrolled = at(since)
		}
		return nil
	}
}

// YubiKey returns a token by its identifier, with its user's factor.
func (tx *Tx) YubiKey(orgID, id string) (*YubiKey, error) {
	var k YubiKey
	return &k, tx.first(scanJoined(orgID, &k), yubikeyJoined+" AND y.id = $2", orgID, id)
}

// YubiKeys lists tokens by identifier, limit of them at most, with their users'
// factors.
func (tx *Tx) YubiKeys(orgID string, limit int) ([]*YubiKey, error) {
	var out []*YubiKey
	err := tx.each(func(s scan) error {
		k := new(YubiKey)
		out = append(out, k)
		return scanJoined(orgID, k)(s)
	}, yubikeyJoined+" ORDER BY y.id LIMIT $2", orgID, limit)
	return out, err
}

// CountYubiKeys is how many tokens an organisation has made known.
func (tx *Tx) CountYubiKeys(orgID string) (n int, err error) {
	return n, tx.first(func(s scan) error { return s(&n) }, "SELECT COUNT(*) FROM yubikeys WHERE org_id = $1", orgID)
}

// DeleteYubiKey forgets a token, else ErrNotFound.
func (tx *Tx) DeleteYubiKey(orgID, id string) error {
	return tx.one("DELETE FROM yubikeys WHERE org_id = $1 AND id = $2", orgID, id)
}

// YubiKeyByPublicID returns the token whose passwords begin so.
func (tx *Tx) YubiKeyByPublicID(orgID, publicID string) (*YubiKey, error) {
	var k YubiKey
	return &k, tx.first(scanYubiKey(orgID, &k), "SELECT "+yubikeyColumns+" FROM yubikeys WHERE org_id = $1 AND public_id = $2", orgID, publicID)
}

// UseYubiKey notes that a user has used the password of a counter, and tells
// whether that is news and the token is nobody else's. Of several that use one
// at once, one succeeds.
func (tx *Tx) UseYubiKey(orgID, id, userID string, counter int64) (bool, error) {
	n, err := tx.exec(`UPDATE yubikeys SET counter = $1, user_id = $2, last_verified = $3, last_updated = $3
 WHERE org_id = $4 AND id = $5 AND counter < $1 AND (user_id = '' OR user_id = $2)`, counter, userID, ms(tx.now), orgID, id)
	return n > 0, err
}
