package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/store/storetest"
)

// runEnv makes this test binary be the program; see TestMain.
const runEnv = "USHER_TEST_RUN"

// process is this program, run as one of its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr bytes.Buffer
}

func start(t *testing.T, environment []string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.CommandContext(context.WithoutCancel(t.Context()), self, args...)}
	p.cmd.Env = append(append(os.Environ(), runEnv+"=1"), environment...)
	p.cmd.Dir = t.TempDir()
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout, p.cmd.Stderr = bufio.NewReader(out), &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Logf("usher %s said:\n%s", strings.Join(args, " "), p.stderr.String())
		}
	})
	return p
}

// finish waits for the end and returns the exit status and what was printed.
func (p *process) finish() (int, string) {
	p.t.Helper()
	rest, _ := io.ReadAll(p.stdout)
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode(), string(rest)
}

// announced reads the one line of usher dev --json.
func (p *process) announced() announcement {
	p.t.Helper()
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		p.t.Fatalf("no line: %v", err)
	}
	var a announcement
	if err := json.Unmarshal(line, &a); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	return a
}

// client is for what runs on this machine, which may be busy: whatever takes longer
// has failed.
func client() *http.Client { return &http.Client{Timeout: time.Minute} }

// call sends a request and decodes the answer's JSON.
func call(t *testing.T, method, url, token string, cookies []*http.Cookie, body string) (*http.Response, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "SSWS "+token)
	}
	for _, c := range cookies {
		req.AddCookie(c)
	}
	res, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	v := map[string]any{}
	_ = json.Unmarshal(text, &v)
	return res, v
}

func TestDevSaysOneLineAndStopsAtOnce(t *testing.T) {
	p := start(t, nil, "dev", "--ephemeral", "--json", "--listen", "127.0.0.1:0")
	a := p.announced()
	if a.URL == "" || a.OrgID == "" || a.APIToken == "" || a.Admin.Password == "" || len(a.Users) != 2 || a.Control == "" || a.Users[0].Login != "isaac.brock@example.com" {
		t.Fatalf("the line lacks something: %+v", a)
	}
	folder := strings.TrimSuffix(strings.TrimPrefix(a.Database, "sqlite:"), "/usher.db")
	res, me := call(t, http.MethodGet, a.URL+"/api/v1/users/me", a.APIToken, nil, "")
	if res.StatusCode != http.StatusOK || me["status"] != "ACTIVE" {
		t.Fatalf("%d %v", res.StatusCode, me)
	}
	begun := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	status, rest := p.finish()
	// The server gives requests under way 0.8 s; the rest is room for a machine
	// that does other things and for a binary with race detection.
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	if status != 0 || rest != "" {
		t.Errorf("status %d, and more on stdout: %q", status, rest)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("%s is left behind: %v", folder, err)
	}
}

func TestDevKeepsItsDatabase(t *testing.T) {
	state := t.TempDir() + "/state"
	seed := t.TempDir() + "/seed.yaml"
	if err := os.WriteFile(seed, []byte("users: [{login: eve@example.com}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(more ...string) announcement {
		p := start(t, nil, append([]string{"dev", "--json", "--listen", "127.0.0.1:0", "--state", state}, more...)...)
		a := p.announced()
		if res, _ := call(t, http.MethodGet, a.URL+"/api/v1/users/me", a.APIToken, nil, ""); res.StatusCode != http.StatusOK {
			t.Fatalf("the token answers %d", res.StatusCode)
		}
		_ = p.cmd.Process.Signal(syscall.SIGINT)
		if status, _ := p.finish(); status != 0 {
			t.Fatalf("status %d", status)
		}
		if warned := strings.Contains(p.stderr.String(), "--seed is left aside"); warned != (len(more) > 0) {
			t.Errorf("with %q it says: %s", more, p.stderr.String())
		}
		return a
	}
	first, second := run(), run("--seed", seed)
	if first.OrgID != second.OrgID || first.APIToken != second.APIToken || first.Users[1] != second.Users[1] {
		t.Errorf("another start, another world: %+v and %+v", first, second)
	}
	shell, err := os.ReadFile(state + "/dev.env")
	if err != nil || !strings.Contains(string(shell), "USHER_API_TOKEN='"+second.APIToken+"'") {
		t.Errorf("dev.env: %s, %v", shell, err)
	}
	for _, name := range []string{"dev.env", "dev.json", "master.key", "seed.snapshot"} {
		if info, err := os.Stat(state + "/" + name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is not for its owner alone: %v %v", name, info, err)
		}
	}
}

// freePort picks a port that nobody uses at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	p := start(t, nil, "dev", "--ephemeral", "--json", "--listen", "127.0.0.1:0")
	url := p.announced().URL
	_ = p.cmd.Process.Signal(syscall.SIGINT)
	p.finish()
	return url[strings.LastIndex(url, ":")+1:]
}

// serve starts a production server and waits until it is ready.
func serve(t *testing.T, environment []string, port string, args ...string) (*process, string) {
	t.Helper()
	p := start(t, environment, append([]string{"serve", "--listen", "127.0.0.1:" + port, "--base-url", "http://id.example.com"}, args...)...)
	url := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(10 * time.Second); ; {
		res, err := client().Get(url + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return p, url
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v", err)
		}
	}
}

// TestTwoNodes: a sign-in begun at one node is finished at the other, and a
// session closed at one is closed at both.
func TestTwoNodes(t *testing.T) {
	key := env.Secret(env.SystemRand{}, "", 32)
	vars := []string{"USHER_MASTER_KEY=" + key, "USHER_DATABASE=" + storetest.Postgres(t)}
	created := start(t, vars, "org", "create", "--name", "Acme", "--admin-login", "ann@example.com")
	status, text := created.finish()
	if status != 0 {
		t.Fatalf("org create: %d", status)
	}
	password := field(t, text, "Password")
	_, one := serve(t, vars, freePort(t))
	_, two := serve(t, vars, freePort(t))

	// Begun at one node with the hosted page's handle, finished at the other.
	handle := hiddenField(t, one+"/login/login.htm", "stateToken")
	_, view := call(t, http.MethodPost, one+"/idp/idx/identify", "", nil, fmt.Sprintf(`{"stateHandle":%q,"identifier":"ann@example.com"}`, handle))
	next, _ := view["stateHandle"].(string)
	res, done := call(t, http.MethodPost, two+"/idp/idx/challenge/answer", "", nil, fmt.Sprintf(`{"stateHandle":%q,"credentials":{"passcode":%q}}`, next, password))
	if res.StatusCode != http.StatusOK || done["success"] == nil {
		t.Fatalf("%d %v", res.StatusCode, done)
	}

	_, signedIn := call(t, http.MethodPost, one+"/api/v1/authn", "", nil, fmt.Sprintf(`{"username":"ann@example.com","password":%q}`, password))
	res, session := call(t, http.MethodPost, two+"/api/v1/sessions", "", nil, fmt.Sprintf(`{"sessionToken":%q}`, signedIn["sessionToken"]))
	if res.StatusCode != http.StatusOK {
		t.Fatalf("session: %d %v", res.StatusCode, session)
	}
	cookie := []*http.Cookie{{Name: "sid", Value: session["id"].(string)}}
	for _, node := range []string{one, two} {
		if res, v := call(t, http.MethodGet, node+"/api/v1/sessions/me", "", cookie, ""); res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v", node, res.StatusCode, v)
		}
	}
	if res, _ := call(t, http.MethodDelete, one+"/api/v1/sessions/me", "", cookie, ""); res.StatusCode != http.StatusNoContent {
		t.Fatalf("close: %d", res.StatusCode)
	}
	for _, node := range []string{one, two} {
		if res, _ := call(t, http.MethodGet, node+"/api/v1/sessions/me", "", cookie, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s still honours the closed session: %d", node, res.StatusCode)
		}
	}
}

// field returns the first word behind a label in what a command has printed.
func field(t *testing.T, text, label string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, label)
	if words := strings.Fields(rest); ok && len(words) > 0 {
		return words[0]
	}
	t.Fatalf("no %q in %s", label, text)
	return ""
}

// hiddenField returns the value of a hidden field of a page.
func hiddenField(t *testing.T, url, name string) string {
	t.Helper()
	res, err := client().Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), `name="`+name+`" value="`)
	value, _, end := strings.Cut(rest, `"`)
	if !ok || !end {
		t.Fatalf("%s has no field %s:\n%s", url, name, page)
	}
	return value
}
