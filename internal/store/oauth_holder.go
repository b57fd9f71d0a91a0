package store

import (
	"time"

	"usher/internal/idp"
)

// TokenStanding is what is known of an access token beside what it says itself.
type TokenStanding struct {
	User *idp.User
	// Revoked tells that it was noted by Spend.
	Revoked bool
	// All is until when all of the user's tokens are noted as revoked, zero for
	// never.
	All time.Time
	// Family tells that the refresh token with which it came is there.
	Family bool
}

// TokenHashes are what may have been noted of a token: itself, and all of its
// user's.
type TokenHashes struct{ Own, All []byte }

// TokenStanding reads in one statement who a user is, what was noted by Spend, and whether there is a refresh token with an identifier that has not
// expired. ErrNotFound where there is no such user.
func (tx *Tx) TokenStanding(orgID, userID string, noted TokenHashes, familyID string) (*TokenStanding, error) {
	out := TokenStanding{User: &idp.User{}}
	var spent, family, all int64
	err := tx.first(scanUser(orgID, out.User, &spent, &family, &all), "SELECT "+qualifiedUserColumns+`,
 (SELECT count(*) FROM oauth_spent s WHERE s.org_id = u.org_id AND s.hash = $1),
 (SELECT count(*) FROM oauth_refresh r WHERE r.org_id = u.org_id AND r.id = $2 AND r.expires > $3),
 coalesce((SELECT s.expires FROM oauth_spent s WHERE s.org_id = u.org_id AND s.hash = $6), 0)
 FROM users u WHERE u.org_id = $4 AND u.id = $5`, noted.Own, familyID, ms(tx.now), orgID, userID, noted.All)
	out.Revoked, out.Family, out.All = spent > 0, family > 0, at(all)
	return &out, err
}

const qualifiedRefreshColumns = `r.id, r.hash, r.server_id, r.client_id, r.user_id, r.current, r.previous, r.salt, r.rotated, r.created, r.last_updated, r.expires,
 r.document, r.version`

// OAuthRefreshHolder is OAuthRefreshByHash with the user of the token, in one
// statement.
func (tx *Tx) OAuthRefreshHolder(orgID string, hash []byte) (*OAuthRefresh, *idp.User, error) {
	var r OAuthRefresh
	var u idp.User
	refresh := newRefreshScan(orgID, &r)
	user := newUserScan(orgID, &u, refresh.into...)
	err := tx.first(func(s scan) error { return refresh.after(user.read(s)) }, "SELECT "+qualifiedUserColumns+", "+qualifiedRefreshColumns+`
 FROM oauth_refresh r JOIN users u ON u.org_id = r.org_id AND u.id = r.user_id
 WHERE r.org_id = $1 AND r.hash = $2 AND r.expires > $3`, orgID, hash, ms(tx.now))
	return &r, &u, err
}
