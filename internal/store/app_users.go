package store

import (
	"encoding/json"
	"slices"
	"time"

	"usher/internal/idp"
)

const appUserColumns = "app_id, user_id, scope, user_name, password, profile, created, last_updated, password_changed, version"

func scanAppUser(orgID string, u *idp.AppUser) func(scan) error {
	return func(s scan) error {
		var scope string
		var profile []byte
		var created, updated, password int64
		if err := s(&u.AppID, &u.UserID, &scope, &u.UserName, &u.SealedPassword, &profile, &created, &updated, &password, &u.Version); err != nil {
			return err
		}
		u.OrgID, u.Scope, u.Profile = orgID, idp.AppScope(scope), json.RawMessage(profile)
		u.Created, u.LastUpdated, u.PasswordChanged = at(created), at(updated), at(password)
		return nil
	}
}

// InsertAppUser adds what is kept of a user of an application, at version 1;
// nameKey is the folded user name. It fails with ExistsError on
// "app_users.user_id" when there is such a row.
func (tx *Tx) InsertAppUser(u *idp.AppUser, nameKey string) error {
	u.Version = 1
	_, err := tx.exec("INSERT INTO app_users (org_id, user_name_key, "+appUserColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
		u.OrgID, nameKey, u.AppID, u.UserID, string(u.Scope), u.UserName, u.SealedPassword, string(u.Profile),
		ms(u.Created), ms(u.LastUpdated), ms(u.PasswordChanged), u.Version)
	return err
}

// UpdateAppUser writes a row that was read at u.Version, else ErrStale.
func (tx *Tx) UpdateAppUser(u *idp.AppUser, nameKey string) error {
	err := tx.versioned(`UPDATE app_users SET scope = $1, user_name = $2, user_name_key = $3, password = $4, profile = $5, last_updated = $6,
 password_changed = $7, version = version + 1 WHERE org_id = $8 AND app_id = $9 AND user_id = $10 AND version = $11`,
		string(u.Scope), u.UserName, nameKey, u.SealedPassword, string(u.Profile), ms(u.LastUpdated), ms(u.PasswordChanged),
		u.OrgID, u.AppID, u.UserID, u.Version)
	if err == nil {
		u.Version++
	}
	return err
}

// DeleteAppUser removes a row and tells whether there was one.
func (tx *Tx) DeleteAppUser(orgID, appID, userID string) (bool, error) {
	n, err := tx.exec("DELETE FROM app_users WHERE org_id = $1 AND app_id = $2 AND user_id = $3", orgID, appID, userID)
	return n > 0, err
}

// DeleteAppUsersOf removes what all applications keep of a user.
func (tx *Tx) DeleteAppUsersOf(orgID, userID string) error {
	_, err := tx.exec("DELETE FROM app_users WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return err
}

// DeleteLooseAppUsers removes the rows of users who came to an application by
// a group and come by none any more. An empty userID means all of them.
func (tx *Tx) DeleteLooseAppUsers(orgID, appID, userID, everyoneID string) error {
	one, args := "", []any{orgID, appID, everyoneID}
	if userID != "" {
		one, args = " AND user_id = $4", append(args, userID)
	}
	_, err := tx.exec(`DELETE FROM app_users WHERE org_id = $1 AND app_id = $2 AND scope = 'GROUP'`+one+`
 AND NOT EXISTS (SELECT 1 FROM app_groups g WHERE g.org_id = $1 AND g.app_id = $2 AND (g.group_id = $3
  OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = $1 AND m.group_id = g.group_id AND m.user_id = app_users.user_id)))`, args...)
	return err
}

// AppUser returns what is kept of a user of an application.
func (tx *Tx) AppUser(orgID, appID, userID string) (*idp.AppUser, error) {
	var u idp.AppUser
	return &u, tx.first(scanAppUser(orgID, &u), "SELECT "+appUserColumns+" FROM app_users WHERE org_id = $1 AND app_id = $2 AND user_id = $3", orgID, appID, userID)
}

// AppUsers returns what is kept of some users of an application, by user.
func (tx *Tx) AppUsers(orgID, appID string, userIDs []string) (map[string]*idp.AppUser, error) {
	out := map[string]*idp.AppUser{}
	if len(userIDs) == 0 {
		return out, nil
	}
	if len(userIDs) == 1 {
		if known, ok := tx.seen.appOf(orgID, appID, userIDs[0]); ok {
			if known.user != nil {
				u := *known.user
				out[u.UserID] = &u
			}
			return out, nil
		}
	}
	err := tx.each(func(s scan) error {
		u := new(idp.AppUser)
		if err := scanAppUser(orgID, u)(s); err != nil {
			return err
		}
		out[u.UserID] = u
		return nil
	}, "SELECT "+appUserColumns+" FROM app_users WHERE org_id = $1 AND app_id = $2 AND user_id IN ("+holders(3, len(userIDs))+")",
		append([]any{orgID, appID}, anys(userIDs)...)...)
	return out, err
}

// AppUsersAfter lists up to limit rows of an application by user, beginning
// behind after.
func (tx *Tx) AppUsersAfter(orgID, appID, after string, limit int) ([]*idp.AppUser, error) {
	var out []*idp.AppUser
	err := tx.each(func(s scan) error {
		u := new(idp.AppUser)
		out = append(out, u)
		return scanAppUser(orgID, u)(s)
	}, "SELECT "+appUserColumns+" FROM app_users WHERE org_id = $1 AND app_id = $2 AND user_id > $3 ORDER BY user_id LIMIT $4", orgID, appID, after, limit)
	return out, err
}

// AppUsersOf returns what all applications keep of a user, by application.
func (tx *Tx) AppUsersOf(orgID, userID string) (map[string]*idp.AppUser, error) {
	out := map[string]*idp.AppUser{}
	err := tx.each(func(s scan) error {
		u := new(idp.AppUser)
		if err := scanAppUser(orgID, u)(s); err != nil {
			return err
		}
		out[u.AppID] = u
		return nil
	}, "SELECT "+appUserColumns+" FROM app_users WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return out, err
}

// DirectAppUserIDs lists up to limit users who were assigned to an application
// by hand, by identifier, beginning behind after.
func (tx *Tx) DirectAppUserIDs(orgID, appID, after string, limit int) ([]string, error) {
	return tx.texts("SELECT user_id FROM app_users WHERE org_id = $1 AND app_id = $2 AND user_id > $3 AND scope = 'USER' ORDER BY user_id LIMIT $4",
		orgID, appID, after, limit)
}

// MemberIDsAfter lists up to limit members of a group who are not
// deprovisioned, by identifier, beginning behind after.
func (tx *Tx) MemberIDsAfter(orgID, groupID, after string, limit int) ([]string, error) {
	return tx.texts(`SELECT DISTINCT m.user_id FROM memberships m JOIN users u ON u.org_id = m.org_id AND u.id = m.user_id
 WHERE m.org_id = $1 AND m.group_id = $2 AND m.user_id > $3 AND u.status <> 'DEPROVISIONED' ORDER BY m.user_id LIMIT $4`,
		orgID, groupID, after, limit)
}

// UserIDsAfter lists up to limit users who are not deprovisioned, by identifier.
func (tx *Tx) UserIDsAfter(orgID, after string, limit int) ([]string, error) {
	return tx.texts("SELECT id FROM users WHERE org_id = $1 AND id > $2 AND status <> 'DEPROVISIONED' ORDER BY id LIMIT $3", orgID, after, limit)
}

// texts reads the one text column of a query.
func (tx *Tx) texts(query string, args ...any) ([]string, error) {
	var out []string
	err := tx.each(func(s scan) error {
		var v string
		if err := s(&v); err != nil {
			return err
		}
		out = append(out, v)
		return nil
	}, query, args...)
	return out, err
}

// AppUserIDsByPrefix lists up to limit users of an application whose folded
// given name, family name, address, login or own name at the application
// begins with prefix, by identifier, beginning behind behind.
func (tx *Tx) AppUserIDsByPrefix(orgID, appID, everyoneID, prefix, behind string, limit int) ([]string, error) {
	var found string
	for i, column := range []string{"first_key", "last_key", "email_key", "login_key"} {
		if i > 0 {
			found += " UNION "
		}
		found += "SELECT id FROM users WHERE org_id = $1 AND " + column + " >= $4 AND " + column + " < $5"
	}
	found += " UNION SELECT user_id FROM app_users WHERE org_id = $1 AND app_id = $2 AND user_name_key >= $4 AND user_name_key < $5"
	return tx.texts(`SELECT u.id FROM users u WHERE u.org_id = $1 AND u.id > $3 AND u.status <> 'DEPROVISIONED' AND u.id IN (`+found+`)
 AND (EXISTS (SELECT 1 FROM app_users a WHERE a.org_id = $1 AND a.app_id = $2 AND a.user_id = u.id AND a.scope = 'USER')
  OR EXISTS (SELECT 1 FROM app_groups g WHERE g.org_id = $1 AND g.app_id = $2 AND (g.group_id = $6
   OR EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = $1 AND m.group_id = g.group_id AND m.user_id = u.id))))
 ORDER BY u.id LIMIT $7`, orgID, appID, behind, prefix, after(prefix), everyoneID, limit)
}

// UsersByID returns users by their identifiers.
func (tx *Tx) UsersByID(orgID string, ids []string) (map[string]*idp.User, error) {
	out := map[string]*idp.User{}
	if len(ids) == 0 {
		return out, nil
	}
	users, err := tx.users(orgID, "id IN ("+holders(2, len(ids))+")", anys(ids)...)
	for _, u := range users {
		out[u.ID] = u
	}
	return out, err
}

// AppPath is a way by which a user comes to an application: the group and
// since when the user has belonged to it.
type AppPath struct {
	GroupID string
	Since   time.Time
}

// AppPaths returns the stored groups by which some users come to an
// application, by user. The built-in group, whose members are not stored, is
// not among them. The order keeps SQLite to the index by user: without it, and
// with a join too, it goes through all memberships of the organisation.
func (tx *Tx) AppPaths(orgID, appID string, userIDs []string) (map[string][]AppPath, error) {
	out := map[string][]AppPath{}
	if len(userIDs) == 0 {
		return out, nil
	}
	if len(userIDs) == 1 {
		if known, ok := tx.seen.appOf(orgID, appID, userIDs[0]); ok {
			if len(known.paths) > 0 {
				out[userIDs[0]] = slices.Clone(known.paths)
			}
			return out, nil
		}
	}
	query, args := appPaths(orgID, appID, userIDs)
	err := tx.each(func(s scan) error { return scanPath(s, out) }, query, args...)
	return out, err
}

func scanPath(s scan, out map[string][]AppPath) error {
	var user, group string
	var since int64
	if err := s(&user, &group, &since); err != nil {
		return err
	}
	// A membership has a row for each of its reasons.
	list := out[user]
	if n := len(list); n == 0 || list[n-1].GroupID != group {
		out[user] = append(list, AppPath{group, at(since)})
	} else if at(since).Before(list[n-1].Since) {
		list[n-1].Since = at(since)
	}
	return nil
}

func appPaths(orgID, appID string, userIDs []string) (query string, args []any) {
	return `SELECT m.user_id, m.group_id, m.created FROM memberships m WHERE m.org_id = $1 AND m.user_id IN (` + holders(3, len(userIDs)) + `)
 AND EXISTS (SELECT 1 FROM app_groups g WHERE g.org_id = $1 AND g.app_id = $2 AND g.group_id = m.group_id) ORDER BY m.user_id, m.group_id, m.rule_id`,
		append([]any{orgID, appID}, anys(userIDs)...)
}

// askApp asks for what an application has to do with a user: the groups of the
// application, what is kept of the user, and the ways by which the user comes.
func (tx *Tx) askApp(orgID, appID, userID string) []ask {
	found := seenApp{orgID: orgID, appID: appID, userID: userID}
	var user idp.AppUser
	var paths map[string][]AppPath
	query, args := appPaths(orgID, appID, []string{userID})
	return []ask{
		{
			query: "SELECT " + appGroupColumns + " FROM app_groups WHERE org_id = $1 AND " + appGroupsInOrder,
			args:  []any{orgID, appID}, list: true,
			begin: func() { found.groups = nil },
			row: func(s scan) error {
				found.groups = append(found.groups, idp.AppGroup{})
				return scanAppGroup(orgID, &found.groups[len(found.groups)-1])(s)
			},
			done: func(bool) {},
		},
		{
			query: "SELECT " + appUserColumns + " FROM app_users WHERE org_id = $1 AND app_id = $2 AND user_id = $3",
			args:  []any{orgID, appID, userID},
			begin: func() { user = idp.AppUser{} },
			row:   func(s scan) error { return scanAppUser(orgID, &user)(s) },
			done: func(none bool) {
				if found.user = &user; none {
					found.user = nil
				}
			},
		},
		{
			query: query, args: args, list: true,
			begin: func() { paths = map[string][]AppPath{} },
			row:   func(s scan) error { return scanPath(s, paths) },
			done: func(bool) {
				found.paths = paths[userID]
				if tx.seen != nil {
					tx.seen.app = &found
				}
			},
		},
	}
}
