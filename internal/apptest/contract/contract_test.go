package contract

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// problems is what Check would complain of.
func problems(t *testing.T, method, path string, status int, body string) []string {
	t.Helper()
	d, err := load()
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(method, "https://id.example.com"+path, nil)
	route, params := d.find(req)
	if route == nil {
		t.Fatalf("%s %s is in no document", method, path)
	}
	return check(req, route, params, status, http.Header{"Content-Type": {"application/json"}}, []byte(body))
}

const user = `{"id":"00u1","status":"ACTIVE","created":"2026-03-01T12:00:00.000Z","activated":null,"statusChanged":null,"lastLogin":null,
"lastUpdated":"2026-03-01T12:00:00.000Z","passwordChanged":null,"type":{"id":"oty1"},"profile":{"login":"ann","nick":1},"credentials":{},"_links":{"self":{"href":"x"}}}`

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   string // part of a problem, "" for none
	}{
		"a user":             {200, user, ""},
		"a wrong enum":       {200, strings.Replace(user, "ACTIVE", "AWAKE", 1), "status"},
		"a missing member":   {200, strings.Replace(user, `"id":"00u1",`, "", 1), "id"},
		"an unknown member":  {200, strings.Replace(user, `"id"`, `"age":7,"id"`, 1), "unknown member .age"},
		"an unknown, deeper": {200, strings.Replace(user, `"type":{`, `"type":{"colour":"red",`, 1), "unknown member .type.colour"},
		"an error":           {404, `{"errorCode":"E0000007","errorSummary":"x","errorLink":"E0000007","errorId":"oae1","errorCauses":[]}`, ""},
		"no error":           {404, `{"message":"x"}`, "error"},
		"another success":    {201, user, "status"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(problems(t, "GET", "/api/v1/users/00u1", c.status, c.body), "\n")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Fatalf("want %q in: %q", c.want, got)
			}
		})
	}
}
