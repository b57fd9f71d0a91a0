package store

import (
	"encoding/json"
	"fmt"
)

// wholeOrigin selects origins with their authors.
const wholeOrigin = "SELECT o.id, o.name, o.origin, o.cors, o.redirect, o.status, o.created, o.last_updated, o.version, " +
	"coalesce(a.created_by, ''), coalesce(a.updated_by, ''), coalesce(f.apps, '') FROM trusted_origins o " +
	"LEFT JOIN origin_authors a ON a.org_id = o.org_id AND a.origin_id = o.id " +
	"LEFT JOIN origin_frames f ON f.org_id = o.org_id AND f.origin_id = o.id WHERE o.org_id = $1"

func scanWholeOrigin(orgID string, o *TrustedOrigin) func(scan) error {
	return func(s scan) error {
		var frames string
		err := scanOrigin(orgID, o)(func(dest ...any) error { return s(append(dest, &o.CreatedBy, &o.UpdatedBy, &frames)...) })
		if err != nil || frames == "" {
			return err
		}
		o.Frame = true
		if err := json.Unmarshal([]byte(frames), &o.FrameApps); err != nil {
			return fmt.Errorf("frames of origin %s: %w", o.ID, err)
		}
		return nil
	}
}

// Origin returns a trusted origin with its authors.
func (tx *Tx) Origin(orgID, id string) (*TrustedOrigin, error) {
	var o TrustedOrigin
	return &o, tx.first(scanWholeOrigin(orgID, &o), wholeOrigin+" AND o.id = $2", orgID, id)
}

// Origins lists all trusted origins of an organisation by identifier.
func (tx *Tx) Origins(orgID string) ([]*TrustedOrigin, error) {
	var out []*TrustedOrigin
	err := tx.each(func(s scan) error {
		o := new(TrustedOrigin)
		out = append(out, o)
		return scanWholeOrigin(orgID, o)(s)
	}, wholeOrigin+" ORDER BY o.id", orgID)
	return out, err
}

// FramingOrigins lists the active origins whose pages may frame ours.
func (tx *Tx) FramingOrigins(orgID string) ([]string, error) {
	return tx.texts(`SELECT o.origin FROM origin_frames f JOIN trusted_origins o ON o.org_id = f.org_id AND o.id = f.origin_id
 WHERE f.org_id = $1 AND o.status = 'ACTIVE' ORDER BY o.origin`, orgID)
}

// SetOriginDetails writes who made an origin and who changed it last, and
// whether its pages may frame ours.
func (tx *Tx) SetOriginDetails(o *TrustedOrigin) error {
	if err := tx.setOriginAuthors(o); err != nil {
		return err
	}
	if !o.Frame {
		_, err := tx.exec("DELETE FROM origin_frames WHERE org_id = $1 AND origin_id = $2", o.OrgID, o.ID)
		return err
	}
	apps, err := json.Marshal(o.FrameApps)
	if err != nil {
		return fmt.Errorf("frames of origin %s: %w", o.ID, err)
	}
	_, err = tx.exec("INSERT INTO origin_frames (org_id, origin_id, apps) VALUES ($1, $2, $3) ON CONFLICT (org_id, origin_id) DO UPDATE SET apps = excluded.apps",
		o.OrgID, o.ID, string(apps))
	return err
}

func (tx *Tx) setOriginAuthors(o *TrustedOrigin) error {
	_, err := tx.exec("INSERT INTO origin_authors (org_id, origin_id, created_by, updated_by) VALUES ($1, $2, $3, $4) "+
		"ON CONFLICT (org_id, origin_id) DO UPDATE SET created_by = excluded.created_by, updated_by = excluded.updated_by",
		o.OrgID, o.ID, o.CreatedBy, o.UpdatedBy)
	return err
}

// UpdateOrigin writes an origin read at o.Version, else ErrStale. It fails with
// ExistsError on "trusted_origins.origin" when another one has the address.
func (tx *Tx) UpdateOrigin(o *TrustedOrigin) error {
	status := "INACTIVE"
	if o.Active {
		status = "ACTIVE"
	}
	err := tx.versioned("UPDATE trusted_origins SET name = $1, origin = $2, cors = $3, redirect = $4, status = $5, last_updated = $6, version = version + 1 WHERE org_id = $7 AND id = $8 AND version = $9",
		o.Name, o.Origin, flag(o.CORS), flag(o.Redirect), status, ms(o.LastUpdated), o.OrgID, o.ID, o.Version)
	if err == nil {
		o.Version++
	}
	return err
}

// DeleteOrigin removes a trusted origin.
func (tx *Tx) DeleteOrigin(orgID, id string) error {
	return tx.one("DELETE FROM trusted_origins WHERE org_id = $1 AND id = $2", orgID, id)
}
