package httpkit

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"usher/internal/idp"
)

// TimeFormat is how instants look in answers: UTC with milliseconds.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// Time renders an instant with its milliseconds, nil when it is not set.
func Time(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(TimeFormat)
	return &s
}

// Seconds renders an instant cut to whole seconds, as stored timestamps look
// in answers, nil when it is not set.
func Seconds(t time.Time) *string { return Time(t.Truncate(time.Second)) }

// Href is a link of an answer.
type Href struct {
	Href   string `json:"href"`
	Method string `json:"method,omitempty"`
	Name   string `json:"name,omitempty"`
	Type   string `json:"type,omitempty"`
	Hints  *Hints `json:"hints,omitempty"`
}

// Hints lists the methods that a link allows.
type Hints struct {
	Allow []string `json:"allow"`
}

// Allow returns the hints of a link.
func Allow(methods ...string) *Hints { return &Hints{Allow: methods} }

// encoder writes JSON as all answers have it. Its memory serves one answer after
// another.
type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}

// maxKept bounds the memory that an encoder keeps between two answers.
const maxKept = 64 << 10

func newEncoder() *encoder {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buf)
	e.json.SetEscapeHTML(false)
	return e
}

// Object answers 200 with an object of these members.
func (r *Request) Object(members map[string]any) error {
	e := r.router.encoders.Get().(*encoder)
	defer r.router.keep(e)
	e.buf.Reset()
	body, err := idp.AppendObject(e.buf.AvailableBuffer(), members)
	if err != nil {
		return err
	}
	e.buf.Write(body) // for the next answer, should it have grown
	return r.Bytes(http.StatusOK, mediaJSON, body)
}

// keep keeps an encoder for another answer, unless it has grown too much.
func (rt *Router) keep(e *encoder) {
	if e.buf.Cap() <= maxKept {
		rt.encoders.Put(e)
	}
}

// JSON answers with v.
func (r *Request) JSON(status int, v any) error {
	e := r.router.encoders.Get().(*encoder)
	e.buf.Reset()
	if err := e.json.Encode(v); err != nil {
		return err
	}
	defer r.router.keep(e)
	return r.Bytes(status, mediaJSON, bytes.TrimRight(e.buf.Bytes(), "\n"))
}

const mediaJSON = "application/json"

// Bytes answers with a body that is ready.
func (r *Request) Bytes(status int, contentType string, body []byte) error {
	h := r.W.Header()
	if h["Content-Type"] = always.json; contentType != mediaJSON {
		h["Content-Type"] = []string{contentType}
	}
	h["Content-Length"] = r.value(2, strconv.Itoa(len(body)))
	r.W.WriteHeader(status)
	_, _ = r.W.Write(body) // the caller has gone when this fails
	return nil
}

// always are values of headers that are the same in all answers. Nobody writes
// into them: what sets or adds a header makes a new list.
var always = struct{ noSniff, noStore, noCache, zero, json []string }{
	[]string{"nosniff"}, []string{"no-cache, no-store"}, []string{"no-cache"}, []string{"0"}, []string{mediaJSON},
}

// OK answers 200 with v.
func (r *Request) OK(v any) error { return r.JSON(http.StatusOK, v) }

// Empty answers 200 with an empty object.
func (r *Request) Empty() error {
	return r.Bytes(http.StatusOK, mediaJSON, []byte("{}"))
}

// NoContent answers 204.
func (r *Request) NoContent() error {
	r.W.WriteHeader(http.StatusNoContent)
	return nil
}
