package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/api/control"
	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/notify"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a listener over data that is one text.
type world struct {
	t       *testing.T
	handler http.Handler
	base    *env.Movable // the machine's clock, which stands still
	clock   *env.Movable
	data    []byte
	err     error // what the data's owner answers next
	asked   notify.Query
	org     string
	looks   int
	logs    bytes.Buffer
	mu      sync.Mutex // over list and what was asked
	list    []notify.Message
}

func newWorld(t *testing.T, change ...func(*control.Config)) *world {
	w := &world{t: t, base: env.NewFixed(noon), data: []byte("seed")}
	w.clock = env.NewMovable(w.base)
	cfg := control.Config{
		Clock:    w.clock,
		Messages: w,
		Snapshot: func(context.Context) ([]byte, error) { return bytes.Clone(w.data), w.err },
		Restore: func(_ context.Context, b []byte) error {
			if w.err == nil {
				w.data = bytes.Clone(b)
			}
			return w.err
		},
		Seeded: []byte("seed"),
		Log:    slog.New(slog.NewTextHandler(&w.logs, nil)),
	}
	for _, c := range change {
		c(&cfg)
	}
	w.handler = control.New(cfg)
	return w
}

// List implements control.Messages: it answers what is there, newest first, and
// notes what was asked for.
func (w *world) List(_ context.Context, org string, q notify.Query) ([]notify.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.org, w.asked, w.looks = org, q, w.looks+1
	var out []notify.Message
	for _, m := range w.list {
		if (q.After == "" || m.ID > q.After) && (q.Kind == "" || q.Kind == m.Kind) && len(out) < q.Limit {
			out = append(out, m)
		}
	}
	return out, w.err
}

// Get implements control.Messages.
func (w *world) Get(_ context.Context, org, id string) (notify.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.org = org
	for _, m := range w.list {
		if m.ID == id {
			return m, w.err
		}
	}
	return notify.Message{}, idp.NotFound("message", id)
}

// Delete implements control.Messages.
func (w *world) Delete(_ context.Context, org string, q notify.Query) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.org, w.asked = org, q
	n := min(len(w.list), q.Limit)
	w.list = w.list[n:]
	return n, w.err
}

// Remove implements control.Messages.
func (w *world) Remove(ctx context.Context, org, id string) error {
	if _, err := w.Get(ctx, org, id); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = slices.DeleteFunc(w.list, func(m notify.Message) bool { return m.ID == id })
	return nil
}

func (w *world) set(list ...notify.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = list
}

// do sends a request as curl would and returns status and body.
func (w *world) do(method, path, body string, change ...func(*http.Request)) (int, string) {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, "http://127.0.0.1:8081"+path, strings.NewReader(body))
	for _, c := range change {
		c(r)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

// want sends a request that must be answered with status, and decodes JSON.
func (w *world) want(status int, method, path, body string) map[string]any {
	w.t.Helper()
	got, text := w.do(method, path, body)
	if got != status {
		w.t.Fatalf("%s %s %s: %d, want %d: %s", method, path, body, got, status, text)
	}
	if text == "" {
		return nil
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		w.t.Fatalf("%s %s: %v: %s", method, path, err, text)
	}
	if status >= 400 && out["error"] == "" {
		w.t.Errorf("%s %s: an error without text: %s", method, path, text)
	}
	return out
}

func TestClockMoves(t *testing.T) {
	w := newWorld(t)
	for _, step := range []struct {
		body string
		want time.Time
	}{
		{`{"advance":"90m"}`, noon.Add(90 * time.Minute)},
		{`{"advance":"-90m"}`, noon},
		{`{"advance":"7d"}`, noon.AddDate(0, 0, 7)},
		{`{"advance":"-1d12h"}`, noon.AddDate(0, 0, 5).Add(12 * time.Hour)},
		{`{"set":"2030-01-01T00:00:00+01:00"}`, time.Date(2029, 12, 31, 23, 0, 0, 0, time.UTC)},
		{`{"reset":true}`, noon},
	} {
		got := w.want(http.StatusOK, "POST", "/clock", step.body)
		if got["now"] != step.want.Format(time.RFC3339) || !w.clock.Now().Equal(step.want) {
			t.Errorf("%s: %v, want %s", step.body, got, step.want)
		}
	}
	w.base.Advance(time.Second)
	if got := w.want(http.StatusOK, "GET", "/clock", ""); got["now"] != "2026-03-01T12:00:01Z" || got["offset"] != "0s" {
		t.Errorf("the clock does not run: %v", got)
	}
}

func TestClockRefuses(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{
		``, `{}`, `[]`, `{"advance":"90m","reset":true}`, `{"advance":"soon"}`, `{"advance":"d"}`, `{"advance":"-"}`, `{"advance":"--1h"}`,
		`{"advance":"1d-2h"}`, `{"advance":"99999999d"}`, `{"advance":"60000d"}`, `{"advance":"9000000h"}`, `{"advance":"40000d"}`, `{"set":"tomorrow"}`, `{"set":"1980-01-01T00:00:00Z"}`,
		`{"set":"2090-01-01T00:00:00Z"}`, `{"now":"2030-01-01T00:00:00Z"}`, `{"reset":true} {}`, `{"advance":"` + strings.Repeat(" ", 5000) + `1h"}`,
	} {
		w.want(http.StatusBadRequest, "POST", "/clock", body)
		if !w.clock.Now().Equal(noon) {
			t.Fatalf("%s moved the clock to %s", body, w.clock.Now())
		}
	}
}

func TestOutboxShowsLinksAndCodes(t *testing.T) {
	w := newWorld(t)
	w.list = []notify.Message{
		{ID: "msg2", Kind: notify.SMS, To: "+15550100", Text: "your code is 123456", Data: map[string]string{notify.DataCode: "123456"}, Status: notify.Queued, Created: noon},
		{ID: "msg1", Kind: notify.Email, To: "a@example.com", Subject: "s", Text: "t", Status: notify.Sent, Attempts: 1, Created: noon},
	}
	got := w.want(http.StatusOK, "GET", "/outbox?to=a%40example.com&after=msg0&limit=7&org=00o1", "")
	if (w.asked != notify.Query{To: "a@example.com", After: "msg0", Limit: 7}) || w.org != "00o1" {
		t.Errorf("asked for %+v of %q", w.asked, w.org)
	}
	messages, ok := got["messages"].([]any)
	if !ok || len(messages) != 2 {
		t.Fatalf("%v", got)
	}
	first, second := messages[0].(map[string]any), messages[1].(map[string]any)
	if first["id"] != "msg2" || first["data"].(map[string]any)["code"] != "123456" || first["status"] != "queued" || first["created"] != "2026-03-01T12:00:00Z" {
		t.Errorf("%v", first)
	}
	if second["attempts"] != 1.0 || second["data"] == nil {
		t.Errorf("%v", second)
	}
	w.list = nil
	if got := w.want(http.StatusOK, "GET", "/outbox", ""); len(got["messages"].([]any)) != 0 || w.asked.Limit != notify.MaxList {
		t.Errorf("%v, asked for %+v", got, w.asked)
	}
	for _, limit := range []string{"0", "-1", "x", "201"} {
		w.want(http.StatusBadRequest, "GET", "/outbox?limit="+limit, "")
	}
}

func TestSnapshotsTakeTheDataAndTheClockBack(t *testing.T) {
	w := newWorld(t)
	w.want(http.StatusOK, "POST", "/clock", `{"advance":"1h"}`)
	w.data = []byte("first")
	if got := w.want(http.StatusCreated, "POST", "/snapshots", ""); got["id"] != "1" || got["bytes"] != 5.0 || got["created"] != "2026-03-01T13:00:00Z" {
		t.Fatalf("%v", got)
	}
	w.data = []byte("second")
	w.want(http.StatusOK, "POST", "/clock", `{"advance":"1h"}`)
	w.want(http.StatusCreated, "POST", "/snapshots", "")
	w.base.Advance(time.Minute)
	w.want(http.StatusOK, "POST", "/snapshots/1/restore", "")
	if string(w.data) != "first" || !w.clock.Now().Equal(noon.Add(time.Hour+time.Minute)) {
		t.Fatalf("%q at %s", w.data, w.clock.Now())
	}
	w.want(http.StatusOK, "POST", "/snapshots/2/restore", "")
	if string(w.data) != "second" || w.clock.Offset() != 2*time.Hour {
		t.Fatalf("%q, %s", w.data, w.clock.Offset())
	}
	got := w.want(http.StatusOK, "POST", "/reset", "")
	if string(w.data) != "seed" || w.clock.Offset() != 0 || got["clock"].(map[string]any)["offset"] != "0s" {
		t.Fatalf("%q, %s, %v", w.data, w.clock.Offset(), got)
	}
	if code, body := w.do("GET", "/snapshots/1", ""); code != http.StatusOK || body != "first" {
		t.Fatalf("download: %d %q", code, body)
	}
	w.want(http.StatusNoContent, "DELETE", "/snapshots/1", "")
	for _, r := range [][2]string{{"GET", "/snapshots/1"}, {"DELETE", "/snapshots/1"}, {"POST", "/snapshots/1/restore"}} {
		w.want(http.StatusNotFound, r[0], r[1], "")
	}
	list := w.want(http.StatusOK, "GET", "/snapshots", "")["snapshots"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["id"] != "2" {
		t.Fatalf("%v", list)
	}
}

func TestSnapshotsAreBounded(t *testing.T) {
	w := newWorld(t)
	for range 16 {
		w.want(http.StatusCreated, "POST", "/snapshots", "")
	}
	w.want(http.StatusConflict, "POST", "/snapshots", "")
	w.want(http.StatusNoContent, "DELETE", "/snapshots/3", "")
	if got := w.want(http.StatusCreated, "POST", "/snapshots", ""); got["id"] != "17" {
		t.Fatalf("an identifier is used again: %v", got)
	}
	w = newWorld(t)
	w.data = make([]byte, 60<<20)
	w.want(http.StatusCreated, "POST", "/snapshots", "")
	w.want(http.StatusCreated, "POST", "/snapshots", "")
	w.want(http.StatusConflict, "POST", "/snapshots", "")
}

func TestFailuresAreTold(t *testing.T) {
	w := newWorld(t)
	w.want(http.StatusCreated, "POST", "/snapshots", "")
	w.want(http.StatusOK, "POST", "/clock", `{"advance":"1h"}`)
	for kind, status := range map[idp.Kind]int{idp.KindUnsupported: http.StatusConflict, idp.KindNotFound: http.StatusNotFound, idp.KindMalformed: http.StatusBadRequest} {
		w.err = idp.Fail(kind, "a helpful sentence")
		for _, r := range [][2]string{{"POST", "/snapshots"}, {"POST", "/reset"}, {"POST", "/snapshots/1/restore"}, {"GET", "/outbox"}} {
			if got := w.want(status, r[0], r[1], ""); !strings.Contains(got["error"].(string), "a helpful sentence") {
				t.Errorf("%v: %v", r, got)
			}
		}
	}
	w.err = errors.New("password=hunter2")
	for _, r := range [][2]string{{"POST", "/snapshots"}, {"POST", "/reset"}, {"GET", "/outbox"}, {"GET", "/"}} {
		if got := w.want(http.StatusInternalServerError, r[0], r[1], ""); strings.Contains(got["error"].(string), "hunter2") {
			t.Errorf("%v tells: %v", r, got)
		}
	}
	if w.clock.Offset() != time.Hour {
		t.Error("a failed reset moved the clock")
	}
	if !strings.Contains(w.logs.String(), "hunter2") {
		t.Error("the log does not say why")
	}
	none := newWorld(t, func(c *control.Config) { c.Seeded = nil })
	none.want(http.StatusConflict, "POST", "/reset", "")
}

func TestOnlyThisMachineAndNoWebPage(t *testing.T) {
	w := newWorld(t)
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for i, c := range []struct {
		method string
		change func(*http.Request)
		want   int
	}{
		{"GET", host("127.0.0.1:8081"), http.StatusOK},
		{"GET", host("127.1.2.3"), http.StatusOK},
		{"GET", host("[::1]:8081"), http.StatusOK},
		{"GET", host("[::1]"), http.StatusOK},
		{"GET", host("LocalHost:1"), http.StatusOK},
		{"GET", host("a.localhost."), http.StatusOK},
		{"GET", host("evil.example:8081"), http.StatusForbidden},
		{"GET", host("127.0.0.1.evil.example"), http.StatusForbidden},
		{"GET", host("localhost.evil.example"), http.StatusForbidden},
		{"GET", host("evillocalhost"), http.StatusForbidden},
		{"GET", host("10.0.0.1"), http.StatusForbidden},
		{"GET", host("0.0.0.0"), http.StatusForbidden},
		{"GET", host(""), http.StatusForbidden},
		{"POST", header("Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		{"POST", header("Sec-Fetch-Site", "same-site"), http.StatusForbidden},
		{"POST", header("Origin", "https://evil.example"), http.StatusForbidden},
		{"POST", header("Origin", "http://127.0.0.1:8080"), http.StatusForbidden},
		{"POST", header("Origin", "null"), http.StatusForbidden},
		{"POST", header("Sec-Fetch-Site", "same-origin"), http.StatusOK},
		{"POST", header("Origin", "http://127.0.0.1:8081"), http.StatusOK},
	} {
		if got, body := w.do(c.method, "/clock", `{"reset":true}`, c.change); got != c.want {
			t.Errorf("case %d: %d, want %d: %s", i, got, c.want, body)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	w := newWorld(t)
	w.want(http.StatusNotFound, "GET", "/clocks", "")
	w.want(http.StatusMethodNotAllowed, "GET", "/reset", "")
	w.want(http.StatusMethodNotAllowed, "PUT", "/clock", "")
}

func TestPageIsReadableAndHarmless(t *testing.T) {
	w := newWorld(t)
	w.list = []notify.Message{
		{Kind: notify.Email, To: `<script>alert(1)</script>`, Subject: "Welcome & hello", Data: map[string]string{notify.DataLink: "https://id.example/w/1", notify.DataCode: "123456"}, Created: noon},
		{Kind: notify.SMS, To: "x", Text: "text", Data: map[string]string{notify.DataLink: "javascript:alert(1)"}, Created: noon},
		{Kind: notify.SMS, To: "y", Text: "no data", Created: noon},
	}
	w.want(http.StatusCreated, "POST", "/snapshots", "")
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost:8081/", nil)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	body := rec.Body.String()
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(rec.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Fatalf("%d %v", rec.Code, rec.Header())
	}
	for _, want := range []string{"2026-03-01 12:00:00 UTC", "http://localhost:8081/clock", "Welcome &amp; hello", `href="https://id.example/w/1"`, "123456", "no data", "Snapshot 1"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"<script", `href="javascript:`, "style="} {
		if strings.Contains(body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if w.asked.Limit != 10 {
		t.Errorf("asked for %d messages", w.asked.Limit)
	}
	if code, css := w.do("GET", "/style.css", ""); code != http.StatusOK || !strings.Contains(css, "font") {
		t.Errorf("style: %d %s", code, strconv.Quote(css))
	}
}
