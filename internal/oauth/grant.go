package oauth

import (
	"context"
	"time"

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
