package control

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSamplePage(t *testing.T) {
	get := func(s Sample, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		New(Config{Sample: s}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:1"+path, nil))
		return w
	}
	s := Sample{Issuer: "http://localhost:8080/oauth2/default", Origin: "http://localhost:8080", ClientID: "0oa1"}
	page := get(s, "/sample")
	if page.Code != 200 || !strings.Contains(page.Body.String(), `data-issuer="http://localhost:8080/oauth2/default" data-client="0oa1"`) ||
		!strings.Contains(page.Header().Get("Content-Security-Policy"), "connect-src http://localhost:8080;") {
		t.Errorf("%d %s", page.Code, page.Body)
	}
	if script := get(s, "/sample.js"); script.Code != 200 || !strings.HasPrefix(script.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("%d", script.Code)
	}
	if none := get(Sample{}, "/sample"); none.Code != 404 {
		t.Errorf("%d", none.Code)
	}
}
