package httpkit

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"usher/internal/idp"
	"usher/openapi"
)

// corsHeaders are what scripts of trusted origins may send and read.
const (
	corsAllowHeaders = "content-type, accept, authorization, x-okta-user-agent-extended, x-device-fingerprint, x-device-token, x-okta-xsrftoken, okta-response, dpop"
	corsExpose       = "X-Okta-Request-Id, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Reset, WWW-Authenticate, Link, DPoP-Nonce"
)

// AnyOrigin lets scripts of every origin call operations at which a cookie counts
// for nothing. Which of them may is for the handlers: Request.Foreign.
func (rt *Router) AnyOrigin(ids ...openapi.ID) {
	for _, id := range ids {
		rt.anyOrigin[id] = true
	}
}

// AnySite lets pages of every site post forms to operations to which applications
// send browsers, and which do with a cookie no more than a link to them does.
func (rt *Router) AnySite(ids ...openapi.ID) {
	for _, id := range ids {
		rt.anySite[id] = true
	}
}

// allowOrigin answers to trusted origins that they may read the answer, and
// refuses writes by which a page of another origin would use the caller's
// cookie. Callers that are no browsers send no Origin.
func (rt *Router) allowOrigin(ro *route, r *Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" || origin == originOf(r.Org.BaseURL) {
		return nil
	}
	trusted, err := rt.cfg.Trusted(r.Context(), r.Org, origin)
	if err != nil {
		return err
	}
	if trusted && ro.op != nil && ro.op.CORS {
		h := r.W.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Expose-Headers", corsExpose)
		h.Add("Vary", "Origin")
		return nil
	}
	if ro.op != nil && rt.anySite[ro.op.ID] {
		return nil
	}
	if ro.op != nil && rt.anyOrigin[ro.op.ID] {
		r.Foreign = origin
		h := r.W.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", corsExpose)
		h.Add("Vary", "Origin")
		return nil
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !safe && r.Header.Get("Authorization") == "" && r.Header.Get("Cookie") != "" {
		return idp.Fail(idp.KindForbidden)
	}
	return nil
}

// preflight answers the question of a browser whether it may call.
func (rt *Router) preflight(w http.ResponseWriter, r *http.Request) {
	rt.prepare(&Request{Request: r, W: w})
	origin := r.Header.Get("Origin")
	w.Header().Add("Vary", "Origin")
	org, err := rt.cfg.Org(r.Context(), r.Host)
	if err == nil {
		rt.showLimit(w.Header(), org.ID, openapi.BucketAPI)
	}
	method, route := r.Header.Get("Access-Control-Request-Method"), chi.NewRouteContext()
	if err == nil && origin != "" && rt.cors.Match(route, method, r.URL.EscapedPath()) {
		trusted := origin == originOf(org.BaseURL)
		if !trusted {
			trusted, err = rt.cfg.Trusted(r.Context(), org, origin)
		}
		if err == nil && (trusted || rt.open[method+" "+route.RoutePattern()]) {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			if trusted {
				h.Set("Access-Control-Allow-Credentials", "true")
			}
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
			h.Set("Access-Control-Allow-Headers", corsAllowHeaders)
			h.Set("Access-Control-Max-Age", "86400")
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// originOf cuts an address to its origin.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
