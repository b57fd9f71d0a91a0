package directory

import (
	"errors"
	"slices"
	"strings"

	"usher/internal/el"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// objectRule names the condition of a rule in errors. (recorded answers)
const objectRule = "validateRule"

// badExpression is the answer to a condition that cannot be used. The service
// tells the reason and the member at fault. (recorded answers)
func badExpression(reason string) error {
	return idp.Invalid(objectRule, idp.Cause{Text: reason}, idp.Cause{Field: "conditions", Text: "Invalid expression"})
}

// ruleGroups checks a rule's condition and lists all groups that the rule
// names: its targets and those in the condition. KindInvalid when the condition
// cannot be read, names an attribute that profiles do not have, or a group that
// is not there.
func (s *Service) ruleGroups(tx *store.Tx, org *idp.Org, r *idp.GroupRule) ([]string, error) {
	p, err := el.Parse(r.Expression, el.GroupRules())
	if err != nil || strings.ContainsRune(r.Expression, 0) {
		return nil, badExpression("Invalid expression syntax " + short(r.Expression))
	}
	schema, err := allUsers(tx, org)
	if err != nil {
		return nil, err
	}
	uses := p.Uses()
	for _, path := range uses.Attributes {
		name := strings.TrimPrefix(path, "user.")
		if schema.Attribute(name) == nil {
			return nil, badExpression("Invalid property " + short(name) + " in expression " + short(r.Expression))
		}
	}
	for _, name := range uses.Properties {
		if !slices.Contains(ruleProperties, name) {
			return nil, badExpression("Invalid property " + short(name) + " in expression " + short(r.Expression))
		}
	}
	if results, all := p.Results(); all && !slices.ContainsFunc(results, func(path string) bool {
		return schema.Attribute(strings.TrimPrefix(path, "user.")).Type == TypeBoolean
	}) {
		return nil, badExpression("Invalid expression syntax " + short(r.Expression))
	}
	named := slices.Clone(r.GroupIDs)
	for _, id := range uses.GroupIDs {
		_, err := tx.Group(r.OrgID, id)
		if !idp.IsID(id, groupPrefix) || errors.Is(err, store.ErrNotFound) {
			return nil, badExpression("Invalid group " + short(id) + " in expression " + short(r.Expression))
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(named, id) {
			named = append(named, id)
		}
	}
	return named, nil
}

// AttributeRemoved makes the rules invalid whose conditions name a profile
// attribute that is no more. It belongs into the transaction that removes it.
func (s *Service) AttributeRemoved(tx *store.Tx, org *idp.Org, name string) error {
	rules, err := tx.GroupRulesAfter(org.ID, "", maxRules)
	if err != nil {
		return store.Failure("list group rules", err)
	}
	for _, r := range rules {
		p, err := el.Parse(r.Expression, el.GroupRules())
		if err != nil || !slices.Contains(p.Uses().Attributes, "user."+name) {
			continue
		}
		if err := s.invalidate(tx, org, r); err != nil {
			return err
		}
	}
	return nil
}

// invalidateNaming makes the rules invalid that name a group which is about to
// be removed.
func (s *Service) invalidateNaming(tx *store.Tx, org *idp.Org, groupID string) error {
	rules, err := tx.GroupRulesNaming(org.ID, groupID)
	if err != nil {
		return err
	}
	for _, r := range rules {
		r.GroupsValid = false
		if err := s.invalidate(tx, org, r); err != nil {
			return err
		}
	}
	return nil
}

// invalidate ends a rule's life but for its removal. (reference: group rules)
func (s *Service) invalidate(tx *store.Tx, org *idp.Org, r *idp.GroupRule) error {
	was := r.Status
	if err := s.setStatus(tx, r, idp.RuleInvalid); err != nil {
		return store.Failure("invalidate group rule", err)
	}
	if was == idp.RuleInvalid {
		return nil
	}
	return s.record(tx, idp.SystemActor(org), eventlog.RuleInvalidate, idp.RuleTarget(r))
}
