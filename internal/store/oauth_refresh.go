package store

import (
	"strconv"
	"time"
)

// OAuthRefresh is a refresh token through all its rotations. Its document
// belongs to package oauth.
type OAuthRefresh struct {
	OrgID    string
	ID       string // oar...
	Hash     []byte // SHA-256 of the part that stays
	ServerID string
	ClientID string
	UserID   string
	// Current and Previous are SHA-256 of the part that changes; Previous is one
	// zero byte before the first rotation. Salt went into Current.
	Current, Previous, Salt []byte
	Rotated                 time.Time // zero before the first rotation
	Created                 time.Time
	LastUpdated             time.Time
	Expires                 time.Time
	Document                []byte // JSON
	Version                 int64
}

const refreshColumns = "id, hash, server_id, client_id, user_id, current, previous, salt, rotated, created, last_updated, expires, document, version"

// refreshScan reads refreshColumns into r.
type refreshScan struct {
	r                                  *OAuthRefresh
	rotated, created, updated, expires int64
	into                               []any
}

func newRefreshScan(orgID string, r *OAuthRefresh) *refreshScan {
	s := &refreshScan{r: r}
	r.OrgID = orgID
	s.into = []any{
		&r.ID, &r.Hash, &r.ServerID, &r.ClientID, &r.UserID, &r.Current, &r.Previous, &r.Salt,
		&s.rotated, &s.created, &s.updated, &s.expires, &r.Document, &r.Version,
	}
	return s
}

// after completes r once its columns are read.
func (s *refreshScan) after(err error) error {
	s.r.Rotated, s.r.Created, s.r.LastUpdated, s.r.Expires = at(s.rotated), at(s.created), at(s.updated), at(s.expires)
	return err
}

func scanRefresh(orgID string, r *OAuthRefresh) func(scan) error {
	s := newRefreshScan(orgID, r)
	return func(scan scan) error { return s.after(scan(s.into...)) }
}

// InsertOAuthRefresh adds a refresh token at version 1.
func (tx *Tx) InsertOAuthRefresh(r *OAuthRefresh) error {
	r.Created, r.LastUpdated, r.Version = tx.now, tx.now, 1
	_, err := tx.exec("INSERT INTO oauth_refresh (org_id, "+refreshColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
		r.OrgID, r.ID, r.Hash, r.ServerID, r.ClientID, r.UserID, r.Current, some(r.Previous), some(r.Salt), ms(r.Rotated),
		ms(r.Created), ms(r.LastUpdated), ms(r.Expires), string(r.Document), r.Version)
	return err
}

// some is a value that is not empty: snapshots do not tell an empty one from none.
func some(v []byte) []byte {
	if len(v) == 0 {
		return []byte{0}
	}
	return v
}

// UpdateOAuthRefresh writes what changes with use of a token that was read at
// r.Version, else ErrStale.
func (tx *Tx) UpdateOAuthRefresh(r *OAuthRefresh) error {
	r.LastUpdated = tx.now
	err := tx.atVersion(r.row(), r.Version, "UPDATE oauth_refresh SET current = $1, previous = $2, salt = $3, rotated = $4, last_updated = $5, expires = $6, document = $7, version = version + 1"+
		" WHERE org_id = $8 AND id = $9 AND version = $10",
		r.Current, some(r.Previous), some(r.Salt), ms(r.Rotated), ms(r.LastUpdated), ms(r.Expires), string(r.Document), r.OrgID, r.ID, r.Version)
	if err == nil {
		r.Version++
	}
	return err
}

// OAuthRefreshByHash returns the refresh token under this hash that has not expired.
func (tx *Tx) OAuthRefreshByHash(orgID string, hash []byte) (*OAuthRefresh, error) {
	var r OAuthRefresh
	err := tx.first(scanRefresh(orgID, &r), "SELECT "+refreshColumns+" FROM oauth_refresh WHERE org_id = $1 AND hash = $2 AND expires > $3", orgID, hash, ms(tx.now))
	if err == nil {
		tx.seen.keepVersion(r.row(), r.Version)
	}
	return &r, err
}

func (r *OAuthRefresh) row() seenRow { return seenRow{"oauth_refresh", r.OrgID, r.ID} }

// OAuthRefresh returns the refresh token with this identifier that has not expired.
func (tx *Tx) OAuthRefresh(orgID, id string) (*OAuthRefresh, error) {
	var r OAuthRefresh
	return &r, tx.first(scanRefresh(orgID, &r), "SELECT "+refreshColumns+" FROM oauth_refresh WHERE org_id = $1 AND id = $2 AND expires > $3", orgID, id, ms(tx.now))
}

// OAuthRefreshFilter chooses refresh tokens. Members that are empty choose
// nothing.
type OAuthRefreshFilter struct{ UserID, ClientID, ServerID, ID string }

// where is a condition with its arguments, the organisation first.
func (f OAuthRefreshFilter) where(orgID string) (string, []any) {
	text, args := "org_id = $1", []any{orgID}
	for _, c := range []struct{ column, value string }{{"user_id", f.UserID}, {"client_id", f.ClientID}, {"server_id", f.ServerID}, {"id", f.ID}} {
		if c.value != "" {
			args = append(args, c.value)
			text += " AND " + c.column + " = $" + strconv.Itoa(len(args))
		}
	}
	return text, args
}

// OAuthRefreshAfter lists up to limit refresh tokens that have not expired, by
// identifier, beginning behind after.
func (tx *Tx) OAuthRefreshAfter(orgID string, f OAuthRefreshFilter, after string, limit int) ([]*OAuthRefresh, error) {
	where, args := f.where(orgID)
	n := len(args)
	return tx.refreshes(orgID, "SELECT "+refreshColumns+" FROM oauth_refresh WHERE "+where+
		" AND id > $"+strconv.Itoa(n+1)+" AND expires > $"+strconv.Itoa(n+2)+" ORDER BY id LIMIT $"+strconv.Itoa(n+3),
		append(args, after, ms(tx.now), limit)...)
}

// DeleteOAuthRefresh ends refresh tokens and tells which ended.
func (tx *Tx) DeleteOAuthRefresh(orgID string, f OAuthRefreshFilter) ([]*OAuthRefresh, error) {
	where, args := f.where(orgID)
	return tx.refreshes(orgID, "DELETE FROM oauth_refresh WHERE "+where+" RETURNING "+refreshColumns, args...)
}

func (tx *Tx) refreshes(orgID, query string, args ...any) ([]*OAuthRefresh, error) {
	var out []*OAuthRefresh
	err := tx.each(func(s scan) error {
		r := new(OAuthRefresh)
		err := scanRefresh(orgID, r)(s)
		out = append(out, r)
		return err
	}, query, args...)
	return out, err
}
