package oktasuite

import (
	"bufio"
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	// What the suite needs besides the SDK, so that go.mod names it.
	_ "github.com/okta/okta-sdk-golang/v2/tests"

	"usher/compat/devserver"
)

// suite is where the SDK has its integration tests.
const suite = "github.com/okta/okta-sdk-golang/v2/tests/integration"

// leftOutFile names the tests of the suite that are not expected to pass, each
// with its reason.
const leftOutFile = "leftout.txt"

// oneTest is how long one of the tests may take; the slowest sleeps a second.
const oneTest = time.Minute

// TestSuite runs each test of the suite in a process of its own against one
// server: the suite sweeps the organisation before and after, and tests of one
// process would share a cache of answers.
func TestSuite(t *testing.T) {
	leftOut := readLeftOut(t)
	s := build(t)
	s.server = devserver.Start(t)
	s.service = newService(t, s.server)
	offerTexts(t, s.server)
	names := s.list(t)
	t.Run("passes", func(t *testing.T) {
		for _, name := range names {
			if leftOut[name] != "" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				if v, out := s.run(t, name); v != "PASS" {
					t.Errorf("%s says %s:\n%s", name, v, out)
				}
			})
		}
	})
	t.Run("is left out", func(t *testing.T) {
		there := map[string]bool{}
		for _, name := range names {
			there[name] = true
		}
		for name, reason := range leftOut {
			t.Run(name, func(t *testing.T) {
				if !there[name] {
					t.Fatalf("%s: the suite has no such test", leftOutFile)
				}
				if v, _ := s.run(t, name); v == "PASS" {
					t.Errorf("it passes, so take it out of %s, where it has the reason: %s", leftOutFile, reason)
				}
			})
		}
	})
}

// compiled is the suite as a program, and the server that it judges.
type compiled struct {
	program string
	dir     string // with the sources, where the tests look for their files
	home    string // empty, so that nobody's own settings are read
	server  *devserver.Server
	service service
}

func build(t *testing.T) *compiled {
	t.Helper()
	c := &compiled{program: filepath.Join(t.TempDir(), "suite"), home: t.TempDir()}
	c.dir = strings.TrimSpace(command(t, "go", "list", "-f", "{{.Dir}}", suite))
	command(t, "go", "test", "-c", "-vet=off", "-o", c.program, suite)
	return c
}

// command runs a program that must succeed and gives what it wrote.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, &stderr)
	}
	return string(out)
}

// list gives the names of the suite's tests.
func (c *compiled) list(t *testing.T) []string {
	t.Helper()
	out, err := c.start(t.Context(), "-test.list", "^Test")
	if err != nil {
		t.Fatalf("list the tests: %v\n%s", err, out)
	}
	names := regexp.MustCompile(`(?m)^Test\w*$`).FindAllString(out, -1)
	if len(names) == 0 {
		t.Fatalf("the suite lists no test:\n%s", out)
	}
	return names
}

// run runs one test and gives its own word on it, PASS, FAIL or SKIP, and all
// that it wrote. A process that ends badly has failed whatever it said.
func (c *compiled) run(t *testing.T, name string) (verdict, out string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), oneTest)
	defer cancel()
	out, err := c.start(ctx, "-test.v", "-test.run", "^"+name+"$")
	said := regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): ` + name + ` `).FindStringSubmatch(out)
	if err != nil || said == nil {
		return "FAIL", out
	}
	return said[1], out
}

func (c *compiled) start(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.program, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{
		"HOME=" + c.home,
		"OKTA_CLIENT_ORGURL=" + c.server.URL,
		"OKTA_CLIENT_TOKEN=" + c.server.APIToken,
		"OKTA_CLIENT_CLIENTID=" + c.service.clientID,
		"OKTA_CLIENT_PRIVATEKEY=" + c.service.privateKey,
		"OKTA_CLIENT_PRIVATEKEYID=" + serviceKeyID,
		"OKTA_TESTING_DISABLE_HTTPS_CHECK=true", // the server speaks plain HTTP here
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// readLeftOut reads lines of "name reason"; # begins a comment.
// TestReadmeTellsWhatIsLeftOut holds README.md's table, a row for each reason,
// against the list.
func TestReadmeTellsWhatIsLeftOut(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| ([^|]+) \\| (`Test[^|]+) \\|$").FindAllStringSubmatch(string(text), -1) {
		for _, name := range regexp.MustCompile("`(Test[^`]+)`").FindAllStringSubmatch(row[2], -1) {
			told[name[1]] = row[1]
		}
	}
	if left := readLeftOut(t); !maps.Equal(told, left) {
		t.Errorf("README.md tells of\n%v\nand %s of\n%v", told, leftOutFile, left)
	}
}

func readLeftOut(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open(leftOutFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	left := map[string]string{}
	for in := bufio.NewScanner(file); in.Scan(); {
		line := strings.TrimSpace(in.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, reason, _ := strings.Cut(line, " ")
		if reason = strings.TrimSpace(reason); reason == "" {
			t.Fatalf("%s: %s has no reason", leftOutFile, name)
		}
		if left[name] != "" {
			t.Errorf("%s: %s stands there twice", leftOutFile, name)
		}
		left[name] = reason
	}
	return left
}
