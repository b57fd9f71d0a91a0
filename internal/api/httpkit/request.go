package httpkit

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/openapi"
)

// Request is one call as handlers see it: the organisation is known, the
// caller is proved and may call the operation.
type Request struct {
	*http.Request
	W     http.ResponseWriter
	ID    string // X-Okta-Request-Id
	Org   *idp.Org
	Actor idp.Actor
	// Session is the caller's session where a cookie proved the caller, and
	// SessionSecret what the cookie held.
	Session       *idp.Session
	SessionSecret string
	// Foreign is the origin of a script that nobody trusts, at operations that any
	// may call (Router.AnyOrigin); else empty.
	Foreign string

	router     *Router
	op         *openapi.Operation
	writeError ErrorWriter
	client     idp.Client
	query      url.Values
	params     chi.RouteParams // of the path
	ctx        bounded
	rec        recorder // what W is
	// What many headers and the client's addresses are kept in: one piece of
	// memory serves all of a request.
	values [3]string
	peer   [1]netip.Addr
}

// value keeps the only value of a header.
func (r *Request) value(i int, v string) []string {
	r.values[i] = v
	return r.values[i : i+1 : i+1]
}

// Context ends with the request, and when the work on it takes too long.
func (r *Request) Context() context.Context {
	if r.ctx.outer == nil {
		return r.Request.Context() // of a preflight
	}
	return &r.ctx
}

// routeName is the operation's id, or "page".
func (r *Request) routeName() string {
	if r.op != nil {
		return string(r.op.ID)
	}
	return "page"
}

// Link returns the absolute address of a path under the organisation's base URL.
func (r *Request) Link(path string) string { return r.Org.BaseURL + path }

// Param returns a path parameter, unescaped. A slash that was escaped in it
// stays part of the parameter.
func (r *Request) Param(name string) string {
	i := slices.Index(r.params.Keys, name)
	if i < 0 {
		return ""
	}
	v := r.params.Values[i]
	if r.Request.URL.RawPath == "" {
		return v
	}
	if u, err := url.PathUnescape(v); err == nil {
		return u
	}
	return v
}

// Q returns the query parameters.
func (r *Request) Q() url.Values {
	if r.query == nil {
		r.query = r.Request.URL.Query()
	}
	return r.query
}

// Bool returns a boolean query parameter; anything but true and false is an error.
func (r *Request) Bool(name string, absent bool) (bool, error) {
	switch v := r.Q().Get(name); v {
	case "":
		return absent, nil
	case "true", "TRUE", "True", "1":
		return true, nil
	case "false", "FALSE", "False", "0":
		return false, nil
	default:
		return false, &idp.Error{Kind: idp.KindBadRequest, Object: name, Causes: []idp.Cause{{Field: name, Text: "must be true or false"}}}
	}
}

// Int returns an integer query parameter; anything else is an error.
func (r *Request) Int(name string, absent int) (int, error) {
	v := r.Q().Get(name)
	if v == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, &idp.Error{Kind: idp.KindBadRequest, Object: name, Causes: []idp.Cause{{Field: name, Text: "must be a whole number"}}}
	}
	return n, nil
}

// Cookie returns a cookie's value, "" when there is none.
func (r *Request) Cookie(name string) string {
	if c, err := r.Request.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

// requestID takes over a caller's X-Request-Id when it is harmless, else makes
// one of 27 characters.
func requestID(r *http.Request, rnd env.Rand) string {
	if v := r.Header.Get("X-Request-Id"); len(v) >= 8 && len(v) <= 64 && plain(v) {
		return v
	}
	return env.Secret(rnd, "", 20)
}

func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
