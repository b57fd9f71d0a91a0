package httpkit

import (
	"context"
	"net/url"
	"strings"

	"usher/internal/idp"
)

// maxDestination bounds an address to be sent to, in bytes.
const maxDestination = 2048

// Destination checks an absolute address, or a path, to which a request wants
// the browser to be sent: it must lie at our own origin or at one that trusted
// accepts. It returns the address to use, "" for one that must not be used.
func (r *Request) Destination(raw string, trusted func(ctx context.Context, org *idp.Org, origin string) (bool, error)) (string, error) {
	if raw == "" || len(raw) > maxDestination {
		return "", nil
	}
	for i := range len(raw) {
		// Browsers take the backslash for a slash and drop control characters.
		if c := raw[i]; c <= ' ' || c > '~' || c == '\\' {
			return "", nil
		}
	}
	if strings.HasPrefix(raw, "/") {
		if strings.HasPrefix(raw, "//") {
			return "", nil
		}
		return r.Link(raw), nil
	}
	u := webAddress(raw)
	if u == nil {
		return "", nil
	}
	origin := originOf(raw)
	if origin == originOf(r.Org.BaseURL) {
		return u.String(), nil
	}
	if ok, err := trusted(r.Context(), r.Org, origin); err != nil || !ok {
		return "", err
	}
	return u.String(), nil
}

// webAddress reads an absolute address of the web, nil for what is none.
func webAddress(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.Opaque != "" {
		return nil
	}
	return u
}

// Source is the origin of an address as a content security policy names it, or
// its scheme where it has no host: addresses of applications on devices.
// "'none'" for what a policy cannot name.
func Source(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || strings.ContainsAny(u.Host, ";, '*") {
		return "'none'"
	}
	if u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}
