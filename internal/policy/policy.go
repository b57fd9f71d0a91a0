package policy

import (
	"encoding/json"
	"fmt"
	"time"

	"usher/internal/store"
)

// Type names what a policy is about. (spec: management PolicyType)
type Type string

// The types.
const (
	TypeSignOn       Type = "OKTA_SIGN_ON"
	TypePassword     Type = "PASSWORD"
	TypeEnroll       Type = "MFA_ENROLL"
	TypeIDPDiscovery Type = "IDP_DISCOVERY"
	// TypeAccess decides about single applications.
	TypeAccess Type = "ACCESS_POLICY"
	// TypeProfile decides who may make themselves known, and with which profile.
	TypeProfile Type = "PROFILE_ENROLLMENT"
	// TypeToken decides about the tokens of an authorization server, which keeps
	// its own policies.
	TypeToken Type = "OAUTH_AUTHORIZATION_POLICY"
)

// Types lists the types that every organisation has from the start.
func Types() []Type { return []Type{TypeSignOn, TypePassword, TypeEnroll, TypeIDPDiscovery} }

// KnownTypes lists every type.
func KnownTypes() []Type { return append(Types(), TypeAccess, TypeProfile, TypeToken) }

// RuleType is how rules of a policy type call themselves.
// (spec: management PolicyRuleType)
func (t Type) RuleType() string {
	switch t {
	case TypeSignOn:
		return "SIGN_ON"
	case TypeToken:
		return "RESOURCE_ACCESS"
	case TypePassword, TypeEnroll, TypeIDPDiscovery, TypeAccess, TypeProfile:
	}
	return string(t)
}

// ranked tells whether the policies of a type are tried one after the other.
// Those of applications are not: each has priority 1, and an application names
// the one that it follows (recorded answers).
func (t Type) ranked() bool { return t != TypeAccess && t != TypeProfile }

// prefixes begin the identifiers of a type's policies and rules.
// (management reference: formats; recorded answers)
func (t Type) prefixes() (policy, rule string) {
	if t.ranked() {
		return "00p", "0pr"
	}
	return "rst", "rul"
}

// Status tells whether a policy or rule takes part.
type Status string

// The states.
const (
	Active   Status = "ACTIVE"
	Inactive Status = "INACTIVE"
)

// Policy is a policy with its rules. Of the settings, the one of its type is set.
type Policy struct {
	OrgID       string
	ID          string // 00p...
	Type        Type
	Name        string
	Description string
	Status      Status
	Priority    int // 1 is tried first
	System      bool
	Conditions  *Conditions // nil holds for everybody
	Password    *PasswordSettings
	Enroll      *EnrollSettings
	Created     time.Time
	LastUpdated time.Time
	Version     int64
	Rules       []*Rule // by priority
}

// Rule is a rule of a policy. Of the actions, those of its type are set.
type Rule struct {
	PolicyID    string
	ID          string // 0pr...
	Name        string
	Status      Status
	Priority    int // 1 is tried first
	System      bool
	Conditions  *Conditions // nil always holds
	Actions     Actions
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

// Actions are what a rule decides.
type Actions struct {
	SignOn         *SignOnAction    `json:"signon,omitempty"`
	PasswordChange *AccessAction    `json:"passwordChange,omitempty"`
	SelfReset      *ResetAction     `json:"selfServicePasswordReset,omitempty"`
	SelfUnlock     *AccessAction    `json:"selfServiceUnlock,omitempty"`
	Enroll         *EnrollAction    `json:"enroll,omitempty"`
	IDP            *DiscoveryAction `json:"idp,omitempty"`
	AppSignOn      *AppSignOnAction `json:"appSignOn,omitempty"`
	Profile        *ProfileAction   `json:"profileEnrollment,omitempty"`
}

// policyDocument is the stored JSON of a policy.
type policyDocument struct {
	Description string          `json:"description"`
	Conditions  *Conditions     `json:"conditions"`
	Settings    json.RawMessage `json:"settings,omitempty"`
}

// ruleDocument is the stored JSON of a rule.
type ruleDocument struct {
	Conditions *Conditions `json:"conditions"`
	Actions    Actions     `json:"actions"`
}

func fromStore(row *store.Policy) (*Policy, error) {
	var d policyDocument
	if err := json.Unmarshal(row.Document, &d); err != nil {
		return nil, fmt.Errorf("policy %s: %w", row.ID, err)
	}
	p := &Policy{
		OrgID: row.OrgID, ID: row.ID, Type: Type(row.Type), Name: row.Name, Description: d.Description, Status: Status(row.Status),
		Priority: row.Priority, System: row.System, Conditions: d.Conditions,
		Created: row.Created, LastUpdated: row.LastUpdated, Version: row.Version,
	}
	if err := p.setSettings(d.Settings); err != nil {
		return nil, fmt.Errorf("policy %s: %w", row.ID, err)
	}
	for i := range row.Rules {
		r, err := ruleFromStore(&row.Rules[i])
		if err != nil {
			return nil, err
		}
		p.Rules = append(p.Rules, r)
	}
	return p, nil
}

// setSettings reads the settings of the policy's type and fills in defaults.
func (p *Policy) setSettings(text json.RawMessage) (err error) {
	switch p.Type {
	case TypePassword:
		p.Password, err = ParsePasswordSettings(text)
	case TypeEnroll:
		p.Enroll, err = ParseEnrollSettings(text)
	case TypeSignOn, TypeIDPDiscovery, TypeAccess, TypeProfile, TypeToken: // have none
	}
	return err
}

// Settings are the policy's settings as JSON, nil for a type without any.
func (p *Policy) Settings() (json.RawMessage, error) {
	switch {
	case p.Password != nil:
		return json.Marshal(p.Password)
	case p.Enroll != nil:
		return json.Marshal(p.Enroll)
	}
	return nil, nil
}

func (p *Policy) toStore() (*store.Policy, error) {
	settings, err := p.Settings()
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", p.ID, err)
	}
	doc, err := json.Marshal(policyDocument{Description: p.Description, Conditions: p.Conditions, Settings: settings})
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", p.ID, err)
	}
	return &store.Policy{
		OrgID: p.OrgID, ID: p.ID, Type: string(p.Type), Name: p.Name, Status: string(p.Status), Priority: p.Priority,
		System: p.System, Document: doc, Created: p.Created, LastUpdated: p.LastUpdated, Version: p.Version,
	}, nil
}

func ruleFromStore(row *store.PolicyRule) (*Rule, error) {
	var d ruleDocument
	if err := json.Unmarshal(row.Document, &d); err != nil {
		return nil, fmt.Errorf("policy rule %s: %w", row.ID, err)
	}
	return &Rule{
		PolicyID: row.PolicyID, ID: row.ID, Name: row.Name, Status: Status(row.Status), Priority: row.Priority, System: row.System,
		Conditions: d.Conditions, Actions: d.Actions, Created: row.Created, LastUpdated: row.LastUpdated, Version: row.Version,
	}, nil
}

func (r *Rule) toStore() (*store.PolicyRule, error) {
	doc, err := json.Marshal(ruleDocument{Conditions: r.Conditions, Actions: r.Actions})
	if err != nil {
		return nil, fmt.Errorf("policy rule %s: %w", r.ID, err)
	}
	return &store.PolicyRule{
		PolicyID: r.PolicyID, ID: r.ID, Name: r.Name, Status: string(r.Status), Priority: r.Priority, System: r.System,
		Document: doc, Created: r.Created, LastUpdated: r.LastUpdated, Version: r.Version,
	}, nil
}
