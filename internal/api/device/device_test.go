package device_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/notify"
	"usher/internal/phone"
	"usher/internal/server"
)

// world is a user who may enrol a phone, and the phone.
type world struct {
	*apptest.App
	phone   *phone.Phone
	factors string // the address of the user's factors
}

const login = "isaac.brock@example.com"

func newWorld(t *testing.T, app *apptest.App) *world {
	t.Helper()
	everyone := app.On(t).Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	app.On(t).Post("/api/v1/policies", `{"type":"MFA_ENROLL","name":"push","conditions":{"people":{"groups":{"include":["`+everyone+`"]}}},
 "settings":{"factors":{"okta_push":{"enroll":{"self":"OPTIONAL"}},"okta_otp":{"enroll":{"self":"OPTIONAL"}}}}}`).Want(200)
	id := app.On(t).Get("/api/v1/policies?type=MFA_ENROLL").Want(200).Text("0.id")
	app.On(t).Post("/api/v1/policies/"+id+"/rules", `{"type":"MFA_ENROLL","name":"all","actions":{"enroll":{"self":"CHALLENGE"}}}`).Want(200)
	user := app.On(t).Get("/api/v1/users/" + login).Want(200).Text("id")
	return &world{app, app.Phone(), "/api/v1/users/" + user + "/factors"}
}

// enroll enrols the phone by the picture and returns the factor's address.
func (w *world) enroll(t *testing.T) string {
	t.Helper()
	made := w.On(t).Post(w.factors, `{"factorType":"push","provider":"OKTA"}`).Want(200)
	if got, err := w.phone.Scan(t.Context(), made.Text("_embedded.activation._links.qrcode.href")); err != nil || got != login {
		t.Fatal(got, err)
	}
	return w.factors + "/" + made.Text("id")
}

// ask begins a verification and returns its address.
func (w *world) ask(t *testing.T, self string) string {
	t.Helper()
	a := w.On(t).Post(self+"/verify", nil).Want(202)
	at := strings.TrimPrefix(a.Text("_links.poll.href"), "https://id.example.com")
	if got := a.Header.Get("Location"); got != "https://id.example.com"+self+"/transactions"+strings.TrimSuffix(strings.TrimPrefix(at, self+"/verify"), "/")+"/verify" {
		t.Errorf("Location %q", got)
	}
	return at
}

func TestPhoneByPicture(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		w := newWorld(t, app)
		made := w.Post(w.factors, `{"factorType":"push","provider":"OKTA"}`).Want(200)
		self := w.factors + "/" + made.Text("id")
		poll := self + "/lifecycle/activate"
		if made.Text("_links.poll.href") != "https://id.example.com"+poll || made.Text("_embedded.activation._links.send.1.name") != "sms" {
			t.Errorf("%s", made.Body)
		}
		if a := w.Post(poll, nil).Want(202); a.Text("factorResult") != "WAITING" || a.Text("_links.qrcode.type") != "image/png" {
			t.Errorf("%s", a.Body)
		}
		app.WantEvents(t, []string{"user.mfa.factor.activate SUCCESS"}, func() {
			if _, err := w.phone.Scan(t.Context(), made.Text("_embedded.activation._links.qrcode.href")); err != nil {
				t.Fatal(err)
			}
		})
		a := w.Post(poll, nil).Want(200)
		if a.Text("status") != "ACTIVE" || a.Text("profile.platform") != "ANDROID" || a.Text("profile.credentialId") != login || a.Text("_links.verify.hints.allow.0") != "POST" {
			t.Errorf("%s", a.Body)
		}
		if _, err := w.phone.Scan(t.Context(), made.Text("_embedded.activation._links.qrcode.href")); err == nil {
			t.Error("a picture can be scanned twice")
		}
		for _, c := range []struct {
			result string
			events []string
			answer func(at string)
		}{
			{"SUCCESS", []string{"user.authentication.auth_via_mfa SUCCESS"}, func(string) {
				if _, err := w.phone.Answer(t.Context(), "", true, nil); err != nil {
					t.Fatal(err)
				}
			}},
			{"REJECTED", []string{"user.mfa.okta_verify.deny_push SUCCESS"}, func(string) {
				if _, err := w.phone.Answer(t.Context(), "", false, nil); err != nil {
					t.Fatal(err)
				}
			}},
			{"TIMEOUT", nil, func(string) { w.Clock.Advance(5 * time.Minute) }},
			{"CANCELLED", nil, func(at string) { w.Delete(at).Want(204) }},
			{"CANCELLED", nil, func(at string) { w.Delete(strings.Replace(at, "/verify/", "/transactions/", 1)).Want(204) }},
		} {
			at := w.ask(t, self)
			for _, path := range []string{at, strings.Replace(at, "/verify/", "/transactions/", 1), strings.Replace(at, "/verify/", "/transactions/", 1) + "/verify"} {
				if a := w.Get(path).Want(200); a.Text("factorResult") != "WAITING" || a.Text("_links.cancel.hints.allow.0") != "DELETE" {
					t.Errorf("%s", a.Body)
				}
			}
			app.WantEvents(t, c.events, func() {
				c.answer(at)
				for range 2 {
					if a := w.Get(at).Want(200); a.Text("factorResult") != c.result || (c.result == "SUCCESS") != (a.At("_links") == nil) {
						t.Errorf("%s: %s", c.result, a.Body)
					}
				}
			})
			if _, err := w.phone.Answer(t.Context(), "", true, nil); !errors.Is(err, phone.ErrNone) {
				t.Errorf("%s: what is over can be answered: %v", c.result, err)
			}
			w.Delete(at).Fails(404, "E0000007")
		}
		if m := w.Messages(t, login); len(m) != 5 || m[0].Kind != "push" {
			t.Errorf("%+v", m)
		}
		app.WantEvents(t, []string{"user.mfa.factor.deactivate SUCCESS"}, func() {
			if err := w.phone.Remove(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		})
		w.Get(self).Fails(404, "E0000007")
	})
}

// TestPhoneTooLate: an enrolment that no phone took in time is begun anew on
// demand, with another picture.
func TestPhoneTooLate(t *testing.T) {
	w := newWorld(t, apptest.New(t))
	made := w.Post(w.factors, `{"factorType":"push","provider":"OKTA"}`).Want(200)
	self := w.factors + "/" + made.Text("id")
	picture := made.Text("_embedded.activation._links.qrcode.href")
	w.Clock.Advance(10 * time.Minute)
	if _, err := w.phone.Scan(t.Context(), picture); err == nil {
		t.Error("a picture lives on")
	}
	a := w.Post(self+"/lifecycle/activate", nil).Want(200)
	if string(a.Body) != `{"factorResult":"TIMEOUT","_links":{"activate":{"href":"https://id.example.com`+self+`/lifecycle/activate","hints":{"allow":["POST"]}}}}` {
		t.Errorf("%s", a.Body)
	}
	a = w.Post(self+"/lifecycle/activate", nil).Want(202)
	if _, err := w.phone.Scan(t.Context(), a.Text("_links.qrcode.href")); err != nil {
		t.Fatal(err)
	}
	w.Post(self+"/lifecycle/activate/sms", nil).Want(403)
}

// TestPhoneByLink: mails and texts bring the same enrolment.
func TestPhoneByLink(t *testing.T) {
	for way, to := range map[string]string{"email": login, "sms": "+15554151337"} {
		app := apptest.New(t)
		w := newWorld(t, app)
		self := w.factors + "/" + w.Post(w.factors, `{"factorType":"push","provider":"OKTA"}`).Want(200).Text("id")
		event := map[string]string{"email": "system.email.mfa_enroll_notification.sent_message", "sms": "system.sms.send_okta_push_verify_message"}[way]
		app.WantEvents(t, []string{event + " SUCCESS"}, func() {
			w.Post(self+"/lifecycle/activate/"+way, `{"profile":{"phoneNumber":"+1-555-415-1337"}}`).Want(200)
		})
		link := w.Messages(t, to)[0].Data["link"]
		page := w.Browser().With("Accept", "text/html").Get(strings.TrimPrefix(link, "https://id.example.com")).Want(200)
		if !strings.Contains(string(page.Body), "usher device enroll") {
			t.Errorf("%s", page.Body)
		}
		if _, err := w.phone.Scan(t.Context(), link); err != nil {
			t.Fatal(way, err)
		}
		if a := w.Get(self).Want(200); a.Text("status") != "ACTIVE" {
			t.Errorf("%s", a.Body)
		}
	}
	w := newWorld(t, apptest.New(t))
	self := w.factors + "/" + w.Post(w.factors, `{"factorType":"push","provider":"OKTA"}`).Want(200).Text("id")
	w.Post(self+"/lifecycle/activate/sms", `{"profile":{"phoneNumber":"12"}}`).Fails(400, "E0000098")
	w.Post(self+"/lifecycle/activate/sms", nil).Want(200) // to the phone of the profile
	w.Post(self+"/lifecycle/activate/sms", `{"profile":{"phoneNumber":"+1-555-415-1337"}}`).Fails(429, "E0000109")
	w.Post(self+"/lifecycle/activate/email", nil).Want(200)
	w.Post(self+"/lifecycle/activate/email", nil).Fails(429, "E0000118")
	for range 2 {
		w.Clock.Advance(6 * time.Second)
		w.Post(self+"/lifecycle/activate/email", nil).Want(200)
	}
	w.Post(self+"/lifecycle/activate/email", nil).Fails(429, "E0000047")
}

func TestPhoneNumbers(t *testing.T) {
	seed := apptest.DefaultSeed()
	seed.Org.PushNumbers = true
	app := apptest.New(t, apptest.Seed(seed))
	w := newWorld(t, app)
	self := w.enroll(t)
	at := w.ask(t, self)
	if a := w.Get(at).Want(200); a.At("_embedded") != nil {
		t.Errorf("the number shows before the phone has fetched the question: %s", a.Body)
	}
	right := func() int {
		list, err := w.phone.Requests(t.Context())
		if err != nil || len(list) != 1 || len(list[0].Numbers) != 3 {
			t.Fatal(list, err)
		}
		n, ok := w.Get(at).Want(200).At("_embedded.challenge.correctAnswer").(float64)
		if !ok {
			t.Fatal("no number shows")
		}
		return int(n)
	}
	n := right()
	if _, err := w.phone.Answer(t.Context(), "", true, &n); err != nil {
		t.Fatal(err)
	}
	if a := w.Get(at).Want(200); a.Text("factorResult") != "SUCCESS" {
		t.Errorf("%s", a.Body)
	}
	for name, number := range map[string]func(int) *int{"wrong": func(n int) *int { n++; return &n }, "none": func(int) *int { return nil }} {
		at = w.ask(t, self)
		app.WantEvents(t, []string{"user.authentication.auth_via_mfa FAILURE INVALID_CREDENTIALS"}, func() {
			if _, err := w.phone.Answer(t.Context(), "", true, number(right())); err != nil {
				t.Fatal(err)
			}
		})
		if a := w.Get(at).Want(200); a.Text("factorResult") != "REJECTED" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
}

// TestPhoneNumberOnDemand: who asks for a number gets it at once, also where the
// organisation asks for none. (spec: management#verifyFactor)
func TestPhoneNumberOnDemand(t *testing.T) {
	w := newWorld(t, apptest.New(t))
	self := w.enroll(t)
	w.Post(self+"/verify", `{"useNumberMatchingChallenge":"yes"}`).Fails(400, "E0000001", "useNumberMatchingChallenge: must be true or false")
	if a := w.Post(self+"/verify", `{"useNumberMatchingChallenge":false}`).Want(202); a.At("_embedded") != nil {
		t.Errorf("%s", a.Body)
	}
	a := w.Post(self+"/verify", `{"useNumberMatchingChallenge":true}`).Want(202)
	right, ok := a.At("_embedded.challenge.correctAnswer").(float64)
	if !ok || a.Text("profile.credentialId") != login {
		t.Fatalf("%s", a.Body)
	}
	at := strings.TrimPrefix(a.Text("_links.poll.href"), "https://id.example.com")
	if list, err := w.phone.Requests(t.Context()); err != nil || len(list) == 0 || len(list[0].Numbers) != 3 {
		t.Fatal(list, err)
	}
	n := int(right)
	if _, err := w.phone.Answer(t.Context(), "", true, &n); err != nil {
		t.Fatal(err)
	}
	if a := w.Get(at).Want(200); string(a.Body) != `{"factorResult":"SUCCESS"}` {
		t.Errorf("%s", a.Body)
	}
}

// TestPushTakesCodesAlong: the one-time passwords of the same app go with a push, and
// stay without. (spec: management#unenrollFactor)
func TestPushTakesCodesAlong(t *testing.T) {
	w := newWorld(t, apptest.New(t))
	self := w.enroll(t)
	otp := w.factors + "/" + w.Post(w.factors, `{"factorType":"token:software:totp","provider":"OKTA"}`).Want(200).Text("id")
	w.WantEvents(t, []string{"user.mfa.factor.deactivate SUCCESS", "user.mfa.factor.deactivate SUCCESS"}, func() { w.Delete(self).Want(204) })
	w.Get(otp).Fails(404, "E0000007")
	self = w.enroll(t)
	otp = w.factors + "/" + w.Post(w.factors, `{"factorType":"token:software:totp","provider":"OKTA"}`).Want(200).Text("id")
	w.WantEvents(t, []string{"user.mfa.factor.deactivate SUCCESS"}, func() { w.Delete(otp).Want(204) })
	w.Get(self).Want(200)
}

// TestPhoneRace: of approval, denial and cancellation at once, one counts.
func TestPhoneRace(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		w := newWorld(t, app)
		self := w.enroll(t)
		for range 10 {
			at := w.ask(t, self)
			list, err := w.phone.Requests(t.Context())
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			var won sync.Map
			var all sync.WaitGroup
			for result, act := range map[string]func() bool{
				"SUCCESS":   func() bool { _, err := w.phone.Answer(t.Context(), list[0].ID, true, nil); return err == nil },
				"REJECTED":  func() bool { _, err := w.phone.Answer(t.Context(), list[0].ID, false, nil); return err == nil },
				"CANCELLED": func() bool { return w.Delete(at).Status == 204 },
			} {
				all.Go(func() {
					if act() {
						won.Store(result, true)
					}
				})
			}
			all.Wait()
			var winners []string
			won.Range(func(k, _ any) bool { winners = append(winners, k.(string)); return true })
			if got := w.Get(at).Want(200).Text("factorResult"); len(winners) != 1 || winners[0] != got {
				t.Errorf("%v won, but it is %s", winners, got)
			}
		}
	})
}

// listening keeps what a phone says, to say it again.
type listening struct {
	http.RoundTripper
	said []*http.Request
	body [][]byte
}

func (l *listening) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		var v json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			return nil, err
		}
		l.said, l.body = append(l.said, r), append(l.body, v)
		again := r.Clone(r.Context())
		again.Body = http.NoBody
		again.ContentLength = int64(len(v))
		again.Body = readCloser{strings.NewReader(string(v))}
		r = again
	}
	return l.RoundTripper.RoundTrip(r)
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// TestPhoneStatements: what is overheard, altered, for another organisation or of
// another phone proves nothing.
func TestPhoneStatements(t *testing.T) {
	app := apptest.New(t)
	w := newWorld(t, app)
	ear := &listening{RoundTripper: w.phone.HTTP.Transport}
	w.phone.HTTP.Transport = ear
	// What is made out to another server is not heard here.
	made := w.On(t).Post(w.factors, `{"factorType":"push","provider":"OKTA"}`).Want(200)
	picture := strings.TrimPrefix(made.Text("_embedded.activation._links.qrcode.href"), "https://id.example.com")
	scan, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app.URL(picture), nil)
	if err != nil {
		t.Fatal(err)
	}
	scan.Header.Set("Accept", "text/plain")
	res, err := app.HTTP().Do(scan)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	shown, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	text := string(shown)
	elsewhere := strings.Replace(text, "id.example.com", "other.example.com", 1)
	if _, err := w.phone.Scan(t.Context(), elsewhere); err == nil || elsewhere == text {
		t.Errorf("%q: %v", elsewhere, err)
	}
	self := w.enroll(t)
	at := w.ask(t, self)
	if _, err := w.phone.Answer(t.Context(), "", true, nil); err != nil {
		t.Fatal(err)
	}
	w.Get(at).Want(200)
	c := app.Anonymous()
	for i, r := range ear.said {
		if strings.HasSuffix(r.URL.Path, "/nonce") {
			continue
		}
		app.WantEvents(t, nil, func() {
			c.Post(r.URL.Path, string(ear.body[i])).Fails(401, "E0000004")
			if strings.HasSuffix(r.URL.Path, "/requests") {
				c.Post(strings.Replace(r.URL.Path, "/requests", "/remove", 1), string(ear.body[i])).Fails(401, "E0000004")
			}
			altered := strings.Replace(string(ear.body[i]), ".", ".e30", 1)
			c.Post(r.URL.Path, altered).Fails(401, "E0000004")
		})
	}
	for _, body := range []string{`{"jws":"a.b.c"}`, `{"jws":"eyJhbGciOiJub25lIn0.e30."}`, `{"jws":"` + strings.Repeat("a", 9000) + `"}`} {
		c.Post("/device/v1/requests", body).Fails(401, "E0000004")
	}
	c.Post("/device/v1/requests", `{}`).Fails(400, "E0000001")
	c.Post("/device/v1/enroll", `[]`).Fails(400, "E0000003")

	// A phone that is no longer enrolled says nothing any more.
	at = w.ask(t, self)
	w.Delete(self).Want(204)
	if list, err := w.phone.Requests(t.Context()); err != nil || len(list) > 0 {
		t.Error(list, err)
	}
	w.Get(at).Fails(404, "E0000007")
}

// TestControlPhone: the phone of the control listener does the same by plain
// requests, and a reset takes it away.
func TestControlPhone(t *testing.T) {
	app := apptest.New(t)
	w := newWorld(t, app)
	control := app.Server.Control(t.Context(), app.Clock, nil)
	call := func(method, path, body string, status int) map[string]any {
		t.Helper()
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
		control.ServeHTTP(rec, r)
		out := map[string]any{}
		if rec.Code != status || rec.Body.Len() > 0 && json.Unmarshal(rec.Body.Bytes(), &out) != nil {
			t.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
		}
		return out
	}
	call("POST", "/phone/approve", `{}`, 404)
	call("GET", "/phone/code", "", 404)
	call("POST", "/phone/scan", `{"text":"nothing"}`, 400)
	call("POST", "/phone/scan", `{"text":"usher://enroll?org=https://id.example.com&token=mst0.x"}`, 409)
	made := w.Post(w.factors, `{"factorType":"push","provider":"OKTA"}`).Want(200)
	picture := made.Text("_embedded.activation._links.qrcode.href")
	if got := call("POST", "/phone/scan", `{"text":"`+picture+`"}`, 200); got["login"] != login {
		t.Errorf("%v", got)
	}
	self := w.factors + "/" + made.Text("id")
	for path, result := range map[string]string{"/phone/approve": "SUCCESS", "/phone/deny": "REJECTED"} {
		at := w.ask(t, self)
		if got := call("GET", "/phone", "", 200); len(got["requests"].([]any)) != 1 || len(got["devices"].([]any)) != 1 || strings.Contains(fmt.Sprint(got), "key") {
			t.Errorf("%v", got)
		}
		call("POST", path, `{}`, 200)
		if got := w.Get(at).Want(200).Text("factorResult"); got != result {
			t.Errorf("%s: %s", path, got)
		}
	}
	timed := w.Post(w.factors, `{"factorType":"token:software:totp","provider":"OKTA"}`).Want(200)
	call("POST", "/phone/scan", `{"text":"`+timed.Text("_embedded.activation._links.qrcode.href")+`"}`, 200)
	code := call("GET", "/phone/code?login="+login, "", 200)["code"].(string)
	w.Post(w.factors+"/"+timed.Text("id")+"/lifecycle/activate", `{"passCode":"`+code+`"}`).Want(200)
	call("DELETE", "/phone", "", 204)
	w.Get(self).Fails(404, "E0000007")
	if got := call("GET", "/phone", "", 200); len(got["devices"].([]any))+len(got["accounts"].([]any)) != 0 {
		t.Errorf("%v", got)
	}
}

// gone is a push service that knows no device.
type gone struct{}

func (gone) Send(context.Context, notify.Message) error {
	return notify.Gone(errors.New("unregistered"))
}

// TestPhoneWithoutPushAddress: a phone that its push service knows no longer is
// asked no more that way, and answers all the same.
func TestPhoneWithoutPushAddress(t *testing.T) {
	app := apptest.New(t, apptest.Configure(func(c *server.Config) {
		c.Senders = map[notify.Kind]notify.Sender{notify.Push: gone{}}
	}))
	w := newWorld(t, app)
	w.phone.PushService, w.phone.PushToken = "apns", "ab12"
	self := w.enroll(t)
	w.ask(t, self)
	if m := w.Messages(t, login)[0]; m.Data[notify.DataPushToken] != "ab12" {
		t.Fatalf("%+v", m)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Server.RunJobs(ctx) }()
	for at := ""; ; {
		at = w.ask(t, self)
		if _, err := w.phone.Answer(t.Context(), "", true, nil); err != nil {
			t.Fatal(err)
		}
		if w.Messages(t, login)[0].Data[notify.DataPushToken] != "" {
			continue // the answer of the push service is not here yet
		}
		if got := w.Get(at).Want(200).Text("factorResult"); got != "SUCCESS" {
			t.Error(got)
		}
		break
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
