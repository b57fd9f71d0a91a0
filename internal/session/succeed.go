package session

import (
	"errors"
	"fmt"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// Named returns a session of a user by its public name, nil where there is none
// or it has expired.
func (s *Service) Named(tx *store.Tx, orgID, userID, id string) (*idp.Session, error) {
	if id == "" {
		return nil, nil
	}
	v, err := tx.SessionNamed(orgID, userID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return v, nil
}

// Succeed begins the session of a draft in the place of another one of the same
// user, whose name and applications it has from then on; the secret is a new
// one, and the old one presents nothing. A draft that has begun already keeps
// its beginning. It fails as Start does, and with KindUnauthenticated when the
// other one has ended.
func (s *Service) Succeed(tx *store.Tx, before, draft *idp.Session) (secret string, v *idp.Session, err error) {
	begun := *draft
	v = &begun
	v.ID = before.ID
	if v.Created.IsZero() {
		v.Created = tx.Now()
	}
	v.Expires = expiry(v, tx.Now())
	if !v.Expires.After(tx.Now()) {
		return "", nil, idp.Fail(idp.KindUnauthenticated)
	}
	secret = env.Secret(s.Rand, secretPrefix, secretBytes)
	err = tx.SucceedSession(v, keys.Hash(secret))
	if errors.Is(err, store.ErrNotFound) {
		return "", nil, idp.Fail(idp.KindUnauthenticated)
	}
	if err != nil {
		return "", nil, fmt.Errorf("succeed session: %w", err)
	}
	return secret, v, nil
}

// EndNamed is End for a session that was read by its name: somebody else has
// signed in where it was.
func (s *Service) EndNamed(tx *store.Tx, a idp.Actor, v *idp.Session) error {
	clients, err := tx.NamedSessionClients(v.OrgID, v.UserID, v.ID, maxClients)
	if err != nil {
		return fmt.Errorf("read the clients of a session: %w", err)
	}
	if err := tx.DeleteSessionNamed(v.OrgID, v.UserID, v.ID); err != nil {
		return missing(err, "end session")
	}
	target, err := userTarget(tx, v.OrgID, v.UserID)
	if err != nil {
		return err
	}
	if err := s.Log.Record(tx, a, eventlog.Entry{Type: eventlog.SessionEnd, Targets: []idp.Target{target}, SessionID: v.ID}); err != nil {
		return err
	}
	return s.ended(tx, a, clients)
}
