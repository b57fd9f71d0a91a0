package authn

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/openapi"
)

func (a *API) mountFactors(r *httpkit.Router) {
	r.Op(openapi.EnrollFactor, a.enroll)
	r.Op(openapi.AuthActivateFactor, a.activateFactor)
	r.Op(openapi.AuthPollFactorActivation, a.pollActivation)
	r.Op(openapi.AuthResendFactorActivation, a.resendActivation)
	r.Op(openapi.AuthSendActivationEmail, func(r *httpkit.Request) error { return a.sendLink(r, factor.LinkByMail) })
	r.Op(openapi.AuthSendActivationSms, func(r *httpkit.Request) error { return a.sendLink(r, factor.LinkByText) })
	r.Op(openapi.AuthVerifyFactor, a.verify)
	r.Op(openapi.AuthResendFactorChallenge, a.resendChallenge)
	r.Op(openapi.AuthPoll, a.poll)
	r.Op(openapi.AuthDuoCallback, a.duoCallback)
}

// factorRequest is the body of the operations on factors: what names the
// transaction, and the fields that the factor's method declares, whatever they
// are. (spec: authn EnrollFactorRequest, ActivateFactorRequest,
// AuthVerifyFactorRequest)
type factorRequest struct {
	stateToken, factorType, provider string
	fields                           map[string]string
}

// maxFields bounds the members of a body.
const maxFields = 50

// decodeFactor reads a body. The members of profile count as fields of their own;
// what is neither text nor a number, as some clients write codes, is left aside.
func decodeFactor(r *httpkit.Request) (*factorRequest, error) {
	var body map[string]json.RawMessage
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	var profile map[string]json.RawMessage
	if json.Unmarshal(body["profile"], &profile) != nil {
		profile = nil
	}
	if len(body)+len(profile) > maxFields {
		return nil, idp.Fail(idp.KindMalformed)
	}
	out := &factorRequest{fields: map[string]string{}}
	for _, members := range []map[string]json.RawMessage{body, profile} {
		for name, raw := range members {
			var text httpkit.Text
			if string(raw) != "null" && json.Unmarshal(raw, &text) == nil {
				out.fields[name] = string(text)
			}
		}
	}
	take := func(name string) string {
		var text string
		if json.Unmarshal(body[name], &text) != nil {
			text = ""
		}
		delete(out.fields, name)
		return text
	}
	out.stateToken, out.factorType, out.provider = take("stateToken"), take("factorType"), take("provider")
	return out, nil
}

// enroll begins the enrolment of a factor. (spec: authn#enrollFactor)
func (a *API) enroll(r *httpkit.Request) error {
	body, err := decodeFactor(r)
	if err != nil {
		return err
	}
	replace, err := r.Bool("updatePhone", false)
	if err != nil {
		return err
	}
	t, err := a.load(r, body.stateToken)
	if err != nil {
		return err
	}
	switch {
	case body.factorType == "":
		return blank("factorType")
	case body.provider == "":
		return blank("provider")
	}
	k, ok := factor.KindOf(body.factorType, body.provider)
	if !ok {
		return factor.RefuseEnroll("Invalid Provider.")
	}
	return a.apply(r, t, signin.EnrollFactor{Key: k.Key, Fields: body.fields, Replace: replace})
}

// atFactor reads a body, loads its transaction and finds where it stands.
func (a *API) atFactor(r *httpkit.Request) (*factorRequest, *signin.Transaction, signin.Step, error) {
	body, err := decodeFactor(r)
	if err != nil {
		return nil, nil, nil, err
	}
	t, err := a.load(r, body.stateToken)
	if err != nil {
		return nil, nil, nil, err
	}
	step, _, err := a.Engine.Next(r.Context(), r.Actor, t)
	return body, t, step, err
}

// activateFactor ends an enrolment by its first answer. For one that is answered
// elsewhere it tells what has become of it, and begins again what has come to
// nothing. (spec: authn#authActivateFactor)
func (a *API) activateFactor(r *httpkit.Request) error {
	body, t, step, err := a.atFactor(r)
	if err != nil {
		return err
	}
	id := r.Param("factorId")
	s, ok := step.(signin.Activate)
	switch {
	case !ok || s.Method.FactorID != id:
		return stateError(idp.Fail(idp.KindTransactionState))
	case !s.Waiting:
		return a.apply(r, t, signin.ActivateFactor{FactorID: id, Fields: body.fields})
	case over(s.Result) && t.Notes[noteTold] == s.ID:
		return a.apply(r, t, signin.SendAgain{FactorID: id})
	}
	return a.look(r, t, s.ID, s.Result, signin.Poll{FactorID: id})
}

// pollActivation tells what has become of an enrolment that is answered
// elsewhere. (spec: authn#authPollFactorActivation)
func (a *API) pollActivation(r *httpkit.Request) error {
	_, t, step, err := a.atFactor(r)
	if err != nil {
		return err
	}
	s, ok := step.(signin.Activate)
	if !ok || !s.Waiting || s.Method.FactorID != r.Param("factorId") {
		return stateError(idp.Fail(idp.KindTransactionState))
	}
	return a.look(r, t, s.ID, s.Result, signin.Poll{FactorID: s.Method.FactorID})
}

// sendLink sends a link that activates a factor on a device.
// (spec: authn#authSendActivationEmail, authn#authSendActivationSms)
func (a *API) sendLink(r *httpkit.Request, way factor.LinkWay) error {
	body, err := decodeFactor(r)
	if err != nil {
		return err
	}
	t, err := a.load(r, body.stateToken)
	if err != nil {
		return err
	}
	return a.apply(r, t, signin.SendLink{FactorID: r.Param("factorId"), Way: way, Phone: body.fields[factor.FieldPhone]})
}

// verify proves a factor: it sends what has to be sent, takes the answer, or
// looks whether one has come from elsewhere. (spec: authn#authVerifyFactor)
func (a *API) verify(r *httpkit.Request) error {
	keep, err := r.Bool("rememberDevice", false)
	if err != nil {
		return err
	}
	auto, err := autoPush(r)
	if err != nil {
		return err
	}
	body, t, step, err := a.atFactor(r)
	if err != nil {
		return err
	}
	id := r.Param("factorId")
	switch s := step.(type) {
	case signin.Verify:
		switch m, ok := meant(s.Options, id); {
		case ok && m.Sends && m.Resends && !m.Waits && body.answers(m):
			// No code is right before one was sent, and none is sent for it.
			return idp.Fail(idp.KindWrongPasscode, factor.TextWrong)
		case ok && m.Sends:
			return a.choose(r, t, m, auto)
		}
	case signin.Challenge:
		m, ok := meant([]signin.Method{s.Method}, id)
		switch {
		case !ok:
			return stateError(idp.Fail(idp.KindTransactionState))
		case s.Waiting && over(s.Result) && t.Notes[noteTold] == s.ID:
			return a.applyWaiting(r, t, signin.Choose{FactorID: id, Auto: auto})
		case s.Waiting:
			about := a.remembering(r, t, keep)
			about.Auto = auto
			return a.look(r, t, s.ID, s.Result, signin.Poll{FactorID: id, Remembering: about})
		case m.Sends && !m.Resends && !body.answers(m):
			// A page that was loaded again asks for the options again.
			return a.choose(r, t, m, auto)
		case m.Sends && m.Resends && !body.names(m):
			return a.apply(r, t, signin.SendAgain{FactorID: m.FactorID})
		}
		id = m.FactorID
	case signin.Activate, signin.ChangePassword, signin.Consent, signin.Denied, signin.Done, signin.Enroll, signin.EnrollProfile,
		signin.Identify, signin.Locked, signin.Recover, signin.Unlock:
		return stateError(idp.Fail(idp.KindTransactionState))
	}
	return a.apply(r, t, signin.VerifyFactor{FactorID: id, Answer: body.fields, Remembering: a.remembering(r, t, keep)})
}

// autoPush is what the caller says about being asked without choosing, nil for
// nothing. (management reference: factors inside a transaction)
func autoPush(r *httpkit.Request) (*bool, error) {
	if !r.Q().Has("autoPush") {
		return nil, nil
	}
	on, err := r.Bool("autoPush", false)
	return &on, err
}

// meant finds the factor that the address of a proof names: one by its
// identifier, or any by the type of which the user may have several.
// (management reference: factors inside a transaction)
func meant(options []signin.Method, id string) (signin.Method, bool) {
	for _, m := range options {
		if m.FactorID == id || m.About.Several && m.Factor.Type == id {
			return m, true
		}
	}
	return signin.Method{}, false
}

// answers tells whether a body has any field of an answer.
func (b *factorRequest) answers(m signin.Method) bool {
	return slices.ContainsFunc(m.About.Verify, func(f factor.Field) bool { return b.fields[f.Name] != "" })
}

// names tells whether a body has a member of an answer, be it empty: without any
// it asks for what was sent to be sent again. (spec: authn#authVerifyFactor)
func (b *factorRequest) names(m signin.Method) bool {
	return slices.ContainsFunc(m.About.Verify, func(f factor.Field) bool { _, ok := b.fields[f.Name]; return ok })
}

// noteType is where a transaction remembers that its challenge was asked for by
// the type of factor.
const noteType = "authn.type"

// choose begins the proof of a factor, and remembers how the client named it:
// the answer is in the same form.
func (a *API) choose(r *httpkit.Request, t *signin.Transaction, m signin.Method, auto *bool) error {
	form := ""
	if id := r.Param("factorId"); id != m.FactorID {
		form = id
	}
	if t.Notes[noteType] != form {
		if err := a.Engine.Note(r.Context(), r.Actor, t, noteType, form); err != nil {
			return err
		}
	}
	return a.applyWaiting(r, t, signin.Choose{FactorID: m.FactorID, Auto: auto})
}

// over tells whether a challenge has come to nothing.
func over(result factor.Result) bool {
	return result == factor.Rejected || result == factor.Expired || result == factor.Cancelled
}

// noteTold is where a transaction remembers of which challenge its client was
// told that it has come to nothing: clients poll at the address at which the
// next call after that begins another.
const noteTold = "authn.told"

// look answers with what has become of a challenge that is answered elsewhere.
func (a *API) look(r *httpkit.Request, t *signin.Transaction, id string, result factor.Result, poll signin.Poll) error {
	if over(result) {
		if err := a.Engine.Note(r.Context(), r.Actor, t, noteTold, id); err != nil {
			return err
		}
	}
	return a.applyWaiting(r, t, poll)
}

// resendActivation sends again what ends an enrolment. An enrolment that is
// answered elsewhere sends its link by addresses of its own.
// (spec: authn#authResendFactorActivation)
func (a *API) resendActivation(r *httpkit.Request) error {
	return a.resend(r, func(_ *signin.Transaction, step signin.Step) bool {
		s, ok := step.(signin.Activate)
		return ok && !s.Waiting
	})
}

// resendChallenge sends again what was sent for the factor that is proved.
// (spec: authn#authResendFactorChallenge)
func (a *API) resendChallenge(r *httpkit.Request) error {
	return a.resend(r, func(t *signin.Transaction, step signin.Step) bool {
		_, ok := step.(signin.Challenge)
		return ok && !t.Recovering()
	})
}

// resend sends again what was sent for a factor, in the states in which that fits.
func (a *API) resend(r *httpkit.Request, fits func(*signin.Transaction, signin.Step) bool) error {
	_, t, step, err := a.atFactor(r)
	if err != nil {
		return err
	}
	if !fits(t, step) {
		return stateError(idp.Fail(idp.KindTransactionState))
	}
	return a.apply(r, t, signin.SendAgain{FactorID: r.Param("factorId")})
}

// applyWaiting is apply for an operation that is answered with Accepted while
// the answer from elsewhere is missing. (spec: authn#authVerifyFactor)
func (a *API) applyWaiting(r *httpkit.Request, t *signin.Transaction, actions ...signin.Action) error {
	step, err := a.Engine.Apply(r.Context(), r.Actor, t, actions...)
	if err != nil {
		return stateError(err)
	}
	status := http.StatusOK
	if result, _ := resultOf(step); result == resultWaiting {
		status = http.StatusAccepted
	}
	return a.answerWith(r, t, step, status)
}

// device is what the caller's device is known by, empty when it is not: the token
// that an application tells which has proved itself, else what the browser keeps.
// (management reference: primary authentication, device token)
func (a *API) device(r *httpkit.Request) string {
	if !r.Actor.Admin() {
		return r.Cookie(httpkit.CookieDevice)
	}
	return r.Actor.Client.Device
}

// remembering is what to do about the device. A browser that is not known gets
// the cookie by which it will be.
func (a *API) remembering(r *httpkit.Request, t *signin.Transaction, keep bool) signin.Remembering {
	if !keep || t.Device != "" {
		return signin.Remembering{RememberDevice: keep}
	}
	name := a.device(r)
	if name == "" && !r.Actor.Admin() {
		name = r.NewDevice(a.Rand)
	}
	return signin.Remembering{RememberDevice: true, Device: strings.TrimSpace(name)}
}
