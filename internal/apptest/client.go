package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/internal/apptest/contract"
)

// Client speaks to an App as one caller.
type Client struct {
	t      testing.TB
	url    string
	http   *http.Client
	token  string
	jar    map[string]string // nil: no cookies are kept
	header http.Header
	host   string
	// secrets gathers what the server must not log.
	secrets *secrets
}

// With returns a client that sends a further header.
func (c *Client) With(name, value string) *Client {
	d := *c
	d.header = c.header.Clone()
	if d.header == nil {
		d.header = http.Header{}
	}
	d.header.Set(name, value)
	return &d
}

// Host returns a client that asks for another host, e.g. that of another
// organisation.
func (c *Client) Host(name string) *Client {
	d := *c
	d.host = name
	return &d
}

// On returns the same client for another test, e.g. a sub-test.
func (c *Client) On(t testing.TB) *Client {
	d := *c
	d.t = t
	return &d
}

// Cookie returns a cookie that the client holds.
func (c *Client) Cookie(name string) string { return c.jar[name] }

// SetCookie gives the client a cookie.
func (c *Client) SetCookie(name, value string) { c.jar[name] = value }

// Answer is what came back.
type Answer struct {
	t      testing.TB
	what   string
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request. A body that is no string, byte slice or url.Values is
// sent as JSON. The answer is checked against the interface documents.
func (c *Client) Do(method, path string, body any) *Answer {
	c.t.Helper()
	var r io.Reader
	media := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	case url.Values:
		r, media = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		text, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), method, c.url+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "SSWS "+c.token)
	}
	for name, value := range c.jar {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if c.host != "" {
		req.Host = c.host
	}
	for k, v := range c.header {
		req.Header[k] = v
	}
	return c.send(req)
}

func (c *Client) send(req *http.Request) *Answer {
	c.t.Helper()
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.jar != nil {
		for _, k := range res.Cookies() {
			if k.MaxAge < 0 || k.Value == "" {
				delete(c.jar, k.Name)
			} else {
				c.jar[k.Name] = k.Value
			}
		}
	}
	c.secrets.exchange(req, res, text)
	contract.Check(c.t, req, res.StatusCode, res.Header, text)
	return &Answer{t: c.t, what: req.Method + " " + req.URL.RequestURI(), Status: res.StatusCode, Header: res.Header, Body: text}
}

// Get sends a GET request.
func (c *Client) Get(path string) *Answer { c.t.Helper(); return c.Do(http.MethodGet, path, nil) }

// Post sends a POST request.
func (c *Client) Post(path string, body any) *Answer {
	c.t.Helper()
	return c.Do(http.MethodPost, path, body)
}

// Put sends a PUT request.
func (c *Client) Put(path string, body any) *Answer {
	c.t.Helper()
	return c.Do(http.MethodPut, path, body)
}

// Delete sends a DELETE request.
func (c *Client) Delete(path string) *Answer { c.t.Helper(); return c.Do(http.MethodDelete, path, nil) }

// Want fails the test unless the answer has this status.
func (a *Answer) Want(status int) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: %d, want %d: %s", a.what, a.Status, status, a.Body)
	}
	return a
}

// Fails fails the test unless the answer is this error with these causes.
func (a *Answer) Fails(status int, code string, causes ...string) *Answer {
	a.t.Helper()
	a.Want(status)
	var body struct {
		ErrorCode   string
		ErrorCauses []struct{ ErrorSummary string }
	}
	a.JSON(&body)
	if body.ErrorCode != code {
		a.t.Fatalf("%s: %s, want %s: %s", a.what, body.ErrorCode, code, a.Body)
	}
	var got []string
	for _, c := range body.ErrorCauses {
		got = append(got, c.ErrorSummary)
	}
	if len(causes) > 0 && strings.Join(got, "\n") != strings.Join(causes, "\n") {
		a.t.Fatalf("%s: causes %q, want %q", a.what, got, causes)
	}
	return a
}

// JSON decodes the body.
func (a *Answer) JSON(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.what, err, a.Body)
	}
}

// Text returns the string at a path of members and list positions, e.g.
// "_embedded.user.id" or "0.id", and "" where there is none.
func (a *Answer) Text(path string) string {
	a.t.Helper()
	s, _ := a.At(path).(string)
	return s
}

// At returns the value at a path, nil where there is none.
func (a *Answer) At(path string) any {
	a.t.Helper()
	var v any
	a.JSON(&v)
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			v = element(x, part)
		default:
			return nil
		}
	}
	return v
}

func element(list []any, position string) any {
	var i int
	if err := json.Unmarshal([]byte(position), &i); err != nil || i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}

// URL returns the address at which the server really listens.
func (c *Client) URL(path string) string { return c.url + path }

// HTTP returns the plain client, which follows no redirect.
func (c *Client) HTTP() *http.Client { return c.http }
