package scim

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokOpen
	tokClose
	tokWord   // attribute path, operator, logical word, true, false, null
	tokNumber // text is the literal
	tokString // text is the content, unescaped
)

type token struct {
	kind   tokenKind
	text   string
	offset int
}

type lexer struct {
	src string
	pos int
}

// next reads one token. At the end it gives tokEnd again and again.
func (l *lexer) next() (token, error) {
	for l.pos < len(l.src) && isSpace(l.src[l.pos]) {
		l.pos++
	}
	start := l.pos
	if start == len(l.src) {
		return token{kind: tokEnd, offset: start}, nil
	}
	switch c := l.src[start]; {
	case c == '(':
		l.pos++
		return token{kind: tokOpen, text: "(", offset: start}, nil
	case c == ')':
		l.pos++
		return token{kind: tokClose, text: ")", offset: start}, nil
	case c == '"':
		s, err := l.readString()
		return token{kind: tokString, text: s, offset: start}, err
	case c == '-' || isDigit(c):
		s, err := l.readNumber()
		return token{kind: tokNumber, text: s, offset: start}, err
	case isWordStart(c):
		for l.pos < len(l.src) && isWordPart(l.src[l.pos]) {
			l.pos++
		}
		return token{kind: tokWord, text: l.src[start:l.pos], offset: start}, nil
	default:
		r, _ := utf8.DecodeRuneInString(l.src[start:])
		return token{}, &SyntaxError{start, "unexpected character " + strconv.QuoteRune(r)}
	}
}

// readNumber reads a JSON number (RFC 8259 section 6).
func (l *lexer) readNumber() (string, error) {
	start := l.pos
	if l.src[l.pos] == '-' {
		l.pos++
	}
	whole := l.digits()
	if whole == 0 || (whole > 1 && l.src[l.pos-whole] == '0') {
		return "", &SyntaxError{start, "malformed number"}
	}
	if l.peek() == '.' {
		l.pos++
		if l.digits() == 0 {
			return "", &SyntaxError{start, "malformed number"}
		}
	}
	if c := l.peek(); c == 'e' || c == 'E' {
		l.pos++
		if c := l.peek(); c == '+' || c == '-' {
			l.pos++
		}
		if l.digits() == 0 {
			return "", &SyntaxError{start, "malformed number"}
		}
	}
	// "1and" would read well enough, but nobody means it.
	if c := l.peek(); c != 0 && !isSpace(c) && c != ')' {
		return "", &SyntaxError{start, "malformed number"}
	}
	return l.src[start:l.pos], nil
}

func (l *lexer) digits() int {
	start := l.pos
	for l.pos < len(l.src) && isDigit(l.src[l.pos]) {
		l.pos++
	}
	return l.pos - start
}

func (l *lexer) peek() byte {
	if l.pos < len(l.src) {
		return l.src[l.pos]
	}
	return 0
}

// readString reads a JSON string (RFC 8259 section 7). The character U+0000 is refused, since PostgreSQL has no
// text with it and nothing stored can match it.
func (l *lexer) readString() (string, error) {
	start := l.pos
	l.pos++
	plain := l.pos
	for l.pos < len(l.src) && l.src[l.pos] >= 0x20 && l.src[l.pos] != '"' && l.src[l.pos] != '\\' {
		l.pos++
	}
	if l.peek() == '"' {
		l.pos++
		return l.src[plain : l.pos-1], nil
	}
	var b strings.Builder
	b.WriteString(l.src[plain:l.pos])
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '"':
			l.pos++
			return b.String(), nil
		case c < 0x20:
			return "", &SyntaxError{l.pos, "control character in a string"}
		case c == '\\':
			r, err := l.readEscape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
			l.pos++
		}
	}
	return "", &SyntaxError{start, "unterminated string"}
}

// readEscape reads one escape sequence, a pair of surrogates being one.
func (l *lexer) readEscape() (rune, error) {
	start := l.pos
	l.pos++
	c := l.peek()
	l.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return l.readUnicode(start)
	default:
		return 0, &SyntaxError{start, "unknown escape sequence"}
	}
}

func (l *lexer) readUnicode(start int) (rune, error) {
	r, ok := l.hex4()
	if !ok {
		return 0, &SyntaxError{start, "malformed escape sequence"}
	}
	switch {
	case r == 0:
		return 0, &SyntaxError{start, "the character U+0000 is not allowed"}
	case r >= 0xDC00 && r < 0xE000:
		return 0, &SyntaxError{start, "unpaired surrogate"}
	case r < 0xD800 || r >= 0xE000:
		return r, nil
	}
	if !strings.HasPrefix(l.src[l.pos:], `\u`) {
		return 0, &SyntaxError{start, "unpaired surrogate"}
	}
	l.pos += 2
	low, ok := l.hex4()
	if !ok || low < 0xDC00 || low >= 0xE000 {
		return 0, &SyntaxError{start, "unpaired surrogate"}
	}
	return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, nil
}

func (l *lexer) hex4() (rune, bool) {
	if len(l.src)-l.pos < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(l.src[l.pos:l.pos+4], 16, 16)
	if err != nil {
		return 0, false
	}
	l.pos += 4
	return rune(n), true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
}

func isWordPart(c byte) bool { return isWordStart(c) || isDigit(c) || c == '-' || c == '.' }
