package el

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads an expression, or a template where the features allow one. The error is a *SyntaxError.
func Parse(text string, features Features) (*Program, error) {
	features.Limits = features.Limits.withDefaults()
	if most := features.Limits.MaxBytes; len(text) > most {
		return nil, &SyntaxError{most, fmt.Sprintf("longer than %d bytes", most)}
	}
	if i := invalidText(text); i >= 0 {
		return nil, &SyntaxError{i, "not UTF-8, or the character U+0000"}
	}
	p := &parser{features: features, limits: features.Limits, lex: lexer{src: text, prefix: features.Template}}
	root, err := p.program()
	if err != nil {
		return nil, err
	}
	if k := root.static(); features.Condition && k != anyKind && k != boolKind {
		return nil, &SyntaxError{0, "the result is " + kindWords[k] + ", not a boolean"}
	}
	return &Program{text: text, root: root, limits: features.Limits, uses: p.uses}, nil
}

func invalidText(s string) int {
	for i, r := range s {
		if r == 0 {
			return i
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

type parser struct {
	lex      lexer
	tok      token // the token to be read next
	features Features
	limits   Limits
	depth    int
	nodes    int
	uses     Uses
}

func (p *parser) program() (node, error) {
	if p.features.Template && strings.Contains(p.lex.src, "${") {
		return p.template()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected("an operator or the end")
	}
	return n, nil
}

// template reads fixed text and "${...}" in turn.
func (p *parser) template() (node, error) {
	var parts []node
	for {
		rest := p.lex.src[p.lex.pos:]
		i := strings.Index(rest, "${")
		if i < 0 {
			if rest != "" {
				parts = append(parts, fixedText(rest))
			}
			return template{parts}, nil
		}
		if i > 0 {
			parts = append(parts, fixedText(rest[:i]))
		}
		p.lex.pos += i + len("${")
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.expression()
		if err != nil {
			return nil, err
		}
		if !p.atMark("}") {
			return nil, p.unexpected(`an operator or "}"`)
		}
		parts = append(parts, n) // the lexer stands behind the brace
	}
}

func (p *parser) advance() error {
	t, err := p.lex.next()
	if t.kind == tokName {
		if mark := operatorWord(t.text); mark != "" {
			t = token{tokMark, mark, t.offset}
		}
	}
	p.tok = t
	return err
}

// operatorWord gives the mark that a word stands for, in any case (SpEL, operators).
func operatorWord(word string) string {
	if len(word) > 3 {
		return ""
	}
	switch strings.ToLower(word) {
	case "and":
		return "&&"
	case "or":
		return "||"
	case "not":
		return "!"
	case "eq":
		return "=="
	case "ne":
		return "!="
	case "lt":
		return "<"
	case "le":
		return "<="
	case "gt":
		return ">"
	case "ge":
		return ">="
	default:
		return ""
	}
}

func (p *parser) enter(offset int) error {
	p.depth++
	if p.depth > p.limits.MaxDepth {
		return &SyntaxError{offset, fmt.Sprintf("nested deeper than %d", p.limits.MaxDepth)}
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// count takes account of a new node.
func (p *parser) count(offset int) error {
	p.nodes++
	if p.nodes > p.limits.MaxNodes {
		return &SyntaxError{offset, fmt.Sprintf("more than %d parts", p.limits.MaxNodes)}
	}
	return nil
}

// expression reads a whole expression, conditions included.
func (p *parser) expression() (node, error) {
	at := p.tok.offset
	if err := p.enter(at); err != nil {
		return nil, err
	}
	defer p.leave()
	n, err := p.binary(powerOr)
	if err != nil {
		return nil, err
	}
	switch {
	case p.atMark("?:"):
		if err := p.operator(p.tok.offset); err != nil {
			return nil, err
		}
		otherwise, err := p.expression()
		return fallback{n, otherwise}, err
	case p.atMark("?"):
		if err := wantKind(n, boolKind, at, `before "?"`); err != nil {
			return nil, err
		}
		return p.choice(n)
	default:
		return n, nil
	}
}

func (p *parser) choice(cond node) (node, error) {
	if err := p.operator(p.tok.offset); err != nil {
		return nil, err
	}
	then, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.atMark(":") {
		return nil, p.unexpected(`":"`)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	otherwise, err := p.expression()
	return choice{cond, then, otherwise}, err
}

// operator counts the current token as a node and moves on.
func (p *parser) operator(offset int) error {
	if err := p.count(offset); err != nil {
		return err
	}
	return p.advance()
}

// binary reads operands joined by operators that bind at least as closely as least.
func (p *parser) binary(least int) (node, error) {
	at, compared := p.tok.offset, false
	left, err := p.unary()
	for err == nil {
		op, power := p.tok, 0
		if op.kind == tokMark {
			power = binaryPower(op.text)
		}
		if power < least || power == 0 {
			return left, nil
		}
		if power == powerRelation {
			if compared {
				return nil, &SyntaxError{op.offset, "comparisons cannot be chained"}
			}
			compared = true
		}
		left, err = p.joined(left, at, op, power)
	}
	return nil, err
}

// joined reads the right operand of op.
func (p *parser) joined(left node, at int, op token, power int) (node, error) {
	if err := p.operator(op.offset); err != nil {
		return nil, err
	}
	rightAt := p.tok.offset
	right, err := p.binary(power + 1)
	if err != nil {
		return nil, err
	}
	want := anyKind
	switch op.text {
	case "&&", "||":
		want = boolKind
	case "-":
		want = numericKind
	}
	if err := wantKind(left, want, at, "beside "+strconv.Quote(op.text)); err != nil {
		return nil, err
	}
	if err := wantKind(right, want, rightAt, "beside "+strconv.Quote(op.text)); err != nil {
		return nil, err
	}
	return binary{op.text, left, right}, nil
}

// wantKind refuses a node that the text alone shows to be of another kind.
func wantKind(n node, want kind, offset int, where string) error {
	if k := n.static(); want != anyKind && k != anyKind && k != want {
		return &SyntaxError{offset, fmt.Sprintf("%s stands %s where %s is needed", kindWords[k], where, kindWords[want])}
	}
	return nil
}

func (p *parser) unary() (node, error) {
	if !p.atMark("!") && !p.atMark("-") {
		return p.primary()
	}
	op := p.tok
	if err := p.enter(op.offset); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.operator(op.offset); err != nil {
		return nil, err
	}
	at := p.tok.offset
	x, err := p.unary()
	if err != nil {
		return nil, err
	}
	want := boolKind
	if op.text == "-" {
		want = numericKind
	}
	return unary{op.text, x}, wantKind(x, want, at, "after "+strconv.Quote(op.text))
}

func (p *parser) primary() (node, error) {
	t := p.tok
	if err := p.count(t.offset); err != nil {
		return nil, err
	}
	switch t.kind {
	case tokString:
		return literal{String(t.text)}, p.advance()
	case tokInt:
		i, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil {
			return nil, &SyntaxError{t.offset, "number out of range"}
		}
		return literal{Int(i)}, p.advance()
	case tokNumber:
		f, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, &SyntaxError{t.offset, "number out of range"}
		}
		return literal{Number(f)}, p.advance()
	case tokName:
		return p.name()
	case tokEnd, tokMark:
	}
	switch {
	case p.atMark("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.expression()
		if err != nil {
			return nil, err
		}
		return n, p.take(")")
	case p.atMark("{"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		items, err := p.sequence("}")
		return list{items}, err
	default:
		return nil, p.unexpected("a value")
	}
}

// sequence reads expressions between commas up to and including the closing mark.
func (p *parser) sequence(closing string) ([]node, error) {
	var items []node
	if p.atMark(closing) {
		return nil, p.advance()
	}
	for {
		n, err := p.expression()
		if err != nil {
			return nil, err
		}
		items = append(items, n)
		if p.atMark(closing) {
			return items, p.advance()
		}
		if err := p.take(","); err != nil {
			return nil, err
		}
	}
}

// maxSegments bounds a reference.
const maxSegments = 8

// name reads true, false, null, a reference or a call.
func (p *parser) name() (node, error) {
	t := p.tok
	if v, ok := wordLiteral(t.text); ok {
		return literal{v}, p.advance()
	}
	path := []string{t.text}
	// What follows a dot is a name even where it looks like an operator, so the words are not turned into marks here.
	next, err := p.lex.next()
	for err == nil && next.kind == tokMark && next.text == "." {
		if next, err = p.lex.next(); err != nil {
			break
		}
		p.tok = next
		if next.kind != tokName {
			return nil, p.unexpected("a name")
		}
		if path = append(path, next.text); len(path) > maxSegments {
			return nil, &SyntaxError{t.offset, fmt.Sprintf("reference of more than %d names", maxSegments)}
		}
		next, err = p.lex.next()
	}
	if err != nil {
		return nil, err
	}
	if next.kind == tokName {
		if mark := operatorWord(next.text); mark != "" {
			next = token{tokMark, mark, next.offset}
		}
	}
	p.tok = next
	if p.atMark("(") {
		return p.call(strings.Join(path, "."), t.offset)
	}
	return p.reference(path, t.offset)
}

func wordLiteral(word string) (Value, bool) {
	switch {
	case strings.EqualFold(word, "true"):
		return Bool(true), true
	case strings.EqualFold(word, "false"):
		return Bool(false), true
	case strings.EqualFold(word, "null"):
		return Null(), true
	default:
		return Value{}, false
	}
}

func (p *parser) reference(path []string, offset int) (node, error) {
	if strings.Contains(path[0], ":") || !p.features.root(path[0]) {
		return nil, &SyntaxError{offset, "unknown name " + shown(path[0])}
	}
	if len(path) == 1 && !p.features.AnyBare && !slices.Contains(p.features.Bare, path[0]) {
		return nil, &SyntaxError{offset, shown(path[0]) + " needs an attribute"}
	}
	if dotted := strings.Join(path, "."); !slices.Contains(p.uses.Attributes, dotted) {
		p.uses.Attributes = append(p.uses.Attributes, dotted)
	}
	return reference{path}, nil
}

// take moves past a mark that must stand here.
func (p *parser) take(mark string) error {
	if !p.atMark(mark) {
		return p.unexpected(strconv.Quote(mark))
	}
	return p.advance()
}

func (p *parser) atMark(mark string) bool { return p.tok.kind == tokMark && p.tok.text == mark }

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
