package policy

import (
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

// PromptMode says when a further factor is asked for.
type PromptMode string

// The modes.
const (
	PromptAlways  PromptMode = "ALWAYS"
	PromptDevice  PromptMode = "DEVICE"  // once on a device that is remembered
	PromptSession PromptMode = "SESSION" // once per factor life time
)

// SignOnAction is what a rule of an OKTA_SIGN_ON policy decides.
// (spec: management OktaSignOnPolicyRuleSignonActions)
type SignOnAction struct {
	Access            Access          `json:"access"`
	RequireFactor     bool            `json:"requireFactor"`
	PrimaryFactor     string          `json:"primaryFactor,omitempty"`
	RememberByDefault bool            `json:"rememberDeviceByDefault"`
	PromptMode        PromptMode      `json:"factorPromptMode,omitempty"`
	FactorLifetime    int             `json:"factorLifetime,omitempty"` // minutes
	Session           SessionSettings `json:"session"`
}

// SessionSettings are the limits of a session.
type SessionSettings struct {
	Persistent         bool `json:"usePersistentCookie"`
	MaxIdleMinutes     int  `json:"maxSessionIdleMinutes"`
	MaxLifetimeMinutes int  `json:"maxSessionLifetimeMinutes"` // 0 is for ever
}

// DefaultSignOnAction lets in with the password alone, for two idle hours.
// (management reference: policies, rule object)
func DefaultSignOnAction() *SignOnAction {
	return &SignOnAction{Access: Allow, Session: SessionSettings{MaxIdleMinutes: 120}}
}

// SessionLimits are how long a session may live. Zero is without limit.
type SessionLimits struct {
	Idle, Lifetime time.Duration
	Persistent     bool // the cookie survives the browser
}

// SignOn is the decision about a sign-in.
type SignOn struct {
	Allowed       bool
	RequireFactor bool
	PrimaryFactor string // empty for the password
	// PromptMode and FactorLifetime say when a factor is asked for again.
	PromptMode        PromptMode
	FactorLifetime    time.Duration
	RememberByDefault bool
	Session           SessionLimits
	// PolicyID and the others name what decided; empty when nothing did, which
	// denies.
	PolicyID, PolicyName, RuleID, RuleName string
	Trace                                  Trace
}

// SignOn decides whether a user may sign in from where from says, and with
// what. Where no rule matches, nobody gets in.
func (s *Service) SignOn(tx *store.Tx, org *idp.Org, u *idp.User, from From) (SignOn, error) {
	m, trace, err := s.evaluate(tx, org, u, TypeSignOn, from)
	if err != nil {
		return SignOn{}, err
	}
	return signOn(m, trace), nil
}

func signOn(m *Match, t Trace) SignOn {
	d := SignOn{Trace: t}
	if m == nil || m.Rule.Actions.SignOn == nil {
		return d
	}
	a := m.Rule.Actions.SignOn
	d.Allowed, d.RequireFactor, d.PrimaryFactor, d.RememberByDefault = a.Access == Allow, a.RequireFactor, a.PrimaryFactor, a.RememberByDefault
	d.PromptMode, d.FactorLifetime = a.PromptMode, time.Duration(a.FactorLifetime)*time.Minute
	d.Session = SessionLimits{
		Idle:       time.Duration(a.Session.MaxIdleMinutes) * time.Minute,
		Lifetime:   time.Duration(a.Session.MaxLifetimeMinutes) * time.Minute,
		Persistent: a.Session.Persistent,
	}
	d.PolicyID, d.PolicyName, d.RuleID, d.RuleName = m.Policy.ID, m.Policy.Name, m.Rule.ID, m.Rule.Name
	return d
}
