package apps

import (
	"context"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// OIDCName is the kind of application that registered clients are.
const OIDCName = "oidc_client"

// ReplaceClient writes the settings of an OAuth client anew, and what else the
// application has stays as it is. (spec: oauth2#replaceClient)
func (s *Service) ReplaceClient(ctx context.Context, actor idp.Actor, id string, in *Input) (*App, error) {
	return s.replace(ctx, actor, id, in, func(a, before *App) {
		oauth := a.Details.Credentials.OAuth
		client := a.Details.OAuthClient
		a.Details = before.Details
		a.Details.Credentials.OAuth, a.Details.OAuthClient = oauth, client
	})
}

// NewClientSecret gives an OAuth client one new secret in place of all that it
// has, and returns the client with it. KindInvalid for one that proves itself in
// another way. (spec: oauth2#generateNewClientSecret)
func (s *Service) NewClientSecret(ctx context.Context, actor idp.Actor, id string) (*App, error) {
	var out *App
	err := s.tx(ctx, "new client secret", func(tx *store.Tx) error {
		a, err := s.mayLoad(tx, actor, id)
		if err != nil {
			return err
		}
		if c := a.Details.Credentials.OAuth; c == nil || !c.NeedsSecret() {
			return idp.Invalid("token_endpoint_auth_method", idp.Cause{Field: "token_endpoint_auth_method", Text: "the client has no secret"})
		}
		if err := s.permitClient(tx, actor, a); err != nil {
			return err
		}
		if _, err := tx.DeleteAppSecrets(a.OrgID, a.ID, kindClient, ""); err != nil {
			return err
		}
		a.ClientSecret = s.newSecret()
		if err := s.putClientSecret(tx, a); err != nil {
			return err
		}
		out = a
		return s.record(tx, actor, eventlog.AppUpdate, idp.AppTarget(&a.App))
	})
	return out, err
}
