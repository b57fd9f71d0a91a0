package apptest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/server"
	"usher/internal/store/storetest"
)

// Noon is when the clock of an App stands at first.
func Noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// App is a running server.
type App struct {
	*Client // of the seeded administrator's API token
	Server  *server.Server
	Clock   *env.Movable
	Seeded  server.Seeded
	// Logs holds everything that the server has logged.
	Logs *Logs
}

// Option changes what an App begins with.
type Option func(*setup)

type setup struct {
	database string
	config   server.Config
	seed     server.SeedSpec
	real     bool
}

// Database makes the App use this database instead of SQLite in a temporary file.
func Database(url string) Option { return func(s *setup) { s.database = url } }

// Configure changes the server's configuration.
func Configure(change func(*server.Config)) Option { return func(s *setup) { change(&s.config) } }

// Seed makes the App begin with this seed.
func Seed(spec server.SeedSpec) Option { return func(s *setup) { s.seed = spec } }

// Random makes identifiers and secrets unpredictable, for tests with several
// servers on one database.
func Random() Option { return func(s *setup) { s.real = true } }

// Password is the password of every seeded user who has one.
const Password = "Correct-Horse-1"

// DefaultSeed has an administrator, Isaac Brock and Ada Example, who all have
// the same Password.
func DefaultSeed() server.SeedSpec {
	spec := server.DefaultSeed()
	password := Password
	spec.Admin.Login, spec.Admin.Password = "admin@example.com", &password
	for i := range spec.Users {
		spec.Users[i].Password = &password
	}
	return spec
}

// CheapHashes cost next to nothing, so that tests do not wait.
func CheapHashes() credential.Params { return credential.Params{Memory: 8, Time: 1, Threads: 1} }

// New starts a server with its seed. It ends with the test.
func New(t testing.TB, options ...Option) *App {
	t.Helper()
	app, seed := start(t, options)
	var err error
	if app.Seeded, err = app.Server.Seed(context.WithoutCancel(t.Context()), seed); err != nil {
		t.Fatal(err)
	}
	app.token = app.Seeded.APIToken
	return app
}

// Join starts a further server on the database of another App: the options must
// name it, and be Random on both sides. It has a clock of its own.
func Join(t testing.TB, other *App, options ...Option) *App {
	t.Helper()
	app, _ := start(t, options)
	app.Seeded, app.token = other.Seeded, other.token
	return app
}

// start starts a server on whatever the database holds.
func start(t testing.TB, options []Option) (*App, server.SeedSpec) {
	t.Helper()
	app := &App{Clock: env.NewFixed(Noon()), Logs: &Logs{}}
	t.Cleanup(func() {
		if app.Client != nil {
			app.secrets.scan(t, "log", app.Logs.String())
		}
	})
	s := &setup{seed: DefaultSeed(), config: server.Config{
		BaseURL: "https://id.example.com", MasterKey: []byte("a master key for tests, of 32 bytes or more"),
		Hashing: CheapHashes(), Clock: app.Clock, IDs: &env.Counting{}, Rand: env.NewSeeded(1), Log: slog.New(slog.NewJSONHandler(app.Logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}}
	for _, o := range options {
		o(s)
	}
	if s.real {
		s.config.Rand = env.SystemRand{}
		s.config.IDs = env.TimeIDs{Clock: app.Clock, Rand: env.SystemRand{}}
	}
	if s.database == "" {
		s.database = storetest.SQLite(t)
	}
	s.config.Database = s.database
	srv, err := server.New(t.Context(), s.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	app.Server = srv
	listener := httptest.NewServer(srv.Handler())
	t.Cleanup(listener.Close)
	app.Client = &Client{t: t, url: listener.URL, http: listener.Client(), secrets: &secrets{found: map[string]string{}, public: map[string]bool{}}}
	t.Cleanup(func() { app.scanData(t) })
	app.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return app, s.seed
}

// Each runs fn with a server on SQLite and with one on PostgreSQL.
func Each(t *testing.T, fn func(t *testing.T, app *App), options ...Option) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { fn(t, New(t, append(options, Database(url))...)) })
}

// Anonymous returns a client that presents nothing.
func (a *App) Anonymous() *Client { return a.As("") }

// As returns a client that presents an API token.
func (a *App) As(token string) *Client {
	c := *a.Client
	c.token = token
	return &c
}

// Browser returns a client with a cookie jar and no token.
func (a *App) Browser() *Client {
	c := *a.Client
	c.token, c.jar = "", map[string]string{}
	return &c
}
