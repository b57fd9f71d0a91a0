package openapi_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"

	"usher/openapi"
)

// route is method and path without the names of the path parameters.
func route(method, path string) string {
	return method + " " + regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "{}")
}

func TestOperationsAreUnique(t *testing.T) {
	t.Parallel()
	ids, routes := map[openapi.ID]bool{}, map[string]openapi.ID{}
	for _, op := range openapi.Operations() {
		if ids[op.ID] {
			t.Errorf("id %s twice", op.ID)
		}
		ids[op.ID] = true
		key := route(op.Method, op.Path)
		if other, ok := routes[key]; ok {
			t.Errorf("%s is both %s and %s", key, op.ID, other)
		}
		routes[key] = op.ID
	}
}

func TestRequiredOperationsArePresent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/required.txt")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]openapi.Operation{}
	for _, op := range openapi.Operations() {
		have[route(op.Method, op.Path)] = op
	}
	count := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		count++
		method, path, _ := strings.Cut(line, " ")
		op, ok := have[route(method, path)]
		switch {
		case !ok:
			t.Errorf("%s is missing", line)
		case op.Document == openapi.DocumentManagementExtra:
			t.Errorf("%s stands among the extra operations, without schemas", line)
		}
	}
	if count != 139 {
		t.Errorf("the list has %d operations, want 139", count)
	}
}

// The router of the server takes every path, and leads a request for it to its own operation.
func TestPathsRoute(t *testing.T) {
	t.Parallel()
	router := chi.NewRouter()
	var hit openapi.ID
	for _, op := range openapi.Operations() {
		router.Method(op.Method, op.Path, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit = op.ID }))
	}
	variable := regexp.MustCompile(`\{[^}]*\}`)
	for _, op := range openapi.Operations() {
		hit = ""
		target := variable.ReplaceAllString(op.Path, "00u1value")
		router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), op.Method, target, nil))
		if hit != op.ID {
			t.Errorf("%s %s leads to %q, want %s", op.Method, target, hit, op.ID)
		}
	}
}

func TestAccessIsSound(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, op := range openapi.Operations() {
		used[op.Bucket] = true
		if !slices.Contains(openapi.Buckets(), op.Bucket) {
			t.Errorf("%s: bucket %q is unknown", op.ID, op.Bucket)
		}
		if op.Auth == openapi.AuthNone && len(op.Roles)+len(op.Scopes) > 0 {
			t.Errorf("%s: roles or scopes, but no caller", op.ID)
		}
		if op.Auth == openapi.AuthSession || op.Auth == openapi.AuthSessionOrToken {
			if !slices.Contains(op.Roles, openapi.RoleSelf) {
				t.Errorf("%s: takes the session cookie, but not for SELF", op.ID)
			}
			if !op.CORS && op.Document == openapi.DocumentManagement {
				t.Errorf("%s: takes the session cookie, but no trusted origin", op.ID)
			}
		}
		if op.Method == http.MethodGet && slices.ContainsFunc(op.Scopes, func(s string) bool { return strings.HasSuffix(s, ".manage") }) &&
			op.Document == openapi.DocumentManagement && !strings.Contains(op.Path, "/factors/") {
			t.Errorf("%s: reads, but wants a manage scope", op.ID)
		}
	}
	for _, bucket := range openapi.Buckets() {
		if !used[bucket] {
			t.Errorf("no operation counts in bucket %s", bucket)
		}
	}
}

// testTable: the table says what the documents say. It fails too when the table was not made again after an edit.
func testTable(t *testing.T, docs map[string]*openapi3.T) {
	t.Helper()
	var want []openapi.Operation
	for name, doc := range docs {
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				want = append(want, fromDocument(t, name, method, path, op))
			}
		}
	}
	have := slices.Clone(openapi.Operations())
	byID := func(a, b openapi.Operation) int { return strings.Compare(string(a.ID), string(b.ID)) }
	slices.SortFunc(want, byID)
	slices.SortFunc(have, byID)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("table differs from the documents (-documents +table), run go generate ./openapi:\n%s", diff)
	}
}

func fromDocument(t *testing.T, document, method, path string, op *openapi3.Operation) openapi.Operation {
	t.Helper()
	out := openapi.Operation{
		ID: openapi.ID(op.OperationID), Method: method, Path: path, Document: document,
		Tag: strings.Join(op.Tags, " "), Summary: op.Summary,
		Roles: list(op.Extensions["x-usher-roles"]), Scopes: list(op.Extensions["x-usher-scopes"]),
	}
	out.Bucket, _ = op.Extensions["x-usher-bucket"].(string)
	out.CORS, _ = op.Extensions["x-usher-cors"].(bool)
	for a := openapi.AuthNone; a <= openapi.AuthSession; a++ {
		if a.String() == op.Extensions["x-usher-auth"] {
			out.Auth = a
		}
	}
	for status := range op.Responses.Map() {
		if code, err := strconv.Atoi(status); err == nil && code < 400 {
			out.Success = append(out.Success, code)
		}
	}
	slices.Sort(out.Success)
	for _, p := range op.Parameters {
		if p.Value.In != "query" {
			continue
		}
		param := openapi.Param{Name: p.Value.Name, Type: p.Value.Schema.Value.Type.Slice()[0], Required: p.Value.Required}
		switch def := p.Value.Schema.Value.Default.(type) {
		case nil:
		case string:
			param.Default = def
		case bool:
			param.Default = strconv.FormatBool(def)
		case float64:
			param.Default = strconv.FormatFloat(def, 'f', -1, 64)
		default:
			t.Errorf("%s: default of %s is a %T", op.OperationID, param.Name, def)
		}
		out.Query = append(out.Query, param)
	}
	return out
}

// list returns the strings of a vendor member that is a list, nil when there is none.
func list(member any) []string {
	values, _ := member.([]any)
	var out []string
	for _, v := range values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func TestAuthString(t *testing.T) {
	t.Parallel()
	if got := openapi.Auth(9).String(); got != "Auth(9)" {
		t.Errorf("an unknown value is called %q", got)
	}
}
