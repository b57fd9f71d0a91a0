package store

import (
	"fmt"
	"strconv"
	"strings"
)

// userSQL writes conditions on users. The organisation is parameter 1.
type userSQL struct {
	args []any
	// after bounds candidates by identifier where the order allows it.
	after string
	// checking keeps the columns of conditions out of indexes: another term
	// drives, and the planner of SQLite has no figures to tell which one should.
	checking bool
	// once keeps PostgreSQL from using a plan for any value where the values say
	// how much there is to read.
	once bool
}

func (b *userSQL) arg(v any) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args))
}

// condition writes a condition on a row of users.
func (b *userSQL) condition(c UserCond) string {
	switch c := c.(type) {
	case AllOf:
		return b.joined(c, " AND ", "1 = 1")
	case AnyOf:
		return b.joined(c, " OR ", "1 = 0")
	case TextIs:
		return b.text(b.shy(string(c.Column), " || ''"), c.Op, c.Value)
	case TimeIn:
		return b.span(b.shy(string(c.Column), " + 0"), c)
	case AttributeIs:
		return "EXISTS (SELECT 1 FROM user_attributes a WHERE a.org_id = $1 AND a.user_id = users.id AND a.name = " + b.arg(c.Name) +
			" AND " + b.attribute("a.value_key", c) + ")"
	case AttributePresent:
		return "EXISTS (SELECT 1 FROM user_attributes a WHERE a.org_id = $1 AND a.user_id = users.id AND a.name = " + b.arg(c.Name) +
			" AND a.value_key NOT IN ('e', 's'))"
	case MemberOf:
		if len(c.GroupIDs) == 0 {
			return "1 = 0"
		}
		return "EXISTS (SELECT 1 FROM memberships m WHERE m.org_id = $1 AND m.user_id = users.id AND m.group_id IN (" + b.list(c.GroupIDs) + "))"
	case ProfileHas:
		return "replace(profile, " + b.arg(c.Part) + ", '') <> profile"
	}
	panic(fmt.Sprintf("store: %T is no condition on users", c))
}

func (b *userSQL) list(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = b.arg(v)
	}
	return strings.Join(out, ", ")
}

func (b *userSQL) joined(terms []UserCond, word, none string) string {
	if len(terms) == 0 {
		return none
	}
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = b.condition(t)
	}
	return "(" + strings.Join(parts, word) + ")"
}

func (b *userSQL) shy(column, disguise string) string {
	if b.checking {
		return "(" + column + disguise + ")"
	}
	return column
}

// text compares an expression with a text.
func (b *userSQL) text(x string, op TextOp, value string) string {
	switch op {
	case Equal:
		return x + " = " + b.arg(value)
	case Greater:
		return x + " > " + b.arg(value)
	case GreaterOrEqual:
		return x + " >= " + b.arg(value)
	case Less:
		return x + " < " + b.arg(value)
	case LessOrEqual:
		return x + " <= " + b.arg(value)
	case StartsWith:
		return x + " >= " + b.arg(value) + " AND " + x + " < " + b.arg(after(value))
	case EndsWith:
		return x + " LIKE " + b.arg("%"+escapeLike(value)) + ` ESCAPE '\'`
	case Contains:
		return x + " LIKE " + b.arg("%"+escapeLike(value)+"%") + ` ESCAPE '\'`
	}
	panic(fmt.Sprintf("store: %d is no comparison", op))
}

// escapeLike makes a text stand for itself in a pattern. Both sides are folded,
// so it does not matter that SQLite's LIKE ignores the case of ASCII letters.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// span compares an instant; 0 is none.
func (b *userSQL) span(x string, c TimeIn) string {
	s := x + " >= " + b.arg(max(c.From, 1))
	if c.Until != 0 {
		s += " AND " + x + " < " + b.arg(c.Until)
	}
	return s
}

// attribute compares a key of user_attributes within its kind.
func (b *userSQL) attribute(x string, c AttributeIs) string {
	kind := string(c.Kind)
	switch c.Op {
	case Equal, StartsWith:
		return b.text(x, c.Op, kind+c.Value)
	case Greater, GreaterOrEqual:
		return b.text(x, c.Op, kind+c.Value) + " AND " + x + " < " + b.arg(string(c.Kind+1))
	case Less, LessOrEqual:
		return x + " >= " + b.arg(kind) + " AND " + b.text(x, c.Op, kind+c.Value)
	case EndsWith:
		return x + " LIKE " + b.arg(kind+"%"+escapeLike(c.Value)) + ` ESCAPE '\'`
	case Contains:
		return x + " LIKE " + b.arg(kind+"%"+escapeLike(c.Value)+"%") + ` ESCAPE '\'`
	}
	panic(fmt.Sprintf("store: %d is no comparison", c.Op))
}

// sortKey writes what a list is sorted by, "" for the identifier.
func (b *userSQL) sortKey(q UserQuery) string {
	switch {
	case q.ByAttribute != "":
		return "coalesce((SELECT min(a.value_key) FROM user_attributes a WHERE a.org_id = $1 AND a.user_id = users.id AND a.name = " +
			b.arg(q.ByAttribute) + "), '')"
	case q.By == UserID, q.By == "":
		return ""
	}
	if q.By.timed() {
		return b.shy(string(q.By), " + 0")
	}
	return b.shy(string(q.By), " || ''")
}

// keyArg gives what the last user of the page before was sorted by.
func (b *userSQL) keyArg(q UserQuery) (string, error) {
	if q.ByAttribute != "" || !q.By.timed() {
		return b.arg(q.AfterKey), nil
	}
	n, err := strconv.ParseInt(q.AfterKey, 10, 64)
	if err != nil {
		return "", fmt.Errorf("the cursor's %q is no instant: %w", q.AfterKey, err)
	}
	return b.arg(n), nil
}
