package scim

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"
)

// Getter gives the values that a path reaches, those of array elements side by side. A path that leads nowhere has
// no values. Values are nil, string, bool, time.Time, json.Number, the number types int, int64 and float64,
// map[string]any, or slices as Document takes them; others match nothing.
type Getter func(Path) []any

// Options chooses how Match compares.
type Options struct {
	// Fold tells for which attributes strings are compared without regard to case (Fold). Nil: for none.
	Fold func(Path) bool
}

// FoldAllBut makes an Options.Fold that ignores case except on the given paths.
func FoldAllBut(exact ...Path) func(Path) bool {
	set := make(map[Path]bool, len(exact))
	for _, p := range exact {
		set[p] = true
	}
	return func(p Path) bool { return !set[p] }
}

// Match tells whether e holds of the values that get reaches.
//
// A comparison holds if it holds of any one value. Strings compare by their bytes, or as times where both are times;
// time.Time values compare with literals that are times. Numbers compare exactly. Values of different kinds are never
// equal and never ordered. A path without value equals null. ne is the negation of eq: it holds where no value is equal,
// so also where there is none. pr holds where some value is neither null, nor an empty string, list or object.
func Match(e Expr, get Getter, opts Options) bool {
	switch e := e.(type) {
	case And:
		for _, t := range e.Terms {
			if !Match(t, get, opts) {
				return false
			}
		}
		return true
	case Or:
		for _, t := range e.Terms {
			if Match(t, get, opts) {
				return true
			}
		}
		return false
	case Not:
		return !Match(e.Term, get, opts)
	case Present:
		for _, v := range get(e.Path) {
			if present(v, maxDocumentDepth) {
				return true
			}
		}
		return false
	case Compare:
		return matchCompare(e, get(e.Path), opts)
	default:
		return false
	}
}

func matchCompare(e Compare, values []any, opts Options) bool {
	if e.Op == Ne {
		e.Op = Eq
		return !matchCompare(e, values, opts)
	}
	if e.Value.Kind() == Null {
		if e.Op != Eq {
			return false
		}
		for _, v := range values {
			if v != nil {
				return false
			}
		}
		return true
	}
	fold := opts.Fold != nil && opts.Fold(e.Path)
	c := comparer{op: e.Op, literal: e.Value, fold: fold}
	if e.Value.Kind() == String {
		c.text = e.Value.Str()
		if fold {
			c.text = Fold(c.text)
		}
		c.time, c.isTime = e.Value.Time()
	}
	for _, v := range values {
		if c.holds(v) {
			return true
		}
	}
	return false
}

// comparer holds what is worked out once a literal, not once a value.
type comparer struct {
	op      Op
	literal Value
	fold    bool
	text    string // the literal, folded if fold
	time    time.Time
	isTime  bool
}

func (c *comparer) holds(v any) bool {
	switch v := v.(type) {
	case string:
		return c.literal.Kind() == String && c.holdsString(v)
	case time.Time:
		return c.isTime && c.ordered(v.Compare(c.time))
	case bool:
		return c.literal.Kind() == Bool && c.op == Eq && v == c.literal.Truth()
	case nil:
		return false
	default:
		n, ok := numberOf(v)
		return ok && c.literal.Kind() == Number && c.ordered(compareNumbers(n, c.literal))
	}
}

func (c *comparer) holdsString(s string) bool {
	if c.isTime && c.op <= Le {
		if t, ok := ParseTime(s); ok {
			return c.ordered(t.Compare(c.time))
		}
	}
	if c.fold {
		s = Fold(s)
	}
	switch c.op {
	case Sw:
		return strings.HasPrefix(s, c.text)
	case Ew:
		return strings.HasSuffix(s, c.text)
	case Co:
		return strings.Contains(s, c.text)
	default:
		return c.ordered(cmp.Compare(s, c.text))
	}
}

// ordered applies the operator to the result of a three-way comparison.
func (c *comparer) ordered(order int) bool {
	switch c.op {
	case Eq:
		return order == 0
	case Gt:
		return order > 0
	case Ge:
		return order >= 0
	case Lt:
		return order < 0
	case Le:
		return order <= 0
	default:
		return false
	}
}

func numberOf(v any) (Value, bool) {
	switch v := v.(type) {
	case int:
		return IntValue(int64(v)), true
	case int64:
		return IntValue(v), true
	case float64:
		return FloatValue(v), v == v
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return IntValue(i), true
		}
		f, err := v.Float64()
		return FloatValue(f), err == nil
	default:
		return Value{}, false
	}
}

// maxDocumentDepth bounds how deep Match and Document look into a value.
const maxDocumentDepth = 32

func present(v any, depth int) bool {
	if depth == 0 {
		return false
	}
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case map[string]any:
		for _, m := range v {
			if present(m, depth-1) {
				return true
			}
		}
		return false
	case []any:
		for _, m := range v {
			if present(m, depth-1) {
				return true
			}
		}
		return false
	case []string:
		for _, m := range v {
			if m != "" {
				return true
			}
		}
		return false
	case []map[string]any:
		for _, m := range v {
			if present(m, depth-1) {
				return true
			}
		}
		return false
	default:
		return true
	}
}

// Document makes a Getter for a decoded JSON object: map[string]any below map[string]any, and []any, []string or
// []map[string]any as arrays, whose elements a path passes through without naming them.
func Document(doc map[string]any) Getter {
	return func(p Path) []any { return collect(nil, doc, p.Segments(), maxDocumentDepth) }
}

func collect(found []any, v any, rest []string, depth int) []any {
	if depth == 0 {
		return found
	}
	switch v := v.(type) {
	case []any:
		for _, m := range v {
			found = collect(found, m, rest, depth-1)
		}
		return found
	case []string:
		for _, m := range v {
			found = collect(found, m, rest, depth-1)
		}
		return found
	case []map[string]any:
		for _, m := range v {
			found = collect(found, m, rest, depth-1)
		}
		return found
	}
	if len(rest) == 0 {
		return append(found, v)
	}
	if m, ok := v.(map[string]any); ok {
		if member, ok := m[rest[0]]; ok {
			return collect(found, member, rest[1:], depth-1)
		}
	}
	return found
}
