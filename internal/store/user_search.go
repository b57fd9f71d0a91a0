package store

import (
	"strconv"

	"usher/internal/idp"
)

// UserQuery chooses users and their order.
type UserQuery struct {
	Where UserCond // nil: all
	// By and ByAttribute name what the list is sorted by; both empty: the
	// identifier. Ties are in the order of identifiers, which turns round, too.
	By          UserColumn
	ByAttribute string
	Descending  bool
	// After is the identifier of the last user of the page before, and AfterKey
	// what that user was sorted by.
	After, AfterKey string
	Limit           int
}

// UserHit is a user whom a query found, with what it was sorted by.
type UserHit struct {
	*idp.User
	Key string
}

// probeLimit is how many candidates of a driver that is not selective by its
// nature are counted before the table is walked instead.
const probeLimit = 20_000

// SearchUsers lists up to q.Limit users. What it costs depends on how many
// users meet the most selective indexed term, not on how many there are: that
// term drives, the others only check. Terms without an index (EndsWith,
// Contains, presence) alone walk the users in their order.
func (tx *Tx) SearchUsers(orgID string, q UserQuery) ([]UserHit, error) {
	b := &userSQL{args: []any{orgID}}
	if q.By == "" && q.ByAttribute == "" && !q.Descending {
		b.after = q.After
	}
	where := ""
	d := b.driver(q.Where)
	if few, err := tx.fewMembers(orgID, b, q.Where, d); err != nil {
		return nil, err
	} else if few != nil {
		d = few
	}
	switch {
	case d == nil:
	case d.rank == rankGroup:
		where += " AND id IN (" + b.candidates(d) + ")"
		b.checking = true
	case d.streams(q):
		return tx.hits(orgID, b, q, " AND "+tx.oneOf("id", b.candidates(d)+" ORDER BY 1 LIMIT "+b.arg(q.Limit)))
	default:
		use, err := tx.worthDriving(orgID, d, b.after)
		if err != nil {
			return nil, err
		}
		if use {
			where += " AND id IN (" + b.candidates(d) + ")"
			b.checking = true
		}
	}
	if q.Where != nil {
		where += " AND " + b.condition(q.Where)
		b.once = d == nil || d.rank >= rankWeak
	}
	return tx.hits(orgID, b, q, where)
}

// oneOf is the condition that a column is in a query's short list. PostgreSQL is
// told to make the list first: rather than look each of it up it might go through
// the organisation, which it may take for small.
func (tx *Tx) oneOf(column, query string) string {
	if tx.engine.name() == "postgres" {
		return column + " = ANY (ARRAY(" + query + "))"
	}
	return column + " IN (" + query + ")"
}

// hits runs the query.
func (tx *Tx) hits(orgID string, b *userSQL, q UserQuery, where string) ([]UserHit, error) {
	key := b.sortKey(q)
	order, direction, beyond := "", "", ">"
	if q.Descending {
		direction, beyond = " DESC", "<"
	}
	switch {
	case key == "":
		key, order = "''", " ORDER BY id"+direction
		if q.After != "" {
			where += " AND id " + beyond + " " + b.arg(q.After)
		}
	case q.After != "":
		k, err := b.keyArg(q)
		if err != nil {
			return nil, err
		}
		id := b.arg(q.After)
		where += " AND " + key + " " + beyond + "= " + k + " AND (" + key + " " + beyond + " " + k + " OR id " + beyond + " " + id + ")"
		fallthrough
	default:
		order = " ORDER BY " + key + direction + ", id" + direction
	}
	query := "SELECT " + userColumns + ", " + key + " FROM users WHERE org_id = $1" + where + order + " LIMIT " + b.arg(q.Limit)
	args := b.args
	if b.once && tx.engine.name() == "postgres" {
		args = append([]any{forTheseValues}, args...)
	}
	var out []UserHit
	err := tx.each(func(s scan) error {
		h := UserHit{User: new(idp.User)}
		out = append(out, h)
		return scanUser(orgID, h.User, &out[len(out)-1].Key)(s)
	}, query, args...)
	return out, err
}

// fewMembers is the driver by the groups to which a condition is limited, where
// these are small and no other term chooses few users by its nature; else nil.
func (tx *Tx) fewMembers(orgID string, b *userSQL, where UserCond, other *userDriver) (*userDriver, error) {
	if other != nil && other.rank < rankWeak {
		return nil, nil
	}
	terms, ok := where.(AllOf)
	if !ok {
		terms = AllOf{where}
	}
	for _, t := range terms {
		if m, ok := t.(MemberOf); ok && len(m.GroupIDs) > 0 {
			d := &userDriver{rank: rankGroup, terms: []UserCond{m}}
			use, err := tx.worthDriving(orgID, d, b.after)
			if err != nil || !use {
				return nil, err
			}
			return d, nil
		}
	}
	return nil, nil
}

// worthDriving tells whether few enough users meet a driver.
func (tx *Tx) worthDriving(orgID string, d *userDriver, after string) (bool, error) {
	if d.rank < rankWeak {
		return true, nil
	}
	b := &userSQL{args: []any{orgID}, after: after}
	var n int
	err := tx.first(func(s scan) error { return s(&n) },
		"SELECT count(*) FROM ("+b.candidates(d)+" LIMIT "+strconv.Itoa(probeLimit)+") AS probed", b.args...)
	return n < probeLimit, err
}
