package policy

import (
	"encoding/json"
	"fmt"

	"usher/internal/idp"
	"usher/internal/store"
)

// SelfEnroll says whether users enrol a factor themselves.
type SelfEnroll string

// The choices.
const (
	EnrollNotAllowed SelfEnroll = "NOT_ALLOWED"
	EnrollOptional   SelfEnroll = "OPTIONAL"
	EnrollRequired   SelfEnroll = "REQUIRED"
)

// EnrollSettings are the settings of an MFA_ENROLL policy: the factors by their
// policy keys (EnrollKeys). (management reference: policies, settings)
type EnrollSettings struct {
	Factors map[string]EnrollFactor
	// Authenticators hold the choices where the policy was given in that form,
	// which the Identity Engine has. They are shown then instead of Factors, which
	// are made of them.
	Authenticators []EnrollAuthenticator
}

// EnrollAuthenticator is the choice for one authenticator.
// (spec: management AuthenticatorEnrollmentPolicyAuthenticatorSettings)
type EnrollAuthenticator struct {
	Key         string          `json:"key"`
	ID          string          `json:"id,omitempty"`
	Enroll      EnrollChoice    `json:"enroll"`
	Constraints json.RawMessage `json:"constraints,omitempty"`
}

// enrollText is EnrollSettings as JSON, in either form.
type enrollText struct {
	Type           string                  `json:"type,omitempty"`
	Factors        map[string]EnrollFactor `json:"factors,omitempty"`
	Authenticators []EnrollAuthenticator   `json:"authenticators,omitempty"`
}

// formAuthenticators is the type of settings in the form of authenticators.
const formAuthenticators = "AUTHENTICATORS"

// maxAuthenticators bounds the authenticators of a policy.
const maxAuthenticators = 50

// MarshalJSON gives the settings in the form in which they came.
func (s *EnrollSettings) MarshalJSON() ([]byte, error) {
	if s.Authenticators != nil {
		return json.Marshal(enrollText{Type: formAuthenticators, Authenticators: s.Authenticators})
	}
	return json.Marshal(enrollText{Factors: s.Factors})
}

// EnrollFactor is the choice for one factor.
type EnrollFactor struct {
	Enroll  EnrollChoice  `json:"enroll"`
	Consent EnrollConsent `json:"consent"`
}

// EnrollChoice says whether users enrol it.
type EnrollChoice struct {
	Self SelfEnroll `json:"self"`
}

// EnrollConsent says whether users agree to terms before.
type EnrollConsent struct {
	Type string `json:"type"` // NONE
}

// EnrollKeys lists the factors that a policy can name.
func EnrollKeys() []string {
	return []string{
		"duo", "fido_u2f", "fido_webauthn", "google_otp", "hotp", "okta_call", "okta_email", "okta_otp",
		"okta_password", "okta_push", "okta_question", "okta_sms", "rsa_token", "symantec_vip", "yubikey_token",
	}
}

// ParseEnrollSettings reads settings and fills in the factors that they leave
// out: not to be enrolled, but for the password. It fails with KindMalformed or
// KindInvalid on "settings".
func ParseEnrollSettings(text json.RawMessage) (*EnrollSettings, error) {
	var given enrollText
	if len(text) > 0 {
		if err := json.Unmarshal(text, &given); err != nil {
			return nil, idp.Fail(idp.KindMalformed, err.Error())
		}
	}
	s := DefaultEnrollSettings()
	if given.Type == formAuthenticators {
		return s, s.takeAuthenticators(given.Authenticators)
	}
	for key, f := range given.Factors {
		all, known := s.Factors[key]
		if !known {
			return nil, idp.Invalid("settings", idp.Cause{Field: key, Text: "is not a factor"})
		}
		if f.Enroll.Self != "" {
			all.Enroll.Self = f.Enroll.Self
		}
		if f.Consent.Type != "" {
			all.Consent.Type = f.Consent.Type
		}
		if !all.Enroll.Self.valid() {
			return nil, idp.Invalid("settings", idp.Cause{Field: key, Text: textEnroll})
		}
		s.Factors[key] = all
	}
	return s, nil
}

// textEnroll says what a choice can be.
const textEnroll = "must be NOT_ALLOWED, OPTIONAL or REQUIRED"

func (e SelfEnroll) valid() bool {
	return e == EnrollNotAllowed || e == EnrollOptional || e == EnrollRequired
}

// takeAuthenticators sets the factors that authenticators stand for.
func (s *EnrollSettings) takeAuthenticators(list []EnrollAuthenticator) error {
	if len(list) == 0 || len(list) > maxAuthenticators {
		return idp.Invalid("settings", idp.Cause{Field: "authenticators", Text: fmt.Sprintf("must have between 1 and %d elements", maxAuthenticators)})
	}
	for _, a := range list {
		if !a.Enroll.Self.valid() {
			return idp.Invalid("settings", idp.Cause{Field: a.Key, Text: textEnroll})
		}
		factors := idp.AuthenticatorFactors(a.Key)
		if factors == nil && a.Key != "custom_app" && a.Key != "external_idp" && a.Key != "smart_card_idp" && a.Key != "tac" {
			return idp.Invalid("settings", idp.Cause{Field: a.Key, Text: "is not an authenticator"})
		}
		for _, key := range factors {
			f := s.Factors[key]
			f.Enroll = a.Enroll
			s.Factors[key] = f
		}
	}
	s.Authenticators = list
	return nil
}

// EnrollWhen says when users are asked to enrol what they must.
type EnrollWhen string

// The occasions.
const (
	EnrollAtLogin     EnrollWhen = "LOGIN"     // at every sign-in until it is done
	EnrollAtChallenge EnrollWhen = "CHALLENGE" // when a factor is asked for
	EnrollNever       EnrollWhen = "NEVER"
)

// EnrollAction is what a rule of an MFA_ENROLL policy decides.
type EnrollAction struct {
	Self EnrollWhen `json:"self"`
}

// Enrollment is the decision about a user's factors.
type Enrollment struct {
	When    EnrollWhen
	Factors map[string]SelfEnroll // by policy key
	Trace   Trace
}

// Enrollment decides which factors a user enrols, and when.
func (s *Service) Enrollment(tx *store.Tx, org *idp.Org, u *idp.User, from From) (Enrollment, error) {
	m, trace, err := s.evaluate(tx, org, u, TypeEnroll, from)
	if err != nil {
		return Enrollment{}, err
	}
	e := Enrollment{When: EnrollNever, Factors: map[string]SelfEnroll{}, Trace: trace}
	if m == nil || m.Policy.Enroll == nil {
		return e, nil
	}
	if a := m.Rule.Actions.Enroll; a != nil {
		e.When = a.Self
	}
	for key, f := range m.Policy.Enroll.Factors {
		e.Factors[key] = f.Enroll.Self
	}
	return e, nil
}

// DefaultEnrollSettings are those of the default policy of a new organisation,
// and what a policy's own settings leave out.
func DefaultEnrollSettings() *EnrollSettings {
	s := &EnrollSettings{Factors: map[string]EnrollFactor{}}
	for _, key := range EnrollKeys() {
		self := EnrollNotAllowed
		if key == "okta_password" {
			self = EnrollOptional
		}
		s.Factors[key] = EnrollFactor{Enroll: EnrollChoice{Self: self}, Consent: EnrollConsent{Type: "NONE"}}
	}
	return s
}
