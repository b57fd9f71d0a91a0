package el

import (
	"regexp"
	"strconv"
	"strings"
)

// node is a part of a program's tree.
type node interface {
	eval(m *machine) (Value, error)
	write(b *strings.Builder)
	power() int   // how closely it binds
	static() kind // what can be told of its result
}

// kind is what the text alone tells of a result.
type kind uint8

const (
	anyKind kind = iota
	boolKind
	numericKind
	stringKind
	listKind
)

var kindWords = [...]string{"anything", "a boolean", "a number", "a string", "a list"}

// How closely nodes bind, from the loosest.
const (
	powerChoice = iota
	powerOr
	powerAnd
	powerRelation
	powerSum
	powerUnary
	powerPrimary
)

type (
	literal   struct{ value Value }
	reference struct{ path []string }
	list      struct{ items []node }
	unary     struct {
		op string // "!" or "-"
		x  node
	}
	binary struct {
		op          string // the mark, never a word
		left, right node
	}
	choice     struct{ cond, then, otherwise node }
	fallback   struct{ x, otherwise node } // x ?: otherwise
	invocation struct {
		name string
		fn   *function
		args []node
	}
	nameMatch struct { // isMemberOfGroupNameRegex
		pattern string
		re      *regexp.Regexp
		cost    int // steps of one match
	}
	criteria struct{ maps [][]criterion } // user.isMemberOf
	property struct{ name string }        // user.getInternalProperty
	template struct{ parts []node }       // literals are its fixed texts
)

// criterion is one test of user.isMemberOf. A group passes if it has any of the values.
type criterion struct {
	key    string // group.id, group.type or group.profile.name
	values []string
	exact  bool // of a name: the whole of it, not its beginning
	op     bool // the operator was written out
}

func (literal) power() int    { return powerPrimary }
func (reference) power() int  { return powerPrimary }
func (list) power() int       { return powerPrimary }
func (unary) power() int      { return powerUnary }
func (choice) power() int     { return powerChoice }
func (fallback) power() int   { return powerChoice }
func (invocation) power() int { return powerPrimary }
func (nameMatch) power() int  { return powerPrimary }
func (criteria) power() int   { return powerPrimary }
func (property) power() int   { return powerPrimary }
func (template) power() int   { return powerPrimary }
func (n binary) power() int   { return binaryPower(n.op) }

// binaryPower gives how closely a binary operator binds, 0 for what is none.
func binaryPower(op string) int {
	switch op {
	case "||":
		return powerOr
	case "&&":
		return powerAnd
	case "==", "!=", "<", "<=", ">", ">=":
		return powerRelation
	case "+", "-":
		return powerSum
	default:
		return 0
	}
}

func (n literal) static() kind {
	switch n.value.kind {
	case KindBool:
		return boolKind
	case KindInt, KindNumber:
		return numericKind
	case KindString:
		return stringKind
	default:
		return anyKind
	}
}

func (reference) static() kind    { return anyKind }
func (list) static() kind         { return listKind }
func (n invocation) static() kind { return n.fn.result }
func (nameMatch) static() kind    { return boolKind }
func (criteria) static() kind     { return boolKind }
func (property) static() kind     { return anyKind }
func (template) static() kind     { return stringKind }

func (n unary) static() kind {
	if n.op == "!" {
		return boolKind
	}
	return numericKind
}

func (n binary) static() kind {
	switch {
	case n.op == "-":
		return numericKind
	case n.op != "+":
		return boolKind
	case n.left.static() == stringKind || n.right.static() == stringKind:
		return stringKind
	default:
		return anyKind
	}
}

func (n choice) static() kind   { return either(n.then, n.otherwise) }
func (n fallback) static() kind { return either(n.x, n.otherwise) }

func either(a, b node) kind {
	if k := a.static(); k == b.static() {
		return k
	}
	return anyKind
}

// writeAt prints n, in parentheses if it binds more loosely than least.
func writeAt(b *strings.Builder, n node, least int) {
	if n.power() < least {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	n.write(b)
}

func writeList(b *strings.Builder, items []node) {
	for i, n := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		n.write(b)
	}
}

func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	b.WriteString(strings.ReplaceAll(s, `"`, `""`))
	b.WriteByte('"')
}

func (n literal) write(b *strings.Builder) {
	switch n.value.kind {
	case KindNull:
		b.WriteString("null")
	case KindString:
		quote(b, n.value.str)
	default:
		text, _ := n.value.Text()
		b.WriteString(text)
	}
}

func (n reference) write(b *strings.Builder) { b.WriteString(strings.Join(n.path, ".")) }

func (n list) write(b *strings.Builder) {
	b.WriteByte('{')
	writeList(b, n.items)
	b.WriteByte('}')
}

func (n unary) write(b *strings.Builder) {
	b.WriteString(n.op)
	if inner, ok := n.x.(unary); ok && inner.op == "-" && n.op == "-" {
		b.WriteByte(' ') // "--" would be another operator
	}
	writeAt(b, n.x, powerUnary)
}

func (n binary) write(b *strings.Builder) {
	p := n.power()
	left := p
	if p == powerRelation {
		left++ // comparisons do not chain
	}
	writeAt(b, n.left, left)
	switch n.op {
	case "&&":
		b.WriteString(" AND ")
	case "||":
		b.WriteString(" OR ")
	default:
		b.WriteString(" " + n.op + " ")
	}
	writeAt(b, n.right, p+1)
}

func (n choice) write(b *strings.Builder) {
	writeAt(b, n.cond, powerOr)
	b.WriteString(" ? ")
	n.then.write(b)
	b.WriteString(" : ")
	n.otherwise.write(b)
}

func (n fallback) write(b *strings.Builder) {
	writeAt(b, n.x, powerOr)
	b.WriteString(" ?: ")
	n.otherwise.write(b)
}

func (n invocation) write(b *strings.Builder) {
	b.WriteString(n.name)
	b.WriteByte('(')
	writeList(b, n.args)
	b.WriteByte(')')
}

func (n nameMatch) write(b *strings.Builder) {
	b.WriteString(nameRegex + "(")
	quote(b, n.pattern)
	b.WriteByte(')')
}

func (n property) write(b *strings.Builder) {
	b.WriteString(internalProperty + "(")
	quote(b, n.name)
	b.WriteByte(')')
}

func (n criteria) write(b *strings.Builder) {
	b.WriteString(isMemberOf + "(")
	for i, m := range n.maps {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('{')
		for j, c := range m {
			if j > 0 {
				b.WriteString(", ")
			}
			c.write(b)
		}
		b.WriteByte('}')
	}
	b.WriteByte(')')
}

func (c criterion) write(b *strings.Builder) {
	b.WriteString(strconv.Quote(c.key) + ": {")
	for i, v := range c.values {
		if i > 0 {
			b.WriteString(", ")
		}
		quote(b, v)
	}
	b.WriteByte('}')
	if c.op {
		op := operatorStartsWith
		if c.exact {
			op = operatorExact
		}
		b.WriteString(`, "operator": "` + op + `"`)
	}
}

func (n template) write(b *strings.Builder) {
	for _, p := range n.parts {
		if l, ok := p.(fixedText); ok {
			b.WriteString(string(l))
			continue
		}
		b.WriteString("${")
		p.write(b)
		b.WriteByte('}')
	}
}

// fixedText is the text of a template outside "${...}".
type fixedText string

func (fixedText) power() int                     { return powerPrimary }
func (fixedText) static() kind                   { return stringKind }
func (n fixedText) write(b *strings.Builder)     { b.WriteString(string(n)) }
func (n fixedText) eval(*machine) (Value, error) { return String(string(n)), nil }
