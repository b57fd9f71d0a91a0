package idp

import (
	"strings"
	"unicode/utf8"
)

// flat decodes a JSON object as profiles nearly always are: texts without
// escapes, true, false and null, without a space between them. It is false for
// everything else, faulty text included: encoding/json decides then. Profiles
// are decoded for every sign-in and for each user whom a group rule looks at.
func flat(text []byte) (Attributes, bool) {
	if len(text) < 2 || text[0] != '{' || !utf8.Valid(text) {
		return nil, false
	}
	s := string(text) // all texts share it
	a := make(Attributes, strings.Count(s, `":`))
	if s == "{}" {
		return a, true
	}
	for i := 1; ; i++ {
		name, rest, ok := plainText(s[i:])
		if !ok || !strings.HasPrefix(rest, ":") {
			return nil, false
		}
		value, rest, ok := plainValue(rest[1:])
		if !ok || rest == "" {
			return nil, false
		}
		a[name] = value
		if i = len(s) - len(rest); s[i] != ',' {
			return a, rest == "}"
		}
	}
}

// plainText reads a string without escapes.
func plainText(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", "", false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[1:i], s[i+1:], true
		case c == '\\' || c < ' ':
			return "", "", false
		}
	}
	return "", "", false
}

func plainValue(s string) (value any, rest string, ok bool) {
	if text, rest, ok := plainText(s); ok {
		return text, rest, true
	}
	if rest, ok := strings.CutPrefix(s, "null"); ok {
		return nil, rest, true
	}
	if rest, ok := strings.CutPrefix(s, "true"); ok {
		return true, rest, true
	}
	rest, ok = strings.CutPrefix(s, "false")
	return false, rest, ok
}
