package directory

import (
	"errors"
	"fmt"
	"slices"

	"usher/internal/el"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// debugRule is the member of an event about a membership that names the rule
// which made it. (real events)
const debugRule = "triggeredByGroupRuleId"

// verdict is what the rules change for a user.
type verdict struct {
	user        *idp.User
	add, remove []store.Membership
	// joined and left are the groups that the user enters and leaves by it,
	// each with the rule that was first.
	joined, left []store.Membership
	unsettled    bool
}

func (v verdict) empty() bool { return len(v.add) == 0 && len(v.remove) == 0 && !v.unsettled }

// judge compares what the rules want for a user with what is there.
func (set *ruleSet) judge(rules []activeRule, v subject, names *naming) (verdict, error) {
	want, settled, err := set.settle(rules, v, names)
	if err != nil {
		return verdict{}, err
	}
	out := verdict{user: v.user, unsettled: !settled}
	before, after := map[string]bool{}, map[string]bool{}
	for _, m := range v.have {
		before[m.GroupID] = true
		_, active := set.byID[m.RuleID]
		if active && (len(rules) > 1 || rules[0].ID == m.RuleID) && !slices.Contains(want, m) {
			out.remove = append(out.remove, m)
		} else {
			after[m.GroupID] = true
		}
	}
	for _, m := range want {
		if !slices.Contains(v.have, m) {
			out.add = append(out.add, m)
			if !before[m.GroupID] && !after[m.GroupID] {
				out.joined = append(out.joined, m)
			}
		}
		after[m.GroupID] = true
	}
	for _, m := range out.remove {
		if !after[m.GroupID] {
			after[m.GroupID] = true // told once
			out.left = append(out.left, m)
		}
	}
	return out, nil
}

// applyRules gives a user what the active rules say, in the transaction that
// changes the user or a membership. The rules must be held.
func (s *Service) applyRules(tx *store.Tx, set *ruleSet, u *idp.User, a idp.Attributes) error {
	if set == nil || u.Status == idp.UserDeprovisioned {
		return nil
	}
	v := subject{user: u, attributes: a, excluded: map[string]bool{}}
	var err error
	if v.have, err = tx.MembershipsOf(u.OrgID, u.ID); err != nil {
		return store.Failure("read memberships", err)
	}
	excluded, err := tx.ExclusionsBetween(u.OrgID, u.ID, u.ID)
	if err != nil {
		return store.Failure("read exclusions", err)
	}
	for _, e := range excluded {
		v.excluded[e.RuleID] = true
	}
	out, err := set.judge(set.rules, v, &naming{tx: tx, orgID: u.OrgID, known: map[string]el.Group{}})
	if err != nil {
		return store.Failure("judge by group rules", err)
	}
	return s.enact(tx, set, "", []verdict{out})
}

// enact writes verdicts with their events and tells the hooks. request is the
// identifier that the events carry as their transaction.
func (s *Service) enact(tx *store.Tx, set *ruleSet, request string, verdicts []verdict) error {
	verdicts = slices.DeleteFunc(verdicts, verdict.empty)
	if len(verdicts) == 0 {
		return nil
	}
	var add, remove []store.Membership
	for _, v := range verdicts {
		add, remove = append(add, v.add...), append(remove, v.remove...)
	}
	if err := tx.RemoveMembers(set.org.ID, remove); err != nil {
		return fmt.Errorf("delete memberships: %w", err)
	}
	if err := tx.AddMembers(set.org.ID, add); err != nil {
		return fmt.Errorf("insert memberships: %w", err)
	}
	return s.tell(tx, set.org, request, verdicts)
}

// tell records what verdicts mean and runs the hooks.
func (s *Service) tell(tx *store.Tx, org *idp.Org, request string, verdicts []verdict) error {
	var ids []string
	for _, v := range verdicts {
		for _, m := range slices.Concat(v.joined, v.left) {
			if !slices.Contains(ids, m.GroupID) {
				ids = append(ids, m.GroupID)
			}
		}
	}
	groups, err := tx.GroupsByID(org.ID, ids)
	if err != nil {
		return fmt.Errorf("read groups: %w", err)
	}
	for _, id := range ids {
		if err := tx.TouchMembers(org.ID, id); err != nil {
			return fmt.Errorf("touch group: %w", err)
		}
	}
	actor := idp.SystemActor(org)
	actor.Client.RequestID = request
	var entries []eventlog.Entry
	for _, v := range verdicts {
		user := idp.UserTarget(v.user)
		each := func(event idp.EventType, list []store.Membership) {
			for _, m := range list {
				if g := groups[m.GroupID]; g != nil {
					entries = append(entries, eventlog.Entry{
						Type: event, Targets: []idp.Target{user, idp.GroupTarget(g)}, Debug: map[string]string{debugRule: m.RuleID},
					})
				}
			}
		}
		each(eventlog.MemberRemove, v.left)
		each(eventlog.MemberAdd, v.joined)
		if v.unsettled {
			entries = append(entries, eventlog.Entry{
				Type: eventlog.RuleError, Result: idp.ResultFailure, Reason: "The group rules contradict each other", Targets: []idp.Target{user},
			})
		}
	}
	if err := s.Log.RecordAll(tx, actor, entries); err != nil {
		return err
	}
	for _, v := range verdicts {
		for i, m := range slices.Concat(v.left, v.joined) {
			for _, h := range s.OnMembership {
				if err := h(tx, actor, m.GroupID, m.UserID, i >= len(v.left)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// afterMembership lets the rules follow a change of a user's memberships by
// hand.
func (s *Service) afterMembership(tx *store.Tx, set *ruleSet, u *idp.User) error {
	if set == nil || !set.groups {
		return nil
	}
	a, err := u.Attributes()
	if err != nil {
		return store.Failure("read profile", err)
	}
	return s.applyRules(tx, set, u, a)
}

// takeTurns makes transactions that change the memberships of one user follow
// each other, where rules look at memberships. It returns the user as it is then.
func takeTurns(tx *store.Tx, set *ruleSet, u *idp.User) (*idp.User, error) {
	if set == nil {
		return u, nil
	}
	if err := tx.TouchUser(u.OrgID, u.ID); errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeUser, u.ID)
	} else if err != nil {
		return nil, err
	}
	return tx.User(u.OrgID, u.ID)
}

// excludeFromRules keeps the rules that had put a user into a group from doing
// so again: somebody has decided otherwise. (reference: group rules)
func (s *Service) excludeFromRules(tx *store.Tx, actor idp.Actor, u *idp.User, reasons []store.Membership) error {
	for _, m := range reasons {
		if m.RuleID == "" {
			continue
		}
		r, err := tx.GroupRule(u.OrgID, m.RuleID)
		if errors.Is(err, store.ErrNotFound) {
			continue // it was deleted and its memberships are being released
		}
		if err != nil {
			return fmt.Errorf("read group rule: %w", err)
		}
		list, err := tx.ExclusionsBy(u.OrgID, r.ID)
		if err != nil {
			return fmt.Errorf("read exclusions: %w", err)
		}
		if len(list) >= maxExcluded {
			return idp.Invalid("exclude", idp.Cause{Text: "The rule " + r.Name + " excludes as many users as it can"})
		}
		n, err := tx.Exclude(u.OrgID, []store.Exclusion{{RuleID: r.ID, UserID: u.ID}})
		if err != nil {
			return fmt.Errorf("exclude from group rule: %w", err)
		}
		if n == 0 {
			continue
		}
		system := idp.SystemActor(actor.Org)
		system.Client.RequestID = actor.Client.RequestID
		if err := s.record(tx, system, eventlog.RuleExclusion, idp.UserTarget(u), idp.RuleTarget(r)); err != nil {
			return err
		}
	}
	return nil
}
