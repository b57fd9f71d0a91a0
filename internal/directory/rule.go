package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// TypeRule is the name of group rules in errors about what does not exist: the
// service calls them by the name of policy rules. (recorded answers)
const TypeRule = "PolicyRule"

// rulePrefix begins the identifiers of group rules, as of policy rules.
const rulePrefix = "0pr"

// ExpressionType names the language of conditions. (spec: management
// GroupRuleExpression)
const ExpressionType = "urn:okta:expression:1.0"

// Bounds of group rules.
const (
	maxRules       = 2000 // of an organisation (reference: group rules)
	maxRuleName    = 50   // characters
	maxRuleGroups  = 100  // targets of a rule
	maxExcluded    = 1000 // users whom a rule leaves alone
	maxRuleKeyword = 100  // characters of what is looked for
)

// RuleInput is what a caller says about a rule. (spec: management#createRule)
type RuleInput struct {
	Name           string
	Expression     string
	ExpressionType string   // ExpressionType when empty
	GroupIDs       []string // empty leaves them as they are in an update
	Excluded       []string
}

func (n RuleInput) check() error {
	switch length := utf8.RuneCountInString(n.Name); {
	case length == 0 || blank(n.Name):
		return idp.Invalid(attrName, idp.Cause{Field: attrName, Text: textBlank})
	case length > maxRuleName:
		return idp.Invalid(attrName, idp.Cause{Field: attrName, Text: textTooLong})
	case n.ExpressionType != "" && n.ExpressionType != ExpressionType:
		return idp.Invalid("type", idp.Cause{Field: "type", Text: "The language of the expression is not supported"})
	case len(n.GroupIDs) > maxRuleGroups:
		return idp.Invalid("groupIds", idp.Cause{Field: "groupIds", Text: fmt.Sprintf("A rule can have at most %d groups", maxRuleGroups)})
	case len(n.Excluded) > maxExcluded:
		return idp.Invalid("exclude", idp.Cause{Field: "exclude", Text: fmt.Sprintf("A rule can exclude at most %d users", maxExcluded)})
	}
	return nil
}

// CreateRule adds a rule that does nothing until it is activated. KindInvalid
// names what is wrong with it, KindNotFound a group or user that is not there.
// (spec: management#createRule)
func (s *Service) CreateRule(ctx context.Context, actor idp.Actor, n RuleInput) (*idp.GroupRule, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	if len(n.GroupIDs) == 0 {
		return nil, idp.Invalid("groupIds", idp.Cause{Field: "groupIds", Text: textBlank})
	}
	id := s.IDs.New(rulePrefix)
	var out *idp.GroupRule
	err := s.tx(ctx, "create group rule", func(tx *store.Tx) error {
		if err := s.permitRules(tx, actor); err != nil {
			return err
		}
		count, err := tx.CountGroupRules(actor.OrgID())
		if err != nil {
			return err
		}
		if count >= maxRules {
			return idp.Invalid("groupRules", idp.Cause{Text: fmt.Sprintf("An organization can have at most %d group rules", maxRules)})
		}
		if err := tx.ReviseRules(actor.OrgID(), s.IDs.New("rev")); err != nil {
			return err
		}
		targets, err := ruleTargets(tx, actor.Org, n.GroupIDs)
		if err != nil {
			return err
		}
		now := tx.Now()
		out = &idp.GroupRule{
			OrgID: actor.OrgID(), ID: id, Name: n.Name, Status: idp.RuleInactive, Expression: n.Expression, ExpressionType: ExpressionType,
			GroupIDs: targets, GroupsValid: true, Created: now, LastUpdated: now,
		}
		named, err := s.ruleGroups(tx, actor.Org, out)
		if err != nil {
			return err
		}
		if err := ruleName(tx.InsertGroupRule(out)); err != nil {
			return err
		}
		if err := tx.SetRuleGroups(out.OrgID, id, named); err != nil {
			return err
		}
		return exclude(tx, out, n.Excluded)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ruleName turns a clash of names into what the service says.
// (reference: validation cause texts)
func ruleName(err error) error {
	if store.Exists(err, "group_rules.name") {
		return idp.Invalid(attrName, idp.Cause{Field: attrName, Text: "Policy rule name already in use"})
	}
	return err
}

// ruleTargets checks the groups into which a rule puts users: groups that are
// kept here and hold no administrator role, since a rule must not hand out
// rights.
func ruleTargets(tx *store.Tx, org *idp.Org, ids []string) ([]string, error) {
	var out []string
	for _, id := range ids {
		if slices.Contains(out, id) {
			continue
		}
		g, err := findGroup(tx, org.ID, id)
		if err != nil {
			return nil, err
		}
		if g.Type != idp.GroupOkta {
			return nil, idp.Invalid("groupIds", idp.Cause{Field: "groupIds", Text: "The members of the group " + id + " cannot be assigned by a rule"})
		}
		roles, err := tx.RolesOf(org.ID, id)
		if err != nil {
			return nil, err
		}
		if len(roles) > 0 {
			return nil, idp.Invalid("groupIds", idp.Cause{Field: "groupIds", Text: "The group " + id + " has administrator roles"})
		}
		out = append(out, id)
	}
	return out, nil
}

// exclude writes the users whom a rule leaves alone, in the place of others.
func exclude(tx *store.Tx, r *idp.GroupRule, ids []string) error {
	if err := tx.ClearExclusions(r.OrgID, r.ID); err != nil {
		return err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	list := make([]store.Exclusion, 0, len(ids))
	for _, id := range ids {
		if !idp.IsID(id, userPrefix) {
			return idp.NotFound(TypeUser, id)
		}
		if _, err := tx.User(r.OrgID, id); errors.Is(err, store.ErrNotFound) {
			return idp.NotFound(TypeUser, id)
		} else if err != nil {
			return err
		}
		list = append(list, store.Exclusion{RuleID: r.ID, UserID: id})
	}
	r.Excluded = ids
	_, err := tx.Exclude(r.OrgID, list)
	return err
}

// Rule returns a rule, else KindNotFound. (spec: management#getRule)
func (s *Service) Rule(ctx context.Context, actor idp.Actor, id string) (*idp.GroupRule, error) {
	read := s.Store.Read(ctx)
	r, err := s.ruleFor(read, actor, id)
	if err == nil {
		err = withExclusions(read, r)
	}
	return r, store.Failure("read group rule", err)
}

// permitRules tells whether the actor may see and change group rules. Who is
// limited to some groups may not: a rule looks at all users, and at groups out
// of reach.
func (s *Service) permitRules(tx *store.Tx, actor idp.Actor) error {
	return s.permitGroup(tx, actor, "")
}

// ruleFor finds a rule for an actor who may see and change rules.
func (s *Service) ruleFor(tx *store.Tx, actor idp.Actor, id string) (*idp.GroupRule, error) {
	if err := s.permitRules(tx, actor); err != nil {
		return nil, err
	}
	return findRule(tx, actor.OrgID(), id)
}

func findRule(tx *store.Tx, orgID, id string) (*idp.GroupRule, error) {
	if !idp.IsID(id, rulePrefix) {
		return nil, idp.NotFound(TypeRule, id)
	}
	r, err := tx.GroupRule(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeRule, id)
	}
	return r, err
}

func withExclusions(tx *store.Tx, r *idp.GroupRule) error {
	list, err := tx.ExclusionsBy(r.OrgID, r.ID)
	r.Excluded = nil
	for _, e := range list {
		r.Excluded = append(r.Excluded, e.UserID)
	}
	return err
}

func ruleID(r *idp.GroupRule) string { return r.ID }

// Rules lists rules in the order of their creation, like Users; with a keyword
// those whose names hold it, in any case. (spec: management#listRules)
func (s *Service) Rules(ctx context.Context, actor idp.Actor, keyword string, p idp.Page) (rules []*idp.GroupRule, next string, err error) {
	if err := p.Check(rulePrefix); err != nil {
		return nil, "", err
	}
	if utf8.RuneCountInString(keyword) > maxRuleKeyword {
		return nil, "", nil
	}
	read := s.Store.Read(ctx)
	if err := s.permitRules(read, actor); err != nil {
		if idp.KindOf(err) == idp.KindForbidden {
			err = nil
		}
		return nil, "", err
	}
	limit := p.Limit + 1
	if keyword != "" {
		limit = maxRules // few enough to look at each name
	}
	rules, err = read.GroupRulesAfter(actor.OrgID(), p.After, limit)
	if err != nil {
		return nil, "", store.Failure("list group rules", err)
	}
	key := scim.Fold(keyword)
	rules = slices.DeleteFunc(rules, func(r *idp.GroupRule) bool { return !strings.Contains(scim.Fold(r.Name), key) })
	rules, next = idp.Cut(rules, p.Limit, ruleID)
	for _, r := range rules {
		if err := withExclusions(read, r); err != nil {
			return nil, "", store.Failure("list exclusions", err)
		}
	}
	return rules, next, nil
}

// RuleGroupNames returns the names of the groups that rules assign, by
// identifier; groups that are gone have none. (spec: management#listRules,
// parameter expand)
func (s *Service) RuleGroupNames(ctx context.Context, actor idp.Actor, rules ...*idp.GroupRule) (map[string]string, error) {
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.GroupIDs...)
	}
	out := map[string]string{}
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), maxNamesAtOnce) {
		groups, err := s.Store.Read(ctx).GroupsByID(actor.OrgID(), part)
		if err != nil {
			return nil, store.Failure("read groups", err)
		}
		for id, g := range groups {
			out[id] = g.Name
		}
	}
	return out, nil
}

// maxNamesAtOnce bounds the groups that one statement looks up.
const maxNamesAtOnce = 500

// UpdateRule replaces name, condition and exclusions of an inactive rule. The
// target groups cannot change. KindInvalid otherwise.
// (spec: management#updateRule)
func (s *Service) UpdateRule(ctx context.Context, actor idp.Actor, id string, n RuleInput) (*idp.GroupRule, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	var out *idp.GroupRule
	err := s.tx(ctx, "update group rule", func(tx *store.Tx) error {
		r, err := s.ruleFor(tx, actor, id)
		if err != nil {
			return err
		}
		switch {
		case r.Status != idp.RuleInactive:
			return idp.Invalid("updateRule", idp.Cause{Text: "Cannot update a Group Rule with the status " + string(r.Status) + "."})
		case len(n.GroupIDs) > 0 && !sameSet(n.GroupIDs, r.GroupIDs):
			return idp.Invalid("actions", idp.Cause{Field: "actions", Text: "The groups of a rule cannot be changed"})
		}
		r.Name, r.Expression, r.LastUpdated = n.Name, n.Expression, tx.Now()
		named, err := s.ruleGroups(tx, actor.Org, r)
		if err != nil {
			return err
		}
		if err := ruleName(tx.UpdateGroupRule(r)); err != nil {
			return err
		}
		out = r
		if err := tx.SetRuleGroups(r.OrgID, r.ID, named); err != nil {
			return err
		}
		return exclude(tx, r, n.Excluded)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func sameSet(a, b []string) bool {
	sorted := func(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
	return slices.Equal(sorted(a), sorted(b))
}

// statusFixed is the answer to a change of an invalid rule's state.
// (recorded answers)
func statusFixed() error {
	return idp.Invalid("updateRuleStatus", idp.Cause{Text: "Cannot activate or deactivate a Group Rule with the status INVALID."})
}

// ActivateRule makes a rule hold: from now on for every user who changes, and
// for those who are there already as fast as that can be done. A rule that is
// active stays so. KindInvalid for an invalid one. (spec: management#activateRule)
func (s *Service) ActivateRule(ctx context.Context, actor idp.Actor, id string) error {
	var run ruleRun
	err := s.tx(ctx, "activate group rule", func(tx *store.Tx) error {
		run = ruleRun{}
		r, err := s.ruleFor(tx, actor, id)
		if err != nil || r.Status == idp.RuleActive {
			return err
		}
		if r.Status == idp.RuleInvalid {
			return statusFixed()
		}
		// The rule may have waited while a role was granted to a group.
		if _, err := ruleTargets(tx, actor.Org, r.GroupIDs); err != nil {
			return err
		}
		if err := s.setStatus(tx, r, idp.RuleActive); err != nil {
			return err
		}
		if run, err = s.startRun(tx, r); err != nil {
			return err
		}
		if err := s.repeatRun(tx, r); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.RuleTrigger, idp.RuleTarget(r))
	})
	if err != nil || run.Rule == "" {
		return err
	}
	// A small organisation is done at once. If this fails, the task that is
	// queued does it.
	_, _ = s.runBatch(ctx, actor.OrgID(), run, actor.Client.RequestID)
	return nil
}

// setStatus moves a rule to another state and tells everybody that what is
// active has changed.
func (s *Service) setStatus(tx *store.Tx, r *idp.GroupRule, status idp.RuleStatus) error {
	if err := tx.ReviseRules(r.OrgID, s.IDs.New("rev")); err != nil {
		return err
	}
	r.Status, r.LastUpdated = status, tx.Now()
	if err := tx.UpdateGroupRule(r); err != nil {
		return err
	}
	if status != idp.RuleActive {
		if err := tx.EndRuleRun(r.OrgID, r.ID); err != nil {
			return err
		}
	}
	return tx.CountActiveRules(r.OrgID)
}

// DeactivateRule makes a rule do nothing; the memberships that it has made
// stay. A rule that is inactive stays so. KindInvalid for an invalid one.
// (spec: management#deactivateRule)
func (s *Service) DeactivateRule(ctx context.Context, actor idp.Actor, id string) error {
	return s.tx(ctx, "deactivate group rule", func(tx *store.Tx) error {
		r, err := s.ruleFor(tx, actor, id)
		if err != nil || r.Status == idp.RuleInactive {
			return err
		}
		if r.Status == idp.RuleInvalid {
			return statusFixed()
		}
		if err := s.setStatus(tx, r, idp.RuleInactive); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.RuleDeactivated, idp.RuleTarget(r))
	})
}

// DeleteRule removes a rule in any state. The memberships that it has made end
// with it (removeUsers) or become as if made by hand. (spec: management#deleteRule)
func (s *Service) DeleteRule(ctx context.Context, actor idp.Actor, id string, removeUsers bool) error {
	release := ruleRelease{Rule: id, Remove: removeUsers}
	err := s.tx(ctx, "delete group rule", func(tx *store.Tx) error {
		r, err := s.ruleFor(tx, actor, id)
		if err != nil {
			return err
		}
		release.Name = r.Name
		if r.Status == idp.RuleActive {
			if err := s.setStatus(tx, r, idp.RuleInactive); err != nil {
				return err
			}
			if err := s.record(tx, actor, eventlog.RuleDeactivated, idp.RuleTarget(r)); err != nil {
				return err
			}
		}
		if err := tx.DeleteGroupRule(r.OrgID, r.ID); err != nil {
			return err
		}
		return s.enqueue(tx, r.OrgID, taskRelease, release)
	})
	if err != nil {
		return err
	}
	// As in ActivateRule: what is small is done at once, the rest by the task.
	_, _ = s.releaseBatch(ctx, actor.OrgID(), release, actor.Client.RequestID)
	return nil
}
