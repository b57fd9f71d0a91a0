package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// Bounds of an exchange.
const (
	// Timeout bounds an exchange from the name's resolution to the answer's end.
	Timeout = 10 * time.Second
	// MaxAnswer is how many bytes of an answer's body are read.
	MaxAnswer = 64 << 10

	maxHeader = 32 << 10
	maxConns  = 16 // to one host
	idleLife  = 60 * time.Second
)

// ErrBlocked tells that an address may not be reached.
var ErrBlocked = errors.New("the address is not on the public internet: allow its network by --outbound-allow if that is meant")

// Config says what a Client may do.
type Config struct {
	// Allow lists inner networks that may be reached nonetheless.
	Allow []netip.Prefix
	// Roots are the certificates that are believed; nil for the system's.
	Roots *x509.CertPool
}

// Client makes requests. It is safe for concurrent use and keeps connections.
type Client struct{ http *http.Client }

// New returns a client.
func New(c Config) *Client {
	dialer := &net.Dialer{Timeout: Timeout / 2, Control: c.control}
	return &Client{http: &http.Client{
		Timeout: Timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: Timeout / 2, ResponseHeaderTimeout: Timeout, MaxResponseHeaderBytes: maxHeader,
			MaxConnsPerHost: maxConns, MaxIdleConnsPerHost: maxConns, IdleConnTimeout: idleLife,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// control looks at the address that is about to be connected to.
func (c Config) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q", ErrBlocked, address)
	}
	ip := at.Addr().Unmap().WithZone("")
	if Public(ip) {
		return nil
	}
	for _, n := range c.Allow {
		if n.Contains(ip) {
			return nil
		}
	}
	return ErrBlocked
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // at most MaxAnswer bytes; longer answers are cut
	Proto  string // e.g. "HTTP/2.0"
}

// Do makes one request and reads its answer, whatever its status. A redirect is
// an answer like any other. Errors name neither path nor query, which may hold
// secrets.
func (c *Client) Do(req *http.Request) (Answer, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{}, plain(req.URL, err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswer))
	err = errors.Join(err, res.Body.Close())
	if err != nil {
		return Answer{}, plain(req.URL, err)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Body: body, Proto: res.Proto}, nil
}

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// plain takes the URL out of an error and puts the host there.
func plain(u *url.URL, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = context.DeadlineExceeded
	}
	return fmt.Errorf("call %s: %w", u.Host, err)
}

// Target reads the address of an outbound request as somebody configures it:
// https, or http to this machine or an address of Allow; no user, no fragment.
func (c Config) Target(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, errors.New("it is no address of the form https://host/path")
	}
	if u.Scheme == "https" {
		return u, nil
	}
	if u.Scheme == "http" {
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && c.control("", netip.AddrPortFrom(ip, 1).String(), nil) == nil && !Public(ip) || u.Hostname() == "localhost" {
			return u, nil
		}
	}
	return nil, errors.New("it must begin with https:// (http:// is for an inner address that is allowed)")
}

// RetryAfter is how long the other side asks to be left alone, zero when it
// does not say. (RFC 9110 section 10.2.3)
func (a Answer) RetryAfter(now time.Time) time.Duration {
	text := a.Header.Get("Retry-After")
	if n, err := strconv.ParseInt(text, 10, 32); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
