package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"usher/internal/credential"
	"usher/internal/decision"
	"usher/internal/idp"
	"usher/internal/store"
)

// PasswordSettings are the settings of a PASSWORD policy.
// (spec: management PasswordPolicySettings)
type PasswordSettings struct {
	Password   PasswordLimits     `json:"password"`
	Recovery   RecoverySettings   `json:"recovery"`
	Delegation DelegationSettings `json:"delegation"`
}

// PasswordLimits are what a password has to be like.
type PasswordLimits struct {
	Complexity Complexity `json:"complexity"`
	Age        Age        `json:"age"`
	Lockout    Lockout    `json:"lockout"`
	Breached   Breached   `json:"breachedProtection"`
}

// Breached says what to do about passwords that are known to be stolen. It is
// kept and given back: Usher has no source of such knowledge.
type Breached struct {
	ExpireAfterDays *int    `json:"expireAfterDays"`
	Logout          bool    `json:"logoutEnabled"`
	Workflow        *string `json:"delegatedWorkflowId"`
}

// Complexity is what a new password has to contain and must not.
type Complexity struct {
	MinLength         int        `json:"minLength"`    // 4 to 72
	MinLowerCase      int        `json:"minLowerCase"` // this and the next: 0 to 72
	MinUpperCase      int        `json:"minUpperCase"`
	MinNumber         int        `json:"minNumber"`
	MinSymbol         int        `json:"minSymbol"`
	ExcludeUsername   bool       `json:"excludeUsername"`
	Dictionary        Dictionary `json:"dictionary"`
	ExcludeAttributes []string   `json:"excludeAttributes"` // firstName, lastName
}

// Dictionary refuses known passwords.
type Dictionary struct {
	Common CommonPasswords `json:"common"`
}

// CommonPasswords switches the list of common passwords on.
type CommonPasswords struct {
	Exclude bool `json:"exclude"`
}

// Age is how long a password may and must be kept.
type Age struct {
	MaxAgeDays     int `json:"maxAgeDays"` // 0 to 999; 0 is for ever
	ExpireWarnDays int `json:"expireWarnDays"`
	MinAgeMinutes  int `json:"minAgeMinutes"`
	HistoryCount   int `json:"historyCount"` // 0 to 24
}

// Lockout is what wrong guesses lead to.
type Lockout struct {
	MaxAttempts         int      `json:"maxAttempts"` // 0 to 100; 0 never locks
	AutoUnlockMinutes   int      `json:"autoUnlockMinutes"`
	NotificationChannel []string `json:"userLockoutNotificationChannels"` // EMAIL
	ShowLockoutFailures bool     `json:"showLockoutFailures"`
}

// RecoverySettings are the ways to recover a forgotten password.
type RecoverySettings struct {
	Factors RecoveryFactors `json:"factors"`
}

// RecoveryFactors are the ways by name.
type RecoveryFactors struct {
	Question QuestionFactor `json:"recovery_question"`
	Email    EmailFactor    `json:"okta_email"`
	SMS      PlainFactor    `json:"okta_sms"`
	Call     PlainFactor    `json:"okta_call"`
}

// QuestionFactor is recovery by a question and its answer.
type QuestionFactor struct {
	Status     Status             `json:"status"`
	Properties QuestionProperties `json:"properties"`
}

// QuestionProperties hold the complexity of an answer.
type QuestionProperties struct {
	Complexity AnswerComplexity `json:"complexity"`
}

// AnswerComplexity is the least length of an answer.
type AnswerComplexity struct {
	MinLength int `json:"minLength"`
}

// EmailFactor is recovery by a link in a mail.
type EmailFactor struct {
	Status     Status          `json:"status"`
	Properties EmailProperties `json:"properties"`
}

// EmailProperties hold the life of the link.
type EmailProperties struct {
	RecoveryToken RecoveryToken `json:"recoveryToken"`
}

// RecoveryToken is how long a link is good.
type RecoveryToken struct {
	LifetimeMinutes int `json:"tokenLifetimeMinutes"`
}

// PlainFactor is a way without properties.
type PlainFactor struct {
	Status Status `json:"status"`
}

// DelegationSettings are about users whose password a directory keeps.
type DelegationSettings struct {
	Options DelegationOptions `json:"options"`
}

// DelegationOptions leave the account in the directory locked.
type DelegationOptions struct {
	SkipUnlock bool `json:"skipUnlock"`
}

// DefaultPasswordSettings are those of the default policy of a new organisation.
// (management reference: policies, settings)
func DefaultPasswordSettings() *PasswordSettings {
	s := omittedPasswordSettings()
	s.Password.Complexity.MinSymbol = 0
	s.Password.Age.HistoryCount = 5
	s.Password.Lockout.MaxAttempts = 10
	return s
}

// omittedPasswordSettings are what members count as that a policy leaves out.
func omittedPasswordSettings() *PasswordSettings {
	return &PasswordSettings{
		Password: PasswordLimits{
			Complexity: Complexity{
				MinLength: 8, MinLowerCase: 1, MinUpperCase: 1, MinNumber: 1, MinSymbol: 1,
				ExcludeUsername: true, ExcludeAttributes: []string{},
			},
			Lockout: Lockout{NotificationChannel: []string{}},
		},
		Recovery: RecoverySettings{Factors: RecoveryFactors{
			Question: QuestionFactor{Status: Active, Properties: QuestionProperties{AnswerComplexity{MinLength: 4}}},
			Email:    EmailFactor{Status: Active, Properties: EmailProperties{RecoveryToken{LifetimeMinutes: 60}}},
			SMS:      PlainFactor{Status: Inactive},
			Call:     PlainFactor{Status: Inactive},
		}},
	}
}

// ParsePasswordSettings reads settings, fills in what they leave out and checks
// their ranges. It fails with KindMalformed or KindInvalid on "settings".
func ParsePasswordSettings(text json.RawMessage) (*PasswordSettings, error) {
	s := omittedPasswordSettings()
	if len(text) > 0 {
		if err := json.Unmarshal(text, s); err != nil {
			return nil, idp.Fail(idp.KindMalformed, err.Error())
		}
	}
	if s.Password.Complexity.ExcludeAttributes == nil {
		s.Password.Complexity.ExcludeAttributes = []string{}
	}
	if s.Password.Lockout.NotificationChannel == nil {
		s.Password.Lockout.NotificationChannel = []string{}
	}
	return s, s.check()
}

// check finds the members out of their range.
func (s *PasswordSettings) check() error {
	var causes []idp.Cause
	within := func(field string, v, low, high int) {
		if v < low || v > high {
			causes = append(causes, idp.Cause{Field: field, Text: fmt.Sprintf("must be between %d and %d", low, high)})
		}
	}
	c, a, l := s.Password.Complexity, s.Password.Age, s.Password.Lockout
	within("minLength", c.MinLength, 4, credential.MaxPasswordLength)
	within("minLowerCase", c.MinLowerCase, 0, credential.MaxPasswordLength)
	within("minUpperCase", c.MinUpperCase, 0, credential.MaxPasswordLength)
	within("minNumber", c.MinNumber, 0, credential.MaxPasswordLength)
	within("minSymbol", c.MinSymbol, 0, credential.MaxPasswordLength)
	within("maxAgeDays", a.MaxAgeDays, 0, 999)
	within("expireWarnDays", a.ExpireWarnDays, 0, 999)
	within("minAgeMinutes", a.MinAgeMinutes, 0, maxMinutes)
	within("historyCount", a.HistoryCount, 0, credential.MaxHistory)
	if d := s.Password.Breached.ExpireAfterDays; d != nil {
		within("expireAfterDays", *d, 0, 999)
	}
	status := func(field string, v Status) {
		if v != Active && v != Inactive {
			causes = append(causes, idp.Cause{Field: field, Text: "must be ACTIVE or INACTIVE"})
		}
	}
	status("recovery_question", s.Recovery.Factors.Question.Status)
	status("okta_email", s.Recovery.Factors.Email.Status)
	status("okta_sms", s.Recovery.Factors.SMS.Status)
	status("okta_call", s.Recovery.Factors.Call.Status)
	within("maxAttempts", l.MaxAttempts, 0, 100)
	within("autoUnlockMinutes", l.AutoUnlockMinutes, 0, maxMinutes)
	f := s.Recovery.Factors
	within("recovery_question.minLength", f.Question.Properties.Complexity.MinLength, 1, 100)
	within("tokenLifetimeMinutes", f.Email.Properties.RecoveryToken.LifetimeMinutes, 1, maxMinutes)
	for _, name := range c.ExcludeAttributes {
		if name != "firstName" && name != "lastName" {
			causes = append(causes, idp.Cause{Field: "excludeAttributes", Text: "must be firstName or lastName"})
		}
	}
	for _, name := range l.NotificationChannel {
		if name != channelEmail {
			causes = append(causes, idp.Cause{Field: "userLockoutNotificationChannels", Text: "must be EMAIL"})
		}
	}
	if len(causes) > 0 {
		return idp.Invalid("settings", causes...)
	}
	return nil
}

const (
	// maxMinutes bounds every setting in minutes: ten years.
	maxMinutes   = 10 * 365 * 24 * 60
	channelEmail = "EMAIL"
)

// credentialPolicy is what the settings mean to package credential.
func (p *Policy) credentialPolicy() credential.Policy {
	c, a, l, f := p.Password.Password.Complexity, p.Password.Password.Age, p.Password.Password.Lockout, p.Password.Recovery.Factors
	return credential.Policy{
		ID: p.ID, Name: p.Name,
		Rules: credential.Rules{
			MinLength: c.MinLength, MinLower: c.MinLowerCase, MinUpper: c.MinUpperCase, MinNumber: c.MinNumber, MinSymbol: c.MinSymbol,
			ExcludeUsername: c.ExcludeUsername, ExcludeAttributes: c.ExcludeAttributes, ExcludeCommon: c.Dictionary.Common.Exclude,
		},
		Age: credential.Age{MaxDays: a.MaxAgeDays, WarnDays: a.ExpireWarnDays, MinMinutes: a.MinAgeMinutes, History: a.HistoryCount},
		Lockout: credential.Lockout{
			MaxAttempts: l.MaxAttempts, AutoUnlockMinutes: l.AutoUnlockMinutes, Show: l.ShowLockoutFailures,
			NotifyByEmail: slices.Contains(l.NotificationChannel, channelEmail),
		},
		Recovery: credential.Recovery{
			Question: f.Question.Status == Active, AnswerLength: f.Question.Properties.Complexity.MinLength,
			Email: f.Email.Status == Active, EmailTokenLife: time.Duration(f.Email.Properties.RecoveryToken.LifetimeMinutes) * time.Minute,
			SMS: f.SMS.Status == Active, Call: f.Call.Status == Active, SkipUnlock: p.Password.Delegation.Options.SkipUnlock,
		},
	}
}

// AccessAction allows something or not.
type AccessAction struct {
	Access Access `json:"access"`
}

// Access is the answer of a rule.
type Access string

// The answers.
const (
	Allow Access = "ALLOW"
	Deny  Access = "DENY"
)

func (a *AccessAction) allows() bool { return a != nil && a.Access == Allow }

// ResetAction lets users reset their password or not.
// (spec: management SelfServicePasswordResetAction)
type ResetAction struct {
	Access      Access            `json:"access"`
	Requirement *ResetRequirement `json:"requirement,omitempty"`
}

// ResetRequirement is what users prove before. It is kept and given back.
// (spec: management SsprRequirement)
type ResetRequirement struct {
	Primary struct {
		Methods     []string           `json:"methods,omitzero"`
		Constraints []MethodConstraint `json:"methodConstraints,omitzero"`
	} `json:"primary,omitzero"`
	StepUp struct {
		Required bool     `json:"required"`
		Methods  []string `json:"methods,omitzero"`
	} `json:"stepUp"`
	Control string `json:"accessControl,omitempty"` // LEGACY or AUTH_POLICY
}

// MethodConstraint narrows a method down to some authenticators.
type MethodConstraint struct {
	Method  string `json:"method"`
	Allowed []struct {
		Key string `json:"key"`
	} `json:"allowedAuthenticators,omitzero"`
}

func (a *ResetAction) allows() bool { return a != nil && a.Access == Allow }

// PasswordRules returns what the password policies decide for a user of the
// organisation: rules, age, lockout and recovery. The user need not be stored
// yet: of its members only ID and Provider are looked at, and extraGroups are
// the groups it is about to join.
func (s *Service) PasswordRules(tx *store.Tx, org *idp.Org, u *idp.User, extraGroups ...string) (credential.Policy, error) {
	subject, err := s.subject(tx, org, u, extraGroups)
	if err != nil {
		return credential.Policy{}, err
	}
	return s.PasswordRulesFor(tx, org.ID, subject)
}

// PasswordRulesFor is PasswordRules for a caller who knows the subject already.
func (s *Service) PasswordRulesFor(tx *store.Tx, orgID string, subject Subject) (credential.Policy, error) {
	policies, err := s.current(tx, orgID, TypePassword)
	if err != nil {
		return credential.Policy{}, err
	}
	p, trace := Applies(policies, subject)
	found := decision.Matched
	if p == nil {
		found = decision.None
	}
	trace.note(tx.Context(), decision.PasswordPolicy, subject.UserID, found)
	if p == nil {
		// The default policy is the floor for whom no condition fits.
		if p = systemPolicy(policies); p == nil {
			return credential.Policy{}, fmt.Errorf("organisation %s has no default password policy", orgID)
		}
	}
	return p.credentialPolicy(), nil
}

// SelfService is what a user may do alone with the password.
type SelfService struct {
	Change, Reset, Unlock bool
	Trace                 Trace
}

// PasswordActions returns what the password policies let a user do alone, from
// where s says. What no rule allows is denied.
func (s *Service) PasswordActions(tx *store.Tx, org *idp.Org, u *idp.User, from From) (SelfService, error) {
	m, trace, err := s.evaluate(tx, org, u, TypePassword, from)
	if err != nil || m == nil {
		return SelfService{Trace: trace}, err
	}
	a := m.Rule.Actions
	return SelfService{Change: a.PasswordChange.allows(), Reset: a.SelfReset.allows(), Unlock: a.SelfUnlock.allows(), Trace: trace}, nil
}
