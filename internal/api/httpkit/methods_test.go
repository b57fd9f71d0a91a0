package httpkit_test

import (
	"net/http"
	"testing"

	"usher/internal/api/httpkit"
	"usher/openapi"
)

// TestHead asks for the headers of what only reads, and for those of an address
// whose GET spends a secret.
func TestHead(t *testing.T) {
	w := newWorld(t, nil)
	w.Op(openapi.ListUsers, func(r *httpkit.Request) error { return r.OK([]string{}) })
	w.Op(openapi.IdxTokenRedirect, func(*httpkit.Request) error { t.Error("HEAD has spent a secret"); return nil })
	w.Close()
	for target, status := range map[string]int{"/api/v1/users": 200, "/api/v1/groups": 501, "/api/v1/nothing": 404, "/login/token/redirect": 405} {
		if rec := w.do("HEAD", target, ssws("SUPER_ADMIN"), ""); rec.Code != status {
			t.Errorf("HEAD %s: %d, want %d", target, rec.Code, status)
		}
	}
	if rec := w.do("HEAD", "/api/v1/users", nil, ""); rec.Code != 403 {
		t.Errorf("HEAD without credentials: %d", rec.Code)
	}
}

// TestMethodNotAllowedNamesTheOthers (RFC 9110 section 15.5.6).
func TestMethodNotAllowedNamesTheOthers(t *testing.T) {
	w := newWorld(t, nil)
	w.Page("page", openapi.BucketAPI, "POST", "/page", nil, func(*httpkit.Request) error { return nil })
	w.Close()
	for target, want := range map[string]string{
		"/api/v1/users":                "GET, HEAD, POST",
		"/api/v1/users/ann%2Fexample":  "GET, HEAD, POST, PUT, DELETE",
		"/api/v1/groups/00g/users/00u": "PUT, DELETE",
		"/page":                        "POST",
	} {
		if rec := w.do("PATCH", target, nil, ""); rec.Code != 405 || rec.Header().Get("Allow") != want {
			t.Errorf("PATCH %s: %d, Allow %q, want %q", target, rec.Code, rec.Header().Get("Allow"), want)
		}
	}
}

// TestPreflightHasTheHeadersOfEveryAnswer: its request can be found again.
func TestPreflightHasTheHeadersOfEveryAnswer(t *testing.T) {
	w := newWorld(t, nil)
	w.Close()
	rec := w.do("OPTIONS", "/api/v1/authn", http.Header{"Origin": {"https://app.example.com"}, "Access-Control-Request-Method": {"POST"}}, "")
	if h := rec.Header(); rec.Code != 204 || h.Get("X-Okta-Request-Id") == "" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
}
