package store

import (
	"errors"

	"usher/internal/idp"
)

// HasActiveHolder tells whether an active user other than except ("" for none)
// holds a role, itself or by a group.
func (tx *Tx) HasActiveHolder(orgID string, t idp.RoleType, except string) (bool, error) {
	var id string
	err := tx.first(func(s scan) error { return s(&id) }, `SELECT u.id FROM users u
 WHERE u.org_id = $1 AND u.status = 'ACTIVE' AND u.id <> $3 AND u.id IN (
  SELECT principal_id FROM roles WHERE org_id = $1 AND type = $2
  UNION SELECT m.user_id FROM roles r JOIN memberships m ON m.org_id = r.org_id AND m.group_id = r.principal_id
  WHERE r.org_id = $1 AND r.type = $2) LIMIT 1`, orgID, string(t), except)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// FirstHolder returns the user who has held a role for longest, not by a group;
// "" when there is none.
func (tx *Tx) FirstHolder(orgID string, role idp.RoleType) (string, error) {
	ids, err := tx.texts(`SELECT r.principal_id FROM roles r JOIN users u ON u.org_id = r.org_id AND u.id = r.principal_id
 WHERE r.org_id = $1 AND r.type = $2 ORDER BY r.created, r.principal_id LIMIT 1`, orgID, string(role))
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// ActiveHolders lists up to limit active users who hold one of two roles,
// themselves or by a group, by identifier.
func (tx *Tx) ActiveHolders(orgID string, one, other idp.RoleType, limit int) ([]*idp.User, error) {
	return tx.users(orgID, `status = 'ACTIVE' AND id IN (
  SELECT principal_id FROM roles WHERE org_id = $1 AND type IN ($2, $3)
  UNION SELECT m.user_id FROM roles r JOIN memberships m ON m.org_id = r.org_id AND m.group_id = r.principal_id
  WHERE r.org_id = $1 AND r.type IN ($2, $3)) ORDER BY id LIMIT $4`, string(one), string(other), limit)
}
