package apps

import (
	"context"

	"usher/internal/store"
)

// servedKey names an OAuth client, or an application whose secrets are meant.
type servedKey struct{ org, id string }

// Served is ByClientID for the endpoints that clients call: what it tells may be
// a second old (ADR 0007), is shared, and must not be changed.
func (s *Service) Served(ctx context.Context, orgID, clientID string) (*App, error) {
	return s.clients.Get(servedKey{orgID, clientID}, func() (*App, error) { return s.ByClientID(ctx, orgID, clientID) })
}

// clientSecrets are the secrets of an OAuth client as they are stored, likewise.
func (s *Service) clientSecrets(ctx context.Context, a *App) ([]*store.AppSecret, error) {
	return s.secrets.Get(servedKey{a.OrgID, a.ID}, func() ([]*store.AppSecret, error) {
		rows, err := s.Store.Read(ctx).AppSecrets(a.OrgID, a.ID, kindClient)
		return rows, store.Failure("read secrets", err)
	})
}

// Forget drops what is remembered of clients, e.g. after a snapshot was restored.
func (s *Service) Forget() {
	s.clients.ForgetAll()
	s.secrets.ForgetAll()
}
