package pages

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/signin/signintest"
)

// partner is the one origin that the organisation of the tests trusts.
const partner = "https://partner.example.net"

// site is the pages on a real engine and database, behind a real router.
type site struct {
	*signintest.World
	router *httpkit.Router
}

func framedByNobody(context.Context, *idp.Org) ([]string, error) { return nil, nil }

func newSite(t *testing.T) *site { return siteOf(t, signintest.NewSQLite(t)) }

func siteOf(t *testing.T, w *signintest.World) *site {
	t.Helper()
	p, err := New(Config{
		Engine: w.Engine, Sessions: w.Sessions, Rand: w.Rand,
		Redirectable: func(_ context.Context, _ *idp.Org, origin string) (bool, error) { return origin == partner, nil },
		FramedBy:     framedByNobody,
		Offered: func(ctx context.Context, org *idp.Org) (bool, bool, error) {
			o, err := w.Policies.SelfServiceOffered(w.Store.Read(ctx), org.ID)
			return o.Reset && o.Email, o.Unlock && o.Email, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	never := func(context.Context, *idp.Org, string) (bool, error) { return false, nil }
	r := httpkit.NewRouter(httpkit.Config{
		Clock: w.Clock, Rand: w.Rand, Log: slog.New(slog.DiscardHandler), Trusted: never, Limits: httpkit.NewLimits(nil),
		Org: func(context.Context, string) (*idp.Org, error) { return w.Org, nil },
		Session: func(ctx context.Context, org *idp.Org, secret string) (idp.Actor, *idp.Session, error) {
			v, err := w.Sessions.Lookup(ctx, org.ID, secret)
			if err != nil {
				return idp.Actor{}, nil, idp.Fail(idp.KindNoCredentials)
			}
			return idp.Actor{Kind: idp.ActorUser, UserID: v.UserID, Login: v.Login, Name: "Isaac Brock", SessionID: v.ID}, v, nil
		},
	})
	p.Mount(r)
	r.Close()
	return &site{World: w, router: r}
}

// browser keeps cookies and the last page, and fills in forms as a browser does.
type browser struct {
	t       *testing.T
	site    *site
	cookies map[string]string
	set     map[string]*http.Cookie // as they were set last
	last    *answer
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (s *site) browser(t *testing.T) *browser {
	return &browser{t: t, site: s, cookies: map[string]string{}, set: map[string]*http.Cookie{}}
}

// do sends a request; change may alter it first.
func (b *browser) do(method, address string, body io.Reader, change func(*http.Request)) *answer {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://id.example.com"+address, body)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	b.site.router.ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		b.set[c.Name] = c
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	b.last = &answer{status: w.Code, header: w.Header(), body: w.Body.String()}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		audit(b.t, b.last.body)
		auditHeaders(b.t, w.Header())
	}
	return b.last
}

func (b *browser) get(address string) *answer {
	b.t.Helper()
	return b.do(http.MethodGet, address, nil, nil)
}

// post sends a form as a browser of today sends one from our own page.
func (b *browser) post(address string, f url.Values) *answer {
	b.t.Helper()
	return b.do(http.MethodPost, address, strings.NewReader(f.Encode()), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", "https://id.example.com")
	})
}

// fields are what the form of a page would send if nothing were typed.
func (a *answer) fields(t *testing.T) url.Values {
	t.Helper()
	f := url.Values{}
	for _, e := range parse(t, a.body).all("input") {
		f.Add(e.attr["name"], e.attr["value"])
	}
	return f
}

// submit fills in fields of the last page's form and sends it.
func (b *browser) submit(typed ...string) *answer {
	b.t.Helper()
	f := b.last.fields(b.t)
	for i := 0; i < len(typed); i += 2 {
		f.Set(typed[i], typed[i+1])
	}
	return b.post(pathSignIn, f)
}

// signIn goes the whole way and wants to arrive.
func (b *browser) signIn(address, login, password string) *answer {
	b.t.Helper()
	b.wants(b.get(address), http.StatusOK, "Sign in")
	b.wants(b.submit("username", login), http.StatusOK, "Enter your password")
	a := b.submit("password", password)
	if a.status != http.StatusSeeOther {
		b.t.Fatalf("status %d after the password:\n%s", a.status, a.body)
	}
	return a
}

// wants checks the status and the heading of a page.
func (b *browser) wants(a *answer, status int, heading string) {
	b.t.Helper()
	got := strings.TrimSpace(parse(b.t, a.body).all("h1")[0].text)
	if a.status != status || got != heading {
		b.t.Fatalf("got %d %q, want %d %q", a.status, got, status, heading)
	}
}

// alert is what the page complains of.
func (a *answer) alert(t *testing.T) string {
	t.Helper()
	for _, e := range parse(t, a.body).elements {
		if e.attr["role"] == "alert" {
			return strings.TrimSpace(e.text)
		}
	}
	return ""
}

// goesTo checks where an answer sends the browser.
func (b *browser) goesTo(a *answer, status int, address string) {
	b.t.Helper()
	if got := a.header.Get("Location"); a.status != status || got != address {
		b.t.Fatalf("got %d to %q, want %d to %q", a.status, got, status, address)
	}
}

func (b *browser) signedIn() bool { return b.site.HasSession(b.cookies[httpkit.CookieSession]) }
