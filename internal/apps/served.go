package apps

import (
	"context"

	"usher/internal/keys"
	"usher/internal/store"
)

// servedKey names an OAuth client, or an application whose secrets are meant.
type servedKey struct{ org, id string }

// Served is ByClientID for the endpoints that clients call: what it tells may be
// a second old (ADR 0007), is shared, and must not be changed.
func (s *Service) Served(ctx context.Context, orgID, clientID string) (*App, error) {
	return s.clients.Get(servedKey{orgID, clientID}, func() (*App, error) { return s.ByClientID(ctx, orgID, clientID) })
}

// servedSecret is a secret as it is stored, with its SHA-256: what is remembered
// is not what a client presents.
type servedSecret struct {
	*store.AppSecret
	hash []byte
}

// clientSecrets are the secrets of an OAuth client, likewise.
func (s *Service) clientSecrets(ctx context.Context, a *App) ([]servedSecret, error) {
	return s.secrets.Get(servedKey{a.OrgID, a.ID}, func() ([]servedSecret, error) {
		rows, err := s.Store.Read(ctx).AppSecrets(a.OrgID, a.ID, kindClient)
		if err != nil {
			return nil, store.Failure("read secrets", err)
		}
		out := make([]servedSecret, 0, len(rows))
		for _, row := range rows {
			v, err := s.secretOf(row)
			if err != nil {
				return nil, err
			}
			out = append(out, servedSecret{row, keys.Hash(v.Value)})
		}
		return out, nil
	})
}

// Forget drops what is remembered of clients, e.g. after a snapshot was restored.
func (s *Service) Forget() {
	s.clients.ForgetAll()
	s.secrets.ForgetAll()
}
