package httpkit

import (
	"net/netip"
	"strings"

	"usher/internal/idp"
)

// Proxies is a list of networks, e.g. those whose X-Forwarded-For is believed.
// Empty: nobody's.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks.
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, err := netip.ParseAddr(text)
			if err != nil {
				return nil, err
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Contains tells whether an address is in one of the networks.
func (p Proxies) Contains(a netip.Addr) bool {
	for _, n := range p {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Bounds on what a client says about itself.
const (
	maxUserAgent = 1024
	maxHops      = 10
)

// client notes where a request is from: the peer, or the address that the
// nearest trusted proxies name, walking from the last hop to the first.
func (rt *Router) client(r *Request) {
	c := &r.client
	c.RequestID, c.Method, c.Path, c.UserAgent = r.ID, r.Method, r.URL.Path, cut(r.UserAgent(), maxUserAgent)
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.IP = peer.Addr().Unmap()
	}
	r.peer[0] = c.IP
	chain := r.peer[:]
	if rt.cfg.Proxies.Contains(c.IP) {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && len(chain) < maxHops; i-- {
			a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break
			}
			chain = append([]netip.Addr{a.Unmap()}, chain...)
			c.IP = a.Unmap()
			if !rt.cfg.Proxies.Contains(c.IP) {
				break
			}
		}
	}
	c.Chain = chain
}

// Client says where the request is from.
func (r *Request) Client() idp.Client { return r.client }

// cut bounds a text by bytes and drops what is no valid UTF-8.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}
