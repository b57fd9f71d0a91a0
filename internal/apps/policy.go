package apps

import (
	"context"
	"errors"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// Authentication policies, as far as applications know about them.
const (
	accessPolicy = "ACCESS_POLICY"
	typePolicy   = "Policy"
)

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
		if !plainID(policyID) {
			return idp.NotFound(typePolicy, policyID)
		}
		p, err := tx.Policy(actor.OrgID(), policyID)
		if err != nil {
			return missing(err, typePolicy, policyID)
		}
		if p.Type != accessPolicy {
			return idp.Invalid("policyId", idp.Cause{Field: "policyId", Text: "must name a policy of type " + accessPolicy})
		}
		if a.Details.PolicyID == p.ID {
			return nil
		}
		a.Details.PolicyID, a.LastUpdated = p.ID, tx.Now()
		if err := a.seal(); err != nil {
			return err
		}
		if err := tx.UpdateApp(&a.App, scim.Fold(a.Label)); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.AppUpdate, idp.AppTarget(&a.App), idp.Target{ID: p.ID, Type: "PolicyEntity", AlternateID: "unknown", DisplayName: p.Name})
	})
}

// forgetGone puts applications whose policy is gone under the default again,
// as they are shown: a policy is deleted without a word to them.
func forgetGone(tx *store.Tx, list ...*App) error {
	there := map[string]bool{}
	for _, a := range list {
		id := a.Details.PolicyID
		if id == "" {
			continue
		}
		if _, known := there[id]; !known {
			_, err := tx.Policy(a.OrgID, id)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return failure("read policy", err)
			}
			there[id] = err == nil
		}
		if !there[id] {
			a.Details.PolicyID = ""
		}
	}
	return nil
}
