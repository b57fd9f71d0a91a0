package idp

import (
	"errors"
	"strings"
)

// Kind says what went wrong, in the terms of the domain. Each protocol has one
// table that gives a kind its status, code and sentence.
type Kind int

// The kinds. The zero value is not one of them: an error without a kind is an
// internal one and its text never leaves the process.
const (
	// KindInvalid: the input breaks a rule; Object names what was checked and
	// the causes name the members at fault.
	KindInvalid Kind = iota + 1
	// KindMalformed: the input could not be read at all.
	KindMalformed
	// KindBadRequest: an argument of the request has an impossible value.
	KindBadRequest
	// KindMissingParameter: a required parameter is absent.
	KindMissingParameter
	// KindBadPaging: a cursor or page size cannot be used.
	KindBadPaging
	// KindBadSearch: a search or filter expression cannot be used.
	KindBadSearch
	// KindSearchAndFilter: search and filter exclude each other.
	KindSearchAndFilter
	// KindNotFound: Object (a type) with ID does not exist in this organisation.
	KindNotFound
	// KindAlreadyExists: a relation exists already.
	KindAlreadyExists
	// KindConflict: a concurrent change won; trying again may succeed.
	KindConflict
	// KindUnauthenticated: the proof offered at sign-in does not hold. One kind
	// for every reason, so that answers do not tell users apart.
	KindUnauthenticated
	// KindNoCredentials: the request carries no proof at all, or a session that
	// does not hold.
	KindNoCredentials
	// KindBadToken: a token is unknown, expired or revoked.
	KindBadToken
	// KindForbidden: the actor may not do this.
	KindForbidden
	// KindFeatureOff: the organisation has switched the feature off.
	KindFeatureOff
	// KindReadOnly: the object or the attribute named by Object is read-only.
	KindReadOnly
	// KindImmutable: the attribute named by Object cannot change.
	KindImmutable
	// KindUserAlreadyActive: the user cannot be activated from this state.
	KindUserAlreadyActive
	// KindUserState: the user's state does not allow the operation.
	KindUserState
	// KindNotLocked: the user is not locked out.
	KindNotLocked
	// KindPasswordUpdate: setting or changing a password failed.
	KindPasswordUpdate
	// KindPasswordNotAllowed: this user's password cannot be changed.
	KindPasswordNotAllowed
	// KindPasswordRejected: the new password breaks the password policy.
	KindPasswordRejected
	// KindPasswordNeeded: creating a user with an expired password needs one.
	KindPasswordNeeded
	// KindActivationNeeded: creating a user with an expired password needs the
	// user to be activated.
	KindActivationNeeded
	// KindTransactionState: the sign-in is at another step.
	KindTransactionState
	// KindPolicyDenied: the sign-on policy denies access.
	KindPolicyDenied
	// KindTooManyRequests: a limit is exceeded.
	KindTooManyRequests
	// KindUnsupported: this object does not support the operation.
	KindUnsupported
	// KindAppCredentials: the application's scheme does not take credentials of
	// single users.
	KindAppCredentials
	// KindAppSelfService: users of this organisation cannot add applications.
	KindAppSelfService
	// KindAppActive: an active application cannot be deleted.
	KindAppActive
	// KindAppMetadata: what defines this application cannot change.
	KindAppMetadata
	// KindAppUserInactive: a user in this state gets no applications.
	KindAppUserInactive
	// KindCertificateExists: there is a key with this certificate (Object is
	// its kid).
	KindCertificateExists
	// KindBadDate: an expression compares an instant with what is none.
	KindBadDate
	// KindForgotNotAllowed: this user cannot recover a forgotten password.
	KindForgotNotAllowed
	// KindQuestionNotAllowed: this user's recovery question cannot be changed.
	KindQuestionNotAllowed
	// KindResetFailed: this user's password cannot be reset.
	KindResetFailed
	// KindWrongAnswer: the answer to the recovery question is wrong.
	KindWrongAnswer
	// KindRoleType: a role of this type has no such targets.
	KindRoleType
	// KindTooManyTargets: a role has as many targets as it can have.
	KindTooManyTargets
	// KindWrongPasscode: the code or the answer of a factor is wrong.
	KindWrongPasscode
	// KindPasscodeReplayed: the code was right once and has been used.
	KindPasscodeReplayed
	// KindPasscodeWindow: the code is right for another time than now.
	KindPasscodeWindow
	// KindUserLocked: too many wrong answers have locked the user out, which the
	// caller may know, having proved a factor before.
	KindUserLocked
	// KindSMSTooSoon: a text message was sent a moment ago.
	KindSMSTooSoon
	// KindCallTooSoon: a call was made a moment ago.
	KindCallTooSoon
	// KindEmailTooSoon: a mail was sent a moment ago.
	KindEmailTooSoon
	// KindBadPhone: this is no phone number that can be reached.
	KindBadPhone
	// KindBadExtension: this is no extension of a phone.
	KindBadExtension
	// KindChallengeOver: the time for the answer to a challenge has passed.
	KindChallengeOver
	// KindFactorService: the server of a factor's vendor does not answer.
	KindFactorService
	// KindRecoveryUnknown: the login of a recovery is nobody's.
	KindRecoveryUnknown
)

// Error is the error of every service. Its text is for logs; protocols build
// their answers from the kind and the causes.
type Error struct {
	Kind   Kind
	Object string // a type (KindNotFound) or the field or object that was checked
	ID     string // the identifier as it was given (KindNotFound)
	Causes []Cause
}

// Cause is one reason. Field is empty for reasons about the whole object.
type Cause struct {
	Field string
	Text  string
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.String())
	for _, s := range []string{e.Object, e.ID} {
		if s != "" {
			b.WriteString(" ")
			b.WriteString(s)
		}
	}
	for i, c := range e.Causes {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		if c.Field != "" {
			b.WriteString(c.Field + ": ")
		}
		b.WriteString(c.Text)
	}
	return b.String()
}

// String names the kind for logs.
func (k Kind) String() string {
	names := [...]string{
		"unknown", "invalid", "malformed", "bad request", "missing parameter", "bad paging", "bad search",
		"search and filter", "not found", "already exists", "conflict", "unauthenticated", "no credentials",
		"bad token", "forbidden", "feature off", "read-only", "immutable", "user already active", "user state",
		"not locked", "password update", "password not allowed", "password rejected", "password needed",
		"activation needed", "transaction state", "policy denied", "too many requests", "unsupported",
		"application credentials", "application self service", "application active", "application metadata",
		"user gets no applications", "certificate exists", "bad date", "forgot password not allowed", "question not allowed",
		"reset failed", "wrong answer", "role type", "too many targets", "wrong passcode", "passcode replayed", "passcode window",
		"user locked", "text too soon", "call too soon", "mail too soon", "bad phone number", "bad extension", "challenge over",
		"factor service", "recovery unknown",
	}
	if k < 0 || int(k) >= len(names) {
		return names[0]
	}
	return names[k]
}

// Fail returns an error of the kind with causes about the whole object.
func Fail(k Kind, causes ...string) *Error {
	e := &Error{Kind: k}
	for _, c := range causes {
		e.Causes = append(e.Causes, Cause{Text: c})
	}
	return e
}

// Invalid returns a KindInvalid error about object with the causes.
func Invalid(object string, causes ...Cause) *Error {
	return &Error{Kind: KindInvalid, Object: object, Causes: causes}
}

// NotFound returns a KindNotFound error: no object of the type has this
// identifier (as it was given) in the actor's organisation.
func NotFound(object, id string) *Error {
	return &Error{Kind: KindNotFound, Object: object, ID: id}
}

// KindOf returns the kind of err, or zero when it is not one of ours.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return 0
}
