package oktasdkv2

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/okta/okta-sdk-golang/v2/okta"
	"github.com/okta/okta-sdk-golang/v2/okta/query"
)

// TestSession signs a new user in, and follows the session by its id. The SDK
// has no call for the sign-in itself, so that one request is made by hand.
func TestSession(t *testing.T) {
	ctx, client, server := newClient(t)
	began := time.Now().Add(-time.Minute)
	user := person(ctx, t, client, "session@example.com")
	session, _, err := client.Session.CreateSession(ctx, okta.CreateSessionRequest{
		SessionToken: signIn(t, server.URL, "session@example.com", password),
	})
	if err != nil {
		t.Fatal(err)
	}
	if session.Status != "ACTIVE" || session.UserId != user.Id || session.Login != "session@example.com" || session.ExpiresAt == nil {
		t.Errorf("session is %+v", session)
	}
	if _, _, err := client.Session.GetSession(ctx, session.Id); err != nil {
		t.Fatal(err)
	}
	refreshed, _, err := client.Session.RefreshSession(ctx, session.Id)
	if err != nil {
		t.Fatal(err)
	}
	if refreshed.ExpiresAt.Before(*session.ExpiresAt) {
		t.Errorf("refreshed until %s, before %s", refreshed.ExpiresAt, session.ExpiresAt)
	}
	if _, err := client.Session.EndSession(ctx, session.Id); err != nil {
		t.Fatal(err)
	}
	_, resp, err := client.Session.GetSession(ctx, session.Id)
	wantError(t, err, resp, http.StatusNotFound, "E0000007")

	wantEvents(t, client, user.Id, began, []string{"user.lifecycle.create", "user.session.start", "user.session.end"})
}

// signIn gives the one-time session token of a sign-in with a password.
func signIn(t *testing.T, url, login, secret string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"username": login, "password": secret})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/authn", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	client := &http.Client{Timeout: 30 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Status, SessionToken string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || answer.Status != "SUCCESS" || answer.SessionToken == "" {
		t.Fatalf("sign-in answered %d %s", resp.StatusCode, answer.Status)
	}
	return answer.SessionToken
}

// wantEvents waits until the system log tells of the user, as actor or target,
// by each event type. The log may lag behind the answers by a moment.
func wantEvents(t *testing.T, client *okta.Client, userID string, since time.Time, want []string) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		events, _, err := client.LogEvent.GetLogs(t.Context(), query.NewQueryParams(
			query.WithSince(since.UTC().Format("2006-01-02T15:04:05.000Z")), query.WithLimit(1000)))
		if err != nil {
			t.Fatal(err)
		}
		missing := slices.DeleteFunc(slices.Clone(want), func(kind string) bool { return tells(events, kind, userID) })
		if len(missing) == 0 {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("the system log lacks %v among %d events", missing, len(events))
		case <-again.C:
		}
	}
}

func tells(events []*okta.LogEvent, kind, userID string) bool {
	for _, e := range events {
		if e.EventType != kind {
			continue
		}
		if e.Actor != nil && e.Actor.Id == userID {
			return true
		}
		for _, target := range e.Target {
			if target.Id == userID {
				return true
			}
		}
	}
	return false
}
