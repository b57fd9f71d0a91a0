package oauth

import (
	"context"
	"fmt"
	"slices"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Bounds on the life of tokens, in minutes.
// (spec: management-extra TokenAuthorizationServerPolicyRuleAction)
const (
	minAccess  = 5
	maxAccess  = 24 * 60
	minWindow  = 10
	maxRefresh = 5 * 365 * 24 * 60 // five years
)

// Lives of tokens where a rule does not say. (recorded answers)
const (
	defaultAccess = 60
	defaultWindow = 7 * 24 * 60
)

// textNobody is the cause of a rule about people that includes nobody. (recorded
// answers)
const textNobody = "At least one of ''conditions.people.users.include'' or ''conditions.people.groups.include'' must contain a valid " +
	"user or group when ''conditions.grantTypes'' contains one or more of [authorization_code, implicit, password]."

// RuleInput is a rule as somebody wants it to be.
// (spec: management-extra AuthorizationServerPolicyRule)
type RuleInput struct {
	Name       string
	Priority   *int // nil: the last place, or where it is
	GrantTypes []string
	Scopes     []string
	Users      Selection
	Groups     Selection
	// The lives of tokens in minutes, nil for the default.
	Access, Refresh, Window *int
	Status                  Status // of a new one; empty: Active
}

// FindRule returns a rule by its identifier. KindNotFound.
func (p *Policy) FindRule(id string) (*Rule, error) {
	i := slices.IndexFunc(p.Rules, func(v *Rule) bool { return v.ID == id })
	if i < 0 {
		return nil, idp.NotFound(TypeRule, id)
	}
	return p.Rules[i], nil
}

func (r *Rule) take(in RuleInput) error {
	var f faults
	f.name("name", in.Name)
	if len(in.GrantTypes) == 0 {
		f.add("conditions.grantTypes.include", textBlank)
	}
	for _, g := range in.GrantTypes {
		if !slices.Contains(standardGrants(), g) && g != GrantMFAWebAuthn {
			f.add("conditions.grantTypes.include", "'"+g+"' is no grant type")
		}
	}
	personal := slices.ContainsFunc(in.GrantTypes, func(g string) bool { return g == GrantCode || g == GrantImplicit || g == GrantPassword })
	if len(in.Users.Include)+len(in.Groups.Include) == 0 && personal {
		f.add("conditions.people", textNobody)
	}
	for _, list := range [][]string{in.GrantTypes, in.Scopes, in.Users.Include, in.Users.Exclude, in.Groups.Include, in.Groups.Exclude} {
		if len(list) > maxParts || slices.ContainsFunc(list, func(v string) bool { return v == "" || len(v) > maxName }) {
			f.add("conditions", "has a list that is too long, or an element that is empty or too long")
			break
		}
	}
	r.Token = in.lifetimes(&f)
	// The Terraform provider for Okta leaves the scopes out where none is chosen.
	r.Name, r.GrantTypes, r.Scopes, r.Users, r.Groups = in.Name, in.GrantTypes, append([]string{}, in.Scopes...), in.Users.filled(), in.Groups.filled()
	return f.err()
}

// known refuses people who are not there, but for those of the rule as it was
// before.
func (r *Rule) known(tx *store.Tx, orgID string, before Rule) error {
	user := func(id string) error {
		_, err := tx.User(orgID, id)
		return err
	}
	group := func(id string) error {
		_, err := tx.Group(orgID, id)
		return err
	}
	var f faults
	for _, l := range []struct {
		field    string
		ids, was []string
		find     func(string) error
	}{
		{"conditions.people.users.include", r.Users.Include, before.Users.Include, user},
		{"conditions.people.users.exclude", r.Users.Exclude, before.Users.Exclude, user},
		{"conditions.people.groups.include", r.Groups.Include, append([]string{Everyone}, before.Groups.Include...), group},
		{"conditions.people.groups.exclude", r.Groups.Exclude, append([]string{Everyone}, before.Groups.Exclude...), group},
	} {
		if err := f.unknown(l.field, l.ids, l.was, l.find); err != nil {
			return err
		}
	}
	return f.err()
}

func (s Selection) filled() Selection {
	return Selection{Include: append([]string{}, s.Include...), Exclude: append([]string{}, s.Exclude...)}
}

func (in RuleInput) lifetimes(f *faults) Lifetimes {
	value := func(p *int, absent int) int {
		if p == nil {
			return absent
		}
		return *p
	}
	l := Lifetimes{Access: value(in.Access, defaultAccess), Refresh: value(in.Refresh, 0), Window: value(in.Window, defaultWindow)}
	if l.Access < minAccess || l.Access > maxAccess {
		f.add("actions.token.accessTokenLifetimeMinutes", fmt.Sprintf("must be between %d and %d", minAccess, maxAccess))
	}
	if l.Refresh != 0 && (l.Refresh < l.Access || l.Refresh > maxRefresh) {
		f.add("actions.token.refreshTokenLifetimeMinutes", "must be 0, or between the life of access tokens and five years")
	}
	if l.Window < minWindow || l.Window > maxRefresh || l.Window < l.Access {
		f.add("actions.token.refreshTokenWindowMinutes", "must be between 10 minutes, or the life of access tokens, and five years")
	}
	if l.Refresh != 0 && l.Window > l.Refresh && in.Window != nil {
		f.add("actions.token.refreshTokenWindowMinutes", "must not be longer than the life of refresh tokens")
	}
	return l
}

func (r *Rule) target() idp.Target {
	return idp.Target{ID: r.ID, Type: "PolicyRule", AlternateID: "unknown", DisplayName: r.Name}
}

func placeRule(tx *store.Tx, v *Server, p *Policy, r *Rule, wanted *int) error {
	return rewriteAll(tx, v, arrange(p.Rules, r, wanted), p.in)
}

// CreateRule adds a rule to a policy at its place.
// (spec: management-extra#createAuthorizationServerPolicyRule)
func (s *Service) CreateRule(ctx context.Context, a idp.Actor, serverID, policyID string, in RuleInput) (*Server, *Policy, *Rule, error) {
	var policy *Policy
	var out *Rule
	v, err := s.edit(ctx, a, serverID, "create rule", func(tx *store.Tx, v *Server) (err error) {
		if policy, err = v.FindPolicy(policyID); err != nil {
			return err
		}
		out = &Rule{part: s.newPart(tx, "0pr"), Status: Active}
		if in.Status == Inactive {
			out.Status = Inactive
		}
		if err := out.take(in); err != nil {
			return err
		}
		if err := out.known(tx, v.OrgID, Rule{}); err != nil {
			return err
		}
		if err := placeRule(tx, v, policy, out, in.Priority); err != nil {
			return err
		}
		return s.add(tx, a, v, policy.in(out), len(policy.Rules), telling{eventlog.PolicyRuleAdd, policy.target()})
	})
	return v, policy, out, err
}

// ReplaceRule gives a rule new settings; its status stays.
// (spec: management-extra#replaceAuthorizationServerPolicyRule)
func (s *Service) ReplaceRule(ctx context.Context, a idp.Actor, serverID, policyID, id string, in RuleInput) (*Server, *Policy, *Rule, error) {
	return s.rule(ctx, a, serverID, policyID, id, eventlog.PolicyRuleUpdate, func(tx *store.Tx, v *Server, p *Policy, r *Rule) (bool, error) {
		before := *r
		if err := r.take(in); err != nil {
			return false, err
		}
		if err := r.known(tx, v.OrgID, before); err != nil {
			return false, err
		}
		return true, placeRule(tx, v, p, r, in.Priority)
	})
}

// SetRule lets a rule take part or not.
// (spec: management-extra#activateAuthorizationServerPolicyRule)
func (s *Service) SetRule(ctx context.Context, a idp.Actor, serverID, policyID, id string, status Status) error {
	event := eventlog.PolicyRuleActivate
	if status == Inactive {
		event = eventlog.PolicyRuleDeactivate
	}
	_, _, _, err := s.rule(ctx, a, serverID, policyID, id, event, func(_ *store.Tx, _ *Server, _ *Policy, r *Rule) (bool, error) {
		changed := r.Status != status
		r.Status = status
		return changed, nil
	})
	return err
}

// rule changes a rule; change tells whether there is anything to write.
func (s *Service) rule(ctx context.Context, a idp.Actor, serverID, policyID, id string, event idp.EventType, change func(*store.Tx, *Server, *Policy, *Rule) (bool, error)) (*Server, *Policy, *Rule, error) {
	var policy *Policy
	var out *Rule
	v, err := s.edit(ctx, a, serverID, "rule", func(tx *store.Tx, v *Server) (err error) {
		if policy, err = v.FindPolicy(policyID); err != nil {
			return err
		}
		if out, err = policy.FindRule(id); err != nil {
			return err
		}
		changed, err := change(tx, v, policy, out)
		if err != nil || !changed {
			return err
		}
		return s.write(tx, a, v, policy.in(out), telling{event, policy.target()})
	})
	return v, policy, out, err
}

// DeleteRule removes a rule; those behind it move up. KindForbidden for one of
// the system's. (spec: management-extra#deleteAuthorizationServerPolicyRule)
func (s *Service) DeleteRule(ctx context.Context, a idp.Actor, serverID, policyID, id string) error {
	_, err := s.edit(ctx, a, serverID, "delete rule", func(tx *store.Tx, v *Server) error {
		p, err := v.FindPolicy(policyID)
		if err != nil {
			return err
		}
		r, err := p.FindRule(id)
		if err != nil {
			return err
		}
		if err := s.remove(tx, a, v, p.in(r), telling{eventlog.PolicyRuleDelete, p.target()}); err != nil {
			return err
		}
		return rewriteAll(tx, v, without(p.Rules, r), p.in)
	})
	return err
}
