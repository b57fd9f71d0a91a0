package apptest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// secretMembers are the members of bodies, and the fields of forms and of
// addresses to which a browser is sent, that hold what must be in no log and not
// be kept as it is: what was typed in secret, and what a bearer presents.
var secretMembers = map[string]bool{
	"password": true, "oldPassword": true, "newPassword": true, "repeatPassword": true, "passCode": true, "passcode": true, "answer": true,
	"nextPassCode": true, "stateToken": true, "stateHandle": true, "interactionHandle": true, "sessionToken": true, "activationToken": true,
	"recoveryToken": true, "deviceToken": true, "sharedSecret": true, "client_secret": true, "access_token": true, "refresh_token": true, "id_token": true,
	"interaction_code": true, "interaction_handle": true, "code_verifier": true, "device_code": true, "user_code": true, "device_secret": true,
	"auth_req_id": true, "request_uri": true, "client_assertion": true, "assertion": true, "subject_token": true, "okta_key": true,
	"mfa_token": true, "oob_code": true, "otp": true, "logout_token": true,
}

// leastSecret is how long a value must be to be looked for: shorter ones are
// found by chance.
const leastSecret = 8

// secrets are those that the clients of an App have sent or been given.
type secrets struct {
	mu    sync.Mutex
	found map[string]string // the value, and where it was
	// public are values that are none.
	public map[string]bool
}

// scan looks for them in a text, such as everything that the server has logged
// at its most talkative, and fails the test where it finds one.
func (s *secrets) scan(t testing.TB, place, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for value, where := range s.found {
		if !s.public[value] && strings.Contains(text, value) {
			t.Errorf("the server's %s holds the %s of a request or an answer", place, where)
		}
	}
}

// scanData looks for them in a copy of the whole database.
func (a *App) scanData(t testing.TB) {
	t.Helper()
	packed, err := a.Server.Snapshot(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Errorf("copy the database to look for secrets in it: %v", err)
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Error(err)
		return
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Error(err)
		return
	}
	// What is bytes and not text stands in base64 there.
	for _, m := range sealedBytes.FindAllSubmatch(text, -1) {
		if plain, err := base64.StdEncoding.DecodeString(string(m[1])); err == nil {
			text = append(append(text, '\n'), plain...)
		}
	}
	a.secrets.scan(t, "database", string(text))
}

var sealedBytes = regexp.MustCompile(`\{"base64":"([^"]+)"\}`)

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
		s.values(form)
		return
	}
	var v any
	if json.Unmarshal(body, &v) == nil {
		s.walk("", v)
	}
}

// values takes the secrets out of a form, or of the parameters of an address.
func (s *secrets) values(v url.Values) {
	for name := range v {
		switch {
		case name == "code_challenge":
			s.tell(v.Get(name))
		case secretMembers[name], name == "code", name == "token":
			s.add(name, v.Get(name))
		}
	}
}

// tell notes a value that is no secret wherever else it comes: a test may send
// it in the place of one.
func (s *secrets) tell(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.public[value] = true
}

// address takes the secrets out of an address to which a browser is sent.
func (s *secrets) address(text string) {
	to, err := url.Parse(text)
	if err != nil {
		return
	}
	s.values(to.Query())
	if v, err := url.ParseQuery(to.EscapedFragment()); err == nil {
		s.values(v)
	}
	if onward := to.Query().Get("fromURI"); onward != "" {
		s.address(onward)
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
	s.address(req.URL.String())
	s.address(res.Header.Get("Location"))
	s.add("DPoP nonce", res.Header.Get("DPoP-Nonce"))
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
