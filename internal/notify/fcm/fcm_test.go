package fcm_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
	"usher/internal/notify/fcm"
	"usher/internal/notify/notifytest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// service is Google's, as far as a sender sees it: it gives out tokens for
// assertions and takes messages for tokens.
type service struct {
	t     *testing.T
	url   string
	key   *rsa.PublicKey
	clock env.Clock

	mu       sync.Mutex
	given    int  // tokens
	revoked  int  // tokens up to this one are no longer good
	noTokens bool // none is given
	status   int
	fault    string // of the answer
	messages []map[string]any
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/token":
		s.give(w, r)
	case "/v1/projects/a-project/messages:send":
		s.take(w, r)
	default:
		s.t.Errorf("%s", r.URL)
	}
}

func (s *service) give(w http.ResponseWriter, r *http.Request) {
	token, err := jwt.ParseSigned(r.PostFormValue("assertion"), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || r.PostFormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		s.t.Errorf("%v: %v", r.PostForm, err)
		return
	}
	var claims struct {
		jwt.Claims
		Scope string `json:"scope"`
	}
	if err := token.Claims(s.key, &claims); err != nil || claims.Scope != "https://www.googleapis.com/auth/firebase.messaging" || token.Headers[0].KeyID != "key1" {
		s.t.Errorf("%+v %+v, %v", claims, token.Headers, err)
	}
	if err := claims.ValidateWithLeeway(jwt.Expected{Issuer: "usher@a-project.example", AnyAudience: jwt.Audience{s.url + "/token"}, Time: s.clock.Now()}, 0); err != nil {
		s.t.Error(err)
	}
	if s.noTokens {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"about the account"}`))
		return
	}
	s.given++
	_, _ = fmt.Fprintf(w, `{"access_token":"ya29.%d","expires_in":3599,"token_type":"Bearer"}`, s.given)
}

func (s *service) take(w http.ResponseWriter, r *http.Request) {
	var n int
	if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer ya29.%d", &n); err != nil || n <= s.revoked {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":{"code":401,"status":"UNAUTHENTICATED"}}`))
		return
	}
	if s.status != 0 {
		w.WriteHeader(s.status)
		_, _ = w.Write([]byte(s.fault))
		return
	}
	body, err := io.ReadAll(r.Body)
	var m map[string]any
	if err != nil || json.Unmarshal(body, &m) != nil {
		s.t.Errorf("%q, %v", body, err)
	}
	s.messages = append(s.messages, m["message"].(map[string]any))
	_, _ = w.Write([]byte(`{"name":"projects/a-project/messages/1"}`))
}

func setUp(t *testing.T) (*service, *fcm.Sender, *env.Movable) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	clock := env.NewFixed(noon)
	s := &service{t: t, key: &key.PublicKey, clock: clock}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	client := egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(client.Close)
	account, err := fcm.ParseAccount(keyFile(t, key, nil, map[string]string{"token_uri": server.URL + "/token"}))
	if err != nil {
		t.Fatal(err)
	}
	sender := &fcm.Sender{Client: client, Clock: clock, URL: server.URL, Account: account}
	if err := sender.Check(); err != nil {
		t.Fatal(err)
	}
	return s, sender, clock
}

// keyFile is a service account's key file with some members changed.
func keyFile(t *testing.T, key any, without []string, with map[string]string) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := map[string]string{
		"type": "service_account", "project_id": "a-project", "client_email": "usher@a-project.example", "private_key_id": "key1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}
	for k, v := range with {
		file[k] = v
	}
	for _, k := range without {
		delete(file, k)
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func push(t *testing.T) notify.Message {
	t.Helper()
	m, err := notify.PushChallenge{
		Login: "a@example.com", Device: "opf1", Service: notify.PushFCM, Token: "device:token", Org: "Acme", Challenge: "mst1",
		Numbers: []string{"12", "57"}, Expires: noon.Add(5 * time.Minute),
	}.Message()
	if err != nil {
		t.Fatal(err)
	}
	m.ID, m.OrgID = "msg1", "00o1"
	return m
}

func TestPushArrives(t *testing.T) {
	s, sender, _ := setUp(t)
	if err := sender.Send(t.Context(), push(t)); err != nil {
		t.Fatal(err)
	}
	m := s.messages[0]
	android, data := m["android"].(map[string]any), m["data"].(map[string]any)
	if m["token"] != "device:token" || android["ttl"] != "300s" || android["priority"] != "HIGH" || android["collapse_key"] != "mst1" ||
		data["challenge"] != "mst1" || data["device"] != "opf1" || data["org"] != "00o1" || m["notification"].(map[string]any)["title"] != "Acme" {
		t.Fatalf("%v", m)
	}
	if text := fmt.Sprint(m); strings.Contains(text, "57") {
		t.Errorf("the notification tells the numbers: %s", text)
	}
}

func TestAccessTokensAreKeptAndRenewed(t *testing.T) {
	bench := notifytest.New(t)
	s, sender, clock := setUp(t)
	send := func(want int) {
		t.Helper()
		if err := sender.Send(t.Context(), push(t)); err != nil || s.given != want {
			t.Fatalf("%d tokens, want %d, %v", s.given, want, err)
		}
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := sender.Send(t.Context(), push(t)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	send(1)
	clock.Advance(58 * time.Minute)
	send(1)
	clock.Advance(time.Minute)
	send(2)
	s.revoked = 2
	send(3)
	s.revoked = 100
	if got := bench.Judge(sender, push(t)); got.Verdict != notifytest.Again || s.given != 4 {
		t.Errorf("tokens that are never good: %+v after %d", got, s.given)
	}
	s.noTokens = true
	if got := bench.Judge(sender, push(t)); got.Verdict != notifytest.Again || !strings.Contains(got.Problem, "invalid_grant") || strings.Contains(got.Problem, "ya29") {
		t.Errorf("no token: %+v", got)
	}
}

func TestErrorsDecide(t *testing.T) {
	bench := notifytest.New(t)
	s, sender, _ := setUp(t)
	own := func(status, code string) string {
		return `{"error":{"code":1,"status":"` + status + `","message":"about device:token","details":[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"` + code + `"}]}}`
	}
	for _, c := range []struct {
		status int
		body   string
		want   notifytest.Verdict
		pause  time.Duration
	}{
		{404, own("NOT_FOUND", "UNREGISTERED"), notifytest.Gone, 0},
		{400, own("INVALID_ARGUMENT", "INVALID_ARGUMENT"), notifytest.Refused, 0},
		{400, `{"error":{"status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest"}]}}`, notifytest.Refused, 0},
		{403, own("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), notifytest.Refused, 0},
		{429, own("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), notifytest.Again, time.Minute},
		{401, own("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), notifytest.Again, 10 * time.Second},
		{503, own("UNAVAILABLE", "UNAVAILABLE"), notifytest.Again, 10 * time.Second},
		{500, own("INTERNAL", "INTERNAL"), notifytest.Again, 10 * time.Second},
		{404, `{"error":{"status":"NOT_FOUND"}}`, notifytest.Again, 10 * time.Second}, // the project is another one
		{502, `<html>`, notifytest.Again, 10 * time.Second},
	} {
		s.status, s.fault = c.status, c.body
		got := bench.Judge(sender, push(t))
		if got.Verdict != c.want || got.Pause != c.pause || strings.Contains(got.Problem, "device:token") {
			t.Errorf("%d %s: %+v, want %s", c.status, c.body, got, c.want)
		}
	}
	m := push(t)
	delete(m.Data, notify.DataPushToken)
	if got := bench.Judge(sender, m); got.Verdict != notifytest.Refused {
		t.Errorf("%+v", got)
	}
}

func TestAccountsAreChecked(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := fcm.ParseAccount(keyFile(t, key, nil, nil)); err != nil || a.TokenURL != "https://oauth2.googleapis.com/token" {
		t.Fatalf("%v, %v", a.TokenURL, err)
	}
	for name, text := range map[string][]byte{
		"nothing":       nil,
		"no type":       keyFile(t, key, []string{"type"}, nil),
		"no project":    keyFile(t, key, []string{"project_id"}, nil),
		"another place": keyFile(t, key, nil, map[string]string{"project_id": "a/../b"}),
		"no key":        keyFile(t, key, []string{"private_key"}, nil),
		"a broken key":  keyFile(t, key, nil, map[string]string{"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}),
	} {
		if _, err := fcm.ParseAccount(text); err == nil || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
