package idp

// Authenticator is what an organisation offers to sign in with, as people know
// it: one or several factors under one name.
type Authenticator struct {
	Key  string
	Type string
	Name string // for people
	// Factors are the keys that policies and organisations have for its factors.
	Factors []string
}

// Authenticators lists all of them in the order in which they are offered.
// (spec: management AuthenticatorKeyEnum, AuthenticatorType, example
// AuthenticatorsResponse)
func Authenticators() []Authenticator {
	return []Authenticator{
		{"okta_password", "password", "Password", []string{"okta_password"}},
		{"okta_verify", "app", "Okta Verify", []string{"okta_push", "okta_otp"}},
		{"google_otp", "app", "Google Authenticator", []string{"google_otp"}},
		{"phone_number", "phone", "Phone", []string{"okta_sms", "okta_call"}},
		{"okta_email", "email", "Email", []string{"okta_email"}},
		{"security_question", "security_question", "Security Question", []string{"okta_question"}},
		{"webauthn", "security_key", "Security Key or Biometric", []string{"fido_webauthn"}},
		{"security_key", "security_key", "Security Key (U2F)", []string{"fido_u2f"}},
		{"yubikey_token", "security_key", "YubiKey Authenticator", []string{"yubikey_token"}},
		{"custom_otp", "security_key", "Custom OTP", []string{"hotp"}},
		{"onprem_mfa", "security_key", "RSA SecurID", []string{"rsa_token"}},
		{"symantec_vip", "app", "Symantec VIP", []string{"symantec_vip"}},
		{"duo", "app", "Duo Security", []string{"duo"}},
	}
}

// AuthenticatorFactors are the factors of the authenticator with this key, nil
// for one that is unknown.
func AuthenticatorFactors(key string) []string {
	for _, a := range Authenticators() {
		if a.Key == key {
			return a.Factors
		}
	}
	return nil
}
