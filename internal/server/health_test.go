package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/apptest"
	"usher/internal/server"
	"usher/internal/store/storetest"
)

// cutable is a TCP relay that can be cut, like a network.
type cutable struct {
	ln     net.Listener
	target string
	mu     sync.Mutex
	cut    bool
	conns  []net.Conn
}

func newCutable(t *testing.T, target string) *cutable {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutable{ln: ln, target: target}
	t.Cleanup(func() { _ = ln.Close(); c.set(true) })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.relay(conn)
		}
	}()
	return c
}

func (c *cutable) relay(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		_ = conn.Close()
		return
	}
	other, err := new(net.Dialer).DialContext(context.Background(), "tcp", c.target)
	if err != nil {
		_ = conn.Close()
		return
	}
	c.conns = append(c.conns, conn, other)
	go func() { _, _ = io.Copy(other, conn) }()
	go func() { _, _ = io.Copy(conn, other) }()
}

func (c *cutable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	if cut {
		for _, conn := range c.conns {
			_ = conn.Close()
		}
		c.conns = nil
	}
}

func TestReadinessFollowsTheDatabase(t *testing.T) {
	u, err := url.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	wire := newCutable(t, u.Host)
	u.Host = wire.ln.Addr().String()
	app := apptest.New(t, apptest.Database(u.String()))
	ready := func() int { return app.Anonymous().Get("/readyz").Status }
	if got := ready(); got != http.StatusOK {
		t.Fatalf("at first: %d", got)
	}
	wire.set(true)
	begun := time.Now()
	for ready() != http.StatusServiceUnavailable {
		if time.Since(begun) > 2*time.Second {
			t.Fatal("still ready two seconds after the database has gone")
		}
	}
	if got := app.Anonymous().Get("/healthz").Status; got != http.StatusOK {
		t.Fatalf("the process runs all the same, but /healthz says %d", got)
	}
	wire.set(false)
	begun = time.Now()
	for ready() != http.StatusOK {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("does not get ready again by itself")
		}
	}
}

func TestMetricsAreForNeighboursAlone(t *testing.T) {
	local, err := httpkit.ParseProxies([]string{"127.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	app := apptest.New(t, apptest.Configure(func(c *server.Config) { c.MetricsFrom = local }))
	// Whatever a request says must not become a label.
	app.Get("/api/v1/hostile-path-name?hostile-query=1")
	app.Do("HOSTILEMETHOD", "/api/v1/users", nil)
	a := app.Anonymous().Get("/metrics").Want(http.StatusOK)
	if !strings.Contains(string(a.Body), `usher_http_request_seconds_count{operation="unknown",status="4xx"} 2`) {
		t.Errorf("requests are not counted:\n%s", a.Body)
	}
	if strings.Contains(strings.ToLower(string(a.Body)), "hostile") {
		t.Error("text of a request has become a label")
	}
	app.Anonymous().With("X-Forwarded-For", "127.0.0.1").Get("/metrics").Want(http.StatusNotFound)

	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.RemoteAddr = "203.0.113.9:1234"
	rec := httptest.NewRecorder()
	app.Server.Handler().ServeHTTP(rec, r)
	if rec.Code != http.StatusNotFound {
		t.Errorf("a stranger gets %d", rec.Code)
	}
}
