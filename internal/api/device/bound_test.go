package device_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

// signingIn is a sign-in that asks the phone.
type signingIn struct {
	w           *world
	token, poll string
	id          string // of the challenge
	number      int
}

// signIn begins a sign-in with a number that the phone has been shown. It must be
// another than that of others.
func (w *world) signIn(t *testing.T, self string, others ...int) *signingIn {
	t.Helper()
	for range 30 {
		w.Clock.Advance(time.Second)
		c := w.Anonymous()
		s := &signingIn{w: w, poll: "/api/v1/authn/factors" + strings.TrimPrefix(self, w.factors) + "/verify"}
		s.token = c.Post("/api/v1/authn", map[string]string{"username": login, "password": apptest.Password}).Want(200).Text("stateToken")
		c.Post(s.poll, map[string]string{"stateToken": s.token}).Want(202)
		s.id = w.Messages(t, login)[0].Data["challenge"]
		if _, err := w.phone.Requests(t.Context()); err != nil {
			t.Fatal(err)
		}
		n, ok := s.state(t).At("_embedded.factor._embedded.challenge.correctAnswer").(float64)
		if s.number = int(n); !ok {
			t.Fatal("no number shows")
		}
		fresh := true
		for _, o := range others {
			fresh = fresh && o != s.number
		}
		if fresh {
			return s
		}
		c.Post("/api/v1/authn/previous", map[string]string{"stateToken": s.token}).Want(200)
	}
	t.Fatal("all numbers are the same")
	return nil
}

func (s *signingIn) state(t *testing.T) *apptest.Answer {
	t.Helper()
	return s.w.Anonymous().Post("/api/v1/authn", map[string]string{"stateToken": s.token}).Want(200)
}

func (s *signingIn) wants(t *testing.T, result string) {
	t.Helper()
	if a := s.state(t); a.Text("status") != "MFA_CHALLENGE" || a.Text("factorResult") != result {
		t.Errorf("want %s: %s", result, a.Body)
	}
}

// TestApprovalsAreBound: an approval counts for the sign-in that asked, with the
// number of that sign-in, and nothing else sees it.
func TestApprovalsAreBound(t *testing.T) {
	seed := apptest.DefaultSeed()
	seed.Org.PushNumbers = true
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		w := newWorld(t, app)
		requireFactor(t, app)
		self := w.enroll(t)
		one := w.signIn(t, self)
		two := w.signIn(t, self, one.number)
		if _, err := w.phone.Answer(t.Context(), one.id, true, &two.number); err != nil {
			t.Fatal(err)
		}
		one.wants(t, "REJECTED")
		two.wants(t, "WAITING")
		three := w.signIn(t, self, two.number)
		if _, err := w.phone.Answer(t.Context(), two.id, true, &two.number); err != nil {
			t.Fatal(err)
		}
		one.wants(t, "REJECTED")
		three.wants(t, "WAITING")
		for _, path := range []string{"/verify/" + two.id, "/transactions/" + two.id, "/transactions/" + two.id + "/verify"} {
			w.Get(self+path).Fails(404, "E0000007")
		}
		w.Delete(self+"/verify/"+three.id).Fails(404, "E0000007")
		three.wants(t, "WAITING")
		c := w.Anonymous()
		if a := c.Post(three.poll, map[string]string{"stateToken": three.token}).Want(202); a.Text("factorResult") != "WAITING" {
			t.Errorf("%s", a.Body)
		}
		if a := c.Post(two.poll, map[string]string{"stateToken": two.token}).Want(200); a.Text("status") != "SUCCESS" {
			t.Errorf("%s", a.Body)
		}
		c.Post(two.poll, map[string]string{"stateToken": two.token}).Fails(401, "E0000011")
	}, apptest.Seed(seed))
}

// meanwhile does something while an answer is on its way.
type meanwhile struct {
	http.RoundTripper
	do func()
}

func (m *meanwhile) RoundTrip(r *http.Request) (*http.Response, error) {
	if do := m.do; do != nil && strings.HasSuffix(r.URL.Path, "/answer") {
		m.do = nil
		do()
	}
	return m.RoundTripper.RoundTrip(r)
}

// TestWhatIsOverStaysSo: an approval that comes after the refusal, the end of the
// time or the cancellation changes nothing.
func TestWhatIsOverStaysSo(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		w := newWorld(t, app)
		slow := &meanwhile{RoundTripper: w.phone.HTTP.Transport}
		w.phone.HTTP.Transport = slow
		self := w.enroll(t)
		for result, do := range map[string]func(at string){
			"REJECTED": func(string) {
				if _, err := w.phone.Answer(t.Context(), "", false, nil); err != nil {
					t.Error(err)
				}
			},
			"CANCELLED": func(at string) { w.Delete(at).Want(204) },
			"TIMEOUT":   func(string) { w.Clock.Advance(61 * time.Second) },
		} {
			at := w.ask(t, self)
			w.Clock.Advance(4 * time.Minute)
			slow.do = func() { do(at) }
			app.WantEvents(t, map[string][]string{"REJECTED": {"user.mfa.okta_verify.deny_push SUCCESS"}}[result], func() {
				if _, err := w.phone.Answer(t.Context(), "", true, nil); err == nil {
					t.Errorf("%s: an approval is taken", result)
				}
				for range 2 {
					if a := w.Get(at).Want(200); a.Text("factorResult") != result {
						t.Errorf("%s: %s", result, a.Body)
					}
				}
			})
		}
	})
}
