package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
	"usher/internal/notify/webhook"
	"usher/internal/server"
)

// TestKindsLeaveByThemselves: a job for each kind brings messages to its sender,
// and the metrics count them.
func TestKindsLeaveByThemselves(t *testing.T) {
	arrived := make(chan string, 1)
	stuck := make(chan struct{})
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var m struct{ Kind, Text string }
		if err != nil || json.Unmarshal(body, &m) != nil {
			t.Errorf("%q, %v", body, err)
		}
		arrived <- m.Kind
	}))
	defer sink.Close()
	client := egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	defer client.Close()
	hook := &webhook.Sender{Client: client, Clock: env.System{}, URL: sink.URL, Secrets: []webhook.Secret{[]byte("a secret for tests, of 32 bytes.")}}
	app := apptest.New(t, apptest.Configure(func(c *server.Config) {
		c.Senders = map[notify.Kind]notify.Sender{
			notify.Email: sends(func(ctx context.Context) error { // a mail server that takes its time
				select {
				case <-stuck:
				case <-ctx.Done():
				}
				return nil
			}),
			notify.SMS: hook,
		}
		c.MetricsFrom = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}))
	text, err := notify.TextCode{To: "+15550100", Org: "Acme", Code: "271828"}.Message()
	if err != nil {
		t.Fatal(err)
	}
	app.Post("/api/v1/users", map[string]any{"profile": map[string]string{
		"firstName": "Ann", "lastName": "Example", "email": "ann@example.com", "login": "ann@example.com",
	}}).Want(http.StatusOK) // queues a mail
	if err := app.Server.Enqueue(t.Context(), app.Seeded.OrgID, text); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Server.RunJobs(ctx) }()
	select {
	case kind := <-arrived:
		if kind != "sms" {
			t.Errorf("a %s has left", kind)
		}
	case <-t.Context().Done():
		t.Fatal("no text has left")
	}
	metrics := ""
	for !strings.Contains(metrics, `usher_message_attempts_total{kind="sms",outcome="sent"} 1`) {
		if t.Context().Err() != nil {
			t.Fatalf("nothing is counted:\n%s", metrics)
		}
		metrics = string(app.Anonymous().Get("/metrics").Want(http.StatusOK).Body)
	}
	for _, want := range []string{`usher_outbox_messages{status="sent"} 1`, `usher_outbox_messages{status="queued"} 1`, `usher_outbox_messages{status="dead"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s:\n%s", want, metrics)
		}
	}
	close(stuck)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if strings.Contains(app.Logs.String(), "271828") {
		t.Error("the log tells the code")
	}
}

type sends func(ctx context.Context) error

func (s sends) Send(ctx context.Context, _ notify.Message) error { return s(ctx) }
