package apns_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
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
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
	"usher/internal/notify/apns"
	"usher/internal/notify/notifytest"
)

const device = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// service is Apple's service as far as a provider sees it.
type service struct {
	t         *testing.T
	key       *ecdsa.PublicKey
	clock     env.Clock
	status    int
	reason    string
	tokens    []string
	requests  []http.Header
	paths     []string
	payloads  []map[string]any
	tooOld    time.Duration // a token that is older has expired
	retryTime string
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 2 || r.Method != http.MethodPost {
		s.t.Errorf("%s by %s", r.Method, r.Proto)
	}
	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "bearer ")
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		s.t.Errorf("token %q: %v", text, err)
		return
	}
	var claims jwt.Claims
	if err := token.Claims(s.key, &claims); err != nil || claims.Issuer != "TEAM123456" || token.Headers[0].KeyID != "KEY1234567" {
		s.t.Errorf("claims %+v, %v", claims, err)
	}
	refuse := func(status int, reason string) {
		w.Header().Set("Retry-After", s.retryTime)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"reason":%q}`, reason)
	}
	if s.tooOld > 0 && s.clock.Now().Sub(claims.IssuedAt.Time()) >= s.tooOld {
		refuse(http.StatusForbidden, "ExpiredProviderToken")
		return
	}
	s.tokens, s.requests, s.paths = append(s.tokens, text), append(s.requests, r.Header), append(s.paths, r.URL.Path)
	if s.status != 0 {
		refuse(s.status, s.reason)
		return
	}
	body, err := io.ReadAll(r.Body)
	var payload map[string]any
	if err != nil || json.Unmarshal(body, &payload) != nil {
		s.t.Errorf("%q, %v", body, err)
	}
	s.payloads = append(s.payloads, payload)
}

func setUp(t *testing.T) (*service, *apns.Sender, *env.Movable) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	clock := env.NewFixed(noon)
	s := &service{t: t, key: &key.PublicKey, clock: clock}
	server := httptest.NewUnstartedServer(s)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	client := egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots})
	t.Cleanup(client.Close)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := apns.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	sender := &apns.Sender{Client: client, Clock: clock, URL: server.URL, Topic: "org.example.app", TeamID: "TEAM123456", KeyID: "KEY1234567", Key: parsed}
	if err := sender.Check(); err != nil {
		t.Fatal(err)
	}
	return s, sender, clock
}

func push(t *testing.T) notify.Message {
	t.Helper()
	m, err := notify.PushChallenge{
		Login: "a@example.com", Device: "opf1", Service: notify.PushAPNs, Token: device, Org: "Acme", Challenge: "mst1",
		Where: "Firefox, 203.0.113.7", Numbers: []string{"12", "57"}, Expires: noon.Add(5 * time.Minute),
	}.Message()
	if err != nil {
		t.Fatal(err)
	}
	m.ID, m.OrgID = "msg1", "00o1"
	return m
}

func TestPushArrives(t *testing.T) {
	s, sender, _ := setUp(t)
	for range 2 {
		if err := sender.Send(t.Context(), push(t)); err != nil {
			t.Fatal(err)
		}
	}
	h := s.requests[0]
	for name, want := range map[string]string{
		"Apns-Topic": "org.example.app", "Apns-Push-Type": "alert", "Apns-Priority": "10", "Apns-Collapse-Id": "mst1",
		"Apns-Expiration": fmt.Sprint(noon.Add(5 * time.Minute).Unix()),
	} {
		if h.Get(name) != want {
			t.Errorf("%s is %q", name, h.Get(name))
		}
	}
	if id := h.Get("Apns-Id"); len(id) != 36 || id != s.requests[1].Get("Apns-Id") || s.paths[0] != "/3/device/"+device {
		t.Errorf("%q %v", id, s.paths)
	}
	text, err := json.Marshal(s.payloads[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"challenge":"mst1"`, `"device":"opf1"`, `"org":"00o1"`, `"title":"Acme"`, "203.0.113.7"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	if strings.Contains(string(text), "57") {
		t.Errorf("the notification tells the numbers: %s", text)
	}
}

func TestProviderTokensAreRenewed(t *testing.T) {
	bench := notifytest.New(t)
	s, sender, clock := setUp(t)
	send := func() {
		t.Helper()
		if err := sender.Send(t.Context(), push(t)); err != nil {
			t.Fatal(err)
		}
	}
	send()
	clock.Advance(44 * time.Minute)
	send()
	clock.Advance(2 * time.Minute)
	send()
	if s.tokens[0] != s.tokens[1] || s.tokens[1] == s.tokens[2] {
		t.Fatalf("%v", s.tokens)
	}
	s.tooOld = 25 * time.Minute // the service is stricter than it says
	clock.Advance(26 * time.Minute)
	send()
	if s.tokens[3] == s.tokens[2] {
		t.Fatal("an expired token is used again")
	}
	// One that it has refused while it was new is not replaced: new ones too
	// often are refused as well.
	s.tooOld = time.Minute
	clock.Advance(2 * time.Minute)
	if got := bench.Judge(sender, push(t)); got.Verdict != notifytest.Again || !strings.Contains(got.Problem, "ExpiredProviderToken") || len(s.tokens) != 4 {
		t.Fatalf("%+v, %d", got, len(s.tokens))
	}
}

func TestReasonsDecide(t *testing.T) {
	bench := notifytest.New(t)
	s, sender, _ := setUp(t)
	for _, c := range []struct {
		status int
		reason string
		want   notifytest.Verdict
	}{
		{0, "", notifytest.Taken},
		{410, "Unregistered", notifytest.Gone},
		{410, "ExpiredToken", notifytest.Gone},
		{400, "BadDeviceToken", notifytest.Refused},
		{400, "DeviceTokenNotForTopic", notifytest.Refused},
		{413, "PayloadTooLarge", notifytest.Refused},
		{400, "BadTopic", notifytest.Again}, // our own settings are wrong
		{403, "InvalidProviderToken", notifytest.Again},
		{429, "TooManyRequests", notifytest.Again},
		{429, "TooManyProviderTokenUpdates", notifytest.Again},
		{500, "InternalServerError", notifytest.Again},
		{503, "ServiceUnavailable", notifytest.Again},
	} {
		s.status, s.reason, s.retryTime = c.status, c.reason, "300"
		got := bench.Judge(sender, push(t))
		if got.Verdict != c.want || c.status != 0 && !strings.Contains(got.Problem, c.reason) || strings.Contains(got.Problem, device) || c.status == 503 && got.Pause != 5*time.Minute {
			t.Errorf("%d %s: %+v, want %s", c.status, c.reason, got, c.want)
		}
	}
	n := len(s.paths)
	for _, token := range []string{"", "../../x", "xyz", "00fc?a=1"} {
		m := push(t)
		m.Data[notify.DataPushToken] = token
		if got := bench.Judge(sender, m); got.Verdict != notifytest.Refused || len(s.paths) != n {
			t.Errorf("%q: %+v", token, got)
		}
	}
	long := push(t)
	long.Text = strings.Repeat("x", 5000)
	if got := bench.Judge(sender, long); got.Verdict != notifytest.Refused || len(s.paths) != n {
		t.Errorf("%+v", got)
	}
}

func TestKeysAreChecked(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "no PEM": []byte("MIGTAgEAMBMGByqGSM49"),
		"no key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"RSA":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	} {
		if _, err := apns.ParseKey(text); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	_, sender, _ := setUp(t)
	for _, bad := range []*apns.Sender{
		{Clock: sender.Clock, TeamID: "T", KeyID: "K", Key: sender.Key},
		{Clock: sender.Clock, Topic: "t", KeyID: "K", Key: sender.Key},
		{Clock: sender.Clock, Topic: "t", TeamID: "T", Key: sender.Key},
		{Clock: sender.Clock, Topic: "t", TeamID: "T", KeyID: "K"},
	} {
		if err := bad.Check(); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
