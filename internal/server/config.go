package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/credential"
	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
	"usher/internal/notify/webhook"
)

// Config is everything that an operator may choose, and what tests replace.
type Config struct {
	// Database is a URL: postgres://..., or for SQLite sqlite:PATH.
	Database string
	// SkipMigrations leaves the schema as it is; an older one then fails.
	SkipMigrations bool
	// Durable makes SQLite wait for the disk on every commit.
	Durable bool
	// MaxConns bounds the database connections; 0 for the default.
	MaxConns int
	// BaseURL is the public address of the default organisation: the scheme and
	// authority of all links. It never comes from a request.
	BaseURL string
	// MasterKey seals what must be read back; OldMasterKeys still open.
	MasterKey     []byte
	OldMasterKeys [][]byte
	// TrustedProxies lists the networks whose X-Forwarded-For is believed.
	TrustedProxies httpkit.Proxies
	// RateLimits are enforced by bucket and minute; nil enforces none.
	RateLimits map[string]int
	// MetricsFrom lists the networks that may read /metrics.
	MetricsFrom httpkit.Proxies
	// Hashing are the costs of password hashes; zero for the default.
	Hashing credential.Params
	// Senders take what the outbox holds, by kind of message; a kind without
	// one stays queued.
	Senders map[notify.Kind]notify.Sender
	// Vendors judges the factors whose vendors' servers Usher does not speak to; with
	// no address these factors are not there. (docs/factor-webhook.md)
	Vendors Vendors
	// Outbound says which addresses requests of ours may reach: those of clients,
	// say. The zero value is the public internet alone.
	Outbound egress.Config
	// KeepLog is how long lines of the system log are kept; zero: for ever.
	KeepLog time.Duration
	// HookTimeout bounds a request to an inline hook; zero: hook.Timeout.
	HookTimeout time.Duration
	Log         *slog.Logger
	Version     string

	Clock env.Clock
	IDs   env.IDs
	Rand  env.Rand
	// TestMode is shown in a header of every answer: a control listener can
	// move the clock and read the outbox.
	TestMode bool
}

// Vendors names the adapter that speaks to the servers of factor vendors.
type Vendors struct {
	URL     string           // checked by egress.Config.Target
	Secrets []webhook.Secret // at least one
	// Tokens lists the vendors whose tokens it judges: rsa, symantec.
	Tokens []string
	// DuoHost is where the page of Duo's shape stands; empty for none.
	DuoHost string
}

// check says what is wrong.
func (v Vendors) check(out egress.Config) error {
	if v.URL == "" {
		if len(v.Tokens) > 0 || v.DuoHost != "" {
			return errors.New("factors of vendors need the address of an adapter: see docs/factor-webhook.md")
		}
		return nil
	}
	if _, err := out.Target(v.URL); err != nil {
		return fmt.Errorf("the factor webhook: %w", err)
	}
	if len(v.Secrets) == 0 {
		return errors.New("the factor webhook needs a secret: make one with `echo whsec_$(openssl rand -base64 32)`")
	}
	for _, kind := range v.Tokens {
		if kind != "rsa" && kind != "symantec" {
			return fmt.Errorf("%q is no vendor of tokens: give rsa or symantec", kind)
		}
	}
	if u, err := url.Parse("https://" + v.DuoHost); v.DuoHost != "" && (err != nil || u.Host != v.DuoHost || u.Hostname() == "") {
		return fmt.Errorf("%q is no host of a page: give one like api-1234.duosecurity.example", v.DuoHost)
	}
	if len(v.Tokens) == 0 && v.DuoHost == "" {
		return errors.New("the factor webhook has nothing to judge: name vendors or the host of a page")
	}
	return nil
}

// TestModeHeader tells on every answer that a control listener is open.
const TestModeHeader = "X-Usher-Test-Mode"

// check fills in what may be left out and says what is wrong.
func (c *Config) check() error {
	if c.Clock == nil {
		c.Clock = env.System{}
	}
	if c.Rand == nil {
		c.Rand = env.SystemRand{}
	}
	if c.IDs == nil {
		c.IDs = env.TimeIDs{Clock: c.Clock, Rand: c.Rand}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Database == "" {
		return errors.New("no database: give --database, e.g. postgres://user@host/usher or sqlite:usher.db")
	}
	if len(c.MasterKey) == 0 {
		return errors.New("no master key: Usher encrypts secrets at rest and does not start without one. " +
			"Make one with `openssl rand -base64 32` and give it in USHER_MASTER_KEY or by --master-key-file; keep it as safe as the database")
	}
	for kind, sender := range c.Senders {
		if s, ok := sender.(interface{ Check() error }); ok {
			if err := s.Check(); err != nil {
				return fmt.Errorf("sender of %s: %w", kind, err)
			}
		}
	}
	if err := c.Vendors.check(c.Outbound); err != nil {
		return err
	}
	base, err := cleanBaseURL(c.BaseURL)
	c.BaseURL = base
	return err
}

// cleanBaseURL checks a public address: scheme and authority, nothing else.
func cleanBaseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", fmt.Errorf("the base URL %q is no http(s) address: give --base-url like https://id.example.com", text)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("the base URL %q has more than scheme, host and port", text)
	}
	return strings.ToLower(u.Scheme + "://" + u.Host), nil
}
