package store

import "usher/internal/idp"

// SessionClient is an OAuth client that has learnt of a session.
type SessionClient struct {
	SessionID string // the public name
	UserID    string
	ClientID  string
	ServerID  string // by which authorization server; empty for the organisation's own
}

// JoinSession notes that a client has learnt of a session of a user, by its
// public name. Nothing is noted of a session that has ended.
func (tx *Tx) JoinSession(orgID string, c SessionClient) error {
	_, err := tx.exec("INSERT INTO session_clients (org_id, session_hash, client_id, server_id)"+
		" SELECT org_id, hash, $1, $2 FROM sessions WHERE org_id = $3 AND user_id = $4 AND id = $5 AND expires > $6 ON CONFLICT DO NOTHING",
		c.ClientID, c.ServerID, orgID, c.UserID, c.SessionID, ms(tx.now))
	return err
}

// SessionClients lists up to limit clients of the session under this hash that
// has not expired.
func (tx *Tx) SessionClients(orgID string, hash []byte, limit int) ([]SessionClient, error) {
	return tx.sessionClients("s.hash = $2 AND s.expires > $3 ORDER BY c.client_id, c.server_id LIMIT $4", orgID, hash, ms(tx.now), limit)
}

// UserSessionClients lists up to limit clients of all sessions of a user that
// have not expired, but of the one whose public name is keep ("" for none).
func (tx *Tx) UserSessionClients(orgID, userID, keep string, limit int) ([]SessionClient, error) {
	return tx.sessionClients("s.user_id = $2 AND s.id <> $3 AND s.expires > $4 ORDER BY s.id, c.client_id, c.server_id LIMIT $5",
		orgID, userID, keep, ms(tx.now), limit)
}

// NamedSessionClients lists up to limit clients of a session by its public name.
func (tx *Tx) NamedSessionClients(orgID, userID, id string, limit int) ([]SessionClient, error) {
	return tx.sessionClients("s.user_id = $2 AND s.id = $3 AND s.expires > $4 ORDER BY c.client_id, c.server_id LIMIT $5", orgID, userID, id, ms(tx.now), limit)
}

// sessionClients begins with the sessions: so SQLite takes a CROSS JOIN. Left to
// itself it would begin with the clients of all sessions there are.
func (tx *Tx) sessionClients(where string, args ...any) ([]SessionClient, error) {
	var out []SessionClient
	err := tx.each(func(s scan) error {
		var c SessionClient
		err := s(&c.SessionID, &c.UserID, &c.ClientID, &c.ServerID)
		out = append(out, c)
		return err
	}, "SELECT s.id, s.user_id, c.client_id, c.server_id FROM sessions s CROSS JOIN session_clients c"+
		" WHERE c.org_id = s.org_id AND c.session_hash = s.hash AND s.org_id = $1 AND "+where, args...)
	return out, err
}

// SessionNamed returns the session of a user with this public name that has not
// expired.
func (tx *Tx) SessionNamed(orgID, userID, id string) (*idp.Session, error) {
	var v idp.Session
	return &v, tx.first(scanSession(orgID, &v), "SELECT "+sessionColumns+" FROM sessions WHERE org_id = $1 AND user_id = $2 AND id = $3 AND expires > $4",
		orgID, userID, id, ms(tx.now))
}

// DeleteSessionNamed ends the session of a user with this public name.
func (tx *Tx) DeleteSessionNamed(orgID, userID, id string) error {
	return tx.one("DELETE FROM sessions WHERE org_id = $1 AND user_id = $2 AND id = $3", orgID, userID, id)
}

// SucceedSession puts a session under a new hash in the place of the one of the
// same user and public name, with its clients. ErrNotFound when there is none.
func (tx *Tx) SucceedSession(v *idp.Session, hash []byte) error {
	var old []byte
	err := tx.first(func(s scan) error { return s(&old) },
		"SELECT hash FROM sessions WHERE org_id = $1 AND user_id = $2 AND id = $3 AND expires > $4", v.OrgID, v.UserID, v.ID, ms(tx.now))
	if err != nil {
		return err
	}
	if err := tx.InsertSession(v, hash); err != nil {
		return err
	}
	if _, err := tx.exec("UPDATE session_clients SET session_hash = $1 WHERE org_id = $2 AND session_hash = $3", hash, v.OrgID, old); err != nil {
		return err
	}
	return tx.DeleteSession(v.OrgID, old)
}
