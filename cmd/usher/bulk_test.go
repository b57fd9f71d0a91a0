package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

const (
	imported = 10_000 // users of the import
	workers  = 8      // its connections
	// inSales is how many of the imported users share a department.
	inSales = 3
)

// TestBulkWorkSurvivesKills kills -9 a server in the middle of an import of
// 10,000 users, three times, and in the middle of a group rule's evaluation over
// them. The import goes on with what was not acknowledged, the rule by itself.
// Afterwards nothing is doubled and nothing lost.
func TestBulkWorkSurvivesKills(t *testing.T) {
	if testing.Short() {
		t.Skip("imports 10,000 users")
	}
	storetest.Each(t, func(t *testing.T, database string) {
		vars := []string{"USHER_MASTER_KEY=" + env.Secret(env.SystemRand{}, "", 32), "USHER_DATABASE=" + database}
		status, text := start(t, vars, "org", "create", "--name", "Acme", "--admin-login", "ann@example.com").finish()
		if status != 0 {
			t.Fatalf("org create: %d", status)
		}
		b := &bulk{t: t, vars: vars, port: freePort(t), token: field(t, text, "API token"), database: database, begun: env.System{}.Now().Add(-time.Minute), ids: map[string]string{}}
		b.importAll()
		b.checkImport()
		b.evaluateRule()
	})
}

// bulk is the work and what is known of it.
type bulk struct {
	t           *testing.T
	vars        []string
	port, token string
	database    string
	server      *process
	url         string
	begun       time.Time
	ids         map[string]string // identifiers of the imported users by their logins
}

func (b *bulk) serve() { b.server, b.url = serve(b.t, b.vars, b.port) }

func (b *bulk) kill() {
	b.t.Helper()
	if err := b.server.cmd.Process.Kill(); err != nil {
		b.t.Fatal(err)
	}
	_ = b.server.cmd.Wait()
}

func loginOf(i int) string { return fmt.Sprintf("import%d@example.com", i) }

func department(i int) string {
	if i%inSales == 0 {
		return "Sales"
	}
	return "Law"
}

// importAll creates the users. Each time a quarter is done the server is killed
// under it; what was under way is tried again with the next server.
func (b *bulk) importAll() {
	todo := make([]int, imported)
	for i := range todo {
		todo[i] = i
	}
	repeated := 0
	for part := 1; len(todo) > 0; part++ {
		b.serve()
		var done atomic.Int64
		stop := int64(imported) // never
		if part <= 3 {
			stop = imported / 4
		}
		work := make(chan int, len(todo))
		for _, i := range todo {
			work <- i
		}
		close(work)
		var mu sync.Mutex
		var once sync.Once
		var wg sync.WaitGroup
		todo = nil
		for range workers {
			wg.Go(func() {
				for i := range work {
					id, again, ok := b.create(i)
					mu.Lock()
					switch {
					case !ok:
						todo = append(todo, i)
					case again:
						repeated++
						b.ids[loginOf(i)] = ""
					default:
						b.ids[loginOf(i)] = id
					}
					mu.Unlock()
					if ok && done.Add(1) >= stop {
						once.Do(func() { _ = b.server.cmd.Process.Kill() })
					}
				}
			})
		}
		wg.Wait()
		if part <= 3 {
			_ = b.server.cmd.Wait()
		}
		if part > 3 && len(todo) > 0 {
			b.t.Fatalf("%d users were not created though the server lives", len(todo))
		}
	}
	b.t.Logf("%d users, of whom %d were there already when they were tried again", len(b.ids), repeated)
}

// create sends one user. again tells that the user is there, by an attempt whose
// answer was lost; ok is false when there was no answer.
func (b *bulk) create(i int) (id string, again, ok bool) {
	body := fmt.Sprintf(`{"profile":{"firstName":"A","lastName":"B","email":%[1]q,"login":%[1]q,"department":%[2]q}}`, loginOf(i), department(i))
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/api/v1/users?activate=false", strings.NewReader(body))
	if err != nil {
		b.t.Error(err)
		return "", false, false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "SSWS "+b.token)
	res, err := client().Do(req)
	if err != nil {
		return "", false, false
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	var user struct{ ID string }
	if err != nil || json.Unmarshal(answer, &user) != nil {
		return "", false, false
	}
	if res.StatusCode == http.StatusBadRequest && strings.Contains(string(answer), "already exists") {
		return "", true, true
	}
	if res.StatusCode != http.StatusOK {
		b.t.Errorf("%d %s", res.StatusCode, answer)
	}
	return user.ID, false, res.StatusCode == http.StatusOK
}

// events counts events since an instant by their types and targets.
func (b *bulk) events(since time.Time) map[happened]int {
	b.t.Helper()
	out := map[happened]int{}
	query := url.Values{"limit": {"1000"}, "since": {since.UTC().Format(time.RFC3339)}}
	for next := b.url + "/api/v1/logs?" + query.Encode(); next != ""; {
		var events []struct {
			EventType string
			Target    []struct{ ID string }
		}
		next = page(b.t, next, b.url, b.token, &events)
		for _, e := range events {
			for _, target := range e.Target {
				out[happened{e.EventType, target.ID}]++
			}
		}
		if len(events) == 0 {
			break
		}
	}
	return out
}

// happened is an event type with one of its targets.
type happened struct{ kind, target string }

// The events that are counted.
const (
	userCreated   = "user.lifecycle.create"
	memberAdded   = "group.user_membership.add"
	ruleEvaluated = "group.user_membership.rule.evaluation"
)

// list reads a whole list of users as identifiers by login.
func (b *bulk) list(path string) map[string]string {
	b.t.Helper()
	out := map[string]string{}
	for next := b.url + path; next != ""; {
		var users []struct {
			ID      string
			Profile struct{ Login string }
		}
		next = page(b.t, next, b.url, b.token, &users)
		for _, u := range users {
			if _, twice := out[u.Profile.Login]; twice {
				b.t.Errorf("%s: %s is listed twice", path, u.Profile.Login)
			}
			out[u.Profile.Login] = u.ID
		}
	}
	return out
}

// checkImport looks for each user, once, with one event of the creation.
func (b *bulk) checkImport() {
	b.t.Helper()
	there := b.list("/api/v1/users?limit=200")
	delete(there, "ann@example.com")
	if len(there) != imported || len(b.ids) != imported {
		b.t.Errorf("%d users are there, %d were sent, want %d", len(there), len(b.ids), imported)
	}
	created := b.events(b.begun)
	for login, id := range b.ids {
		switch {
		case there[login] == "" || id != "" && there[login] != id:
			b.t.Errorf("%s was acknowledged as %q and is %q", login, id, there[login])
		case created[happened{userCreated, there[login]}] != 1:
			b.t.Errorf("%s: %d events of the creation", login, created[happened{userCreated, there[login]}])
		}
	}
	b.ids = there
}

// evaluateRule activates a rule, kills the server when it has put the first into
// the group, and waits for the next one to finish.
func (b *bulk) evaluateRule() {
	t := b.t
	_, group := call(t, http.MethodPost, b.url+"/api/v1/groups", b.token, nil, `{"profile":{"name":"Sales people"}}`)
	groupID, _ := group["id"].(string)
	_, rule := call(t, http.MethodPost, b.url+"/api/v1/groups/rules", b.token, nil, fmt.Sprintf(`{"type":"group_rule","name":"sales",
 "conditions":{"expression":{"type":"urn:okta:expression:1.0","value":"user.department==\"Sales\""}},"actions":{"assignUserToGroups":{"groupIds":[%q]}}}`, groupID))
	ruleID, _ := rule["id"].(string)
	if res, v := call(t, http.MethodPost, b.url+"/api/v1/groups/rules/"+ruleID+"/lifecycle/activate", b.token, nil, ""); res.StatusCode != http.StatusNoContent {
		t.Fatalf("activate %q: %d %v", ruleID, res.StatusCode, v)
	}
	b.await("the first member", time.Millisecond, func() bool { return b.hasMembers(groupID) })
	b.kill()
	b.checkUnfinished(ruleID)
	b.serve()
	begun := env.System{}.Now()
	b.await("the end of the evaluation", 200*time.Millisecond, func() bool { return b.events(begun.Add(-time.Second))[happened{ruleEvaluated, ruleID}] > 0 })
	t.Logf("the rule was evaluated %.1f s after the restart", env.System{}.Now().Sub(begun).Seconds())

	var want []string
	for i := range imported {
		if department(i) == "Sales" {
			want = append(want, loginOf(i))
		}
	}
	slices.Sort(want)
	members := b.list("/api/v1/groups/" + groupID + "/users?limit=1000")
	if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, want) {
		t.Errorf("%d members, want %d", len(got), len(want))
	}
	seen := b.events(b.begun)
	for login, id := range members {
		if n := seen[happened{memberAdded, id}]; n != 1 {
			t.Errorf("%s: %d events of joining", login, n)
		}
	}
	if of, all := seen[happened{ruleEvaluated, ruleID}], seen[happened{memberAdded, groupID}]; of != 1 || all != len(want) {
		t.Errorf("%d events of the evaluation, %d of joining", of, all)
	}
}

func (b *bulk) hasMembers(groupID string) bool {
	var users []struct{ ID string }
	page(b.t, b.url+"/api/v1/groups/"+groupID+"/users?limit=1", b.url, b.token, &users)
	return len(users) > 0
}

// checkUnfinished looks into the database of the dead server: part of the users
// must have been looked at, and part not.
func (b *bulk) checkUnfinished(ruleID string) {
	b.t.Helper()
	db, err := store.Open(b.t.Context(), b.database, store.Options{Clock: env.System{}})
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	org, err := db.Read(b.t.Context()).DefaultOrg()
	if err != nil {
		b.t.Fatal(err)
	}
	run, err := db.Read(b.t.Context()).RuleRun(org.ID, ruleID)
	if err != nil || run.Reached == "" {
		b.t.Fatalf("the evaluation was not under way when the server was killed: %q, %v", run.Reached, err)
	}
}

// await polls: what is waited for happens in another process.
func (b *bulk) await(what string, pause time.Duration, done func() bool) {
	b.t.Helper()
	for deadline := (env.System{}).Now().Add(time.Minute); !done(); <-time.After(pause) {
		if (env.System{}).Now().After(deadline) {
			b.t.Fatalf("%s did not come within a minute", what)
		}
	}
}
