package signin

import (
	"slices"

	"usher/internal/idp"
	"usher/internal/store"
)

// The paths by which tokens of authorization servers come to be or live on, one
// for each grant that is about a user.
const (
	PathAuthorize    Path = "authorize"          // an authorization code, or tokens at the authorization endpoint
	PathCode         Path = "authorization_code" // tokens for a code
	PathRefreshToken Path = "refresh_token"
	PathPassword     Path = "password"
	PathDevice       Path = "device_code"
	PathExchange     Path = "token_exchange"
	PathAssertion    Path = "jwt_bearer"
	PathInteraction  Path = "interaction_code"
	PathBackchannel  Path = "ciba"
	// The answer of a device, as all of a sign-in at the token endpoint.
	PathOOB Path = "oob"
	// The further factor of a sign-in at the token endpoint.
	PathMFAOTP Path = "mfa_otp"
	PathMFAOOB Path = "mfa_oob"
	// The same by a security key.
	PathMFAWebAuthn Path = "mfa_webauthn"
	// A device secret, by another application of the device.
	PathDeviceSecret Path = "device_secret"
	// An assertion of an identity provider.
	PathSAMLAssertion Path = "saml2_bearer"
)

var tokenPaths = [...]Path{
	PathAuthorize, PathCode, PathRefreshToken, PathPassword, PathDevice, PathExchange, PathAssertion, PathInteraction,
	PathBackchannel, PathSAMLAssertion, PathDeviceSecret, PathMFAOTP, PathMFAOOB, PathMFAWebAuthn, PathOOB,
}

// TokenPaths lists the paths of tokens.
func TokenPaths() []Path { return slices.Clone(tokenPaths[:]) }

// Pass reads a user in the transaction that mints something and asks the gate:
// KindUnauthenticated for one who is gone or may not have it.
func (e *Engine) Pass(tx *store.Tx, orgID, userID string, p Path) (*idp.User, error) {
	return e.pass(tx, orgID, userID, p)
}

// PassUser is Pass for a user who was read with what is to be used.
func (e *Engine) PassUser(tx *store.Tx, u *idp.User, p Path) error {
	err := e.MayIssue(u, p)
	noteGate(tx, u, p, err)
	return err
}
