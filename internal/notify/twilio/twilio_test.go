package twilio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
	"usher/internal/notify/notifytest"
	"usher/internal/notify/twilio"
)

// sink is a gateway that takes what is whole.
type sink struct {
	status, code int
	paths        []string
	forms        []url.Values
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, secret, _ := r.BasicAuth()
	if key != "SK1" || secret != "the secret of the key" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"code":20003,"message":"Authenticate","status":401}`))
		return
	}
	if err := r.ParseForm(); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.paths, s.forms = append(s.paths, r.Method+" "+r.URL.Path), append(s.forms, r.PostForm)
	w.Header().Set("Content-Type", "application/json")
	if s.status != 0 {
		w.WriteHeader(s.status)
		_, _ = fmt.Fprintf(w, `{"code":%d,"message":"about %s","status":%d}`, s.code, r.PostForm.Get("To"), s.status)
		return
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(`{"sid":"SM1","status":"queued","error_code":null}`))
}

func setUp(t *testing.T) (*sink, *twilio.Gateway) {
	t.Helper()
	s := &sink{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client := egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(client.Close)
	g := &twilio.Gateway{
		Client: client, Clock: env.NewFixed(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		URL: server.URL, Account: "AC1", Key: "SK1", Secret: "the secret of the key", From: "+15550199", Language: "en-GB",
	}
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	return s, g
}

func message(t *testing.T, w interface {
	Message() (notify.Message, error)
},
) notify.Message {
	t.Helper()
	m, err := w.Message()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTextsAndCalls(t *testing.T) {
	s, g := setUp(t)
	text := message(t, notify.TextCode{To: "+15550100", Org: "Acme & Co", Code: "271828"})
	if err := g.Send(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if f := s.forms[0]; s.paths[0] != "POST /2010-04-01/Accounts/AC1/Messages.json" || f.Get("To") != "+15550100" || f.Get("From") != "+15550199" || f.Get("Body") != text.Text {
		t.Fatalf("%v %v", s.paths, s.forms)
	}
	g.From = "MG1"
	if err := g.Send(t.Context(), text); err != nil || s.forms[1].Get("MessagingServiceSid") != "MG1" || s.forms[1].Has("From") {
		t.Fatalf("%v %v", s.forms[1], err)
	}
	g.From = "+15550199"
	call := message(t, notify.CallCode{To: "+15550100", Ext: "42", Org: "Acme & Co", Code: "271828"})
	if err := g.Send(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	f := s.forms[2]
	if s.paths[2] != "POST /2010-04-01/Accounts/AC1/Calls.json" || f.Get("SendDigits") != "ww42" ||
		!strings.HasPrefix(f.Get("Twiml"), `<Response><Say language="en-GB">Hello. This is Acme &amp; Co. Your code is: 2, 7, 1, 8, 2, 8.`) {
		t.Fatalf("%v %v", s.paths, f)
	}
}

func TestCodesDecide(t *testing.T) {
	bench := notifytest.New(t)
	text := message(t, notify.TextCode{To: "+15550100", Org: "Acme", Code: "271828"})
	for _, c := range []struct {
		status, code int
		want         notifytest.Verdict
	}{
		{0, 0, notifytest.Taken},
		{400, 21211, notifytest.Refused},
		{400, 21610, notifytest.Refused},
		{400, 21614, notifytest.Refused},
		{400, 13224, notifytest.Refused},
		{400, 21212, notifytest.Again}, // our own number is wrong
		{401, 20003, notifytest.Again},
		{403, 20005, notifytest.Again}, // the account is closed
		{429, 20429, notifytest.Again},
		{500, 20500, notifytest.Again},
		{503, 0, notifytest.Again},
		{302, 0, notifytest.Again},
	} {
		s, g := setUp(t)
		s.status, s.code = c.status, c.code
		got := bench.Judge(g, text)
		if got.Verdict != c.want || strings.Contains(got.Problem, "5550100") || c.code != 0 && !strings.Contains(got.Problem, fmt.Sprint(c.code)) {
			t.Errorf("%d %d: %+v, want %s", c.status, c.code, got, c.want)
		}
	}
	_, g := setUp(t)
	g.Secret = "another"
	if got := bench.Judge(g, text); got.Verdict != notifytest.Again || strings.Contains(got.Problem, "another") {
		t.Errorf("a wrong secret: %+v", got)
	}
	for _, to := range []string{"5550100", "+0123", "+1555010012345678", "+1555x", "ann@example.com"} {
		text.To = to
		s, g := setUp(t)
		if got := bench.Judge(g, text); got.Verdict != notifytest.Refused || len(s.paths) != 0 {
			t.Errorf("%s: %+v", to, got)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, g := range map[string]*twilio.Gateway{
		"no account":      {Secret: "s", From: "+15550100"},
		"a path":          {Account: "AC/../x", Secret: "s", From: "+15550100"},
		"no secret":       {Account: "AC1", From: "+15550100"},
		"no number":       {Account: "AC1", Secret: "s"},
		"a local number":  {Account: "AC1", Secret: "s", From: "5550100"},
		"a key's account": {Account: "SK1", Secret: "s", From: "+15550100"},
	} {
		if err := g.Check(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
