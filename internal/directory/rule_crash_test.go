package directory_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/jobs"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// crashDatabase tells the test binary that it is the child that will be killed,
// and which database's tasks it does.
const crashDatabase = "USHER_CRASH_DATABASE"

func TestMain(m *testing.M) {
	if url := os.Getenv(crashDatabase); url != "" {
		if err := crashChild(url); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
		}
		return
	}
	m.Run()
}

// crashChild does tasks until it is killed.
func crashChild(url string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, url, store.Options{Clock: env.System{}})
	if err != nil {
		return err
	}
	ids := env.TimeIDs{Clock: env.System{}, Rand: env.SystemRand{}}
	s := &directory.Service{Store: db, Log: &eventlog.Log{IDs: ids}, IDs: ids, Clock: env.System{}, Rand: env.SystemRand{}}
	r, err := jobs.New(jobs.Config{Store: db, Clock: env.System{}, Rand: env.SystemRand{}, IDs: ids, Log: slog.New(slog.DiscardHandler), Handlers: s.Tasks()})
	if err != nil {
		return err
	}
	r.Nudge(jobs.Tasks)
	r.Run(ctx)
	return nil
}

// load adds n users straight to the store. Every second one is in Oslo.
func (w *world) load(t testing.TB, n int) {
	t.Helper()
	for done := 0; done < n; done += 1000 {
		w.tx(t, func(tx *store.Tx) error {
			for i := done; i < min(done+1000, n); i++ {
				login, city := fmt.Sprintf("user%d@example.com", i), []string{"Oslo", "Rome"}[i%2]
				u := &store.UserRow{Keys: store.UserKeys{Login: login, Email: login}, User: idp.User{
					OrgID: w.org.ID, ID: w.IDs.New("00u"), TypeID: w.org.Settings.UserTypeID, Status: idp.UserActive, Login: login,
					Profile: fmt.Appendf(nil, `{"firstName":"Isaac","lastName":"Brock","mobilePhone":null,"secondEmail":null,"login":%q,"email":%q,"city":%q}`, login, login, city),
					Created: noon, LastUpdated: noon,
				}}
				if err := tx.InsertUser(u); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// eachURL is each for tests that open the database a second time.
func eachURL(t *testing.T, fn func(t *testing.T, w *world, url string)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { fn(t, newWorld(t, url), url) })
}

// count returns how many members a group has.
func (w *world) count(t testing.TB, group string) int {
	t.Helper()
	counts, err := w.Store.Read(t.Context()).CountGroups(w.org.ID, []string{group}, nil)
	w.must(t, err)
	return counts[group].Users
}

// endClaims lets the claims of a dead process run out: an hour later another
// takes what it left, up to two runs when the repetition of a young
// organisation's first rule had come, and gives it back at once.
func (w *world) endClaims(t testing.TB) {
	t.Helper()
	w.clock.Set(env.System{}.Now().Add(time.Hour))
	w.tx(t, func(tx *store.Tx) error {
		rows, err := tx.ClaimJobs([]string{"group rule run", "group rule repeat"}, time.Minute, 10)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return errors.New("no task is left of the run")
		}
		for _, row := range rows {
			if err := tx.PostponeJob(row, noon); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestKilledRuleRunResumes kills the process that holds 10,000 users against a
// rule in the middle of it, twice, and lets another finish.
func TestKilledRuleRunResumes(t *testing.T) {
	const users = 10_000
	eachURL(t, func(t *testing.T, w *world, url string) {
		west := w.aGroup(t, "West")
		w.load(t, users)
		id := w.activeRule(t, `user.city == "Oslo"`, west)
		begun := w.count(t, west)
		for kill := range 2 {
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), crashDatabase+"="+url)
			var stderr strings.Builder
			child.Stderr = &stderr
			w.must(t, child.Start())
			for elapsed := env.Elapsed(); w.count(t, west) == begun && elapsed() < time.Minute; {
			}
			if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			_ = child.Wait() // it was killed
			n := w.count(t, west)
			if n <= begun || n >= users/2 || stderr.Len() > 0 {
				t.Fatalf("%d members at kill %d after %d: %s", n, kill, begun, stderr.String())
			}
			begun = n
			w.endClaims(t)
		}
		w.runTasks(t)
		if n := w.count(t, west); n != users/2 {
			t.Errorf("%d members, want %d", n, users/2)
		}
		all, err := w.Log.Read(t.Context(), w.Store, w.org, eventlog.Query{Polling: true, Limit: 2 * users})
		w.must(t, err)
		told := map[string]int{}
		evaluated := 0
		for _, e := range all {
			switch e.Type {
			case eventlog.MemberAdd:
				told[e.Targets[0].ID]++
			case eventlog.RuleEvaluation:
				evaluated++
			}
		}
		if len(told) != users/2 || evaluated != 1 {
			t.Errorf("%d users were told of, want %d; %d evaluations", len(told), users/2, evaluated)
		}
		for user, n := range told {
			if n != 1 {
				t.Errorf("%s was told of %d times", user, n)
			}
		}
		w.must(t, w.DeleteRule(t.Context(), w.admin, id, true))
		w.runTasks(t)
		if n := w.count(t, west); n != 0 {
			t.Errorf("%d members are left", n)
		}
	})
}
