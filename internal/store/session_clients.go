package store

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

func (tx *Tx) sessionClients(where string, args ...any) ([]SessionClient, error) {
	var out []SessionClient
	err := tx.each(func(s scan) error {
		var c SessionClient
		err := s(&c.SessionID, &c.UserID, &c.ClientID, &c.ServerID)
		out = append(out, c)
		return err
	}, "SELECT s.id, s.user_id, c.client_id, c.server_id FROM sessions s"+
		" JOIN session_clients c ON c.org_id = s.org_id AND c.session_hash = s.hash WHERE s.org_id = $1 AND "+where, args...)
	return out, err
}
