package session

import (
	"fmt"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// maxClients bounds how many clients hear of one end of sessions.
const maxClients = 1000

// Client is an application that knows of a session and wants to hear of its end.
type Client = store.SessionClient

// Join notes that an application has learnt of a session and wants to hear of
// its end. Of a session that has ended already nothing is noted.
func (s *Service) Join(tx *store.Tx, orgID string, c Client) error {
	if err := tx.JoinSession(orgID, c); err != nil {
		return fmt.Errorf("note a client of a session: %w", err)
	}
	return nil
}

// Clients lists the applications that would hear of the end of the session that
// a secret presents.
func (s *Service) Clients(tx *store.Tx, orgID, secret string) ([]Client, error) {
	if !plausible(secret) {
		return nil, nil
	}
	list, err := tx.SessionClients(orgID, keys.Hash(secret), maxClients)
	if err != nil {
		return nil, fmt.Errorf("read the clients of a session: %w", err)
	}
	return list, nil
}

// ended tells of sessions that somebody has ended.
func (s *Service) ended(tx *store.Tx, a idp.Actor, list []Client) error {
	if len(list) == 0 {
		return nil
	}
	for _, hook := range s.OnEnd {
		if err := hook(tx, a, list); err != nil {
			return err
		}
	}
	return nil
}
