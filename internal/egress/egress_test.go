package egress

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "172.32.0.1": true, "2606:4700::1111": true, "2a00:1450::1": true,
		"127.0.0.1": false, "127.9.9.9": false, "0.0.0.0": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "198.18.0.1": false, "192.0.2.1": false,
		"224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:8.8.8.8": true,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false, "100::1": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func allow(t *testing.T, list ...string) Config {
	t.Helper()
	n, err := ParseNetworks(list)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Allow: n}
}

func get(t *testing.T, c *Client, address string) (Answer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(r)
}

// TestInnerAddressesAreRefusedWhenConnecting reaches this machine by its
// numbers and by a name, which is how a rebinding name would arrive: the check
// looks at where the connection goes, not at what was asked for.
func TestInnerAddressesAreRefusedWhenConnecting(t *testing.T) {
	hits := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer s.Close()
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		c := New(Config{})
		if _, err := get(t, c, "http://"+host+port+"/secret?token=1"); !errors.Is(err, ErrBlocked) || strings.Contains(err.Error(), "token") {
			t.Errorf("%s: %v", host, err)
		}
		c.Close()
	}
	if hits != 0 {
		t.Fatalf("%d requests arrived", hits)
	}
	c := New(allow(t, "10.0.0.0/8"))
	if _, err := get(t, c, s.URL); !errors.Is(err, ErrBlocked) {
		t.Errorf("another network is allowed: %v", err)
	}
	c = New(allow(t, "127.0.0.0/8", "::1"))
	defer c.Close()
	if a, err := get(t, c, s.URL); err != nil || a.Status != http.StatusOK || hits != 1 {
		t.Errorf("allowed: %+v, %v", a, err)
	}
}

func TestExchangesAreBounded(t *testing.T) {
	followed := false
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/followed", http.StatusFound)
		case "/followed":
			followed = true
		case "/long":
			_, _ = w.Write(bytes.Repeat([]byte("x"), MaxAnswer*3))
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("x", maxHeader+5000))
		case "/hang":
			<-stop
		}
	}))
	defer s.Close()
	defer close(stop)
	c := New(allow(t, "127.0.0.1"))
	defer c.Close()
	if a, err := get(t, c, s.URL+"/redirect"); err != nil || a.Status != http.StatusFound || followed {
		t.Errorf("redirect: %+v %v", a, err)
	}
	if a, err := get(t, c, s.URL+"/long"); err != nil || len(a.Body) != MaxAnswer {
		t.Errorf("long: %d bytes, %v", len(a.Body), err)
	}
	if _, err := get(t, c, s.URL+"/headers"); err == nil {
		t.Error("headers without end are read")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/hang?code=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(r); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "code=1") {
		t.Errorf("hang: %v", err)
	}
	if c.http.Timeout != Timeout {
		t.Errorf("the whole exchange may take %s", c.http.Timeout)
	}
}

func TestOnlyKnownCertificates(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	cfg := allow(t, "127.0.0.1")
	if _, err := get(t, New(cfg), s.URL); err == nil {
		t.Error("an unknown certificate is believed")
	}
	cfg.Roots = x509.NewCertPool()
	cfg.Roots.AddCert(s.Certificate())
	c := New(cfg)
	defer c.Close()
	if a, err := get(t, c, s.URL); err != nil || a.Proto != "HTTP/2.0" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestTarget(t *testing.T) {
	cfg := allow(t, "10.0.0.0/8", "127.0.0.1")
	for text, want := range map[string]bool{
		"https://hooks.example.com/sms?x=1": true, "https://10.1.1.1/": true, "http://10.1.1.1:8080/": true, "http://127.0.0.1:1/": true, "http://localhost:1/": true,
		"": false, "hooks.example.com": false, "http://hooks.example.com/": false, "http://8.8.8.8/": false, "http://192.168.1.1/": false,
		"ftp://10.1.1.1/": false, "https://user:pw@example.com/": false, "https:///path": false, "https://example.com/#f": false, "https:example.com": false,
	} {
		if _, err := cfg.Target(text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "10.0.0.0/40", "example.com", "10.0.0"} {
		if _, err := ParseNetworks([]string{text}); err == nil {
			t.Errorf("%q is a network", text)
		}
	}
}
