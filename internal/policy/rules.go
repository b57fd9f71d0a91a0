package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// RuleInput is a rule as somebody wants it to be.
type RuleInput struct {
	Type       string // the rule type; empty for the one of the policy
	Name       string
	Priority   *int // nil: the last place, or where it is
	Conditions *Conditions
	Actions    json.RawMessage // of the type; what is left out is filled in
}

// Rules returns a policy whose rules are wanted. KindNotFound for no policy.
// (spec: management#listPolicyRules)
func (s *Service) Rules(ctx context.Context, a idp.Actor, policyID string) (*Policy, error) {
	return s.Policy(ctx, a, policyID)
}

// Rule returns a rule with its policy. KindNotFound names what is missing.
// (spec: management#getPolicyRule)
func (s *Service) Rule(ctx context.Context, a idp.Actor, policyID, id string) (*Policy, *Rule, error) {
	p, r, err := findRule(s.Store.Read(ctx), a.OrgID(), policyID, id)
	return p, r, store.Failure("read policy rule", err)
}

func findRule(tx *store.Tx, orgID, policyID, id string) (*Policy, *Rule, error) {
	p, err := find(tx, orgID, policyID)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(p.Rules, func(r *Rule) bool { return r.ID == id })
	if i < 0 {
		return nil, nil, idp.NotFound(TypeRule, id)
	}
	return p, p.Rules[i], nil
}

// AddRule adds a rule to a policy at its place. KindInvalid names the member at
// fault. (spec: management#addPolicyRule)
func (s *Service) AddRule(ctx context.Context, a idp.Actor, policyID string, in RuleInput, activate bool) (*Policy, *Rule, error) {
	var policy *Policy
	var rule *Rule
	err := s.tx(ctx, "add policy rule", func(tx *store.Tx) error {
		p, err := find(tx, a.OrgID(), policyID)
		if err != nil {
			return err
		}
		if p.Type == TypeProfile {
			return idp.Invalid("rules", idp.Cause{Text: "A policy of this type has one rule"})
		}
		if most := p.maxRules(); len(p.Rules) >= most {
			return idp.Invalid("rules", idp.Cause{Text: fmt.Sprintf("The policy has %d rules already", most)})
		}
		_, prefix := p.Type.prefixes()
		r := &Rule{PolicyID: p.ID, ID: s.IDs.New(prefix), Status: Inactive, Created: tx.Now()}
		if activate {
			r.Status = Active
		}
		if err := r.take(tx, a, p, in); err != nil {
			return err
		}
		if err := p.placeRule(tx, r, in.Priority); err != nil {
			return err
		}
		row, err := r.toStore()
		if err != nil {
			return err
		}
		err = tx.InsertPolicyRule(p.OrgID, row)
		if store.Exists(err, "policy_rules.name") {
			return ruleNameTaken()
		}
		if err != nil {
			return fmt.Errorf("insert policy rule: %w", err)
		}
		policy, rule = p, r
		return s.record(tx, a, eventlog.PolicyRuleAdd, r.target(), p.target())
	})
	if err != nil {
		return nil, nil, err
	}
	return policy, rule, nil
}

func (p *Policy) maxRules() int {
	if p.Type == TypeAccess {
		return maxAccessRules
	}
	return maxRules
}

func ruleNameTaken() error {
	return idp.Invalid("name", idp.Cause{Field: "name", Text: "Policy rule name already in use"})
}

// take gives a rule what somebody wants, the priority aside.
func (r *Rule) take(tx *store.Tx, a idp.Actor, p *Policy, in RuleInput) error {
	if in.Type != "" && in.Type != p.Type.RuleType() {
		return idp.Invalid("type", idp.Cause{Field: "type", Text: "must be " + p.Type.RuleType()})
	}
	if err := checkName(in.Name, nameLength(p.Type)); err != nil {
		return err
	}
	conditions := r.Conditions
	switch {
	case r.System && in.Name != r.Name:
		return readOnly("name")
	case r.System && in.Conditions.restricts():
		return readOnly("conditions")
	case !r.System:
		if err := checkConditions(tx, a.Org, in.Conditions, r.Conditions); err != nil {
			return err
		}
		filled, err := fillRule(p.Type, in.Conditions)
		if err != nil {
			return err
		}
		conditions = filled
	}
	actions, err := parseActions(p.Type, in.Actions)
	if err != nil {
		return err
	}
	if err := actions.Profile.checkGroups(tx, a.Org); err != nil {
		return err
	}
	r.Name, r.Conditions, r.Actions, r.LastUpdated = in.Name, conditions, actions, tx.Now()
	return nil
}

// nameLength is how long the names of a type's policies and rules may be.
func nameLength(t Type) int {
	if t == TypeAccess {
		return maxAccessName
	}
	return maxName
}

// placeRule puts a rule at its priority within its policy.
func (p *Policy) placeRule(tx *store.Tx, r *Rule, wanted *int) error {
	before := p.ranks()
	after := placeDense
	if p.Type == TypeAccess {
		after = placeSparse
	}
	for _, place := range after(slices.Clone(before), r.ID, wanted) {
		if place.id == r.ID {
			r.Priority = place.priority
		} else if err := p.moveRule(tx, before, place); err != nil {
			return err
		}
	}
	return nil
}

func (p *Policy) ranks() []rank {
	out := make([]rank, 0, len(p.Rules))
	for _, r := range p.Rules {
		out = append(out, rank{r.ID, r.Priority, r.System})
	}
	return out
}

// moveRule writes a new priority where it differs.
func (p *Policy) moveRule(tx *store.Tx, before []rank, r rank) error {
	if slices.Contains(before, r) {
		return nil
	}
	if err := tx.MovePolicyRule(p.OrgID, p.ID, r.id, r.priority); err != nil {
		return fmt.Errorf("move policy rule %s: %w", r.id, err)
	}
	return nil
}

// ReplaceRule gives a rule new contents and moves it when its priority changes.
// Its status stays. KindReadOnly for the name, the conditions or the priority
// of a rule of the system. (spec: management#updatePolicyRule)
func (s *Service) ReplaceRule(ctx context.Context, a idp.Actor, policyID, id string, in RuleInput) (*Policy, *Rule, error) {
	var policy *Policy
	var rule *Rule
	err := s.tx(ctx, "update policy rule", func(tx *store.Tx) error {
		p, r, err := findRule(tx, a.OrgID(), policyID, id)
		if err != nil {
			return err
		}
		if r.System && in.Priority != nil && *in.Priority != r.Priority {
			return readOnly("priority")
		}
		if err := r.take(tx, a, p, in); err != nil {
			return err
		}
		if !r.System && in.Priority != nil {
			if err := p.placeRule(tx, r, in.Priority); err != nil {
				return err
			}
		}
		if err := r.update(tx, p); err != nil {
			return err
		}
		policy, rule = p, r
		return s.record(tx, a, eventlog.PolicyRuleUpdate, r.target(), p.target())
	})
	if err != nil {
		return nil, nil, err
	}
	return policy, rule, nil
}

func (r *Rule) update(tx *store.Tx, p *Policy) error {
	row, err := r.toStore()
	if err != nil {
		return err
	}
	err = tx.UpdatePolicyRule(p.OrgID, row)
	if store.Exists(err, "policy_rules.name") {
		return ruleNameTaken()
	}
	r.Version = row.Version
	return err
}

// DeleteRule removes a rule; those behind it move up. KindForbidden for a rule
// of the system. (spec: management#deletePolicyRule)
func (s *Service) DeleteRule(ctx context.Context, a idp.Actor, policyID, id string) error {
	return s.tx(ctx, "delete policy rule", func(tx *store.Tx) error {
		p, r, err := findRule(tx, a.OrgID(), policyID, id)
		if err != nil {
			return err
		}
		if r.System {
			return idp.Fail(idp.KindForbidden)
		}
		if err := tx.DeletePolicyRule(p.OrgID, p.ID, r.ID); err != nil {
			return fmt.Errorf("delete policy rule %s: %w", r.ID, err)
		}
		if before := p.ranks(); p.Type != TypeAccess {
			for _, place := range closeGaps(before, r.ID) {
				if err := p.moveRule(tx, before, place); err != nil {
					return err
				}
			}
		}
		return s.record(tx, a, eventlog.PolicyRuleDelete, r.target(), p.target())
	})
}

// SetRuleStatus lets a rule take part or not; it keeps its place. Setting what
// is set changes nothing. KindForbidden for taking out a rule of the system.
// (spec: management#activatePolicyRule, management#deactivatePolicyRule)
func (s *Service) SetRuleStatus(ctx context.Context, a idp.Actor, policyID, id string, status Status) error {
	event := eventlog.PolicyRuleActivate
	if status == Inactive {
		event = eventlog.PolicyRuleDeactivate
	}
	return s.tx(ctx, "set policy rule status", func(tx *store.Tx) error {
		p, r, err := findRule(tx, a.OrgID(), policyID, id)
		if err != nil || r.Status == status {
			return err
		}
		if r.System {
			return idp.Fail(idp.KindForbidden)
		}
		r.Status, r.LastUpdated = status, tx.Now()
		if err := r.update(tx, p); err != nil {
			return err
		}
		return s.record(tx, a, event, r.target(), p.target())
	})
}
