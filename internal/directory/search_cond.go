package directory

import (
	"strconv"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// condition translates a checked expression. With exact the letter case of
// values counts.
func (s *Schema) condition(e scim.Expr, exact bool) store.UserCond {
	switch e := e.(type) {
	case scim.And:
		return store.AllOf(s.conditions(e.Terms, exact))
	case scim.Or:
		return store.AnyOf(s.conditions(e.Terms, exact))
	case scim.Present:
		return s.present(e.Path)
	case scim.Compare:
		if column, ok := instants()[e.Path]; ok {
			t, _ := e.Value.Time()
			return span(column, e.Op, t)
		}
		if column, ok := columns()[e.Path]; ok {
			return columnIs(column, e, exact)
		}
		return s.attributeIs(e)
	}
	return store.AnyOf{} // Check lets nothing else through
}

func (s *Schema) conditions(terms []scim.Expr, exact bool) []store.UserCond {
	out := make([]store.UserCond, len(terms))
	for i, t := range terms {
		out[i] = s.condition(t, exact)
	}
	return out
}

// present holds for what has a value; identifiers, states and names always have.
func (s *Schema) present(p scim.Path) store.UserCond {
	if column, ok := instants()[p]; ok {
		return store.TimeIn{Column: column}
	}
	if column, ok := columns()[p]; ok {
		return store.TextIs{Column: column, Op: store.Greater}
	}
	return store.AttributePresent{Name: strings.TrimPrefix(string(p), profilePrefix)}
}

// columnIs compares a column. Logins are compared as they are kept apart:
// without regard to case and diacritics.
func columnIs(column store.UserColumn, e scim.Compare, exact bool) store.UserCond {
	value := e.Value.Str()
	c := store.TextIs{Column: column, Op: textOps(e.Op), Value: value}
	switch column {
	case store.UserStatus:
		if !exact {
			c.Value = strings.ToUpper(value)
		}
	case store.UserLogin:
		c.Value = LoginKey(value)
	case store.UserEmail, store.UserFirst, store.UserLast:
		c.Value = scim.Fold(value)
	default: // identifiers are compared as they are
	}
	if !exact || !strings.HasPrefix(string(e.Path), profilePrefix) {
		return c
	}
	// The profile is kept in its canonical form, and a quote within a value is
	// escaped: the member with this value is nowhere else in the text.
	part := idp.AppendJSON(nil, strings.TrimPrefix(string(e.Path), profilePrefix))
	part = idp.AppendJSON(append(part, ':'), value)
	return store.AllOf{c, store.ProfileHas{Part: string(part)}}
}

// attributeIs compares an attribute that has no column.
func (s *Schema) attributeIs(e scim.Compare) store.UserCond {
	c := store.AttributeIs{Name: strings.TrimPrefix(string(e.Path), profilePrefix), Op: textOps(e.Op)}
	switch e.Value.Kind() {
	case scim.Number:
		c.Kind, c.Value = kindNumber, numberKey(e.Value.Float())
	case scim.Bool:
		c.Kind, c.Value = kindBool, strconv.FormatBool(e.Value.Truth())
	case scim.String, scim.Null:
		c.Kind = kindText
		if c.Value = scim.Fold(e.Value.Str()); e.Op == scim.Eq {
			c.Value = textKey(e.Value.Str())
		} else if e.Op != scim.Co && e.Op != scim.Ew {
			c.Value = prefixKey(c.Value)
		}
	}
	return c
}

func textOps(o scim.Op) store.TextOp {
	switch o {
	case scim.Gt:
		return store.Greater
	case scim.Ge:
		return store.GreaterOrEqual
	case scim.Lt:
		return store.Less
	case scim.Le:
		return store.LessOrEqual
	case scim.Sw:
		return store.StartsWith
	case scim.Ew:
		return store.EndsWith
	case scim.Co:
		return store.Contains
	case scim.Eq, scim.Ne:
	}
	return store.Equal
}

// span compares an instant in the precision in which it is shown: whole
// seconds, cut.
func span(column store.UserColumn, op scim.Op, t time.Time) store.UserCond {
	floor := t.Truncate(second)
	next := floor.Add(second)
	ceiling := next
	if floor.Equal(t) {
		ceiling = floor
	}
	c := store.TimeIn{Column: column}
	switch op {
	case scim.Gt:
		c.From = max(next.UnixMilli(), 1)
	case scim.Ge:
		c.From = max(ceiling.UnixMilli(), 1)
	case scim.Lt:
		c.Until = ceiling.UnixMilli()
	case scim.Le:
		c.Until = next.UnixMilli()
	case scim.Eq, scim.Ne, scim.Sw, scim.Ew, scim.Co:
		if !floor.Equal(t) {
			return store.AnyOf{}
		}
		c.From, c.Until = floor.UnixMilli(), next.UnixMilli()
	}
	if c.From == 0 && c.Until <= 0 {
		return store.AnyOf{}
	}
	return c
}
