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
	origin  string // of others to which it leads, "" for none
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
		return destination{address: address, origin: p.onward(r, address)}, nil
	}
	// The origin becomes part of a header that lists origins.
	if strings.ContainsAny(origin, ";, '*") {
		return destination{}, nil
	}
	return destination{address: address, origin: origin}, nil
}

// onward is the origin of others to which an address of ours leads at once: the
// policy of a page with a form counts all redirections that follow.
func (p *Pages) onward(r *httpkit.Request, address string) string {
	if p.cfg.Onward == nil {
		return ""
	}
	to := p.cfg.Onward(r.Context(), r.Org, address)
	if source := httpkit.Source(to); to != "" && source != "'none'" {
		return source
	}
	return ""
}

// originOf cuts an address to its origin, "" when it has none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
