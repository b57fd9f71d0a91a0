package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/env"
	"usher/internal/notify/webhook"
	"usher/internal/server"
	"usher/internal/store/storetest"
)

func TestRefusesToStart(t *testing.T) {
	key := []byte("a master key for tests, of 32 bytes or more")
	for name, c := range map[string]struct {
		change func(*server.Config)
		want   string
	}{
		"without a database":              {func(c *server.Config) { c.Database = "" }, "--database"},
		"without a master key":            {func(c *server.Config) { c.MasterKey = nil }, "openssl rand"},
		"with a short master key":         {func(c *server.Config) { c.MasterKey = []byte("short") }, "32 bytes"},
		"without a base URL":              {func(c *server.Config) { c.BaseURL = "" }, "--base-url"},
		"with a base URL that has a path": {func(c *server.Config) { c.BaseURL = "https://id.example.com/x" }, "more than scheme"},
		"with vendors and no adapter":     {func(c *server.Config) { c.Vendors.DuoHost = "frames.example.com" }, "docs/factor-webhook.md"},
		"with an adapter at an inner address": {func(c *server.Config) {
			c.Vendors = server.Vendors{URL: "http://10.0.0.1/", Tokens: []string{"rsa"}, Secrets: []webhook.Secret{key}}
		}, "https://"},
		"with an adapter and no secret": {func(c *server.Config) {
			c.Vendors = server.Vendors{URL: "https://a.example.com/", Tokens: []string{"rsa"}}
		}, "openssl rand"},
		"with an unknown vendor": {func(c *server.Config) {
			c.Vendors = server.Vendors{URL: "https://a.example.com/", Tokens: []string{"acme"}, Secrets: []webhook.Secret{key}}
		}, "acme"},
		"with a page at no host": {func(c *server.Config) {
			c.Vendors = server.Vendors{URL: "https://a.example.com/", DuoHost: "a.example.com/frame", Secrets: []webhook.Secret{key}}
		}, "no host"},
		"with an adapter for nothing": {func(c *server.Config) {
			c.Vendors = server.Vendors{URL: "https://a.example.com/", Secrets: []webhook.Secret{key}}
		}, "nothing to judge"},
		"with a folder as database": {func(c *server.Config) { c.Database = "sqlite:/" }, "open database"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := server.Config{Database: storetest.SQLite(t), MasterKey: key, BaseURL: "https://id.example.com"}
			c.change(&cfg)
			s, err := server.New(t.Context(), cfg, nil)
			if err == nil {
				_ = s.Close()
				t.Fatal("it starts")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Fatalf("the message does not help: %v", err)
			}
		})
	}
}

func TestAnotherMasterKeyFailsAtStart(t *testing.T) {
	url := storetest.SQLite(t)
	start := func(key string, old ...[]byte) error {
		s, err := server.New(t.Context(), server.Config{Database: url, MasterKey: []byte(key), OldMasterKeys: old, BaseURL: "https://id.example.com"}, nil)
		if err == nil {
			err = s.Close()
		}
		return err
	}
	const first, second = "the first master key, of 32 bytes or more", "the second master key, of 32 bytes or more"
	if err := start(first); err != nil {
		t.Fatal(err)
	}
	if err := start(second); err == nil || !strings.Contains(err.Error(), "another master key") {
		t.Fatalf("the wrong key: %v", err)
	}
	if err := start(second, []byte(first)); err != nil {
		t.Fatalf("rotated: %v", err)
	}
}

func TestDevCA(t *testing.T) {
	dir := t.TempDir()
	hosts := []string{"id.example.com", "127.0.0.1"}
	first, caFile, err := server.DevCA(dir, hosts, env.System{}, env.SystemRand{})
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := server.DevCA(dir, hosts, env.System{}, env.SystemRand{})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("the CA's file holds no certificate")
	}
	for _, cfg := range []*tls.Config{first, again} { // one CA signs for every start
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.TLS = cfg
		s.StartTLS()
		for _, name := range hosts {
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12}}}
			res, err := client.Get(s.URL)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			_ = res.Body.Close()
		}
		s.Close()
	}
	info, err := os.Stat(dir + "/dev-ca.key")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the CA's key is readable to others: %v, %v", info.Mode(), err)
	}
}

// TestOldDevelopmentDataKeepsItsToken: what was left alone for longer than a
// token lives without use can be taken up again, from a snapshot or as it is.
func TestOldDevelopmentDataKeepsItsToken(t *testing.T) {
	app := apptest.New(t)
	snapshot, err := app.Server.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, takeUp := range map[string]func() error{
		"a snapshot":       func() error { return app.Server.Restore(t.Context(), snapshot) },
		"the data as is":   func() error { return app.Server.ReviveTokens(t.Context()) },
		"and once more so": func() error { return app.Server.Restore(t.Context(), snapshot) },
	} {
		app.Clock.Advance(40 * 24 * time.Hour)
		if got := app.Get("/api/v1/users/me").Status; got != http.StatusUnauthorized {
			t.Fatalf("before %s the idle token answers %d", name, got)
		}
		if err := takeUp(); err != nil {
			t.Fatal(err)
		}
		if got := app.Get("/api/v1/users/me").Status; got != http.StatusOK {
			t.Errorf("after %s the token answers %d", name, got)
		}
	}
}

func TestTestModeShowsItself(t *testing.T) {
	on := apptest.New(t, apptest.Configure(func(c *server.Config) { c.TestMode = true }))
	for _, path := range []string{"/api/v1/users/me", "/nothing", "/login/login.htm", "/healthz", "/readyz", "/metrics"} {
		if on.Get(path).Header.Get(server.TestModeHeader) == "" {
			t.Errorf("%s does not tell that a control listener is open", path)
		}
	}
	if apptest.New(t).Get("/api/v1/users/me").Header.Get(server.TestModeHeader) != "" {
		t.Error("the header is there without a control listener")
	}
}
