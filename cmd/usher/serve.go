package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"usher/internal/api/httpkit"
	"usher/internal/env"
	"usher/internal/server"
)

type serveCmd struct {
	logFlags       `embed:""`
	databaseFlags  `embed:""`
	deliverFlags   `embed:""`
	Listen         string   `help:"Address to answer on." default:"127.0.0.1:8080"`
	BaseURL        string   `help:"Public address of the default organisation, e.g. https://id.example.com; links and issuers come from it." placeholder:"URL"`
	TLSCert        string   `help:"Certificate chain in PEM." placeholder:"FILE" type:"existingfile"`
	TLSKey         string   `help:"Key of the certificate in PEM." placeholder:"FILE" type:"existingfile"`
	DevCA          string   `help:"Folder of a local CA (made when absent) that signs a certificate for the base URL's host; for development." placeholder:"DIR" type:"path"`
	TrustedProxies []string `help:"Networks whose X-Forwarded-For is believed; none by default." placeholder:"NETWORK"`
	RateLimits     string   `help:"Limits to enforce: off, abuse (those that keep guessing slow), okta (these and the published ones), or a YAML file by bucket." default:"abuse" placeholder:"off|abuse|okta|FILE"`
	KeepLog        uint     `help:"Days that lines of the system log are kept; 0 for ever." default:"0" placeholder:"DAYS"`
	MetricsFrom    []string `help:"Networks that may read /metrics." default:"127.0.0.0/8,::1" placeholder:"NETWORK"`
	Migrate        bool     `help:"Bring the database schema to this version at the start." default:"true" negatable:""`
	Control        string   `help:"Address of a control listener for tests, on loopback alone. It can do everything: never in production." placeholder:"ADDRESS"`
}

// Run serves until the context ends.
func (c *serveCmd) Run(ctx context.Context, io streams) (err error) {
	log, err := c.logger(io.err)
	if err != nil {
		return err
	}
	cfg := server.Config{BaseURL: c.BaseURL, Log: log, Durable: true, Version: programVersion(), SkipMigrations: !c.Migrate, TestMode: c.Control != ""}
	if err := c.configure(&cfg); err != nil {
		return err
	}
	if cfg.Outbound, err = c.outbound(); err != nil {
		return err
	}
	if cfg.Senders, err = c.senders(cfg.Outbound); err != nil {
		return err
	}
	if cfg.Vendors, err = c.vendors(); err != nil {
		return err
	}
	clock := env.NewMovable(env.System{})
	if cfg.TestMode {
		cfg.Clock = clock
	}
	tlsConfig, err := c.tls(cfg.BaseURL)
	if err != nil {
		return err
	}
	s, err := server.New(ctx, cfg, func(step string) { log.Info(step) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for kind, flags := range unsent(cfg.Senders) {
		log.Warn("messages of a kind are not sent: they stay in the outbox", "kind", kind, "give", flags)
	}
	if _, err := s.DefaultOrgID(ctx); err != nil {
		return err
	}
	main, err := server.Listen(ctx, c.Listen, tlsConfig, log)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", c.Listen, err)
	}
	group, ctx := errgroup.WithContext(ctx)
	if cfg.TestMode {
		if err := c.serveControl(ctx, group, s, clock); err != nil {
			return errors.Join(err, main.Close())
		}
	}
	group.Go(func() error { return main.Serve(ctx, s.Handler()) })
	group.Go(func() error { return s.RunJobs(ctx) })
	log.Info("serving", "address", main.Addr(), "baseUrl", cfg.BaseURL, "version", cfg.Version)
	return group.Wait()
}

func (c *serveCmd) configure(cfg *server.Config) error {
	if err := c.apply(cfg); err != nil {
		return err
	}
	const mostDays = 36_500
	if c.KeepLog > mostDays {
		return fmt.Errorf("--keep-log: at most %d days, or 0 for ever", mostDays)
	}
	cfg.KeepLog = time.Duration(c.KeepLog) * 24 * time.Hour
	var err error
	if cfg.RateLimits, err = rateLimits(c.RateLimits); err != nil {
		return err
	}
	if cfg.TrustedProxies, err = httpkit.ParseProxies(c.TrustedProxies); err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	if cfg.MetricsFrom, err = httpkit.ParseProxies(c.MetricsFrom); err != nil {
		return fmt.Errorf("--metrics-from: %w", err)
	}
	return nil
}

// tls returns nil for plain HTTP, e.g. behind a proxy that ends TLS.
func (c *serveCmd) tls(baseURL string) (*tls.Config, error) {
	switch {
	case c.DevCA != "" && (c.TLSCert != "" || c.TLSKey != ""):
		return nil, errors.New("give either --dev-ca or --tls-cert with --tls-key")
	case c.DevCA != "":
		u, err := url.Parse(baseURL)
		if err != nil {
			return nil, err
		}
		t, _, err := server.DevCA(c.DevCA, []string{u.Hostname(), "localhost", "127.0.0.1", "::1"}, env.System{}, env.SystemRand{})
		return t, err
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return nil, errors.New("--tls-cert and --tls-key belong together")
	case c.TLSCert != "":
		return server.TLSFiles(c.TLSCert, c.TLSKey)
	}
	return nil, nil
}

func (c *serveCmd) serveControl(ctx context.Context, group *errgroup.Group, s *server.Server, clock *env.Movable) error {
	if err := loopback(c.Control); err != nil {
		return err
	}
	l, err := server.Listen(ctx, c.Control, nil, s.Log())
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", c.Control, err)
	}
	seeded, err := s.Snapshot(ctx)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	s.Log().Warn("the control listener is open: whoever reaches it may do everything", "address", l.Addr())
	group.Go(func() error { return l.Serve(ctx, s.Control(ctx, clock, seeded)) })
	return nil
}
