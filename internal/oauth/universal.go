package oauth

import (
	"context"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Subject formats. (RFC 9493 sections 3.2.3 and 3.2.5)
const (
	SubjectOpaque    = "opaque"
	SubjectIssuerSub = "iss_sub"
)

// SubjectID names a user. (spec: oauth2 GlobalTokenRevocationRequest)
type SubjectID struct {
	Format string
	ID     string // of SubjectOpaque
	Issuer string // of SubjectIssuerSub
	Sub    string // likewise
}

// SignOutEverywhere ends all sessions and tokens of a user, those for the
// management interface included. InvalidRequest for a subject that is not named
// as it has to be, KindNotFound for nobody's, KindForbidden where the actor may
// not change this user. (spec: oauth2#globalTokenRevocation)
func (p *Provider) SignOutEverywhere(ctx context.Context, a idp.Actor, s SubjectID) error {
	id := s.ID
	switch {
	case s.Format == SubjectIssuerSub && s.Issuer == a.Org.BaseURL:
		id = s.Sub
	case s.Format == SubjectIssuerSub && s.Issuer != "" && s.Sub != "":
		return fault(InvalidRequest, "The issuer of the subject is not known.")
	case s.Format != SubjectOpaque && s.Format != SubjectIssuerSub:
		return fault(InvalidRequest, "The format of the subject is not supported.")
	}
	if !idp.PlainID(id) {
		return fault(InvalidRequest, "The subject does not name a user.")
	}
	d := p.Directory
	_, err := d.Within(ctx, a, "sign out everywhere", id, func(tx *store.Tx, u *idp.User) error {
		if u.ID != id { // somebody is called so
			return idp.NotFound("User", id)
		}
		if err := p.record(tx, a, eventlog.UniversalLogout, idp.UserTarget(u)); err != nil {
			return err
		}
		for _, hook := range append(append(d.OnRevoke[:len(d.OnRevoke):len(d.OnRevoke)], d.OnRevokeTokens...), p.EndTokens) {
			if err := hook(tx, a, u); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// longestToken is longer than any access token lives.
const longestToken = 25 * time.Hour

// voidTokensOf makes all access tokens of a user void that were issued so far.
func voidTokensOf(tx *store.Tx, orgID, userID string) error {
	return tx.SpendUntil(orgID, spentHash(spentUser, "", userID), tx.Now().Add(longestToken))
}

// before tells whether an access token was issued no later than all of its user's
// were taken back, by until when that is noted; zero for never.
func (t *accessToken) before(noted time.Time) bool {
	return !noted.IsZero() && (t.IssuedAt == nil || !t.IssuedAt.time().After(noted.Add(-longestToken)))
}
