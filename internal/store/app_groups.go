package store

import (
	"encoding/json"

	"usher/internal/idp"
)

const appGroupColumns = "app_id, group_id, priority, profile, created, last_updated, version"

func scanAppGroup(orgID string, g *idp.AppGroup) func(scan) error {
	return func(s scan) error {
		var profile []byte
		var created, updated int64
		if err := s(&g.AppID, &g.GroupID, &g.Priority, &profile, &created, &updated, &g.Version); err != nil {
			return err
		}
		g.OrgID, g.Profile, g.Created, g.LastUpdated = orgID, json.RawMessage(profile), at(created), at(updated)
		return nil
	}
}

// InsertAppGroup assigns an application to a group, at version 1.
func (tx *Tx) InsertAppGroup(g *idp.AppGroup) error {
	g.Version = 1
	_, err := tx.exec("INSERT INTO app_groups (org_id, "+appGroupColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		g.OrgID, g.AppID, g.GroupID, g.Priority, string(g.Profile), ms(g.Created), ms(g.LastUpdated), g.Version)
	return err
}

// UpdateAppGroup writes an assignment that was read at g.Version, else ErrStale.
func (tx *Tx) UpdateAppGroup(g *idp.AppGroup) error {
	err := tx.versioned(`UPDATE app_groups SET priority = $1, profile = $2, last_updated = $3, version = version + 1
 WHERE org_id = $4 AND app_id = $5 AND group_id = $6 AND version = $7`,
		g.Priority, string(g.Profile), ms(g.LastUpdated), g.OrgID, g.AppID, g.GroupID, g.Version)
	if err == nil {
		g.Version++
	}
	return err
}

// ShiftAppGroups adds by to the priorities of an application's groups that are
// from or more, but for the group except.
func (tx *Tx) ShiftAppGroups(orgID, appID, except string, from, by int) error {
	_, err := tx.exec("UPDATE app_groups SET priority = priority + $1, version = version + 1 WHERE org_id = $2 AND app_id = $3 AND group_id <> $4 AND priority >= $5",
		by, orgID, appID, except, from)
	return err
}

// DeleteAppGroup takes an application away from a group.
func (tx *Tx) DeleteAppGroup(orgID, appID, groupID string) error {
	return tx.one("DELETE FROM app_groups WHERE org_id = $1 AND app_id = $2 AND group_id = $3", orgID, appID, groupID)
}

// AppGroup returns the assignment of an application to a group.
func (tx *Tx) AppGroup(orgID, appID, groupID string) (*idp.AppGroup, error) {
	var g idp.AppGroup
	return &g, tx.first(scanAppGroup(orgID, &g), "SELECT "+appGroupColumns+" FROM app_groups WHERE org_id = $1 AND app_id = $2 AND group_id = $3", orgID, appID, groupID)
}

// AppGroups lists the groups of an application by priority.
func (tx *Tx) AppGroups(orgID, appID string) ([]*idp.AppGroup, error) {
	if known := tx.seen; known != nil && known.app != nil && known.app.orgID == orgID && known.app.appID == appID {
		var out []*idp.AppGroup
		for _, g := range known.app.groups {
			out = append(out, &g)
		}
		return out, nil
	}
	return tx.appGroups(orgID, appGroupsInOrder, appID)
}

const appGroupsInOrder = "app_id = $2 ORDER BY priority, group_id"

// AppGroupsOf lists the applications of a group.
func (tx *Tx) AppGroupsOf(orgID, groupID string) ([]*idp.AppGroup, error) {
	return tx.appGroups(orgID, "group_id = $2 AND app_id IN (SELECT app_id FROM app_groups WHERE org_id = $1 AND group_id = $2) ORDER BY app_id", groupID)
}

// AppGroupsAfter lists up to limit groups of an application whose folded name
// begins with prefix, by priority, beginning behind the given place.
func (tx *Tx) AppGroupsAfter(orgID, appID, prefix string, priority int, group string, limit int) ([]*idp.AppGroup, error) {
	return tx.appGroups(orgID, `app_id = $2 AND (priority > $3 OR (priority = $3 AND group_id > $4))
 AND ($5 = '' OR group_id IN (SELECT id FROM groups WHERE org_id = $1 AND name_key >= $5 AND name_key < $6))
 ORDER BY priority, group_id LIMIT $7`, appID, priority, group, prefix, after(prefix), limit)
}

func (tx *Tx) appGroups(orgID, where string, args ...any) ([]*idp.AppGroup, error) {
	var out []*idp.AppGroup
	err := tx.each(func(s scan) error {
		g := new(idp.AppGroup)
		out = append(out, g)
		return scanAppGroup(orgID, g)(s)
	}, "SELECT "+appGroupColumns+" FROM app_groups WHERE org_id = $1 AND "+where, append([]any{orgID}, args...)...)
	return out, err
}

// GroupsByID returns groups by their identifiers.
func (tx *Tx) GroupsByID(orgID string, ids []string) (map[string]*idp.Group, error) {
	out := map[string]*idp.Group{}
	if len(ids) == 0 {
		return out, nil
	}
	groups, err := tx.groups(orgID, "id IN ("+holders(2, len(ids))+")", anys(ids)...)
	for _, g := range groups {
		out[g.ID] = g
	}
	return out, err
}
