package oauth2

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
)

// body is an answer that is no success. (RFC 6749 section 5.2)
type body struct {
	Error       oauth.Code `json:"error"`
	Description string     `json:"error_description,omitempty"`
	MFAToken    string     `json:"mfa_token,omitempty"`
}

// statusOf is the table from codes to statuses. Whatever is not listed is a 400.
func statusOf(c oauth.Code) int {
	switch c {
	case oauth.InvalidClient, oauth.InvalidToken:
		return http.StatusUnauthorized
	case oauth.InsufficientScope, oauth.MFARequired:
		return http.StatusForbidden
	case oauth.ServerError:
		return http.StatusInternalServerError
	case oauth.InvalidRequest, oauth.InvalidGrant, oauth.UnauthorizedClient, oauth.UnsupportedGrantType, oauth.InvalidScope,
		oauth.AccessDenied, oauth.UnsupportedResponseType, oauth.UnsupportedResponseMode, oauth.LoginRequired,
		oauth.ConsentMissing, oauth.InteractionRequired, oauth.UnmetRequirements, oauth.InvalidRequestURI,
		oauth.InvalidRequestObject, oauth.AuthorizationPending, oauth.SlowDown, oauth.ExpiredToken, oauth.InvalidTarget,
		oauth.InvalidProof, oauth.UseProofNonce, oauth.UnknownUser, oauth.InvalidMessage, oauth.UnsupportedTokenType, oauth.InvalidClientMetadata,
		oauth.InvalidRedirectURI:
	}
	return http.StatusBadRequest
}

// WriteError answers with an error in the protocol's form; what does not belong
// to the protocol has the management interface's form.
func WriteError(r *httpkit.Request, err error) {
	f := oauth.FaultOf(err)
	if f == nil {
		httpkit.WriteError(r, err)
		return
	}
	h := r.W.Header()
	if f.Nonce != "" {
		h.Set("DPoP-Nonce", f.Nonce)
	}
	status := statusOf(f.Code)
	if f.Forbidden {
		status = http.StatusForbidden
	}
	if status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" && f.Code == oauth.InvalidClient {
		h.Set("WWW-Authenticate", `Basic realm="`+r.Org.BaseURL+`"`)
	}
	if f.Code == oauth.InvalidToken || f.Code == oauth.InsufficientScope {
		// (RFC 6750 section 3)
		h.Set("WWW-Authenticate", `Bearer realm="`+r.Org.BaseURL+`", error="`+string(f.Code)+`", error_description="`+f.Text+`"`)
	}
	_ = r.JSON(status, body{f.Code, f.Text, f.MFAToken})
}
