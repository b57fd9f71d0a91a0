package store

import "time"

// UserSchema is what an organisation has changed about a profile: that of a type
// of users, of groups or of the users of an application. TypeID names it. Its
// document belongs to package directory.
type UserSchema struct {
	OrgID, TypeID string
	Document      []byte // JSON
	LastUpdated   time.Time
	Version       int64 // 0: there is none yet
}

// SchemaVersion tells two states of a UserSchema apart. It is zero where there
// are no changes.
type SchemaVersion struct {
	Version     int64
	LastUpdated time.Time
}

// UserSchema reads the changes, ErrNotFound when there are none.
func (tx *Tx) UserSchema(orgID, typeID string) (*UserSchema, error) {
	u := UserSchema{OrgID: orgID, TypeID: typeID}
	return &u, tx.first(func(s scan) error {
		var updated int64
		err := s(&u.Document, &updated, &u.Version)
		u.LastUpdated = at(updated)
		return err
	}, "SELECT document, last_updated, version FROM user_schemas WHERE org_id = $1 AND type_id = $2", orgID, typeID)
}

// UserSchemas lists the changes of all schemas whose name begins with prefix, by
// name.
func (tx *Tx) UserSchemas(orgID, prefix string) ([]*UserSchema, error) {
	var out []*UserSchema
	err := tx.each(func(s scan) error {
		u := UserSchema{OrgID: orgID}
		var updated int64
		err := s(&u.TypeID, &u.Document, &updated, &u.Version)
		u.LastUpdated = at(updated)
		out = append(out, &u)
		return err
	}, "SELECT type_id, document, last_updated, version FROM user_schemas WHERE org_id = $1 AND type_id >= $2 AND type_id < $3 ORDER BY type_id",
		orgID, prefix, after(prefix))
	return out, err
}

// DeleteUserSchema forgets the changes, if there are any.
func (tx *Tx) DeleteUserSchema(orgID, typeID string) error {
	_, err := tx.exec("DELETE FROM user_schemas WHERE org_id = $1 AND type_id = $2", orgID, typeID)
	return err
}

// SaveUserSchema inserts changes of version 0, or updates those that were read
// at their version, else ErrStale; it raises the version.
func (tx *Tx) SaveUserSchema(u *UserSchema) error {
	u.LastUpdated = tx.now
	var err error
	if u.Version == 0 {
		_, err = tx.exec("INSERT INTO user_schemas (org_id, type_id, document, last_updated, version) VALUES ($1, $2, $3, $4, 1)",
			u.OrgID, u.TypeID, string(u.Document), ms(u.LastUpdated))
	} else {
		err = tx.versioned("UPDATE user_schemas SET document = $1, last_updated = $2, version = version + 1 WHERE org_id = $3 AND type_id = $4 AND version = $5",
			string(u.Document), ms(u.LastUpdated), u.OrgID, u.TypeID, u.Version)
	}
	if err == nil {
		u.Version++
	}
	return err
}
