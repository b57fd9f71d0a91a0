package store

import (
	"encoding/json"

	"usher/internal/idp"
)

// UserRow is a user with the folded keys by which it is found.
type UserRow struct {
	idp.User
	Keys UserKeys
}

// UserKeys are folded search keys, computed in Go because the databases fold
// differently. Short is the part of the login before the "@".
type UserKeys struct{ Login, Short, Email, First, Last string }

const userColumns = `id, type_id, status, login, profile, provider_type, provider_name, has_password, recovery_question, factors,
 created, activated, status_changed, last_login, last_updated, password_changed, version`

// qualifiedUserColumns is userColumns for a query that joins.
const qualifiedUserColumns = `u.id, u.type_id, u.status, u.login, u.profile, u.provider_type, u.provider_name, u.has_password, u.recovery_question, u.factors,
 u.created, u.activated, u.status_changed, u.last_login, u.last_updated, u.password_changed, u.version`

// userScan reads rows of userColumns into u. Its members are scanned into again
// for each row, which for a list saves a third of what it would allocate.
type userScan struct {
	u                                       *idp.User
	status, provider                        string
	profile                                 []byte
	hasPassword, factors, version           number
	created, activated, statusChanged       number
	lastLogin, lastUpdated, passwordChanged number
	into                                    []any
}

// newUserScan reads userColumns, and after them further columns into more.
func newUserScan(orgID string, u *idp.User, more ...any) *userScan {
	s := &userScan{u: u}
	u.OrgID = orgID
	const columns = 17
	s.into = append(make([]any, 0, columns+len(more)),
		&u.ID, &u.TypeID, &s.status, &u.Login, &s.profile, &s.provider, &u.Provider.Name, &s.hasPassword, &u.RecoveryQuestion, &s.factors,
		&s.created, &s.activated, &s.statusChanged, &s.lastLogin, &s.lastUpdated, &s.passwordChanged, &s.version)
	s.into = append(s.into, more...)
	return s
}

func (s *userScan) read(scan scan) error {
	if err := scan(s.into...); err != nil {
		return err
	}
	u := s.u
	u.Status, u.Provider.Type, u.Profile = idp.UserStatus(s.status), idp.ProviderType(s.provider), json.RawMessage(s.profile)
	u.HasPassword, u.Factors, u.Version = s.hasPassword != 0, int(s.factors), int64(s.version)
	u.Created, u.Activated, u.StatusChanged = at(int64(s.created)), at(int64(s.activated)), at(int64(s.statusChanged))
	u.LastLogin, u.LastUpdated, u.PasswordChanged = at(int64(s.lastLogin)), at(int64(s.lastUpdated)), at(int64(s.passwordChanged))
	return nil
}

func scanUser(orgID string, u *idp.User, more ...any) func(scan) error {
	return newUserScan(orgID, u, more...).read
}

// InsertUser adds a user at version 1. When the login is taken, it, the next
// statement or the commit fails with ExistsError on "users.login_key".
func (tx *Tx) InsertUser(u *UserRow) error {
	u.Version = 1
	return tx.later(`INSERT INTO users (org_id, login_key, short_key, email_key, first_key, last_key, `+userColumns+`)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
		u.OrgID, u.Keys.Login, u.Keys.Short, u.Keys.Email, u.Keys.First, u.Keys.Last,
		u.ID, u.TypeID, string(u.Status), u.Login, string(u.Profile), string(u.Provider.Type), u.Provider.Name, flag(u.HasPassword), u.RecoveryQuestion, u.Factors,
		ms(u.Created), ms(u.Activated), ms(u.StatusChanged), ms(u.LastLogin), ms(u.LastUpdated), ms(u.PasswordChanged), u.Version)
}

// UpdateUser writes a user that was read at u.Version, else ErrStale, and
// raises the version.
func (tx *Tx) UpdateUser(u *UserRow) error {
	err := tx.versioned(`UPDATE users SET type_id = $1, status = $2, login = $3, login_key = $4, short_key = $5, email_key = $6, first_key = $7, last_key = $8,
 profile = $9, provider_type = $10, provider_name = $11, has_password = $12, recovery_question = $13, factors = $14,
 activated = $15, status_changed = $16, last_login = $17, last_updated = $18, password_changed = $19, version = version + 1
 WHERE org_id = $20 AND id = $21 AND version = $22`,
		u.TypeID, string(u.Status), u.Login, u.Keys.Login, u.Keys.Short, u.Keys.Email, u.Keys.First, u.Keys.Last,
		string(u.Profile), string(u.Provider.Type), u.Provider.Name, flag(u.HasPassword), u.RecoveryQuestion, u.Factors,
		ms(u.Activated), ms(u.StatusChanged), ms(u.LastLogin), ms(u.LastUpdated), ms(u.PasswordChanged), u.OrgID, u.ID, u.Version)
	if err == nil {
		u.Version++
	}
	return err
}

// DeleteUser removes a user with all that hangs on it.
func (tx *Tx) DeleteUser(orgID, id string) error {
	if _, err := tx.exec("DELETE FROM roles WHERE org_id = $1 AND principal_id = $2", orgID, id); err != nil {
		return err
	}
	if _, err := tx.exec("DELETE FROM transactions WHERE org_id = $1 AND user_id = $2", orgID, id); err != nil {
		return err
	}
	return tx.one("DELETE FROM users WHERE org_id = $1 AND id = $2", orgID, id)
}

// User returns the user with this identifier.
func (tx *Tx) User(orgID, id string) (*idp.User, error) {
	if known, ok := tx.seen.userOf(orgID, id); ok {
		return known, nil
	}
	var u idp.User
	err := tx.first(scanUser(orgID, &u), userByID, orgID, id)
	if err == nil {
		tx.seen.keepUser(&u)
	}
	return &u, err
}

const (
	userByID    = "SELECT " + userColumns + " FROM users WHERE org_id = $1 AND id = $2"
	userByLogin = "SELECT " + userColumns + " FROM users WHERE org_id = $1 AND login_key = $2"
)

func (tx *Tx) askUser(orgID, id string) ask {
	var u idp.User
	return ask{query: userByID, args: []any{orgID, id}, row: scanUser(orgID, &u), done: func(none bool) {
		if !none {
			tx.seen.keepUser(&u)
		}
	}}
}

// UserByLogin returns the user whose folded login is key.
func (tx *Tx) UserByLogin(orgID, key string) (*idp.User, error) {
	if known, ok := tx.seen.loginOf(orgID, key); ok {
		if known == nil {
			return nil, ErrNotFound
		}
		return known, nil
	}
	var u idp.User
	err := tx.first(scanUser(orgID, &u), userByLogin, orgID, key)
	if err == nil {
		tx.seen.keepLogin(orgID, key, &u)
	}
	return &u, err
}

func (tx *Tx) askLogin(orgID, key string) ask {
	var u idp.User
	return ask{query: userByLogin, args: []any{orgID, key}, row: scanUser(orgID, &u), done: func(none bool) {
		if none {
			tx.seen.keepLogin(orgID, key, nil)
		} else {
			tx.seen.keepLogin(orgID, key, &u)
		}
	}}
}

// UsersByShortName returns at most two users whose folded short name is key:
// two mean that it is ambiguous. Their identifiers are found first: asked for
// the rows at once, SQLite walks through all users.
func (tx *Tx) UsersByShortName(orgID, key string) ([]*idp.User, error) {
	return tx.users(orgID, "id IN (SELECT id FROM users WHERE org_id = $1 AND short_key = $2 LIMIT 2) ORDER BY id", key)
}

// UsersAfter lists up to limit users who are not deprovisioned, by identifier,
// beginning behind after.
func (tx *Tx) UsersAfter(orgID, after string, limit int) ([]*idp.User, error) {
	return tx.users(orgID, "id > $2 AND status <> 'DEPROVISIONED' ORDER BY id LIMIT $3", after, limit)
}

// users lists by a condition whose own parameters begin at $2.
func (tx *Tx) users(orgID, where string, args ...any) ([]*idp.User, error) {
	var out []*idp.User
	var u idp.User
	row := newUserScan(orgID, &u)
	err := tx.each(func(s scan) error {
		if err := row.read(s); err != nil {
			return err
		}
		each := u
		out = append(out, &each)
		return nil
	}, "SELECT "+userColumns+" FROM users WHERE org_id = $1 AND "+where, append([]any{orgID}, args...)...)
	return out, err
}

// TouchLogin notes a sign-in without raising the version: nothing that a
// reader of the user decides upon changes with it. The user must be there.
func (tx *Tx) TouchLogin(orgID, id string) error {
	return tx.later("UPDATE users SET last_login = $1 WHERE org_id = $2 AND id = $3", ms(tx.now), orgID, id)
}

// HoldUser makes those who change a user, or what hangs on the user's row, at
// once take turns: it writes the row, which stays as it is.
func (tx *Tx) HoldUser(orgID, id string) error {
	return tx.later("UPDATE users SET last_login = last_login WHERE org_id = $1 AND id = $2", orgID, id)
}

// CountUsers counts an organisation's users.
func (tx *Tx) CountUsers(orgID string) (int, error) {
	var n int
	return n, tx.first(func(s scan) error { return s(&n) }, "SELECT count(*) FROM users WHERE org_id = $1", orgID)
}
