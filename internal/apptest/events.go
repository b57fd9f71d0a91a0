package apptest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"usher/internal/idp"
)

// Logs collects what a server logs, to be searched for what must not be there.
type Logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns everything that was logged.
func (l *Logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Events returns the types of the events that fn caused, each as
// "type RESULT" with the reason behind it where there is one, in order.
func (a *App) Events(t testing.TB, fn func()) []string {
	t.Helper()
	before := len(a.allEvents(t))
	fn()
	var out []string
	for _, e := range a.allEvents(t)[before:] {
		out = append(out, strings.TrimSpace(string(e.Type)+" "+string(e.Result)+" "+e.Reason))
	}
	return out
}

// WantEvents fails the test unless fn causes exactly these events.
func (a *App) WantEvents(t testing.TB, want []string, fn func()) {
	t.Helper()
	if got := a.Events(t, fn); !slices.Equal(got, want) {
		t.Errorf("events\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (a *App) allEvents(t testing.TB) []idp.Event {
	t.Helper()
	events, err := a.Server.Events(context.WithoutCancel(t.Context()), a.Seeded.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	return events
}
