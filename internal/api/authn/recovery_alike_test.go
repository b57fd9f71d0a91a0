package authn_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/notify"
)

// TestRecoveriesAreByteEqual: however a recovery is asked for, for whom, and in
// whatever state that user is, the answers up to the right code are the same to
// the byte, headers and cookies included, but for handles and times.
func TestRecoveriesAreByteEqual(t *testing.T) {
	s := newRecoverySite(t)
	logins := []string{login, "plain@example.com"}
	for n, state := range idp.UserStatuses() {
		u := s.User("in" + strings.ToLower(string(state)) + "@example.com")
		s.Ask(u)
		s.Phone(u, fmt.Sprintf("+1555020%d", n))
		s.Put(u, state)
		logins = append(logins, u.Login)
	}
	mask := func(a answer) string {
		h := a.header.Clone()
		for _, name := range []string{"X-Okta-Request-Id", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "Date", "Content-Length"} {
			h.Del(name)
		}
		head, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		text := a.body
		for _, name := range []string{"stateToken", "errorId", "expiresAt"} {
			if v := a.member(t, name); v != "" {
				text = strings.ReplaceAll(text, v, name)
			}
		}
		return fmt.Sprintf("%d %s\n%s\n", a.status, head, text)
	}
	walk := func(path, way, name string) string {
		s.Clock.Advance(time.Hour)
		begun := s.post(path, map[string]any{"username": name, "factorType": way})
		out := mask(begun)
		if way == "EMAIL" {
			return out
		}
		token := begun.member(t, "stateToken")
		at := "/recovery/factors/" + way
		out += mask(s.post(at+"/resend", map[string]any{"stateToken": token}))
		for range 6 {
			out += mask(s.post(at+"/verify", map[string]any{"stateToken": token, "passCode": "x"}))
		}
		return out + mask(s.post("/cancel", map[string]any{"stateToken": token}))
	}
	for _, path := range []string{"/recovery/password", "/recovery/unlock"} {
		for _, way := range []string{"EMAIL", "SMS", "CALL"} {
			want := walk(path, way, "nobody@example.com")
			for _, name := range logins {
				if got := walk(path, way, name); got != want {
					t.Errorf("%s by %s for %s:\n%s\nwant\n%s", path, way, name, got, want)
				}
			}
		}
	}
}

// TestRecoveryAnswersBeforeItsMail: what is sent waits in the outbox when the
// answer is there; no sender has a say in how long that takes.
func TestRecoveryAnswersBeforeItsMail(t *testing.T) {
	s := newRecoverySite(t)
	for way, to := range map[string]string{"EMAIL": login, "SMS": phone, "CALL": phone} {
		s.Clock.Advance(time.Hour)
		before := s.Mail(to).ID
		if got := s.post("/recovery/password", map[string]any{"username": login, "factorType": way}); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		m := s.Mail(to)
		if m.ID == before || m.Status != notify.Queued || m.Attempts != 0 {
			t.Errorf("%s: %+v", way, m)
		}
	}
}
