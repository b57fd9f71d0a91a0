package oauth

import (
	"context"
	"slices"
	"time"

	"usher/internal/apps"
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
		return nil, store.Failure("read grants", err)
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

// GrantFilter chooses grants: those of a user, or with ForClient those to
// clients themselves. Empty members choose all.
type GrantFilter struct {
	UserID    string
	ClientID  string
	ID        string
	ForClient bool
}

func (f GrantFilter) stored() store.GrantFilter {
	return store.GrantFilter{ClientID: f.ClientID, UserID: f.UserID, ForUser: f.UserID != "" || f.ForClient, ID: f.ID}
}

// Grants lists grants in the order of their creation. next is the cursor of the
// following part, empty at the end.
// (spec: management-extra#listUserGrants, #listScopeConsentGrants)
func (s *Service) Grants(ctx context.Context, a idp.Actor, f GrantFilter, after string, limit int) (list []*Grant, next string, err error) {
	if after != "" && !idp.PlainID(after) {
		return nil, "", &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
	}
	rows, err := s.Store.Read(ctx).OAuthGrants(a.OrgID(), f.stored(), after, limit+1)
	if err != nil {
		return nil, "", store.Failure("list grants", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	for _, row := range rows {
		list = append(list, grantFromStore(row))
	}
	return list, next, nil
}

// Grant returns the grant that a filter with an ID chooses. KindNotFound.
func (s *Service) Grant(ctx context.Context, a idp.Actor, f GrantFilter) (*Grant, error) {
	if !idp.PlainID(f.ID) {
		return nil, idp.NotFound(TypeGrant, f.ID)
	}
	list, _, err := s.Grants(ctx, a, f, "", 1)
	if err == nil && len(list) == 0 {
		err = idp.NotFound(TypeGrant, f.ID)
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// GrantToClient lets an application have a scope of the management interface.
// Granting what is granted returns what is there. KindInvalid for another scope
// or issuer. (spec: management-extra#grantConsentToScope)
func (s *Service) GrantToClient(ctx context.Context, a idp.Actor, appID, scope, issuer string) (*Grant, error) {
	var f faults
	if !managementScope(scope) {
		f.add("scopeId", "is no scope of the management interface")
	}
	if issuer != a.Org.BaseURL {
		f.add("issuer", "must be "+a.Org.BaseURL)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	var out *Grant
	err := s.tx(ctx, "grant scope", func(tx *store.Tx) error {
		c, err := s.appClient(tx, a, appID)
		if err != nil {
			return err
		}
		known, err := tx.OAuthGrants(a.OrgID(), store.GrantFilter{ClientID: c.ID, ForUser: true}, "", maxGrants)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(known, func(g *store.OAuthGrant) bool { return g.ServerID == "" && g.Scope == scope }); i >= 0 {
			out = grantFromStore(known[i])
			return nil
		}
		row := &store.OAuthGrant{
			OrgID: a.OrgID(), ID: s.IDs.New("oag"), ClientID: c.ID, Scope: scope, Source: SourceAdmin, CreatedBy: a.UserID,
			Created: tx.Now(), LastUpdated: tx.Now(),
		}
		if err := tx.InsertOAuthGrant(row); err != nil {
			return err
		}
		out = grantFromStore(row)
		return s.record(tx, a, eventlog.AdminConsentGrant, c.target(), idp.Target{ID: scope, Type: "OAuth2Scope", AlternateID: scope, DisplayName: scope})
	})
	return out, err
}

// appClient returns an application that the actor may change, as a client.
func (s *Service) appClient(tx *store.Tx, a idp.Actor, appID string) (*Client, error) {
	app, err := s.Apps.Changeable(tx, a, appID)
	if err != nil {
		return nil, err
	}
	if c := ClientOf(app); c != nil {
		return c, nil
	}
	return nil, idp.NotFound(apps.TypeApp, appID)
}

// RevokeFromClient takes a scope away from an application.
// (spec: management-extra#revokeScopeConsentGrant)
func (s *Service) RevokeFromClient(ctx context.Context, a idp.Actor, appID, id string) error {
	return s.tx(ctx, "revoke grant", func(tx *store.Tx) error {
		c, err := s.appClient(tx, a, appID)
		if err != nil {
			return err
		}
		n, err := tx.DeleteOAuthGrants(a.OrgID(), store.GrantFilter{ClientID: c.ID, ForUser: true, ID: id})
		if err != nil {
			return err
		}
		if n == 0 || id == "" {
			return idp.NotFound(TypeGrant, id)
		}
		return s.record(tx, a, eventlog.AdminConsentRevoke, c.target(), idp.Target{ID: id, Type: "OAuth2Grant", AlternateID: id, DisplayName: id})
	})
}

// RevokeFromUser takes back what the user that ref names let clients have: one
// grant, those of a client, or all. KindNotFound for a single one that is not
// there, KindForbidden where the actor may not change this user.
// (spec: management-extra#revokeUserGrants)
func (s *Service) RevokeFromUser(ctx context.Context, a idp.Actor, ref string, f GrantFilter) error {
	event := eventlog.ConsentRevokeUser
	switch {
	case f.ID != "":
		event = eventlog.ConsentRevoke
	case f.ClientID != "":
		event = eventlog.ConsentRevokePair
	}
	_, err := s.Directory.Within(ctx, a, "revoke grants", ref, func(tx *store.Tx, u *idp.User) error {
		f.UserID = u.ID
		n, err := tx.DeleteOAuthGrants(a.OrgID(), f.stored())
		if err != nil {
			return err
		}
		if n == 0 {
			if f.ID != "" {
				return idp.NotFound(TypeGrant, f.ID)
			}
			return nil
		}
		return s.record(tx, a, event, idp.UserTarget(u))
	})
	return err
}

// OnUserDelete drops what a user let clients have. It is meant for directory's
// OnDelete.
func (s *Service) OnUserDelete(tx *store.Tx, a idp.Actor, u *idp.User) error {
	_, err := tx.DeleteOAuthGrants(a.OrgID(), store.GrantFilter{UserID: u.ID, ForUser: true})
	return err
}

// OnAppDelete drops what a client was granted, and its refresh tokens. It is
// meant for apps' OnDelete.
func (s *Service) OnAppDelete(tx *store.Tx, a idp.Actor, app *idp.App) error {
	if app.ClientID == "" {
		return nil
	}
	if _, err := tx.DeleteOAuthGrants(a.OrgID(), store.GrantFilter{ClientID: app.ClientID}); err != nil {
		return err
	}
	_, err := tx.DeleteOAuthRefresh(a.OrgID(), store.OAuthRefreshFilter{ClientID: app.ClientID})
	return err
}
