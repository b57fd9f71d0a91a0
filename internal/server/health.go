package server

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"usher/internal/api/httpkit"
	"usher/internal/notify"
	"usher/internal/store"
)

// readyTimeout bounds how long /readyz waits for the database, so that it turns
// red well within two seconds of a loss.
const readyTimeout = time.Second

// health serves /healthz, /readyz and /metrics.
type health struct {
	store       *store.Store
	registry    *prometheus.Registry
	requests    *prometheus.HistogramVec
	messages    *prometheus.CounterVec
	metricsFrom httpkit.Proxies
	metrics     http.Handler
}

func newHealth(s *store.Store, outbox *notify.Outbox, from httpkit.Proxies) *health {
	h := &health{store: s, registry: prometheus.NewRegistry(), metricsFrom: from}
	h.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "usher", Name: "http_request_seconds", Help: "Answered requests by operation and class of status.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
	}, []string{"operation", "status"})
	h.messages = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "usher", Name: "message_attempts_total", Help: "Attempts of this node to send a message, by kind and outcome: sent, retry, dead.",
	}, []string{"kind", "outcome"})
	h.registry.MustRegister(h.requests, h.messages, &outboxGauge{outbox: outbox, desc: prometheus.NewDesc(
		"usher_outbox_messages", "Messages in the outbox of all nodes, by state: queued, sent, dead.", []string{"status"}, nil,
	)}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	h.metrics = promhttp.HandlerFor(h.registry, promhttp.HandlerOpts{})
	return h
}

// observe counts the answers of a route. Both labels come from our own tables,
// never from the text of a request. A class of status is there from its first
// answer on.
func (h *health) observe(route string) func(status int, took time.Duration) {
	var classes [6]atomic.Pointer[prometheus.Observer]
	return func(status int, took time.Duration) {
		class := min(status/100, len(classes)-1)
		o := classes[class].Load()
		if o == nil {
			fresh := h.requests.WithLabelValues(route, strconv.Itoa(class)+"xx")
			o = &fresh
			classes[class].Store(o)
		}
		(*o).Observe(took.Seconds())
	}
}

// delivered counts an attempt to send a message.
func (h *health) delivered(kind notify.Kind, outcome string) {
	h.messages.WithLabelValues(string(kind), outcome).Inc()
}

// outboxGauge counts the outbox when it is asked.
type outboxGauge struct {
	outbox *notify.Outbox
	desc   *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (g *outboxGauge) Describe(out chan<- *prometheus.Desc) { out <- g.desc }

// Collect implements prometheus.Collector. A database that does not answer soon
// leaves the figures out; /readyz tells of it.
func (g *outboxGauge) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	counts, err := g.outbox.Counts(ctx)
	if err != nil {
		return
	}
	for status, n := range counts {
		out <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, float64(n), string(status))
	}
}

// wrap answers the probes before anything else and hands the rest on.
func (h *health) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			probe(w, http.StatusOK, "ok")
		case "/readyz":
			h.ready(w, r)
		case "/metrics":
			if !h.mayReadMetrics(r) {
				http.NotFound(w, r)
				return
			}
			h.metrics.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := h.store.Ping(ctx); err != nil {
		probe(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	probe(w, http.StatusOK, "ready")
}

// mayReadMetrics looks at the peer itself: what a proxy forwards is from
// somebody else, whoever that is.
func (h *health) mayReadMetrics(r *http.Request) bool {
	if r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	return h.metricsFrom.Contains(peer.Addr().Unmap())
}

func probe(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
