package control_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/api/control"
	"usher/internal/notify"
)

// samples are one message of each kind, the newest first.
func samples(t *testing.T) []notify.Message {
	t.Helper()
	var out []notify.Message
	for _, w := range []interface {
		Message() (notify.Message, error)
	}{
		notify.PushChallenge{
			Login: "ann@example.com", Device: "opf1", Org: "Acme", Challenge: "mst1", Where: "Firefox on Linux, 203.0.113.7",
			Numbers: []string{"12", "57", "83"}, Expires: noon.Add(time.Minute),
		},
		notify.CallCode{To: "+15550100", Ext: "42", Org: "Acme", Code: "271828", Expires: noon.Add(time.Minute)},
		notify.TextCode{To: "+15550100", Org: "<b>Acme</b>", Code: "314159", Expires: noon.Add(time.Minute)},
		notify.Activation{
			To: "ann@example.com", Name: "Ann", Login: "ann@example.com", Org: "Acme", Link: "https://id.example.com/welcome/XYZ", Token: "XYZ", Expires: noon.Add(time.Hour),
		},
	} {
		m, err := w.Message()
		if err != nil {
			t.Fatal(err)
		}
		m.ID, m.OrgID, m.Status, m.Created = fmt.Sprintf("msg%d", 9-len(out)), "00o1", notify.Queued, noon
		out = append(out, m)
	}
	return out
}

func TestInboxAnswersPrograms(t *testing.T) {
	w := newWorld(t)
	w.set(samples(t)...)
	got := w.want(http.StatusOK, "GET", "/inbox/messages?to=ann@example.com&kind=email&status=queued&after=msg0&limit=7&org=00o1", "")
	want := notify.Query{To: "ann@example.com", Kind: notify.Email, Status: notify.Queued, After: "msg0", Limit: 7}
	if w.asked != want || w.org != "00o1" {
		t.Errorf("asked for %+v of %q", w.asked, w.org)
	}
	mail := got["messages"].([]any)[0].(map[string]any)
	if mail["kind"] != "email" || mail["data"].(map[string]any)["link"] != "https://id.example.com/welcome/XYZ" || mail["expires"] != "2026-03-01T13:00:00Z" || mail["html"] == "" {
		t.Errorf("%v", mail)
	}
	if one := w.want(http.StatusOK, "GET", "/inbox/messages/msg7", ""); one["kind"] != "sms" || one["data"].(map[string]any)["code"] != "314159" {
		t.Errorf("%v", one)
	}
	for _, query := range []string{"kind=fax", "status=lost", "limit=0", "wait=31s", "wait=-1s", "wait=soon", "wait=99"} {
		w.want(http.StatusBadRequest, "GET", "/inbox/messages?"+query, "")
	}
	for _, r := range [][2]string{{"GET", "/inbox/messages/msg0"}, {"DELETE", "/inbox/messages/msg0"}, {"GET", "/inbox/messages/msg0/html"}, {"GET", "/inbox/messages/msg7/html"}} {
		w.want(http.StatusNotFound, r[0], r[1], "")
	}
	w.want(http.StatusNoContent, "DELETE", "/inbox/messages/msg7", "")
	if got := w.want(http.StatusOK, "DELETE", "/inbox/messages?to=ann@example.com", ""); got["deleted"] != 3.0 || w.asked.To != "ann@example.com" {
		t.Errorf("%v, asked for %+v", got, w.asked)
	}
	many := make([]notify.Message, notify.MaxList*2+5)
	w.set(many...)
	if got := w.want(http.StatusOK, "DELETE", "/inbox/messages", ""); got["deleted"] != float64(len(many)) {
		t.Errorf("%v", got)
	}
}

// TestInboxWaits: who waits gets the message as soon as it is there, and an empty
// list when the time is over. The times are those of the bubble.
func TestInboxWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		begin := time.Now()
		go func() {
			<-time.After(3 * time.Second)
			w.set(samples(t)...)
		}()
		got := w.want(http.StatusOK, "GET", "/inbox/messages?kind=sms&wait=10s", "")
		if took := time.Since(begin); len(got["messages"].([]any)) != 1 || took < 3*time.Second || took > 3*time.Second+100*time.Millisecond {
			t.Errorf("%v after %s", got, took)
		}
		begin = time.Now()
		got = w.want(http.StatusOK, "GET", "/inbox/messages?after=msg9&wait=5", "")
		if took := time.Since(begin); len(got["messages"].([]any)) != 0 || took != 5*time.Second {
			t.Errorf("%v after %s", got, took)
		}
		begin = time.Now()
		w.want(http.StatusOK, "GET", "/inbox/messages?wait=30s", "")
		if took := time.Since(begin); took != 0 {
			t.Errorf("what is there already takes %s", took)
		}
		stop := make(chan struct{})
		stopping := newWorld(t, func(c *control.Config) { c.Stop = stop })
		time.AfterFunc(2*time.Second, func() { close(stop) })
		begin = time.Now()
		stopping.want(http.StatusOK, "GET", "/inbox/messages?wait=30s", "")
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("the server stops, and who waits is kept for %s", took)
		}
	})
}

// page reads the inbox as a browser does.
func (w *world) page(t *testing.T, path string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost:8081"+path, nil))
	return rec, rec.Body.String()
}

func TestInboxShowsEachKindAsItWouldLook(t *testing.T) {
	w := newWorld(t)
	list := samples(t)
	list[2].Status, list[2].Attempts, list[2].Problem = notify.Dead, 10, "the gateway <is> away"
	w.set(list...)
	for id, wants := range map[string][]string{
		"msg9": {`class="phone locked"`, "Is it you who signs in to Acme?", "203.0.113.7", "<b>57</b>", "<dt>challenge</dt><dd>mst1</dd>", "12:00"},
		"msg8": {`class="phone calling"`, "2, 7, 1, 8, 2, 8. Again", "extension 42", `class="digits">271828`},
		"msg7": {`class="bubble"`, "<mark>314159</mark>", "&lt;b&gt;Acme&lt;/b&gt;", "given up", "10 attempts", "the gateway &lt;is&gt; away"},
		"msg6": {`src="/inbox/messages/msg6/html" sandbox="allow-popups allow-popups-to-escape-sandbox"`, `href="https://id.example.com/welcome/XYZ" target="_blank" rel="noopener"`, "Activate your account at Acme"},
	} {
		rec, body := w.page(t, "/inbox?id="+id)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Fatalf("%d %v", rec.Code, rec.Header())
		}
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q", id, want)
			}
		}
		for _, bad := range []string{"style=", "<b>Acme</b>", "onclick", "<script>"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", id, bad)
			}
		}
		if policy := rec.Header().Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("policy %q", policy)
		}
	}
	if _, body := w.page(t, "/inbox?id=msg6&view=plain"); strings.Contains(body, "<iframe") || !strings.Contains(body, "Hello Ann") {
		t.Error("the plain text does not show")
	}
	if _, body := w.page(t, "/inbox?to=ann%40example.com&kind=push&org=00o1"); !strings.Contains(body, `name="to" value="ann@example.com"`) || !strings.Contains(body, "kind=push&amp;org=00o1&amp;to=ann%40example.com") ||
		!strings.Contains(body, `data-newest="msg9" data-org="00o1"`) {
		t.Error("the page forgets what was asked for")
	}
	if rec, _ := w.page(t, "/inbox?kind=fax"); rec.Code != http.StatusBadRequest {
		t.Errorf("a kind that is none: %d", rec.Code)
	}
	w.set()
	if _, body := w.page(t, "/inbox"); !strings.Contains(body, "Nothing here yet") || !strings.Contains(body, "http://localhost:8081/inbox/messages") {
		t.Error("an empty inbox does not tell how to go on")
	}
}

// TestMailsInTheFrameAreHarmless: a mail may style itself, run nothing, and its
// links open in pages of their own.
func TestMailsInTheFrameAreHarmless(t *testing.T) {
	w := newWorld(t)
	w.set(samples(t)...)
	rec, body := w.page(t, "/inbox/messages/msg6/html")
	policy := rec.Header().Get("Content-Security-Policy")
	if rec.Code != http.StatusOK || !strings.Contains(body, `<base target="_blank">`) || !strings.Contains(body, "Welcome to Acme") {
		t.Fatalf("%d %s", rec.Code, body)
	}
	if !strings.Contains(policy, "sandbox allow-popups allow-popups-to-escape-sandbox") || strings.Contains(policy, "script") || !strings.Contains(policy, "frame-ancestors 'self'") {
		t.Errorf("policy %q", policy)
	}
}

func TestInboxIsCleared(t *testing.T) {
	w := newWorld(t)
	w.set(samples(t)...)
	form := func(change ...func(*http.Request)) (int, string) {
		return w.do("POST", "/inbox/clear", "to=ann%40example.com&kind=email&org=00o1", append(change, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		})...)
	}
	if code, _ := form(func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); code != http.StatusForbidden || len(w.list) != 4 {
		t.Fatalf("another page may clear: %d", code)
	}
	if code, _ := form(); code != http.StatusSeeOther || w.asked.To != "ann@example.com" || w.asked.Kind != notify.Email || w.org != "00o1" || len(w.list) != 0 {
		t.Fatalf("%d, asked for %+v of %q", code, w.asked, w.org)
	}
}

func TestInboxBringsItsScriptAndStyle(t *testing.T) {
	w := newWorld(t)
	for path, kind := range map[string]string{"/inbox/inbox.js": "text/javascript; charset=utf-8", "/inbox/inbox.css": "text/css; charset=utf-8"} {
		rec, body := w.page(t, path)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != kind || len(body) < 100 {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
	var list struct{ Messages []json.RawMessage }
	_, body := w.do("GET", "/inbox/messages", "")
	if err := json.Unmarshal([]byte(body), &list); err != nil || list.Messages == nil {
		t.Errorf("an empty list is not one: %s", body)
	}
}
