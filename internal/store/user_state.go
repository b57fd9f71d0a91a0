package store

import "usher/internal/idp"

// UpdateUserState writes what the life cycle moves of a user (status, password
// and their times) that was read at u.Version, else ErrStale, and raises the
// version. Profile and search keys stay as they are.
func (tx *Tx) UpdateUserState(u *idp.User) error {
	err := tx.versioned(`UPDATE users SET status = $1, has_password = $2, activated = $3, status_changed = $4, last_updated = $5, password_changed = $6,
 version = version + 1 WHERE org_id = $7 AND id = $8 AND version = $9`,
		string(u.Status), flag(u.HasPassword), ms(u.Activated), ms(u.StatusChanged), ms(u.LastUpdated), ms(u.PasswordChanged), u.OrgID, u.ID, u.Version)
	if err == nil {
		u.Version++
	}
	return err
}
