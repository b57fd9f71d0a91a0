package store

import (
	"errors"
	"time"
)

// CountFactorFailure adds one wrong answer to a factor and returns how many
// there are now in a row. One statement: answers that come at once are all
// counted, at any isolation.
func (tx *Tx) CountFactorFailure(orgID, userID, factorID string) (failures int, err error) {
	return failures, tx.first(func(s scan) error { return s(&failures) },
		`INSERT INTO factor_counts (org_id, user_id, factor_id, failures, last_step, last_sent, auto) VALUES ($1, $2, $3, 1, 0, 0, 0)
 ON CONFLICT (org_id, user_id, factor_id) DO UPDATE SET failures = factor_counts.failures + 1 RETURNING failures`, orgID, userID, factorID)
}

// factorCounts are what is counted of a factor.
type factorCounts struct {
	failures int
	step     int64     // the last one whose code was used
	sent     time.Time // when something was last sent
	auto     bool
}

// countsOf reads them: none where nothing was counted.
func (tx *Tx) countsOf(orgID, userID, factorID string) (factorCounts, error) {
	if known, ok := tx.seen.countsOf(orgID, userID, factorID); ok {
		return known, nil
	}
	var c factorCounts
	err := tx.first(c.scan, "SELECT "+countColumns+" FROM factor_counts WHERE org_id = $1 AND user_id = $2 AND factor_id = $3", orgID, userID, factorID)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return c, err
}

const countColumns = "failures, last_step, last_sent, auto"

func (c *factorCounts) scan(s scan) error {
	var failures, sent, auto int64
	err := s(&failures, &c.step, &sent, &auto)
	c.failures, c.sent, c.auto = int(failures), at(sent), auto != 0
	return err
}

// askCounts asks for what is counted of all factors of a user.
func (tx *Tx) askCounts(orgID, userID string) ask {
	var out map[string]factorCounts
	return ask{
		query: "SELECT " + countColumns + ", factor_id FROM factor_counts WHERE org_id = $1 AND user_id = $2",
		args:  []any{orgID, userID},
		list:  true,
		begin: func() { out = map[string]factorCounts{} },
		row: func(s scan) error {
			var c factorCounts
			var id string
			err := c.scan(func(into ...any) error { return s(append(into, &id)...) })
			out[id] = c
			return err
		},
		done: func(bool) { tx.seen.keepCounts(seenCounts{orgID, userID, out}) },
	}
}

// FactorFailures is how many wrong answers in a row a factor has got.
func (tx *Tx) FactorFailures(orgID, userID, factorID string) (failures int, err error) {
	c, err := tx.countsOf(orgID, userID, factorID)
	return c.failures, err
}

// MostFactorFailures is how many wrong answers in a row the worst guessed factor
// of a user has got.
func (tx *Tx) MostFactorFailures(orgID, userID string) (failures int, err error) {
	return failures, tx.first(func(s scan) error { return s(&failures) },
		"SELECT coalesce(max(failures), 0) FROM factor_counts WHERE org_id = $1 AND user_id = $2", orgID, userID)
}

// ForgiveFactor forgets the wrong answers of a factor and when a code was last
// sent for it, as a right answer does.
func (tx *Tx) ForgiveFactor(orgID, userID, factorID string) error {
	if known, ok := tx.seen.countsOf(orgID, userID, factorID); ok && known.failures == 0 && known.sent.IsZero() {
		return nil
	}
	return tx.later(`UPDATE factor_counts SET failures = 0, last_sent = 0
 WHERE org_id = $1 AND user_id = $2 AND factor_id = $3 AND (failures > 0 OR last_sent > 0)`, orgID, userID, factorID)
}

// ForgiveFactors forgets the wrong answers of all factors of a user.
func (tx *Tx) ForgiveFactors(orgID, userID string) error {
	_, err := tx.exec("UPDATE factor_counts SET failures = 0 WHERE org_id = $1 AND user_id = $2 AND failures > 0", orgID, userID)
	return err
}

// UseFactorStep notes that the code of a step was used, and tells whether that
// is news: a step at or before the last one is not. Of several that use one at
// once, one succeeds.
func (tx *Tx) UseFactorStep(orgID, userID, factorID string, step int64) (bool, error) {
	const use = `INSERT INTO factor_counts (org_id, user_id, factor_id, failures, last_step, last_sent, auto) VALUES ($1, $2, $3, 0, $4, 0, 0)
 ON CONFLICT (org_id, user_id, factor_id) DO UPDATE SET last_step = excluded.last_step WHERE factor_counts.last_step < excluded.last_step`
	known, ok := tx.seen.countsOf(orgID, userID, factorID)
	if !ok {
		n, err := tx.exec(use, orgID, userID, factorID, step)
		return n > 0, err
	}
	if step <= known.step {
		return false, nil
	}
	// Whoever has written the row since it was read makes this transaction fail
	// and run again.
	counts := *tx.seen.counts
	err := tx.later(use, orgID, userID, factorID, step)
	known.step = step
	counts.of[factorID] = known
	tx.seen.keepCounts(counts)
	return true, err
}

// FactorStep is the last step whose code was used, 0 for none.
func (tx *Tx) FactorStep(orgID, userID, factorID string) (step int64, err error) {
	c, err := tx.countsOf(orgID, userID, factorID)
	return c.step, err
}

// SendForFactor notes that something is sent for a factor now, and tells
// whether that is allowed: the last time must be at least every ago.
func (tx *Tx) SendForFactor(orgID, userID, factorID string, every time.Duration) (bool, error) {
	n, err := tx.exec(`INSERT INTO factor_counts (org_id, user_id, factor_id, failures, last_step, last_sent, auto) VALUES ($1, $2, $3, 0, 0, $4, 0)
 ON CONFLICT (org_id, user_id, factor_id) DO UPDATE SET last_sent = excluded.last_sent WHERE factor_counts.last_sent <= $5`,
		orgID, userID, factorID, ms(tx.now), ms(tx.now.Add(-every)))
	return n > 0, err
}

// HoldFactor makes those who do something with a factor at once take turns: it
// writes the factor's counts, which stay as they are.
func (tx *Tx) HoldFactor(orgID, userID, factorID string) error {
	return tx.later(`INSERT INTO factor_counts (org_id, user_id, factor_id, failures, last_step, last_sent, auto) VALUES ($1, $2, $3, 0, 0, 0, 0)
 ON CONFLICT (org_id, user_id, factor_id) DO UPDATE SET last_sent = factor_counts.last_sent`, orgID, userID, factorID)
}

// FreeFactor forgets when something was last sent for a factor.
func (tx *Tx) FreeFactor(orgID, userID, factorID string) error {
	_, err := tx.exec("UPDATE factor_counts SET last_sent = 0 WHERE org_id = $1 AND user_id = $2 AND factor_id = $3 AND last_sent > 0",
		orgID, userID, factorID)
	return err
}

// SetFactorAuto notes whether a user wants to be asked by a factor without
// choosing it.
func (tx *Tx) SetFactorAuto(orgID, userID, factorID string, auto bool) error {
	_, err := tx.exec(`INSERT INTO factor_counts (org_id, user_id, factor_id, failures, last_step, last_sent, auto) VALUES ($1, $2, $3, 0, 0, 0, $4)
 ON CONFLICT (org_id, user_id, factor_id) DO UPDATE SET auto = excluded.auto WHERE factor_counts.auto <> excluded.auto`,
		orgID, userID, factorID, flag(auto))
	return err
}

// FactorAuto tells what SetFactorAuto noted.
func (tx *Tx) FactorAuto(orgID, userID, factorID string) (bool, error) {
	c, err := tx.countsOf(orgID, userID, factorID)
	return c.auto, err
}
