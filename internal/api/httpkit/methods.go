package httpkit

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"usher/openapi"
)

// readOnly tells whether an operation only reads, so that HEAD may stand for
// its GET (RFC 9110 section 9.3.2). The browser addresses of sign-in and of
// OAuth are left out: some of them spend a secret.
func readOnly(op *openapi.Operation) bool {
	switch op.Document {
	case openapi.DocumentManagement, openapi.DocumentManagementExtra, openapi.DocumentMyAccount:
		return op.Method == http.MethodGet
	}
	return false
}

// methodNotAllowed refuses a method that a path does not have and names those
// that it has (RFC 9110 section 15.5.6).
func (rt *Router) methodNotAllowed(r *Request) error {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if rt.mux.Match(chi.NewRouteContext(), m, path) {
			allowed = append(allowed, m)
		}
	}
	r.W.Header()["Allow"] = []string{strings.Join(allowed, ", ")}
	return Status(http.StatusMethodNotAllowed, "E0000022", "The endpoint does not support the provided HTTP method")
}
