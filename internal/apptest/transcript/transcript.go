// Package transcript replays conversations that are kept as text files: a
// request, the answer that it must get, the next request. It compares answers
// to the letter, the order of members included, and checks them against the
// interface documents. It is for tests alone.
//
// A file is a txtar archive. Sections named "request" and "response" alternate:
//
//	-- request --
//	POST /api/v1/authn
//	Content-Type: application/json
//
//	{"username": "isaac.brock@example.com", "password": "{{password}}"}
//	-- response --
//	200
//	Content-Type: application/json
//
//	{"status": "SUCCESS", ...}
//
// The headers of a response are those that must be there; an empty value says
// that a header must be absent. A name in double braces stands for a value: the
// first time that an answer shows it, it is learned; from then on it must be
// the same, and requests send it. "-- clock --" moves the clock by a duration.
// With the flag -update the answers are written anew.
package transcript

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"usher/internal/apptest/contract"
)

var update = flag.Bool("update", false, "write the answers of transcripts anew") //nolint:gochecknoglobals // a flag of the test binary

// Stage is what a transcript is played on.
type Stage struct {
	Handler http.Handler
	// Advance moves the clock.
	Advance func(time.Duration)
	// Values are known from the start, by name.
	Values map[string]string
	// Computed are made each time that a request sends them, from the values
	// that are known by then: the code of an app, the code of the last message.
	Computed map[string]func(known map[string]string) string
}

// Files returns the transcripts of a folder.
func Files(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcript matches %s (%v)", pattern, err)
	}
	return files
}

// Play replays one file.
func Play(t *testing.T, file string, s Stage) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, stage: s, values: map[string]string{}}
	for k, v := range s.Values {
		p.values[k] = v
	}
	a := txtar.Parse(text)
	for i := range a.Files {
		p.section = fmt.Sprintf("%s, section %d", filepath.Base(file), i+1)
		switch f := &a.Files[i]; f.Name {
		case "clock":
			d, err := time.ParseDuration(strings.TrimSpace(string(f.Data)))
			if err != nil {
				t.Fatalf("%s: %v", p.section, err)
			}
			s.Advance(d)
		case "request":
			p.send(string(f.Data))
		case "response":
			p.compare(f)
		default:
			t.Fatalf("%s: unknown name %q", p.section, f.Name)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

type player struct {
	t       *testing.T
	stage   Stage
	values  map[string]string
	section string
	answer  *http.Response
	body    []byte
}

// split cuts a section into its first line, its headers and its body.
func split(text string) (first string, header [][2]string, body string) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		header = append(header, [2]string{name, strings.TrimSpace(value)})
	}
	return lines[0], header, strings.TrimSpace(body)
}

func (p *player) send(text string) {
	p.t.Helper()
	first, header, body := split(p.fill(text))
	method, path, ok := strings.Cut(first, " ")
	if !ok {
		p.t.Fatalf("%s: %q is no request line", p.section, first)
	}
	r := httptest.NewRequestWithContext(p.t.Context(), method, path, strings.NewReader(body))
	for _, h := range header {
		r.Header.Add(h[0], h[1])
	}
	w := httptest.NewRecorder()
	p.stage.Handler.ServeHTTP(w, r)
	p.answer = w.Result()
	p.body, _ = io.ReadAll(p.answer.Body)
	_ = p.answer.Body.Close()
	contract.Check(p.t, r, p.answer.StatusCode, p.answer.Header, p.body)
}

// fill replaces names by their values.
func (p *player) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		if compute, ok := p.stage.Computed[strings.Trim(name, "{}")]; ok {
			return compute(p.values)
		}
		v, ok := p.values[strings.Trim(name, "{}")]
		if !ok {
			p.t.Fatalf("%s: the value of %s is not known yet", p.section, name)
		}
		return v
	})
}

var placeholder = regexp.MustCompile(`\{\{[A-Za-z0-9]+\}\}`)

func (p *player) compare(f *txtar.File) {
	p.t.Helper()
	if p.answer == nil {
		p.t.Fatalf("%s: a response without a request", p.section)
	}
	first, header, body := split(string(f.Data))
	if *update {
		f.Data = []byte(p.render(header))
		return
	}
	if want, err := strconv.Atoi(first); err != nil || want != p.answer.StatusCode {
		p.t.Fatalf("%s: status %d, want %s\n%s", p.section, p.answer.StatusCode, first, p.body)
	}
	for _, h := range header {
		p.match(h[0], h[1], strings.Join(p.answer.Header.Values(h[0]), ", "))
	}
	p.match("body", compact([]byte(body)), compact(p.body))
}

// compact writes JSON without its spaces; what is none stays as it is.
func compact(text []byte) string {
	var out bytes.Buffer
	if json.Compact(&out, text) != nil {
		return strings.TrimSpace(string(text))
	}
	return out.String()
}

// match compares with a text in which names may stand, and learns new ones.
func (p *player) match(what, want, got string) {
	p.t.Helper()
	var fresh []string
	var pattern strings.Builder
	rest := want
	for {
		at := placeholder.FindStringIndex(rest)
		if at == nil {
			break
		}
		pattern.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		name := strings.Trim(rest[at[0]:at[1]], "{}")
		switch v, known := p.values[name]; {
		case known:
			pattern.WriteString(regexp.QuoteMeta(v))
		case slices.Contains(fresh, name):
			pattern.WriteString(`[^"&;]*`)
		default:
			fresh = append(fresh, name)
			pattern.WriteString(`([^"&;]*)`)
		}
		rest = rest[at[1]:]
	}
	pattern.WriteString(regexp.QuoteMeta(rest))
	m := regexp.MustCompile(`^` + pattern.String() + `$`).FindStringSubmatch(got)
	if m == nil {
		p.t.Fatalf("%s: %s is not as it must be\n got %s\nwant %s", p.section, what, got, want)
	}
	for i, name := range fresh {
		p.values[name] = m[i+1]
	}
}

// learned are the members whose values an update learns under their own names.
var learned = regexp.MustCompile(`"(stateToken|stateHandle|sessionToken|recoveryToken|sharedSecret|challenge|nonce|errorId)": "([^"]+)"`)

// render writes the answer as a section: its own body, with values replaced by
// their names, and the headers that were asked for before.
func (p *player) render(header [][2]string) string {
	var body bytes.Buffer
	if json.Indent(&body, p.body, "", "  ") != nil {
		body.Reset()
		body.Write(p.body)
	}
	text := body.String()
	for _, m := range learned.FindAllStringSubmatch(text, -1) {
		p.learn(m[1], m[2])
	}
	for _, m := range ticket.FindAllStringSubmatch(text, -1) {
		p.learn("ticket", m[1])
	}
	for _, m := range factorID.FindAllStringSubmatch(text, -1) {
		p.learn("factorId", m[1])
	}
	out := strconv.Itoa(p.answer.StatusCode) + "\n"
	for _, h := range header {
		out += h[0] + ": " + strings.Join(p.answer.Header.Values(h[0]), ", ") + "\n"
	}
	if text != "" {
		out += "\n" + text + "\n"
	}
	names := make([]string, 0, len(p.values))
	for name := range p.values {
		names = append(names, name)
	}
	// The longest value first: one may be part of another.
	slices.SortFunc(names, func(a, b string) int {
		if d := len(p.values[b]) - len(p.values[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		if v := p.values[name]; len(v) > 3 {
			out = strings.ReplaceAll(out, v, "{{"+name+"}}")
		}
	}
	return out
}

// The parts of addresses that an update learns: a factor, and the secret of the
// picture by which it is enrolled.
var (
	factorID = regexp.MustCompile(`/factors/([a-z]{3}[0-9A-Za-z]{17})/`)
	ticket   = regexp.MustCompile(`/qr/([^"/]+)`)
)

// learn gives a value its member's name, numbered from the second on.
func (p *player) learn(name, value string) {
	for _, known := range p.values {
		if known == value {
			return
		}
	}
	for i := 1; ; i++ {
		n := name
		if i > 1 {
			n += strconv.Itoa(i)
		}
		if _, taken := p.values[n]; !taken {
			p.values[n] = value
			return
		}
	}
}
