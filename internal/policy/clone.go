package policy

import (
	"context"
	"fmt"
	"slices"

	"usher/internal/idp"
	"usher/internal/store"
)

// Clone copies a policy with its rules under a name of its own, as the last of
// one's own policies of the type. Rules that belonged to the system become
// plain ones, but for the last rule that each policy of applications has.
// KindUnsupported for a type whose policies cannot be made.
// (spec: management#clonePolicy)
func (s *Service) Clone(ctx context.Context, a idp.Actor, id string) (*Policy, error) {
	var out *Policy
	err := s.tx(ctx, "clone policy", func(tx *store.Tx) error {
		p, err := find(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		if err := (Input{Type: p.Type}).checkType(); err != nil {
			return err
		}
		list, err := tx.Policies(p.OrgID, string(p.Type))
		if err != nil {
			return fmt.Errorf("read policies of type %s: %w", p.Type, err)
		}
		policyPrefix, rulePrefix := p.Type.prefixes()
		p.ID, p.Name, p.System, p.Created, p.LastUpdated = s.IDs.New(policyPrefix), cloneName(p, list), false, tx.Now(), tx.Now()
		for _, r := range p.Rules {
			r.PolicyID, r.ID, r.Created, r.LastUpdated = p.ID, s.IDs.New(rulePrefix), tx.Now(), tx.Now()
			r.System = r.System && !p.Type.ranked()
		}
		out = p
		return s.add(tx, a, p, nil)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// cloneName is a name that no policy of the type has.
func cloneName(p *Policy, list []*store.Policy) string {
	base := []rune("Clone of " + p.Name)
	for i := 1; ; i++ {
		suffix := ""
		if i > 1 {
			suffix = fmt.Sprintf(" (%d)", i)
		}
		name := string(base[:min(len(base), nameLength(p.Type)-len(suffix))]) + suffix
		if !slices.ContainsFunc(list, func(o *store.Policy) bool { return o.Name == name }) {
			return name
		}
	}
}
