package store_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// crashEnv tells the test binary that it is the child that will be killed, and
// on which database and for which organisation it writes.
const (
	crashEnv = "USHER_CRASH_DATABASE"
	crashOrg = "USHER_CRASH_ORG"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(crashEnv); url != "" {
		if err := crashChild(url, os.Getenv(crashOrg)); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
		}
		return
	}
	m.Run()
}

// crashChild writes users, four at a time, and says which of them are
// committed, until it is killed.
func crashChild(url, orgID string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, url, store.Options{Clock: env.System{}})
	if err != nil {
		return err
	}
	ids := env.TimeIDs{Clock: env.System{}, Rand: env.SystemRand{}}
	errs := make(chan error)
	for range 4 {
		go func() {
			for {
				id := ids.New("00u")
				u := &store.UserRow{User: idp.User{OrgID: orgID, ID: id, Status: idp.UserActive, Login: id, Profile: []byte(`{}`)}, Keys: store.UserKeys{Login: id}}
				if err := s.Tx(ctx, func(tx *store.Tx) error { return tx.InsertUser(u) }); err != nil {
					errs <- err
					return
				}
				// One write of one short line: it reaches the pipe whole or not at all.
				if _, err := os.Stdout.WriteString(id + "\n"); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	return <-errs
}

// TestKilledProcessLosesNoAcknowledgedWrite kills a writing process at a random
// moment, 20 times, and looks for every user that it had said was written.
func TestKilledProcessLosesNoAcknowledgedWrite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		acknowledged := 0
		for round := range 20 {
			ids := crashRound(t, w)
			acknowledged += len(ids)
			// What the dead process left must be usable by a process that starts.
			s, err := store.Open(t.Context(), w.url, store.Options{Clock: w.clock})
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			if err := s.Migrate(t.Context(), nil); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			for _, id := range ids {
				if _, err := s.Read(t.Context()).User(w.org.ID, id); err != nil {
					t.Errorf("round %d: %s was acknowledged: %v", round, id, err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		w.addUser(t, "afterwards")
		n, err := w.Read(t.Context()).CountUsers(w.org.ID)
		if err != nil || n < acknowledged {
			t.Fatalf("%d users, %d acknowledged, %v", n, acknowledged, err)
		}
		t.Logf("%d writes acknowledged before the kills, %d rows", acknowledged, n)
	})
}

// crashRound starts a child, kills it some time after its first acknowledgement
// and returns all that it acknowledged.
func crashRound(t *testing.T, w *world) []string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashEnv+"="+w.url, crashOrg+"="+w.org.ID)
	var stderr strings.Builder
	child.Stderr = &stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	var kill sync.Once
	var timer *time.Timer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		ids = append(ids, lines.Text())
		kill.Do(func() {
			timer = time.AfterFunc(randomPause(), func() {
				if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Error(err)
				}
			})
		})
	}
	if err := child.Wait(); err == nil || stderr.Len() > 0 || len(ids) == 0 {
		t.Fatalf("the child ended by itself after %d writes: %v: %s", len(ids), err, stderr.String())
	}
	timer.Stop()
	return ids
}

// randomPause is up to 60 milliseconds long.
func randomPause() time.Duration {
	var b [2]byte
	env.SystemRand{}.Read(b[:])
	return time.Duration(binary.BigEndian.Uint16(b[:])) * time.Microsecond * 60_000 / (1 << 16)
}
