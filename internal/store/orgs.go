package store

import (
	"database/sql"
	"encoding/json"

	"usher/internal/idp"
)

const orgColumns = "id, name, subdomain, host, base_url, created, settings"

func scanOrg(o *idp.Org) func(scan) error {
	return func(scan scan) error {
		var host sql.NullString
		var created int64
		var settings []byte
		if err := scan(&o.ID, &o.Name, &o.Subdomain, &host, &o.BaseURL, &created, &settings); err != nil {
			return err
		}
		o.Host, o.Created = host.String, at(created)
		return json.Unmarshal(settings, &o.Settings)
	}
}

// InsertOrg adds an organisation. It fails with ExistsError on "orgs.host" or
// "orgs.subdomain" when another has them.
func (tx *Tx) InsertOrg(o *idp.Org) error {
	settings, err := json.Marshal(o.Settings)
	if err != nil {
		return err
	}
	_, err = tx.exec("INSERT INTO orgs ("+orgColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7)",
		o.ID, o.Name, o.Subdomain, sql.NullString{String: o.Host, Valid: o.Host != ""}, o.BaseURL, ms(o.Created), string(settings))
	if err != nil {
		return err
	}
	_, err = tx.exec("INSERT INTO event_heads (org_id, position) VALUES ($1, 0)", o.ID)
	return err
}

// UpdateOrgSettings replaces an organisation's settings.
func (tx *Tx) UpdateOrgSettings(id string, s idp.OrgSettings) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.one("UPDATE orgs SET settings = $1 WHERE id = $2", string(text), id)
}

// RenameOrg changes the name that people read.
func (tx *Tx) RenameOrg(id, name string) error {
	return tx.one("UPDATE orgs SET name = $1 WHERE id = $2", name, id)
}

// Org returns the organisation with this identifier.
func (tx *Tx) Org(id string) (*idp.Org, error) {
	var o idp.Org
	return &o, tx.first(scanOrg(&o), "SELECT "+orgColumns+" FROM orgs WHERE id = $1", id)
}

// OrgByHost returns the organisation that is chosen by this host name.
func (tx *Tx) OrgByHost(host string) (*idp.Org, error) {
	var o idp.Org
	return &o, tx.first(scanOrg(&o), "SELECT "+orgColumns+" FROM orgs WHERE host = $1", host)
}

// DefaultOrg returns the organisation that answers every other host: the one
// without a host of its own.
func (tx *Tx) DefaultOrg() (*idp.Org, error) {
	var o idp.Org
	return &o, tx.first(scanOrg(&o), "SELECT "+orgColumns+" FROM orgs WHERE host IS NULL ORDER BY id LIMIT 1")
}

// Orgs lists all organisations by identifier.
func (tx *Tx) Orgs() ([]*idp.Org, error) {
	var out []*idp.Org
	err := tx.each(func(s scan) error {
		var o idp.Org
		out = append(out, &o)
		return scanOrg(&o)(s)
	}, "SELECT "+orgColumns+" FROM orgs ORDER BY id")
	return out, err
}

// Fact reads a fact about the whole server, ErrNotFound when it is not set.
func (tx *Tx) Fact(name string) (string, error) {
	var v string
	return v, tx.first(func(s scan) error { return s(&v) }, "SELECT value FROM server_facts WHERE name = $1", name)
}

// SetFact writes a fact about the whole server.
func (tx *Tx) SetFact(name, value string) error {
	_, err := tx.exec("INSERT INTO server_facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}
