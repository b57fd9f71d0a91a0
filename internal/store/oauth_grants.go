package store

import (
	"strconv"
	"time"
)

// OAuthGrant lets a client have a scope: of an administrator for itself (no
// user), or of a user who consented.
type OAuthGrant struct {
	OrgID    string
	ID       string // oag...
	ClientID string
	UserID   string // empty for a grant to the client itself
	// ServerID is empty for the organisation's own server.
	ServerID    string
	Scope       string
	Source      string // ADMIN or END_USER
	CreatedBy   string // a user's identifier, empty for Usher itself
	Created     time.Time
	LastUpdated time.Time
}

// GrantFilter chooses grants. Empty members choose all; ForUser takes UserID as
// it is, so that an empty one chooses the grants to clients themselves.
type GrantFilter struct {
	ClientID string
	UserID   string
	ForUser  bool
	ID       string
}

const grantColumns = "id, client_id, user_id, server_id, scope, source, created_by, created, last_updated"

// where chooses the grants of a filter. They are looked up by an index before
// anything else is asked of them: SQLite would else go through the grants of
// everybody in their order.
func (f GrantFilter) where(orgID string) (text string, args []any) {
	args = []any{orgID}
	text = " WHERE org_id = $1 AND id IN (SELECT id FROM oauth_grants WHERE org_id = $1"
	for _, c := range []struct {
		column, value string
		given         bool
	}{{"client_id", f.ClientID, f.ClientID != ""}, {"user_id", f.UserID, f.ForUser}, {"id", f.ID, f.ID != ""}} {
		if c.given {
			args = append(args, c.value)
			text += " AND " + c.column + " = $" + strconv.Itoa(len(args))
		}
	}
	return text + ")", args
}

// InsertOAuthGrant adds a grant. It fails with ExistsError on
// "oauth_grants.scope" when the client has the scope already.
func (tx *Tx) InsertOAuthGrant(g *OAuthGrant) error {
	_, err := tx.exec("INSERT INTO oauth_grants (org_id, "+grantColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		g.OrgID, g.ID, g.ClientID, g.UserID, g.ServerID, g.Scope, g.Source, g.CreatedBy, ms(g.Created), ms(g.LastUpdated))
	return err
}

// OAuthGrants lists grants in the order of their creation, those behind the
// cursor after, up to limit of them.
func (tx *Tx) OAuthGrants(orgID string, f GrantFilter, after string, limit int) ([]*OAuthGrant, error) {
	var out []*OAuthGrant
	where, args := f.where(orgID)
	n := len(args)
	err := tx.each(func(s scan) error {
		g := &OAuthGrant{OrgID: orgID}
		var created, updated int64
		err := s(&g.ID, &g.ClientID, &g.UserID, &g.ServerID, &g.Scope, &g.Source, &g.CreatedBy, &created, &updated)
		g.Created, g.LastUpdated = at(created), at(updated)
		out = append(out, g)
		return err
	}, "SELECT "+grantColumns+" FROM oauth_grants"+where+" AND id > $"+strconv.Itoa(n+1)+" ORDER BY id LIMIT $"+strconv.Itoa(n+2), append(args, after, limit)...)
	return out, err
}

// DeleteOAuthGrants removes grants and tells how many went.
func (tx *Tx) DeleteOAuthGrants(orgID string, f GrantFilter) (int64, error) {
	where, args := f.where(orgID)
	return tx.exec("DELETE FROM oauth_grants"+where, args...)
}

// DeleteOAuthGrantsOf removes the grants at a server.
func (tx *Tx) DeleteOAuthGrantsOf(orgID, serverID string) error {
	_, err := tx.exec("DELETE FROM oauth_grants WHERE org_id = $1 AND server_id = $2", orgID, serverID)
	return err
}
