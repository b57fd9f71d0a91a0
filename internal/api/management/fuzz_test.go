package management_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/server"
)

// fuzzLimit keeps a database from growing for as long as a fuzzer runs: after
// so many accepted requests another server takes its place.
const fuzzLimit = 60

// fuzzed is a server with one object of each kind, under a fuzzer.
type fuzzed struct {
	*apptest.App
	paths    map[string]string // what the braces of a path stand for
	accepted int
	before   string // the snapshot after the last request
}

// operation is what a fuzzed text is sent to: as a body, or behind a path that
// ends with "=" as a parameter of the query.
type operation struct{ method, path, seed string }

func bodyOperations() []operation {
	user := `{"profile":{"firstName":"A","lastName":"B","email":"f@example.com","login":"f@example.com"},"credentials":{"password":{"value":"Correct-Horse-2"}}}`
	rule := `{"type":"group_rule","name":"r2","conditions":{"people":{"users":{"exclude":[]},"groups":{"exclude":[]}},"expression":{"value":"user.city==\"x\"","type":"urn:okta:expression:1.0"}},"actions":{"assignUserToGroups":{"groupIds":["00g"]}}}`
	app := `{"name":"bookmark","label":"B","signOnMode":"BOOKMARK","settings":{"app":{"requestIntegration":false,"url":"https://example.com/b"}}}`
	oidc := `{"name":"oidc_client","label":"O","signOnMode":"OPENID_CONNECT","credentials":{"oauthClient":{"token_endpoint_auth_method":"client_secret_post"}},"settings":{"oauthClient":{"redirect_uris":["https://example.com/cb"],"response_types":["code"],"grant_types":["authorization_code"],"application_type":"web"}}}`
	policy := `{"type":"OKTA_SIGN_ON","name":"P2","status":"ACTIVE","description":"d","conditions":{"people":{"groups":{"include":["00g"]}}}}`
	policyRule := `{"type":"SIGN_ON","name":"R2","conditions":{"network":{"connection":"ANYWHERE"},"authContext":{"authType":"ANY"}},"actions":{"signon":{"access":"ALLOW","requireFactor":false,"session":{"usePersistentCookie":false,"maxSessionIdleMinutes":120,"maxSessionLifetimeMinutes":0}}}}`
	return []operation{
		{http.MethodPost, "/api/v1/users?activate=false", user},
		{http.MethodPost, "/api/v1/users/{user}", `{"profile":{"nickName":"n"}}`},
		{http.MethodPut, "/api/v1/users/{user}", user},
		{http.MethodPost, "/api/v1/groups", `{"profile":{"name":"G2","description":"d"}}`},
		{http.MethodPut, "/api/v1/groups/{group}", `{"profile":{"name":"G3"}}`},
		{http.MethodPost, "/api/v1/groups/rules", rule},
		{http.MethodPut, "/api/v1/groups/rules/{rule}", rule},
		{http.MethodPost, "/api/v1/apps", app},
		{http.MethodPost, "/api/v1/apps", oidc},
		{http.MethodPut, "/api/v1/apps/{app}", app},
		{http.MethodPost, "/api/v1/apps/{app}/users", `{"id":"00u","scope":"USER","credentials":{"userName":"x"}}`},
		{http.MethodPost, "/api/v1/policies", policy},
		{http.MethodPut, "/api/v1/policies/{policy}", policy},
		{http.MethodPost, "/api/v1/policies/{policy}/rules", policyRule},
		{http.MethodPut, "/api/v1/policies/{policy}/rules/{policyRule}", policyRule},
		{http.MethodPost, "/api/v1/zones", `{"type":"IP","name":"z","status":"ACTIVE","gateways":[{"type":"CIDR","value":"10.0.0.0/8"}]}`},
		{http.MethodPost, "/api/v1/trustedOrigins", `{"name":"o","origin":"https://example.com","scopes":[{"type":"CORS"}]}`},
		{http.MethodPost, "/api/v1/zones", `{"type":"DYNAMIC_V2","name":"d","locations":{"include":[{"country":"NO","region":null}]},"asns":{"exclude":["1"]}}`},
		{http.MethodPost, "/api/v1/meta/types/user", `{"name":"staff","displayName":"Staff"}`},
		{http.MethodPost, "/api/v1/meta/schemas/group/default", `{"definitions":{"custom":{"properties":{"c":{"title":"C","type":"array","items":{"type":"string","enum":["a"]}}}}}}`},
		{http.MethodPost, "/api/v1/meta/schemas/apps/{app}/default", `{"definitions":{"custom":{"properties":{"c":{"title":"C","type":"string","pattern":"a+"}}}}}`},
	}
}

func queryOperations() []operation {
	return []operation{
		{http.MethodGet, "/api/v1/users?search=", `profile.lastName sw "B" and (status eq "ACTIVE" or lastUpdated gt "2020-01-01T00:00:00.000Z")`},
		{http.MethodGet, "/api/v1/users?filter=", `profile.login eq "a@example.com" or status eq "STAGED"`},
		{http.MethodGet, "/api/v1/users?q=", "is"},
		{http.MethodGet, "/api/v1/users?after=", "00u00000000000000001"},
		{http.MethodGet, "/api/v1/users?limit=", "-1"},
		{http.MethodGet, "/api/v1/users?search=status+pr&sortBy=", "profile.lastName"},
		{http.MethodGet, "/api/v1/users?search=status+pr&sortBy=created&after=", "00u00000000000000001.MTc3MjM2NjQwMDAwMA"},
		{http.MethodGet, "/api/v1/groups?search=", `profile.name sw "G" and type eq "OKTA_GROUP"`},
		{http.MethodGet, "/api/v1/groups?filter=", `lastMembershipUpdated gt "2020-01-01T00:00:00.000Z"`},
		{http.MethodGet, "/api/v1/groups?q=", "Eve"},
		{http.MethodGet, "/api/v1/groups?after=", "00g00000000000000001"},
		{http.MethodGet, "/api/v1/groups/{group}/users?after=", "00u00000000000000001"},
		{http.MethodGet, "/api/v1/groups/rules?after=", "0pr00000000000000001"},
		{http.MethodGet, "/api/v1/apps?filter=", `status eq "ACTIVE"`},
		{http.MethodGet, "/api/v1/apps?after=", "0oa00000000000000001"},
		{http.MethodGet, "/api/v1/policies?type=", "OKTA_SIGN_ON"},
		{http.MethodGet, "/api/v1/logs?filter=", `eventType eq "user.lifecycle.create" and published gt "2020-01-01T00:00:00Z"`},
		{http.MethodGet, "/api/v1/logs?q=", "create"},
		{http.MethodGet, "/api/v1/logs?after=", "1772366400000_1"},
		{http.MethodGet, "/api/v1/logs?since=", "2026-03-01T12:00:00.000Z"},
		{http.MethodGet, "/api/v1/users/", "isaac.brock"},
	}
}

// newFuzzed starts a server. It ends with t.
func newFuzzed(t testing.TB) *fuzzed {
	f := &fuzzed{App: apptest.New(t, apptest.Configure(func(c *server.Config) { c.Log = nil }))}
	f.paths = map[string]string{}
	create := func(name, path, body string) {
		for k, v := range f.paths {
			path, body = strings.ReplaceAll(path, "{"+k+"}", v), strings.ReplaceAll(body, "{"+k+"}", v)
		}
		f.paths[name] = f.Post(path, body).Want(http.StatusOK).Text("id")
	}
	create("user", "/api/v1/users?activate=false", `{"profile":{"firstName":"F","lastName":"Z","email":"fz@example.com","login":"fz@example.com"}}`)
	create("group", "/api/v1/groups", `{"profile":{"name":"G"}}`)
	create("rule", "/api/v1/groups/rules", `{"type":"group_rule","name":"r","conditions":{"expression":{"value":"user.city==\"x\"","type":"urn:okta:expression:1.0"}},"actions":{"assignUserToGroups":{"groupIds":["{group}"]}}}`)
	create("app", "/api/v1/apps", bodyOperations()[7].seed)
	create("policy", "/api/v1/policies", `{"type":"OKTA_SIGN_ON","name":"P","conditions":{"people":{"groups":{"include":["{group}"]}}}}`)
	create("policyRule", "/api/v1/policies/{policy}/rules", strings.Replace(bodyOperations()[13].seed, "R2", "R", 1))
	return f
}

// path fills in a path.
func (f *fuzzed) path(text string) string {
	for k, v := range f.paths {
		text = strings.ReplaceAll(text, "{"+k+"}", v)
	}
	return text
}

// snapshot is everything that a refused request must leave as it was.
func (f *fuzzed) snapshot(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	client := f.On(t)
	for _, path := range []string{
		"/api/v1/users?search=status+pr&limit=200", "/api/v1/users/{user}", "/api/v1/groups?limit=200", "/api/v1/groups/rules?limit=200", "/api/v1/apps?limit=200",
		"/api/v1/apps/{app}/users", "/api/v1/policies?type=OKTA_SIGN_ON", "/api/v1/policies?type=PASSWORD", "/api/v1/policies/{policy}/rules",
		"/api/v1/zones?limit=200", "/api/v1/trustedOrigins?limit=200", "/api/v1/meta/types/user", "/api/v1/meta/schemas/group/default",
		"/api/v1/meta/schemas/apps/{app}/default", "/api/v1/logs?limit=1000&since=2026-02-28T00:00:00Z",
	} {
		out.Write(client.Get(f.path(path)).Want(http.StatusOK).Body)
		out.WriteByte('\n')
	}
	return out.String()
}

// try sends a text and holds the answer to the rule: it is never our fault, and
// a refusal changes nothing and tells nothing to the log.
func (f *fuzzed) try(t *testing.T, o operation, text string) {
	t.Helper()
	if f.before == "" {
		f.before = f.snapshot(t)
	}
	path, content := f.path(o.path), any(text)
	if o.method == http.MethodGet {
		escape := url.QueryEscape
		if strings.HasSuffix(path, "/") {
			escape = url.PathEscape
		}
		path, content = path+escape(text), nil
	}
	a := f.On(t).Do(o.method, path, content)
	if a.Status >= http.StatusInternalServerError {
		t.Fatalf("%s %s with %q: %d %s", o.method, path, text, a.Status, a.Body)
	}
	if a.Status < http.StatusBadRequest && o.method != http.MethodGet {
		f.accepted++
		f.before = ""
		return
	}
	if after := f.snapshot(t); after != f.before {
		t.Fatalf("%s %s with %q was answered with %d and has changed\n%s\ninto\n%s", o.method, path, text, a.Status, f.before, after)
	}
}

// lasting is what a server belongs to that serves many runs of a fuzz target: a
// fuzzer's own methods may not be called from within one.
type lasting struct {
	testing.TB
	cleanups []func()
}

func (*lasting) Helper()                           {}
func (*lasting) Context() context.Context          { return context.Background() }
func (*lasting) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (*lasting) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*lasting) Error(args ...any)                 { panic(fmt.Sprint(args...)) }
func (*lasting) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (l *lasting) Cleanup(fn func())               { l.cleanups = append(l.cleanups, fn) }

func (l *lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "usher-fuzz-")
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// end undoes what was begun, the last first.
func (l *lasting) end() {
	for _, fn := range slices.Backward(l.cleanups) {
		fn()
	}
	l.cleanups = nil
}

// fuzzOperations sends texts to operations.
func fuzzOperations(f *testing.F, operations []operation) {
	for i, o := range operations {
		f.Add(byte(i), o.seed)
		f.Add(byte(i), "")
		f.Add(byte(i), strings.Replace(o.seed, "a", "\x00\u2028", 1))
		if o.method != http.MethodGet {
			f.Add(byte(i), `{}`)
			f.Add(byte(i), `{"profile":[],"type":1,"conditions":null,"settings":"x"}`)
			f.Add(byte(i), strings.NewReplacer(`":"`, `":["`, `",`, `"],`).Replace(o.seed))
			f.Add(byte(i), strings.ReplaceAll(o.seed, `":{`, `":null,"x":{`))
		}
	}
	var current *fuzzed
	server := &lasting{TB: f}
	f.Cleanup(server.end)
	f.Fuzz(func(t *testing.T, which byte, text string) {
		if len(text) > 1<<14 {
			return
		}
		if current == nil || current.accepted >= fuzzLimit {
			server.end()
			current = newFuzzed(server)
		}
		current.try(t, operations[int(which)%len(operations)], text)
	})
}

// FuzzBodies sends texts as bodies of what is created and changed.
func FuzzBodies(f *testing.F) { fuzzOperations(f, bodyOperations()) }

// FuzzQueries sends texts as filters, searches, cursors and other parameters.
func FuzzQueries(f *testing.F) { fuzzOperations(f, queryOperations()) }
