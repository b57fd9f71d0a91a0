package oauth

// The grant types. (RFC 6749 section 4, RFC 8628, RFC 8693, RFC 7523, OpenID
// Connect CIBA; spec: oauth2 GrantType)
const (
	GrantCode        = "authorization_code"
	GrantImplicit    = "implicit" // no grant type of the token endpoint, but a condition of rules
	GrantRefresh     = "refresh_token"
	GrantClient      = "client_credentials"
	GrantPassword    = "password"
	GrantDevice      = "urn:ietf:params:oauth:grant-type:device_code"
	GrantExchange    = "urn:ietf:params:oauth:grant-type:token-exchange"
	GrantAssertion   = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	GrantSAML        = "urn:ietf:params:oauth:grant-type:saml2-bearer"
	GrantOOB         = "urn:okta:params:oauth:grant-type:oob"
	GrantMFAOTP      = "http://auth0.com/oauth/grant-type/mfa-otp"
	GrantMFAOOB      = "http://auth0.com/oauth/grant-type/mfa-oob"
	GrantMFAWebAuthn = "urn:okta:params:oauth:grant-type:mfa-webauthn" // okta-mobile-kotlin ChallengeGrantType
	GrantInteraction = "interaction_code"
	GrantBackchannel = "urn:openid:params:grant-type:ciba"
)
