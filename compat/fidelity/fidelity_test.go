package fidelity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"usher/compat/devserver"
)

// The goals, in percent of the exchanges: the same status; besides, every
// recorded member there with a fitting type; besides, every value equal that
// is neither an id nor a time nor a generated name.
const (
	goalStatus = 99.0
	goalShape  = 95.0
	goalValue  = 85.0
)

// allowFile lists the members that may be missing or may differ.
const allowFile = "../fidelity.allow"

// TestRecordedAnswers replays every recording against a new server: for the
// score with the list of allowed members, and once without it to see which of
// its lines are needed. Beside the score it tells what it would be without the
// objects that some recordings presuppose.
//
// USHER_FIDELITY_ARGS gives arguments of the replay program, such as
// "--only TestAccResourceOktaUser -v", for a look at a part. Goals and lines
// are then not judged.
func TestRecordedAnswers(t *testing.T) {
	shared := sharedFolder(t)
	lines := readAllowed(t)
	if part := strings.Fields(os.Getenv("USHER_FIDELITY_ARGS")); len(part) > 0 {
		_, table := replay(t, shared, withStanding, append([]string{"--allow", absolute(t, allowFile)}, part...)...)
		t.Logf("\n%s", table)
		return
	}
	bare, _ := replay(t, shared, withStanding)
	plain, _ := replay(t, shared, asRecorded, "--allow", absolute(t, allowFile))
	scored, table := replay(t, shared, withStanding, "--allow", absolute(t, allowFile))
	t.Logf("\n%s\nwithout the objects that recordings presuppose: %s", table, plain.Total)
	for _, goal := range []struct {
		name  string
		count int
		least float64
	}{
		{"status", scored.Total.Status, goalStatus},
		{"shape", scored.Total.Shape, goalShape},
		{"value", scored.Total.Value, goalValue},
	} {
		if got := 100 * float64(goal.count) / float64(scored.Total.Exchanges); got < goal.least {
			t.Errorf("%s: equal in %.1f %% of %d exchanges, want %.0f %%", goal.name, got, scored.Total.Exchanges, goal.least)
		}
	}
	for _, l := range lines {
		if !slices.ContainsFunc(bare.differences(), l.covers) {
			t.Errorf("%s:%d: nothing differs there any more: %s", allowFile, l.number, l.text)
		}
	}
}

// figures count exchanges.
type figures struct {
	Exchanges int `json:"n"`
	Status    int `json:"status"`
	Shape     int `json:"shape"`
	Value     int `json:"value"`
}

// String gives the figures in percent.
func (f figures) String() string {
	all := float64(f.Exchanges) / 100
	return fmt.Sprintf("status %.1f %%, shape %.1f %%, value %.1f %%", float64(f.Status)/all, float64(f.Shape)/all, float64(f.Value)/all)
}

// asRecorded leaves the recordings as they are.
func asRecorded(_ *testing.T, _ *devserver.Server, recorded string) string { return recorded }

// result is what the replay program writes: how many exchanges were alike, and
// how often each difference was met, by "METHOD /path missing|differs .member".
type result struct {
	Total       figures        `json:"total"`
	Differences map[string]int `json:"differences"`
}

// difference is a member of the answers of an endpoint.
type difference struct{ endpoint, member string }

func (r *result) differences() []difference {
	var all []difference
	for text := range r.Differences {
		f := strings.Fields(text) // a note may follow the member
		if len(f) >= 4 {
			all = append(all, difference{f[0] + " " + f[1], f[3]})
		}
	}
	return all
}

// replay runs the program against a server of its own and gives its result and
// the table that it prints. What it replays is prepared first.
func replay(t *testing.T, shared string, prepare func(*testing.T, *devserver.Server, string) string, args ...string) (*result, string) {
	t.Helper()
	s := devserver.Start(t)
	out := filepath.Join(t.TempDir(), "result.json")
	recorded := prepare(t, s, filepath.Join(shared, "recorded"))
	args = append([]string{filepath.Join(shared, "tools", "replay.py"), s.URL, s.APIToken, recorded, "--json", out}, args...)
	cmd := exec.CommandContext(t.Context(), "python3", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("replay: %v\n%s", err, &stderr)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	r := &result{}
	if err := json.Unmarshal(text, r); err != nil {
		t.Fatalf("result of the replay: %v", err)
	}
	if r.Total.Exchanges == 0 {
		t.Fatal("no exchange was replayed")
	}
	return r, string(said)
}

// sharedFolder gives the folder with the recordings and the program, or skips
// the test: USHER_SHARED, or "shared" beside the repository.
func sharedFolder(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("USHER_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	dir = absolute(t, dir)
	for _, need := range []string{"tools/replay.py", "recorded"} {
		if _, err := os.Stat(filepath.Join(dir, need)); errors.Is(err, fs.ErrNotExist) {
			t.Skipf("the recordings are not here (USHER_SHARED names their folder): %v", err)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skipf("the replay program needs Python 3: %v", err)
	}
	return dir
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// allowed is a line of the list: "METHOD /path .member  # reason", or
// "* .member  # reason" for every endpoint.
type allowed struct {
	number           int
	endpoint, member string // endpoint is * for all
	text             string
}

func (l allowed) covers(d difference) bool {
	return l.member == d.member && (l.endpoint == "*" || l.endpoint == d.endpoint)
}

// readAllowed reads the list, in which every line has a reason and no member
// stands twice.
func readAllowed(t *testing.T) []allowed {
	t.Helper()
	text, err := os.ReadFile(allowFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []allowed
	seen := map[[2]string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		what, reason, _ := strings.Cut(line, "#")
		l := allowed{number: i + 1, text: strings.TrimSpace(what)}
		switch f := strings.Fields(what); {
		case len(f) == 0:
			continue
		case len(f) == 2 && f[0] == "*":
			l.endpoint, l.member = f[0], f[1]
		case len(f) == 3:
			l.endpoint, l.member = f[0]+" "+f[1], f[2]
		default:
			t.Fatalf("%s:%d: neither \"METHOD /path .member\" nor \"* .member\": %s", allowFile, l.number, line)
		}
		if strings.TrimSpace(reason) == "" {
			t.Errorf("%s:%d: a reason is missing", allowFile, l.number)
		}
		if key := [2]string{l.endpoint, l.member}; seen[key] {
			t.Errorf("%s:%d: the member is listed twice", allowFile, l.number)
		} else {
			seen[key] = true
		}
		all = append(all, l)
	}
	return all
}
