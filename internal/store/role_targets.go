package store

import "usher/internal/idp"

// TargetKind tells what a role is limited to.
type TargetKind string

// The kinds of targets.
const (
	TargetGroup TargetKind = "group"
	TargetApp   TargetKind = "app"
)

// RoleTarget is one thing that a role is limited to: a group, an application
// of the catalogue by its name, or one instance of it.
type RoleTarget struct {
	OrgID       string
	PrincipalID string
	RoleID      string
	Kind        TargetKind
	TargetID    string // a group's identifier or an application's name
	InstanceID  string // of an application, empty for all instances
}

// AddRoleTarget limits a role to a target and tells whether that is new.
// ErrNotFound when the role is gone.
func (tx *Tx) AddRoleTarget(t RoleTarget) (bool, error) {
	n, err := tx.exec(`INSERT INTO role_targets (org_id, principal_id, role_id, kind, target_id, instance_id, created)
 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		t.OrgID, t.PrincipalID, t.RoleID, string(t.Kind), t.TargetID, t.InstanceID, ms(tx.now))
	return n > 0, err
}

// DeleteRoleTarget removes a target, else ErrNotFound.
func (tx *Tx) DeleteRoleTarget(t RoleTarget) error {
	return tx.one(`DELETE FROM role_targets WHERE org_id = $1 AND principal_id = $2 AND role_id = $3 AND kind = $4 AND target_id = $5 AND instance_id = $6`,
		t.OrgID, t.PrincipalID, t.RoleID, string(t.Kind), t.TargetID, t.InstanceID)
}

// DeleteRoleTargets removes all targets of a role.
func (tx *Tx) DeleteRoleTargets(orgID, principalID, roleID string) error {
	_, err := tx.exec("DELETE FROM role_targets WHERE org_id = $1 AND principal_id = $2 AND role_id = $3", orgID, principalID, roleID)
	return err
}

// RoleTargets lists what a role is limited to, by target.
func (tx *Tx) RoleTargets(orgID, principalID, roleID string) ([]RoleTarget, error) {
	var out []RoleTarget
	err := tx.each(func(s scan) error {
		t := RoleTarget{OrgID: orgID, PrincipalID: principalID, RoleID: roleID}
		var kind string
		err := s(&kind, &t.TargetID, &t.InstanceID)
		t.Kind = TargetKind(kind)
		out = append(out, t)
		return err
	}, `SELECT kind, target_id, instance_id FROM role_targets WHERE org_id = $1 AND principal_id = $2 AND role_id = $3
 ORDER BY kind, target_id, instance_id`, orgID, principalID, roleID)
	return out, err
}

// RolesByGroups lists the roles that a user holds by groups, by group and role.
func (tx *Tx) RolesByGroups(orgID, userID string) ([]Role, error) {
	var out []Role
	err := tx.each(func(s scan) error {
		r := Role{OrgID: orgID}
		var kind string
		var created, updated int64
		err := s(&r.PrincipalID, &r.ID, &kind, &created, &updated)
		r.Type, r.Created, r.LastUpdated = idp.RoleType(kind), at(created), at(updated)
		out = append(out, r)
		return err
	}, `SELECT principal_id, id, type, created, last_updated FROM roles WHERE org_id = $1
 AND principal_id IN (SELECT group_id FROM memberships WHERE org_id = $1 AND user_id = $2) ORDER BY principal_id, id`, orgID, userID)
	return out, err
}

// TargetedRole is a role that a user holds, itself or by a group, with one of
// the targets that limit it; TargetID is empty when nothing does.
type TargetedRole struct {
	PrincipalID string
	Type        idp.RoleType
	Kind        TargetKind
	TargetID    string
	InstanceID  string
}

// TargetedRolesOf lists the roles that a user holds itself or by a group, once
// for each target.
func (tx *Tx) TargetedRolesOf(orgID, userID string) ([]TargetedRole, error) {
	var out []TargetedRole
	err := tx.each(func(s scan) error {
		var r TargetedRole
		var role, kind string
		err := s(&r.PrincipalID, &role, &kind, &r.TargetID, &r.InstanceID)
		r.Type, r.Kind = idp.RoleType(role), TargetKind(kind)
		out = append(out, r)
		return err
	}, `SELECT r.principal_id, r.type, coalesce(t.kind, ''), coalesce(t.target_id, ''), coalesce(t.instance_id, '')
 FROM roles r LEFT JOIN role_targets t ON t.org_id = r.org_id AND t.principal_id = r.principal_id AND t.role_id = r.id
 WHERE r.org_id = $1 AND (r.principal_id = $2 OR r.principal_id IN (SELECT group_id FROM memberships WHERE org_id = $1 AND user_id = $2))`, orgID, userID)
	return out, err
}

// IsTargeted tells whether some role is limited to a group.
func (tx *Tx) IsTargeted(orgID, groupID string) (bool, error) {
	var n int
	err := tx.first(func(s scan) error { return s(&n) },
		"SELECT count(*) FROM role_targets WHERE org_id = $1 AND kind = $2 AND target_id = $3", orgID, string(TargetGroup), groupID)
	return n > 0, err
}

// IsMemberOfAny tells whether a user was put into one of the groups.
func (tx *Tx) IsMemberOfAny(orgID, userID string, groupIDs []string) (bool, error) {
	if len(groupIDs) == 0 {
		return false, nil
	}
	args := []any{orgID, userID}
	for _, id := range groupIDs {
		args = append(args, id)
	}
	var n int
	err := tx.first(func(s scan) error { return s(&n) },
		"SELECT count(*) FROM memberships WHERE org_id = $1 AND user_id = $2 AND group_id IN ("+holders(3, len(groupIDs))+")", args...)
	return n > 0, err
}
