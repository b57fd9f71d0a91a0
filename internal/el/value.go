package el

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Kind is the kind of a Value.
type Kind uint8

// The kinds of values.
const (
	KindNull Kind = iota
	KindBool
	KindInt
	KindNumber
	KindString
	KindList
)

var kindNames = [...]string{"null", "a boolean", "an integer", "a number", "a string", "a list"}

// Value is what an expression works with. The zero Value is null.
type Value struct {
	kind  Kind
	truth bool
	whole int64
	num   float64
	str   string
	list  []Value
}

// Null makes the null value.
func Null() Value { return Value{} }

// Bool makes a boolean.
func Bool(b bool) Value { return Value{kind: KindBool, truth: b} }

// Int makes an integer.
func Int(i int64) Value { return Value{kind: KindInt, whole: i} }

// Number makes a floating-point number.
func Number(f float64) Value { return Value{kind: KindNumber, num: f} }

// String makes a string.
func String(s string) Value { return Value{kind: KindString, str: s} }

// List makes a list; it keeps vs.
func List(vs ...Value) Value { return Value{kind: KindList, list: vs} }

// maxValueDepth bounds lists within lists that From takes over.
const maxValueDepth = 8

// From makes a Value of decoded JSON: nil, bool, string, int, int64, float64, json.Number, []string and []any of
// these. It is false for anything else, objects included, and for lists nested deeper than 8.
func From(v any) (Value, bool) { return from(v, maxValueDepth) }

func from(v any, depth int) (Value, bool) {
	switch v := v.(type) {
	case nil:
		return Null(), true
	case Value:
		return v, true
	case bool:
		return Bool(v), true
	case string:
		return String(v), true
	case int:
		return Int(int64(v)), true
	case int64:
		return Int(v), true
	case float64:
		return fromFloat(v)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return Int(i), true
		}
		f, err := v.Float64()
		return Number(f), err == nil
	case []string:
		list := make([]Value, len(v))
		for i, s := range v {
			list[i] = String(s)
		}
		return List(list...), true
	case []any:
		if depth == 0 {
			return Null(), false
		}
		list := make([]Value, len(v))
		for i, m := range v {
			item, ok := from(m, depth-1)
			if !ok {
				return Null(), false
			}
			list[i] = item
		}
		return List(list...), true
	default:
		return Null(), false
	}
}

// fromFloat gives whole numbers as integers, since decoded JSON no longer tells 3 from 3.0 and 3 is what is meant.
func fromFloat(f float64) (Value, bool) {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return Int(int64(f)), true
	}
	return Number(f), !math.IsNaN(f) && !math.IsInf(f, 0)
}

// Kind tells the kind of the value.
func (v Value) Kind() Kind { return v.kind }

// Truth gives a boolean, false otherwise.
func (v Value) Truth() bool { return v.truth }

// Int gives an integer, 0 otherwise.
func (v Value) Int() int64 { return v.whole }

// Float gives an integer or a number, 0 otherwise.
func (v Value) Float() float64 {
	if v.kind == KindInt {
		return float64(v.whole)
	}
	return v.num
}

// Items gives the items of a list, nil otherwise. The caller must not change them.
func (v Value) Items() []Value { return v.list }

// Any gives the value as encoding/json writes it: nil, bool, int64, float64, string or []any.
func (v Value) Any() any {
	switch v.kind {
	case KindBool:
		return v.truth
	case KindInt:
		return v.whole
	case KindNumber:
		return v.num
	case KindString:
		return v.str
	case KindList:
		items := make([]any, len(v.list))
		for i, item := range v.list {
			items[i] = item.Any()
		}
		return items
	default:
		return nil
	}
}

// Text gives the value as text: null is empty, and a list has none.
func (v Value) Text() (string, bool) {
	switch v.kind {
	case KindNull:
		return "", true
	case KindBool:
		return strconv.FormatBool(v.truth), true
	case KindInt:
		return strconv.FormatInt(v.whole, 10), true
	case KindNumber:
		return formatNumber(v.num), true
	case KindString:
		return v.str, true
	default:
		return "", false
	}
}

// formatNumber writes a number so that it reads as one with a fraction: 3.0, 3.141, 1e+21.
func formatNumber(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if exp := math.Abs(f); exp >= 1e-6 && exp < 1e21 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

func (v Value) numeric() bool { return v.kind == KindInt || v.kind == KindNumber }

// equal compares two values. Numbers are equal by value whatever their kind; other values of different kinds never are.
func equal(a, b Value) bool {
	if a.numeric() && b.numeric() {
		return compareNumeric(a, b) == 0
	}
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case KindBool:
		return a.truth == b.truth
	case KindString:
		return a.str == b.str
	case KindList:
		if len(a.list) != len(b.list) {
			return false
		}
		for i := range a.list {
			if !equal(a.list[i], b.list[i]) {
				return false
			}
		}
	case KindNull, KindInt, KindNumber: // null is equal to null; numbers are compared above
	}
	return true
}

func compareNumeric(a, b Value) int {
	if a.kind == KindInt && b.kind == KindInt {
		return cmp.Compare(a.whole, b.whole)
	}
	return cmp.Compare(a.Float(), b.Float())
}

// size estimates the work of reading the whole value, in steps.
func (v Value) size() int {
	n := 1 + len(v.str)/bytesPerStep
	for _, item := range v.list {
		n += item.size()
	}
	return n
}
