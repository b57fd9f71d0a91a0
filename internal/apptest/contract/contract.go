// Package contract checks the answers of tests against the interface
// documents: status, media type and schema by kin-openapi, and, beyond it,
// members that the document does not know. It also notes which operations were
// exercised. It is for tests alone.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/go-chi/chi/v5"

	"usher/openapi"
)

// ExercisedEnv names the variable with the file to which the ids of exercised
// operations are appended, for the test that none is left out.
const ExercisedEnv = "USHER_EXERCISED"

// documents are the parsed documents with their routers, made once.
type documents struct {
	routers []routers.Router
	// inventory leads to the operations that are listed without schemas.
	inventory *chi.Mux
	ids       map[string]string // by method and path pattern
}

var load = sync.OnceValues(func() (*documents, error) {
	openapi3filter.RegisterBodyDecoder("application/ion+json", openapi3filter.JSONBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
	d := &documents{inventory: chi.NewRouter(), ids: map[string]string{}}
	for _, op := range openapi.Operations() {
		if op.Document == openapi.DocumentManagementExtra {
			d.inventory.Method(op.Method, op.Path, http.NotFoundHandler())
			d.ids[op.Method+" "+op.Path] = string(op.ID)
		}
	}
	for _, name := range openapi.DocumentNames() {
		text, err := openapi.Document(name)
		if err != nil {
			return nil, err
		}
		doc, err := openapi3.NewLoader().LoadFromData(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		doc.Servers = nil // any host
		r, err := gorillamux.NewRouter(doc)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		d.routers = append(d.routers, r)
	}
	return d, nil
})

// find returns the document's route for a request, nil when it is no operation
// of a document with schemas.
func (d *documents) find(r *http.Request) (*routers.Route, map[string]string) {
	for _, router := range d.routers {
		if route, params, err := router.FindRoute(r); err == nil && described(route.Operation) {
			return route, params
		}
	}
	return nil, nil
}

// described tells whether a document says more of an operation than its name:
// then it says how an error looks.
func described(op *openapi3.Operation) bool { return op.Responses.Default() != nil }

// inventoried returns the id of an operation that is listed without a schema.
func (d *documents) inventoried(r *http.Request) (string, bool) {
	rc := chi.NewRouteContext()
	if !d.inventory.Match(rc, r.Method, r.URL.EscapedPath()) {
		return "", false
	}
	id, ok := d.ids[r.Method+" "+rc.RoutePattern()]
	return id, ok
}

// Check fails the test when the answer to req is not what the documents say.
// Requests outside the documents are let through.
func Check(t testing.TB, req *http.Request, status int, header http.Header, body []byte) {
	t.Helper()
	d, err := load()
	if err != nil {
		t.Fatal(err)
	}
	route, params := d.find(req)
	if status == http.StatusNotImplemented {
		return
	}
	if route == nil {
		if id, ok := d.inventoried(req); ok && status < 400 {
			note(t, id)
		}
		return
	}
	if status < 400 {
		note(t, route.Operation.OperationID)
	}
	for _, problem := range check(req, route, params, status, header, body) {
		t.Errorf("%s %s -> %d breaks the interface document: %s\n%s", req.Method, req.URL.Path, status, problem, bounded(body))
	}
}

func check(req *http.Request, route *routers.Route, params map[string]string, status int, header http.Header, body []byte) []string {
	var problems []string
	header = header.Clone()
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	if media != "" {
		header.Set("Content-Type", strings.TrimSpace(media))
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		problems = append(problems, err.Error())
	}
	response := route.Operation.Responses.Status(status)
	if response == nil {
		response = route.Operation.Responses.Default()
	}
	if response == nil || response.Value == nil {
		return problems
	}
	mt := response.Value.Content.Get(media)
	if mt == nil || mt.Schema == nil || !strings.Contains(media, "json") {
		return problems
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return append(problems, err.Error())
	}
	m := members{schemas: route.Spec.Components.Schemas}
	return append(problems, m.unknown(v, []*openapi3.Schema{mt.Schema.Value}, "")...)
}

// members finds what a value may hold. Discriminators are resolved among the
// schemas of one document.
type members struct{ schemas openapi3.Schemas }

// unknown lists the members that no schema knows. Where a schema offers a
// choice, a member is known when any alternative has it.
func (m members) unknown(v any, schemas []*openapi3.Schema, path string) []string {
	var out []string
	switch v := v.(type) {
	case []any:
		var items []*openapi3.Schema
		for _, s := range schemas {
			items = append(items, itemsOf(s)...)
		}
		for i, x := range v {
			out = append(out, m.unknown(x, items, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case map[string]any:
		known, open := map[string][]*openapi3.Schema{}, len(schemas) == 0
		for _, s := range schemas {
			open = m.of(s, v, known, map[*openapi3.Schema]bool{}) || open
		}
		open = open || len(known) == 0
		for _, k := range slices.Sorted(maps.Keys(v)) {
			switch child, ok := known[k]; {
			case ok:
				out = append(out, m.unknown(v[k], child, path+"."+k)...)
			case !open:
				out = append(out, "unknown member "+path+"."+k)
			}
		}
	}
	return out
}

// of collects the members of an object over all alternatives and tells whether
// others are allowed too.
func (m members) of(s *openapi3.Schema, v map[string]any, known map[string][]*openapi3.Schema, seen map[*openapi3.Schema]bool) bool {
	if s == nil || seen[s] {
		return false
	}
	seen[s] = true
	open := s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has
	for name, p := range s.Properties {
		known[name] = append(known[name], p.Value)
	}
	if s.AdditionalProperties.Schema != nil {
		for name := range v {
			known[name] = append(known[name], s.AdditionalProperties.Schema.Value)
		}
	}
	for _, alt := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		open = m.of(alt.Value, v, known, seen) || open
	}
	if s.Discriminator == nil {
		return open
	}
	kind, _ := v[s.Discriminator.PropertyName].(string)
	ref, ok := s.Discriminator.Mapping[kind]
	if !ok {
		return true // none of the alternatives: the schema check has its say
	}
	target := m.schemas[ref.Ref[strings.LastIndex(ref.Ref, "/")+1:]]
	return target == nil || m.of(target.Value, v, known, seen) || open
}

func itemsOf(s *openapi3.Schema) []*openapi3.Schema {
	var out []*openapi3.Schema
	if s == nil {
		return nil
	}
	if s.Items != nil {
		out = append(out, s.Items.Value)
	}
	for _, alt := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		out = append(out, itemsOf(alt.Value)...)
	}
	return out
}

// note appends an operation's id to the file of exercised ones.
func note(t testing.TB, id string) {
	path := os.Getenv(ExercisedEnv)
	if path == "" || id == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(id + "\n")
	if cerr := f.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
}

func bounded(body []byte) string {
	const most = 1500
	if len(body) > most {
		return string(body[:most]) + "..."
	}
	return string(body)
}
