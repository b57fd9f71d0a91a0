package store

import "time"

// Challenge waits for the answer to something that was sent or shown for a
// factor, or keeps that answer for a while.
type Challenge struct {
	OrgID    string
	ID       string // mst...
	UserID   string
	FactorID string
	Purpose  string // e.g. verify
	// Owner is the SHA-256, in base64url, of the handle of the sign-in that began it, empty for
	// a caller of the users' factors: nobody else may answer it.
	Owner  string
	Result string // e.g. waiting
	// Sealed is what only the method may know, encrypted; empty for none.
	Sealed   string
	Sends    int // how often something was sent for it
	Attempts int // how often it was answered wrongly
	Created  time.Time
	Expires  time.Time
	Version  int64
}

const challengeColumns = "id, user_id, factor_id, purpose, owner, result, sealed, sends, attempts, created, expires, version"

func scanChallenge(c *Challenge) func(scan) error {
	return func(s scan) error {
		var created, expires int64
		err := s(&c.ID, &c.UserID, &c.FactorID, &c.Purpose, &c.Owner, &c.Result, &c.Sealed, &c.Sends, &c.Attempts, &created, &expires, &c.Version)
		c.Created, c.Expires = at(created), at(expires)
		return err
	}
}

// InsertChallenge adds a challenge at version 1.
func (tx *Tx) InsertChallenge(c *Challenge) error {
	c.Version = 1
	return tx.later("INSERT INTO factor_challenges (org_id, "+challengeColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
		c.OrgID, c.ID, c.UserID, c.FactorID, c.Purpose, c.Owner, c.Result, c.Sealed, c.Sends, c.Attempts, ms(c.Created), ms(c.Expires), c.Version)
}

// UpdateChallenge writes a challenge that was read at its version, else
// ErrStale, and raises the version. Attempts are counted apart.
func (tx *Tx) UpdateChallenge(c *Challenge) error {
	err := tx.atVersion(c.row(), c.Version, `UPDATE factor_challenges SET result = $1, sealed = $2, sends = $3, expires = $4, version = version + 1
 WHERE org_id = $5 AND id = $6 AND version = $7`, c.Result, c.Sealed, c.Sends, ms(c.Expires), c.OrgID, c.ID, c.Version)
	if err == nil {
		c.Version++
	}
	return err
}

// CountAttempt adds a wrong answer to a challenge and returns how many there
// are now. One statement: answers that come at once are all counted.
func (tx *Tx) CountAttempt(orgID, id string) (attempts int, err error) {
	return attempts, tx.first(func(s scan) error { return s(&attempts) },
		"UPDATE factor_challenges SET attempts = attempts + 1 WHERE org_id = $1 AND id = $2 RETURNING attempts", orgID, id)
}

// Challenge returns a challenge, also one that has expired lately.
func (tx *Tx) Challenge(orgID, id string) (*Challenge, error) {
	if known, ok := tx.seen.challenge(orgID, id); ok {
		return known, nil
	}
	c := Challenge{OrgID: orgID}
	err := tx.first(scanChallenge(&c), "SELECT "+challengeColumns+" FROM factor_challenges WHERE org_id = $1 AND id = $2", orgID, id)
	if err == nil {
		tx.seen.keepVersion(c.row(), c.Version)
	}
	return &c, err
}

func (c *Challenge) row() seenRow { return seenRow{"factor_challenges", c.OrgID, c.ID} }

// ChallengesOf lists up to limit challenges of a user's factor, the newest first.
// On SQLite their identifiers are looked up by themselves: it would else go through
// the challenges of everybody in their order. PostgreSQL would look them up for each
// of these.
func (tx *Tx) ChallengesOf(orgID, userID, factorID string, limit int) ([]Challenge, error) {
	if known, ok := tx.seen.challengesOf(orgID, userID, factorID, limit); ok {
		return known, nil
	}
	out, err := tx.askChallenges(orgID, userID, factorID, limit).get(tx)
	return *out, err
}

func (tx *Tx) askChallenges(orgID, userID, factorID string, limit int) asking[[]Challenge] {
	mine := "user_id = $2 AND factor_id = $3"
	if tx.engine.name() == "sqlite" {
		mine = "id IN (SELECT id FROM factor_challenges WHERE org_id = $1 AND " + mine + ")"
	}
	var out []Challenge
	return asking[[]Challenge]{ask{
		query: "SELECT " + challengeColumns + " FROM factor_challenges WHERE org_id = $1 AND " + mine + " ORDER BY id DESC LIMIT $4",
		args:  []any{orgID, userID, factorID, limit},
		list:  true,
		begin: func() { out = nil },
		row: func(s scan) error {
			out = append(out, Challenge{OrgID: orgID})
			return scanChallenge(&out[len(out)-1])(s)
		},
		done: func(bool) { tx.seen.keepChallenges(seenChallenges{orgID, userID, factorID, limit, out}) },
	}, &out}
}
