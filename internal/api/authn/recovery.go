package authn

import (
	"strings"
	"unicode/utf8"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/openapi"
)

func (a *API) mountRecovery(r *httpkit.Router) {
	r.Op(openapi.AuthRecoverPassword, func(r *httpkit.Request) error { return a.recover(r, signin.IntentRecover) })
	r.Op(openapi.AuthUnlockAccount, func(r *httpkit.Request) error { return a.recover(r, signin.IntentUnlock) })
	r.Op(openapi.AuthVerifyRecoveryToken, a.recoveryToken)
	r.Op(openapi.AuthVerifyRecoveryFactor, a.verifyRecoveryFactor)
	r.Op(openapi.AuthResendRecoveryFactor, a.resendRecoveryFactor)
	r.Op(openapi.AuthAnswerRecoveryQuestion, a.recoveryAnswer)
	r.Op(openapi.AuthResetPassword, a.resetPassword)
}

// The states of a recovery and the words for what it is about.
// (spec: authn TransactionState, RecoveryType)
const (
	statusRecovery  = "RECOVERY"
	statusChallenge = "RECOVERY_CHALLENGE"

	recoveryPassword   = "PASSWORD"
	recoveryUnlock     = "UNLOCK"
	recoveryActivation = "ACCOUNT_ACTIVATION"

	resultWaiting = "WAITING"
)

// recoveryType is the word for what a transaction recovers.
func recoveryType(i signin.Intent) string {
	switch i {
	case signin.IntentUnlock:
		return recoveryUnlock
	case signin.IntentActivate:
		return recoveryActivation
	case signin.IntentSignIn, signin.IntentRecover, signin.IntentEnroll, signin.IntentStepUp:
	}
	return recoveryPassword
}

// recoveryRequest is the body of both beginnings. (spec: authn RecoveryRequest)
type recoveryRequest struct {
	Username   string `json:"username"`
	FactorType string `json:"factorType"`
	RelayState string `json:"relayState"`
}

// recover begins the recovery of a password or the unlocking of an account. A
// public caller names the way on which the user is reached and learns nothing;
// one that has proved itself gets the token.
// (spec: authn#authRecoverPassword, authn#authUnlockAccount)
func (a *API) recover(r *httpkit.Request, i signin.Intent) error {
	var body recoveryRequest
	if err := r.Decode(&body); err != nil {
		return err
	}
	switch {
	case strings.TrimSpace(body.Username) == "":
		return blank("username")
	case utf8.RuneCountInString(body.RelayState) > maxRelayState:
		return tooLong("relayState")
	}
	if err := r.Throttle(httpkit.ThrottleUsername, body.Username); err != nil {
		return err
	}
	switch way := strings.ToUpper(body.FactorType); way {
	case "":
		return a.trustedRecovery(r, i, body)
	case "EMAIL":
		if err := a.Engine.MailRecovery(r.Context(), r.Actor, i, body.Username); err != nil {
			return err
		}
		return r.OK(transaction{
			Status: statusChallenge, FactorResult: resultWaiting, RelayState: body.RelayState, FactorType: way, RecoveryType: recoveryType(i),
		})
	case "SMS", "CALL":
		t := a.Engine.Begin(r.Context(), r.Actor, signin.Options{
			Prefix: tokenPrefix, Intent: i, Finish: signin.FinishToken, Life: tokenLife, RelayState: body.RelayState,
		})
		if i == signin.IntentUnlock {
			return a.apply(r, t, signin.StartUnlock{Login: body.Username, Method: ways[way]})
		}
		return a.apply(r, t, signin.StartRecovery{Login: body.Username, Method: ways[way]})
	default:
		return idp.Invalid("factorType", idp.Cause{Field: "factorType", Text: "must be EMAIL, SMS or CALL"})
	}
}

// ways are the ways of codes by the names that they have here.
var ways = map[string]string{"SMS": signin.BySMS, "CALL": signin.ByCall}

// recoveryFactor reads a state token and holds that its recovery waits for a
// code of the way in the path.
func (a *API) recoveryFactor(r *httpkit.Request, token string) (*signin.Transaction, error) {
	t, err := a.load(r, token)
	if err != nil {
		return nil, err
	}
	way, known := ways[strings.ToUpper(r.Param("factorType"))]
	if !known || !t.Recovering() || t.Recovery.Way != way {
		return nil, stateError(idp.Fail(idp.KindTransactionState))
	}
	return t, nil
}

// verifyRecoveryFactor checks the code that was sent.
// (spec: authn#authVerifyRecoveryFactor)
func (a *API) verifyRecoveryFactor(r *httpkit.Request) error {
	var body struct {
		StateToken string       `json:"stateToken"`
		PassCode   httpkit.Text `json:"passCode"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	t, err := a.recoveryFactor(r, body.StateToken)
	if err != nil {
		return err
	}
	return a.apply(r, t, signin.GiveCode{Code: string(body.PassCode)})
}

// resendRecoveryFactor sends another code. (spec: authn#authResendRecoveryFactor)
func (a *API) resendRecoveryFactor(r *httpkit.Request) error {
	var body stateRequest
	if err := r.Decode(&body); err != nil {
		return err
	}
	t, err := a.recoveryFactor(r, body.StateToken)
	if err != nil {
		return err
	}
	return a.apply(r, t, signin.SendAgain{})
}

// recoveryChallenge is the state in which a code is awaited. It shows no user:
// there may be none.
func recoveryChallenge(r *httpkit.Request, t *signin.Transaction) error {
	name := strings.ToUpper(t.Recovery.Way)
	path := "/recovery/factors/" + name
	l := &links{Next: link(r, "verify", path+"/verify"), Cancel: link(r, "", "/cancel"), Resend: link(r, t.Recovery.Way, path+"/resend")}
	return r.OK(transaction{
		StateToken: t.Handle, Expires: httpkit.Time(t.Expires), Status: statusChallenge, RelayState: t.RelayState,
		FactorType: name, RecoveryType: recoveryType(t.Intent), Links: l,
	})
}

// trustedRecovery gives the token to a caller that has proved itself.
func (a *API) trustedRecovery(r *httpkit.Request, i signin.Intent, body recoveryRequest) error {
	if !r.Actor.Admin() {
		return idp.Fail(idp.KindForbidden)
	}
	ticket, err := a.Engine.TrustedRecovery(r.Context(), r.Actor, i, body.Username)
	if err != nil {
		return err
	}
	out := transaction{
		Status: statusRecovery, Expires: httpkit.Time(ticket.Expires), RelayState: body.RelayState, RecoveryType: recoveryType(i),
		RecoveryToken: ticket.Token, Embedded: new(embedded), Links: &links{Next: link(r, "recovery", "/recovery/token")},
	}
	if out.Embedded.User, err = asked(ticket.User); err != nil {
		return err
	}
	return r.OK(out)
}

// asked is a user together with the recovery question.
func asked(u *idp.User) (*user, error) {
	out, err := userOf(u)
	if out != nil && u.RecoveryQuestion != "" {
		out.Question = &question{u.RecoveryQuestion}
	}
	return out, err
}

// recoveryToken opens a recovery by the token of its link.
// (spec: authn#authVerifyRecoveryToken)
func (a *API) recoveryToken(r *httpkit.Request) error {
	var body struct {
		Token   string `json:"recoveryToken"`
		Options struct {
			Optional bool `json:"multiOptionalFactorEnroll"`
		} `json:"options"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	if body.Token == "" {
		return blank("recoveryToken")
	}
	t := a.Engine.Begin(r.Context(), r.Actor, signin.Options{
		Prefix: tokenPrefix, Intent: signin.IntentRecover, Finish: signin.FinishToken, Life: tokenLife, Optional: body.Options.Optional,
		Device: a.device(r),
	})
	return a.apply(r, t, signin.UseRecoveryToken{Token: body.Token})
}

// recoveryAnswer answers the recovery question.
// (spec: authn#authAnswerRecoveryQuestion)
func (a *API) recoveryAnswer(r *httpkit.Request) error {
	var body struct {
		StateToken string       `json:"stateToken"`
		Answer     httpkit.Text `json:"answer"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	t, err := a.load(r, body.StateToken)
	if err != nil {
		return err
	}
	return a.apply(r, t, signin.AnswerRecovery{Answer: string(body.Answer)})
}

// resetPassword sets the password at the end of a recovery or an activation, and
// of a new user the recovery question, where the password policy has one.
// (spec: authn#authResetPassword; management reference: activation token)
func (a *API) resetPassword(r *httpkit.Request) error {
	var body struct {
		StateToken  string `json:"stateToken"`
		NewPassword string `json:"newPassword"`
		Revoke      bool   `json:"revokeSessions"`
		Question    *struct {
			Question string       `json:"question"`
			Answer   httpkit.Text `json:"answer"`
		} `json:"recovery_question"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	t, err := a.load(r, body.StateToken)
	if err != nil {
		return err
	}
	if body.NewPassword == "" {
		return blank("newPassword")
	}
	if !t.Recovering() {
		return stateError(idp.Fail(idp.KindTransactionState))
	}
	act := signin.SetPassword{New: body.NewPassword, RevokeSessions: body.Revoke}
	if q := body.Question; q != nil {
		if strings.TrimSpace(q.Question) == "" {
			return blank("recovery_question.question")
		}
		act.Question, act.Answer = q.Question, string(q.Answer)
	}
	return a.apply(r, t, act)
}

// activate opens an account by an activation token.
// (spec: authn#authenticate, activation token)
func (a *API) activate(r *httpkit.Request, body primaryRequest) error {
	if utf8.RuneCountInString(body.RelayState) > maxRelayState {
		return tooLong("relayState")
	}
	t := a.Engine.Begin(r.Context(), r.Actor, signin.Options{
		Prefix: tokenPrefix, Intent: signin.IntentActivate, Finish: signin.FinishToken, Life: tokenLife,
		Warn: body.Options.Warn, Optional: body.Options.Optional, RelayState: body.RelayState, Device: a.device(r),
	})
	return a.apply(r, t, signin.UseInvitation{Token: body.Token})
}
