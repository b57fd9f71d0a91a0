package store

import "time"

// Zone is a stored network zone; its document (the addresses) belongs to
// package policy.
type Zone struct {
	OrgID       string
	ID          string // nzo...
	Type        string
	Name        string
	Status      string
	Usage       string
	System      bool
	Document    []byte // JSON
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

const zoneColumns = "id, type, name, status, purpose, system, document, created, last_updated, version"

func scanZone(orgID string, z *Zone) func(scan) error {
	return func(s scan) error {
		var system, created, updated int64
		err := s(&z.ID, &z.Type, &z.Name, &z.Status, &z.Usage, &system, &z.Document, &created, &updated, &z.Version)
		z.OrgID, z.System, z.Created, z.LastUpdated = orgID, system != 0, at(created), at(updated)
		return err
	}
}

// InsertZone adds a zone at version 1. It fails with ExistsError on
// "network_zones.name" when there is one of this name.
func (tx *Tx) InsertZone(z *Zone) error {
	z.Version = 1
	_, err := tx.exec("INSERT INTO network_zones (org_id, "+zoneColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		z.OrgID, z.ID, z.Type, z.Name, z.Status, z.Usage, flag(z.System), string(z.Document), ms(z.Created), ms(z.LastUpdated), z.Version)
	return err
}

// UpdateZone writes a zone read at z.Version, else ErrStale. It fails like
// InsertZone for a name that is taken.
func (tx *Tx) UpdateZone(z *Zone) error {
	err := tx.versioned("UPDATE network_zones SET name = $1, status = $2, purpose = $3, document = $4, last_updated = $5, version = version + 1 WHERE org_id = $6 AND id = $7 AND version = $8",
		z.Name, z.Status, z.Usage, string(z.Document), ms(z.LastUpdated), z.OrgID, z.ID, z.Version)
	if err == nil {
		z.Version++
	}
	return err
}

// DeleteZone removes a zone.
func (tx *Tx) DeleteZone(orgID, id string) error {
	return tx.one("DELETE FROM network_zones WHERE org_id = $1 AND id = $2", orgID, id)
}

// Zone returns one zone.
func (tx *Tx) Zone(orgID, id string) (*Zone, error) {
	var z Zone
	return &z, tx.first(scanZone(orgID, &z), "SELECT "+zoneColumns+" FROM network_zones WHERE org_id = $1 AND id = $2", orgID, id)
}

// Zones lists all zones of an organisation by identifier.
func (tx *Tx) Zones(orgID string) ([]*Zone, error) {
	var out []*Zone
	err := tx.each(func(s scan) error {
		z := new(Zone)
		out = append(out, z)
		return scanZone(orgID, z)(s)
	}, "SELECT "+zoneColumns+" FROM network_zones WHERE org_id = $1 ORDER BY id", orgID)
	return out, err
}

// AuthenticatorState is what an organisation has said about a method.
type AuthenticatorState struct {
	Kind        string
	Status      string
	LastUpdated time.Time
}

// SetAuthenticator writes what an organisation says about a method.
func (tx *Tx) SetAuthenticator(orgID string, a AuthenticatorState) error {
	_, err := tx.exec("INSERT INTO authenticators (org_id, kind, status, last_updated) VALUES ($1, $2, $3, $4) "+
		"ON CONFLICT (org_id, kind) DO UPDATE SET status = excluded.status, last_updated = excluded.last_updated",
		orgID, a.Kind, a.Status, ms(a.LastUpdated))
	return err
}

// AuthenticatorStates lists what an organisation has said, by kind.
func (tx *Tx) AuthenticatorStates(orgID string) ([]AuthenticatorState, error) {
	if known, ok := tx.seen.authenticatorsOf(orgID); ok {
		return known, nil
	}
	var out []AuthenticatorState
	err := tx.each(func(s scan) error {
		var a AuthenticatorState
		var updated int64
		err := s(&a.Kind, &a.Status, &updated)
		a.LastUpdated = at(updated)
		out = append(out, a)
		return err
	}, "SELECT kind, status, last_updated FROM authenticators WHERE org_id = $1 ORDER BY kind", orgID)
	if err == nil {
		tx.seen.keepAuthenticators(orgID, out)
	}
	return out, err
}
