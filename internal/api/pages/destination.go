package pages

import (
	"net/url"
	"strings"

	"usher/internal/api/httpkit"
)

// destination is where a browser is sent when it is done. The zero value is
// the front page.
type destination struct {
	address string // a path of ours, or an absolute address
	origin  string // of an address that is not ours, "" else
}

// or is the address, or the path given where there is none.
func (d destination) or(path string) string {
	if d.address == "" {
		return path
	}
	return d.address
}

// maxDestination bounds an address to be sent to, in bytes.
const maxDestination = 2048

// destination checks an address that came with a request. Only our own origin
// and those that the organisation trusts for redirects are taken; anything
// else is as if it had not been given, so that nobody is led astray through us.
func (p *Pages) destination(r *httpkit.Request, raw string) (destination, error) {
	if raw == "" || len(raw) > maxDestination || !printable(raw) {
		return destination{}, nil
	}
	if strings.HasPrefix(raw, "/") {
		if strings.HasPrefix(raw, "//") {
			return destination{}, nil
		}
		return destination{address: raw}, nil
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.Opaque != "" {
		return destination{}, nil
	}
	origin := originOf(raw)
	if origin == originOf(r.Org.BaseURL) {
		return destination{address: u.String()}, nil
	}
	// The origin becomes part of a header that lists origins.
	if strings.ContainsAny(origin, ";, '*") {
		return destination{}, nil
	}
	ok, err := p.cfg.Redirectable(r.Context(), r.Org, origin)
	if err != nil || !ok {
		return destination{}, err
	}
	return destination{address: u.String(), origin: origin}, nil
}

// printable tells whether a text is visible ASCII without the backslash, which
// browsers take for a slash.
func printable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}

// originOf cuts an address to its origin, "" when it has none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
