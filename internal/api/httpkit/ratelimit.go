package httpkit

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"usher/internal/idp"
)

// window is the length of a rate limit's window.
const window = time.Minute

// unlimited is what answers tell where limits are not enforced.
const unlimited = 1_000_000

// Limits are requests a minute by bucket, and the throttles (see Throttle).
// Buckets count by organisation in fixed windows of a minute: the requests to
// this node, and with Share those to the others, a moment late.
type Limits struct {
	most      map[string]int // by bucket and throttle; nil: nothing is enforced
	mu        sync.Mutex
	windows   map[limitKey]*limitWindow
	throttles map[Throttle]*throttleWindow
}

type limitKey struct{ org, bucket string }

type limitWindow struct {
	start  int64 // Unix seconds
	count  int
	others int // what other nodes have counted, as far as this one knows
	told   LimitUse
}

// LimitUse is how much of a limit is used up, as far as somebody is told of it.
type LimitUse uint8

// The uses.
const (
	LimitFree   LimitUse = iota
	LimitNear            // more than nearLimit
	LimitPassed          // all of it, and a request more
)

// nearLimit is the percentage of a limit beyond which it is near. (Okta
// developer guide "Rate limit dashboard", the default of the warning)
const nearLimit = 60

// use tells how much of a limit is used up, where that has not been told in this
// window, else LimitFree.
func (w *limitWindow) use(limit int) LimitUse {
	used, now := w.count+w.others, LimitFree
	switch {
	case limit == unlimited:
	case used > limit:
		now = LimitPassed
	case used*100 > limit*nearLimit:
		now = LimitNear
	}
	if now <= w.told {
		return LimitFree
	}
	w.told = now
	return now
}

// NewLimits returns limits by bucket and throttle; with nil nothing is enforced.
func NewLimits(most map[string]int) *Limits {
	return &Limits{most: most, windows: map[limitKey]*limitWindow{}, throttles: map[Throttle]*throttleWindow{}}
}

// OktaLimits are the published figures of a workforce organisation, throttles
// included.
func OktaLimits() map[string]int {
	out := AbuseLimits()
	maps.Copy(out, map[string]int{
		"authn": 500, "authn.verify": 500, "sessions": 750, "users": 600, "users.get": 2000, "users.write": 600,
		"groups": 500, "groups.id": 1000, "apps": 100, "apps.id": 500, "logs": 120, "api": 1200,
		"oauth2": 2000, "oauth2.authorize": 2000, "oauth2.token": 2000, "oauth2.other": 600, "idx": 1200, "myaccount": 600,
		string(ThrottleClient): 60,
	})
	return out
}

// AbuseLimits are the throttles alone that keep guessing slow: those that one
// who signs in by hand never meets.
func AbuseLimits() map[string]int {
	return map[string]int{string(ThrottleUsername): 4, string(ThrottleUser): 20, string(ThrottleState): 10}
}

// count counts one request and tells the limit, what remains, when the window
// ends (Unix seconds), and whether the limit is near or passed with it.
func (l *Limits) count(org, bucket string, now time.Time) (limit, remaining int, reset int64, use LimitUse) {
	limit = l.limitOf(bucket)
	start := now.Truncate(window).Unix()
	reset = start + int64(window/time.Second)
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[limitKey{org, bucket}]
	if w == nil {
		w = &limitWindow{}
		l.windows[limitKey{org, bucket}] = w
	}
	if w.start != start {
		*w = limitWindow{start: start}
	}
	w.count++
	return limit, limit - w.count - w.others, reset, w.use(limit)
}

func (l *Limits) limitOf(bucket string) int {
	if n, ok := l.most[bucket]; ok {
		return n
	}
	return unlimited
}

// peek is count without counting.
func (l *Limits) peek(org, bucket string, now time.Time) (limit, remaining int, reset int64) {
	limit = l.limitOf(bucket)
	start := now.Truncate(window).Unix()
	reset = start + int64(window/time.Second)
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.windows[limitKey{org, bucket}]; w != nil && w.start == start {
		return limit, limit - w.count - w.others, reset
	}
	return limit, limit, reset
}

// showLimit sets the three headers on an answer that costs nothing: a
// preflight, or a refusal that comes before the count.
func (rt *Router) showLimit(h http.Header, org, bucket string) {
	now := rt.cfg.Clock.Now()
	limit, remaining, reset := rt.cfg.Limits.peek(org, bucket, now)
	rt.limitHeaders(h, now, []string{strconv.Itoa(limit)}, []string{strconv.Itoa(max(remaining, 0))}, reset)
}

// limit counts a request, sets the three headers and refuses what is too much.
func (rt *Router) limit(ro *route, r *Request) error {
	now := rt.cfg.Clock.Now()
	limit, remaining, reset, use := rt.cfg.Limits.count(r.Org.ID, ro.bucket, now)
	rt.limitHeaders(r.W.Header(), now, ro.limit, r.value(1, strconv.Itoa(max(remaining, 0))), reset)
	if use != LimitFree {
		rt.used(r, ro.bucket, limit, use)
	}
	if remaining >= 0 || limit == unlimited {
		return nil
	}
	return idp.Fail(idp.KindTooManyRequests)
}

// used tells once a window that a limit is near, and that it was passed.
func (rt *Router) used(r *Request, bucket string, limit int, use LimitUse) {
	if rt.cfg.Used == nil {
		return
	}
	if err := rt.cfg.Used(r.Context(), r.Actor, bucket, limit, use); err != nil {
		rt.cfg.Log.ErrorContext(r.Context(), "the use of a limit was not recorded", "requestId", r.ID, "error", err.Error())
	}
}

// stamp are the values of the headers that answers of one second share.
type stamp struct {
	second, reset         int64
	dateValue, resetValue []string
}

// limitHeaders sets the headers about a limit. Clients wait for Reset minus
// Date: both must come from one clock.
func (rt *Router) limitHeaders(h http.Header, now time.Time, limit, remaining []string, reset int64) {
	s := rt.second.Load()
	if s == nil || s.second != now.Unix() || s.reset != reset {
		s = &stamp{now.Unix(), reset, []string{now.Format(http.TimeFormat)}, []string{strconv.FormatInt(reset, 10)}}
		rt.second.Store(s)
	}
	h["X-Rate-Limit-Limit"], h["X-Rate-Limit-Remaining"] = limit, remaining
	h["X-Rate-Limit-Reset"], h["Date"] = s.resetValue, s.dateValue
}
