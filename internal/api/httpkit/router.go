package httpkit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/openapi"
)

// GapHeader names the operation that Usher does not have yet.
const GapHeader = "X-Usher-Gap"

// Config is what the router needs. All members but Bearer, Blocked,
// Count, Known, Used and Observe are required.
type Config struct {
	Clock env.Clock
	Rand  env.Rand
	Log   *slog.Logger
	// Org returns the organisation that a host name chooses, with its BaseURL
	// filled in.
	Org func(ctx context.Context, host string) (*idp.Org, error)
	// Token proves a caller by an API token, else KindBadToken.
	Token func(ctx context.Context, org *idp.Org, secret string) (idp.Actor, error)
	// Bearer proves a caller by an access token, else KindBadToken; nil while
	// none are issued. The actor has the scopes of the token.
	Bearer func(ctx context.Context, org *idp.Org, b Bearer) (idp.Actor, error)
	// Session proves a caller by a session's secret, else KindNoCredentials.
	Session func(ctx context.Context, org *idp.Org, secret string) (idp.Actor, *idp.Session, error)
	// Trusted tells whether a web origin may call us from a browser.
	Trusted func(ctx context.Context, org *idp.Org, origin string) (bool, error)
	// Blocked tells whether an organisation refuses everything from an address;
	// nil for never.
	Blocked func(ctx context.Context, orgID string, client netip.Addr) (bool, error)
	Proxies Proxies
	Limits  *Limits
	// Count counts one request for a throttle exactly, over all nodes; nil where
	// this node is alone.
	Count func(ctx context.Context, orgID, name string, start time.Time, window time.Duration) (int, error)
	// Known tells whether the one whose login this is has signed in before from
	// where the caller is: strangers cannot use the caller's throttle up. nil
	// for never.
	Known func(ctx context.Context, a idp.Actor, login string) (bool, error)
	// Used is told once a window of a limit that is near, and of one that was
	// passed; nil for nobody.
	Used func(ctx context.Context, a idp.Actor, bucket string, limit int, use LimitUse) error
	// Observe gives what is told of every answer of a route, an operation id or a
	// fixed name; nil where nobody wants to know.
	Observe func(route string) func(status int, took time.Duration)
}

// Handler answers one request. An error it returns is written in the protocol's
// form; it must not have begun an answer then.
type Handler func(*Request) error

// ErrorWriter writes an error in a protocol's form.
type ErrorWriter func(*Request, error)

// Router serves the operations of the interface documents and further routes.
type Router struct {
	cfg    Config
	mux    *chi.Mux
	routes map[routeKey]*route // what the mux finds
	ops    map[openapi.ID]openapi.Operation
	built  map[openapi.ID]bool
	errors map[string]ErrorWriter
	// unknown writes the errors of paths and methods that are no route.
	unknown ErrorWriter
	// cors holds the paths that browsers of other origins may call.
	cors *chi.Mux
	// anyOrigin and anySite are the operations of AnyOrigin and AnySite; open has
	// the methods and paths of the former.
	anyOrigin map[openapi.ID]bool
	anySite   map[openapi.ID]bool
	open      map[string]bool

	searches sync.Pool             // of *chi.Context
	encoders sync.Pool             // of *encoder
	second   atomic.Pointer[stamp] // the headers of the present second
}

// routeKey names a route: its pattern, and its method or "" for all of them.
type routeKey struct{ method, pattern string }

// NewRouter returns a router without any handler.
func NewRouter(cfg Config) *Router {
	rt := &Router{
		cfg: cfg, mux: chi.NewRouter(), cors: chi.NewRouter(), routes: map[routeKey]*route{},
		searches: sync.Pool{New: func() any { return chi.NewRouteContext() }}, encoders: sync.Pool{New: func() any { return newEncoder() }},
		ops: map[openapi.ID]openapi.Operation{}, built: map[openapi.ID]bool{}, errors: map[string]ErrorWriter{},
		anyOrigin: map[openapi.ID]bool{}, anySite: map[openapi.ID]bool{}, open: map[string]bool{},
	}
	for _, op := range openapi.Operations() {
		rt.ops[op.ID] = op
	}
	rt.mux.NotFound(rt.unmet(func(*Request) error {
		return Status(http.StatusNotFound, "E0000008", "The requested path was not found")
	}))
	rt.mux.MethodNotAllowed(rt.unmet(rt.methodNotAllowed))
	return rt
}

// OnError makes w write the errors of a document's operations; others are
// written in the management interface's form.
func (rt *Router) OnError(document string, w ErrorWriter) { rt.errors[document] = w }

// OnUnknown makes w write the errors of requests that meet no route, e.g. as a
// page for people; without it they have the management interface's form.
func (rt *Router) OnUnknown(w ErrorWriter) { rt.unknown = w }

func (rt *Router) writeUnknown(r *Request, err error) {
	if rt.unknown != nil {
		rt.unknown(r, err)
		return
	}
	WriteError(r, err)
}

// Op registers the handler of an operation. Registering an unknown one, or one
// twice, is a mistake of the program and panics.
func (rt *Router) Op(id openapi.ID, h Handler) {
	op, ok := rt.ops[id]
	if !ok || rt.built[id] {
		panic(fmt.Sprintf("httpkit: operation %q is unknown or registered twice", id))
	}
	rt.built[id] = true
	rt.add(op, h)
}

// OpUnproved is Op for a handler that proves the caller itself, with
// Request.AuthenticateSession, and says in its own words when that fails.
func (rt *Router) OpUnproved(id openapi.ID, h Handler) {
	op := rt.ops[id]
	op.Auth = openapi.AuthNone
	rt.ops[id] = op
	rt.Op(id, h)
}

func (rt *Router) add(op openapi.Operation, h Handler) {
	ro := rt.route(&route{name: string(op.ID), op: &op, bucket: op.Bucket, handler: h, onError: rt.errors[op.Document]})
	rt.register(op.Method, op.Path, ro)
	if readOnly(&op) {
		rt.register(http.MethodHead, op.Path, ro)
	}
	if op.CORS {
		rt.cors.Method(op.Method, op.Path, http.NotFoundHandler())
		rt.open[op.Method+" "+op.Path] = rt.anyOrigin[op.ID]
	}
}

// Page registers a route that is no operation of the interface, e.g. a page
// for people. name is its label in metrics, bucket counts its rate.
func (rt *Router) Page(name, bucket, method, path string, onError ErrorWriter, h Handler) {
	rt.register(method, path, rt.route(&route{name: name, bucket: bucket, handler: h, onError: onError}))
}

// Mount hands a path and all below to a plain handler, e.g. static files.
func (rt *Router) Mount(name, path string, h http.Handler) {
	rt.register("", path, rt.route(&route{name: name, bucket: openapi.BucketAPI, handler: func(r *Request) error {
		h.ServeHTTP(r.W, r.WithContext(r.Context()))
		return nil
	}}))
}

// Close registers a gap for every operation that has no handler. It is called
// once, after all packages have registered theirs.
func (rt *Router) Close() {
	for _, op := range openapi.Operations() {
		if !rt.built[op.ID] {
			id := string(op.ID)
			rt.add(op, func(r *Request) error {
				r.W.Header().Set(GapHeader, id)
				return Status(http.StatusNotImplemented, "E0000060", "Unsupported operation.",
					"Usher does not have the operation "+id+" yet.")
			})
		}
	}
}

// Built lists the operations that have a handler, in the table's order.
func (rt *Router) Built() []openapi.ID {
	var out []openapi.ID
	for _, op := range openapi.Operations() {
		if rt.built[op.ID] {
			out = append(out, op.ID)
		}
	}
	return out
}

// ServeHTTP implements http.Handler.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		rt.preflight(w, r)
		return
	}
	path := r.URL.RawPath
	if path == "" {
		path = cmp.Or(r.URL.Path, "/")
	}
	found := rt.searches.Get().(*chi.Context)
	found.Reset()
	defer rt.searches.Put(found)
	if ro := rt.find(found, r.Method, path); ro != nil {
		rt.serve(ro, found, w, r)
		return
	}
	rt.mux.ServeHTTP(w, r) // which tells what is unknown from what has other methods
}

// find returns the route of a method and a path, and its parameters in found;
// nil for none. The mux's own ServeHTTP would copy the request.
func (rt *Router) find(found *chi.Context, method, path string) *route {
	pattern := rt.mux.Find(found, method, path)
	if pattern == "" {
		return nil
	}
	if ro := rt.routes[routeKey{method, pattern}]; ro != nil {
		return ro
	}
	return rt.routes[routeKey{"", pattern}]
}

// register adds a route under a method, "" for all of them.
func (rt *Router) register(method, pattern string, ro *route) {
	unused := http.NotFoundHandler() // find looks the route up by itself
	if method == "" {
		rt.mux.Handle(pattern, unused)
	} else {
		rt.mux.Method(method, pattern, unused)
	}
	rt.routes[routeKey{method, pattern}] = ro
}

// route is one registered route.
type route struct {
	name    string
	op      *openapi.Operation // nil for pages
	bucket  string
	limit   []string // the header that tells the bucket's limit
	handler Handler
	onError ErrorWriter
	observe func(status int, took time.Duration)
}

// route completes a route.
func (rt *Router) route(ro *route) *route {
	if ro.onError == nil {
		ro.onError = WriteError
	}
	ro.limit = []string{strconv.Itoa(rt.cfg.Limits.limitOf(ro.bucket))}
	if ro.observe = func(int, time.Duration) {}; rt.cfg.Observe != nil {
		ro.observe = rt.cfg.Observe(ro.name)
	}
	return ro
}

// unmet answers requests that meet no route.
func (rt *Router) unmet(h Handler) http.HandlerFunc {
	ro := rt.route(&route{name: "unknown", bucket: openapi.BucketAPI, onError: rt.writeUnknown, handler: h})
	return func(w http.ResponseWriter, r *http.Request) { rt.serve(ro, chi.NewRouteContext(), w, r) }
}

func (rt *Router) serve(ro *route, found *chi.Context, w http.ResponseWriter, hr *http.Request) {
	r := &Request{Request: hr, router: rt, op: ro.op, writeError: ro.onError, params: found.URLParams, rec: recorder{ResponseWriter: w}}
	r.ctx.begun, r.ctx.outer = env.StartWatch(), hr.Context()
	r.W = &r.rec
	rt.prepare(r)
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // a sentinel, as net/http compares it
				r.ctx.end()
				panic(p)
			}
			rt.cfg.Log.ErrorContext(r.Context(), "panic", "requestId", r.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			rt.fail(r, errors.New("panic"))
		}
		r.ctx.end()
		rt.observe(ro, r)
	}()
	if err := rt.admit(ro, r); err != nil {
		rt.fail(r, err)
		return
	}
	if err := ro.handler(r); err != nil {
		rt.fail(r, err)
	}
}

// prepare sets the headers of every answer and says where the request is from.
func (rt *Router) prepare(r *Request) {
	r.ID = requestID(r.Request, rt.cfg.Rand)
	h := r.W.Header()
	h["X-Okta-Request-Id"] = r.value(0, r.ID)
	h["X-Content-Type-Options"] = always.noSniff
	rt.client(r)
	r.Actor.Kind, r.Actor.Client = idp.ActorAnonymous, r.client
}

// admit finds the organisation, counts the request against its limits, proves
// the caller and checks whether the caller's roles allow the operation.
func (rt *Router) admit(ro *route, r *Request) error {
	if s := r.URL.Scheme; s != "" && s != "http" && s != "https" {
		return idp.Fail(idp.KindBadRequest)
	}
	org, err := rt.cfg.Org(r.Context(), r.Host)
	if err != nil {
		return err
	}
	r.Org, r.Actor.Org = org, org
	if err := rt.refuseBlocked(r); err != nil {
		rt.showLimit(r.W.Header(), org.ID, ro.bucket)
		return err
	}
	if err := rt.limit(ro, r); err != nil {
		return err
	}
	if err := rt.allowOrigin(ro, r); err != nil {
		return err
	}
	if ro.op == nil {
		return nil
	}
	if err := checkAccept(ro.op, r.Request); err != nil {
		return err
	}
	if err := rt.authenticate(ro.op, r); err != nil {
		return err
	}
	return authorize(ro.op, r)
}

// refuseBlocked refuses the clients that the organisation refuses altogether.
func (rt *Router) refuseBlocked(r *Request) error {
	if rt.cfg.Blocked == nil {
		return nil
	}
	blocked, err := rt.cfg.Blocked(r.Context(), r.Org.ID, r.client.IP)
	if err == nil && blocked {
		return idp.Fail(idp.KindForbidden)
	}
	return err
}

func (rt *Router) fail(r *Request, err error) {
	if r.rec.status != 0 {
		return // an answer has begun
	}
	if Unexpected(err) && !errors.Is(err, context.Canceled) {
		rt.cfg.Log.ErrorContext(r.Context(), "request failed", "requestId", r.ID, "method", r.Method, "route", r.routeName(), "error", err.Error())
	}
	delete(r.W.Header(), "Cache-Control") // how long the answer might be kept says nothing of the failure
	r.writeError(r, err)
}

func (rt *Router) observe(ro *route, r *Request) {
	if r.rec.status == 0 {
		r.rec.WriteHeader(http.StatusOK)
	}
	status, took := r.rec.status, r.ctx.begun.Elapsed()
	ro.observe(status, took)
	if rt.cfg.Log.Enabled(r.Context(), slog.LevelDebug) {
		rt.cfg.Log.DebugContext(r.Context(), "request", "requestId", r.ID, "method", r.Method, "route", ro.name,
			"status", status, "took", took, "ip", r.client.IP.String(), "traceparent", traceparent(r.Request))
	}
}

// recorder notes the status of an answer. What does not say itself how long it
// may be kept is not to be kept at all.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		if h := w.Header(); h["Cache-Control"] == nil {
			h["Cache-Control"], h["Pragma"], h["Expires"] = always.noStore, always.noCache, always.zero
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// traceparent returns a well-formed W3C trace context header, else "".
func traceparent(r *http.Request) string {
	v := r.Header.Get("Traceparent")
	if len(v) != 55 || strings.Trim(v, "0123456789abcdef-") != "" {
		return ""
	}
	return v
}
