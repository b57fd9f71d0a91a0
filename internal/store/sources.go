package store

import (
	"database/sql"
	"time"
)

// Standing is what is known about a user's password and about the source from
// which somebody tries it.
type Standing struct {
	LockedAt time.Time // zero when the password is not locked, or there is none
	// Known tells that the user has signed in from this source before.
	Known bool
	// failures are the wrong guesses at a source that is known, used is when the
	// user has signed in from there, to the hour or so.
	failures int64
	used     time.Time
}

// Standing reads both in one statement, and the rest of the credential, which a
// proof that holds is compared with next. A user without a credential has none.
func (tx *Tx) Standing(orgID, userID, source string) (Standing, error) {
	if known, none, ok := tx.seen.standingOf(orgID, userID, source); ok {
		if none {
			return Standing{}, ErrNotFound
		}
		return known, nil
	}
	a := tx.askStanding(orgID, userID, source)
	err := tx.first(a.row, a.query, a.args...)
	if err != nil {
		return Standing{}, err
	}
	a.done(false)
	return *a.value, nil
}

func (tx *Tx) askStanding(orgID, userID, source string) asking[Standing] {
	var out Standing
	c := Credential{OrgID: orgID, UserID: userID}
	var failures, used sql.NullInt64
	return asking[Standing]{ask{
		query: "SELECT " + credentialColumns + `, s.failures, s.used FROM credentials c
 LEFT JOIN sign_in_sources s ON s.org_id = c.org_id AND s.user_id = c.user_id AND s.source = $1 AND s.expires > $2
 WHERE c.org_id = $3 AND c.user_id = $4`,
		args: []any{source, ms(tx.now), orgID, userID},
		row:  scanCredential(&c, &failures, &used),
		done: func(none bool) {
			out = Standing{LockedAt: c.LockedAt, Known: failures.Valid, failures: failures.Int64, used: at(used.Int64)}
			tx.seen.keepStanding(seenStanding{orgID, userID, source, out, none})
			if !none {
				tx.seen.keepCredential(&c)
			}
		},
	}, &out}
}

// KnownSource tells whether the user has signed in from this source before.
func (tx *Tx) KnownSource(orgID, userID, source string) (known bool, err error) {
	err = tx.first(func(s scan) error {
		var n int64
		err := s(&n)
		known = n > 0
		return err
	}, "SELECT COUNT(*) FROM sign_in_sources WHERE org_id = $1 AND user_id = $2 AND source = $3 AND expires > $4", orgID, userID, source, ms(tx.now))
	return known, err
}

// TrustSource notes that the user has signed in from this source: its wrong
// guesses are forgiven. One that has none, and was noted at stale or later, stays
// as it is. Of a user's sources the most recently used stay.
func (tx *Tx) TrustSource(orgID, userID, source string, stale, expires time.Time, keep int) error {
	known, _, _ := tx.seen.standingOf(orgID, userID, source)
	if known.Known && known.failures == 0 && !known.used.Before(stale) {
		return nil
	}
	err := tx.later(`INSERT INTO sign_in_sources (org_id, user_id, source, failures, used, expires) VALUES ($1, $2, $3, 0, $4, $5)
 ON CONFLICT (org_id, user_id, source) DO UPDATE SET failures = 0, used = excluded.used, expires = excluded.expires
 WHERE sign_in_sources.failures > 0 OR sign_in_sources.used < $6`,
		orgID, userID, source, ms(tx.now), ms(expires), ms(stale))
	if err != nil || known.Known { // then there are no more than before
		return err
	}
	const many = 1000
	return tx.later(`DELETE FROM sign_in_sources WHERE org_id = $1 AND user_id = $2 AND source IN (
 SELECT source FROM sign_in_sources WHERE org_id = $3 AND user_id = $4 ORDER BY used DESC, source LIMIT $5 OFFSET $6)`,
		orgID, userID, orgID, userID, many, keep)
}

// CountSourceFailure adds one wrong guess to a known source and returns how many
// there are in a row. ErrNotFound when the source is not known. One statement:
// guesses that come at once are all counted, at any isolation.
func (tx *Tx) CountSourceFailure(orgID, userID, source string) (failures int, err error) {
	err = tx.first(func(s scan) error { return s(&failures) },
		`UPDATE sign_in_sources SET failures = failures + 1 WHERE org_id = $1 AND user_id = $2 AND source = $3 AND expires > $4 RETURNING failures`,
		orgID, userID, source, ms(tx.now))
	return failures, err
}

// DropSource makes a source a stranger again.
func (tx *Tx) DropSource(orgID, userID, source string) error {
	_, err := tx.exec("DELETE FROM sign_in_sources WHERE org_id = $1 AND user_id = $2 AND source = $3", orgID, userID, source)
	return err
}
