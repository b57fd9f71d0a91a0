package oauth

import "errors"

// Code is an error of the protocol. (RFC 6749 sections 4.1.2.1 and 5.2, and
// where a code says otherwise)
type Code string

// The codes.
const (
	InvalidRequest          Code = "invalid_request"
	InvalidClient           Code = "invalid_client"
	InvalidGrant            Code = "invalid_grant"
	UnauthorizedClient      Code = "unauthorized_client"
	UnsupportedGrantType    Code = "unsupported_grant_type"
	InvalidScope            Code = "invalid_scope"
	AccessDenied            Code = "access_denied"
	UnsupportedResponseType Code = "unsupported_response_type"
	UnsupportedResponseMode Code = "unsupported_response_mode"
	ServerError             Code = "server_error"
	LoginRequired           Code = "login_required"                    // OpenID Connect Core section 3.1.2.6
	ConsentMissing          Code = "consent_required"                  // the same
	InteractionRequired     Code = "interaction_required"              // the same
	UnmetRequirements       Code = "unmet_authentication_requirements" // OpenID Connect unmet authentication requirements 1.0
	InvalidRequestURI       Code = "invalid_request_uri"               // OpenID Connect Core section 3.1.2.6
	InvalidRequestObject    Code = "invalid_request_object"            // the same
	AuthorizationPending    Code = "authorization_pending"             // RFC 8628 section 3.5
	SlowDown                Code = "slow_down"                         // the same
	ExpiredToken            Code = "expired_token"                     // the same
	InvalidTarget           Code = "invalid_target"                    // RFC 8693 section 2.2.2
	InvalidToken            Code = "invalid_token"                     // RFC 6750 section 3.1
	InsufficientScope       Code = "insufficient_scope"                // the same
	InvalidProof            Code = "invalid_dpop_proof"                // RFC 9449 section 5
	UseProofNonce           Code = "use_dpop_nonce"                    // RFC 9449 section 8
	UnknownUser             Code = "unknown_user_id"                   // OpenID Connect CIBA section 13
	MFARequired             Code = "mfa_required"                      // spec: oauth2#token, direct authentication
	InvalidMessage          Code = "invalid_binding_message"           // the same
	UnsupportedTokenType    Code = "unsupported_token_type"            // RFC 7009 section 2.2.1
)

// Fault is an answer of the protocol that is no success. Its text is shown.
type Fault struct {
	Code Code
	Text string // the description
	// Forbidden tells that nothing is wrong with the request but its caller's
	// rights.
	Forbidden bool
	// Nonce is the one that the next proof shall carry (UseProofNonce).
	Nonce string
	// MFAToken is the handle by which the client goes on (MFARequired).
	MFAToken string
}

// Error implements error.
func (f *Fault) Error() string { return string(f.Code) + ": " + f.Text }

// Told tells whether this is an answer, and no failure of the server.
func (f *Fault) Told() bool { return f.Code != ServerError }

// fault makes a Fault.
func fault(c Code, text string) error { return &Fault{Code: c, Text: text} }

// FaultOf returns the Fault that an error is, nil for another.
func FaultOf(err error) *Fault {
	f, _ := errors.AsType[*Fault](err)
	return f
}

// isFault tells whether an error is a Fault with this code.
func isFault(err error, c Code) bool {
	f := FaultOf(err)
	return f != nil && f.Code == c
}
