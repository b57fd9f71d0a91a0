package store

import (
	"encoding/json"
	"time"
)

// Factor is a way to prove who one is that a user has enrolled or begun to.
type Factor struct {
	OrgID, UserID string
	ID            string
	Type          string // e.g. token:software:totp
	Provider      string // e.g. OKTA
	Vendor        string
	Status        string // e.g. ACTIVE
	// Profile is the JSON text of what may be shown.
	Profile json.RawMessage
	// Sealed is what only the method may know, encrypted; empty for none.
	Sealed      string
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

const factorColumns = "id, type, provider, vendor, status, profile, sealed, created, last_updated, version"

func scanFactor(f *Factor) func(scan) error {
	return func(s scan) error {
		var profile []byte
		var created, updated int64
		if err := s(&f.ID, &f.Type, &f.Provider, &f.Vendor, &f.Status, &profile, &f.Sealed, &created, &updated, &f.Version); err != nil {
			return err
		}
		f.Profile, f.Created, f.LastUpdated = json.RawMessage(profile), at(created), at(updated)
		return nil
	}
}

// InsertFactor adds a factor at version 1. The caller raises the count in the
// user's row, which tells others that there are any.
func (tx *Tx) InsertFactor(f *Factor) error {
	f.Version = 1
	_, err := tx.exec("INSERT INTO factors (org_id, user_id, "+factorColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
		f.OrgID, f.UserID, f.ID, f.Type, f.Provider, f.Vendor, f.Status, string(f.Profile), f.Sealed, ms(f.Created), ms(f.LastUpdated), f.Version)
	return err
}

// UpdateFactor writes a factor that was read at its version, else ErrStale, and
// raises the version. Type and provider never change.
func (tx *Tx) UpdateFactor(f *Factor) error {
	err := tx.versioned(`UPDATE factors SET vendor = $1, status = $2, profile = $3, sealed = $4, last_updated = $5, version = version + 1
 WHERE org_id = $6 AND user_id = $7 AND id = $8 AND version = $9`,
		f.Vendor, f.Status, string(f.Profile), f.Sealed, ms(f.LastUpdated), f.OrgID, f.UserID, f.ID, f.Version)
	if err == nil {
		f.Version++
	}
	return err
}

// Factor returns one factor of a user.
func (tx *Tx) Factor(orgID, userID, id string) (*Factor, error) {
	if known, ok := tx.seen.factorsOf(orgID, userID); ok {
		for i := range known {
			if known[i].ID == id {
				return &known[i], nil
			}
		}
		return nil, ErrNotFound
	}
	f := Factor{OrgID: orgID, UserID: userID}
	return &f, tx.first(scanFactor(&f), "SELECT "+factorColumns+" FROM factors WHERE org_id = $1 AND user_id = $2 AND id = $3", orgID, userID, id)
}

// FactorsOf lists the factors of a user by identifier.
func (tx *Tx) FactorsOf(orgID, userID string) ([]Factor, error) {
	if known, ok := tx.seen.factorsOf(orgID, userID); ok {
		return known, nil
	}
	out, err := tx.askFactors(orgID, userID).get(tx)
	return *out, err
}

func (tx *Tx) askFactors(orgID, userID string) asking[[]Factor] {
	var out []Factor
	return asking[[]Factor]{ask{
		query: "SELECT " + factorColumns + " FROM factors WHERE org_id = $1 AND user_id = $2 ORDER BY id",
		args:  []any{orgID, userID},
		list:  true,
		begin: func() { out = nil },
		row: func(s scan) error {
			out = append(out, Factor{OrgID: orgID, UserID: userID})
			return scanFactor(&out[len(out)-1])(s)
		},
		done: func(bool) { tx.seen.keepFactors(orgID, userID, out) },
	}, &out}
}

// DeleteFactor removes a factor with its challenges, else ErrNotFound.
func (tx *Tx) DeleteFactor(orgID, userID, id string) error {
	if _, err := tx.exec("DELETE FROM factor_challenges WHERE org_id = $1 AND user_id = $2 AND factor_id = $3", orgID, userID, id); err != nil {
		return err
	}
	return tx.one("DELETE FROM factors WHERE org_id = $1 AND user_id = $2 AND id = $3", orgID, userID, id)
}

// DeleteFactors removes all factors of a user, with their challenges and the
// devices on which one was proved, and tells how many there were.
func (tx *Tx) DeleteFactors(orgID, userID string) (int, error) {
	if _, err := tx.exec("DELETE FROM factor_challenges WHERE org_id = $1 AND user_id = $2", orgID, userID); err != nil {
		return 0, err
	}
	if err := tx.ForgetDevices(orgID, userID); err != nil {
		return 0, err
	}
	n, err := tx.exec("DELETE FROM factors WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return int(n), err
}
