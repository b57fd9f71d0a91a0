package oauth

import (
	"context"
	"errors"
	"slices"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// PolicyInput is a policy as somebody wants it to be.
// (spec: management-extra AuthorizationServerPolicy)
type PolicyInput struct {
	Name        string
	Description string
	Priority    *int // nil: the last place, or where it is
	Clients     []string
	Status      Status // of a new one; empty: Active
}

// FindPolicy returns a policy by its identifier. KindNotFound.
func (s *Server) FindPolicy(id string) (*Policy, error) {
	i := slices.IndexFunc(s.Policies, func(v *Policy) bool { return v.ID == id })
	if i < 0 {
		return nil, idp.NotFound(TypePolicy, id)
	}
	return s.Policies[i], nil
}

func (p *Policy) take(in PolicyInput) error {
	var f faults
	f.name("name", in.Name)
	f.description(in.Description)
	if len(in.Clients) == 0 {
		f.add("conditions.clients.include", textBlank)
	}
	if len(in.Clients) > maxParts {
		f.add("conditions.clients.include", "too many")
	}
	for _, id := range in.Clients {
		if id == "" || len(id) > maxClientID {
			f.add("conditions.clients.include", "must be identifiers of clients")
		}
	}
	if slices.Contains(in.Clients, AllClients) && len(in.Clients) > 1 {
		f.add("conditions.clients.include", "must not have others beside "+AllClients)
	}
	p.Name, p.Description, p.Clients = in.Name, in.Description, in.Clients
	return f.err()
}

// textUnknown is the cause of a condition that names what is not there. (recorded
// answers)
const textUnknown = "Resource not found"

// unknown adds a fault for identifiers that name nothing, but for those that stood
// there before: what they named may have gone, and they match nobody.
func (f *faults) unknown(field string, ids, before []string, find func(id string) error) error {
	for _, id := range ids {
		if slices.Contains(before, id) {
			continue
		}
		err := store.ErrNotFound
		if idp.PlainID(id) {
			err = find(id)
		}
		switch {
		case errors.Is(err, store.ErrNotFound):
			f.add(field, textUnknown)
			return nil
		case err != nil:
			return store.Failure("look "+field+" up", err)
		}
	}
	return nil
}

// known refuses clients that are not there, but for those of before.
func (p *Policy) known(tx *store.Tx, orgID string, before []string) error {
	var f faults
	err := f.unknown("conditions.clients.include", p.Clients, append([]string{AllClients}, before...), func(id string) error {
		_, err := tx.AppByClientID(orgID, id)
		return err
	})
	if err != nil {
		return err
	}
	return f.err()
}

func (p *Policy) target() idp.Target {
	return idp.Target{ID: p.ID, Type: "PolicyEntity", AlternateID: "unknown", DisplayName: p.Name}
}

// placePolicy writes the policies that gave way to another.
func placePolicy(tx *store.Tx, v *Server, p *Policy, wanted *int) error {
	return rewriteAll(tx, v, arrange(v.Policies, p, wanted), policyElement)
}

// CreatePolicy adds a policy to a custom server at its place.
// (spec: management-extra#createAuthorizationServerPolicy)
func (s *Service) CreatePolicy(ctx context.Context, a idp.Actor, serverID string, in PolicyInput) (*Server, *Policy, error) {
	var out *Policy
	v, err := s.edit(ctx, a, serverID, "create policy", func(tx *store.Tx, v *Server) error {
		out = &Policy{part: s.newPart(tx, "00p"), Status: Active}
		if in.Status == Inactive {
			out.Status = Inactive
		}
		if err := out.take(in); err != nil {
			return err
		}
		if err := out.known(tx, v.OrgID, nil); err != nil {
			return err
		}
		if err := placePolicy(tx, v, out, in.Priority); err != nil {
			return err
		}
		return s.add(tx, a, v, out, len(v.Policies), telling{eventlog.PolicyCreate, v.target()})
	})
	return v, out, err
}

// ReplacePolicy gives a policy new settings; its status stays.
// (spec: management-extra#replaceAuthorizationServerPolicy)
func (s *Service) ReplacePolicy(ctx context.Context, a idp.Actor, serverID, id string, in PolicyInput) (*Server, *Policy, error) {
	return s.policy(ctx, a, serverID, id, eventlog.PolicyUpdate, func(tx *store.Tx, v *Server, p *Policy) (bool, error) {
		before := p.Clients
		if err := p.take(in); err != nil {
			return false, err
		}
		if err := p.known(tx, v.OrgID, before); err != nil {
			return false, err
		}
		return true, placePolicy(tx, v, p, in.Priority)
	})
}

// SetPolicy lets a policy take part or not.
// (spec: management-extra#activateAuthorizationServerPolicy)
func (s *Service) SetPolicy(ctx context.Context, a idp.Actor, serverID, id string, status Status) error {
	event := eventlog.PolicyActivate
	if status == Inactive {
		event = eventlog.PolicyDeactivate
	}
	_, _, err := s.policy(ctx, a, serverID, id, event, func(_ *store.Tx, _ *Server, p *Policy) (bool, error) {
		changed := p.Status != status
		p.Status = status
		return changed, nil
	})
	return err
}

// policy changes a policy; change tells whether there is anything to write.
func (s *Service) policy(ctx context.Context, a idp.Actor, serverID, id string, event idp.EventType, change func(*store.Tx, *Server, *Policy) (bool, error)) (*Server, *Policy, error) {
	var out *Policy
	v, err := s.edit(ctx, a, serverID, "policy", func(tx *store.Tx, v *Server) (err error) {
		if out, err = v.FindPolicy(id); err != nil {
			return err
		}
		changed, err := change(tx, v, out)
		if err != nil || !changed {
			return err
		}
		return s.write(tx, a, v, out, telling{event, v.target()})
	})
	return v, out, err
}

// DeletePolicy removes a policy with its rules; those behind it move up.
// KindForbidden for one of the system's.
// (spec: management-extra#deleteAuthorizationServerPolicy)
func (s *Service) DeletePolicy(ctx context.Context, a idp.Actor, serverID, id string) error {
	_, err := s.edit(ctx, a, serverID, "delete policy", func(tx *store.Tx, v *Server) error {
		p, err := v.FindPolicy(id)
		if err != nil {
			return err
		}
		if err := s.remove(tx, a, v, p, telling{eventlog.PolicyDelete, v.target()}); err != nil {
			return err
		}
		return rewriteAll(tx, v, without(v.Policies, p), policyElement)
	})
	return err
}
