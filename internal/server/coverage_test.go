package server_test

import (
	"flag"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/internal/api/httpkit"
	"usher/internal/apptest"
	"usher/internal/apptest/contract"
	"usher/internal/server"
	"usher/openapi"
)

var update = flag.Bool("update", false, "write docs/coverage.md")

const coveragePage = "../../docs/coverage.md"

// published are the operations of the documents that the interface began with.
func published(t *testing.T) []server.Published {
	t.Helper()
	text, err := os.ReadFile("testdata/published.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []server.Published
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.Contains(line, "/"):
			p := &out[len(out)-1]
			p.Routes = append(p.Routes, line)
		default:
			out = append(out, server.Published{Document: line})
		}
	}
	return out
}

func TestCoveragePage(t *testing.T) {
	want := apptest.New(t).Server.CoveragePage(published(t)...)
	if *update {
		if err := os.WriteFile(coveragePage, []byte(want), 0o644); err != nil { //nolint:gosec // documentation
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(coveragePage)
	if err != nil || string(got) != want {
		t.Errorf("docs/coverage.md is stale: run go test ./internal/server -run TestCoveragePage -update (%v)", err)
	}
}

// TestEveryOperationAnswers calls each operation of every document: it is
// built, or a gap that says its name. None is a path that nobody knows.
func TestEveryOperationAnswers(t *testing.T) {
	app := apptest.New(t)
	built := app.Server.Built()
	param := regexp.MustCompile(`\{[^}]+\}`)
	for _, op := range openapi.Operations() {
		// The server is called directly: an answer to nonsense need not fit a schema.
		path := param.ReplaceAllString(op.Path, "x")
		req, err := http.NewRequestWithContext(t.Context(), op.Method, app.URL(path), nil)
		if err != nil {
			t.Fatal(err)
		}
		if op.Auth != openapi.AuthSession {
			req.Header.Set("Authorization", "SSWS "+app.Seeded.APIToken)
		}
		res, err := app.HTTP().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		gap := res.Header.Get(httpkit.GapHeader)
		switch isBuilt := slices.Contains(built, op.ID); {
		case !isBuilt && op.Auth == openapi.AuthSession:
			if res.StatusCode != http.StatusForbidden && res.StatusCode != http.StatusNotImplemented {
				t.Errorf("%s: a gap behind a session answers %d", op.ID, res.StatusCode)
			}
		case !isBuilt && (gap != string(op.ID) || res.StatusCode != http.StatusNotImplemented):
			t.Errorf("%s: neither built nor a gap: %d %q", op.ID, res.StatusCode, gap)
		case isBuilt && (res.StatusCode == http.StatusMethodNotAllowed || res.StatusCode >= http.StatusInternalServerError):
			t.Errorf("%s: %d", op.ID, res.StatusCode)
		}
	}
}

// TestEveryBuiltOperationIsExercised runs behind all other tests, which have
// noted the operations that answered them well: no 200 without a test.
func TestEveryBuiltOperationIsExercised(t *testing.T) {
	path := os.Getenv("USHER_EXERCISED_BY_ALL")
	if path == "" {
		return // its time is the end of make test, when all others have run
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := strings.Fields(string(text))
	for _, id := range apptest.New(t).Server.Built() {
		if _, refuses := refusing()[id]; refuses {
			continue
		}
		if !slices.Contains(seen, string(id)) {
			t.Errorf("%s answers, but no test has seen it answer well (see %s)", id, contract.ExercisedEnv)
		}
	}
}

// refusing are the operations that are built and have no good answer so far,
// with the reason: nothing can answer 200 without a test there.
func refusing() map[openapi.ID]string {
	return map[openapi.ID]string{
		openapi.ListFeaturesForApplication: "no application that provisions can be made",
	}
}
