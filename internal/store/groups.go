package store

import (
	"encoding/json"
	"time"

	"usher/internal/idp"
)

const groupColumns = "id, type, object_class, name, profile, created, last_updated, last_membership_updated, version"

// qualified is groupColumns for a query that joins.
const qualifiedGroupColumns = "g.id, g.type, g.object_class, g.name, g.profile, g.created, g.last_updated, g.last_membership_updated, g.version"

func scanGroup(orgID string, g *idp.Group) func(scan) error {
	return func(scan scan) error {
		var kind string
		var profile []byte
		var created, updated, membership int64
		if err := scan(&g.ID, &kind, &g.ObjectClass, &g.Name, &profile, &created, &updated, &membership, &g.Version); err != nil {
			return err
		}
		g.OrgID, g.Type, g.Profile = orgID, idp.GroupType(kind), json.RawMessage(profile)
		g.Created, g.LastUpdated, g.LastMembershipUpdated = at(created), at(updated), at(membership)
		return nil
	}
}

// InsertGroup adds a group at version 1; nameKey is its folded name. It fails
// with ExistsError on "groups.name" when the name is taken.
func (tx *Tx) InsertGroup(g *idp.Group, nameKey string) error {
	g.Version = 1
	_, err := tx.exec("INSERT INTO groups (org_id, name_key, "+groupColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		g.OrgID, nameKey, g.ID, string(g.Type), g.ObjectClass, g.Name, string(g.Profile), ms(g.Created), ms(g.LastUpdated), ms(g.LastMembershipUpdated), g.Version)
	return err
}

// UpdateGroup writes name and profile of a group read at g.Version, else
// ErrStale, and raises the version.
func (tx *Tx) UpdateGroup(g *idp.Group, nameKey string) error {
	err := tx.versioned("UPDATE groups SET name = $1, name_key = $2, profile = $3, last_updated = $4, version = version + 1 WHERE org_id = $5 AND id = $6 AND version = $7",
		g.Name, nameKey, string(g.Profile), ms(g.LastUpdated), g.OrgID, g.ID, g.Version)
	if err == nil {
		g.Version++
	}
	return err
}

// TouchMembers notes that a group's members have changed, once a second: the
// instant is shown no finer, and changes at the same time must not wait for
// each other.
func (tx *Tx) TouchMembers(orgID, id string) error {
	_, err := tx.exec("UPDATE groups SET last_membership_updated = $1 WHERE org_id = $2 AND id = $3 AND last_membership_updated < $4",
		ms(tx.now), orgID, id, ms(tx.now.Truncate(time.Second)))
	return err
}

// DeleteGroup removes a group with its memberships and roles.
func (tx *Tx) DeleteGroup(orgID, id string) error {
	if _, err := tx.exec("DELETE FROM roles WHERE org_id = $1 AND principal_id = $2", orgID, id); err != nil {
		return err
	}
	return tx.one("DELETE FROM groups WHERE org_id = $1 AND id = $2", orgID, id)
}

// Group returns the group with this identifier.
func (tx *Tx) Group(orgID, id string) (*idp.Group, error) {
	var g idp.Group
	return &g, tx.first(scanGroup(orgID, &g), "SELECT "+groupColumns+" FROM groups WHERE org_id = $1 AND id = $2", orgID, id)
}

// GroupsAfter lists up to limit groups by identifier, beginning behind after.
func (tx *Tx) GroupsAfter(orgID, after string, limit int) ([]*idp.Group, error) {
	return tx.groups(orgID, "id > $2 ORDER BY id LIMIT $3", after, limit)
}

// GroupsByName lists up to limit groups whose folded name begins with prefix,
// an exact match first, then by folded name.
func (tx *Tx) GroupsByName(orgID, prefix string, limit int) ([]*idp.Group, error) {
	return tx.groups(orgID, "name_key >= $2 AND name_key < $3 ORDER BY name_key, id LIMIT $4", prefix, after(prefix), limit)
}

func (tx *Tx) groups(orgID, where string, args ...any) ([]*idp.Group, error) {
	var out []*idp.Group
	err := tx.each(func(s scan) error {
		g := new(idp.Group)
		out = append(out, g)
		return scanGroup(orgID, g)(s)
	}, "SELECT "+groupColumns+" FROM groups WHERE org_id = $1 AND "+where, append([]any{orgID}, args...)...)
	return out, err
}

// after is the smallest text behind every text that begins with prefix, as far
// as text compares by bytes: U+10FFFF sorts behind all others.
func after(prefix string) string { return prefix + "\U0010FFFF" }

// AddMember makes a user a member, by a rule or (ruleID "") by hand, and tells
// whether that is new. ErrNotFound when group or user is gone.
func (tx *Tx) AddMember(orgID, groupID, userID, ruleID string) (bool, error) {
	n, err := tx.exec("INSERT INTO memberships (org_id, group_id, user_id, rule_id, created) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
		orgID, groupID, userID, ruleID, ms(tx.now))
	return n > 0, err
}

// RemoveMember ends a membership, however it came about, and tells whether
// there was one.
func (tx *Tx) RemoveMember(orgID, groupID, userID string) (bool, error) {
	n, err := tx.exec("DELETE FROM memberships WHERE org_id = $1 AND group_id = $2 AND user_id = $3", orgID, groupID, userID)
	return n > 0, err
}

// MembersAfter lists up to limit members of a group by identifier.
func (tx *Tx) MembersAfter(orgID, groupID, after string, limit int) ([]*idp.User, error) {
	return tx.users(orgID, `id IN (SELECT DISTINCT user_id FROM memberships WHERE org_id = $1 AND group_id = $2 AND user_id > $3 ORDER BY user_id LIMIT $4)
 ORDER BY id`, groupID, after, limit)
}

// GroupsOf lists the groups that a user was put into, by identifier. The
// built-in group, whose members are not stored, is not among them.
func (tx *Tx) GroupsOf(orgID, userID string) ([]*idp.Group, error) {
	var out []*idp.Group
	err := tx.each(func(s scan) error {
		g := new(idp.Group)
		out = append(out, g)
		return scanGroup(orgID, g)(s)
	}, "SELECT DISTINCT "+qualifiedGroupColumns+` FROM memberships m JOIN groups g ON g.org_id = m.org_id AND g.id = m.group_id
 WHERE m.org_id = $1 AND m.user_id = $2 ORDER BY g.id`, orgID, userID)
	return out, err
}

// GroupIDsOf lists the identifiers of the groups that a user was put into.
func (tx *Tx) GroupIDsOf(orgID, userID string) ([]string, error) {
	if known, ok := tx.seen.groupsOf(orgID, userID); ok {
		return known, nil
	}
	out, err := tx.askGroups(orgID, userID).get(tx)
	return *out, err
}

func (tx *Tx) askGroups(orgID, userID string) asking[[]string] {
	var out []string
	return asking[[]string]{ask{
		query: "SELECT DISTINCT group_id FROM memberships WHERE org_id = $1 AND user_id = $2 ORDER BY group_id",
		args:  []any{orgID, userID},
		list:  true,
		begin: func() { out = nil },
		row: func(s scan) error {
			var id string
			err := s(&id)
			out = append(out, id)
			return err
		},
		done: func(bool) { tx.seen.keepGroups(orgID, userID, out) },
	}, &out}
}
