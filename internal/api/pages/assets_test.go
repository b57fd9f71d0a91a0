package pages

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestAssets follows every address that a page and its style sheet load.
func TestAssets(t *testing.T) {
	b := newSite(t).browser(t)
	page := b.get("/login/login.htm")
	var addresses []string
	for _, m := range regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		addresses = append(addresses, m[1])
	}
	for _, a := range addresses {
		if strings.HasSuffix(a, ".css") {
			for _, m := range regexp.MustCompile(`url\("([^"]+)"\)`).FindAllStringSubmatch(b.get(a).body, -1) {
				addresses = append(addresses, "/assets/"+m[1])
			}
		}
	}
	if len(addresses) < 4 {
		t.Fatalf("the page loads %v", addresses)
	}
	for _, a := range addresses {
		got := b.get(a)
		if got.status != http.StatusOK || len(got.body) == 0 {
			t.Errorf("%s: status %d, %d bytes", a, got.status, len(got.body))
		}
		if !regexp.MustCompile(`\.[0-9a-f]{12}\.(css|svg)$`).MatchString(a) {
			t.Errorf("the name of %s does not change with its content", a)
		}
		h := got.header
		if h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Pragma") != "" || h.Get("Expires") != "" {
			t.Errorf("%s: Cache-Control %q, Pragma %q, Expires %q", a, h.Get("Cache-Control"), h.Get("Pragma"), h.Get("Expires"))
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s is not fenced in: %v", a, h)
		}
	}
	b.wants(b.get("/assets/usher.css"), http.StatusNotFound, "Page not found")
}

func TestUnknownAddresses(t *testing.T) {
	s := newSite(t)
	b := s.browser(t)
	b.wants(b.get("/nowhere"), http.StatusNotFound, "Page not found")
	b.wants(b.do(http.MethodDelete, "/login/login.htm", nil, nil), http.StatusMethodNotAllowed, "That does not work here")
	// Programs are answered in their own form, whatever they accept below the interfaces.
	for _, c := range []struct{ address, accept string }{
		{"/nowhere", "application/json"}, {"/nowhere", "*/*"}, {"/api/v1/nowhere", "text/html"}, {"/idp/nowhere", "text/html"},
	} {
		a := b.do(http.MethodGet, c.address, nil, func(r *http.Request) { r.Header.Set("Accept", c.accept) })
		if a.status != http.StatusNotFound || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s for %s: %d %s", c.address, c.accept, a.status, a.header.Get("Content-Type"))
		}
	}
	if a := b.do(http.MethodHead, "/login/login.htm", nil, nil); a.status != http.StatusOK {
		t.Errorf("HEAD: status %d", a.status)
	}
}

// TestErrorWithoutOrganisation holds that even a request that chose no
// organisation gets a page.
func TestErrorWithoutOrganisation(t *testing.T) {
	p := blank(t)
	v, w := visitor(nil)
	p.WriteError(v.Request, http.ErrBodyNotAllowed)
	d := audit(t, w.Body.String())
	if w.Code != http.StatusInternalServerError || !strings.Contains(d.all("title")[0].text, "Something went wrong · Usher") {
		t.Errorf("%d %q", w.Code, d.all("title")[0].text)
	}
}
