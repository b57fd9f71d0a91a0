package store

import "usher/internal/idp"

const userTypeColumns = "id, name, display_name, description, created, created_by, last_updated, last_updated_by, version"

func scanUserType(orgID string, t *idp.UserType) func(scan) error {
	return func(s scan) error {
		var created, updated int64
		err := s(&t.ID, &t.Name, &t.DisplayName, &t.Description, &created, &t.CreatedBy, &updated, &t.LastUpdatedBy, &t.Version)
		t.OrgID, t.Created, t.LastUpdated = orgID, at(created), at(updated)
		return err
	}
}

// UserType reads a type.
func (tx *Tx) UserType(orgID, id string) (*idp.UserType, error) {
	var t idp.UserType
	return &t, tx.first(scanUserType(orgID, &t), "SELECT "+userTypeColumns+" FROM user_types WHERE org_id = $1 AND id = $2", orgID, id)
}

// UserTypes lists the types in the order of their creation.
func (tx *Tx) UserTypes(orgID string) ([]*idp.UserType, error) {
	var out []*idp.UserType
	err := tx.each(func(s scan) error {
		t := new(idp.UserType)
		out = append(out, t)
		return scanUserType(orgID, t)(s)
	}, "SELECT "+userTypeColumns+" FROM user_types WHERE org_id = $1 ORDER BY id", orgID)
	return out, err
}

// SaveUserType inserts a type of version 0, or updates one that was read at its
// version, else ErrStale; it raises the version. It fails with ExistsError on
// "user_types.name" when another type has the name.
func (tx *Tx) SaveUserType(t *idp.UserType) error {
	var err error
	if t.Version == 0 {
		_, err = tx.exec("INSERT INTO user_types (org_id, "+userTypeColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
			t.OrgID, t.ID, t.Name, t.DisplayName, t.Description, ms(t.Created), t.CreatedBy, ms(t.LastUpdated), t.LastUpdatedBy)
	} else {
		err = tx.versioned(`UPDATE user_types SET display_name = $1, description = $2, last_updated = $3, last_updated_by = $4, version = version + 1
 WHERE org_id = $5 AND id = $6 AND version = $7`, t.DisplayName, t.Description, ms(t.LastUpdated), t.LastUpdatedBy, t.OrgID, t.ID, t.Version)
	}
	if err == nil {
		t.Version++
	}
	return err
}

// DeleteUserType removes a type, else ErrNotFound.
func (tx *Tx) DeleteUserType(orgID, id string) error {
	return tx.one("DELETE FROM user_types WHERE org_id = $1 AND id = $2", orgID, id)
}

// HasUsersOfType tells whether anybody is of a type. It looks through all users
// of the organisation.
func (tx *Tx) HasUsersOfType(orgID, typeID string) (bool, error) {
	found := false
	err := tx.each(func(s scan) error {
		var id string
		found = true
		return s(&id)
	}, "SELECT id FROM users WHERE org_id = $1 AND type_id = $2 LIMIT 1", orgID, typeID)
	return found, err
}
