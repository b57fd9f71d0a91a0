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
