package el

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
)

// The functions whose arguments are read apart, since they must be literals.
const (
	nameRegex        = "isMemberOfGroupNameRegex"
	isMemberOf       = "user.isMemberOf"
	internalProperty = "user.getInternalProperty"
)

// The keys and operators of user.isMemberOf.
const (
	keyID              = "group.id"
	keyType            = "group.type"
	keyName            = "group.profile.name"
	keyOperator        = "operator"
	operatorExact      = "EXACT"
	operatorStartsWith = "STARTS_WITH"
)

// call reads the arguments of a call; the opening parenthesis is the current token.
func (p *parser) call(name string, offset int) (node, error) {
	family, ok := functionFamily(name)
	if !ok {
		return nil, &SyntaxError{offset, "unknown function " + shown(name)}
	}
	if p.features.Functions&family == 0 {
		return nil, &SyntaxError{offset, "function " + shown(name) + " is not allowed here"}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch name {
	case isMemberOf:
		return p.membership()
	case nameRegex:
		return p.nameRegex()
	case internalProperty:
		s, _, err := p.onlyString()
		if !slices.Contains(p.uses.Properties, s) {
			p.uses.Properties = append(p.uses.Properties, s)
		}
		return property{s}, err
	}
	args, err := p.sequence(")")
	if err != nil {
		return nil, err
	}
	fn := functions[name]
	if err := fn.checkArgs(name, args, offset); err != nil {
		return nil, err
	}
	p.uses.note(name, args)
	return invocation{name, fn, args}, nil
}

func functionFamily(name string) (Functions, bool) {
	switch name {
	case isMemberOf, nameRegex:
		return Membership, true
	case internalProperty:
		return Properties, true
	}
	fn, ok := functions[name]
	if !ok {
		return 0, false
	}
	return fn.family, true
}

func (fn *function) checkArgs(name string, args []node, offset int) error {
	switch n := len(args); {
	case n < fn.least || fn.most >= 0 && n > fn.most:
		return &SyntaxError{offset, fmt.Sprintf("%s does not take %d arguments", name, n)}
	case fn.pairs && n%2 != 0:
		return &SyntaxError{offset, name + " has a key without a value"}
	case n > 0:
		return wantKind(args[0], fn.first, offset, "in "+name)
	default:
		return nil
	}
}

// onlyString reads a string literal and the closing parenthesis.
func (p *parser) onlyString() (string, int, error) {
	t := p.tok
	if t.kind != tokString {
		return "", t.offset, p.unexpected("a quoted string")
	}
	if err := p.count(t.offset); err != nil {
		return "", t.offset, err
	}
	if err := p.advance(); err != nil {
		return "", t.offset, err
	}
	return t.text, t.offset, p.take(")")
}

// Bounds on the pattern of isMemberOfGroupNameRegex. The engine is linear in time, and its program can still grow
// a thousandfold by counted repetition.
const (
	maxPattern      = 256
	maxPatternParts = 4096
)

func (p *parser) nameRegex() (node, error) {
	pattern, offset, err := p.onlyString()
	if err != nil {
		return nil, err
	}
	if len(pattern) > maxPattern {
		return nil, &SyntaxError{offset, fmt.Sprintf("pattern longer than %d bytes", maxPattern)}
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, &SyntaxError{offset, "the pattern is no regular expression (RE2)"}
	}
	parts := patternParts(tree)
	if parts > maxPatternParts {
		return nil, &SyntaxError{offset, "the pattern repeats too much"}
	}
	// Java's "matches", on which the original builds, wants the whole text.
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return nil, &SyntaxError{offset, "the pattern is no regular expression (RE2)"}
	}
	p.uses.AnyGroup = true
	return nameMatch{pattern, re, 1 + parts/32}, nil
}

// patternParts estimates the size of a pattern's program.
func patternParts(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)/8
	for _, sub := range re.Sub {
		n += patternParts(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, 1<<20) // far beyond the bound, far from overflow
}

// membership reads the criteria of user.isMemberOf: maps of literals. A group must meet all of them.
func (p *parser) membership() (node, error) {
	var maps [][]criterion
	for {
		m, err := p.criterionMap()
		if err != nil {
			return nil, err
		}
		maps = append(maps, m)
		if p.atMark(")") {
			p.uses.noteCriteria(maps)
			return criteria{maps}, p.advance()
		}
		if err := p.take(","); err != nil {
			return nil, err
		}
	}
}

func (p *parser) criterionMap() ([]criterion, error) {
	start := p.tok.offset
	if err := p.take("{"); err != nil {
		return nil, err
	}
	var found []criterion
	operator := ""
	for {
		key := p.tok
		if key.kind != tokString {
			return nil, p.unexpected("a quoted key")
		}
		values, err := p.criterionValues()
		if err != nil {
			return nil, err
		}
		switch {
		case key.text == keyOperator && operator == "" && len(values) == 1:
			operator = values[0]
		case (key.text == keyID || key.text == keyType || key.text == keyName) && !hasKey(found, key.text):
			found = append(found, criterion{key: key.text, values: values})
		default:
			return nil, &SyntaxError{key.offset, "unknown or repeated key " + shown(key.text)}
		}
		if p.atMark("}") {
			found, err = withOperator(found, operator, start)
			if err != nil {
				return nil, err
			}
			return found, p.advance()
		}
		if err := p.take(","); err != nil {
			return nil, err
		}
	}
}

func hasKey(found []criterion, key string) bool {
	return slices.ContainsFunc(found, func(c criterion) bool { return c.key == key })
}

// withOperator gives the operator to the criterion on the name, the only one that takes one.
func withOperator(found []criterion, operator string, offset int) ([]criterion, error) {
	if len(found) == 0 {
		return nil, &SyntaxError{offset, "no criterion"}
	}
	if operator == "" {
		return found, nil
	}
	i := slices.IndexFunc(found, func(c criterion) bool { return c.key == keyName })
	if i < 0 || operator != operatorExact && operator != operatorStartsWith {
		return nil, &SyntaxError{offset, "the operator must be EXACT or STARTS_WITH, beside " + keyName}
	}
	found[i].exact = operator == operatorExact
	found[i].op = true
	return found, nil
}

// criterionValues reads ":" and a string or a list of strings after a key, which is the current token.
func (p *parser) criterionValues() ([]string, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.take(":"); err != nil {
		return nil, err
	}
	if !p.atMark("{") {
		s, err := p.stringToken()
		return []string{s}, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	var values []string
	for {
		s, err := p.stringToken()
		if err != nil {
			return nil, err
		}
		values = append(values, s)
		if p.atMark("}") {
			return values, p.advance()
		}
		if err := p.take(","); err != nil {
			return nil, err
		}
	}
}

func (p *parser) stringToken() (string, error) {
	t := p.tok
	if t.kind != tokString {
		return "", p.unexpected("a quoted string")
	}
	return t.text, p.operator(t.offset)
}
