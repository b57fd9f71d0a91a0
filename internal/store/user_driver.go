package store

import "strings"

// userDriver is a condition by which an index finds the candidates of a search:
// one term, several on one column, or several of which any holds.
type userDriver struct {
	rank int
	// terms are on the same column or attribute and hold together.
	terms []UserCond
	// any holds the drivers of which one is enough; then terms is empty.
	any []*userDriver
}

// The ranks, the most selective first.
const (
	rankOne       = iota // at most one user
	rankAddress          // very few share it
	rankWeak             // and above: counted before it is used
	rankAttribute        // some share it
	rankName
	rankPrefix
	rankSpan
	rankKind  // a state or type, which nearly all may share
	rankGroup // belonging to some groups, never chosen without counting
)

// driver picks the best driver of a condition, nil when it has none.
func (b *userSQL) driver(c UserCond) *userDriver {
	switch c := c.(type) {
	case AllOf:
		return b.best(c)
	case AnyOf:
		out := &userDriver{}
		for _, t := range c {
			d := b.driver(t)
			if d == nil {
				return nil
			}
			out.rank = max(out.rank, d.rank)
			out.any = append(out.any, d)
		}
		if len(out.any) == 0 {
			return nil
		}
		return out
	case TextIs, TimeIn, AttributeIs:
		if rank, ok := rankOf(c); ok {
			return &userDriver{rank: rank, terms: []UserCond{c}}
		}
	}
	return nil
}

// best picks among terms that hold together, and takes along those on the same
// column: two bounds make one range.
func (b *userSQL) best(terms []UserCond) *userDriver {
	var out *userDriver
	for _, t := range terms {
		if d := b.driver(t); d != nil && (out == nil || d.rank < out.rank) {
			out = d
		}
	}
	if out == nil || len(out.terms) != 1 {
		return out
	}
	column := columnOf(out.terms[0])
	if column == "" {
		return out // of an attribute with several values, each may meet another term
	}
	for _, t := range terms {
		if t != out.terms[0] && columnOf(t) == column {
			out.terms = append(out.terms, t)
		}
	}
	return out
}

func columnOf(c UserCond) UserColumn {
	switch c := c.(type) {
	case TextIs:
		return c.Column
	case TimeIn:
		return c.Column
	}
	return ""
}

// rankOf says how selective a term is, and whether an index finds it.
func rankOf(c UserCond) (int, bool) {
	switch c := c.(type) {
	case TextIs:
		return rankOfText(c)
	case TimeIn:
		return rankSpan, true
	case AttributeIs:
		switch c.Op {
		case Equal:
			return rankAttribute, true
		case EndsWith, Contains:
			return 0, false
		case StartsWith, Greater, GreaterOrEqual, Less, LessOrEqual:
			return rankPrefix, true
		}
	}
	return 0, false
}

func rankOfText(c TextIs) (int, bool) {
	switch {
	case c.Op == EndsWith || c.Op == Contains || c.Column == UserType:
		return 0, false
	case c.Column == UserStatus:
		return rankKind, c.Op == Equal
	case c.Op != Equal:
		return rankPrefix, true
	case c.Column == UserID || c.Column == UserLogin:
		return rankOne, true
	case c.Column == UserEmail:
		return rankAddress, true
	}
	return rankName, true
}

// streams tells whether the driver is the whole condition and gives its
// candidates in the order of identifiers without sorting: then as many are read
// as are asked for.
func (d *userDriver) streams(q UserQuery) bool {
	if q.By != "" || q.ByAttribute != "" || q.Descending || len(d.terms) != 1 {
		return false
	}
	switch c := q.Where.(type) {
	case TextIs:
		return c.Op == Equal
	case AttributeIs:
		return c.Op == Equal
	}
	return false
}

// candidates writes the query for the identifiers that meet a driver.
func (b *userSQL) candidates(d *userDriver) string {
	if len(d.any) > 0 {
		parts := make([]string, len(d.any))
		for i, x := range d.any {
			parts[i] = b.candidates(x)
		}
		return strings.Join(parts, " UNION ALL ")
	}
	if m, ok := d.terms[0].(MemberOf); ok {
		return "SELECT user_id FROM memberships WHERE org_id = $1 AND group_id IN (" + b.list(m.GroupIDs) + ")" + b.behind("user_id")
	}
	a, ok := d.terms[0].(AttributeIs)
	if !ok {
		return "SELECT id FROM users WHERE org_id = $1 AND " + b.condition(AllOf(d.terms)) + b.behind("id")
	}
	return "SELECT user_id FROM user_attributes WHERE org_id = $1 AND name = " + b.arg(a.Name) + " AND " + b.attribute("value_key", a) + b.behind("user_id")
}

func (b *userSQL) behind(column string) string {
	if b.after == "" {
		return ""
	}
	return " AND " + column + " > " + b.arg(b.after)
}
