package httpkit

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
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

// JSON answers with v.
func (r *Request) JSON(status int, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return r.Bytes(status, "application/json", bytes.TrimRight(b.Bytes(), "\n"))
}

// Bytes answers with a body that is ready.
func (r *Request) Bytes(status int, contentType string, body []byte) error {
	h := r.W.Header()
	setEach(h, []string{"Content-Type", "Content-Length"}, []string{contentType, strconv.Itoa(len(body))})
	r.W.WriteHeader(status)
	_, _ = r.W.Write(body) // the caller has gone when this fails
	return nil
}

// setEach sets headers by their canonical names. They share the memory of values.
func setEach(h http.Header, names, values []string) {
	for i, name := range names {
		h[name] = values[i : i+1 : i+1]
	}
}

// OK answers 200 with v.
func (r *Request) OK(v any) error { return r.JSON(http.StatusOK, v) }

// Empty answers 200 with an empty object.
func (r *Request) Empty() error {
	return r.Bytes(http.StatusOK, "application/json", []byte("{}"))
}

// NoContent answers 204.
func (r *Request) NoContent() error {
	r.W.WriteHeader(http.StatusNoContent)
	return nil
}
