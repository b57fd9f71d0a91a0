package oauth

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Params are the parameters of a request, each of which comes once. One that is
// empty is as if it had not been given. (RFC 6749 sections 3.1 and 3.2)
type Params map[string]string

// Bounds on parameters, in bytes.
const (
	maxParams    = 64
	maxParam     = 2048
	maxAssertion = 16 << 10
)

// long tells which parameters carry whole documents.
func long(name string) bool {
	switch name {
	case "assertion", "client_assertion", "request", "subject_token", "actor_token", "id_token_hint", "token", "id_token", "okta_key",
		"state": // in which the clients of ASP.NET keep all that they have to remember
		return true
	}
	return false
}

// ParseParams checks the parameters of a request: InvalidRequest for one that
// comes twice, is too long, or holds what is no text.
func ParseParams(v url.Values) (Params, error) {
	if len(v) > maxParams {
		return nil, fault(InvalidRequest, "The request has too many parameters.")
	}
	p := make(Params, len(v))
	for name, values := range v {
		bound := maxParam
		if long(name) {
			bound = maxAssertion
		}
		switch {
		case len(values) > 1:
			return nil, fault(InvalidRequest, "The request contains the parameter '"+shown(name)+"' more than once.")
		case len(name) > maxParam || len(values[0]) > bound:
			return nil, fault(InvalidRequest, "The parameter '"+shown(name)+"' is too long.")
		case !utf8.ValidString(name) || !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0):
			return nil, fault(InvalidRequest, "The parameter '"+shown(name)+"' is not valid.")
		}
		if values[0] != "" {
			p[name] = values[0]
		}
	}
	return p, nil
}

// shown makes the name of a parameter fit for a description. (RFC 6749 section
// 5.2 bounds the characters)
func shown(name string) string {
	if len(name) > 64 {
		name = name[:64]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '\'' {
			return '?'
		}
		return r
	}, name)
}

// Scopes splits the parameter "scope": each one once, in the order given.
// InvalidScope for characters that none has. (RFC 6749 section 3.3)
func (p Params) Scopes() ([]string, error) {
	out := []string{}
	for s := range strings.FieldsSeq(p["scope"]) {
		for _, c := range []byte(s) {
			if c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
				return nil, fault(InvalidScope, "The requested scope is invalid, unknown, or malformed.")
			}
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, nil
}

// seconds reads a number that is not negative; ok is false where there is none.
func (p Params) seconds(name string) (n int, ok bool, err error) {
	text, given := p[name]
	if !given {
		return 0, false, nil
	}
	n, err = strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, false, fault(InvalidRequest, "The '"+name+"' parameter must be a number of seconds.")
	}
	return n, true, nil
}
