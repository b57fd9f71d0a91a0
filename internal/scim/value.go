package scim

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind is the kind of a literal.
type Kind uint8

// The kinds of literals. A date is a String.
const (
	Null Kind = iota
	Bool
	Number
	String
)

// Value is a literal. Values are comparable with ==: equal numbers have one form only.
type Value struct {
	kind  Kind
	truth bool
	float bool // the number is num, not whole
	whole int64
	num   float64
	str   string
}

// StringValue makes a string literal.
func StringValue(s string) Value { return Value{kind: String, str: s} }

// BoolValue makes a boolean literal.
func BoolValue(b bool) Value { return Value{kind: Bool, truth: b} }

// IntValue makes a whole number.
func IntValue(i int64) Value { return Value{kind: Number, whole: i} }

// FloatValue makes a number, in its whole form where it has one. f must be finite.
func FloatValue(f float64) Value {
	if f == math.Trunc(f) && f >= -(1<<63) && f < 1<<63 {
		return IntValue(int64(f))
	}
	return Value{kind: Number, float: true, num: f}
}

// NullValue makes the literal null.
func NullValue() Value { return Value{} }

// Kind tells the kind of the literal.
func (v Value) Kind() Kind { return v.kind }

// Str gives the text of a String, "" otherwise.
func (v Value) Str() string { return v.str }

// Truth gives the value of a Bool, false otherwise.
func (v Value) Truth() bool { return v.truth }

// Int gives a Number that is whole and fits 64 bits.
func (v Value) Int() (int64, bool) { return v.whole, v.kind == Number && !v.float }

// Float gives a Number as the nearest float, 0 otherwise.
func (v Value) Float() float64 {
	if v.float {
		return v.num
	}
	return float64(v.whole)
}

// Time reads a String as a time (ParseTime).
func (v Value) Time() (time.Time, bool) {
	if v.kind != String {
		return time.Time{}, false
	}
	return ParseTime(v.str)
}

// String prints the literal as JSON.
func (v Value) String() string {
	switch v.kind {
	case Bool:
		return strconv.FormatBool(v.truth)
	case Number:
		if v.float {
			return strconv.FormatFloat(v.num, 'g', -1, 64)
		}
		return strconv.FormatInt(v.whole, 10)
	case String:
		return quote(v.str)
	default:
		return "null"
	}
}

// compareNumbers compares two numbers exactly: a whole number is not rounded to a float first.
func compareNumbers(a, b Value) int {
	switch {
	case !a.float && !b.float:
		return cmp.Compare(a.whole, b.whole)
	case a.float && b.float:
		return cmp.Compare(a.num, b.num)
	case a.float:
		return -compareWhole(b.whole, a.num)
	default:
		return compareWhole(a.whole, b.num)
	}
}

func compareWhole(i int64, f float64) int {
	if f >= 1<<63 {
		return -1
	}
	if f < -(1 << 63) {
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(i, int64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(0, f-whole)
}

// ParseTime reads a time as the API writes it (RFC 3339 section 5.6, any number of fractional digits, any offset).
func ParseTime(s string) (time.Time, bool) {
	// The shape is looked at first: most strings are no times, and a failed parse builds an error.
	if len(s) < len("2006-01-02T15:04:05Z") || len(s) > 40 || s[4] != '-' || s[7] != '-' || s[10] != 'T' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

const hexDigits = "0123456789abcdef"

// quote writes s as a JSON string that readString reads back. Bytes that are not UTF-8 become U+FFFD.
func quote(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < 0x20:
			b.WriteString(`\u00`)
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
