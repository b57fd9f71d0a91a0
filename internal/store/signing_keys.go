package store

import "time"

// SigningKey is a key pair that signs the tokens of an authorization server.
type SigningKey struct {
	OrgID    string
	ServerID string // empty for the organisation's own server
	ID       string // kid
	Alg      string // RS256 or ES256
	Status   string // ACTIVE, NEXT or EXPIRED; see package keys
	Private  string // sealed
	Created  time.Time
	// Activated is when it began to sign, Retired when it ended; zero before.
	Activated time.Time
	Retired   time.Time
}

const signingKeyColumns = "server_id, kid, alg, status, private, created, activated, retired"

func scanSigningKey(orgID string, k *SigningKey) func(scan) error {
	return func(s scan) error {
		var created, activated, retired int64
		err := s(&k.ServerID, &k.ID, &k.Alg, &k.Status, &k.Private, &created, &activated, &retired)
		k.OrgID, k.Created, k.Activated, k.Retired = orgID, at(created), at(activated), at(retired)
		return err
	}
}

// InsertSigningKey adds a key.
func (tx *Tx) InsertSigningKey(k *SigningKey) error {
	_, err := tx.exec("INSERT INTO signing_keys (org_id, "+signingKeyColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		k.OrgID, k.ServerID, k.ID, k.Alg, k.Status, k.Private, ms(k.Created), ms(k.Activated), ms(k.Retired))
	return err
}

// UpdateSigningKey writes the state of a key.
func (tx *Tx) UpdateSigningKey(k *SigningKey) error {
	return tx.one("UPDATE signing_keys SET status = $1, activated = $2, retired = $3 WHERE org_id = $4 AND server_id = $5 AND kid = $6",
		k.Status, ms(k.Activated), ms(k.Retired), k.OrgID, k.ServerID, k.ID)
}

// DeleteSigningKeys removes the keys of a server, or the one with an
// identifier where that is not empty.
func (tx *Tx) DeleteSigningKeys(orgID, serverID, kid string) error {
	_, err := tx.exec("DELETE FROM signing_keys WHERE org_id = $1 AND server_id = $2 AND ($3 = '' OR kid = $3)", orgID, serverID, kid)
	return err
}

// SigningKeys lists the keys of a server, the oldest first.
func (tx *Tx) SigningKeys(orgID, serverID string) ([]*SigningKey, error) {
	var out []*SigningKey
	err := tx.each(func(s scan) error {
		k := new(SigningKey)
		out = append(out, k)
		return scanSigningKey(orgID, k)(s)
	}, "SELECT "+signingKeyColumns+" FROM signing_keys WHERE org_id = $1 AND server_id = $2 ORDER BY created, activated, kid", orgID, serverID)
	return out, err
}

// SigningKeyOwner names a server whose signing key is old.
type SigningKeyOwner struct{ OrgID, ServerID string }

// StaleSigningKeys lists the servers of all organisations whose key signs since
// before an instant, up to limit of them.
func (tx *Tx) StaleSigningKeys(before time.Time, limit int) ([]SigningKeyOwner, error) {
	var out []SigningKeyOwner
	err := tx.each(func(s scan) error {
		var o SigningKeyOwner
		err := s(&o.OrgID, &o.ServerID)
		out = append(out, o)
		return err
	}, "SELECT org_id, server_id FROM signing_keys WHERE status = 'ACTIVE' AND activated <= $1 ORDER BY activated, org_id, server_id LIMIT $2", ms(before), limit)
	return out, err
}
