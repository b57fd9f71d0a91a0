package terraform

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/okta/okta-sdk-golang/v2/okta"

	"usher/compat/devserver"
)

// client sends requests the way the provider does, through the SDK's executor
// without its cache. A request that fails ends the test.
type client struct {
	t       *testing.T
	at      string // the resource that is being worked on
	sdk     *okta.Client
	classic bool // the organisation runs the older pipeline
}

func newClient(t *testing.T, s *devserver.Server) *client {
	t.Helper()
	_, sdk, err := okta.NewClient(t.Context(), okta.WithOrgUrl(s.URL), okta.WithToken(s.APIToken),
		okta.WithTestingDisableHttpsCheck(true), okta.WithCache(false))
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, at: "provider", sdk: sdk}
	// The provider asks once which pipeline it talks to.
	var org struct {
		Pipeline string `json:"pipeline"`
	}
	c.into(http.MethodGet, "/.well-known/okta-organization", nil, http.StatusOK, &org)
	c.classic = org.Pipeline == "v1"
	return c
}

// into sends a request and decodes the answer, which must have the status.
func (c *client) into(method, path string, body any, status int, into any) {
	c.t.Helper()
	if got := c.send(method, path, body, into); got != status {
		c.t.Fatalf("%s: %s %s: status %d, want %d", c.at, method, path, got, status)
	}
}

func (c *client) send(method, path string, body, into any) int {
	c.t.Helper()
	x := c.sdk.CloneRequestExecutor().WithAccept("application/json").WithContentType("application/json")
	rq, err := x.NewRequest(method, path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	rs, err := x.Do(context.WithoutCancel(c.t.Context()), rq, into)
	if rs == nil {
		c.t.Fatalf("%s: %s %s: %v", c.at, method, path, err)
	}
	if err != nil && rs.StatusCode < 300 {
		c.t.Fatalf("%s: %s %s: status %d, but %v", c.at, method, path, rs.StatusCode, err)
	}
	if err != nil && rs.StatusCode != http.StatusNotFound {
		c.t.Logf("%s: %s %s: %v", c.at, method, path, err)
	}
	return rs.StatusCode
}

// post sends a body and gives the answer, an object with status 200.
func (c *client) post(path string, body any) attributes {
	c.t.Helper()
	var got attributes
	c.into(http.MethodPost, path, body, http.StatusOK, &got)
	return got
}

// put replaces an object, which answers with it and 200.
func (c *client) put(path string, body any) attributes {
	c.t.Helper()
	var got attributes
	c.into(http.MethodPut, path, body, http.StatusOK, &got)
	return got
}

// get reads an object, nil if it is not there.
func (c *client) get(path string) attributes {
	c.t.Helper()
	var got attributes
	switch status := c.send(http.MethodGet, path, nil, &got); status {
	case http.StatusOK:
		return got
	case http.StatusNotFound:
		return nil
	default:
		c.t.Fatalf("%s: GET %s: status %d", c.at, path, status)
		return nil
	}
}

// list reads all pages of a list.
func (c *client) list(path string) []attributes {
	c.t.Helper()
	x := c.sdk.CloneRequestExecutor().WithAccept("application/json").WithContentType("application/json")
	rq, err := x.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	var all []attributes
	rs, err := x.Do(context.WithoutCancel(c.t.Context()), rq, &all)
	if err != nil {
		c.t.Fatalf("%s: GET %s: %v", c.at, path, err)
	}
	for rs.HasNextPage() {
		var page []attributes
		if rs, err = rs.Next(context.WithoutCancel(c.t.Context()), &page); err != nil {
			c.t.Fatalf("%s: GET %s: %v", c.at, path, err)
		}
		all = append(all, page...)
	}
	return all
}

// do sends a request whose answer nobody reads.
func (c *client) do(method, path string, body any, status int) {
	c.t.Helper()
	c.into(method, path, body, status, nil)
}

func (c *client) delete(path string) {
	c.t.Helper()
	c.do(http.MethodDelete, path, nil, http.StatusNoContent)
}

// at gives the member of an object at a path with dots, nil if there is none.
func at(o attributes, path string) any {
	first, rest, more := strings.Cut(path, ".")
	if !more {
		return o[first]
	}
	inner, ok := o[first].(attributes)
	if !ok {
		return nil
	}
	return at(inner, rest)
}

// set puts a member into an object at a path with dots.
func set(o attributes, path string, v any) {
	first, rest, more := strings.Cut(path, ".")
	if !more {
		o[first] = v
		return
	}
	inner, ok := o[first].(attributes)
	if !ok {
		inner = attributes{}
		o[first] = inner
	}
	set(inner, rest, v)
}

// fields say where in a body the provider keeps an attribute.
type fields map[string]string

// body makes a body of the attributes that are set.
func (f fields) body(want attributes) attributes {
	b := attributes{}
	for name, path := range f {
		if v, ok := want[name]; ok {
			set(b, path, v)
		}
	}
	return b
}

// state reads the attributes from an answer.
func (f fields) state(answer attributes) attributes {
	s := attributes{"id": answer["id"]}
	for name, path := range f {
		s[name] = at(answer, path)
	}
	return s
}

// text gives an attribute that is a string.
func text(a attributes, name string) string {
	s, ok := a[name].(string)
	if !ok && a[name] != nil {
		panic("attribute " + name + " is no string")
	}
	return s
}

// texts gives an attribute that is a list of strings.
func texts(a attributes, name string) []string {
	list, _ := a[name].([]any)
	all := make([]string, 0, len(list))
	for _, v := range list {
		all = append(all, v.(string))
	}
	return all
}

// byID is how most kinds are imported.
type byID struct{}

func (byID) importID(state attributes) string { return text(state, "id") }
func (byID) found(id string) attributes       { return attributes{"id": id} }

// ofParent is how kinds are imported that live below another object.
type ofParent struct{ parent, child string }

func (o ofParent) importID(state attributes) string {
	return text(state, o.parent) + "/" + text(state, o.child)
}

func (o ofParent) found(id string) attributes {
	parent, child, _ := strings.Cut(id, "/")
	return attributes{o.parent: parent, o.child: child, "id": child}
}
