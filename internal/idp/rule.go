package idp

import "time"

// RuleStatus is a state of a group rule.
type RuleStatus string

// The states. A rule whose groups or attributes are gone is invalid for good.
// (spec: management GroupRuleStatus)
const (
	RuleActive   RuleStatus = "ACTIVE"
	RuleInactive RuleStatus = "INACTIVE"
	RuleInvalid  RuleStatus = "INVALID"
)

// GroupRule puts the users who meet a condition into groups.
type GroupRule struct {
	OrgID  string
	ID     string // 0pr...
	Name   string
	Status RuleStatus
	// Expression is the condition, in the language that ExpressionType names.
	Expression     string
	ExpressionType string
	GroupIDs       []string // the targets
	Excluded       []string // users whom the rule leaves alone, by identifier
	// GroupsValid tells whether all groups that the rule names exist.
	GroupsValid bool
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

// RuleTarget names a group rule as a target of an event.
func RuleTarget(r *GroupRule) Target {
	return Target{ID: r.ID, Type: "Rule", AlternateID: "unknown", DisplayName: r.Name}
}
