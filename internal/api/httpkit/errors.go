package httpkit

import (
	"errors"
	"fmt"
	"net/http"

	"usher/internal/env"
	"usher/internal/idp"
)

// StatusError is an answer that belongs to HTTP itself, not to a service.
type StatusError struct {
	Status  int
	Code    string // E0000xxx
	Summary string
	Causes  []string
	Header  http.Header // set beside the body
}

// Error implements error.
func (e *StatusError) Error() string { return fmt.Sprintf("%d %s %s", e.Status, e.Code, e.Summary) }

// Status returns an answer with a status, a code and its sentence.
func Status(status int, code, summary string, causes ...string) error {
	return &StatusError{Status: status, Code: code, Summary: summary, Causes: causes}
}

// Body is the body of every error of the management and authentication
// interfaces. (spec: management Error)
type Body struct {
	ErrorCode    string      `json:"errorCode"`
	ErrorSummary string      `json:"errorSummary"`
	ErrorLink    string      `json:"errorLink"`
	ErrorID      string      `json:"errorId"`
	ErrorCauses  []BodyCause `json:"errorCauses"`
}

// BodyCause is one reason in a Body.
type BodyCause struct {
	ErrorSummary string `json:"errorSummary"`
}

// kindRow is how a kind is answered. {0} in the sentence is the object.
type kindRow struct {
	status  int
	code    string
	summary string
}

// rowOf is the table from kinds to answers.
func rowOf(k idp.Kind) (kindRow, bool) {
	row, ok := kindRows[k]
	return row, ok
}

var kindRows = map[idp.Kind]kindRow{
	idp.KindInvalid:            {400, "E0000001", "Api validation failed: {0}"},
	idp.KindMalformed:          {400, "E0000003", "The request body was not well-formed."},
	idp.KindBadRequest:         {400, "E0000002", "The request was not valid: {0}"},
	idp.KindMissingParameter:   {400, "E0000028", "The request is missing a required parameter."},
	idp.KindBadPaging:          {400, "E0000029", "Invalid paging request."},
	idp.KindBadSearch:          {400, "E0000031", "Invalid search criteria."},
	idp.KindSearchAndFilter:    {400, "E0000033", "Bad request. Can't specify a search query and filter in the same request."},
	idp.KindNotFound:           {404, "E0000007", "Not found: Resource not found: {0}"},
	idp.KindAlreadyExists:      {409, "E0000090", "The role specified is already assigned to the user."},
	idp.KindConflict:           {409, "E0000195", "Api validation failed due to conflict: {0}"},
	idp.KindUnauthenticated:    {401, "E0000004", "Authentication failed"},
	idp.KindNoCredentials:      {403, "E0000005", "Invalid session"},
	idp.KindBadToken:           {401, "E0000011", "Invalid token provided"},
	idp.KindForbidden:          {403, "E0000006", "You do not have permission to perform the requested action"},
	idp.KindFeatureOff:         {401, "E0000015", "You do not have permission to access the feature you are requesting"},
	idp.KindReadOnly:           {403, "E0000077", "Cannot modify the {0} attribute because it is read-only."},
	idp.KindImmutable:          {403, "E0000078", "Cannot modify the {0} attribute because it is immutable."},
	idp.KindUserAlreadyActive:  {403, "E0000016", "Activation failed because the user is already active"},
	idp.KindUserState:          {403, "E0000038", "This operation is not allowed in the user's current status."},
	idp.KindNotLocked:          {403, "E0000032", "Unlock is not allowed for this user."},
	idp.KindPasswordUpdate:     {403, "E0000014", "Update of credentials failed"},
	idp.KindPasswordNotAllowed: {403, "E0000035", "Change password not allowed on specified user."},
	idp.KindPasswordRejected:   {403, "E0000080", "The password does not meet the complexity requirements of the current password policy."},
	idp.KindPasswordNeeded:     {400, "E0000124", "Could not create user. To create a user and expire their password immediately, a password must be specified"},
	idp.KindActivationNeeded:   {400, "E0000125", `Could not create user. To create a user and expire their password immediately, "activate" must be true`},
	idp.KindTransactionState:   {403, "E0000079", "This operation is not allowed in the current authentication state."},
	idp.KindPolicyDenied:       {403, "E0000085", "You do not have permission to access your account at this time."},
	idp.KindTooManyRequests:    {429, "E0000047", "API call exceeded rate limit due to too many requests."},
	idp.KindUnsupported:        {501, "E0000060", "Unsupported operation."},
	idp.KindAppCredentials:     {400, "E0000041", "Credentials should not be set on this resource based on the scheme."},
	idp.KindAppSelfService:     {403, "E0000043", "Self service application assignment is not enabled."},
	idp.KindAppActive:          {403, "E0000056", "Delete application forbidden."},
	idp.KindAppMetadata:        {400, "E0000024", "Bad request. This operation on app metadata is not yet supported."},
	idp.KindAppUserInactive:    {403, "E0000117", "Cannot assign apps or update app profiles for an inactive user."},
	idp.KindCertificateExists:  {409, "E0000096", "This certificate has already been uploaded with kid={0}."},
	idp.KindBadDate:            {400, "E0000030", "Bad request. Invalid date. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSSZZ, e.g. 2013-01-01T12:00:00.000-07:00."},
	idp.KindForgotNotAllowed:   {403, "E0000034", "Forgot password not allowed on specified user."},
	idp.KindQuestionNotAllowed: {403, "E0000036", "Change recovery question not allowed on specified user."},
	idp.KindResetFailed:        {403, "E0000017", "Password reset failed"},
	idp.KindWrongAnswer:        {403, "E0000087", "The recovery question answer did not match our records."},
	idp.KindRoleType:           {400, "E0000091", "The provided role type was not the same as required role type."},
	idp.KindRecoveryUnknown:    {403, "E0000095", "Recovery not allowed for unknown user."},
	idp.KindTooManyTargets:     {400, "E0000093", "Target count limit exceeded"},
	idp.KindWrongPasscode:      {403, "E0000068", "Invalid Passcode/Answer"},
	idp.KindPasscodeReplayed:   {403, "E0000082", "Each code can only be used once. Please wait for a new code and try again."},
	idp.KindPasscodeWindow:     {403, "E0000083", "PassCode is valid but exceeded time window."},
	idp.KindUserLocked:         {403, "E0000069", "User Locked"},
	idp.KindSMSTooSoon:         {429, "E0000109", "An SMS message was recently sent. Please wait 30 seconds before trying again."},
	idp.KindCallTooSoon:        {429, "E0000133", "A phone call was recently made. Please wait 30 seconds before trying again."},
	idp.KindEmailTooSoon:       {429, "E0000118", "An email was recently sent. Please wait 5 seconds before trying again."},
	idp.KindBadPhone:           {400, "E0000098", "This phone number is invalid."},
	idp.KindBadExtension:       {400, "E0000121", "Invalid phone extension. Please enter a valid phone extension."},
	idp.KindFactorService:      {504, "E0000067", "Factors Service Error."},
	idp.KindChallengeOver:      {404, "E0000191", "Verification timed out. Please try again."},
}

// Answer gives status and body of an error. What is none of ours is a 500 that
// tells nothing.
func Answer(err error, r env.Rand) (int, Body) {
	body := Body{ErrorID: env.Secret(r, "oae", 16), ErrorCauses: []BodyCause{}}
	status := http.StatusInternalServerError
	body.ErrorCode, body.ErrorSummary = "E0000009", "Internal Server Error"
	if se, ok := errors.AsType[*StatusError](err); ok {
		status, body.ErrorCode, body.ErrorSummary = se.Status, se.Code, se.Summary
		for _, c := range se.Causes {
			body.ErrorCauses = append(body.ErrorCauses, BodyCause{c})
		}
	} else if e, ok := errors.AsType[*idp.Error](err); ok {
		if row, ok := rowOf(e.Kind); ok {
			status, body.ErrorCode, body.ErrorSummary = row.status, row.code, fill(row.summary, e)
			for _, c := range e.Causes {
				body.ErrorCauses = append(body.ErrorCauses, BodyCause{causeText(c)})
			}
		}
	}
	body.ErrorLink = body.ErrorCode
	return status, body
}

func fill(summary string, e *idp.Error) string {
	const hole = "{0}"
	n := len(summary) - len(hole)
	object := e.Object
	if e.Kind == idp.KindNotFound {
		object = e.ID + " (" + e.Object + ")"
	}
	for i := 0; i <= n; i++ {
		if summary[i:i+len(hole)] == hole {
			return summary[:i] + object + summary[i+len(hole):]
		}
	}
	return summary
}

func causeText(c idp.Cause) string {
	if c.Field == "" {
		return c.Text
	}
	return c.Field + ": " + c.Text
}

// Unexpected tells whether an error is one that nobody should see. Errors of
// protocols say by Told that they are answers.
func Unexpected(err error) bool {
	if _, ok := errors.AsType[*StatusError](err); ok {
		return false
	}
	if told, ok := errors.AsType[interface {
		error
		Told() bool
	}](err); ok {
		return !told.Told()
	}
	_, known := rowOf(idp.KindOf(err))
	return !known
}

// WriteError answers with an error in the management interface's form.
func WriteError(r *Request, err error) {
	if se, ok := errors.AsType[*StatusError](err); ok {
		for k, v := range se.Header {
			r.W.Header()[k] = v
		}
	}
	status, body := Answer(err, r.router.cfg.Rand)
	_ = r.JSON(status, body)
}
