package store

import "time"

// AppSecret is something that an application keeps secret, sealed.
type AppSecret struct {
	OrgID       string
	AppID       string
	ID          string
	Kind        string // see package apps
	Status      string
	Sealed      string
	Created     time.Time
	LastUpdated time.Time
}

// InsertAppSecret adds a secret.
func (tx *Tx) InsertAppSecret(s *AppSecret) error {
	_, err := tx.exec("INSERT INTO app_secrets (org_id, app_id, id, kind, status, sealed, created, last_updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		s.OrgID, s.AppID, s.ID, s.Kind, s.Status, s.Sealed, ms(s.Created), ms(s.LastUpdated))
	return err
}

// UpdateAppSecret writes status and sealed value of a secret.
func (tx *Tx) UpdateAppSecret(s *AppSecret) error {
	return tx.one("UPDATE app_secrets SET status = $1, sealed = $2, last_updated = $3 WHERE org_id = $4 AND app_id = $5 AND id = $6",
		s.Status, s.Sealed, ms(s.LastUpdated), s.OrgID, s.AppID, s.ID)
}

// DeleteAppSecrets removes the secrets of a kind, or the one with an
// identifier where that is not empty, and tells whether there was any.
func (tx *Tx) DeleteAppSecrets(orgID, appID, kind, id string) (bool, error) {
	n, err := tx.exec("DELETE FROM app_secrets WHERE org_id = $1 AND app_id = $2 AND kind = $3 AND ($4 = '' OR id = $4)", orgID, appID, kind, id)
	return n > 0, err
}

// AppSecrets lists the secrets of an application of a kind, the oldest first.
func (tx *Tx) AppSecrets(orgID, appID, kind string) ([]*AppSecret, error) {
	var out []*AppSecret
	err := tx.each(func(scan scan) error {
		s := &AppSecret{OrgID: orgID, AppID: appID, Kind: kind}
		var created, updated int64
		if err := scan(&s.ID, &s.Status, &s.Sealed, &created, &updated); err != nil {
			return err
		}
		s.Created, s.LastUpdated = at(created), at(updated)
		out = append(out, s)
		return nil
	}, "SELECT id, status, sealed, created, last_updated FROM app_secrets WHERE org_id = $1 AND app_id = $2 AND kind = $3 ORDER BY created, id", orgID, appID, kind)
	return out, err
}

// AppLogo is the picture of an application.
type AppLogo struct {
	OrgID, AppID string
	ID           string // gfs..., new with each picture
	Type         string // media type
	Image        []byte
	Created      time.Time
}

// PutAppLogo keeps a picture in place of the one before.
func (tx *Tx) PutAppLogo(l *AppLogo) error {
	_, err := tx.exec(`INSERT INTO app_logos (org_id, app_id, id, type, image, created) VALUES ($1, $2, $3, $4, $5, $6)
 ON CONFLICT (org_id, app_id) DO UPDATE SET id = excluded.id, type = excluded.type, image = excluded.image, created = excluded.created`,
		l.OrgID, l.AppID, l.ID, l.Type, l.Image, ms(l.Created))
	return err
}

// AppLogo returns the picture with this identifier.
func (tx *Tx) AppLogo(orgID, id string) (*AppLogo, error) {
	l := &AppLogo{OrgID: orgID, ID: id}
	var created int64
	err := tx.first(func(s scan) error { return s(&l.AppID, &l.Type, &l.Image, &created) },
		"SELECT app_id, type, image, created FROM app_logos WHERE org_id = $1 AND id = $2", orgID, id)
	l.Created = at(created)
	return l, err
}
