package oauth

import (
	"context"
	"slices"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Who let a client have a scope.
// (spec: management-extra OAuth2ScopeConsentGrantSource)
const (
	SourceAdmin   = "ADMIN"
	SourceEndUser = "END_USER"
)

// maxGrants bounds what a client has from one user, or for itself.
const maxGrants = 1000

// Grant lets a client have a scope: for itself, by an administrator, or on
// behalf of a user who consented.
type Grant struct {
	ID       string // oag...
	ClientID string
	UserID   string // empty for a grant to the client itself
	ServerID string // empty for the organisation's own server
	Scope    string
	Source   string
	// CreatedBy names the user who granted it, empty for Usher itself.
	CreatedBy   string
	Created     time.Time
	LastUpdated time.Time
}

func grantFromStore(g *store.OAuthGrant) *Grant {
	return &Grant{
		ID: g.ID, ClientID: g.ClientID, UserID: g.UserID, ServerID: g.ServerID, Scope: g.Scope, Source: g.Source, CreatedBy: g.CreatedBy,
		Created: g.Created, LastUpdated: g.LastUpdated,
	}
}

// Granted returns the names of the scopes of a server that a client was granted
// by a user, or for itself where userID is empty.
func (s *Service) Granted(ctx context.Context, v *Server, clientID, userID string) ([]string, error) {
	list, err := s.Store.Read(ctx).OAuthGrants(v.OrgID, store.GrantFilter{ClientID: clientID, UserID: userID, ForUser: true}, "", maxGrants)
	if err != nil {
		return nil, failure("read grants", err)
	}
	var out []string
	for _, g := range list {
		if g.ServerID == v.ID {
			out = append(out, g.Scope)
		}
	}
	return out, nil
}

// Consent keeps what a user lets a client have, beside what the user has let it
// have before. Scopes that nobody is asked about need no consent.
func (s *Service) Consent(tx *store.Tx, a idp.Actor, v *Server, c *Client, userID string, scopes []string) error {
	for _, name := range scopes {
		scope := v.Scope(name)
		if scope == nil || scope.Consent == ConsentImplicit {
			continue
		}
		known, err := tx.OAuthGrants(v.OrgID, store.GrantFilter{ClientID: c.ID, UserID: userID, ForUser: true}, "", maxGrants)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(known, func(g *store.OAuthGrant) bool { return g.ServerID == v.ID && g.Scope == name }) {
			continue
		}
		g := &store.OAuthGrant{
			OrgID: v.OrgID, ID: s.IDs.New("oag"), ClientID: c.ID, UserID: userID, ServerID: v.ID, Scope: name, Source: SourceEndUser,
			CreatedBy: userID, Created: tx.Now(), LastUpdated: tx.Now(),
		}
		if err := tx.InsertOAuthGrant(g); err != nil {
			return err
		}
		if err := s.record(tx, a, eventlog.ConsentGrant, c.target(), scope.target()); err != nil {
			return err
		}
	}
	return nil
}

// target names a scope in events.
func (v *Scope) target() idp.Target {
	return idp.Target{ID: v.ID, Type: "OAuth2Scope", AlternateID: v.Name, DisplayName: v.Name}
}
