package store

import "time"

// AppKey is a signing key of applications. Private is sealed.
type AppKey struct {
	OrgID       string
	ID          string // kid
	Purpose     string // who uses it: see package apps
	Private     string
	Certificate []byte // DER
	Created     time.Time
	LastUpdated time.Time
	Expires     time.Time
}

const appKeyColumns = "k.kid, k.purpose, k.private, k.certificate, k.created, k.last_updated, k.expires"

func scanAppKey(orgID string, k *AppKey) func(scan) error {
	return func(s scan) error {
		var created, updated, expires int64
		err := s(&k.ID, &k.Purpose, &k.Private, &k.Certificate, &created, &updated, &expires)
		k.OrgID, k.Created, k.LastUpdated, k.Expires = orgID, at(created), at(updated), at(expires)
		return err
	}
}

// InsertAppKey adds a key. It fails with ExistsError on "app_keys.kid".
func (tx *Tx) InsertAppKey(k *AppKey) error {
	_, err := tx.exec("INSERT INTO app_keys (org_id, kid, purpose, private, certificate, created, last_updated, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		k.OrgID, k.ID, k.Purpose, k.Private, k.Certificate, ms(k.Created), ms(k.LastUpdated), ms(k.Expires))
	return err
}

// LinkAppKey gives an application a key. It fails with ExistsError on
// "app_key_links.kid" when it has it.
func (tx *Tx) LinkAppKey(orgID, appID, kid string) error {
	_, err := tx.exec("INSERT INTO app_key_links (org_id, app_id, kid, created) VALUES ($1, $2, $3, $4)", orgID, appID, kid, ms(tx.now))
	return err
}

// AppKeys lists the keys of an application, the oldest first.
func (tx *Tx) AppKeys(orgID, appID string) ([]*AppKey, error) {
	var out []*AppKey
	err := tx.each(func(s scan) error {
		k := new(AppKey)
		out = append(out, k)
		return scanAppKey(orgID, k)(s)
	}, "SELECT "+appKeyColumns+` FROM app_key_links l JOIN app_keys k ON k.org_id = l.org_id AND k.kid = l.kid
 WHERE l.org_id = $1 AND l.app_id = $2 ORDER BY l.created, k.created, k.kid`, orgID, appID)
	return out, err
}

// AppKey returns a key of an application.
func (tx *Tx) AppKey(orgID, appID, kid string) (*AppKey, error) {
	var k AppKey
	return &k, tx.first(scanAppKey(orgID, &k), "SELECT "+appKeyColumns+` FROM app_key_links l JOIN app_keys k ON k.org_id = l.org_id AND k.kid = l.kid
 WHERE l.org_id = $1 AND l.app_id = $2 AND l.kid = $3`, orgID, appID, kid)
}

// NewestAppKey returns the newest key of an organisation for a purpose.
func (tx *Tx) NewestAppKey(orgID, purpose string) (*AppKey, error) {
	var k AppKey
	return &k, tx.first(scanAppKey(orgID, &k), "SELECT "+appKeyColumns+` FROM app_keys k
 WHERE k.org_id = $1 AND k.purpose = $2 ORDER BY k.created DESC, k.kid DESC LIMIT 1`, orgID, purpose)
}

// LooseKeyPurpose is the purpose of keys that go when no application has them.
const LooseKeyPurpose = "app"

// dropLooseKeys removes keys of single applications that none has any more.
func (tx *Tx) dropLooseKeys(orgID string) error {
	_, err := tx.exec(`DELETE FROM app_keys WHERE org_id = $1 AND purpose = '`+LooseKeyPurpose+`'
 AND NOT EXISTS (SELECT 1 FROM app_key_links l WHERE l.org_id = $1 AND l.kid = app_keys.kid)`, orgID)
	return err
}

// AppCSR is a key that waits for its certificate. Private is sealed.
type AppCSR struct {
	OrgID   string
	AppID   string
	ID      string // the kid that the key is going to have
	Private string
	Request []byte // DER
	Created time.Time
}

// InsertAppCSR adds a certificate signing request.
func (tx *Tx) InsertAppCSR(c *AppCSR) error {
	_, err := tx.exec("INSERT INTO app_csrs (org_id, app_id, id, private, request, created) VALUES ($1, $2, $3, $4, $5, $6)",
		c.OrgID, c.AppID, c.ID, c.Private, c.Request, ms(c.Created))
	return err
}

// AppCSRs lists the certificate signing requests of an application, or the one
// with an identifier where that is not empty, the oldest first.
func (tx *Tx) AppCSRs(orgID, appID, id string) ([]*AppCSR, error) {
	var out []*AppCSR
	err := tx.each(func(s scan) error {
		c := &AppCSR{OrgID: orgID, AppID: appID}
		var created int64
		if err := s(&c.ID, &c.Private, &c.Request, &created); err != nil {
			return err
		}
		c.Created = at(created)
		out = append(out, c)
		return nil
	}, "SELECT id, private, request, created FROM app_csrs WHERE org_id = $1 AND app_id = $2 AND ($3 = '' OR id = $3) ORDER BY created, id", orgID, appID, id)
	return out, err
}

// DeleteAppCSR removes a certificate signing request.
func (tx *Tx) DeleteAppCSR(orgID, appID, id string) error {
	return tx.one("DELETE FROM app_csrs WHERE org_id = $1 AND app_id = $2 AND id = $3", orgID, appID, id)
}
