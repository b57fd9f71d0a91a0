package oauth2_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/openapi"
)

// TestScopeMatrix calls every operation that takes access tokens of the
// organisation's own server, on things that do not exist: with a scope that opens
// it and with one that does not, as the operation table says.
func TestScopeMatrix(t *testing.T) {
	app := apptest.New(t)
	c := service(t, app, nil)
	tokens := map[string]*apptest.Client{}
	by := func(scope string) *apptest.Client {
		if tokens[scope] == nil {
			grantScopes(t, app, c, scope)
			tokens[scope] = app.Anonymous().With("Authorization", "Bearer "+serviceToken(t, app, c, scope).Want(200).Text("access_token"))
		}
		return tokens[scope]
	}
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	operations := 0
	for _, op := range openapi.Operations() {
		users := slices.ContainsFunc(op.Scopes, func(s string) bool { return strings.HasPrefix(s, "okta.myAccount.") }) // no service gets those
		if op.Auth != openapi.AuthToken || len(op.Scopes) == 0 || users {
			continue
		}
		path, body := parameter.ReplaceAllString(op.Path, "nothing"), any(nil)
		if op.Method != "GET" && op.Method != "DELETE" {
			body = "{}"
		}
		other := "okta.users.read"
		if slices.Contains(op.Scopes, other) {
			other = "okta.groups.read"
		}
		closed := by(other).Do(op.Method, path, body)
		if h := closed.Header.Get("WWW-Authenticate"); closed.Status != 403 || !strings.Contains(h, `error="insufficient_scope"`) || !strings.Contains(h, `scope="`+strings.Join(op.Scopes, " ")+`"`) {
			t.Errorf("%s with %s: %d %s %s", op.ID, other, closed.Status, h, closed.Body)
		}
		for _, scope := range op.Scopes {
			open := by(scope).Do(op.Method, path, body)
			if open.Status == 401 || open.Status == 500 || strings.Contains(open.Header.Get("WWW-Authenticate"), "insufficient_scope") {
				t.Errorf("%s with %s: %d %s", op.ID, scope, open.Status, open.Body)
			}
		}
		operations++
	}
	if operations < 300 {
		t.Errorf("%d operations", operations)
	}
}
