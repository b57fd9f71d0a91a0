package httpkit

import (
	"context"
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/scim"
)

// Throttle is a limit on what somebody may do with one thing, e.g. one login,
// however many requests the organisation may make. Its name stands beside the
// buckets in the table of limits.
type Throttle string

// The throttles. (management reference: rate limits; the additional limits of
// the service's public texts)
const (
	// ThrottleUsername: sign-ins by one login over the classic interface and the
	// password grant, a second.
	ThrottleUsername Throttle = "username"
	// ThrottleUser: requests about one login to the identity engine and the
	// pages, in five seconds.
	ThrottleUser Throttle = "user"
	// ThrottleState: requests with one state token or handle, in five seconds.
	ThrottleState Throttle = "state-token"
	// ThrottleClient: beginnings of sign-ins from one address, a minute.
	ThrottleClient Throttle = "client"
)

// Throttles lists them.
func Throttles() []Throttle {
	return []Throttle{ThrottleUsername, ThrottleUser, ThrottleState, ThrottleClient}
}

// window is how long the throttle counts.
func (t Throttle) window() time.Duration {
	switch t {
	case ThrottleUsername:
		return time.Second
	case ThrottleUser, ThrottleState:
		return 5 * time.Second
	case ThrottleClient:
	}
	return window
}

// byLogin tells whether strangers could use the throttle up to keep somebody out.
func (t Throttle) byLogin() bool { return t == ThrottleUsername || t == ThrottleUser }

// maxThrottled bounds what one throttle counts in one window on one node. What
// comes beyond is left to the limits of the buckets.
const maxThrottled = 1 << 16

// throttleWindow is the present window of a throttle. All that it counts shares
// the window, so that the next one begins with nothing.
type throttleWindow struct {
	start  time.Time
	counts map[limitKey]*limitWindow
}

// hit counts a request in the throttle's present window.
func (l *Limits) hit(t Throttle, org, name string, now time.Time) (count int, start time.Time) {
	start = now.Truncate(t.window())
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.throttles[t]
	if w == nil || !w.start.Equal(start) {
		w = &throttleWindow{start: start, counts: map[limitKey]*limitWindow{}}
		l.throttles[t] = w
	}
	k := limitKey{org, name}
	c := w.counts[k]
	if c == nil {
		if len(w.counts) >= maxThrottled {
			return 0, start
		}
		c = &limitWindow{}
		w.counts[k] = c
	}
	c.count++
	return c.count + c.others, start
}

// Throttle counts a request against a throttle and refuses what is too much,
// with the three headers. thing is what is counted by: a login as it was typed,
// whosever it is, or a token. It does nothing where the throttle is not enforced.
func (r *Request) Throttle(t Throttle, thing string) error {
	if _, enforced := r.router.cfg.Limits.most[string(t)]; !enforced || thing == "" {
		return nil
	}
	if t.byLogin() {
		thing = scim.Fold(strings.TrimSpace(thing))
	}
	refused := r.throttle(t, thing)
	if idp.KindOf(refused) != idp.KindTooManyRequests || !t.byLogin() || r.router.cfg.Known == nil {
		return refused
	}
	known, err := r.router.cfg.Known(r.Context(), r.Actor, thing)
	if err != nil {
		return err
	}
	if !known {
		return refused
	}
	// Whoever is known there has a throttle of their own.
	return r.throttle(t, thing+"\n"+clientKey(r.client.IP))
}

// ThrottleClient counts a beginning of a sign-in against the caller's address.
func (r *Request) ThrottleClient() error { return r.Throttle(ThrottleClient, clientKey(r.client.IP)) }

func (r *Request) throttle(t Throttle, thing string) error {
	rt := r.router
	limit, now := rt.cfg.Limits.most[string(t)], rt.cfg.Clock.Now()
	name := string(t) + " " + base64.RawURLEncoding.EncodeToString(keys.Hash(thing))
	n, start := rt.cfg.Limits.hit(t, r.Org.ID, name, now)
	if n <= limit && rt.cfg.Count != nil && t != ThrottleClient {
		// The short windows are over before nodes could tell each other.
		all, err := rt.cfg.Count(r.Context(), r.Org.ID, name, start, t.window())
		if err != nil {
			return err
		}
		n = max(n, all)
	}
	if n <= limit {
		return nil
	}
	if n == limit+1 {
		rt.used(r, string(t), limit, LimitPassed)
	}
	reset := start.Add(t.window() + time.Second - 1).Unix()
	rt.limitHeaders(r.W.Header(), now, []string{strconv.Itoa(limit)}, []string{"0"}, reset)
	return idp.Fail(idp.KindTooManyRequests)
}

// clientKey is what a client's address counts as: of IPv6 the network of 64
// bits, which one subscriber has.
func clientKey(a netip.Addr) string {
	if a.Is6() {
		p, err := a.Prefix(64)
		if err == nil {
			return p.String()
		}
	}
	return a.String()
}

// SharedCount is what a node has counted in one window.
type SharedCount struct {
	OrgID, Name string
	Requests    int
}

// Share tells the other nodes what this one has counted in the present minute
// and learns what they have: exchange writes the first and returns the sums of
// the second. Between two calls a limit may be passed by what the others let in
// meanwhile. Throttles with short windows need none of this: they are counted
// exactly.
func (l *Limits) Share(ctx context.Context, now time.Time, exchange func(ctx context.Context, start time.Time, mine []SharedCount) ([]SharedCount, error)) error {
	if l.most == nil {
		return nil
	}
	start := now.Truncate(window)
	others, err := exchange(ctx, start, l.mine(start))
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range others {
		l.learn(start, o)
	}
	return nil
}

// mine lists what this node has counted in the minute from start on, of clients
// only those that come near the limit.
func (l *Limits) mine(start time.Time) []SharedCount {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []SharedCount
	for k, w := range l.windows {
		if _, limited := l.most[k.bucket]; limited && w.start == start.Unix() && w.count > 0 {
			out = append(out, SharedCount{k.org, k.bucket, w.count})
		}
	}
	if c := l.throttles[ThrottleClient]; c != nil && c.start.Equal(start) {
		for k, w := range c.counts {
			if w.count >= max(l.most[string(ThrottleClient)]/4, 1) {
				out = append(out, SharedCount{k.org, k.bucket, w.count})
			}
		}
	}
	return out
}

// learn notes what the others have counted. The lock is held.
func (l *Limits) learn(start time.Time, o SharedCount) {
	k := limitKey{o.OrgID, o.Name}
	if strings.HasPrefix(o.Name, string(ThrottleClient)+" ") {
		c := l.throttles[ThrottleClient]
		if c == nil || !c.start.Equal(start) {
			c = &throttleWindow{start: start, counts: map[limitKey]*limitWindow{}}
			l.throttles[ThrottleClient] = c
		}
		if c.counts[k] == nil && len(c.counts) < maxThrottled {
			c.counts[k] = &limitWindow{}
		}
		if w := c.counts[k]; w != nil {
			w.others = o.Requests
		}
		return
	}
	if _, limited := l.most[o.Name]; !limited {
		return
	}
	w := l.windows[k]
	if w == nil {
		w = &limitWindow{}
		l.windows[k] = w
	}
	if w.start != start.Unix() {
		*w = limitWindow{start: start.Unix()}
	}
	w.others = o.Requests
}
