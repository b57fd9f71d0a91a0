package apptest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"usher/internal/notify"
)

// Message is what the server wants sent, as the control interface shows it.
type Message struct {
	ID, Kind, To, Template, Subject, Text string
	// Data holds what the text was made from, by the names of package notify.
	Data map[string]string
	// Status is what has become of it, Problem why the last attempt failed.
	Status, Problem string
}

// Messages lists what the server wants sent to somebody, the newest first.
func (a *App) Messages(t testing.TB, to string) []Message {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/outbox?to="+url.QueryEscape(to), nil)
	r.RemoteAddr = "127.0.0.1:50000"
	a.Server.Control(r.Context(), a.Clock, nil).ServeHTTP(w, r)
	var out struct{ Messages []Message }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	return out.Messages
}

// Code returns the newest code that was sent to somebody.
func (a *App) Code(t testing.TB, to string) string {
	t.Helper()
	list := a.Messages(t, to)
	for _, m := range list {
		if code := m.Data[notify.DataCode]; code != "" {
			return code
		}
	}
	t.Fatalf("no code was sent to %s: %+v", to, list)
	return ""
}
