package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of a connection. Slow senders are cut off; answers have time to leave.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 45 * time.Second
	idleTimeout   = 90 * time.Second
	maxHeader     = 32 << 10
	// drainTimeout bounds how long a stop waits for requests under way.
	drainTimeout = 800 * time.Millisecond
)

// Listener serves a handler at an address until its context ends.
type Listener struct {
	net  net.Listener
	http *http.Server
	log  *slog.Logger
}

// Listen opens address (port 0 picks a free one); tlsConfig may be nil.
func Listen(ctx context.Context, address string, tlsConfig *tls.Config, log *slog.Logger) (*Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &Listener{net: ln, log: log, http: &http.Server{
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, TLSConfig: tlsConfig, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	return l, nil
}

// Addr returns host and port.
func (l *Listener) Addr() string { return l.net.Addr().String() }

// Serve answers requests with h until ctx ends, then lets those under way
// finish for a moment.
func (l *Listener) Serve(ctx context.Context, h http.Handler) error {
	l.http.Handler = h
	failed := make(chan error, 1)
	go func() {
		if l.http.TLSConfig != nil {
			failed <- l.http.ServeTLS(l.net, "", "")
			return
		}
		failed <- l.http.Serve(l.net)
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := l.http.Shutdown(stop); err != nil {
		l.log.Warn("requests were still under way at the stop", "error", err.Error())
		return l.http.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close gives the address up without having served.
func (l *Listener) Close() error { return l.net.Close() }
