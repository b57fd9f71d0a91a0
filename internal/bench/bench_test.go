package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain lets the test's own program play the servers that it starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == roleBare || os.Args[1] == roleServe) {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestQuick runs the whole program on few users: every row and every ceiling
// comes to a figure.
func TestQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc to read CPU times from")
	}
	t.Setenv(pinnedEnv, "1")
	var out, progress bytes.Buffer
	if err := run(t.Context(), []string{"-quick", "-inprocess", "-engine", "sqlite"}, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	for _, r := range rows() {
		fields := lineOf(t, out.String(), r.name)
		for i, name := range map[int]string{2: "measured", 5: "ceiling"} {
			if fields[i] == "" || fields[i] == "0.0" {
				t.Errorf("%s: %s is %q", r.name, name, fields[i])
			}
		}
	}
	lineOf(t, out.String(), "cold start to the first 200")
	lineOf(t, out.String(), "resident memory, idle")
}

// lineOf returns the columns of the line about an operation.
func lineOf(t *testing.T, table, name string) []string {
	t.Helper()
	lines := strings.Split(table, "\n")
	head := ""
	for _, l := range lines {
		if strings.HasPrefix(l, "database") {
			head = l
		}
		if !strings.Contains(l, "  "+name+"  ") {
			continue
		}
		var starts []int
		for i := range head {
			if head[i] != ' ' && (i == 0 || (i > 1 && head[i-2:i] == "  ")) {
				starts = append(starts, i)
			}
		}
		var out []string
		for i, from := range starts {
			to := len(l)
			if i+1 < len(starts) {
				to = min(to, starts[i+1])
			}
			out = append(out, strings.TrimSpace(l[min(from, len(l)):to]))
		}
		return out
	}
	t.Fatalf("no line is about %q:\n%s", name, table)
	return nil
}

func TestFlags(t *testing.T) {
	for _, bad := range [][]string{{"-engine", "oracle"}, {"-only", "nothing"}, {"-users", "3"}, {"stray"}, {"-rounds", "0"}} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	o, err := parse([]string{"-only", "get,list", "-profile", "x"})
	if err != nil || !o.wanted("get") || o.wanted("create") || !o.inProcess {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestClient reads bodies of both framings, one after another, and tells of a
// connection that is not kept.
func TestClient(t *testing.T) {
	long := strings.Repeat("0123456789", 20_000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/chunked":
			for part := range strings.SplitSeq("a,bc,"+long, ",") {
				_, _ = io.WriteString(w, part)
				w.(http.Flusher).Flush()
			}
		case "/echo":
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.Copy(w, r.Body)
		case "/close":
			w.Header().Set("Connection", "close")
		}
	}))
	defer s.Close()
	address := s.Listener.Addr().String()
	c, err := dialClient(address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close()
	for range 2 {
		if status, body, err := c.do(call("GET", address, "/chunked", "")); err != nil || status != 200 || string(body) != "abc"+long {
			t.Fatalf("chunked: %d, %d bytes, %v", status, len(body), err)
		}
		if status, body, err := c.do(call("POST", address, "/echo", "hello", "X-Other: 1")); err != nil || status != 202 || string(body) != "hello" {
			t.Fatalf("echo: %d %q %v", status, body, err)
		}
		if status, body, err := c.do(call("GET", address, "/empty", "")); err != nil || status != 200 || len(body) != 0 {
			t.Fatalf("empty: %d %q %v", status, body, err)
		}
	}
	if _, err := want(c, 200, call("POST", address, "/echo", "hello")); err == nil || !strings.Contains(err.Error(), "answered 202, not 200: hello") {
		t.Errorf("another status: %v", err)
	}
	if _, _, err := c.do(call("GET", address, "/close", "")); err == nil {
		t.Error("the end of a kept connection went unnoticed")
	}
}

// TestFleet keeps every connection busy until the time is over, and tells of
// the first failure.
func TestFleet(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	address := s.Listener.Addr().String()
	var count atomic.Int64
	f, err := newFleet(address, 3, &count)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	request := call("GET", address, "/", "")
	var seen [3]atomic.Int64
	rate, done, err := f.run(20*time.Millisecond, func(c *client, worker int, _ int64) error {
		seen[worker].Add(1)
		_, err := want(c, 200, request)
		return err
	})
	if err != nil || rate <= 0 || int64(done) != count.Load() {
		t.Errorf("%d done of %d, %f a second, %v", done, count.Load(), rate, err)
	}
	for i := range seen {
		if seen[i].Load() == 0 {
			t.Errorf("connection %d did nothing", i)
		}
	}
	if _, _, err := f.run(time.Minute, func(*client, int, int64) error { return io.ErrUnexpectedEOF }); err != io.ErrUnexpectedEOF { //nolint:errorlint // the very one
		t.Errorf("failed with %v", err)
	}
}

func TestFigures(t *testing.T) {
	if m := median([]float64{5, 1, 3}); m != 3 {
		t.Errorf("median of three: %v", m)
	}
	if m := median([]float64{4, 1, 2, 9}); m != 3 {
		t.Errorf("median of four: %v", m)
	}
	for v, text := range map[float64]string{0: "", 9.87: "9.9", 150.4: "150", 9999: "9999", 12_345: "12,345", 1_234_567: "1,234,567"} {
		if got := figure(v); got != text {
			t.Errorf("%v is printed %q", v, got)
		}
	}
	for _, c := range []struct {
		l    line
		text string
	}{
		{line{value: 9, goal: 10}, "NO"},
		{line{value: 10, goal: 10}, "yes"},
		{line{value: 11, goal: 10}, "yes"},
		{line{value: 9, goal: 10, atMost: true}, "yes"},
		{line{value: 10, goal: 10, atMost: true}, "yes"},
		{line{value: 11, goal: 10, atMost: true}, "NO"},
		{line{value: 11}, ""},
	} {
		if got := c.l.met(); got != c.text {
			t.Errorf("%+v: %q", c.l, got)
		}
	}
}
