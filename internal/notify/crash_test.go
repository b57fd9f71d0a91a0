package notify_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/keys"
	"usher/internal/notify"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Variables that tell the test binary that it is the worker that will be
// killed, on which database it works and where it sends to.
const (
	crashDatabase = "USHER_NOTIFY_CRASH_DATABASE"
	crashTarget   = "USHER_NOTIFY_CRASH_TARGET"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(crashDatabase); url != "" {
		if err := crashChild(url, os.Getenv(crashTarget)); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1) //nolint:forbidigo // the child is a program of its own
		}
		return
	}
	m.Run()
}

// caller sends a message by a request that names it.
func caller(target string) notify.Sender {
	return senderFunc(func(ctx context.Context, m notify.Message) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(m.ID))
		if err != nil {
			return err
		}
		res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
		if err != nil {
			return err
		}
		return res.Body.Close()
	})
}

// crashChild sends what is due until it is killed.
func crashChild(url, target string) error {
	clock := env.NewFixed(noon)
	s, err := store.Open(context.Background(), url, store.Options{Clock: clock})
	if err != nil {
		return err
	}
	k, err := keys.NewKeeper(env.NewSeeded(1), []byte("an example of a master key, 32 bytes"))
	if err != nil {
		return err
	}
	w := &notify.Worker{
		Outbox:  &notify.Outbox{Store: s, IDs: &env.Counting{}, Seal: k.Column(notify.SealedTable, notify.SealedColumn)},
		Senders: map[notify.Kind]notify.Sender{notify.Email: caller(target)}, Log: slog.New(slog.DiscardHandler),
	}
	return w.Run(context.Background())
}

// TestKilledBetweenSendingAndMarking kills a worker when its message has arrived
// and nothing is noted yet. The message is nobody's until the dead worker's claim
// ends, then it is sent again, under the same identifier, and is settled.
func TestKilledBetweenSendingAndMarking(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		id := w.enqueue(t, mailTo("ann@example.com"))
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.CommandContext(context.WithoutCancel(t.Context()), self)
		var mu sync.Mutex
		var arrived []string
		there, dead := make(chan struct{}), make(chan struct{})
		target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			arrived = append(arrived, string(body))
			first := len(arrived) == 1
			mu.Unlock()
			if first { // no answer before the worker is dead
				close(there)
				<-dead
			}
		}))
		defer target.Close()
		child.Env = append(os.Environ(), crashDatabase+"="+url, crashTarget+"="+target.URL)
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- child.Wait() }()
		select {
		case <-there:
		case err := <-ended:
			t.Fatalf("the worker ended by itself: %v", err)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil || child.ProcessState.Exited() {
			t.Fatalf("the worker was not killed: %v", child.ProcessState)
		}
		close(dead)
		again := w.worker(caller(target.URL))
		run(t, again)
		if m := w.list(t, notify.Query{})[0]; m.Status != notify.Queued || m.Attempts != 1 {
			t.Fatalf("%+v", m)
		}
		w.clock.Advance(2*time.Minute + time.Second)
		run(t, again)
		run(t, again)
		if m := w.list(t, notify.Query{})[0]; m.Status != notify.Sent || m.Attempts != 2 {
			t.Fatalf("%+v", m)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(arrived) != 2 || arrived[0] != id || arrived[1] != id {
			t.Fatalf("%q, want %s twice", arrived, id)
		}
	})
}
