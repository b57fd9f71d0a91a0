package authn_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/notify/webhook"
	"usher/internal/server"
)

// adapter speaks the other side of the factor webhook, as docs/factor-webhook.md
// says it, and is the page of Duo's shape too.
type adapter struct {
	*httptest.Server
	t      *testing.T
	secret webhook.Secret

	mu    sync.Mutex
	codes map[string]string // of credentials: the passwords that are good, once
	used  map[string]bool
	asked []map[string]any
	lie   func(id string) (int, string) // what it answers instead
}

const vendorHost = "frames.example.net"

func newAdapter(t *testing.T) *adapter {
	t.Helper()
	a := &adapter{t: t, secret: []byte("a secret for tests, of 32 bytes."), codes: map[string]string{}, used: map[string]bool{}}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

// configure makes a server ask the adapter.
func (a *adapter) configure(c *server.Config) {
	c.Outbound.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.Vendors = server.Vendors{URL: a.URL + "/judge", Secrets: []webhook.Secret{a.secret}, Tokens: []string{"rsa", "symantec"}, DuoHost: vendorHost}
}

func (a *adapter) mac(text string) string {
	mac := hmac.New(sha256.New, a.secret)
	mac.Write([]byte(text))
	return string(mac.Sum(nil))
}

func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	id := r.Header.Get(webhook.HeaderID)
	want := "v1," + base64.StdEncoding.EncodeToString([]byte(a.mac(id+"."+r.Header.Get(webhook.HeaderTimestamp)+"."+string(body))))
	var q map[string]any
	if err != nil || r.Header.Get(webhook.HeaderSignature) != want || json.Unmarshal(body, &q) != nil || q["id"] != id {
		a.t.Errorf("no question of ours: %s", body)
		return
	}
	a.asked = append(a.asked, q)
	if a.lie != nil {
		status, text := a.lie(id)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
		return
	}
	_, _ = io.WriteString(w, `{"id":"`+id+`","result":"`+a.judge(q)+`"}`)
}

func (a *adapter) judge(q map[string]any) string {
	text := func(name string) string { v, _ := q[name].(string); return v }
	answer := text("passCode")
	if q["vendor"] == "DUO" {
		answer = text("response")
		if a.used[answer] || answer != "AUTH|yes|"+text("challenge") {
			return "refused"
		}
		a.used[answer] = true
		return "accepted"
	}
	switch {
	case a.used[answer]:
		return "replayed"
	case q["vendor"] == "SYMANTEC" && q["action"] == "enroll" && text("nextPassCode") != "next"+answer:
		return "refused"
	case answer == "" || !strings.Contains(" "+a.codes[text("credentialId")]+" ", " "+answer+" "):
		return "refused"
	}
	a.used[answer] = true
	return "accepted"
}

// page is what the vendor's page does with what the frame is made of: it makes
// sure who asks for whom, and answers yes or no.
func (a *adapter) page(login, signature string, yes bool) string {
	a.t.Helper()
	asked, back, ok := strings.Cut(signature, ":")
	parts := strings.Split(asked, "|")
	if !ok || len(parts) != 3 || parts[0] != "TX" || !strings.HasPrefix(back, "APP|") ||
		parts[2] != base64.RawURLEncoding.EncodeToString([]byte(a.mac(parts[0]+"|"+parts[1]))) {
		a.t.Fatalf("the page is given %q", signature)
	}
	plain, err := base64.StdEncoding.DecodeString(parts[1])
	about := strings.Split(string(plain), "|")
	if err != nil || len(about) != 3 || about[0] != login {
		a.t.Fatalf("the page is asked about %q", plain)
	}
	if yes {
		return "AUTH|yes|" + about[1] + ":" + back
	}
	return "AUTH|no|" + about[1] + ":" + back
}

// begin makes it know these passwords alone; lies makes it answer something else.
func (a *adapter) begin(t *testing.T, codes map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.t, a.codes, a.used, a.lie = t, codes, map[string]bool{}, nil
}

func (a *adapter) lies(lie func(id string) (int, string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lie = lie
}

// questions is how often the adapter was asked.
func (a *adapter) questions() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked)
}

// TestVendorTokens: tokens of RSA and Symantec are what the adapter says, and
// nothing without it.
func TestVendorTokens(t *testing.T) {
	ad := newAdapter(t)
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		tokenOrg(t, app, "rsa_token", "symantec_vip")
		ad.begin(t, map[string]string{"ann": "111 112 third-code 114 115", "VSMT123": "221 222"})
		at := tokenUser(app, "ann.token@example.com")
		rsa := func(code string) string {
			return `{"factorType":"token","provider":"RSA","profile":{"credentialId":"ann"},"verify":{"passCode":"` + code + `"}}`
		}
		app.Post(at, `{"factorType":"token","provider":"RSA","profile":{"credentialId":"ann"}}`).Fails(400, "E0000001")
		app.Post(at, rsa("999")).Fails(403, "E0000068")
		made := app.Post(at, rsa("111")).Want(200)
		if made.Text("status") != "ACTIVE" || made.Text("profile.credentialId") != "ann" || made.Text("vendorName") != "RSA" {
			t.Fatalf("%s", made.Body)
		}
		symantec := `{"factorType":"token","provider":"SYMANTEC","profile":{"credentialId":"VSMT123"},"verify":{"passCode":"221","nextPassCode":"`
		app.Post(at, symantec+`"}}`).Fails(400, "E0000001")
		app.Post(at, symantec+`222"}}`).Fails(403, "E0000068")
		app.Post(at, symantec+`next221"}}`).Want(200)
		verify := at + "/" + made.Text("id") + "/verify"
		app.Post(verify, `{"passCode":"111"}`).Fails(403, "E0000082")
		app.Post(verify, `{"passCode":"998"}`).Fails(403, "E0000068", "Your passcode doesn't match our records. Please try again.")
		app.WantEvents(t, []string{"user.authentication.auth_via_mfa SUCCESS"}, func() { app.Post(verify, `{"passCode":"112"}`).Want(200) })

		state := begin(app, "ann.token@example.com")
		prove := func(code string) *apptest.Answer {
			return app.Anonymous().Post("/api/v1/authn/factors/"+made.Text("id")+"/verify", map[string]any{"stateToken": state.Text("stateToken"), "passCode": code})
		}
		prove("997").Fails(403, "E0000068")
		for name, lie := range map[string]func(string) (int, string){
			"it is down":               func(string) (int, string) { return 503, "" },
			"it always says yes":       func(string) (int, string) { return 200, `{"result":"accepted"}` },
			"it says yes to another":   func(id string) (int, string) { return 200, `{"id":"` + id + `x","result":"accepted"}` },
			"it says what it likes":    func(id string) (int, string) { return 200, `{"id":"` + id + `","result":"ACCEPTED"}` },
			"it is a page":             func(string) (int, string) { return 200, `<html>accepted</html>` },
			"it says yes with a fault": func(id string) (int, string) { return 201, `{"id":"` + id + `","result":"accepted"}` },
		} {
			ad.lies(lie)
			if a := prove("third-code"); a.Status != 504 || a.Text("errorCode") != "E0000067" {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
			app.Post(at, rsa("114")).Fails(504, "E0000067")
		}
		ad.lies(nil)
		if a := prove("third-code").Want(200); a.Text("status") != "SUCCESS" {
			t.Errorf("%s", a.Body)
		}
		if !strings.Contains(app.Logs.String(), "the factor webhook does not answer") || strings.Contains(app.Logs.String(), "third-code") {
			t.Errorf("%s", app.Logs)
		}
	}, apptest.Configure(ad.configure))
}

// TestVendorGuesses: guesses at a vendor's token that come at once do not get past
// the five that lock.
func TestVendorGuesses(t *testing.T) {
	ad := newAdapter(t)
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		tokenOrg(t, app, "rsa_token")
		ad.begin(t, map[string]string{"bob": "111 112"})
		at := tokenUser(app, "bob.token@example.com")
		id := app.Post(at, `{"factorType":"token","provider":"RSA","profile":{"credentialId":"bob"},"verify":{"passCode":"111"}}`).Want(200).Text("id")
		before := ad.questions()
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				switch a := app.Post(at+"/"+id+"/verify", `{"passCode":"000"}`); a.Text("errorCode") {
				case "E0000068", "E0000069", "E0000047":
				default:
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		}
		all.Wait()
		for range 6 {
			app.Post(at+"/"+id+"/verify", `{"passCode":"000"}`)
		}
		app.Post(at+"/"+id+"/verify", `{"passCode":"112"}`).Fails(403, "E0000069")
		if n := ad.questions() - before; n != 5 {
			t.Errorf("%d guesses were judged", n)
		}
	}, apptest.Configure(ad.configure))
}

// TestVendorPage: a user enrols and proves what happens on the page of a vendor,
// by what the browser brings back from there.
func TestVendorPage(t *testing.T) {
	ad := newAdapter(t)
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		tokenOrg(t, app, "duo")
		ad.begin(t, nil)
		const login = "ann.page@example.com"
		tokenUser(app, login)
		public := app.Anonymous()
		state := begin(app, login)
		token := state.Text("stateToken")
		if state.Text("status") != "MFA_ENROLL" || state.Text("_embedded.factors.0.provider") != "DUO" {
			t.Fatalf("%s", state.Body)
		}
		public.Post("/api/v1/authn/poll", map[string]any{"stateToken": token}).Fails(403, "E0000079")
		a := public.Post("/api/v1/authn/factors", map[string]any{"stateToken": token, "factorType": "web", "provider": "DUO"}).Want(200)
		const act = "_embedded.factor._embedded.activation."
		complete := a.Text(act + "_links.complete.href")
		if a.Text("status") != "MFA_ENROLL_ACTIVATE" || a.Text("factorResult") != "WAITING" || a.Text(act+"host") != vendorHost || a.Text(act+"factorResult") != "WAITING" ||
			!strings.HasSuffix(complete, "/lifecycle/duoCallback") || a.At("_links.resend") != nil || a.Text("_links.next.name") != "poll" {
			t.Fatalf("%s", a.Body)
		}
		back := func(complete, token, response string) *apptest.Answer {
			return public.Post(path(t, complete), map[string]any{"stateToken": token, "sig_response": response})
		}
		back(complete, token, ad.page(login, a.Text(act+"signature"), false)).Fails(403, "E0000068")
		back(complete, token, "").Fails(400, "E0000001")
		good := ad.page(login, a.Text(act+"signature"), true)
		back(complete, token, strings.Split(good, ":")[0]).Fails(403, "E0000068")
		back(complete, token, good+"x").Fails(403, "E0000068")
		back(complete, "00unknown", good).Fails(401, "E0000011")
		if a := public.Post(path(t, a.Text("_links.next.href")), map[string]any{"stateToken": token}).Want(202); a.Text("factorResult") != "WAITING" {
			t.Fatalf("%s", a.Body)
		}
		app.WantEvents(t, []string{"user.mfa.factor.activate SUCCESS"}, func() { back(complete, token, good).Want(200) })
		back(complete, token, good).Fails(404, "E0000191")
		if a := public.Post("/api/v1/authn/poll", map[string]any{"stateToken": token}).Want(200); a.Text("status") != "SUCCESS" {
			t.Fatalf("%s", a.Body)
		}

		verified(t, app, ad, login)
	}, apptest.Configure(ad.configure))
}

// path is the path of a link.
func path(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Path == "" {
		t.Fatalf("%q is no link", link)
	}
	return u.Path
}

// verified proves the page's factor in sign-ins that want what others have.
func verified(t *testing.T, app *apptest.App, ad *adapter, login string) {
	t.Helper()
	public := app.Anonymous()
	type visit struct{ token, complete, signature, next string }
	visiting := func() visit {
		state := begin(app, login)
		at := path(t, state.Text("_embedded.factors.0._links.verify.href"))
		a := public.Post(at, map[string]any{"stateToken": state.Text("stateToken")}).Want(202)
		const v = "_embedded.factor._embedded.verification."
		if a.Text("status") != "MFA_CHALLENGE" || a.Text(v+"host") != vendorHost || a.Text("_links.next.name") != "poll" || len(a.At("_embedded.policy.factorsPolicyInfo").(map[string]any)) > 0 {
			t.Fatalf("%s", a.Body)
		}
		return visit{state.Text("stateToken"), path(t, a.Text(v+"_links.complete.href")), a.Text(v + "signature"), path(t, a.Text("_links.next.href"))}
	}
	bring := func(v visit, response string) *apptest.Answer {
		// The official page sends a form.
		form := url.Values{"id": {strings.Split(v.complete, "/")[5]}, "stateToken": {v.token}, "sig_response": {response}}
		return public.With("Content-Type", "application/x-www-form-urlencoded").Post(v.complete, form.Encode())
	}
	poll := func(v visit) *apptest.Answer { return public.Post(v.next, map[string]any{"stateToken": v.token}) }
	one, two := visiting(), visiting()
	theirs := ad.page(login, one.signature, true)
	app.WantEvents(t, []string{"user.authentication.auth_via_mfa FAILURE INVALID_CREDENTIALS"}, func() {
		bring(two, theirs).Fails(403, "E0000068") // of another sign-in
	})
	mixed := strings.Split(theirs, ":")[0] + ":" + strings.Split(two.signature, ":")[1]
	bring(two, mixed).Fails(403, "E0000068") // the answer of another sign-in
	if a := poll(two).Want(202); a.Text("status") != "MFA_CHALLENGE" {
		t.Errorf("%s", a.Body)
	}
	bring(one, theirs).Want(200)
	if a := poll(two).Want(202); a.Text("status") != "MFA_CHALLENGE" {
		t.Errorf("%s", a.Body)
	}
	app.WantEvents(t, []string{"user.authentication.auth_via_mfa SUCCESS", "user.session.start SUCCESS"}, func() {
		if a := poll(one).Want(200); a.Text("status") != "SUCCESS" {
			t.Errorf("%s", a.Body)
		}
	})
	late := visiting()
	good := ad.page(login, late.signature, true)
	app.Clock.Advance(4 * time.Minute)
	public.Post("/api/v1/authn", map[string]any{"stateToken": late.token}).Want(200) // the sign-in lives on
	app.Clock.Advance(time.Minute)
	bring(late, good).Fails(404, "E0000191")
	if a := poll(late).Want(200); a.Text("factorResult") != "TIMEOUT" {
		t.Errorf("%s", a.Body)
	}
	a := poll(late).Want(202) // begins anew
	fresh := a.Text("_embedded.factor._embedded.verification.signature")
	if fresh == "" || fresh == late.signature {
		t.Fatalf("%s", a.Body)
	}
	bring(late, ad.page(login, fresh, true)).Want(200)
	poll(late).Want(200)
	factors := "/api/v1/users/" + login + "/factors"
	id := app.Get(factors).Want(200).Text("0.id")
	app.Post(factors+"/"+id+"/verify", nil).Want(501)
	app.Post(factors, `{"factorType":"web","provider":"DUO"}`).Fails(400, "E0000001", "This factor is enrolled and proved while signing in.")
}

// TestNoAdapterNoFactors: without an adapter the factors of vendors are offered
// nowhere, and enrolling one says so.
func TestNoAdapterNoFactors(t *testing.T) {
	app := apptest.New(t)
	tokenOrg(t, app, "rsa_token", "symantec_vip", "duo", "okta_question")
	const login = "ann.none@example.com"
	at := tokenUser(app, login)
	if a := app.Get(at + "/catalog").Want(200); strings.Count(string(a.Body), `"factorType"`) != 1 {
		t.Errorf("%s", a.Body)
	}
	for _, key := range []string{"rsa_token", "symantec_vip", "duo"} {
		if a := app.Get("/api/v1/org/factors/" + key).Want(200); a.Text("status") != "NOT_SETUP" {
			t.Errorf("%s", a.Body)
		}
	}
	state := begin(app, login)
	if strings.Contains(string(state.Body), "RSA") || strings.Contains(string(state.Body), "DUO") {
		t.Errorf("%s", state.Body)
	}
	for _, body := range []string{`"factorType":"token","provider":"RSA"`, `"factorType":"token","provider":"SYMANTEC"`, `"factorType":"web","provider":"DUO"`} {
		rest := `,"profile":{"credentialId":"x"},"passCode":"1","nextPassCode":"2"}`
		app.Post(at, "{"+body+rest).Fails(400, "E0000001", "Factor not enabled.")
		app.Anonymous().Post("/api/v1/authn/factors", `{"stateToken":"`+state.Text("stateToken")+`",`+body+rest).Fails(400, "E0000001", "Factor not enabled.")
	}
}
