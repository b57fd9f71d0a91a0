package apps

import (
	"context"
	"errors"

	"usher/internal/idp"
	"usher/internal/store"
)

// typePolicy is the name of policies in errors about what does not exist.
const typePolicy = "Policy"

// AssignPolicy puts an application under an authentication policy; without one
// it is under the organisation's default. KindNotFound for either,
// KindInvalid for a policy of another type.
// (spec: management-extra#assignApplicationPolicy)
func (s *Service) AssignPolicy(ctx context.Context, actor idp.Actor, appID, policyID string) error {
	return s.tx(ctx, "assign policy", func(tx *store.Tx) error {
		a, err := s.mayLoad(tx, actor, appID)
		if err != nil {
			return err
		}
		p, err := policyOf(tx, actor.OrgID(), policyID)
		if err != nil {
			return err
		}
		if p.Type != accessPolicy {
			return idp.Invalid("policyId", idp.Cause{Field: "policyId", Text: "must name a policy of type " + accessPolicy})
		}
		return s.setPolicy(tx, actor, a, p, &a.Details.PolicyID, p.ID)
	})
}

// forgetGone puts applications whose policy is gone under the default again,
// as they are shown: a policy is deleted without a word to them.
func forgetGone(tx *store.Tx, list ...*App) error {
	there := map[string]bool{}
	for _, a := range list {
		for _, slot := range []*string{&a.Details.PolicyID, &a.Details.ProfilePolicyID} {
			id := *slot
			if id == "" {
				continue
			}
			if _, known := there[id]; !known {
				_, err := tx.Policy(a.OrgID, id)
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					return store.Failure("read policy", err)
				}
				there[id] = err == nil
			}
			if !there[id] {
				*slot = ""
			}
		}
	}
	return nil
}
