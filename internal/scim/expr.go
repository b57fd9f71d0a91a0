package scim

import "strings"

// Op is a comparison operator.
type Op uint8

// The operators that take a literal. Presence (pr) is the node Present.
const (
	Eq Op = iota + 1
	Ne
	Gt
	Ge
	Lt
	Le
	Sw // starts with
	Ew // ends with
	Co // contains
)

var opWords = [...]string{Eq: "eq", Ne: "ne", Gt: "gt", Ge: "ge", Lt: "lt", Le: "le", Sw: "sw", Ew: "ew", Co: "co"}

// String gives the operator's word in lower case, or "" for a value that is no operator.
func (o Op) String() string {
	if int(o) >= len(opWords) {
		return ""
	}
	return opWords[o]
}

// opOf finds the operator of a word in any case.
func opOf(word string) (Op, bool) {
	for o := Eq; o <= Co; o++ {
		if strings.EqualFold(word, opWords[o]) {
			return o, true
		}
	}
	return 0, false
}

// Path is a dotted attribute path such as profile.department or target.id. Comparison is case-sensitive.
type Path string

// Segments splits the path at its dots.
func (p Path) Segments() []string { return strings.Split(string(p), ".") }

// Expr is one node of a filter: And, Or, Not, Compare or Present.
type Expr interface {
	// String prints canonical text: lower-case words, single spaces, only the parentheses that are needed.
	// Parsing it gives an equal tree, if the limits leave room: the text can be longer than what was parsed.
	String() string
	expr()
}

// And holds where all terms hold. A parsed And has at least two terms and no And among them.
type And struct{ Terms []Expr }

// Or holds where any term holds. A parsed Or has at least two terms and no Or among them.
type Or struct{ Terms []Expr }

// Not turns its term round.
type Not struct{ Term Expr }

// Compare holds where a value of the attribute stands in relation Op to the literal.
type Compare struct {
	Path  Path
	Op    Op
	Value Value
}

// Present holds where the attribute has a value that is not empty (operator pr).
type Present struct{ Path Path }

func (And) expr()     {}
func (Or) expr()      {}
func (Not) expr()     {}
func (Compare) expr() {}
func (Present) expr() {}

// String prints canonical text.
func (e And) String() string { return text(e) }

// String prints canonical text.
func (e Or) String() string { return text(e) }

// String prints canonical text.
func (e Not) String() string { return text(e) }

// String prints canonical text.
func (e Compare) String() string { return text(e) }

// String prints canonical text.
func (e Present) String() string { return text(e) }

func text(e Expr) string {
	var b strings.Builder
	write(&b, e, false)
	return b.String()
}

// write prints e; inAnd says that an Or needs parentheses here.
func write(b *strings.Builder, e Expr, inAnd bool) {
	switch e := e.(type) {
	case And:
		writeTerms(b, e.Terms, " and ", true)
	case Or:
		if inAnd {
			b.WriteByte('(')
			defer b.WriteByte(')')
		}
		writeTerms(b, e.Terms, " or ", false)
	case Not:
		b.WriteString("not (")
		write(b, e.Term, false)
		b.WriteByte(')')
	case Compare:
		b.WriteString(string(e.Path))
		b.WriteByte(' ')
		b.WriteString(e.Op.String())
		b.WriteByte(' ')
		b.WriteString(e.Value.String())
	case Present:
		b.WriteString(string(e.Path))
		b.WriteString(" pr")
	}
}

func writeTerms(b *strings.Builder, terms []Expr, sep string, inAnd bool) {
	for i, t := range terms {
		if i > 0 {
			b.WriteString(sep)
		}
		write(b, t, inAnd)
	}
}

// Walk calls visit for e and, where visit returns true, for the terms below it, in the order of the text.
func Walk(e Expr, visit func(Expr) bool) {
	if !visit(e) {
		return
	}
	switch e := e.(type) {
	case And:
		for _, t := range e.Terms {
			Walk(t, visit)
		}
	case Or:
		for _, t := range e.Terms {
			Walk(t, visit)
		}
	case Not:
		Walk(e.Term, visit)
	}
}

// Paths lists the attributes that e names, each once, in the order of the text.
func Paths(e Expr) []Path {
	var paths []Path
	seen := map[Path]bool{}
	Walk(e, func(e Expr) bool {
		var p Path
		switch e := e.(type) {
		case Compare:
			p = e.Path
		case Present:
			p = e.Path
		default:
			return true
		}
		if !seen[p] {
			seen[p] = true
			paths = append(paths, p)
		}
		return true
	})
	return paths
}
