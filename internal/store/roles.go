package store

import (
	"time"

	"usher/internal/idp"
)

// Role is an administrator role that a user or a group holds.
type Role struct {
	OrgID       string
	PrincipalID string // the user's or the group's identifier
	ID          string
	Type        idp.RoleType
	Created     time.Time
	LastUpdated time.Time
}

// InsertRole assigns a role. It fails with ExistsError on "roles.type" (or
// "roles.id") when the principal has it already.
func (tx *Tx) InsertRole(r Role) error {
	_, err := tx.exec("INSERT INTO roles (org_id, principal_id, id, type, created, last_updated) VALUES ($1, $2, $3, $4, $5, $6)",
		r.OrgID, r.PrincipalID, r.ID, string(r.Type), ms(r.Created), ms(r.LastUpdated))
	return err
}

// DeleteRole takes a role away.
func (tx *Tx) DeleteRole(orgID, principalID, id string) error {
	return tx.one("DELETE FROM roles WHERE org_id = $1 AND principal_id = $2 AND id = $3", orgID, principalID, id)
}

// DeleteRolesOf takes all roles of a principal away, with their targets.
func (tx *Tx) DeleteRolesOf(orgID, principalID string) error {
	if _, err := tx.exec("DELETE FROM role_targets WHERE org_id = $1 AND principal_id = $2", orgID, principalID); err != nil {
		return err
	}
	_, err := tx.exec("DELETE FROM roles WHERE org_id = $1 AND principal_id = $2", orgID, principalID)
	return err
}

// RolesOf lists the roles of a principal by identifier.
func (tx *Tx) RolesOf(orgID, principalID string) ([]Role, error) {
	var out []Role
	err := tx.each(func(s scan) error {
		r := Role{OrgID: orgID, PrincipalID: principalID}
		var kind string
		var created, updated int64
		if err := s(&r.ID, &kind, &created, &updated); err != nil {
			return err
		}
		r.Type, r.Created, r.LastUpdated = idp.RoleType(kind), at(created), at(updated)
		out = append(out, r)
		return nil
	}, "SELECT id, type, created, last_updated FROM roles WHERE org_id = $1 AND principal_id = $2 ORDER BY id", orgID, principalID)
	return out, err
}

// RoleTypesOfUser lists the types of the roles that a user holds itself or by
// a group.
func (tx *Tx) RoleTypesOfUser(orgID, userID string) ([]idp.RoleType, error) {
	var out []idp.RoleType
	err := tx.each(func(s scan) error {
		var kind string
		if err := s(&kind); err != nil {
			return err
		}
		out = append(out, idp.RoleType(kind))
		return nil
	}, `SELECT type FROM roles WHERE org_id = $1 AND principal_id = $2
 UNION SELECT r.type FROM memberships m JOIN roles r ON r.org_id = m.org_id AND r.principal_id = m.group_id
 WHERE m.org_id = $1 AND m.user_id = $2`, orgID, userID)
	return out, err
}
