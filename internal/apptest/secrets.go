package apptest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// secretMembers are the members of bodies, and the fields of forms, that hold
// what must be in no log: what was typed in secret, and what a bearer presents.
var secretMembers = map[string]bool{
	"password": true, "oldPassword": true, "newPassword": true, "repeatPassword": true, "passCode": true, "passcode": true, "answer": true,
	"nextPassCode": true, "stateToken": true, "stateHandle": true, "interactionHandle": true, "sessionToken": true, "activationToken": true,
	"recoveryToken": true, "deviceToken": true, "sharedSecret": true, "client_secret": true, "access_token": true, "refresh_token": true, "id_token": true,
	"interaction_code": true, "code_verifier": true, "device_code": true,
}

// leastSecret is how long a value must be to be looked for: shorter ones are
// found by chance.
const leastSecret = 8

// secrets are those that the clients of an App have sent or been given.
type secrets struct {
	mu    sync.Mutex
	found map[string]string // the value, and where it was
}

// scan looks for them in everything that the server has logged, at its most
// talkative, and fails the test where it finds one.
func (s *secrets) scan(t testing.TB, logs string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for value, where := range s.found {
		if strings.Contains(logs, value) {
			t.Errorf("the server's log holds the %s of a request or an answer", where)
		}
	}
}

func (s *secrets) add(where, value string) {
	if len(value) < leastSecret {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found[value] = where
}

// learn takes the secrets out of a body, by its media type.
func (s *secrets) learn(h http.Header, body []byte) {
	if strings.HasPrefix(h.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return
		}
		for name := range form {
			if secretMembers[name] || name == "code" || name == "token" {
				s.add(name, form.Get(name))
			}
		}
		return
	}
	var v any
	if json.Unmarshal(body, &v) == nil {
		s.walk("", v)
	}
}

// exchange takes the secrets out of a request and its answer.
func (s *secrets) exchange(req *http.Request, res *http.Response, answer []byte) {
	if _, token, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
		s.add("credentials", token)
	}
	if req.GetBody != nil {
		if r, err := req.GetBody(); err == nil {
			sent, err := io.ReadAll(r)
			if err == nil {
				s.learn(req.Header, sent)
			}
		}
	}
	for _, c := range res.Cookies() {
		s.add("cookie "+c.Name, c.Value)
	}
	s.learn(res.Header, answer)
}

func (s *secrets) walk(name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for member, inner := range v {
			// A password is often an object with its value.
			if member == "value" && secretMembers[name] {
				member = name
			}
			s.walk(member, inner)
		}
	case []any:
		for _, inner := range v {
			s.walk(name, inner)
		}
	case string:
		if secretMembers[name] {
			s.add(name, v)
		}
	}
}
