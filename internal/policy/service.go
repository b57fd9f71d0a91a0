package policy

import (
	"fmt"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// Service loads and evaluates the policies of an organisation. Its methods
// read within the caller's transaction.
type Service struct {
	IDs env.IDs
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

// evaluate loads the policies of a type and finds the rule for a user.
func (s *Service) evaluate(tx *store.Tx, org *idp.Org, u *idp.User, t Type, from From) (*Match, Trace, error) {
	subject, err := s.subject(tx, org, u, nil)
	if err != nil {
		return nil, nil, err
	}
	subject.AuthType = from.AuthType
	policies, err := s.Load(tx, org.ID, t)
	if err != nil {
		return nil, nil, err
	}
	m, trace := Evaluate(policies, subject)
	return m, trace, nil
}

// subject gathers what conditions look at. Everyone belongs to the built-in
// group, whose members are not stored. An organisation has no network zones
// yet, so no client belongs to one.
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
