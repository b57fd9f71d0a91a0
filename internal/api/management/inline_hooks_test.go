package management_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"usher/internal/apptest"
	"usher/internal/egress"
	"usher/internal/server"
)

// outside is another system that hooks ask.
type outside struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []map[string]any
	header http.Header
	answer func(w http.ResponseWriter, username, password string)
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		var body map[string]any
		if err != nil || json.Unmarshal(text, &body) != nil {
			t.Errorf("%s, %v", text, err)
		}
		o.mu.Lock()
		o.asked, o.header = append(o.asked, body), r.Header
		answer := o.answer
		o.mu.Unlock()
		var q struct {
			Data struct {
				Context struct {
					Credential struct{ Username, Password string }
				}
			}
		}
		if err := json.Unmarshal(text, &q); err != nil {
			t.Error(err)
		}
		answer(w, q.Data.Context.Credential.Username, q.Data.Context.Credential.Password)
	}))
	t.Cleanup(o.Close)
	o.says(http.StatusOK, `{}`)
	return o
}

// says makes the system answer this, whatever it is asked.
func (o *outside) says(status int, text string) {
	o.answers(func(w http.ResponseWriter, _, _ string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	})
}

func (o *outside) answers(fn func(w http.ResponseWriter, username, password string)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = fn
}

// take returns what was asked since it was called last.
func (o *outside) take() []map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.asked
	o.asked = nil
	return out
}

const (
	hookYes = `{"commands":[{"type":"com.okta.action.update","value":{"credential":"VERIFIED"}}]}`
	hookNo  = `{"commands":[{"type":"com.okta.action.update","value":{"credential":"UNVERIFIED"}}]}`
)

// inward lets a server ask systems on this machine.
func inward() apptest.Option {
	return apptest.Configure(func(c *server.Config) {
		c.Outbound = egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	})
}

const hookSecret = "keep-this-to-yourself"

func hookBody(uri string) string {
	return `{"name":"Import","version":"1.0.0","type":"com.okta.user.credential.password.import","channel":{"type":"HTTP","version":"1.0.0","config":{"uri":"` + uri +
		`","method":"POST","headers":[{"key":"X-Team","value":"blue"}],"authScheme":{"type":"HEADER","key":"Authorization","value":"` + hookSecret + `"}}}}`
}

func TestInlineHooks(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		const at = "/api/v1/inlineHooks"
		other := newOutside(t)
		var hook *apptest.Answer
		var path string
		read := func() *apptest.Answer { return app.Get(path).Want(200) }
		runSteps(t, app, []step{
			{"create", []string{"inline_hook.created"}, func() {
				hook = app.Post(at, hookBody(other.URL+"/ask")).Want(200)
				path = at + "/" + hook.Text("id")
				if hook.Text("status") != "ACTIVE" || hook.Text("channel.config.headers.0.value") != "blue" || hook.Text("channel.config.authScheme.key") != "Authorization" ||
					hook.Text("_links.execute.href") != "https://id.example.com"+path+"/execute" || hook.At("_links.delete") != nil {
					t.Errorf("%s", hook.Body)
				}
			}},
			{"read", nil, func() {
				for _, a := range []*apptest.Answer{hook, read(), app.Get(at).Want(200), app.Get(at + "?type=com.okta.user.credential.password.import").Want(200)} {
					if bytes.Contains(a.Body, []byte(hookSecret)) || !bytes.Contains(a.Body, []byte(hook.Text("id"))) {
						t.Errorf("%s", a.Body)
					}
				}
				if a := app.Get(at + "?type=com.okta.import.transform").Want(200); string(a.Body) != "[]" {
					t.Errorf("%s", a.Body)
				}
			}},
			{"change", []string{"inline_hook.updated"}, func() {
				if a := app.Post(path, `{"name":"Renamed"}`).Want(200); a.Text("name") != "Renamed" || a.Text("channel.config.authScheme.key") != "Authorization" {
					t.Errorf("%s", a.Body)
				}
			}},
			{"replace with the secret that is there", []string{"inline_hook.updated"}, func() {
				body := strings.Replace(strings.Replace(hookBody(other.URL+"/again"), `,"value":"`+hookSecret+`"`, "", 1), `{"key":"X-Team","value":"blue"}`, "", 1)
				if a := app.Put(path, body).Want(200); a.At("channel.config.headers.0") != nil || a.Text("channel.config.uri") != other.URL+"/again" {
					t.Errorf("%s", a.Body)
				}
			}},
			{"ask", []string{"inline_hook.executed"}, func() {
				other.says(http.StatusOK, hookYes)
				a := app.Post(path+"/execute", `{"eventType":"com.okta.user.credential.password.import","data":{"n":1}}`).Want(200)
				asked := other.take()
				if a.Text("commands.0.type") != "com.okta.action.update" || len(asked) != 1 || other.header.Get("Authorization") != hookSecret || other.header.Get("Content-Type") != "application/json" {
					t.Errorf("%s %v %v", a.Body, asked, other.header)
				}
			}},
			{"ask without an answer's contents", []string{"inline_hook.executed"}, func() {
				other.says(http.StatusNoContent, "")
				if a := app.Post(path+"/execute", `{}`).Want(200); a.At("commands.0") != nil {
					t.Errorf("%s", a.Body)
				}
			}},
			{"the secret goes nowhere else", nil, func() {
				before := read().Body
				elsewhere := strings.Replace(hookBody("https://elsewhere.example/ask"), `,"value":"`+hookSecret+`"`, "", 1)
				app.Put(path, elsewhere).Fails(400, "E0000001", "channel.config.authScheme.value: The field cannot be left blank")
				app.Post(path, `{"channel":{"config":{"uri":"https://elsewhere.example/ask"}}}`).Fails(400, "E0000001", "channel.config.authScheme.value: must be given again where the host changes")
				app.Post(path, `{"channel":{"config":{"authScheme":{"type":"HEADER","key":"X-Other"}}}}`).Fails(400, "E0000001", "channel.config.authScheme.value: The field cannot be left blank")
				if after := read().Body; !bytes.Equal(before, after) {
					t.Errorf("%s", after)
				}
			}},
			{"in use", nil, func() { app.Delete(path).Fails(400, "E0000001", "An active inline hook cannot be deleted.") }},
			{"off", []string{"inline_hook.deactivated"}, func() {
				if a := app.Post(path+"/lifecycle/deactivate", nil).Want(200); a.Text("status") != "INACTIVE" || a.At("_links.execute") != nil || a.At("_links.delete") == nil {
					t.Errorf("%s", a.Body)
				}
				app.Post(path+"/lifecycle/deactivate", nil).Want(200)
				app.Post(path+"/execute", `{}`).Fails(400, "E0000001", "The inline hook is not active.")
			}},
			{"on and off", []string{"inline_hook.activated", "inline_hook.deactivated"}, func() {
				app.Post(path+"/lifecycle/activate", nil).Want(200)
				app.Post(path+"/lifecycle/deactivate", nil).Want(200)
			}},
			{"delete", []string{"inline_hook.deleted"}, func() {
				app.Delete(path).Want(204)
				app.Get(path).Fails(404, "E0000007")
				app.Delete(path).Fails(404, "E0000007")
			}},
		})
		if strings.Contains(app.Logs.String(), hookSecret) {
			t.Error("the secret is in the log")
		}
	}, inward())
}

// TestInlineHooksRefused: what a hook must not be is refused and leaves nothing.
func TestInlineHooksRefused(t *testing.T) {
	app := apptest.New(t)
	good := hookBody("https://hooks.example/ask")
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatal(old)
		}
		return strings.Replace(good, old, new, 1)
	}
	app.WantEvents(t, nil, func() {
		for body, want := range map[string]string{
			`{}`:                    "type: The field cannot be left blank",
			swap(`"Import"`, `" "`): "name: The field cannot be left blank",
			swap(`"version":"1.0.0","type":"com`, `"version":"2.0.0","type":"com`): "version: must be 1.0.0",
			swap(`com.okta.user.credential`, `com.okta.nothing`):                   "",
			swap(`"HTTP"`, `"FTP"`):                                 "channel.type: must be HTTP",
			swap(`"POST"`, `"GET"`):                                 "channel.config.method: must be POST",
			swap(`https://hooks`, `http://hooks`):                   "channel.config.uri: must be an address of the form https://host/path",
			swap(`https://hooks.example`, `http://127.0.0.1:9`):     "channel.config.uri: must be an address of the form https://host/path",
			swap(`https://hooks.example`, `https://u:p@h.example`):  "channel.config.uri: must be an address of the form https://host/path",
			swap(`"X-Team"`, `"Host"`):                              "",
			swap(`"X-Team"`, `"X Team"`):                            "",
			swap(`"blue"`, `"blue\r\nX-Other: 1"`):                  "",
			swap(`"HEADER"`, `"QUERY"`):                             "channel.config.authScheme.type: must be HEADER",
			swap(`"key":"Authorization"`, `"key":"Content-Length"`): "",
			swap(`,"value":"`+hookSecret+`"`, ""):                   "channel.config.authScheme.value: The field cannot be left blank",
			swap(hookSecret, `a\nb`):                                "channel.config.authScheme.value: must be printable ASCII text",
		} {
			a := app.Post("/api/v1/inlineHooks", body)
			if cause := a.Text("errorCauses.0.errorSummary"); a.Status != 400 || a.Text("errorCode") != "E0000001" || cause == "" || want != "" && cause != want {
				t.Errorf("%s: %d %s", body, a.Status, a.Body)
			}
		}
		// Nothing here would ask a hook of another type.
		for _, kind := range []string{"com.okta.oauth2.tokens.transform", "com.okta.user.pre-registration", "com.okta.telephony.provider", "com.okta.saml.tokens.transform", "com.okta.import.transform"} {
			app.Post("/api/v1/inlineHooks", swap("com.okta.user.credential.password.import", kind)).Fails(501, "E0000060")
		}
		app.Post("/api/v1/inlineHooks", swap(`"HTTP"`, `"OAUTH"`)).Fails(501, "E0000060")
	})
	if a := app.Get("/api/v1/inlineHooks").Want(200); string(a.Body) != "[]" {
		t.Errorf("%s", a.Body)
	}
	// A name that leads inside is found out when it is asked.
	inside := "/api/v1/inlineHooks/" + app.Post("/api/v1/inlineHooks", hookBody("https://127.0.0.1:9/ask")).Want(200).Text("id")
	app.WantEvents(t, []string{"inline_hook.executed FAILURE ask: call 127.0.0.1:9: dial tcp 127.0.0.1:9: " + egress.ErrBlocked.Error()}, func() {
		app.Post(inside+"/execute", `{}`).Fails(400, "E0000001")
	})
}
