package store

import "time"

// OAuthServer is a stored custom authorization server; its document belongs to
// package oauth.
type OAuthServer struct {
	OrgID string
	ID    string // aus...
	Name  string
	// NameKey is the folded name, unique in the organisation.
	NameKey string
	Status  string
	// Standard marks the one that every organisation has from the start. Where
	// it was deleted a row stays, so that it does not come again.
	Standard    bool
	Document    []byte // JSON
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

const oauthServerColumns = "id, name, name_key, status, standard, document, created, last_updated, version"

func scanOAuthServer(orgID string, v *OAuthServer) func(scan) error {
	return func(s scan) error {
		var standard, created, updated int64
		err := s(&v.ID, &v.Name, &v.NameKey, &v.Status, &standard, &v.Document, &created, &updated, &v.Version)
		v.OrgID, v.Standard, v.Created, v.LastUpdated = orgID, standard != 0, at(created), at(updated)
		return err
	}
}

// InsertOAuthServer adds a server at version 1. It fails with ExistsError on
// "oauth_servers.name_key" when another one has the name.
func (tx *Tx) InsertOAuthServer(v *OAuthServer) error {
	v.Version = 1
	_, err := tx.exec("INSERT INTO oauth_servers (org_id, "+oauthServerColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		v.OrgID, v.ID, v.Name, v.NameKey, v.Status, flag(v.Standard), string(v.Document), ms(v.Created), ms(v.LastUpdated), v.Version)
	return err
}

// UpdateOAuthServer writes a server read at v.Version, else ErrStale.
func (tx *Tx) UpdateOAuthServer(v *OAuthServer) error {
	err := tx.versioned("UPDATE oauth_servers SET name = $1, name_key = $2, status = $3, document = $4, last_updated = $5, version = version + 1 WHERE org_id = $6 AND id = $7 AND version = $8",
		v.Name, v.NameKey, v.Status, string(v.Document), ms(v.LastUpdated), v.OrgID, v.ID, v.Version)
	if err == nil {
		v.Version++
	}
	return err
}

// DeleteOAuthServer removes a server with all its parts.
func (tx *Tx) DeleteOAuthServer(orgID, id string) error {
	return tx.one("DELETE FROM oauth_servers WHERE org_id = $1 AND id = $2", orgID, id)
}

// OAuthServer returns the server with this identifier.
func (tx *Tx) OAuthServer(orgID, id string) (*OAuthServer, error) {
	var v OAuthServer
	return &v, tx.first(scanOAuthServer(orgID, &v), "SELECT "+oauthServerColumns+" FROM oauth_servers WHERE org_id = $1 AND id = $2", orgID, id)
}

// StandardOAuthServer returns the server that the organisation has from the
// start, or what is left of it.
func (tx *Tx) StandardOAuthServer(orgID string) (*OAuthServer, error) {
	var v OAuthServer
	return &v, tx.first(scanOAuthServer(orgID, &v), "SELECT "+oauthServerColumns+" FROM oauth_servers WHERE org_id = $1 AND standard = 1 ORDER BY id LIMIT 1", orgID)
}

// OAuthServers lists the servers of an organisation in the order of their
// creation.
func (tx *Tx) OAuthServers(orgID string) ([]*OAuthServer, error) {
	var out []*OAuthServer
	err := tx.each(func(s scan) error {
		v := new(OAuthServer)
		out = append(out, v)
		return scanOAuthServer(orgID, v)(s)
	}, "SELECT "+oauthServerColumns+" FROM oauth_servers WHERE org_id = $1 ORDER BY id", orgID)
	return out, err
}

// OAuthPart is a scope, claim, policy or rule of an authorization server; its
// document belongs to package oauth.
type OAuthPart struct {
	OrgID    string
	ServerID string
	Kind     string
	ID       string
	ParentID string // the policy of a rule, else empty
	Name     string
	// NameKey is unique among the parts of a kind under one parent.
	NameKey     string
	Status      string
	Priority    int
	System      bool
	Document    []byte // JSON
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

const oauthPartColumns = "kind, id, parent_id, name, name_key, status, priority, system, document, created, last_updated, version"

func scanOAuthPart(orgID, serverID string, p *OAuthPart) func(scan) error {
	return func(s scan) error {
		var system, created, updated int64
		err := s(&p.Kind, &p.ID, &p.ParentID, &p.Name, &p.NameKey, &p.Status, &p.Priority, &system, &p.Document, &created, &updated, &p.Version)
		p.OrgID, p.ServerID, p.System, p.Created, p.LastUpdated = orgID, serverID, system != 0, at(created), at(updated)
		return err
	}
}

// InsertOAuthPart adds a part at version 1. It fails with ExistsError on
// "oauth_parts.name_key" when its name is taken.
func (tx *Tx) InsertOAuthPart(p *OAuthPart) error {
	p.Version = 1
	_, err := tx.exec("INSERT INTO oauth_parts (org_id, server_id, "+oauthPartColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
		p.OrgID, p.ServerID, p.Kind, p.ID, p.ParentID, p.Name, p.NameKey, p.Status, p.Priority, flag(p.System), string(p.Document), ms(p.Created), ms(p.LastUpdated), p.Version)
	return err
}

// UpdateOAuthPart writes a part read at p.Version, its priority too, else ErrStale.
func (tx *Tx) UpdateOAuthPart(p *OAuthPart) error {
	err := tx.versioned("UPDATE oauth_parts SET name = $1, name_key = $2, status = $3, priority = $4, document = $5, last_updated = $6, version = version + 1 WHERE org_id = $7 AND server_id = $8 AND kind = $9 AND id = $10 AND version = $11",
		p.Name, p.NameKey, p.Status, p.Priority, string(p.Document), ms(p.LastUpdated), p.OrgID, p.ServerID, p.Kind, p.ID, p.Version)
	if err == nil {
		p.Version++
	}
	return err
}

// DeleteOAuthPart removes a part and those under it.
func (tx *Tx) DeleteOAuthPart(p *OAuthPart) error {
	if _, err := tx.exec("DELETE FROM oauth_parts WHERE org_id = $1 AND server_id = $2 AND parent_id = $3", p.OrgID, p.ServerID, p.ID); err != nil {
		return err
	}
	return tx.one("DELETE FROM oauth_parts WHERE org_id = $1 AND server_id = $2 AND kind = $3 AND id = $4", p.OrgID, p.ServerID, p.Kind, p.ID)
}

// OAuthParts lists all parts of a server: within a kind by priority, then in
// the order of their creation.
func (tx *Tx) OAuthParts(orgID, serverID string) ([]*OAuthPart, error) {
	var out []*OAuthPart
	err := tx.each(func(s scan) error {
		p := new(OAuthPart)
		out = append(out, p)
		return scanOAuthPart(orgID, serverID, p)(s)
	}, "SELECT "+oauthPartColumns+" FROM oauth_parts WHERE org_id = $1 AND server_id = $2 ORDER BY kind, priority, id", orgID, serverID)
	return out, err
}
