package idx

import (
	"net/http"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
)

// stepRecover is the step of everything in a recovery before its end.
// (idx reference: step and intent)
const stepRecover = "RECOVER"

// Fields of the recovery question.
const (
	fieldQuestionKey = "questionKey"
	fieldAnswer      = "answer"
)

// questionCustom is the key of questions that users write themselves.
// (idx reference: contextualData)
const questionCustom = "custom"

// recoverActions begins the recovery of the password. It may be done again.
// (spec: idx#idxRecover; idx reference: actions)
func (a *API) recoverActions(c *call) ([]signin.Action, error) {
	return a.selfService(c, signin.StartRecovery{}, problem{
		status: http.StatusForbidden, key: "oie.selfservice.reset.password.not.allowed",
		text: "Reset password is not allowed at this time. Please contact support for assistance.", terminal: true,
	})
}

// unlockActions begins the unlocking of an account. (spec: idx#idxUnlockAccount)
func (a *API) unlockActions(c *call) ([]signin.Action, error) {
	list, err := a.selfService(c, signin.StartUnlock{}, problem{
		status: http.StatusForbidden, key: "oie.selfservice.user.unlock.not.allowed",
		text: "Unlock account is not allowed at this time. Please contact support for assistance.", terminal: true,
	})
	if err == nil && c.body.Identifier != "" {
		list = append(list, signin.GiveLogin{Login: c.body.Identifier})
	}
	return list, err
}

// selfService begins something that the organisation lets at least some users
// do alone, else refuses it.
func (a *API) selfService(c *call, act signin.Action, refusal problem) ([]signin.Action, error) {
	o, err := a.Engine.Offered(c.Context(), c.Actor)
	if err != nil {
		return nil, err
	}
	open := o.Reset
	if _, unlock := act.(signin.StartUnlock); unlock {
		open = o.Unlock
	}
	if !open || !o.Email {
		return nil, refusal
	}
	return []signin.Action{act}, nil
}

// byEmail keeps of the ways of a recovery the one that this protocol has forms
// for.
func byEmail(options []signin.Method) (signin.Method, bool) {
	for _, m := range options {
		if m.Kind == signin.ByEmail {
			return m, true
		}
	}
	return signin.Method{}, false
}

// ways are the ways that a recovery offers, empty at any other step.
func ways(step signin.Step) (options []signin.Method, recovery, unlock bool) {
	switch s := step.(type) {
	case signin.Recover:
		return s.Options, true, false
	case signin.Unlock:
		return s.Options, true, true
	case signin.Activate, signin.Challenge, signin.ChangePassword, signin.Consent, signin.Denied, signin.Done, signin.Enroll,
		signin.EnrollProfile, signin.Identify, signin.Locked, signin.Verify:
	}
	return nil, false, false
}

// recovering fills in what a step of a recovery shows besides its forms.
func (v *view) recovering(out *envelope, step signin.Step) {
	out.Step = stepRecover
	password := offered(signin.Method{Kind: factor.Password, ID: factor.AuthenticatorID(v.r.Org.ID, factor.Password)})
	if v.tx.Intent == signin.IntentRecover {
		out.RecoveryAuthenticator = one(password)
	}
	if c, ok := step.(signin.Challenge); ok {
		mail := v.mail(c.Method)
		again := v.form("resend", "/challenge/resend")
		mail.Resend = &again
		out.CurrentEnrollment = one(mail)
		out.Authenticators, out.AuthenticatorEnrollment = list([]authenticator{offered(c.Method)}), list([]authenticator{v.mail(c.Method)})
		return
	}
	options, asks, _ := ways(step)
	if m, ok := byEmail(options); ok {
		out.Authenticators, out.AuthenticatorEnrollment = list([]authenticator{offered(m)}), list([]authenticator{v.mail(m)})
		if v.tx.Intent == signin.IntentRecover {
			out.CurrentEnrollment = one(v.mail(m))
		}
		return
	}
	if u := v.subject.User; asks && u != nil && u.RecoveryQuestion != "" {
		q := offered(v.question())
		out.Authenticators = list([]authenticator{q})
		q.Profile = map[string]string{fieldQuestionKey: questionCustom, "question": u.RecoveryQuestion}
		out.CurrentEnrollment, out.AuthenticatorEnrollment = one(q), list([]authenticator{q})
	}
}

// mail is the address of the user, of which nothing is shown before it is
// proved. (idx reference: authenticator and enrolment)
func (v *view) mail(m signin.Method) authenticator {
	e := offered(m)
	e.ID = ""
	return e
}

// question is the recovery question as a method.
func (v *view) question() signin.Method {
	return signin.Method{Kind: signin.RecoveryQuestion, ID: factor.AuthenticatorID(v.r.Org.ID, signin.RecoveryQuestion)}
}

// unlocked is the end of unlocking.
func unlocked() *messages {
	return list([]message{{
		Message: "Account successfully unlocked!", I18n: i18n{Key: "oie.selfservice.unlock_user.success.message"}, Class: classInfo,
	}})
}

// answerRecovery is the action that answers a step of a recovery.
func answerRecovery(c *call, step signin.Step) (signin.Action, error) {
	if _, waits := step.(signin.Challenge); waits {
		if c.body.Credentials.Passcode == "" {
			return nil, required(fieldPasscode)
		}
		return signin.GiveCode{Code: string(c.body.Credentials.Passcode)}, nil
	}
	if c.body.Credentials.Answer == "" {
		return nil, required(fieldAnswer)
	}
	return signin.AnswerRecovery{Answer: string(c.body.Credentials.Answer)}, nil
}

// wayActions picks a way of a recovery: the only one that has forms here is the
// mail. The question, which is all that there is in its turn, may be picked, too.
func wayActions(c *call) ([]signin.Action, error) {
	if c.tx.Recovery.Opened && c.body.Authenticator.ID == factor.AuthenticatorID(c.Org.ID, signin.RecoveryQuestion) {
		return nil, nil
	}
	var out []signin.Action
	if !c.tx.Identified && c.body.Identifier != "" {
		out = append(out, signin.GiveLogin{Login: c.body.Identifier})
	}
	return append(out, signin.Choose{Method: c.body.Authenticator.ID}), chosenWay(c)
}

// chosenWay tells whether a choice can be one of a recovery.
func chosenWay(c *call) error {
	id, method := c.body.Authenticator.ID, c.body.Authenticator.MethodType
	if id != factor.AuthenticatorID(c.Org.ID, signin.ByEmail) || (method != "" && method != catalogue[signin.ByEmail].method) {
		return idp.Invalid("method")
	}
	return nil
}
