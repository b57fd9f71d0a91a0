package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/store/storetest"
)

// kills is how often the server is killed in the middle of its work.
const kills = 20

// TestKilledServerLosesNothing kills -9 a server under a stream of writes, over
// and over. Whatever it has acknowledged is there afterwards, with its events.
func TestKilledServerLosesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, database string) {
		vars := []string{"USHER_MASTER_KEY=" + env.Secret(env.SystemRand{}, "", 32), "USHER_DATABASE=" + database}
		status, text := start(t, vars, "org", "create", "--name", "Acme", "--admin-login", "ann@example.com").finish()
		if status != 0 {
			t.Fatalf("org create: %d", status)
		}
		token := field(t, text, "API token")
		port := freePort(t)
		acknowledged := map[string]bool{}
		for round := range kills {
			p, url := serve(t, vars, port)
			stream(t, p, url, token, round, acknowledged)
		}
		if len(acknowledged) < kills {
			t.Fatalf("only %d writes were acknowledged in %d rounds: the test tests nothing", len(acknowledged), kills)
		}
		_, url := serve(t, vars, port)
		verify(t, url, token, acknowledged)
	})
}

// stream creates users from several connections at once until the server dies,
// which happens after a moment that differs from round to round.
func stream(t *testing.T, p *process, url, token string, round int, acknowledged map[string]bool) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id, ok := create(t, url, token, fmt.Sprintf("u%d-%d-%d@example.com", round, worker, n))
				if !ok {
					return
				}
				mu.Lock()
				acknowledged[id] = true
				mu.Unlock()
			}
		})
	}
	<-time.After(time.Duration(30+round*7) * time.Millisecond)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	_ = p.cmd.Wait()
}

// create returns the id of a new user, and false when the server has gone.
func create(t *testing.T, url, token, login string) (string, bool) {
	body := fmt.Sprintf(`{"profile":{"firstName":"A","lastName":"B","email":%[1]q,"login":%[1]q}}`, login)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/users?activate=false", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return "", false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "SSWS "+token)
	res, err := client().Do(req)
	if err != nil {
		return "", false
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	var user struct{ ID string }
	if err != nil || json.Unmarshal(answer, &user) != nil {
		return "", false
	}
	if res.StatusCode != http.StatusOK {
		t.Errorf("%d %s", res.StatusCode, answer)
		return "", false
	}
	return user.ID, true
}

// verify looks for every acknowledged user and for the event of its creation.
func verify(t *testing.T, url, token string, acknowledged map[string]bool) {
	t.Helper()
	created := map[string]int{}
	for next := url + "/api/v1/logs?limit=1000"; next != ""; {
		var events []struct {
			EventType string
			Target    []struct{ ID string }
		}
		next = page(t, next, url, token, &events)
		for _, e := range events {
			if e.EventType == "user.lifecycle.create" {
				created[e.Target[0].ID]++
			}
		}
		if len(events) == 0 {
			break
		}
	}
	users := map[string]bool{}
	for next := url + "/api/v1/users?limit=200"; next != ""; {
		var list []struct{ ID string }
		next = page(t, next, url, token, &list)
		for _, u := range list {
			users[u.ID] = true
		}
	}
	for id := range acknowledged {
		if !users[id] || created[id] != 1 {
			t.Errorf("user %s was acknowledged: there %v, events of its creation %d", id, users[id], created[id])
		}
	}
	t.Logf("%d writes were acknowledged over %d kills, %d users are there", len(acknowledged), kills, len(users))
}

// page reads one page of a list and returns the address of the next one. The
// links carry the public address; the node is asked under its own.
func page(t *testing.T, address, url, token string, into any) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "SSWS "+token)
	res, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", address, res.StatusCode, err)
	}
	for _, link := range res.Header.Values("Link") {
		if target, ok := strings.CutSuffix(link, `>; rel="next"`); ok {
			return url + strings.TrimPrefix(target, "<http://id.example.com")
		}
	}
	return ""
}
