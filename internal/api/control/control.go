package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/phone"
)

// maxBody bounds a request's body in bytes.
const maxBody = 4 << 10

// Config is what the listener needs.
type Config struct {
	Clock    *env.Movable
	Messages Messages
	// Stop is closed when the server stops: who waits is answered then. Nil for
	// never.
	Stop <-chan struct{}
	// Snapshot returns a copy of all data, Restore takes the data back to one.
	// Restore also empties what the server keeps in memory of the old data.
	Snapshot func(ctx context.Context) ([]byte, error)
	Restore  func(ctx context.Context, snapshot []byte) error
	// Seeded is the copy taken when the data had been seeded; without one there
	// is nothing to reset to.
	Seeded []byte
	// Sample is what the sample page signs in to; the zero value for no page.
	Sample Sample
	Log    *slog.Logger
	// Phone scans, holds keys and answers for tests.
	Phone *phone.Phone
}

// handler answers the control protocol.
type handler struct {
	cfg Config
	// restoring is held while the data goes back, so that two who reset at once
	// do so one after the other.
	restoring sync.Mutex
	shelf     shelf
}

// New returns the control listener's handler.
func New(cfg Config) http.Handler {
	h := &handler{cfg: cfg}
	r := chi.NewRouter()
	r.Use(secured)
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "there is nothing at %s; GET / tells what there is", r.URL.Path)
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusMethodNotAllowed, "%s does not work on %s; GET / tells what does", r.Method, r.URL.Path)
	})
	r.Get("/", h.page)
	r.Get("/style.css", asset("text/css; charset=utf-8", styleText))
	r.Get("/clock", h.getClock)
	r.Post("/clock", h.setClock)
	h.routeInbox(r)
	h.mountPhone(r)
	if cfg.Sample.ClientID != "" {
		r.Get("/sample", h.sample)
		r.Get("/sample.js", asset("text/javascript; charset=utf-8", sampleScript))
	}
	r.Post("/reset", h.reset)
	r.Get("/snapshots", h.listSnapshots)
	r.Post("/snapshots", h.takeSnapshot)
	r.Get("/snapshots/{id}", h.downloadSnapshot)
	r.Delete("/snapshots/{id}", h.deleteSnapshot)
	r.Post("/snapshots/{id}/restore", h.restoreSnapshot)
	return r
}

// secured refuses what a web page may have sent: a request across origins, and
// one that names a host which is not this machine (DNS rebinding).
func secured(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Cache-Control", "no-store")
		head.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("X-Content-Type-Options", "nosniff")
		if !loopback(r.Host) {
			fail(w, http.StatusForbidden, "the host %q is not this machine: use 127.0.0.1, [::1] or localhost", r.Host)
			return
		}
		if err := cross.Check(r); err != nil {
			fail(w, http.StatusForbidden, "a web page of another origin may not do this")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// loopback tells whether a Host header names this machine.
func loopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761 section 6.3
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// read decodes a JSON body, an empty one as {}, and answers 400 when it cannot.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if errors.Is(err, io.EOF) {
		return true
	}
	if err == nil && dec.More() {
		err = errors.New("something follows the JSON object")
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "the body is not the JSON that is expected here: %v", err)
		return false
	}
	return true
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		fail(w, http.StatusInternalServerError, "the answer cannot be written")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // a caller who is gone cannot be told so
}

// failure is the body of every error.
type failure struct {
	Error string `json:"error"`
}

func fail(w http.ResponseWriter, status int, format string, args ...any) {
	answer(w, status, failure{fmt.Sprintf(format, args...)})
}

// broken answers for what failed below: errors of ours with their causes,
// others without text.
func (h *handler) broken(w http.ResponseWriter, what string, err error) {
	e, known := errors.AsType[*idp.Error](err)
	if !known {
		h.cfg.Log.Error(what+" failed", "err", err)
		fail(w, http.StatusInternalServerError, "%s failed; the server's log says why", what)
		return
	}
	status := http.StatusBadRequest
	switch e.Kind {
	case idp.KindNotFound:
		status = http.StatusNotFound
	case idp.KindUnsupported, idp.KindConflict:
		status = http.StatusConflict
	default: // the rest is about what was asked for
	}
	fail(w, status, "%s failed: %s", what, e.Error())
}
