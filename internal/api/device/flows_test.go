package device_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"usher/internal/apptest"
	"usher/internal/apptest/transcript"
)

// TestPushFlows replays what clients and servers say to each other about the push
// factor, with the whole server and a phone. A name in the header X-Device is what
// the phone does just before that request.
func TestPushFlows(t *testing.T) {
	for _, file := range transcript.Files(t, "testdata/flows/*.txtar") {
		t.Run(file, func(t *testing.T) {
			app := apptest.New(t)
			w := newWorld(t, app)
			user := strings.Split(w.factors, "/")[4]
			values := map[string]string{"userId": user, "password": apptest.Password, "apiToken": app.Seeded.APIToken}
			if !strings.Contains(file, "users") {
				requireFactor(t, app)
			}
			if strings.Contains(file, "verify") {
				values["factorId"] = w.enroll(t)[len(w.factors)+1:]
			}
			answer := func(approve bool) func(map[string]string) string {
				return func(map[string]string) string {
					if _, err := w.phone.Answer(t.Context(), "", approve, nil); err != nil {
						t.Fatal(err)
					}
					return "answered"
				}
			}
			newest := func(map[string]string) string { return w.Messages(t, login)[0].Data["challenge"] }
			transcript.Play(t, file, transcript.Stage{
				Handler: app.Server.Handler(), Advance: app.Clock.Advance, Values: values,
				Computed: map[string]func(map[string]string) string{
					"approved": answer(true), "denied": answer(false), "newest": newest, "transactionId": newest,
					"scanned": func(known map[string]string) string {
						ticket := known["ticket"]
						for _, later := range []string{"ticket2", "ticket3", "ticket4", "ticket5", "ticket6", "ticket7", "ticket8", "ticket9"} {
							if v, ok := known[later]; ok {
								ticket = v
							}
						}
						if _, err := w.phone.Scan(t.Context(), "https://id.example.com"+w.factors+"/"+known["factorId"]+"/qr/"+ticket); err != nil {
							t.Fatal(err)
						}
						return "scanned"
					},
				},
			})
		})
	}
}

// requireFactor has every sign-in ask for a further factor.
func requireFactor(t *testing.T, app *apptest.App) {
	t.Helper()
	everyone := app.On(t).Get("/api/v1/groups?q=Everyone").Want(200).Text("0.id")
	id := app.On(t).Post("/api/v1/policies", `{"type":"OKTA_SIGN_ON","name":"strict","conditions":{"people":{"groups":{"include":["`+everyone+`"]}}}}`).Want(200).Text("id")
	app.On(t).Post("/api/v1/policies/"+id+"/rules", `{"type":"SIGN_ON","name":"always","actions":{"signon":{"access":"ALLOW","requireFactor":true,"factorPromptMode":"ALWAYS"}}}`).Want(200)
	// Only the phone is offered.
	enroll := app.On(t).Get("/api/v1/policies?type=MFA_ENROLL").Want(200).Text("0.id")
	app.On(t).Put("/api/v1/policies/"+enroll, `{"type":"MFA_ENROLL","name":"push","conditions":{"people":{"groups":{"include":["`+everyone+`"]}}},
 "settings":{"factors":{"okta_push":{"enroll":{"self":"OPTIONAL"}}}}}`).Want(200)
}

// TestOneSessionToken: of many who look at an approved push at once, one gets the
// session token.
func TestOneSessionToken(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		w := newWorld(t, app)
		requireFactor(t, app)
		self := strings.TrimPrefix(w.enroll(t), w.factors)
		c := app.Anonymous()
		state := c.Post("/api/v1/authn", `{"username":"`+login+`","password":"`+apptest.Password+`"}`).Want(200).Text("stateToken")
		body := `{"stateToken":"` + state + `"}`
		c.Post("/api/v1/authn/factors"+self+"/verify", body).Want(202)
		if _, err := w.phone.Answer(t.Context(), "", true, nil); err != nil {
			t.Fatal(err)
		}
		var tokens atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if a := c.Post("/api/v1/authn/factors"+self+"/verify", body); a.Text("sessionToken") != "" {
					tokens.Add(1)
				} else if a.Status >= 500 {
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		}
		all.Wait()
		if n := tokens.Load(); n != 1 {
			t.Errorf("%d session tokens", n)
		}
	})
}
