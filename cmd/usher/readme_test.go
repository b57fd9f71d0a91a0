package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestReadme pastes what README.md shows of a running development server into a
// shell, block by block.
func TestReadme(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no curl to paste its commands with: scripts/setup.sh curl installs it")
		}
		t.Skip("there is no curl to paste its commands with")
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, nil, "dev", "--json", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0")
	p.announced()
	said := map[string][]string{
		"A first sign-in":     {`"status":"SUCCESS"`, `"sessionToken":`, `"status":"PROVISIONED"`, "ann@example.com", `"user.session.start"`},
		"A first application": {`"name":"reports:read"`, `"token_type":"Bearer"`, `"scope":"reports:read"`},
		"In tests":            {`"subject":`, "ann@example.com"},
	}
	blocks := regexp.MustCompile("(?s)\n## ([^\n]+)\n[^#]*?```sh\n(\\. \\.usher/dev\\.env\n.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) != len(said) {
		t.Fatalf("%d blocks were found", len(blocks))
	}
	for _, b := range blocks {
		sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c", b[2])
		sh.Dir = p.cmd.Dir
		out, err := sh.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", b[1], err, out)
		}
		for _, want := range said[b[1]] {
			if !regexp.MustCompile(want).Match(out) {
				t.Errorf("%s: %s is not in\n%s", b[1], want, out)
			}
		}
		if strings.Contains(string(out), `"errorCode"`) {
			t.Errorf("%s: an error in\n%s", b[1], out)
		}
	}
}

// TestDevEndsWithItsTerminal closes the terminal: nothing ephemeral stays.
func TestDevEndsWithItsTerminal(t *testing.T) {
	p := start(t, nil, "dev", "--ephemeral", "--json", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0")
	folder := strings.TrimSuffix(strings.TrimPrefix(p.announced().Database, "sqlite:"), "/usher.db")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if status, _ := p.finish(); status != 0 {
		t.Errorf("status %d", status)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("%s is left behind: %v", folder, err)
	}
}
