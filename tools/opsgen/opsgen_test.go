package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// page is a document with one good operation; the cases below break it.
const page = `
paths:
  /api/v1/users/{userId}:
    get:
      operationId: getUser
      summary: Reads one user.
      tags: [User]
      x-usher-auth: session-or-token
      x-usher-roles: [ORG_ADMIN, SELF]
      x-usher-scopes: [okta.users.read]
      x-usher-bucket: users.get
      x-usher-cors: true
      parameters:
        - {in: path, name: userId, required: true, schema: {type: string}}
        - {in: query, name: limit, schema: {type: integer, default: 20}}
        - {in: query, name: mode, schema: {$ref: '#/components/schemas/Mode'}}
      responses:
        '200': {description: OK}
        '404': {description: Error}
        default: {description: Error}
components:
  schemas:
    Mode: {type: string, enum: [a, b]}
`

func TestParse(t *testing.T) {
	t.Parallel()
	ops, err := parse("management", []byte(page))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(ops); err != nil {
		t.Fatal(err)
	}
	text, err := render(ops)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`GetUser ID = "getUser" // GET /api/v1/users/{userId}`,
		`{ID: GetUser, Method: "GET", Path: "/api/v1/users/{userId}", Document: "management", Tag: "User", Summary: "Reads one user.",`,
		`Auth: AuthSessionOrToken, Roles: []string{"ORG_ADMIN", "SELF"}, Scopes: []string{"okta.users.read"},`,
		`Bucket: "users.get", CORS: true, Success: []int{200},`,
		`Query: []Param{{Name: "limit", Type: "integer", Default: "20"}, {Name: "mode", Type: "string"}}},`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the table lacks %s:\n%s", want, text)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	second := page[strings.Index(page, "  /api"):strings.Index(page, "components:")]
	cases := []struct{ name, old, new, want string }{
		{"bad id", "getUser", "get user", "bad operation id"},
		{"no summary", "Reads one user.", "Reads one user", "summary must be one sentence"},
		{"two tags", "[User]", "[User, Me]", "wants one tag"},
		{"unknown member", "x-usher-cors", "x-usher-core", "unknown members x-usher-core"},
		{"unknown auth", "session-or-token", "cookie", "unknown x-usher-auth"},
		{"unknown role", "ORG_ADMIN", "ORG_OWNER", `role "ORG_OWNER"`},
		{"doubled role", "ORG_ADMIN", "SELF", `role "SELF"`},
		{"session without self", "[ORG_ADMIN, SELF]", "[ORG_ADMIN]", "without SELF"},
		{"roles without caller", "session-or-token", "none", "without a caller"},
		{"bad scope", "okta.users.read", "users.read", "scope"},
		{"unknown bucket", "users.get", "users.all", "unknown bucket"},
		{"no success", "'200'", "'400'", "no successful response"},
		{"bad status", "'200'", "OK", "is no status"},
		{"undeclared parameter", "name: userId", "name: id", "declares [id]"},
		{"optional path parameter", "required: true", "required: false", "not required"},
		{"bad segment", "/api/v1/users/{userId}", "/api/v1/users/{userId}.json", "bad path segment"},
		{"untyped query", "{type: integer, default: 20}", "{default: 20}", "has no type"},
		{"header parameter", "in: query, name: limit", "in: header, name: limit", "neither in path nor in query"},
		{"no method", "    get:", "    head:", "is no method"},
		{"path twice", "components:", second + "components:", "twice"},
		{"other name of the same path", "components:", strings.ReplaceAll(strings.ReplaceAll(second, "userId", "id"), "getUser", "readUser") + "components:", "also in"},
		{"id twice", "components:", strings.ReplaceAll(second, "users/", "people/") + "components:", "operation id getUser twice"},
		{"same Go name", "components:", strings.ReplaceAll(strings.ReplaceAll(second, "users/", "people/"), "getUser", "GetUser") + "components:", "same Go name"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(page, c.old, c.new, 1)
			ops, err := parse("management", []byte(text))
			if err == nil {
				err = validate(ops)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestConstant(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"listUsers": "ListUsers", "oob-authenticate": "OobAuthenticate", "management.listAuthenticators": "ManagementListAuthenticators",
	} {
		if got := constant(id); got != want {
			t.Errorf("constant(%q) = %q, want %q", id, got, want)
		}
	}
}

func TestCheckFindsStaleTable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, name := range documents() {
		text := page
		if i > 0 {
			text = "paths: {}\n"
		}
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(dir, true); err == nil {
		t.Error("a missing table passes the check")
	}
	if err := run(dir, false); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true); err != nil {
		t.Errorf("a fresh table fails the check: %v", err)
	}
	edited := strings.Replace(page, "Reads one user.", "Reads a user.", 1)
	if err := os.WriteFile(filepath.Join(dir, "management.yaml"), []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true); err == nil || !strings.Contains(err.Error(), "stale") {
		t.Errorf("a stale table gives %v", err)
	}
}
