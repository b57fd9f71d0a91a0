package store

import (
	"database/sql"
	"encoding/json"
	"time"

	"usher/internal/idp"
)

const sessionColumns = "id, user_id, login, status, created, expires, ends_by, idle, last_password, last_factor, amr, persistent, version"

// sessionScan reads sessionColumns into v.
type sessionScan struct {
	v                                        *idp.Session
	status                                   string
	amr                                      []byte
	created, expires, endsBy, idle, password number
	factor, persistent, version              number
	into                                     []any
}

func newSessionScan(orgID string, v *idp.Session) *sessionScan {
	s := &sessionScan{v: v}
	v.OrgID = orgID
	s.into = []any{
		&v.ID, &v.UserID, &v.Login, &s.status, &s.created, &s.expires, &s.endsBy, &s.idle, &s.password, &s.factor, &s.amr, &s.persistent, &s.version,
	}
	return s
}

// after completes v once its columns are read.
func (s *sessionScan) after(err error) error {
	if err != nil {
		return err
	}
	v := s.v
	v.Status, v.Idle, v.Persistent = idp.SessionStatus(s.status), time.Duration(s.idle)*time.Millisecond, s.persistent != 0
	v.Created, v.Expires, v.EndsBy = at(int64(s.created)), at(int64(s.expires)), at(int64(s.endsBy))
	v.LastPassword, v.LastFactor, v.Version = at(int64(s.password)), at(int64(s.factor)), int64(s.version)
	return json.Unmarshal(s.amr, &v.AMR)
}

func scanSession(orgID string, v *idp.Session) func(scan) error {
	s := newSessionScan(orgID, v)
	return func(scan scan) error { return s.after(scan(s.into...)) }
}

// InsertSession adds a session under the hash of its secret.
func (tx *Tx) InsertSession(v *idp.Session, hash []byte) error {
	amr, err := json.Marshal(append([]string{}, v.AMR...))
	if err != nil {
		return err
	}
	v.Version = 1
	_, err = tx.exec("INSERT INTO sessions (org_id, hash, "+sessionColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
		v.OrgID, hash, v.ID, v.UserID, v.Login, string(v.Status), ms(v.Created), ms(v.Expires), ms(v.EndsBy), v.Idle.Milliseconds(),
		ms(v.LastPassword), ms(v.LastFactor), string(amr), flag(v.Persistent), v.Version)
	return err
}

// Session returns the session under this hash that has not expired.
func (tx *Tx) Session(orgID string, hash []byte) (*idp.Session, error) {
	var v idp.Session
	return &v, tx.first(scanSession(orgID, &v), "SELECT "+sessionColumns+" FROM sessions WHERE org_id = $1 AND hash = $2 AND expires > $3", orgID, hash, ms(tx.now))
}

// SessionOwner returns the session under this hash that has not expired, with
// its user in Owner, and the types of the roles that the user holds, in one
// read: every request with a cookie begins with it.
func (tx *Tx) SessionOwner(orgID string, hash []byte) (*idp.Session, []idp.RoleType, error) {
	v := idp.Session{Owner: &idp.User{}}
	var roles sql.NullString
	session := newSessionScan(orgID, &v)
	user := newUserScan(orgID, v.Owner, append(session.into, &roles)...)
	err := tx.first(func(s scan) error { return session.after(user.read(s)) }, "SELECT "+qualifiedUserColumns+`,
 s.id, s.user_id, s.login, s.status, s.created, s.expires, s.ends_by, s.idle, s.last_password, s.last_factor, s.amr, s.persistent, s.version, `+heldRoles+`
 FROM sessions s JOIN users u ON u.org_id = s.org_id AND u.id = s.user_id
 WHERE s.org_id = $1 AND s.hash = $2 AND s.expires > $3`, orgID, hash, ms(tx.now))
	return &v, roleTypes(roles), err
}

// ExtendSession moves the expiry of a session that still lives.
func (tx *Tx) ExtendSession(orgID string, hash []byte, expires time.Time) error {
	return tx.one("UPDATE sessions SET expires = $1, version = version + 1 WHERE org_id = $2 AND hash = $3 AND expires > $4", ms(expires), orgID, hash, ms(tx.now))
}

// DeleteSession ends the session under this hash.
func (tx *Tx) DeleteSession(orgID string, hash []byte) error {
	return tx.one("DELETE FROM sessions WHERE org_id = $1 AND hash = $2", orgID, hash)
}

// DeleteUserSessions ends all sessions of a user but the one whose public
// identifier is keep ("" for none) and all session tokens, and tells how many
// sessions ended.
func (tx *Tx) DeleteUserSessions(orgID, userID, keep string) (int, error) {
	if _, err := tx.exec("DELETE FROM session_tokens WHERE org_id = $1 AND user_id = $2", orgID, userID); err != nil {
		return 0, err
	}
	n, err := tx.exec("DELETE FROM sessions WHERE org_id = $1 AND user_id = $2 AND id <> $3", orgID, userID, keep)
	return int(n), err
}

// PutSessionToken keeps a one-time token that stands for a session to be.
func (tx *Tx) PutSessionToken(v *idp.Session, hash []byte, expires time.Time) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.later("INSERT INTO session_tokens (org_id, hash, user_id, expires, session) VALUES ($1, $2, $3, $4, $5)",
		v.OrgID, hash, v.UserID, ms(expires), string(text))
}

// TakeSessionToken consumes a token that has not expired and returns the
// session that it stands for. Only one of many takers gets it.
func (tx *Tx) TakeSessionToken(orgID string, hash []byte) (*idp.Session, error) {
	var v idp.Session
	return &v, tx.first(func(s scan) error {
		var text []byte
		if err := s(&text); err != nil {
			return err
		}
		return json.Unmarshal(text, &v)
	}, "DELETE FROM session_tokens WHERE org_id = $1 AND hash = $2 AND expires > $3 RETURNING session", orgID, hash, ms(tx.now))
}
