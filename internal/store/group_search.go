package store

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/idp"
	"usher/internal/scim"
)

// GroupOrder is the column by which groups are listed; ties are in the order of
// identifiers, which turns round with it.
type GroupOrder string

// The orders.
const (
	GroupsByID         GroupOrder = "id"
	GroupsByNameKey    GroupOrder = "name_key"
	GroupsByType       GroupOrder = "type"
	GroupsByCreated    GroupOrder = "created"
	GroupsByUpdated    GroupOrder = "last_updated"
	GroupsByMembership GroupOrder = "last_membership_updated"
)

// timed tells whether the order is by instants: its keys are Unix milliseconds.
func (o GroupOrder) timed() bool {
	return o == GroupsByCreated || o == GroupsByUpdated || o == GroupsByMembership
}

// GroupQuery chooses groups and their order.
type GroupQuery struct {
	Where scim.Expr // nil: all
	// Exact takes the letter case of types in the condition into account.
	Exact      bool
	By         GroupOrder
	Descending bool
	// After is the identifier of the last group of the page before, and AfterKey
	// what that group was listed by.
	After, AfterKey string
	Limit           int
	// Only holds the identifiers of the groups to choose from; nil is all.
	Only []string
}

// GroupHit is a group that a query found, with what it was listed by.
type GroupHit struct {
	*idp.Group
	Key string
}

// SearchGroups lists up to q.Limit groups. It is exact where GroupSearchable
// says so; otherwise it lists more groups than the condition holds for, and none
// less. id, type, the instants and the beginning of profile.name have indexes.
func (tx *Tx) SearchGroups(orgID string, q GroupQuery) ([]GroupHit, error) {
	b := &groupSQL{args: []any{orgID}, exact: q.Exact}
	where := ""
	if q.Where != nil {
		text, _ := b.condition(q.Where)
		where = " AND " + text
	}
	where += b.only("id", q.Only)
	beyond, direction := ">", ""
	if q.Descending {
		beyond, direction = "<", " DESC"
	}
	key := string(q.By)
	if q.After != "" {
		id := b.arg(q.After)
		if q.By == GroupsByID {
			where += " AND id " + beyond + " " + id
		} else {
			k, err := b.key(q)
			if err != nil {
				return nil, err
			}
			where += " AND " + key + " " + beyond + "= " + k + " AND (" + key + " " + beyond + " " + k + " OR id " + beyond + " " + id + ")"
		}
	}
	order := key + direction
	if q.By != GroupsByID {
		order += ", id" + direction
	}
	var out []GroupHit
	err := tx.each(func(s scan) error {
		h := GroupHit{Group: new(idp.Group)}
		err := scanGroup(orgID, h.Group)(func(dest ...any) error { return s(append(dest, &h.Key)...) })
		out = append(out, h)
		return err
	}, "SELECT "+groupColumns+", "+key+" FROM groups WHERE org_id = $1"+where+" ORDER BY "+order+" LIMIT "+b.arg(q.Limit), b.args...)
	return out, err
}

// GroupSearchable tells whether SearchGroups decides a condition by itself.
func GroupSearchable(e scim.Expr) bool {
	_, exact := (&groupSQL{}).condition(e)
	return exact
}

// groupSQL writes conditions on groups. The organisation is parameter 1.
type groupSQL struct {
	args  []any
	exact bool
}

func (b *groupSQL) arg(v any) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args))
}

// only restricts a column to a list; nil restricts nothing.
func (b *groupSQL) only(column string, ids []string) string {
	switch {
	case ids == nil:
		return ""
	case len(ids) == 0:
		return " AND " + never
	}
	from := len(b.args) + 1
	b.args = append(b.args, anys(ids)...)
	return " AND " + column + " IN (" + holders(from, len(ids)) + ")"
}

func (b *groupSQL) key(q GroupQuery) (string, error) {
	if !q.By.timed() {
		return b.arg(q.AfterKey), nil
	}
	n, err := strconv.ParseInt(q.AfterKey, 10, 64)
	return b.arg(n), err
}

const (
	always = "1 = 1"
	never  = "1 = 0"
)

// condition writes a condition that holds wherever e does, and tells whether it
// holds nowhere else.
func (b *groupSQL) condition(e scim.Expr) (text string, exact bool) {
	switch e := e.(type) {
	case scim.And:
		return b.joined(e.Terms, " AND ")
	case scim.Or:
		return b.joined(e.Terms, " OR ")
	case scim.Present:
		switch e.Path {
		case "id", "type", "created", "lastUpdated", "lastMembershipUpdated", "profile.name":
			return always, true
		}
	case scim.Compare:
		return b.compare(e)
	}
	return always, false
}

func (b *groupSQL) joined(terms []scim.Expr, word string) (string, bool) {
	parts, exact := make([]string, len(terms)), true
	for i, t := range terms {
		text, ok := b.condition(t)
		parts[i], exact = text, exact && ok
	}
	return "(" + strings.Join(parts, word) + ")", exact
}

func (b *groupSQL) compare(e scim.Compare) (string, bool) {
	switch e.Path {
	case "id":
		return b.text("id", e.Op, e.Value.Str())
	case "type":
		switch {
		case b.exact:
			return b.text("type", e.Op, e.Value.Str())
		case e.Op == scim.Eq || e.Op >= scim.Sw:
			// The types are known words in capitals.
			return b.text("type", e.Op, strings.ToUpper(e.Value.Str()))
		}
	case "profile.name":
		return b.text("name_key", e.Op, scim.Fold(e.Value.Str()))
	case "created":
		return b.instant("created", e)
	case "lastUpdated":
		return b.instant("last_updated", e)
	case "lastMembershipUpdated":
		return b.instant("last_membership_updated", e)
	}
	return always, false
}

// text compares a column of texts by its bytes.
func (b *groupSQL) text(column string, op scim.Op, value string) (string, bool) {
	switch op {
	case scim.Eq:
		return column + " = " + b.arg(value), true
	case scim.Gt:
		return column + " > " + b.arg(value), true
	case scim.Ge:
		return column + " >= " + b.arg(value), true
	case scim.Lt:
		return column + " < " + b.arg(value), true
	case scim.Le:
		return column + " <= " + b.arg(value), true
	case scim.Sw:
		return column + " >= " + b.arg(value) + " AND " + column + " < " + b.arg(after(value)), true
	case scim.Ew:
		n := strconv.Itoa(utf8.RuneCountInString(value))
		return "length(" + column + ") >= " + n + " AND substr(" + column + ", length(" + column + ") - " + n + " + 1) = " + b.arg(value), true
	case scim.Co:
		if value == "" {
			return always, true
		}
		return "replace(" + column + ", " + b.arg(value) + ", '') <> " + column, true
	case scim.Ne:
		return column + " <> " + b.arg(value), true
	}
	return always, false
}

// instant compares a column of instants as they are shown: cut to seconds.
func (b *groupSQL) instant(column string, e scim.Compare) (string, bool) {
	t, ok := e.Value.Time()
	if !ok {
		return always, false
	}
	floor := t.Truncate(time.Second)
	whole := floor.Equal(t)
	ceiling := floor
	if !whole {
		ceiling = floor.Add(time.Second)
	}
	from, until := ms(floor), ms(floor.Add(time.Second))
	switch e.Op {
	case scim.Eq:
		if !whole {
			return never, true
		}
		return column + " >= " + b.arg(from) + " AND " + column + " < " + b.arg(until), true
	case scim.Gt:
		return column + " >= " + b.arg(until), true
	case scim.Ge:
		return column + " >= " + b.arg(ms(ceiling)), true
	case scim.Lt:
		return column + " < " + b.arg(ms(ceiling)), true
	case scim.Le:
		return column + " < " + b.arg(until), true
	case scim.Ne, scim.Sw, scim.Ew, scim.Co:
	}
	return always, false
}

// GroupCounts are figures about a group.
type GroupCounts struct{ Users, Apps, Roles int }

// CountGroups gives the figures of groups by identifier, of the applications
// among only, where that is not nil. The members of the built-in group are not
// stored and count as none.
func (tx *Tx) CountGroups(orgID string, ids []string, only []AppRef) (map[string]GroupCounts, error) {
	out := make(map[string]GroupCounts, len(ids))
	if err := tx.countGroups(orgID, ids, only == nil, out); err != nil || only == nil {
		return out, err
	}
	return out, tx.countApps(orgID, ids, only, out)
}

// countApps counts the applications of groups that are among only.
func (tx *Tx) countApps(orgID string, ids []string, only []AppRef, out map[string]GroupCounts) error {
	for _, id := range ids {
		f := AppFilter{GroupID: id, Only: only}
		condition, args := f.condition([]any{orgID})
		err := tx.first(func(s scan) error {
			c := out[id]
			err := s(&c.Apps)
			out[id] = c
			return err
		}, "SELECT count(*) FROM apps WHERE org_id = $1"+condition, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// groupCount is a figure of groups and the statement that counts it.
type groupCount struct {
	text string
	set  func(c *GroupCounts, n int)
}

func (tx *Tx) countGroups(orgID string, ids []string, apps bool, out map[string]GroupCounts) error {
	figures := []groupCount{
		{"SELECT group_id, count(DISTINCT user_id) FROM memberships WHERE org_id = $1 AND group_id IN (%) GROUP BY group_id", func(c *GroupCounts, n int) { c.Users = n }},
		{"SELECT principal_id, count(*) FROM roles WHERE org_id = $1 AND principal_id IN (%) GROUP BY principal_id", func(c *GroupCounts, n int) { c.Roles = n }},
	}
	if apps {
		figures = append(figures, groupCount{
			"SELECT group_id, count(*) FROM app_groups WHERE org_id = $1 AND group_id IN (%) GROUP BY group_id", func(c *GroupCounts, n int) { c.Apps = n },
		})
	}
	for _, q := range figures {
		err := chunks(len(ids), func(from, to int) error {
			return tx.each(func(s scan) error {
				var id string
				var n int
				if err := s(&id, &n); err != nil {
					return err
				}
				c := out[id]
				q.set(&c, n)
				out[id] = c
				return nil
			}, strings.Replace(q.text, "%", holders(2, to-from), 1), append([]any{orgID}, anys(ids[from:to])...)...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ManagedMembersAfter is MembersAfter for members who were put into the group by
// a rule (rule true) or by hand; ruleID, if not empty, names the rule.
func (tx *Tx) ManagedMembersAfter(orgID, groupID string, rule bool, ruleID, after string, limit int) ([]*idp.User, error) {
	condition, args := "rule_id = ''", []any{groupID, after, limit}
	switch {
	case rule && ruleID != "":
		condition = "rule_id = $5"
		args = append(args, ruleID)
	case rule:
		condition = "rule_id <> ''"
	}
	return tx.users(orgID, `id IN (SELECT DISTINCT user_id FROM memberships WHERE org_id = $1 AND group_id = $2 AND user_id > $3 AND `+condition+` ORDER BY user_id LIMIT $4)
 ORDER BY id`, args...)
}
