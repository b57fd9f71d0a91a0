package apps

import (
	"context"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// The types of policies that applications are put under one by one.
const (
	accessPolicy  = "ACCESS_POLICY"
	profilePolicy = "PROFILE_ENROLLMENT"
)

// mappingPrefix begins the names of mappings, which else are those of their
// applications: a policy has one application once.
const mappingPrefix = "pma"

// typeMapping is the name of mappings in errors about what does not exist.
const typeMapping = "PolicyMapping"

// Mapping is an application under a policy. (spec: management PolicyMapping)
type Mapping struct {
	ID, PolicyID string
	App          *App
}

func newMapping(policyID string, a *App) *Mapping {
	return &Mapping{ID: mappingPrefix + a.ID[len(mappingPrefix):], PolicyID: policyID, App: a}
}

// slot is where an application keeps its policy of a type, nil for types that
// are not about single applications.
func (d *Details) slot(policyType string) *string {
	switch policyType {
	case accessPolicy:
		return &d.PolicyID
	case profilePolicy:
		return &d.ProfilePolicyID
	}
	return nil
}

// listPage is how many applications are looked at at once.
const listPage = 200

// Mappings lists the applications under a policy in the order of their creation.
// The organisation's default authentication policy has those that are under no
// other. Policies that are not about applications have none. KindNotFound.
// (spec: management#listPolicyMappings, management#listPolicyApps)
func (s *Service) Mappings(ctx context.Context, actor idp.Actor, policyID string) ([]*Mapping, error) {
	p, err := policyOf(s.Store.Read(ctx), actor.OrgID(), policyID)
	if err != nil {
		return nil, err
	}
	if (&Details{}).slot(p.Type) == nil {
		return nil, nil
	}
	var out []*Mapping
	for q := (Query{Page: idp.Page{Limit: listPage}}); ; {
		apps, next, err := s.List(ctx, actor, q)
		if err != nil {
			return nil, err
		}
		for _, a := range apps {
			own := *a.Details.slot(p.Type)
			if own == p.ID || own == "" && p.System {
				out = append(out, newMapping(p.ID, a))
			}
		}
		if next == "" {
			return out, nil
		}
		q.Page.After = next
	}
}

// Mapping returns an application under a policy by the mapping's name, else
// KindNotFound. (spec: management#getPolicyMapping)
func (s *Service) Mapping(ctx context.Context, actor idp.Actor, policyID, id string) (*Mapping, error) {
	tx := s.Store.Read(ctx)
	p, err := policyOf(tx, actor.OrgID(), policyID)
	if err != nil {
		return nil, err
	}
	a, err := appOfMapping(tx, p, id)
	if err != nil {
		return nil, store.Failure("read mapping", err)
	}
	return newMapping(p.ID, a), nil
}

// appOfMapping finds the application of a mapping.
func appOfMapping(tx *store.Tx, p *store.Policy, id string) (*App, error) {
	if len(id) <= len(mappingPrefix) || id[:len(mappingPrefix)] != mappingPrefix {
		return nil, idp.NotFound(typeMapping, id)
	}
	a, err := loadApp(tx, p.OrgID, appPrefix+id[len(mappingPrefix):])
	if idp.KindOf(err) == idp.KindNotFound {
		return nil, idp.NotFound(typeMapping, id)
	}
	if err != nil {
		return nil, err
	}
	if own := a.Details.slot(p.Type); own == nil || *own != p.ID && (*own != "" || !p.System) {
		return nil, idp.NotFound(typeMapping, id)
	}
	return a, nil
}

func policyOf(tx *store.Tx, orgID, id string) (*store.Policy, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(typePolicy, id)
	}
	p, err := tx.Policy(orgID, id)
	if err != nil {
		return nil, missing(err, typePolicy, id)
	}
	return p, nil
}

// Map puts an application under a policy. KindNotFound for either, KindInvalid
// for a policy that is not about applications.
// (spec: management#mapResourceToPolicy)
func (s *Service) Map(ctx context.Context, actor idp.Actor, policyID, appID string) (*Mapping, error) {
	var out *Mapping
	err := s.tx(ctx, "map policy", func(tx *store.Tx) error {
		p, err := policyOf(tx, actor.OrgID(), policyID)
		if err != nil {
			return err
		}
		a, err := s.mayLoad(tx, actor, appID)
		if err != nil {
			return err
		}
		own := a.Details.slot(p.Type)
		if own == nil {
			return idp.Invalid("policyId", idp.Cause{Field: "policyId", Text: "must name a policy about applications"})
		}
		out = newMapping(p.ID, a)
		return s.setPolicy(tx, actor, a, p, own, p.ID)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Unmap takes an application out of a policy: it is under the organisation's
// default again. (spec: management#deletePolicyResourceMapping)
func (s *Service) Unmap(ctx context.Context, actor idp.Actor, policyID, id string) error {
	return s.tx(ctx, "unmap policy", func(tx *store.Tx) error {
		p, err := policyOf(tx, actor.OrgID(), policyID)
		if err != nil {
			return err
		}
		a, err := appOfMapping(tx, p, id)
		if err != nil {
			return err
		}
		if err := s.permit(tx, actor, a.Name, a.ID); err != nil {
			return err
		}
		if p.System {
			return idp.Fail(idp.KindForbidden)
		}
		return s.setPolicy(tx, actor, a, p, a.Details.slot(p.Type), "")
	})
}

// setPolicy writes what an application keeps of its policy in one of its slots.
func (s *Service) setPolicy(tx *store.Tx, actor idp.Actor, a *App, p *store.Policy, slot *string, id string) error {
	if *slot == id {
		return nil
	}
	*slot, a.LastUpdated = id, tx.Now()
	if err := a.seal(); err != nil {
		return err
	}
	if err := tx.UpdateApp(&a.App, scim.Fold(a.Label)); err != nil {
		return err
	}
	return s.record(tx, actor, eventlog.AppUpdate, idp.AppTarget(&a.App), idp.Target{ID: p.ID, Type: "PolicyEntity", AlternateID: "unknown", DisplayName: p.Name})
}
