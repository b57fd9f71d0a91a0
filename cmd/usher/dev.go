package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"

	"usher/internal/api/control"
	"usher/internal/api/httpkit"
	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/server"
)

type devCmd struct {
	logFlags    `embed:""`
	vendorFlags `embed:""`
	Listen      string `help:"Address to answer on; port 0 picks a free one." default:"127.0.0.1:8080"`
	Control     string `help:"Address of the control listener for tests, on loopback alone." default:"127.0.0.1:0"`
	BaseURL     string `help:"Public address; by default that of --listen." placeholder:"URL"`
	Database    string `help:"Database: postgres://USER@HOST/NAME, or sqlite:PATH; by default an embedded one in --state." placeholder:"URL"`
	State       string `help:"Folder for the embedded database and what belongs to it." default:"${state}" type:"path"`
	Ephemeral   bool   `help:"Begin with an empty database and leave nothing behind."`
	JSON        bool   `help:"Print one line of JSON on stdout once it answers, and nothing else."`
	Seed        string `help:"YAML file with users, groups and settings to begin with; see docs/howto/seed.md." placeholder:"FILE" type:"existingfile"`
	RateLimits  string `help:"Limits to enforce: off, abuse (those that keep guessing slow), okta (these and the published ones), or a YAML file by bucket." default:"off" placeholder:"off|abuse|okta|FILE"`
}

// announcement is what a caller needs to begin; it is the line of --json and
// the content of dev.json.
type announcement struct {
	URL      string         `json:"url"`
	OrgID    string         `json:"orgId"`
	APIToken string         `json:"apiToken"`
	Admin    server.Login   `json:"admin"`
	Users    []server.Login `json:"users"`
	Database string         `json:"database"`
	Control  string         `json:"control"`
	// Apps are OAuth clients to begin with.
	Apps []server.SeededApp `json:"apps"`
}

// Run serves until the context ends.
func (c *devCmd) Run(ctx context.Context, io streams) (err error) {
	log, err := c.logger(io.err)
	if err != nil {
		return err
	}
	if err := c.place(); err != nil {
		return err
	}
	if c.Ephemeral {
		defer func() { err = errors.Join(err, os.RemoveAll(c.State)) }()
	}
	main, err := server.Listen(ctx, c.Listen, nil, log)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w (choose another with --listen)", c.Listen, err)
	}
	control, err := c.listenControl(ctx, log)
	if err != nil {
		return errors.Join(err, main.Close())
	}
	clock := env.NewMovable(env.System{})
	cfg, err := c.config(main.Addr(), clock, log)
	if err != nil {
		return errors.Join(err, main.Close(), control.Close())
	}
	s, err := server.New(ctx, cfg, func(step string) { log.Info(step) })
	if err != nil {
		return errors.Join(err, main.Close(), control.Close())
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	a, seeded, err := c.prepare(ctx, s, "http://"+control.Addr())
	if err != nil {
		return errors.Join(err, main.Close(), control.Close())
	}
	a.URL, a.Control, a.Database = cfg.BaseURL, "http://"+control.Addr(), cfg.Database
	if err := c.keep(a); err != nil {
		return errors.Join(err, main.Close(), control.Close())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return main.Serve(ctx, s.Handler()) })
	group.Go(func() error { return control.Serve(ctx, s.ControlWith(ctx, clock, seeded, sampleOf(a))) })
	group.Go(func() error { return s.RunJobs(ctx) })
	if err := c.announce(io.out, a); err != nil {
		return err
	}
	return group.Wait()
}

// sampleOf is what the sample page signs in to: the first single-page
// application that was seeded.
func sampleOf(a announcement) control.Sample {
	for _, app := range a.Apps {
		if app.Type == "browser" {
			return control.Sample{Issuer: a.URL + "/oauth2/default", Origin: a.URL, ClientID: app.ClientID}
		}
	}
	return control.Sample{}
}

// place decides where the data is.
func (c *devCmd) place() error {
	if c.Ephemeral {
		if c.Database != "" {
			return errors.New("--ephemeral makes a database of its own: leave --database out")
		}
		dir, err := os.MkdirTemp("", "usher-dev-")
		if err != nil {
			return err
		}
		c.State = dir
	}
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		return err
	}
	if c.Database == "" {
		c.Database = "sqlite:" + filepath.Join(c.State, "usher.db")
	}
	return nil
}

// listenControl opens the control listener, which may do everything and proves
// nobody: it must not be reachable from elsewhere.
func (c *devCmd) listenControl(ctx context.Context, log *slog.Logger) (*server.Listener, error) {
	if err := loopback(c.Control); err != nil {
		return nil, err
	}
	l, err := server.Listen(ctx, c.Control, nil, log)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w (choose another with --control)", c.Control, err)
	}
	return l, nil
}

// loopback refuses an address that other machines could reach.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--control: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("--control %s: the control listener answers on loopback alone, e.g. 127.0.0.1:0", address)
	}
	return nil
}

func (c *devCmd) config(listening string, clock env.Clock, log *slog.Logger) (server.Config, error) {
	cfg := server.Config{
		Database: c.Database, BaseURL: c.BaseURL, Log: log, Clock: clock, TestMode: true, Version: programVersion(),
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "http://" + localName(listening)
	}
	var err error
	if cfg.RateLimits, err = rateLimits(c.RateLimits); err != nil {
		return cfg, err
	}
	if cfg.MetricsFrom, err = httpkit.ParseProxies(loopbackNetworks()); err != nil {
		return cfg, err
	}
	// Applications that are being written run on this machine.
	if cfg.Outbound.Allow, err = egress.ParseNetworks(loopbackNetworks()); err != nil {
		return cfg, err
	}
	if cfg.Vendors, err = c.vendors(); err != nil {
		return cfg, err
	}
	cfg.MasterKey, err = devKey(filepath.Join(c.State, "master.key"))
	return cfg, err
}

func loopbackNetworks() []string { return []string{"127.0.0.0/8", "::1"} }

// localName prefers the name localhost, which browsers and WebAuthn treat as
// secure, for an address on loopback.
func localName(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip, err := netip.ParseAddr(host); err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// devKey reads the master key of a development database, or makes it.
func devKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key := make([]byte, 32)
		env.SystemRand{}.Read(key)
		return key, os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600)
	}
	if err != nil {
		return nil, err
	}
	return decodeKey(string(text))
}

// prepare seeds a new database, or reads what was made when it was seeded.
func (c *devCmd) prepare(ctx context.Context, s *server.Server, control string) (announcement, []byte, error) {
	kept, snapshot, err := c.kept(ctx, s)
	if err == nil && kept != nil {
		err = s.ReviveTokens(ctx)
		if c.Seed != "" {
			s.Log().Warn("the database has been seeded already, so --seed is left aside: remove the folder to begin anew, or use --ephemeral", "folder", c.State)
		}
	}
	if err != nil || kept != nil {
		return valueOf(kept), snapshot, err
	}
	var spec server.SeedSpec
	if c.Seed != "" {
		text, err := os.ReadFile(c.Seed)
		if err != nil {
			return announcement{}, nil, err
		}
		dec := yaml.NewDecoder(strings.NewReader(string(text)))
		dec.KnownFields(true)
		if err := dec.Decode(&spec); err != nil && !errors.Is(err, io.EOF) {
			return announcement{}, nil, fmt.Errorf("seed file %s: %w", c.Seed, err)
		}
	} else {
		spec = server.DefaultSeed()
		spec.Apps = server.SampleApps(control)
		spec.TrustedOrigins = []server.SeedOrigin{{Name: "Sample page", Origin: control, CORS: true, Redirect: true}}
	}
	seeded, err := s.Seed(ctx, spec)
	if err != nil {
		return announcement{}, nil, fmt.Errorf("seed: %w", err)
	}
	snapshot, err = s.Snapshot(ctx)
	if err != nil {
		return announcement{}, nil, err
	}
	if !c.Ephemeral {
		err = os.WriteFile(c.path("seed.snapshot"), snapshot, 0o600)
	}
	return announcement{OrgID: seeded.OrgID, APIToken: seeded.APIToken, Admin: seeded.Admin, Users: seeded.Users, Apps: seeded.Apps}, snapshot, err
}

func valueOf(a *announcement) announcement {
	if a == nil {
		return announcement{}
	}
	return *a
}

func (c *devCmd) path(name string) string { return filepath.Join(c.State, name) }

// kept returns what an earlier run wrote, if it was about the database at hand.
func (c *devCmd) kept(ctx context.Context, s *server.Server) (*announcement, []byte, error) {
	text, err := os.ReadFile(c.path("dev.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var a announcement
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, nil, fmt.Errorf("%s: %w (remove it to begin anew)", c.path("dev.json"), err)
	}
	if id, err := s.DefaultOrgID(ctx); err != nil || id != a.OrgID {
		return nil, nil, err
	}
	snapshot, err := os.ReadFile(c.path("seed.snapshot"))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return &a, snapshot, err
}

// keep writes what scripts need: dev.json, and dev.env for shells.
func (c *devCmd) keep(a announcement) error {
	if c.Ephemeral {
		return nil
	}
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.path("dev.json"), append(text, '\n'), 0o600); err != nil {
		return err
	}
	var b strings.Builder
	vars := [][2]string{
		{"URL", a.URL},
		{"ORG_ID", a.OrgID},
		{"API_TOKEN", a.APIToken},
		{"CONTROL", a.Control},
		{"ADMIN_LOGIN", a.Admin.Login},
		{"ADMIN_PASSWORD", a.Admin.Password},
	}
	if len(a.Users) > 0 {
		vars = append(vars, [2]string{"USER_LOGIN", a.Users[0].Login}, [2]string{"USER_PASSWORD", a.Users[0].Password})
	}
	for _, v := range vars {
		fmt.Fprintf(&b, "USHER_%s='%s'\n", v[0], strings.ReplaceAll(v[1], "'", `'\''`))
	}
	return os.WriteFile(c.path("dev.env"), []byte(b.String()), 0o600)
}

// announce tells people, or programs, how to begin.
func (c *devCmd) announce(w io.Writer, a announcement) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(a)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n  Usher is ready at %s\n\n", a.URL)
	fmt.Fprintf(&b, "  Administrator  %s  %s\n", a.Admin.Login, a.Admin.Password)
	for _, u := range a.Users {
		if u.Password != "" {
			fmt.Fprintf(&b, "  User           %s  %s\n", u.Login, u.Password)
		}
	}
	fmt.Fprintf(&b, "  API token      %s\n", a.APIToken)
	fmt.Fprintf(&b, "  Inbox          %s/inbox   mails, texts, calls, pushes\n", a.Control)
	fmt.Fprintf(&b, "  Control        %s   clock, inbox, snapshots\n", a.Control)
	for _, app := range a.Apps {
		fmt.Fprintf(&b, "  Client         %s  %s  %s\n", app.ClientID, app.ClientSecret, app.Label)
	}
	if sampleOf(a).ClientID != "" {
		fmt.Fprintf(&b, "  Sample page    %s/sample   signs in as an application does\n", a.Control)
	}
	fmt.Fprintf(&b, "  Database       %s\n", a.Database)
	if !c.Ephemeral {
		fmt.Fprintf(&b, "\n  For scripts:   . %s\n", c.path("dev.env"))
	}
	b.WriteString("\n  Ctrl-C stops it.\n\n")
	_, err := io.WriteString(w, b.String())
	return err
}
