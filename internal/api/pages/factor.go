package pages

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
)

// What the buttons of the pages about factors send.
const (
	doProve    = "prove"
	doPoll     = "poll"
	doAgain    = "again"
	doBack     = "back"
	doSkip     = "skip"
	doEnroll   = "enroll"
	doActivate = "activate"
	doChoose   = "choose:" // and the enrolment
	doSetUp    = "set-up:" // and the key of the factor
)

// factorName is how the pages call a factor.
func factorName(k factor.Kind) string {
	names := map[string]string{
		"okta_otp": "Authenticator app", "google_otp": "Google Authenticator", "okta_question": "Security question",
		"okta_sms": "Text message", "okta_call": "Phone call", "okta_email": "Mail", "okta_push": "Confirmation on your phone",
		"yubikey_token": "YubiKey", "rsa_token": "RSA token", "symantec_vip": "Symantec VIP",
		"hotp": "One-time password token", "fido_webauthn": "Security key or biometrics", "fido_u2f": "Security key", "duo": "Duo",
	}
	if n, ok := names[k.Key]; ok {
		return n
	}
	return k.Type
}

// scripted tells whether proving a factor takes a script, which these pages do
// not have: its answers are made from a challenge by the browser.
func scripted(m signin.Method) bool { return m.About.Hosted || m.Sends && !m.Resends && !m.Waits }

// beyond tells that each of these factors takes a script, and what there is to do.
func (p *Pages) beyond(v *visit, methods []signin.Method) error {
	names := namesOf(methods)
	if v.asked() || names == "" {
		return p.unable(v)
	}
	return p.stop(v, http.StatusNotImplemented, messageView{
		Heading: "This page cannot go on",
		Alert:   "You are to confirm with: " + names + ". This page cannot ask for that.",
		Text: []string{
			"Sign in through the application that you want to use, if it asks for your user name and password itself.",
			"Or ask your administrator to let you set up another way, such as codes by an app or a text message.",
		},
	})
}

// namesOf lists what factors are called, each once.
func namesOf(methods []signin.Method) string {
	var out []string
	for _, m := range methods {
		if name := factorName(m.Factor); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// notHere says what is left out of a choice.
const notHere = "Not possible on this page: "

// detail is where something goes to, as far as it is shown.
func detail(profile json.RawMessage) string {
	var shown struct {
		Phone string `json:"phoneNumber"`
		Email string `json:"email"`
		Name  string `json:"name"`
	}
	if json.Unmarshal(profile, &shown) != nil {
		return ""
	}
	return strings.TrimSpace(shown.Phone + shown.Email + shown.Name)
}

// chooseFactor asks which factor to prove. A single one that nothing is sent for
// is asked for at once.
func (p *Pages) chooseFactor(v *visit, s signin.Verify) error {
	view := factorView{carried: v.carried(), Heading: "Confirm that it is you", Text: []string{"Choose how."}}
	var left []signin.Method
	for _, m := range s.Options {
		if scripted(m) {
			left = append(left, m)
			continue
		}
		view.Choices = append(view.Choices, choice{Text: factorName(m.Factor), Detail: detail(m.Profile), Do: doChoose + m.FactorID})
	}
	if len(left) > 0 {
		view.Text = append(view.Text, notHere+namesOf(left)+".")
	}
	switch {
	case len(view.Choices) == 0:
		return p.beyond(v, left)
	case len(s.Options) == 1 && !s.Options[0].Sends:
		return p.challenge(v, signin.Challenge{Method: s.Options[0], Remember: s.Remember})
	}
	return p.ask(v, "factor", view.Heading, view)
}

// challenge asks for the answer to a factor.
func (p *Pages) challenge(v *visit, s signin.Challenge) error {
	view := factorView{
		carried: v.carried(), Heading: factorName(s.Method.Factor), Factor: s.Method.FactorID,
		Remember: s.Remember.Allowed, Remembered: s.Remember.Default,
	}
	switch {
	case scripted(s.Method) && v.tx.Pending == nil:
		return p.beyond(v, []signin.Method{s.Method})
	case scripted(s.Method): // chosen on another page
		view.Remember, view.Text = false, []string{notHere + view.Heading + "."}
	case s.Waiting:
		view.waiting(s.Result)
		if s.View.Number != nil {
			view.Number = strconv.Itoa(*s.View.Number)
			view.Text = append(view.Text, "Choose this number there.")
		}
	default:
		view.Fields = fieldsOf(s.Method.About.Verify, s.Method.Profile)
		view.Buttons = []button{{"Go on", doProve}}
		if to := detail(s.Method.Profile); to != "" {
			view.Text = []string{"A code is on its way to " + to + "."}
		}
		if s.Method.Resends {
			view.Buttons = append(view.Buttons, button{"Send another code", doAgain})
		}
	}
	if v.tx.Pending != nil { // it was chosen, and is not the only one
		view.Buttons = append(view.Buttons, button{"Another way", doBack})
	}
	return p.ask(v, "factor", view.Heading, view)
}

// waiting tells about an answer that comes from elsewhere.
func (f *factorView) waiting(result factor.Result) {
	switch result {
	case factor.Rejected:
		f.Text, f.Buttons = []string{"The request was refused on your phone."}, []button{{"Ask again", doAgain}}
	case factor.Expired, factor.Cancelled:
		f.Text, f.Buttons = []string{"Nobody has answered in time."}, []button{{"Ask again", doAgain}}
	case factor.Waiting, factor.Accepted:
		f.Text, f.Buttons = []string{"Answer the request on your phone, then go on here."}, []button{{"Go on", doPoll}, {"Ask again", doAgain}}
	case factor.Taken:
	}
}

// enroll asks which factor to set up, or for what one begins with.
func (p *Pages) enroll(v *visit, s signin.Enroll) error {
	view := factorView{carried: v.carried(), Heading: "Set up another way to prove that it is you"}
	view.Text = []string{"Your organisation asks for more than a password."}
	var left []signin.Method
	for _, m := range s.Options {
		if m.Enrolled {
			continue
		}
		if scripted(m) {
			left = append(left, m)
			continue
		}
		fields := fieldsOf(m.About.Enroll, nil)
		if v.enrolling == m.Factor.Key && len(fields) > 0 {
			view = factorView{
				carried: v.carried(), Heading: factorName(m.Factor), Factor: m.Factor.Key, Fields: fields,
				Buttons: []button{{"Go on", doEnroll}, {"Another way", doBack}},
			}
			return p.ask(v, "factor", view.Heading, view)
		}
		c := choice{Text: factorName(m.Factor), Do: doSetUp + m.Factor.Key}
		if m.Required {
			c.Detail = "required"
		}
		view.Choices = append(view.Choices, c)
	}
	if len(left) > 0 {
		view.Text = append(view.Text, notHere+namesOf(left)+".")
	}
	if len(view.Choices) == 0 && !s.Skippable {
		return p.beyond(v, left)
	}
	if s.Skippable {
		view.Buttons = []button{{"Not now", doSkip}}
	}
	return p.ask(v, "factor", view.Heading, view)
}

// activate asks for the proof that an enrolment works.
func (p *Pages) activate(v *visit, s signin.Activate) error {
	view := factorView{carried: v.carried(), Heading: factorName(s.Method.Factor), Factor: s.Method.FactorID}
	if s.Ticket != "" {
		view.Picture = "/api/v1/users/" + v.tx.UserID + "/factors/" + s.Method.FactorID + "/qr/" + s.Ticket
		view.Text = []string{"Scan this picture with the app."}
	}
	if s.View.Seed != nil {
		view.Secret = s.View.Seed.Secret
	}
	switch to := detail(s.Method.Profile); {
	case s.Waiting && s.Result != factor.Waiting && s.Result != factor.Accepted:
		view.waiting(s.Result)
	case s.Waiting:
		view.Buttons = []button{{"Go on", doPoll}}
	default:
		fields := s.Method.About.Activate
		if fields == nil {
			fields = s.Method.About.Verify
		}
		view.Fields, view.Buttons = fieldsOf(fields, s.Method.Profile), []button{{"Go on", doActivate}}
		if s.Method.Resends {
			view.Text = append(view.Text, "A code is on its way to "+to+".")
			view.Buttons = append(view.Buttons, button{"Send another code", doAgain})
		}
	}
	view.Buttons = append(view.Buttons, button{"Another way", doBack})
	return p.ask(v, "factor", view.Heading, view)
}

// fieldsOf are the fields that must be filled in. What may be left out is not
// asked for.
func fieldsOf(fields []factor.Field, profile json.RawMessage) []fieldView {
	var out []fieldView
	for _, f := range fields {
		if f.Optional {
			continue
		}
		view := fieldView{Name: f.Name, Label: f.Name, Type: "text", Complete: "off"}
		switch f.Name {
		case factor.FieldPassCode:
			view.Label, view.Complete, view.Mode = "Code", "one-time-code", "numeric"
		case factor.FieldCredentialID:
			view.Label = "What stands on the token, or your name at its maker"
		case "nextPassCode":
			view.Label, view.Complete, view.Mode = "The code after that one", "one-time-code", "numeric"
		case factor.FieldSharedSecret:
			view.Label = "Secret of the token"
		case factor.FieldPhone:
			view.Label, view.Type, view.Complete = "Phone number, with the country code", "tel", "tel"
		case "question":
			view.Label, view.Options = "A question that only you can answer", factor.Questions()
		case "answer":
			var p struct {
				Text string `json:"questionText"`
			}
			if view.Label = "Its answer"; json.Unmarshal(profile, &p) == nil && p.Text != "" {
				view.Label = p.Text
			}
		}
		if f.Secret {
			view.Type = "password"
		}
		out = append(out, view)
	}
	for i := range out {
		if out[i].Options == nil {
			out[i].Focus = true
			break
		}
	}
	return out
}

// submitFactor does what a button on a page about factors says.
func (p *Pages) submitFactor(v *visit, f url.Values) error {
	do, id := f.Get("do"), f.Get("factor")
	answer := map[string]string{}
	for name := range f {
		answer[name] = f.Get(name)
	}
	keep := signin.Remembering{RememberDevice: f.Get("remember") != ""}
	if keep.RememberDevice && v.tx.Device == "" {
		keep.Device = v.NewDevice(p.cfg.Rand)
	}
	if key, ok := strings.CutPrefix(do, doSetUp); ok {
		return p.setUp(v, key, nil)
	}
	if chosen, ok := strings.CutPrefix(do, doChoose); ok {
		return p.apply(v, signin.Choose{FactorID: chosen})
	}
	switch do {
	case doProve:
		return p.apply(v, signin.VerifyFactor{FactorID: id, Answer: answer, Remembering: keep})
	case doPoll:
		return p.apply(v, signin.Poll{Remembering: keep})
	case doAgain:
		return p.apply(v, signin.SendAgain{})
	case doBack:
		return p.apply(v, signin.Previous{})
	case doSkip:
		return p.apply(v, signin.Skip{})
	case doActivate:
		return p.apply(v, signin.ActivateFactor{Fields: answer})
	case doEnroll:
		return p.setUp(v, id, answer)
	}
	return idp.Fail(idp.KindMalformed)
}

// setUp begins an enrolment. One that needs fields asks for them first.
func (p *Pages) setUp(v *visit, key string, answer map[string]string) error {
	v.enrolling = key
	if answer == nil {
		step, _, err := p.cfg.Engine.Next(v.Context(), v.Actor, v.tx)
		if err != nil {
			return p.current(v)
		}
		if s, ok := step.(signin.Enroll); ok {
			for _, m := range s.Options {
				if m.Factor.Key == key && len(fieldsOf(m.About.Enroll, nil)) > 0 {
					return p.step(v, step)
				}
			}
		}
	}
	return p.apply(v, signin.EnrollFactor{Key: key, Fields: answer})
}

// What the pages say about a factor.
const (
	textWrongCode  = "That is not right. Try again."
	textUsedCode   = "This code has been used. Wait for the next one."
	textOtherTime  = "This code is for another time. Check the clock of your device."
	textTooSoon    = "Something was sent a moment ago. Wait a little, then try again."
	textTooOften   = "That was too often. Choose another way."
	textBadPhone   = "This is no phone number that can be reached. Write it with the country code, as in +1 555 0100."
	textIncomplete = "Fill in what is asked for."
)

// factorProblem is what to say about a factor that was not proved or enrolled,
// with the status of the page; zero for another error.
func factorProblem(err error) (int, string) {
	switch idp.KindOf(err) {
	case idp.KindWrongPasscode:
		return http.StatusForbidden, textWrongCode
	case idp.KindPasscodeReplayed:
		return http.StatusForbidden, textUsedCode
	case idp.KindPasscodeWindow:
		return http.StatusForbidden, textOtherTime
	case idp.KindSMSTooSoon, idp.KindCallTooSoon, idp.KindEmailTooSoon:
		return http.StatusTooManyRequests, textTooSoon
	case idp.KindTooManyRequests:
		return http.StatusTooManyRequests, textTooOften
	case idp.KindBadPhone, idp.KindBadExtension:
		return http.StatusBadRequest, textBadPhone
	case idp.KindInvalid:
		e, _ := errors.AsType[*idp.Error](err)
		if e.Object == factor.ObjectEnroll && len(e.Causes) > 0 {
			return http.StatusBadRequest, e.Causes[0].Text + "."
		}
		return http.StatusBadRequest, textIncomplete
	default:
	}
	return 0, ""
}
