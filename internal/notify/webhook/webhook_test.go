package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
	"usher/internal/notify/notifytest"
	"usher/internal/notify/webhook"
)

// receiver is a program as an operator writes it: it believes a request whose
// signature holds and that is fresh and new.
type receiver struct {
	t      *testing.T
	key    []byte
	clock  env.Clock
	seen   map[string]bool
	got    []map[string]any
	answer int
	header map[string]string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.t.Error(err)
	}
	id, at := q.Header.Get("Webhook-Id"), q.Header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || r.clock.Now().Sub(time.Unix(seconds, 0)).Abs() > webhook.Window || r.seen[id] {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(id + "." + at + "." + string(body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	holds := false
	for given := range strings.SplitSeq(q.Header.Get("Webhook-Signature"), " ") {
		holds = holds || hmac.Equal([]byte(given), []byte(want))
	}
	if !holds || q.Method != http.MethodPost || q.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	for k, v := range r.header {
		w.Header().Set(k, v)
	}
	if r.answer/100 == 2 {
		r.seen[id] = true
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			r.t.Error(err)
		}
		r.got = append(r.got, m)
	}
	w.WriteHeader(r.answer)
}

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func setUp(t *testing.T) (*receiver, *webhook.Sender, *env.Movable) {
	t.Helper()
	clock := env.NewFixed(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	r := &receiver{t: t, key: []byte("0123456789abcdef0123456789abcdef"), clock: clock, seen: map[string]bool{}, answer: http.StatusNoContent}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	client := egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(client.Close)
	key, err := webhook.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	return r, &webhook.Sender{Client: client, Clock: clock, URL: s.URL + "/hook?a=1", Secrets: []webhook.Secret{key}}, clock
}

func text(t *testing.T) notify.Message {
	t.Helper()
	m, err := notify.TextCode{To: "+15550100", Org: "Acme", Code: "271828", Expires: time.Date(2026, 3, 1, 12, 5, 0, 0, time.UTC)}.Message()
	if err != nil {
		t.Fatal(err)
	}
	m.ID, m.OrgID = "msg1", "00o1"
	return m
}

func TestReceiverBelievesWhatIsSignedFreshAndNew(t *testing.T) {
	r, s, clock := setUp(t)
	m := text(t)
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(r.got) != 1 || r.got[0]["to"] != "+15550100" || r.got[0]["kind"] != "sms" || r.got[0]["expires"] != "2026-03-01T12:05:00Z" || r.got[0]["data"].(map[string]any)["code"] != "271828" {
		t.Fatalf("%v", r.got)
	}
	if err := s.Send(t.Context(), m); err == nil {
		t.Error("a repetition is believed")
	}
	m.ID = "msg2"
	sender := *s
	sender.Clock = env.NewFixed(clock.Now().Add(-webhook.Window - time.Second))
	if err := sender.Send(t.Context(), m); err == nil {
		t.Error("an old request is believed")
	}
	other, err := webhook.ParseSecret("whsec_" + base64.StdEncoding.EncodeToString([]byte("another secret of thirty-two bytes")))
	if err != nil {
		t.Fatal(err)
	}
	sender = *s
	sender.Secrets = []webhook.Secret{other}
	if err := sender.Send(t.Context(), m); err == nil {
		t.Error("another secret is believed")
	}
	sender.Secrets = append(sender.Secrets, s.Secrets...)
	if err := sender.Send(t.Context(), m); err != nil {
		t.Errorf("while the secret changes: %v", err)
	}
}

func TestAnswersDecide(t *testing.T) {
	bench := notifytest.New(t)
	for status, want := range map[int]notifytest.Verdict{
		200: notifytest.Taken, 202: notifytest.Taken, 204: notifytest.Taken,
		301: notifytest.Again, 302: notifytest.Again, 401: notifytest.Again, 404: notifytest.Again, 409: notifytest.Again, 429: notifytest.Again, 500: notifytest.Again, 503: notifytest.Again,
		400: notifytest.Refused, 413: notifytest.Refused, 422: notifytest.Refused, 410: notifytest.Refused,
	} {
		r, s, _ := setUp(t)
		r.answer, r.header = status, map[string]string{"Location": "/elsewhere", "Retry-After": "600"}
		if got := bench.Judge(s, text(t)); got.Verdict != want || (status == 429 && got.Pause != 10*time.Minute) {
			t.Errorf("%d: %+v, want %s", status, got, want)
		}
	}
	r, s, _ := setUp(t)
	r.answer = http.StatusGone
	push, err := notify.PushChallenge{Login: "a@example.com", Device: "opf1", Org: "Acme", Challenge: "mst1"}.Message()
	if err != nil {
		t.Fatal(err)
	}
	if got := bench.Judge(s, push); got.Verdict != notifytest.Gone {
		t.Errorf("a device that is gone: %+v", got)
	}
	s.URL = "http://127.0.0.1:1/hook?secret=1"
	if got := bench.Judge(s, text(t)); got.Verdict != notifytest.Again || strings.Contains(got.Problem, "secret=1") {
		t.Errorf("a receiver that is away: %+v", got)
	}
}

func TestSecrets(t *testing.T) {
	for given, want := range map[string]bool{
		secret: true, strings.TrimPrefix(secret, "whsec_"): true, " " + secret + "\n": true,
		"": false, "whsec_": false, "whsec_short": false, "whsec_" + strings.Repeat("A", 200): false, "whsec_!": false,
	} {
		if _, err := webhook.ParseSecret(given); (err == nil) != want || err != nil && strings.Contains(err.Error(), "short") {
			t.Errorf("%q: %v", given, err)
		}
	}
}
