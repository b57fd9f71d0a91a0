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
}

const yubikeyColumns = "id, public_id, serial, sealed, user_id, counter, created, last_updated, last_verified"

func scanYubiKey(orgID string, k *YubiKey) func(scan) error {
	return func(s scan) error {
		var created, updated, verified int64
		err := s(&k.ID, &k.PublicID, &k.Serial, &k.Sealed, &k.UserID, &k.Counter, &created, &updated, &verified)
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

// YubiKey returns a token by its identifier.
func (tx *Tx) YubiKey(orgID, id string) (*YubiKey, error) {
	var k YubiKey
	return &k, tx.first(scanYubiKey(orgID, &k), "SELECT "+yubikeyColumns+" FROM yubikeys WHERE org_id = $1 AND id = $2", orgID, id)
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
