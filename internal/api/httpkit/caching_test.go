package httpkit_test

import (
	"net/http"
	"testing"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/openapi"
)

// TestNothingIsKeptUnlessItSaysSo: an answer is not to be kept by anybody unless
// its handler says how long, and a failure never.
func TestNothingIsKeptUnlessItSaysSo(t *testing.T) {
	kept := func(r *httpkit.Request) { r.W.Header().Set("Cache-Control", "public, max-age=60") }
	for name, row := range map[string]struct {
		handler httpkit.Handler
		control string
	}{
		"with a status": {func(r *httpkit.Request) error { return r.NoContent() }, "no-cache, no-store"},
		"with a body":   {func(r *httpkit.Request) error { _, err := r.W.Write([]byte("x")); return err }, "no-cache, no-store"},
		"with nothing":  {func(*httpkit.Request) error { return nil }, "no-cache, no-store"},
		"that is kept":  {func(r *httpkit.Request) error { kept(r); return r.NoContent() }, "public, max-age=60"},
		"that fails":    {func(r *httpkit.Request) error { kept(r); return idp.Fail(idp.KindNotFound) }, "no-cache, no-store"},
		"that panics":   {func(r *httpkit.Request) error { kept(r); panic("x") }, "no-cache, no-store"},
	} {
		w := newWorld(t, nil)
		w.Page("page", openapi.BucketAPI, http.MethodGet, "/page", nil, row.handler)
		h := w.do(http.MethodGet, "/page", nil, "").Header()
		old := h.Get("Pragma") + " " + h.Get("Expires")
		if got := h.Get("Cache-Control"); got != row.control || (old == "no-cache 0") != (row.control == "no-cache, no-store") {
			t.Errorf("an answer %s: %q, %q", name, got, old)
		}
	}
}
