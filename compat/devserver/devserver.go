// Package devserver starts the built usher binary for a test, as a user would,
// and stops it again.
//
// It owns the process and the line of JSON by which it introduces itself. It
// knows no API: that is what the official clients are here for.
package devserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Bounds on how long the binary may take. Stopping is promised within a second;
// the rest is room for a busy machine.
const (
	startWithin = 30 * time.Second
	stopWithin  = 5 * time.Second
)

// Login is somebody who can sign in.
type Login struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

// App is an OAuth client that is there from the start.
type App struct {
	Type         string `json:"type"` // web, browser or service
	ID           string `json:"id"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

// Server is a running development server, as it describes itself.
type Server struct {
	URL      string  `json:"url"`
	OrgID    string  `json:"orgId"`
	APIToken string  `json:"apiToken"`
	Admin    Login   `json:"admin"`
	Users    []Login `json:"users"`
	Database string  `json:"database"`
	Control  string  `json:"control"`
	Apps     []App   `json:"apps"`
}

// App gives the OAuth client of a type.
func (s *Server) App(t *testing.T, kind string) App {
	t.Helper()
	for _, a := range s.Apps {
		if a.Type == kind {
			return a
		}
	}
	t.Fatalf("no %s application among %v", kind, s.Apps)
	return App{}
}

// Start runs `usher dev` on a free port with a database that leaves nothing
// behind, and stops it when the test ends. The binary is USHER_BIN, or is
// built from the folder above. What it logged is shown if the test failed.
// More arguments are passed on.
func Start(t *testing.T, args ...string) *Server {
	t.Helper()
	// The test's context ends before its clean-ups run, and would kill what they stop.
	args = append([]string{"dev", "--ephemeral", "--json", "--listen", "127.0.0.1:0"}, args...)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary(t), args...)
	cmd.Dir = t.TempDir()
	log := &safeBuffer{}
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start usher: %v", err)
	}
	lines := make(chan string, 16)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(stdout); in.Scan(); {
			lines <- in.Text()
		}
	}()
	t.Cleanup(func() {
		stop(t, cmd, lines)
		if t.Failed() {
			t.Logf("usher's log:\n%s", log)
		}
	})
	select {
	case line, ok := <-lines:
		if !ok {
			t.Fatalf("usher ended before it answered:\n%s", log)
		}
		s := &Server{}
		if err := json.Unmarshal([]byte(line), s); err != nil {
			t.Fatalf("the first line is not JSON: %v: %q", err, line)
		}
		if s.URL == "" || s.APIToken == "" || s.Admin.Login == "" || len(s.Users) == 0 {
			t.Fatalf("the line of JSON lacks a member: %s", line)
		}
		return s
	case <-time.After(startWithin):
		t.Fatalf("usher did not answer within %s:\n%s", startWithin, log)
	}
	return nil
}

// stop interrupts the server, as Ctrl-C does, and checks that it ends by
// itself, in time, without an error and without another word on stdout.
func stop(t *testing.T, cmd *exec.Cmd, lines <-chan string) {
	began := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("interrupt usher: %v", err)
	}
	late := time.AfterFunc(stopWithin, func() {
		if err := cmd.Process.Kill(); err == nil {
			t.Errorf("usher did not stop within %s and was killed", stopWithin)
		}
	})
	defer late.Stop()
	for line := range lines {
		t.Errorf("a second line on stdout: %q", line)
	}
	if err := cmd.Wait(); err != nil && !t.Failed() {
		t.Errorf("usher stopped with %v after %s", err, time.Since(began))
	}
}

// binary gives the program under test.
func binary(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("USHER_BIN"); path != "" {
		return path
	}
	path, err := built(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// built compiles the product into the folder where make puts it. The build
// cache makes a second call cheap.
func built(ctx context.Context) (string, error) {
	root, err := productRoot()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "bin", "usher")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/usher")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build usher: %w\n%s", err, out)
	}
	return path, nil
}

// productRoot looks upwards for the product's go.mod.
func productRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module usher\n") {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("not inside the product's source, and USHER_BIN is not set")
		}
		dir = up
	}
}

// safeBuffer keeps a process's log while it is still being written.
type safeBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String gives what was written so far.
func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
