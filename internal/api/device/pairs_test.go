package device_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// pair is the shape of one of the recorded exchanges about pushes: members with
// their values where these are words of the interface, with their kinds else, and
// links as patterns. (recorded answers)
type pair struct {
	Name string `json:"name"`
	// Flow and Exchange tell which exchange of ours it is: the file and the place
	// in it, from 1.
	Flow     string            `json:"flow"`
	Exchange int               `json:"exchange"`
	Request  string            `json:"request"`
	Sends    []string          `json:"sends"`
	Status   int               `json:"status"`
	Headers  map[string]string `json:"headers"`
	Answer   []string          `json:"answer"`
}

// pairNames are all that there are.
func pairNames() []string {
	return []string{
		"authn-mfa-enroll", "authn-enroll-push", "authn-activate-send-sms", "authn-activate-poll-waiting", "authn-activate-poll-waiting-again",
		"authn-activate-poll-success", "authn-activate-poll-timeout", "authn-mfa-required", "authn-verify-push-waiting", "authn-verify-push-success",
		"user-factor-enroll-push", "user-factor-activate-waiting", "user-factor-activate-active", "user-factor-activate-timeout", "user-factor-verify-waiting",
		"user-factor-transaction-waiting", "user-factor-transaction-success", "user-factor-transaction-timeout", "user-factor-transaction-rejected",
	}
}

// difference is one that is meant: lines that only we have (+) or only they (-).
type difference struct {
	lines  *regexp.Regexp
	reason string // as it stands in docs/divergences.md
	used   bool
}

func differences() []*difference {
	meant := func(lines, reason string) *difference {
		return &difference{lines: regexp.MustCompile(lines), reason: reason}
	}
	const (
		lack   = "The older examples of pushes lack `vendorName`, `passwordChanged`, `credentialId`, `policy`"
		send   = "The `send` links of a push that is enrolled at a sign-in stay under `/api/v1/authn`"
		poll   = "While a push is enrolled at a sign-in, its `poll` link is always `lifecycle/activate/poll`"
		single = "A challenge names its factor `factor`, where one older example of a push says `factors`"
	)
	return []*difference{
		meant(`^\+ .*vendorName OKTA$`, lack), meant(`^\+ _embedded\.user\.passwordChanged string$`, lack), meant(`^\+ .*profile\.credentialId string$`, lack),
		meant(`^\+ _embedded\.policy\.`, lack), meant(`^\+ _embedded\.factors\[\]\.(status NOT_SETUP|enrollment OPTIONAL)$`, lack),
		meant(`^\+ .*activation\.factorResult WAITING$`, lack), meant(`^\+ _embedded\.factors\[\]\._links\.verify\.name verify$`, lack),
		meant(`^- .*send\[\]\.href /api/v1/users/`, send), meant(`^\+ .*send\[\]\.href /api/v1/authn/`, send),
		meant(`^- _links\.next\.href .*/lifecycle/activate$`, poll), meant(`^\+ _links\.next\.href .*/lifecycle/activate/poll$`, poll),
		meant(`^- _embedded\.factors\.`, single), meant(`^\+ _embedded\.factor\.(id|factorType|provider|profile)`, single),
	}
}

// exchange is a request of a transcript and its answer.
type exchange struct {
	request string
	sends   []string
	status  int
	headers map[string]string
	answer  []string
}

// TestAllPairs: each recorded exchange is one of the transcripts that TestPushFlows
// plays, but for the differences that are meant.
func TestAllPairs(t *testing.T) {
	text, err := os.ReadFile("testdata/pairs.json")
	if err != nil {
		t.Fatal(err)
	}
	var pairs []pair
	if err := json.Unmarshal(text, &pairs); err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile("../../../docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	meant := differences()
	for _, p := range pairs {
		names = append(names, p.Name)
		t.Run(p.Name, func(t *testing.T) {
			ours := exchangeOf(t, p.Flow, p.Exchange)
			if ours.request != p.Request || ours.status != p.Status {
				t.Fatalf("%s is %d, want %s to be %d", ours.request, ours.status, p.Request, p.Status)
			}
			for _, line := range p.Sends {
				if !slices.Contains(ours.sends, line) {
					t.Errorf("the request lacks %s", line)
				}
			}
			for name, v := range p.Headers {
				if ours.headers[name] != v {
					t.Errorf("the answer has %s %q, want %q", name, ours.headers[name], v)
				}
			}
			for _, line := range diff(p.Answer, ours.answer) {
				i := slices.IndexFunc(meant, func(d *difference) bool { return d.lines.MatchString(line) })
				if i < 0 {
					t.Errorf("nobody means %s", line)
					continue
				}
				meant[i].used = true
			}
		})
	}
	if !slices.Equal(names, pairNames()) {
		t.Errorf("the pairs are %q", names)
	}
	for _, d := range meant {
		if !d.used {
			t.Errorf("%s differs nowhere", d.lines)
		}
		if !strings.Contains(string(told), "| "+d.reason) {
			t.Errorf("docs/divergences.md does not say: %s", d.reason)
		}
	}
}

// diff lists what only the first has (-) and only the second (+).
func diff(theirs, ours []string) []string {
	var out []string
	for _, line := range theirs {
		if !slices.Contains(ours, line) {
			out = append(out, "- "+line)
		}
	}
	for _, line := range ours {
		if !slices.Contains(theirs, line) {
			out = append(out, "+ "+line)
		}
	}
	return out
}

// exchangeOf reads one exchange of a transcript.
func exchangeOf(t *testing.T, flow string, number int) exchange {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/flows/" + flow + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out exchange
	for _, f := range archive.Files {
		head, body, _ := strings.Cut(strings.TrimSpace(string(f.Data)), "\n\n")
		lines := strings.Split(head, "\n")
		switch f.Name {
		case "request":
			number--
			method, address, _ := strings.Cut(lines[0], " ")
			out = exchange{request: method + " " + place(address), sends: shapeOf(t, body)}
		case "response":
			if number > 0 {
				continue
			}
			if out.status, err = strconv.Atoi(lines[0]); err != nil {
				t.Fatal(err)
			}
			out.headers = map[string]string{}
			for _, line := range lines[1:] {
				name, v, _ := strings.Cut(line, ": ")
				out.headers[name] = place(v)
			}
			out.answer = shapeOf(t, body)
			return out
		}
	}
	t.Fatalf("%s has no such exchange", flow)
	return out
}

// shapeOf lists the members of an object with their values, kinds or patterns.
func shapeOf(t *testing.T, body string) []string {
	t.Helper()
	if strings.TrimSpace(body) == "" {
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var out []string
	walk(v, "", func(line string) {
		if !slices.Contains(out, line) {
			out = append(out, line)
		}
	})
	return out
}

func walk(v any, at string, line func(string)) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 && at != "" {
			line(at + " {}")
		}
		for name, x := range v {
			walk(x, strings.TrimPrefix(at+"."+name, "."), line)
		}
	case []any:
		for _, x := range v {
			walk(x, at+"[]", line)
		}
	case string:
		line(at + " " + wordOf(at, v))
	case nil:
		line(at + " null")
	case bool:
		line(at + " boolean")
	case float64:
		line(at + " number")
	default:
		line(fmt.Sprintf("%s %T", at, v))
	}
}

// wordOf is the value of a member that is a word of the interface, else its kind.
func wordOf(at, v string) string {
	name := at[strings.LastIndexByte(at, '.')+1:]
	switch name {
	case "href":
		return place(v)
	case "status", "factorResult", "factorType", "provider", "enrollment", "type", "vendorName", "allow[]":
		return v
	case "name":
		if !strings.HasSuffix(at, "profile.name") {
			return v
		}
	}
	return "string"
}

// place is an address without what differs from one exchange to the next.
func place(address string) string {
	for _, c := range []struct{ pattern, with string }{
		{`^https?://[^/]+`, ""},
		{`\?.*`, ""},
		{`/users/[^/]+`, "/users/{userId}"},
		{`/factors/[^/]+`, "/factors/{factorId}"},
		{`/qr/.+$`, "/qr/{ticket}"},
		{`/(transactions|verify)/([^r/][^/]*)`, "/$1/{transactionId}"},
	} {
		address = regexp.MustCompile(c.pattern).ReplaceAllString(address, c.with)
	}
	return address
}
