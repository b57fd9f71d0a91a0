package store

import (
	"strconv"
	"strings"
)

// Membership is one reason for which a user belongs to a group.
type Membership struct {
	GroupID string
	UserID  string
	RuleID  string // empty for one that somebody made by hand
}

// widest is how many rows a statement takes at most. Longer lists are taken
// apart into powers of two, so that few statements are ever prepared.
const widest = 64

// chunks calls fn for successive parts of n things.
func chunks(n int, fn func(from, to int) error) error {
	for from := 0; from < n; {
		size := widest
		for size > n-from {
			size /= 2
		}
		if err := fn(from, from+size); err != nil {
			return err
		}
		from += size
	}
	return nil
}

// rowHolders writes count rows of width placeholders, the first $2: $1 is the
// organisation and stands in each row.
func rowHolders(count, width int, tail string) string {
	var b strings.Builder
	for i := range count {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("($1")
		for j := range width {
			b.WriteString(", $" + strconv.Itoa(2+i*width+j))
		}
		b.WriteString(tail + ")")
	}
	return b.String()
}

// AddMembers is AddMember for many.
func (tx *Tx) AddMembers(orgID string, list []Membership) error {
	return chunks(len(list), func(from, to int) error {
		args := []any{orgID}
		for _, m := range list[from:to] {
			args = append(args, m.GroupID, m.UserID, m.RuleID, ms(tx.now))
		}
		return tx.later("INSERT INTO memberships (org_id, group_id, user_id, rule_id, created) VALUES "+rowHolders(to-from, 4, "")+" ON CONFLICT DO NOTHING", args...)
	})
}

// RemoveMembers ends memberships, each for its one reason.
func (tx *Tx) RemoveMembers(orgID string, list []Membership) error {
	type reason struct{ group, rule string }
	users := map[reason][]string{}
	var order []reason
	for _, m := range list {
		r := reason{m.GroupID, m.RuleID}
		if users[r] == nil {
			order = append(order, r)
		}
		users[r] = append(users[r], m.UserID)
	}
	for _, r := range order {
		ids := users[r]
		err := chunks(len(ids), func(from, to int) error {
			return tx.later("DELETE FROM memberships WHERE org_id = $1 AND group_id = $2 AND rule_id = $3 AND user_id IN ("+holders(4, to-from)+")",
				append([]any{orgID, r.group, r.rule}, anys(ids[from:to])...)...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// MembershipsOf lists every reason for which a user belongs to groups.
func (tx *Tx) MembershipsOf(orgID, userID string) ([]Membership, error) {
	return tx.memberships("org_id = $1 AND user_id = $2 ORDER BY group_id, rule_id", orgID, userID)
}

// MembershipsOfUsers is MembershipsOf for many users.
func (tx *Tx) MembershipsOfUsers(orgID string, ids []string) ([]Membership, error) {
	var out []Membership
	err := chunks(len(ids), func(from, to int) error {
		list, err := tx.memberships("org_id = $1 AND user_id IN ("+holders(2, to-from)+") ORDER BY user_id, group_id, rule_id", append([]any{orgID}, anys(ids[from:to])...)...)
		out = append(out, list...)
		return err
	})
	return out, err
}

// MembershipsBetween lists the memberships of the users from first to last by
// identifier; with groups only those in these groups.
func (tx *Tx) MembershipsBetween(orgID, first, last string, groups []string) ([]Membership, error) {
	where, args := "org_id = $1 AND user_id >= $2 AND user_id <= $3", []any{orgID, first, last}
	if groups != nil {
		where += " AND group_id IN (" + holders(4, len(groups)) + ")"
		args = append(args, anys(groups)...)
	}
	return tx.memberships(where+" ORDER BY user_id, group_id, rule_id", args...)
}

// MembershipsBy lists up to limit memberships that a rule made, by user.
func (tx *Tx) MembershipsBy(orgID, ruleID string, limit int) ([]Membership, error) {
	return tx.memberships("org_id = $1 AND rule_id = $2 AND rule_id <> '' ORDER BY user_id, group_id LIMIT $3", orgID, ruleID, limit)
}

// ReasonsFor lists why a user belongs to a group; none when it does not.
func (tx *Tx) ReasonsFor(orgID, groupID, userID string) ([]Membership, error) {
	return tx.memberships("org_id = $1 AND group_id = $2 AND user_id = $3 ORDER BY rule_id", orgID, groupID, userID)
}

func (tx *Tx) memberships(where string, args ...any) ([]Membership, error) {
	var out []Membership
	err := tx.each(func(s scan) error {
		var m Membership
		err := s(&m.GroupID, &m.UserID, &m.RuleID)
		out = append(out, m)
		return err
	}, "SELECT group_id, user_id, rule_id FROM memberships WHERE "+where, args...)
	return out, err
}

// Exclusion leaves a user alone by a rule.
type Exclusion struct{ RuleID, UserID string }

// Exclude makes rules leave users alone and tells how many of the exclusions
// are new. ErrNotFound when a rule or a user is gone.
func (tx *Tx) Exclude(orgID string, list []Exclusion) (int, error) {
	total := 0
	err := chunks(len(list), func(from, to int) error {
		args := []any{orgID}
		for _, e := range list[from:to] {
			args = append(args, e.UserID, e.RuleID)
		}
		n, err := tx.exec("INSERT INTO group_rule_exclusions (org_id, user_id, rule_id) VALUES "+rowHolders(to-from, 2, "")+" ON CONFLICT DO NOTHING", args...)
		total += int(n)
		return err
	})
	return total, err
}

// ClearExclusions removes all exclusions of a rule.
func (tx *Tx) ClearExclusions(orgID, ruleID string) error {
	_, err := tx.exec("DELETE FROM group_rule_exclusions WHERE org_id = $1 AND rule_id = $2", orgID, ruleID)
	return err
}

// ExclusionsBy lists the exclusions of a rule by user.
func (tx *Tx) ExclusionsBy(orgID, ruleID string) ([]Exclusion, error) {
	return tx.exclusions("org_id = $1 AND rule_id = $2 ORDER BY user_id", orgID, ruleID)
}

// ExclusionsBetween lists the exclusions of the users from first to last by
// identifier.
func (tx *Tx) ExclusionsBetween(orgID, first, last string) ([]Exclusion, error) {
	return tx.exclusions("org_id = $1 AND user_id >= $2 AND user_id <= $3", orgID, first, last)
}

func (tx *Tx) exclusions(where string, args ...any) ([]Exclusion, error) {
	var out []Exclusion
	err := tx.each(func(s scan) error {
		var e Exclusion
		err := s(&e.RuleID, &e.UserID)
		out = append(out, e)
		return err
	}, "SELECT rule_id, user_id FROM group_rule_exclusions WHERE "+where, args...)
	return out, err
}

// TouchUser writes a user's row as it is, so that transactions which look at
// the same user's memberships take turns or are repeated.
func (tx *Tx) TouchUser(orgID, id string) error {
	return tx.one("UPDATE users SET version = version WHERE org_id = $1 AND id = $2", orgID, id)
}

// LockUsers keeps users from being written until the transaction ends. In a
// serializable transaction it fails, to be repeated, when one of them was
// written since the transaction began. (SQLite has one writer at a time.)
func (tx *Tx) LockUsers(orgID string, ids []string) error {
	if tx.engine.name() != "postgres" {
		return nil
	}
	return chunks(len(ids), func(from, to int) error {
		return tx.later("SELECT id FROM users WHERE org_id = $1 AND id IN ("+holders(2, to-from)+") ORDER BY id FOR UPDATE", append([]any{orgID}, anys(ids[from:to])...)...)
	})
}
