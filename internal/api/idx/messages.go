package idx

import (
	"errors"
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/signin"
)

// message is what an answer says to people: a key that clients translate and
// branch on, and English text for all others. (spec: idx Message)
type message struct {
	Message string `json:"message"`
	I18n    i18n   `json:"i18n"`
	Class   string `json:"class"`
}

type i18n struct {
	Key    string   `json:"key"`
	Params []string `json:"params,omitempty"`
}

type messages = collection[message]

// Classes of messages.
const (
	classError = "ERROR"
	classInfo  = "INFO"
)

// problem is how an error is told: as an answer with a status, with a message
// on the view or on one of its fields. It is an error itself, for what this
// protocol finds wrong on its own.
type problem struct {
	status int
	key    string
	text   string
	params []string
	// field is where the message belongs; empty for the view as a whole.
	field string
	// terminal leaves the view away: nothing can be done about it here.
	terminal bool
}

// Error implements error.
func (p problem) Error() string { return p.key }

func (p problem) message() message {
	return message{Message: p.text, I18n: i18n{Key: p.key, Params: p.params}, Class: classError}
}

// required is the answer to a member that is missing or empty.
// (idx reference: HTTP status by case)
func required(name string) problem {
	return problem{status: http.StatusBadRequest, key: "api.error.field_required", text: "'" + name + "' is required.", params: []string{name}, field: name}
}

// kinds is the table from kinds of errors to what is told. What is not in it is
// told in the words of the management interface. (idx reference: messages)
var kinds = map[idp.Kind]problem{
	idp.KindUnauthenticated: {status: http.StatusUnauthorized, key: "errors.E0000004", text: "Authentication failed"},
	idp.KindBadToken:        {status: http.StatusUnauthorized, key: "idx.session.expired", text: "The session has expired.", terminal: true},
	idp.KindTooManyRequests: {status: http.StatusTooManyRequests, key: "tooManyRequests", text: "There were too many requests. Wait a moment and try again.", terminal: true},
	idp.KindWrongPasscode:   {status: http.StatusUnauthorized, key: "api.authn.error.PASSCODE_INVALID", text: "Invalid code. Try again.", field: fieldPasscode},
	idp.KindWrongAnswer: {
		status: http.StatusUnauthorized, key: "authfactor.challenge.question_factor.answer_invalid",
		text: "Your answer doesn't match our records. Please try again.", field: fieldAnswer,
	},
	idp.KindUserLocked:       {status: http.StatusForbidden, key: "errors.E0000069", text: "User Locked", terminal: true},
	idp.KindEmailTooSoon:     {status: http.StatusTooManyRequests, key: "errors.E0000118", text: "An email was recently sent. Please wait 5 seconds before trying again."},
	idp.KindTransactionState: {status: http.StatusBadRequest, key: "errors.E0000079", text: "This operation is not allowed in the current authentication state."},
}

// denied is told where a policy refuses.
func denied() problem {
	return problem{status: http.StatusForbidden, key: "security.access_denied", text: "You do not have permission to perform the requested action.", terminal: true}
}

// locked is told where the policy lets a lock show.
func locked() problem {
	return problem{status: http.StatusForbidden, key: "errors.E0000119", text: "Your account is locked. Please contact your administrator.", terminal: true}
}

// told finds what is told about an error.
func (a *API) told(err error) problem {
	if p, ok := errors.AsType[problem](err); ok {
		return p
	}
	e, ok := errors.AsType[*idp.Error](err)
	if !ok {
		return a.plain(err)
	}
	switch e.Kind {
	case idp.KindInvalid:
		return a.invalid(e)
	case idp.KindPasswordRejected, idp.KindPasswordUpdate:
		return refused(e)
	default:
		if p, known := kinds[e.Kind]; known {
			return p
		}
		return a.plain(err)
	}
}

// plain tells an error by its code in the management interface.
func (a *API) plain(err error) problem {
	status, body := httpkit.Answer(err, a.Engine.Rand)
	return problem{status: status, key: "errors." + body.ErrorCode, text: body.ErrorSummary, terminal: true}
}

// invalid tells which field is at fault, by the name that it has in the forms.
func (a *API) invalid(e *idp.Error) problem {
	switch e.Object {
	case signin.FieldLogin:
		return required(fieldIdentifier)
	case "password":
		return problem{status: http.StatusUnauthorized, key: "errors.E0000004", text: "Authentication failed"}
	case "method":
		return problem{
			status: http.StatusBadRequest, key: "api.error.field_invalid", text: "'authenticator' is not one of those that are offered.",
			params: []string{fieldAuthenticator}, field: fieldAuthenticator,
		}
	}
	p := a.plain(e)
	p.terminal = false
	return p
}

// notMet begins the text about a password that breaks the rules.
const notMet = "Password requirements were not met. "

// refused tells why a new password was not taken.
func refused(e *idp.Error) problem {
	p := problem{status: http.StatusBadRequest, key: "errors.E0000014", text: "The password could not be changed.", field: fieldPasscode}
	if len(e.Causes) == 0 {
		return p
	}
	p.text = e.Causes[0].Text
	if rules, ok := strings.CutPrefix(p.text, notMet); ok {
		p.key, p.params = "password.passwordRequirementsNotMet", []string{rules}
	} else if strings.Contains(p.text, "commonly used") {
		p.key = "password.common"
	}
	return p
}
