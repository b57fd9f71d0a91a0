package gooidc

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"usher/compat/devserver"
)

// browser is a browser without scripts. It follows redirects inside the server
// and stops at the first that leads elsewhere.
type browser struct {
	client *http.Client
	origin string
}

func newBrowser(t *testing.T, s *devserver.Server) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{client: &http.Client{Jar: jar}, origin: s.URL}
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), b.origin+"/") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

// page is where a way through the server ended: a text of the server, or an
// address elsewhere.
type page struct {
	at        *url.URL
	text      string
	elsewhere *url.URL
}

// take takes an answer as the end of a way.
func (b *browser) take(t *testing.T, r *http.Response, err error) page {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode/100 == 3 {
		to, err := r.Location()
		if err != nil {
			t.Fatal(err)
		}
		return page{elsewhere: to}
	}
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d: %s", r.Request.URL, r.StatusCode, text)
	}
	return page{at: r.Request.URL, text: string(text)}
}

func (b *browser) open(t *testing.T, address string) page {
	t.Helper()
	r, err := b.client.Get(address)
	return b.take(t, r, err)
}

var stateField = regexp.MustCompile(`name="stateToken" value="([^"]+)"`)

// send sends a step of the sign-in form.
func (b *browser) send(t *testing.T, p page, pairs ...string) page {
	t.Helper()
	m := stateField.FindStringSubmatch(p.text)
	if m == nil {
		t.Fatalf("no form at %v: %s", p.at, p.text)
	}
	form := url.Values{"stateToken": {html.UnescapeString(m[1])}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := b.client.PostForm(b.origin+"/login/login.htm", form)
	return b.take(t, r, err)
}

// signIn goes to an address that asks for a sign-in and returns the parameters
// of the address elsewhere that the browser is sent to in the end.
func (b *browser) signIn(t *testing.T, address string, who devserver.Login) url.Values {
	t.Helper()
	first := b.open(t, address)
	next := b.send(t, first, "step", "identify", "username", who.Login, "fromURI", first.at.Query().Get("fromURI"))
	last := b.send(t, next, "step", "password", "password", who.Password)
	if last.elsewhere == nil || !strings.HasPrefix(last.elsewhere.String(), callback+"?") {
		t.Fatalf("the sign-in ends at %v %v: %s", last.at, last.elsewhere, last.text)
	}
	return last.elsewhere.Query()
}
