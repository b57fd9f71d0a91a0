package pages

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/internal/idp"
	"usher/internal/signin/signintest"
)

// destinations are addresses with what becomes of them, "" for none.
func destinations() map[string]string {
	return map[string]string{
		"":                                    "",
		"/":                                   "https://id.example.com/",
		"/app/one?x=1#y":                      "https://id.example.com/app/one?x=1#y",
		"/.//evil.example":                    "https://id.example.com/.//evil.example", // a path of ours, to a browser too
		"https://id.example.com/a":            "https://id.example.com/a",
		"HTTPS://ID.example.com/a":            "https://ID.example.com/a",
		partner + "/x?y=z":                    partner + "/x?y=z",
		partner:                               partner,
		partner + ":443/x":                    "",
		"//evil.example":                      "",
		"///evil.example":                     "",
		`/\evil.example`:                      "",
		`\\evil.example`:                      "",
		"/\t/evil.example":                    "",
		" //evil.example":                     "",
		"\n//evil.example":                    "",
		"https://evil.example":                "",
		"http://id.example.com/":              "",
		"https://id.example.com.evil.example": "",
		"https://id.example.com@evil.example": "",
		"https://user@id.example.com/":        "",
		"https:evil.example":                  "",
		"https:/evil.example":                 "",
		"https:///evil.example":               "",
		"javascript:alert(1)":                 "",
		"data:text/html,x":                    "",
		"evil.example":                        "",
		"https://partner.example.net;x/":      "",
		"https://partner.example.net, *":      "",
		"https://id.ex\u00e4mple.com/":        "",
		"/" + strings.Repeat("x", 2048):       "",
	}
}

func TestDestinations(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	for raw, want := range destinations() {
		b := s.browser(t)
		where := want
		if want == "" {
			where = "/"
		}
		b.goesTo(b.signIn("/login/login.htm?fromURI="+url.QueryEscape(raw), isaac, signintest.Password), http.StatusSeeOther, where)
		b.goesTo(b.get("/login/login.htm?fromURI="+url.QueryEscape(raw)), http.StatusFound, where)
		out := want
		if want == "" {
			out = "/login/login.htm?signedout"
		}
		b.goesTo(b.post(pathSignOut, url.Values{"fromURI": {raw}}), http.StatusSeeOther, out)
	}
}

// TestHiddenDestinationIsChecked holds that the hidden field of the form is
// believed no more than the address.
func TestHiddenDestinationIsChecked(t *testing.T) {
	s := newSite(t)
	s.User(isaac)
	b := s.browser(t)
	b.get("/login/login.htm")
	b.submit("username", isaac, "fromURI", "https://evil.example/", "stateToken", "")
	b.goesTo(b.submit("password", signintest.Password, "fromURI", "https://evil.example/"), http.StatusSeeOther, "/")
}

// TestFormMayLeadToPartner holds that browsers let the form's answer lead to a
// trusted origin, and to no other.
func TestFormMayLeadToPartner(t *testing.T) {
	b := newSite(t).browser(t)
	for from, want := range map[string]string{
		"":                      "form-action 'self';",
		partner + "/x":          "form-action 'self' " + partner + ";",
		"https://evil.example/": "form-action 'self';",
	} {
		got := b.get("/login/login.htm?fromURI=" + url.QueryEscape(from)).header.Get("Content-Security-Policy")
		if !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s in it", from, got, want)
		}
	}
}

// FuzzDestination looks for an address that is taken and leads a browser away.
func FuzzDestination(f *testing.F) {
	for raw := range destinations() {
		f.Add(raw)
	}
	p := &Pages{cfg: Config{Redirectable: func(_ context.Context, _ *idp.Org, origin string) (bool, error) { return origin == partner, nil }}}
	base, err := url.Parse(acme().BaseURL + "/login/login.htm")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v, _ := visitor(acme())
		d, err := p.destination(v.Request, raw)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(d.address, "\\ \t\r\n") {
			t.Fatalf("%q became %q", raw, d.address)
		}
		to, err := base.Parse(d.address)
		if err != nil {
			return // no browser goes there
		}
		origin := strings.ToLower(to.Scheme + "://" + to.Host)
		if origin != acme().BaseURL && origin != partner {
			t.Fatalf("%q leads to %q", raw, origin)
		}
		if d.origin != "" && d.origin != partner {
			t.Fatalf("%q opens the form to %q", raw, d.origin)
		}
	})
}
