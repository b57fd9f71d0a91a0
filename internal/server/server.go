package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"usher/internal/api/control"
	"usher/internal/api/httpkit"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/jobs"
	"usher/internal/keys"
	"usher/internal/store"
	"usher/openapi"
)

// Server is Usher, put together. It listens to nothing by itself.
type Server struct {
	cfg      Config
	store    *store.Store
	services *services
	orgs     *orgResolver
	health   *health
	router   *httpkit.Router
	runner   *jobs.Runner
	fleet    *fleet
}

// New opens the database, migrates it, checks the master key and builds the
// services and protocols. progress is told of what takes time.
func New(ctx context.Context, cfg Config, progress func(string)) (_ *Server, err error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	keeper, err := keys.NewKeeper(cfg.Rand, cfg.MasterKey, cfg.OldMasterKeys...)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, cfg.Database, store.Options{Clock: cfg.Clock, Durable: cfg.Durable, MaxConns: cfg.MaxConns})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if !cfg.SkipMigrations {
		if err := db.Migrate(ctx, progress); err != nil {
			return nil, err
		}
	}
	if err := keeper.Check(ctx, db); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, store: db, services: newServices(cfg, db, keeper)}
	s.orgs = &orgResolver{store: db, clock: cfg.Clock, baseURL: cfg.BaseURL, hosts: map[string]cachedOrg{}}
	s.health = newHealth(db, s.services.outbox, cfg.MetricsFrom)
	if s.router, err = s.newRouter(); err != nil {
		return nil, err
	}
	s.runner, err = jobs.New(jobs.Config{
		Store: db, Clock: cfg.Clock, Rand: cfg.Rand, IDs: cfg.IDs, Log: cfg.Log, Jobs: s.jobs(), Handlers: s.services.directory.Tasks(),
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) newRouter() (*httpkit.Router, error) {
	limits := httpkit.NewLimits(s.cfg.RateLimits)
	s.fleet = &fleet{store: s.store, limits: limits, clock: s.cfg.Clock, rand: s.cfg.Rand}
	cfg := httpkit.Config{
		Clock: s.cfg.Clock, Rand: s.cfg.Rand, Log: s.cfg.Log, Org: s.orgs.byHost,
		Token: s.services.token, Bearer: s.services.bearer, Session: s.services.session, Trusted: s.services.trustedOrigin,
		Blocked: s.services.blocklist.Blocks,
		Proxies: s.cfg.TrustedProxies, Limits: limits, Observe: s.health.observe,
		Used: s.services.limitUsed, Known: s.services.engine.KnownSource,
	}
	s.fleet.join(&cfg)
	r := httpkit.NewRouter(cfg)
	if err := s.mount(r); err != nil {
		return nil, err
	}
	r.Close()
	return r, nil
}

// Handler answers everything that is said to the main listener.
func (s *Server) Handler() http.Handler {
	h := s.health.wrap(s.router)
	if !s.cfg.TestMode {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(TestModeHeader, "on")
		h.ServeHTTP(w, r)
	})
}

// Built lists the operations that behave; all others answer 501.
func (s *Server) Built() []openapi.ID { return s.router.Built() }

// Log is where the server logs.
func (s *Server) Log() *slog.Logger { return s.cfg.Log }

// Control answers the control listener for tests until ctx ends, when nobody is
// kept waiting any more. seeded is what its reset brings back.
func (s *Server) Control(ctx context.Context, clock *env.Movable, seeded []byte) http.Handler {
	return s.ControlWith(ctx, clock, seeded, control.Sample{})
}

// ControlWith is Control with a sample page that signs in to an application.
func (s *Server) ControlWith(ctx context.Context, clock *env.Movable, seeded []byte, sample control.Sample) http.Handler {
	return control.New(control.Config{
		Clock: clock, Snapshot: s.Snapshot, Restore: s.Restore, Seeded: seeded, Log: s.cfg.Log,
		Messages: &inbox{s}, Stop: ctx.Done(), Phone: s.phone(clock), Sample: sample,
	})
}

// Snapshot returns a copy of all data.
func (s *Server) Snapshot(ctx context.Context) ([]byte, error) { return s.store.Snapshot(ctx) }

// Restore takes the data back to a snapshot and forgets what is cached. API
// tokens live on from now: a snapshot may be older than they last without use.
func (s *Server) Restore(ctx context.Context, snapshot []byte) error {
	if err := s.store.Restore(ctx, snapshot); err != nil {
		return err
	}
	if err := s.ReviveTokens(ctx); err != nil {
		return err
	}
	s.orgs.forget()
	s.services.tokens.ForgetAll()
	s.services.directory.Forget()
	s.services.policies.Forget()
	s.services.factors.Forget()
	s.services.oauth.Forget()
	s.services.apps.Forget()
	return nil
}

// RunJobs runs what runs beside the requests until ctx ends.
func (s *Server) RunJobs(ctx context.Context) error {
	s.runner.Run(ctx)
	return nil
}

func (s *Server) stampEvents(ctx context.Context) error { return s.services.log.Stamp(ctx, s.store) }

// Close gives the database up.
func (s *Server) Close() error {
	s.services.outbound.Close()
	return s.store.Close()
}

// DefaultOrgID returns the identifier of the organisation that answers hosts
// which choose none.
func (s *Server) DefaultOrgID(ctx context.Context) (string, error) {
	o, err := s.org(ctx, "")
	if err != nil {
		return "", err
	}
	return o.ID, nil
}

// org returns an organisation, the default one when id is empty.
func (s *Server) org(ctx context.Context, id string) (*idp.Org, error) {
	var o *idp.Org
	var err error
	if id == "" {
		o, err = s.store.Read(ctx).DefaultOrg()
	} else {
		o, err = s.store.Read(ctx).Org(id)
	}
	switch {
	case errors.Is(err, store.ErrNotFound) && id == "":
		return nil, errNoOrg
	case errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("there is no organisation %s", id)
	case err != nil:
		return nil, err
	}
	return s.orgs.complete(o), nil
}

// errNoOrg is what a server without any organisation says.
var errNoOrg = errors.New("the database has no organisation yet: create one with `usher org create --name ... --admin-login ...`")

// rotateKeys gives new keys to the authorization servers whose time has come.
func (s *Server) rotateKeys(ctx context.Context) error {
	return s.services.oauth.RotateDue(ctx, func(ctx context.Context, id string) (*idp.Org, error) { return s.org(ctx, id) })
}

func (s *Server) readEvents(ctx context.Context, org *idp.Org, q eventlog.Query) ([]idp.Event, error) {
	return s.services.log.Read(ctx, s.store, org, q)
}

// trustedOrigin tells whether scripts on a web origin may call us.
func (s *services) trustedOrigin(ctx context.Context, org *idp.Org, origin string) (bool, error) {
	o, err := s.origin(ctx, org, origin)
	return err == nil && o.Active && o.CORS, err
}

// redirectable tells whether browsers may be sent to a web origin.
func (s *services) redirectable(ctx context.Context, org *idp.Org, origin string) (bool, error) {
	o, err := s.origin(ctx, org, origin)
	return err == nil && o.Active && o.Redirect, err
}

// origin finds a trusted origin; one that is unknown is nobody's.
func (s *services) origin(ctx context.Context, org *idp.Org, origin string) (*store.TrustedOrigin, error) {
	const maxOrigin = 256
	if len(origin) > maxOrigin {
		return &store.TrustedOrigin{}, nil
	}
	o, err := s.db.Read(ctx).OriginByURL(org.ID, origin)
	if errors.Is(err, store.ErrNotFound) {
		return &store.TrustedOrigin{}, nil
	}
	return o, err
}
