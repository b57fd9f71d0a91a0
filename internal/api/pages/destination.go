package pages

import (
	"net/url"
	"strings"

	"usher/internal/api/httpkit"
)

// destination is where a browser is sent when it is done. The zero value is
// nowhere in particular.
type destination struct {
	address string // absolute, checked
	origin  string // of an address that is not ours, "" else
}

// or is the address, or the path given where there is none.
func (d destination) or(path string) string {
	if d.address == "" {
		return path
	}
	return d.address
}

// destination checks an address that came with a request. Only our own origin
// and those that the organisation trusts for redirects are taken; anything
// else is as if it had not been given, so that nobody is led astray through us.
func (p *Pages) destination(r *httpkit.Request, raw string) (destination, error) {
	address, err := r.Destination(raw, p.cfg.Redirectable)
	if err != nil || address == "" {
		return destination{}, err
	}
	origin := originOf(address)
	if origin == originOf(r.Org.BaseURL) {
		return destination{address: address}, nil
	}
	// The origin becomes part of a header that lists origins.
	if strings.ContainsAny(origin, ";, '*") {
		return destination{}, nil
	}
	return destination{address: address, origin: origin}, nil
}

// originOf cuts an address to its origin, "" when it has none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
