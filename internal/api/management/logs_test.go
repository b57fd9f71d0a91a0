package management_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// read returns the UUIDs of the events of an answer.
func read(a *apptest.Answer) []string {
	var events []struct{ UUID string }
	a.JSON(&events)
	out := []string{}
	for _, e := range events {
		out = append(out, e.UUID)
	}
	return out
}

// walk reads all pages of a bounded range.
func walk(t *testing.T, app *apptest.App, path string) []string {
	t.Helper()
	var out []string
	for path != "" {
		a := app.Get(path).Want(200)
		out = append(out, read(a)...)
		path = next(t, a.Header.Values("Link"))
	}
	return out
}

func TestLogsPolling(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		a := app.Get("/api/v1/logs?limit=2&since=2026-03-01T00:00:00Z").Want(200)
		seen := read(a)
		for range 20 {
			path := next(t, a.Header.Values("Link"))
			if path == "" || strings.Contains(path, "since=") || !strings.Contains(path, "limit=2") {
				t.Fatalf("%v", a.Header.Values("Link"))
			}
			a = app.Get(path).Want(200)
			seen = append(seen, read(a)...)
		}
		if len(read(a)) != 0 || len(seen) < 8 {
			t.Fatalf("%d events", len(seen))
		}
		app.Post("/api/v1/users", body("late@example.org")).Want(200)
		a = app.Get(next(t, a.Header.Values("Link"))).Want(200)
		if a.Text("0.eventType") != "user.lifecycle.create" || a.Text("1.eventType") != "user.lifecycle.activate" || a.Text("0.target.0.alternateId") != "late@example.org" {
			t.Errorf("%s", a.Body)
		}
		seen = append(seen, read(a)...)
		slices.Sort(seen)
		if len(slices.Compact(slices.Clone(seen))) != len(seen) {
			t.Error("an event was read twice")
		}
	})
}

func TestLogsBounded(t *testing.T) {
	app := apptest.New(t)
	for i := range 5 {
		app.Clock.Advance(time.Minute)
		app.Post("/api/v1/users", body(fmt.Sprintf("u%d@example.org", i))).Want(200)
	}
	up := walk(t, app, "/api/v1/logs?limit=3&until=2026-03-01T12:04:00Z&since=2026-03-01T12:01:00Z")
	if len(up) != 6 {
		t.Errorf("%d events", len(up))
	}
	down := walk(t, app, "/api/v1/logs?limit=4&sortOrder=DESCENDING&since=2026-03-01T12:01:00.000%2B00:00")
	if len(down) != 10 {
		t.Errorf("%d events", len(down))
	}
	slices.Reverse(down)
	if !slices.Equal(up, down[:6]) || !slices.IsSorted(down) {
		t.Errorf("%v\n%v", up, down)
	}
	if a := app.Get("/api/v1/logs?limit=0").Want(200); string(a.Body) != "[]" || next(t, a.Header.Values("Link")) == "" {
		t.Errorf("%s %v", a.Body, a.Header)
	}
	if a := app.Get("/api/v1/logs?limit=0&until=2026-03-02").Want(200); string(a.Body) != "[]" || next(t, a.Header.Values("Link")) != "" {
		t.Errorf("%s %v", a.Body, a.Header)
	}
}

func TestLogsErrors(t *testing.T) {
	app := apptest.New(t)
	a := app.Get("/api/v1/logs?since=yesterday").Fails(400, "E0000001",
		"The date format in your query is not recognized. Please enter dates using ISO8601 string format.", "since: must be a valid date-time or empty.")
	if a.Text("errorSummary") != "Api validation failed: since" {
		t.Errorf("%s", a.Body)
	}
	cursor := next(t, app.Get("/api/v1/logs?limit=1").Header.Values("Link"))
	for query, code := range map[string]string{
		"until=x": "E0000001", "limit=1001": "E0000001", "limit=-1": "E0000001", "limit=x": "E0000001", "sortOrder=UP": "E0000001",
		"since=2020-01-01T00:00:00Z": "E0000053", "after=nonsense": "E0000029", "after=p.x.y.z": "E0000029",
		strings.TrimPrefix(cursor, "/api/v1/logs?") + "&since=2026-03-01T00:00:00Z": "E0000063",
		strings.TrimPrefix(cursor, "/api/v1/logs?") + "&sortOrder=DESCENDING":       "E0000029",
	} {
		app.Get("/api/v1/logs?"+query).Fails(400, code)
	}
}

func TestLogEventTellsWhoAndHow(t *testing.T) {
	app := apptest.New(t)
	app.Clock.Advance(time.Second)
	app.With("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0").Post("/api/v1/users", body("w@example.org")).Want(200)
	a := app.Get("/api/v1/logs?sortOrder=DESCENDING&limit=2&until=" + url.QueryEscape("2026-03-01T12:00:02Z")).Want(200)
	for path, want := range map[string]string{
		"0.eventType": "user.lifecycle.activate", "0.displayMessage": "Activate Okta user", "0.legacyEventType": "core.user.config.user_activated",
		"0.actor.alternateId": "admin@example.com", "0.actor.type": "User", "0.client.userAgent.browser": "FIREFOX", "0.client.userAgent.os": "Linux",
		"0.client.device": "Computer", "0.client.ipAddress": "127.0.0.1", "0.client.zone": "null", "0.outcome.result": "SUCCESS", "0.severity": "INFO",
		"0.transaction.type": "WEB", "0.debugContext.debugData.requestUri": "/api/v1/users", "0.request.ipChain.0.version": "V4", "0.version": "0",
		"0.published": "2026-03-01T12:00:01.000Z", "1.eventType": "user.lifecycle.create",
	} {
		if got := a.Text(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if a.Text("0.transaction.id") == "" || a.Text("0.transaction.id") != a.Text("1.transaction.id") || !strings.HasPrefix(a.Text("0.transaction.detail.requestApiTokenId"), "00T") {
		t.Errorf("%s", a.Body)
	}
}
