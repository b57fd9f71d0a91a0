package el

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokName             // identifier, or "fn:" and one
	tokInt              // text is the digits
	tokNumber           // text is the literal
	tokString           // text is the content, quotes undoubled
	tokMark             // operator or punctuation; words for operators are turned into their marks by the parser
)

type token struct {
	kind   tokenKind
	text   string
	offset int
}

type lexer struct {
	src    string
	pos    int
	prefix bool // "fn:" and "f:" may stand before a function's name
}

// marks are the operators and punctuation, longer ones before their beginnings.
var marks = [...]string{
	"?:", "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "?", ":", "(", ")", "{", "}", ",", ".",
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
	case isNameStart(c):
		return token{tokName, l.readName(), start}, nil
	case isDigit(c):
		return l.readNumber()
	case c == '"' || c == '\'':
		s, err := l.readString(c)
		return token{tokString, s, start}, err
	}
	rest := l.src[start:]
	if strings.HasPrefix(rest, "++") || strings.HasPrefix(rest, "--") {
		return token{}, &SyntaxError{start, "counting up or down is not allowed"}
	}
	for _, m := range marks {
		if strings.HasPrefix(rest, m) {
			l.pos += len(m)
			return token{tokMark, m, start}, nil
		}
	}
	if rest[0] == '=' {
		return token{}, &SyntaxError{start, `assignment is not allowed; "==" tests equality`}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return token{}, &SyntaxError{start, "unexpected character " + strconv.QuoteRune(r)}
}

func (l *lexer) readName() string {
	start := l.pos
	l.skipName()
	name := l.src[start:l.pos]
	// A colon right between "fn" and a name is no part of a condition: fn is nothing that could stand there.
	if l.prefix && (name == "fn" || name == "f") && l.pos+1 < len(l.src) && l.src[l.pos] == ':' && isNameStart(l.src[l.pos+1]) {
		l.pos++
		from := l.pos
		l.skipName()
		return "fn:" + l.src[from:l.pos]
	}
	return name
}

func (l *lexer) skipName() {
	for l.pos < len(l.src) && isNamePart(l.src[l.pos]) {
		l.pos++
	}
}

func (l *lexer) readNumber() (token, error) {
	start, kind := l.pos, tokInt
	l.skipDigits()
	if l.at(0) == '.' && isDigit(l.at(1)) {
		kind = tokNumber
		l.pos++
		l.skipDigits()
	}
	if c := l.at(0); c == 'e' || c == 'E' {
		sign := 0
		if s := l.at(1); s == '+' || s == '-' {
			sign = 1
		}
		if isDigit(l.at(1 + sign)) {
			kind = tokNumber
			l.pos += 1 + sign
			l.skipDigits()
		}
	}
	if isNamePart(l.at(0)) {
		return token{}, &SyntaxError{start, "malformed number"}
	}
	return token{kind, l.src[start:l.pos], start}, nil
}

func (l *lexer) skipDigits() {
	for isDigit(l.at(0)) {
		l.pos++
	}
}

// at gives the byte i after the current one, 0 beyond the end.
func (l *lexer) at(i int) byte {
	if l.pos+i < len(l.src) {
		return l.src[l.pos+i]
	}
	return 0
}

func (l *lexer) readString(quote byte) (string, error) {
	start := l.pos
	l.pos++
	var b strings.Builder
	for {
		i := strings.IndexByte(l.src[l.pos:], quote)
		if i < 0 {
			return "", &SyntaxError{start, "unterminated string"}
		}
		b.WriteString(l.src[l.pos : l.pos+i])
		l.pos += i + 1
		if l.at(0) != quote {
			return b.String(), nil
		}
		b.WriteByte(quote)
		l.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
}

func isNamePart(c byte) bool { return isNameStart(c) || isDigit(c) }
