package authn_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"usher/internal/apptest"
	device "usher/internal/phone"
	"usher/openapi"
)

// What a transaction can stand at. Two states look different while an answer
// from a phone or from the page of a vendor is awaited, which is shown by a suffix.
const (
	warned         = "PASSWORD_WARN"
	expired        = "PASSWORD_EXPIRED"
	recovering     = "RECOVERY"
	recoveringCode = "RECOVERY_CHALLENGE"
	resetting      = "PASSWORD_RESET"
	enrolling      = "MFA_ENROLL"
	activating     = "MFA_ENROLL_ACTIVATE"
	activatingPush = "MFA_ENROLL_ACTIVATE push"
	required       = "MFA_REQUIRED"
	challenged     = "MFA_CHALLENGE"
	challengedPush = "MFA_CHALLENGE push"
	activatingPage = "MFA_ENROLL_ACTIVATE page"
	challengedPage = "MFA_CHALLENGE page"
	succeeded      = "SUCCESS"
	lockedOut      = "LOCKED_OUT"
)

// states are the columns of pairs.
func states() []string {
	return []string{
		warned, expired, recovering, recoveringCode, resetting, enrolling, activating, activatingPush, required, challenged, challengedPush,
		activatingPage, challengedPage, succeeded, lockedOut,
	}
}

// neverReached are documented states in which no transaction of this protocol
// stands: each begins with the first proof.
func neverReached() []string { return []string{"UNAUTHENTICATED"} }

// pairs tells what every operation, called with what fits it, comes to in every
// state: the state that follows, "same" for the one it was called in, "over" for
// the end of the transaction, "taken" for an answer that was taken, an error code, and "-" for E0000079.
// (management reference: state operations)
func pairs() map[openapi.ID]string {
	return map[openapi.ID]string{
		openapi.Authenticate:               "same same same same same same same same same same same same same E0000011 E0000001",
		openapi.AuthIntrospect:             "same same same same same same same same same same same same same E0000011 E0000011",
		openapi.AuthPrevious:               "- - - - - - MFA_ENROLL MFA_ENROLL - MFA_REQUIRED MFA_REQUIRED MFA_ENROLL MFA_REQUIRED E0000011 E0000011",
		openapi.AuthSkip:                   "SUCCESS - - - - - - - - - - - - E0000011 E0000011",
		openapi.AuthCancel:                 "over over over over over over over over over over over over over E0000011 E0000011",
		openapi.AuthPoll:                   "- - - - - - - same - - same same same E0000011 E0000011",
		openapi.AuthChangePassword:         "SUCCESS MFA_ENROLL - - - - - - - - - - - E0000011 E0000011",
		openapi.AuthResetPassword:          "- - - - MFA_ENROLL - - - - - - - - E0000011 E0000011",
		openapi.AuthRecoverPassword:        "RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE same RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE",
		openapi.AuthUnlockAccount:          "RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE same RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE RECOVERY_CHALLENGE",
		openapi.AuthVerifyRecoveryToken:    "E0000011 E0000011 E0000011 E0000011 E0000011 E0000011 E0000011 E0000011 E0000011 E0000011 E0000011 E0000011 E0000011 E0000011 E0000011",
		openapi.AuthAnswerRecoveryQuestion: "- - PASSWORD_RESET - - - - - - - - - - E0000011 E0000011",
		openapi.AuthVerifyRecoveryFactor:   "- - - RECOVERY - - - - - - - - - E0000011 E0000011",
		openapi.AuthResendRecoveryFactor:   "- - - same - - - - - - - - - E0000011 E0000011",
		openapi.EnrollFactor:               "- - - - - SUCCESS - - - - - - - E0000011 E0000011",
		openapi.AuthActivateFactor:         "- - - - - - SUCCESS same - - - same - E0000011 E0000011",
		openapi.AuthPollFactorActivation:   "- - - - - - - same - - - same - E0000011 E0000011",
		openapi.AuthSendActivationEmail:    "- - - - - - - same - - - - - E0000011 E0000011",
		openapi.AuthSendActivationSms:      "- - - - - - - same - - - - - E0000011 E0000011",
		openapi.AuthResendFactorActivation: "- - - - - - same - - - - - - E0000011 E0000011",
		openapi.AuthDuoCallback:            "- - - - - - - - - - - taken taken E0000011 E0000011",
		openapi.AuthVerifyFactor:           "- - - - - - - - MFA_CHALLENGE SUCCESS same - same E0000011 E0000011",
		openapi.AuthResendFactorChallenge:  "- - - - - - - - - same same - same E0000011 E0000011",
	}
}

// stated is an organisation in which every state can be reached.
type stated struct {
	*apptest.App
	t     *testing.T
	phone *device.Phone
	page  *adapter
	count int
}

// standing is a transaction in a state, with what its user would know.
type standing struct {
	state, token, login, userID, factorID, number string
	response                                      string // of the page of a vendor
}

const (
	newPassword = "Proper-Mule-8-Engine"
	firstAnswer = "Annie Oakley"
)

func newStated(t *testing.T) *stated {
	t.Helper()
	page := newAdapter(t)
	app := apptest.New(t, apptest.Configure(page.configure))
	w := &stated{App: app, t: t, phone: app.Phone(), page: page}
	for _, name := range []string{"careful", "warned"} {
		w.Post("/api/v1/groups", map[string]any{"profile": map[string]any{"name": name}}).Want(200)
	}
	add := func(kind, group, settings, rule string) {
		id := w.Post("/api/v1/policies", `{"type":"`+kind+`","name":"`+kind+` `+group+`","settings":{`+settings+`},
			"conditions":{"people":{"groups":{"include":["`+w.group(group)+`"]}}}}`).Want(200).Text("id")
		w.Post("/api/v1/policies/"+id+"/rules", rule).Want(200)
	}
	const self = `{"enroll":{"self":"OPTIONAL"}}`
	add("MFA_ENROLL", "careful", `"factors":{"okta_sms":`+self+`,"okta_push":`+self+`,"duo":`+self+`,"okta_question":`+self+`}`,
		`{"type":"MFA_ENROLL","name":"asked","actions":{"enroll":{"self":"CHALLENGE"}}}`)
	add("OKTA_SIGN_ON", "careful", ``,
		`{"type":"SIGN_ON","name":"always","actions":{"signon":{"access":"ALLOW","requireFactor":true,"factorPromptMode":"ALWAYS","session":{}}}}`)
	const recovery = `"recovery":{"factors":{"okta_email":{"status":"ACTIVE"},"okta_sms":{"status":"ACTIVE"},"recovery_question":{"status":"ACTIVE"}}}`
	const open = `{"type":"PASSWORD","name":"open","actions":{"passwordChange":{"access":"ALLOW"},"selfServicePasswordReset":{"access":"ALLOW"},"selfServiceUnlock":{"access":"ALLOW"}}}`
	add("PASSWORD", "careful", `"password":{"lockout":{"maxAttempts":3,"showLockoutFailures":true}},`+recovery, open)
	add("PASSWORD", "warned", `"password":{"age":{"maxAgeDays":5,"expireWarnDays":5}},`+recovery, open)
	return w
}

func (w *stated) group(name string) string {
	return w.Get("/api/v1/groups?q=" + name).Want(200).Text("0.id")
}

// admin is the administrator in the present test.
func (w *stated) admin() *apptest.Client { return w.On(w.t) }

// call posts to the protocol as a public client.
func (w *stated) call(path string, body any) *apptest.Answer {
	w.t.Helper()
	return w.Anonymous().On(w.t).Post("/api/v1/authn"+path, body)
}

// user makes a user of a group.
func (w *stated) user(group, query string) *standing {
	w.t.Helper()
	w.count++
	s := &standing{login: fmt.Sprintf("person%d@example.com", w.count), number: fmt.Sprintf("+1555010%04d", w.count), factorID: "ost1none"}
	s.userID = w.admin().Post("/api/v1/users?activate=true"+query, map[string]any{
		"profile": map[string]any{"firstName": "Ann", "lastName": "Example", "email": s.login, "login": s.login},
		"credentials": map[string]any{
			"password":          map[string]any{"value": apptest.Password},
			"recovery_question": map[string]any{"question": "Who was first?", "answer": firstAnswer},
		},
		"groupIds": []string{w.group(group)},
	}).Want(200).Text("id")
	return s
}

// holds gives the user a factor that is ready.
func (w *stated) holds(s *standing, kind string) {
	w.t.Helper()
	at := "/api/v1/users/" + s.userID + "/factors"
	if kind == "push" {
		made := w.admin().Post(at, `{"factorType":"push","provider":"OKTA"}`).Want(200)
		if _, err := w.phone.Scan(w.t.Context(), made.Text("_embedded.activation._links.qrcode.href")); err != nil {
			w.t.Fatal(err)
		}
		s.factorID = made.Text("id")
		return
	}
	s.factorID = w.admin().Post(at+"?activate=true", `{"factorType":"sms","provider":"OKTA","profile":{"phoneNumber":"`+s.number+`"}}`).Want(200).Text("id")
}

// stand brings a new user to a state, by what users and administrators do.
func (w *stated) stand(state string) *standing {
	w.t.Helper()
	query, group := "", "careful"
	switch state {
	case warned:
		group = "warned"
	case expired:
		query = "&nextLogin=changePassword"
	}
	s := w.user(group, query)
	s.state = state
	if strings.HasPrefix(state, "MFA_") || state == succeeded {
		w.further(s)
	} else {
		w.before(s)
	}
	w.Clock.Advance(31 * time.Second) // so that codes may be sent again
	if state != succeeded && state != lockedOut {
		if got := w.call("/introspect", map[string]any{"stateToken": s.token}).Want(200).Text("status"); got != bare(state) {
			w.t.Fatalf("%s, want %s", got, state)
		}
	}
	return s
}

// bare is the word of a state alone.
func bare(state string) string {
	name, _, _ := strings.Cut(state, " ")
	return name
}

// before reaches the states that come before a further factor.
func (w *stated) before(s *standing) {
	w.t.Helper()
	primary := map[string]any{"username": s.login, "password": apptest.Password, "options": map[string]any{"warnBeforePasswordExpired": true}}
	switch s.state {
	case warned, expired:
		s.token = w.call("", primary).Want(200).Text("stateToken")
	case lockedOut:
		primary["password"] = "wrong"
		for range 3 {
			w.call("", primary)
		}
		if got := w.call("", primary).Want(200).Text("status"); got != lockedOut {
			w.t.Fatal(got)
		}
	case recoveringCode:
		w.holds(s, "sms")
		s.token = w.call("/recovery/password", map[string]any{"username": s.login, "factorType": "SMS"}).Want(200).Text("stateToken")
	case recovering, resetting:
		w.call("/recovery/password", map[string]any{"username": s.login, "factorType": "EMAIL"}).Want(200)
		token := w.Messages(w.t, s.login)[0].Data["token"]
		s.token = w.call("/recovery/token", map[string]any{"recoveryToken": token}).Want(200).Text("stateToken")
		if s.state == resetting {
			w.call("/recovery/answer", map[string]any{"stateToken": s.token, "answer": firstAnswer}).Want(200)
		}
	default:
		w.t.Fatalf("nothing leads to %s", s.state)
	}
}

// further reaches the states of further factors.
func (w *stated) further(s *standing) {
	w.t.Helper()
	kind := "sms"
	if strings.HasSuffix(s.state, " push") {
		kind = "push"
	}
	if strings.HasSuffix(s.state, " page") {
		w.visits(s)
		return
	}
	if s.state == required || bare(s.state) == challenged {
		w.holds(s, kind)
	}
	s.token = w.call("", map[string]any{"username": s.login, "password": apptest.Password}).Want(200).Text("stateToken")
	body := map[string]any{"stateToken": s.token, "factorType": kind, "provider": "OKTA"}
	switch bare(s.state) {
	case enrolling, required:
	case activating:
		if kind == "sms" {
			body["profile"] = map[string]any{"phoneNumber": s.number}
		}
		s.factorID = w.call("/factors", body).Want(200).Text("_embedded.factor.id")
	case challenged:
		if got := w.call("/factors/"+s.factorID+"/verify", body).Text("status"); got != challenged {
			w.t.Fatal(got)
		}
	case succeeded:
		w.call("/factors", s.question()).Want(200)
	default:
		w.t.Fatalf("nothing leads to %s", s.state)
	}
}

// visits reaches the states in which the page of a vendor is shown.
func (w *stated) visits(s *standing) {
	w.t.Helper()
	s.token = w.call("", map[string]any{"username": s.login, "password": apptest.Password}).Want(200).Text("stateToken")
	a := w.call("/factors", map[string]any{"stateToken": s.token, "factorType": "web", "provider": "DUO"}).Want(200)
	s.factorID = a.Text("_embedded.factor.id")
	s.response = w.page.page(s.login, a.Text("_embedded.factor._embedded.activation.signature"), true)
	if s.state == activatingPage {
		return
	}
	w.call("/factors/"+s.factorID+"/lifecycle/duoCallback", map[string]any{"stateToken": s.token, "sig_response": s.response}).Want(200)
	w.call("/poll", map[string]any{"stateToken": s.token}).Want(200)
	s.token = w.call("", map[string]any{"username": s.login, "password": apptest.Password}).Want(200).Text("stateToken")
	a = w.call("/factors/"+s.factorID+"/verify", map[string]any{"stateToken": s.token}).Want(202)
	s.response = w.page.page(s.login, a.Text("_embedded.factor._embedded.verification.signature"), true)
}

// question is the body that enrols a factor which needs no proof.
func (s *standing) question() map[string]any {
	return map[string]any{
		"stateToken": s.token, "factorType": "question", "provider": "OKTA",
		"profile": map[string]any{"question": "disliked_food", "answer": "mashed potatoes"},
	}
}

// path is the address of an operation in the transaction.
func (s *standing) path(o openapi.Operation) string {
	path := strings.NewReplacer("{factorId}", s.factorID, "{factorType}", "SMS").Replace(o.Path)
	return strings.TrimPrefix(path, "/api/v1/authn")
}

// fitting is a body with which an operation succeeds where it may.
func (w *stated) fitting(s *standing, o openapi.Operation) map[string]any {
	w.t.Helper()
	code := "123456"
	if strings.HasSuffix(s.state, "CHALLENGE") || s.state == activating {
		code = w.Code(w.t, s.number)
	}
	body := map[string]any{"stateToken": s.token}
	switch o.ID {
	case openapi.AuthChangePassword:
		body["oldPassword"], body["newPassword"] = apptest.Password, newPassword
	case openapi.AuthResetPassword:
		body["newPassword"] = newPassword
	case openapi.AuthRecoverPassword, openapi.AuthUnlockAccount:
		body["username"], body["factorType"] = s.login, "EMAIL"
	case openapi.AuthVerifyRecoveryToken:
		body["recoveryToken"] = "unknown"
	case openapi.AuthAnswerRecoveryQuestion:
		body["answer"] = firstAnswer
	case openapi.AuthVerifyRecoveryFactor, openapi.AuthVerifyFactor, openapi.AuthActivateFactor:
		if s.state != required { // where none was sent yet
			body["passCode"] = code
		}
	case openapi.EnrollFactor:
		return s.question()
	case openapi.AuthSendActivationSms:
		body["profile"] = map[string]any{"phoneNumber": s.number}
	case openapi.AuthDuoCallback:
		body["sig_response"] = s.response
	default: // the state token is all
	}
	return body
}

// outcome is what an answer comes to, in the words of pairs.
func outcome(s *standing, o openapi.Operation, a *apptest.Answer) string {
	code, status := a.Text("errorCode"), a.Text("status")
	switch {
	case code == "E0000079" && a.Status == http.StatusForbidden:
		return "-"
	case code != "":
		return code
	case status == "" && o.ID == openapi.AuthDuoCallback:
		return "taken"
	case status == "":
		return "over"
	case status == bare(s.state):
		return "same"
	}
	return status
}

// operations are those of the protocol.
func operations() []openapi.Operation {
	return slices.DeleteFunc(slices.Clone(openapi.Operations()), func(o openapi.Operation) bool { return o.Document != openapi.DocumentAuthn })
}

// TestEveryStateAndOperation walks every pair of a state and an operation: the
// documented answer, else E0000079, which leaves the transaction where it was.
func TestEveryStateAndOperation(t *testing.T) {
	w := newStated(t)
	for _, o := range operations() {
		t.Run(string(o.ID), func(t *testing.T) {
			w.t = t
			row, ok := pairs()[o.ID]
			want := strings.Fields(row)
			if !ok || len(want) != len(states()) {
				t.Fatalf("%d outcomes are listed, there are %d states", len(want), len(states()))
			}
			var got []string
			for i, state := range states() {
				s := w.stand(state)
				a := w.call(s.path(o), w.fitting(s, o))
				got = append(got, outcome(s, o, a))
				if got[i] != want[i] {
					t.Errorf("in %s: %s, want %s: %d %s", state, got[i], want[i], a.Status, a.Body)
				}
				if got[i] == "-" {
					if now := w.call("/introspect", map[string]any{"stateToken": s.token}).Want(200).Text("status"); now != bare(state) {
						t.Errorf("a refused operation has moved %s to %s", state, now)
					}
				}
			}
			if t.Failed() {
				t.Logf("openapi.%s: %q", o.ID, strings.Join(got, " "))
			}
		})
	}
}

// TestEveryStateIsWalked: a state that the document names is a column of the
// table, or known not to be reached.
func TestEveryStateIsWalked(t *testing.T) {
	text, err := openapi.Document(openapi.DocumentAuthn)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	known := neverReached()
	for _, s := range states() {
		known = append(known, bare(s))
	}
	listed := doc.Components.Schemas["TransactionState"].Value.Enum
	for _, v := range listed {
		if name, _ := v.(string); !slices.Contains(known, name) {
			t.Errorf("%s is not walked", name)
		}
	}
	for _, name := range known {
		if !slices.Contains(listed, any(name)) {
			t.Errorf("%s is not documented", name)
		}
	}
}

// TestBrokenBodiesInEveryState: whatever an operation is sent in whatever state,
// the answer is one of the protocol.
func TestBrokenBodiesInEveryState(t *testing.T) {
	w := newStated(t)
	bodies := []string{
		`{"stateToken":%s}`,
		`{"stateToken":%s,"passCode":7,"answer":{},"profile":[],"newPassword":[],"oldPassword":1,"username":{},"factorType":null,"provider":true,"recoveryToken":[]}`,
		`{"stateToken":%s,"passCode":"","answer":"","profile":{"phoneNumber":"x","question":7},"newPassword":"","oldPassword":"","username":"","factorType":"x","provider":"x"}`,
		`{"stateToken":%s,"passCode":"` + strings.Repeat("9", 5000) + `","answer":"` + strings.Repeat("a", 5000) + `","newPassword":"` + strings.Repeat("a", 5000) + `","oldPassword":"x","factorType":"sms","provider":"OKTA"}`,
		`[%s]`,
		`{"stateToken":%s`,
	}
	for _, state := range states() {
		t.Run(state, func(t *testing.T) {
			w.t = t
			s := w.stand(state)
			for _, o := range operations() {
				for _, body := range bodies {
					token, err := json.Marshal(s.token)
					if err != nil {
						t.Fatal(err)
					}
					a := w.call(s.path(o), fmt.Sprintf(body, token))
					if a.Status >= 500 && a.Status != http.StatusNotImplemented {
						t.Errorf("%s %.80s: %d %s", o.ID, body, a.Status, a.Body)
					}
					if now := w.call("/introspect", map[string]any{"stateToken": s.token}); now.Status != 200 || now.Text("status") != bare(state) {
						s = w.stand(state)
					}
				}
			}
		})
	}
}
