package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"usher/internal/apptest"
)

var update = flag.Bool("update", false, "write docs/conformance.md")

const page = "../../../../docs/conformance.md"

// TestPlans runs the modules of every plan at the standard authorization server,
// and those of the two plans that every server has to pass at the organisation's
// own one as well.
func TestPlans(t *testing.T) {
	for _, p := range plans() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.runAt(t, "default")
		})
	}
	for _, p := range plans() {
		if p.title == "Basic OP" || p.title == "Config OP" {
			t.Run("own/"+p.name, func(t *testing.T) {
				t.Parallel()
				p.runAt(t, "")
			})
		}
	}
}

// runAt runs a plan at one authorization server.
func (p plan) runAt(t *testing.T, server string) {
	app := apptest.New(t, loopback())
	for _, run := range p.parts {
		name := run.response
		if name == "" {
			name = "any"
		}
		t.Run(strings.ReplaceAll(name, " ", "+"), func(t *testing.T) {
			who := newParty(t, app, server, run.response, run.mode)
			fill(t, who)
			for _, m := range run.modules {
				t.Run(m.name, func(t *testing.T) { m.run(t, who) })
			}
		})
	}
}

// TestPage: the page says of every module what the list here says, and no other.
func TestPage(t *testing.T) {
	want := written()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil { //nolint:gosec // documentation
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || string(got) != want {
		t.Errorf("docs/conformance.md is stale: run go test ./internal/api/oauth2/conformance -run TestPage -update (%v)", err)
	}
}

// written is the page.
func written() string {
	var b strings.Builder
	b.WriteString(`# OpenID Connect conformance

The modules of the OpenID Foundation's certification plans, as tests of the running server: ` + "`internal/api/oauth2/conformance`" + ` has one test
for each module, by its name, response type and response mode, that checks what the module checks. The suite itself, a service with
browsers of its own, has not been run yet. This page is written from the list of the tests, and a test fails when they differ.

- **pass**: everything that the module asks for holds. Where the suite wants a picture of a page, the test reads the page.
- **warning**: the suite warns and certifies; why is said.
- **skipped**: the suite leaves the module out because of what the discovery document says; the test checks that it says so, and that
  what is not offered is refused.
- **gap**: the suite would not certify; why is said.

All plans are run at the standard authorization server, basic and config at the organisation's own one as well. The clients of the
dynamic plan are registered with an administrator's token, as the service wants it, and given to everybody.
`)
	for _, p := range plans() {
		counts := map[string]int{}
		for _, run := range p.parts {
			for _, m := range run.modules {
				counts[m.result]++
			}
		}
		fmt.Fprintf(&b, "\n## %s\n`%s`: %d pass, %d warning, %d skipped, %d gap.\n", p.title, p.name, counts[passes], counts[warns], counts[skipped], counts[gap])
		for _, run := range p.parts {
			b.WriteString("\n" + run.heading() + "| module | result | why |\n|---|---|---|\n")
			for _, m := range run.modules {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.name, m.result, m.why)
			}
		}
	}
	return strings.ReplaceAll(b.String(), "|  |\n", "| |\n")
}

// heading names the response type and mode of a part, where there are some.
func (r part) heading() string {
	switch {
	case r.response == "":
		return ""
	case r.mode == "":
		return "Response type `" + r.response + "`:\n\n"
	}
	return "Response type `" + r.response + "`, response mode `" + r.mode + "`:\n\n"
}
