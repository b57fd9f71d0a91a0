package oauth2_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/env"
	"usher/internal/server"
)

// sink takes an answer as a connection would, without keeping it.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header { return s.header }

func (s *sink) WriteHeader(status int) { s.status = status }

func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkServed calls what is asked for most, without a network between: what
// is counted is ours and the database's.
func BenchmarkServed(b *testing.B) {
	app := apptest.New(b, apptest.Random(), apptest.Configure(func(c *server.Config) { c.Log, c.Clock = nil, env.System{} }))
	c := web(b, app, nil)
	who := signedIn(b, app, isaac)
	tokens := redeem(app, "default", c, code(b, who, "default", request(c, "scope", "openid profile email offline_access"))).Want(http.StatusOK)
	h := app.Server.Handler()
	elliptic, machine := ellipticServer(app), register(b, app, "service", "client_secret_basic", map[string]any{"grant_types": []string{"client_credentials"}, "response_types": []string{"token"}})
	for _, row := range []struct{ name, method, path, body, header, value string }{
		{"keys", http.MethodGet, "/oauth2/default/v1/keys", "", "Accept", "*/*"},
		{"discovery", http.MethodGet, "/oauth2/default/.well-known/openid-configuration", "", "Accept", "*/*"},
		{"introspect", http.MethodPost, "/oauth2/default/v1/introspect", "token=" + tokens.Text("refresh_token"), "Authorization", c.basicAuth()},
		{"introspectjwt", http.MethodPost, "/oauth2/default/v1/introspect", "token=" + tokens.Text("access_token"), "Authorization", c.basicAuth()},
		{"token", http.MethodPost, "/oauth2/" + elliptic + "/v1/token", "grant_type=client_credentials&scope=bench", "Authorization", machine.basicAuth()},
		{"userinfo", http.MethodGet, "/oauth2/default/v1/userinfo", "", "Authorization", "Bearer " + tokens.Text("access_token")},
		{"session", http.MethodGet, "/api/v1/sessions/me", "", "Cookie", "sid=" + who.Cookie("sid")},
		{"user", http.MethodGet, "/api/v1/users/" + app.Get("/api/v1/users/"+isaac).Text("id"), "", "Authorization", "SSWS " + app.Seeded.APIToken},
	} {
		b.Run(row.name, func(b *testing.B) {
			r, err := http.NewRequestWithContext(b.Context(), row.method, base+row.path, http.NoBody)
			if err != nil {
				b.Fatal(err)
			}
			r.URL.Scheme, r.URL.Host, r.RemoteAddr = "", "", "127.0.0.1:4000"
			r.Header.Set(row.header, row.value)
			if row.body != "" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.ContentLength = int64(len(row.body))
			}
			b.ReportAllocs()
			for b.Loop() {
				one := *r
				if row.body != "" {
					one.Body = io.NopCloser(strings.NewReader(row.body))
				}
				w := &sink{header: http.Header{}}
				if h.ServeHTTP(w, &one); w.status != http.StatusOK {
					b.Fatalf("%s: %d", row.name, w.status)
				}
			}
		})
	}
}

// ellipticServer makes a server that signs with ES256 and lets every client have
// everything.
func ellipticServer(app *apptest.App) (id string) {
	id = app.Post("/api/v1/authorizationServers", `{"name":"elliptic","audiences":["api://elliptic"],"credentials":{"signing":{"alg":"ES256"}}}`).Want(http.StatusCreated).Text("id")
	at := "/api/v1/authorizationServers/" + id
	app.Post(at+"/scopes", `{"name":"bench"}`).Want(http.StatusCreated)
	policy := app.Post(at+"/policies", `{"name":"all","description":"all","conditions":{"clients":{"include":["ALL_CLIENTS"]}}}`).Want(http.StatusCreated).Text("id")
	app.Post(at+"/policies/"+policy+"/rules", `{"name":"all","conditions":{"people":{"groups":{"include":["EVERYONE"]}},`+
		`"grantTypes":{"include":["client_credentials"]},"scopes":{"include":["*"]}}}`).Want(http.StatusCreated)
	return id
}
