package scim

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits bounds what Parse reads. A zero field stands for its default.
type Limits struct {
	MaxBytes int // length of the text in bytes; default 4096
	MaxDepth int // nested parentheses, those of not included; default 32
	MaxTerms int // comparisons and presence tests together; default 100
}

// The defaults of Limits.
const (
	DefaultMaxBytes = 4096
	DefaultMaxDepth = 32
	DefaultMaxTerms = 100
)

// maxSegments bounds an attribute path. The deepest one in use has five segments.
const maxSegments = 16

func (l Limits) withDefaults() Limits {
	if l.MaxBytes == 0 {
		l.MaxBytes = DefaultMaxBytes
	}
	if l.MaxDepth == 0 {
		l.MaxDepth = DefaultMaxDepth
	}
	if l.MaxTerms == 0 {
		l.MaxTerms = DefaultMaxTerms
	}
	return l
}

// Parse reads a filter. The error is a *SyntaxError.
func Parse(text string, limits Limits) (Expr, error) {
	limits = limits.withDefaults()
	if len(text) > limits.MaxBytes {
		return nil, &SyntaxError{limits.MaxBytes, fmt.Sprintf("longer than %d bytes", limits.MaxBytes)}
	}
	if i := invalidUTF8(text); i >= 0 {
		return nil, &SyntaxError{i, "not UTF-8"}
	}
	p := parser{lex: lexer{src: text}, limits: limits}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected(`"and", "or" or the end`)
	}
	return e, nil
}

func invalidUTF8(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

type parser struct {
	lex    lexer
	tok    token // the token to be read next
	limits Limits
	depth  int
	terms  int
}

func (p *parser) advance() error {
	t, err := p.lex.next()
	p.tok = t
	return err
}

func (p *parser) or() (Expr, error) {
	terms, err := p.chain("or", p.and, func(e Expr) []Expr {
		if o, ok := e.(Or); ok {
			return o.Terms
		}
		return nil
	})
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return Or{terms}, nil
}

func (p *parser) and() (Expr, error) {
	terms, err := p.chain("and", p.unit, func(e Expr) []Expr {
		if a, ok := e.(And); ok {
			return a.Terms
		}
		return nil
	})
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return And{terms}, nil
}

// chain reads operands joined by word; inner gives the terms of an operand of the same kind, which are merged.
func (p *parser) chain(word string, operand func() (Expr, error), inner func(Expr) []Expr) ([]Expr, error) {
	var terms []Expr
	for {
		e, err := operand()
		if err != nil {
			return nil, err
		}
		if same := inner(e); same != nil {
			terms = append(terms, same...)
		} else {
			terms = append(terms, e)
		}
		if !p.atWord(word) {
			return terms, nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func first(terms []Expr) Expr {
	if len(terms) == 0 {
		return nil
	}
	return terms[0]
}

func (p *parser) unit() (Expr, error) {
	switch {
	case p.tok.kind == tokOpen:
		return p.group()
	case p.atWord("not"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.tok.kind != tokOpen {
			return nil, p.unexpected(`"(" after "not"`)
		}
		e, err := p.group()
		if err != nil {
			return nil, err
		}
		return Not{e}, nil
	case p.tok.kind == tokWord && !p.atWord("and") && !p.atWord("or"):
		return p.comparison()
	default:
		return nil, p.unexpected("an attribute")
	}
}

// group reads a parenthesized expression.
func (p *parser) group() (Expr, error) {
	p.depth++
	if p.depth > p.limits.MaxDepth {
		return nil, &SyntaxError{p.tok.offset, fmt.Sprintf("nested deeper than %d", p.limits.MaxDepth)}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokClose {
		return nil, p.unexpected(`")"`)
	}
	p.depth--
	return e, p.advance()
}

func (p *parser) comparison() (Expr, error) {
	p.terms++
	if p.terms > p.limits.MaxTerms {
		return nil, &SyntaxError{p.tok.offset, fmt.Sprintf("more than %d terms", p.limits.MaxTerms)}
	}
	if err := checkPath(p.tok); err != nil {
		return nil, err
	}
	path := Path(p.tok.text)
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.atWord("pr") {
		return Present{path}, p.advance()
	}
	op, ok := opOf(p.tok.text)
	if p.tok.kind != tokWord || !ok {
		return nil, p.unexpected("an operator")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	return Compare{path, op, v}, p.advance()
}

// literal reads the current token as a literal without moving on.
func (p *parser) literal() (Value, error) {
	switch p.tok.kind {
	case tokString:
		return StringValue(p.tok.text), nil
	case tokNumber:
		return number(p.tok)
	case tokWord:
		switch p.tok.text {
		case "true":
			return BoolValue(true), nil
		case "false":
			return BoolValue(false), nil
		case "null":
			return NullValue(), nil
		}
	case tokEnd, tokOpen, tokClose:
	}
	return Value{}, p.unexpected("a quoted string, a number, true, false or null")
}

func number(t token) (Value, error) {
	if i, err := strconv.ParseInt(t.text, 10, 64); err == nil {
		return IntValue(i), nil
	}
	f, err := strconv.ParseFloat(t.text, 64)
	if errors.Is(err, strconv.ErrRange) && math.IsInf(f, 0) {
		return Value{}, &SyntaxError{t.offset, "number out of range"}
	}
	return FloatValue(f), nil
}

// checkPath refuses empty segments and paths of absurd length. The letters were checked by the lexer.
func checkPath(t token) error {
	segments := strings.Split(t.text, ".")
	if len(segments) > maxSegments {
		return &SyntaxError{t.offset, fmt.Sprintf("attribute path of more than %d segments", maxSegments)}
	}
	for _, s := range segments {
		if s == "" || s[0] == '-' {
			return &SyntaxError{t.offset, "malformed attribute path " + shown(t.text)}
		}
	}
	return nil
}

func (p *parser) atWord(word string) bool {
	return p.tok.kind == tokWord && strings.EqualFold(p.tok.text, word)
}

func (p *parser) unexpected(wanted string) error {
	if p.tok.kind == tokEnd {
		return &SyntaxError{p.tok.offset, "expected " + wanted + ", found the end"}
	}
	return &SyntaxError{p.tok.offset, "expected " + wanted + ", found " + shown(p.tok.text)}
}

// shown quotes a piece of the caller's text, cut so that an error stays short.
func shown(s string) string {
	const most = 32
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "..."
	}
	return strconv.Quote(s)
}
