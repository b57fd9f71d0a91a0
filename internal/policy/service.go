package policy

import (
	"context"
	"fmt"
	"slices"

	"usher/internal/decision"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/fresh"
	"usher/internal/idp"
	"usher/internal/store"
)

// Service keeps, loads and evaluates the policies of an organisation, and its
// network zones and trusted origins. The methods that take a transaction read
// within it and need IDs alone; the others need all members.
type Service struct {
	Store *store.Store
	Log   *eventlog.Log
	IDs   env.IDs

	warm fresh.Cache[warmKey, []*Policy] // ADR 0007
}

// warmKey is an organisation and a type of policies.
type warmKey struct {
	org string
	of  Type
}

// From is where a request for a decision comes from.
type From struct {
	Client   idp.Client
	AuthType AuthType // empty for the web and its APIs
}

// Load returns an organisation's policies of a type with their rules, in the
// order in which they are tried.
func (s *Service) Load(tx *store.Tx, orgID string, t Type) ([]*Policy, error) {
	rows, err := tx.Policies(orgID, string(t))
	if err != nil {
		return nil, fmt.Errorf("read policies of type %s: %w", t, err)
	}
	out := make([]*Policy, 0, len(rows))
	for _, row := range rows {
		p, err := fromStore(row)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Warm reads the policies that every sign-in looks at, at most once a second, so
// that its transaction need not. It is called outside of one.
func (s *Service) Warm(ctx context.Context, orgID string) error {
	for _, t := range []Type{TypePassword, TypeSignOn, TypeEnroll} {
		_, err := s.warm.Get(warmKey{orgID, t}, func() ([]*Policy, error) { return s.Load(s.Store.Read(ctx), orgID, t) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Forget drops what Warm has read, e.g. after a snapshot was restored.
func (s *Service) Forget() { s.warm.ForgetAll() }

// current is Load for a decision about a user: what Warm has read where that is
// fresh. What it gives is shared.
func (s *Service) current(tx *store.Tx, orgID string, t Type) ([]*Policy, error) {
	if list, ok := s.warm.Peek(warmKey{orgID, t}); ok {
		return list, nil
	}
	return s.Load(tx, orgID, t)
}

// evaluate loads the policies of a type and finds the rule for a user.
func (s *Service) evaluate(tx *store.Tx, org *idp.Org, u *idp.User, t Type, from From) (*Match, Trace, error) {
	subject, err := s.subject(tx, org, u, nil)
	if err != nil {
		return nil, nil, err
	}
	subject.AuthType = from.AuthType
	policies, err := s.current(tx, org.ID, t)
	if err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(policies, (*Policy).looksAtZones) {
		if subject.Zones, err = s.zonesOf(tx, org.ID, from.Client); err != nil {
			return nil, nil, err
		}
	}
	m, trace := Evaluate(policies, subject)
	trace.note(tx.Context(), decided(t), u.ID, outcome(t, m))
	return m, trace, nil
}

// decided is what the decisions of a request call the policies of a type.
func decided(t Type) decision.Kind {
	switch t {
	case TypePassword:
		return decision.PasswordRule
	case TypeEnroll:
		return decision.EnrollPolicy
	case TypeSignOn:
		return decision.SignOnPolicy
	case TypeIDPDiscovery, TypeAccess, TypeProfile, TypeToken:
	}
	return decision.Kind(t)
}

// outcome says what an evaluation came to.
func outcome(t Type, m *Match) string {
	switch {
	case m == nil:
		return decision.None
	case t == TypeSignOn && m.Rule.Actions.SignOn != nil:
		return string(m.Rule.Actions.SignOn.Access)
	}
	return decision.Matched
}

// looksAtZones tells whether a condition of the policy or of a rule is about
// network zones.
func (p *Policy) looksAtZones() bool {
	return p.Conditions.looksAtZones() || slices.ContainsFunc(p.Rules, func(r *Rule) bool { return r.Conditions.looksAtZones() })
}

func (c *Conditions) looksAtZones() bool {
	return c != nil && c.Network != nil && c.Network.Connection == Zone
}

// subject gathers what conditions look at, network zones aside. Everyone
// belongs to the built-in group, whose members are not stored.
func (s *Service) subject(tx *store.Tx, org *idp.Org, u *idp.User, extraGroups []string) (Subject, error) {
	groups, err := tx.GroupIDsOf(org.ID, u.ID)
	if err != nil {
		return Subject{}, fmt.Errorf("read the groups of %s: %w", u.ID, err)
	}
	groups = append(append(groups, org.Settings.EveryoneID), extraGroups...)
	return Subject{UserID: u.ID, GroupIDs: groups, Provider: u.Provider.Type}, nil
}

func systemPolicy(policies []*Policy) *Policy {
	for _, p := range policies {
		if p.System {
			return p
		}
	}
	return nil
}
