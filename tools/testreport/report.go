package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
)

// event is one line of `go test -json`; `go doc test2json` describes it. Events
// of a build carry ImportPath instead of Package.
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

// report gathers a run's events. Output is kept per test until its verdict.
type report struct {
	out     io.Writer
	started time.Time
	output  map[string][]string // by package, or package + "\x00" + test, or build
	running map[string]time.Time
	skips   []string
	broken  map[string]bool // packages in which a test failed
	passed  int
	failed  int
	skipped int
}

func newReport(out io.Writer) *report {
	return &report{
		out:     out,
		started: time.Now(),
		output:  map[string][]string{},
		running: map[string]time.Time{},
		broken:  map[string]bool{},
	}
}

// line takes one line of input and says whether it printed something. What is
// not an event (a compiler's word, a panic of the go command) is passed on.
func (r *report) line(raw []byte) bool {
	var e event
	if len(raw) == 0 {
		return false
	}
	if err := json.Unmarshal(raw, &e); err != nil || e.Action == "" {
		fmt.Fprintf(r.out, "%s\n", raw)
		return true
	}
	switch {
	case e.Action == "build-output":
		r.output["build\x00"+e.ImportPath] = append(r.output["build\x00"+e.ImportPath], e.Output)
	case e.Action == "output":
		r.output[e.key()] = append(r.output[e.key()], e.Output)
	case e.Action == "start":
		r.running[e.Package] = time.Now()
	case e.Test != "":
		r.test(e)
		return e.Action == "fail"
	case e.Action == "pass" || e.Action == "fail" || e.Action == "skip":
		return r.pkg(e)
	}
	return false
}

func (e event) key() string {
	if e.Test == "" {
		return e.Package
	}
	return e.Package + "\x00" + e.Test
}

func (r *report) test(e event) {
	switch e.Action {
	case "pass":
		r.passed++
	case "skip":
		r.skipped++
		r.skips = append(r.skips, fmt.Sprintf("%s %s%s", short(e.Package), e.Test, reason(r.output[e.key()])))
	case "fail":
		r.failed++
		r.broken[e.Package] = true
		fmt.Fprintf(r.out, "FAIL %s %s (%.2fs)\n", short(e.Package), e.Test, e.Elapsed)
		r.show(e.key())
	default:
		return
	}
	delete(r.output, e.key())
}

// pkg tells of a package that is done. One without tests is not worth a line.
func (r *report) pkg(e event) bool {
	_, started := r.running[e.Package]
	delete(r.running, e.Package)
	defer delete(r.output, e.Package)
	switch e.Action {
	case "skip":
		return false
	case "pass":
		if !started || e.Elapsed == 0 && noTests(r.output[e.Package]) {
			return false
		}
		fmt.Fprintf(r.out, "  ok %s (%.1fs)\n", short(e.Package), e.Elapsed)
		return true
	}
	if !r.broken[e.Package] {
		r.failed++ // did not build, panicked, raced or timed out outside a test
	}
	fmt.Fprintf(r.out, "FAIL %s (%.1fs)\n", short(e.Package), e.Elapsed)
	if e.FailedBuild != "" {
		r.show("build\x00" + e.FailedBuild)
	}
	r.unfinished(e.Package)
	r.show(e.Package)
	return true
}

// unfinished shows what tests without a verdict said: they were running when
// their package died, so the reason is most often there.
func (r *report) unfinished(pkg string) {
	var keys []string
	for key := range r.output {
		if strings.HasPrefix(key, pkg+"\x00") {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	for _, key := range keys {
		r.show(key)
		delete(r.output, key)
	}
}

func (r *report) show(key string) {
	for _, text := range r.output[key] {
		fmt.Fprint(r.out, "     ", text)
	}
}

// waiting says what has been going on since the last word.
func (r *report) waiting() {
	var names []string
	for pkg, since := range r.running {
		names = append(names, fmt.Sprintf("%s (%s)", short(pkg), time.Since(since).Round(time.Second)))
	}
	sort.Strings(names)
	if len(names) == 0 {
		names = []string{"compiling"}
	}
	fmt.Fprintf(r.out, "  ... %s: %s; %d passed so far\n", time.Since(r.started).Round(time.Second), strings.Join(names, ", "), r.passed)
}

// finish names what was skipped and gives the counts.
func (r *report) finish() (passed, failed, skipped int) {
	if r.passed+r.failed+r.skipped == 0 {
		fmt.Fprintln(r.out, "FAIL no test was executed")
		r.failed++
	}
	for _, s := range r.skips {
		fmt.Fprintln(r.out, "skip", s)
	}
	return r.passed, r.failed, r.skipped
}

// short drops the module's name from a package's path.
func short(pkg string) string { return strings.TrimPrefix(pkg, "usher/") }

func noTests(output []string) bool {
	return strings.Contains(strings.Join(output, ""), "[no test files]")
}

// reason gives what a skipped test said of itself.
func reason(output []string) string {
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		return ": " + line
	}
	return ""
}
