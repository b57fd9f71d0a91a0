package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Input is a policy as somebody wants it to be.
type Input struct {
	Type        Type
	Name        string
	Description string
	Priority    *int // nil: the last place, or where it is
	Conditions  *Conditions
	Settings    json.RawMessage // of the type; what is left out is filled in
}

// List returns the policies of a type in the order in which they are tried,
// those with a status where it is not empty. KindMissingParameter without a
// type, KindBadRequest for an unknown type or status.
// (spec: management#listPolicies)
func (s *Service) List(ctx context.Context, a idp.Actor, t Type, status Status) ([]*Policy, error) {
	switch {
	case t == "":
		return nil, idp.Fail(idp.KindMissingParameter)
	case !slices.Contains(KnownTypes(), t):
		return nil, &idp.Error{Kind: idp.KindBadRequest, Object: "type"}
	case status != "" && status != Active && status != Inactive:
		return nil, &idp.Error{Kind: idp.KindBadRequest, Object: "status"}
	}
	list, err := s.Load(s.Store.Read(ctx), a.OrgID(), t)
	if err != nil {
		return nil, store.Failure("list policies", err)
	}
	return slices.DeleteFunc(list, func(p *Policy) bool { return status != "" && p.Status != status }), nil
}

// Policy returns a policy with its rules, else KindNotFound.
// (spec: management#getPolicy)
func (s *Service) Policy(ctx context.Context, a idp.Actor, id string) (*Policy, error) {
	p, err := find(s.Store.Read(ctx), a.OrgID(), id)
	return p, store.Failure("read policy", err)
}

func find(tx *store.Tx, orgID, id string) (*Policy, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(TypePolicy, id)
	}
	row, err := tx.Policy(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypePolicy, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read policy %s: %w", id, err)
	}
	return fromStore(row)
}

// Create adds a policy at its place. KindInvalid names the member at fault;
// KindUnsupported for a type whose policies nobody would look at.
// (spec: management#createPolicy)
func (s *Service) Create(ctx context.Context, a idp.Actor, in Input, activate bool) (*Policy, error) {
	if err := in.checkType(); err != nil {
		return nil, err
	}
	var out *Policy
	prefix, rulePrefix := in.Type.prefixes()
	id, ruleID := s.IDs.New(prefix), s.IDs.New(rulePrefix)
	err := s.tx(ctx, "create policy", func(tx *store.Tx) error {
		p := &Policy{OrgID: a.OrgID(), ID: id, Type: in.Type, Status: Inactive, Priority: 1, Created: tx.Now()}
		if activate {
			p.Status = Active
		}
		if err := p.take(tx, a, in); err != nil {
			return err
		}
		if !p.Type.ranked() {
			p.Rules = []*Rule{{
				PolicyID: id, ID: ruleID, Name: CatchAllName, Status: Active, Priority: catchAllPriority, System: true,
				Actions: lastActions(p.Type), Created: tx.Now(), LastUpdated: tx.Now(),
			}}
		}
		out = p
		return s.add(tx, a, p, in.Priority)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// checkType tells whether policies of the type can be made.
func (in Input) checkType() error {
	switch in.Type {
	case "":
		return idp.Invalid("type", idp.Cause{Field: "type", Text: textBlank})
	case TypeSignOn, TypePassword, TypeEnroll, TypeIDPDiscovery, TypeAccess, TypeProfile:
		return nil
	case TypeToken:
		return idp.Invalid("type", idp.Cause{Field: "type", Text: "policies of this type belong to an authorization server"})
	}
	return idp.Invalid("type", idp.Cause{Field: "type", Text: "is unknown"})
}

// lastActions is what the rule decides that a new policy about applications
// begins with.
func lastActions(t Type) Actions {
	if t == TypeProfile {
		return Actions{Profile: defaultProfile()}
	}
	return Actions{AppSignOn: catchAll()}
}

// take gives a policy what somebody wants, the priority aside.
func (p *Policy) take(tx *store.Tx, a idp.Actor, in Input) error {
	if err := checkName(in.Name, nameLength(p.Type)); err != nil {
		return err
	}
	if utf8.RuneCountInString(in.Description) > maxDescription {
		return idp.Invalid("description", idp.Cause{Field: "description", Text: textTooLong})
	}
	conditions := fillPolicy(p.Type, in.Conditions)
	if p.System {
		if in.Name != p.Name {
			return readOnly("name")
		}
		if in.Conditions != nil && !same(conditions, p.Conditions) {
			return readOnly("conditions")
		}
		conditions = p.Conditions
	} else if err := checkConditions(tx, a.Org, conditions, p.Conditions); err != nil {
		return err
	}
	if err := p.setSettings(in.Settings); err != nil {
		return err
	}
	p.Name, p.Description, p.Conditions, p.LastUpdated = in.Name, in.Description, conditions, tx.Now()
	return nil
}

// add stores a new policy and makes room for it.
func (s *Service) add(tx *store.Tx, a idp.Actor, p *Policy, wanted *int) error {
	list, err := tx.Policies(p.OrgID, string(p.Type))
	if err != nil {
		return fmt.Errorf("read policies of type %s: %w", p.Type, err)
	}
	if len(list) >= maxPolicies {
		return idp.Invalid("type", idp.Cause{Text: fmt.Sprintf("There are %d policies of this type already", maxPolicies)})
	}
	if p.Type.ranked() {
		if err := p.place(tx, list, wanted); err != nil {
			return err
		}
	}
	err = insert(tx, p)
	if store.Exists(err, "policies.name") {
		return nameTaken()
	}
	if err != nil {
		return err
	}
	return s.record(tx, a, eventlog.PolicyCreate, p.target())
}

func nameTaken() error {
	return idp.Invalid("name", idp.Cause{Field: "name", Text: "Policy name already in use"})
}

// place puts the policy at its priority among those of its type.
func (p *Policy) place(tx *store.Tx, list []*store.Policy, wanted *int) error {
	before := ranksOf(list)
	for _, r := range placeDense(slices.Clone(before), p.ID, wanted) {
		if r.id == p.ID {
			p.Priority = r.priority
		} else if err := movePolicy(tx, p.OrgID, before, r); err != nil {
			return err
		}
	}
	return nil
}

func ranksOf(list []*store.Policy) []rank {
	out := make([]rank, 0, len(list))
	for _, p := range list {
		out = append(out, rank{p.ID, p.Priority, p.System})
	}
	return out
}

// movePolicy writes a new priority where it differs.
func movePolicy(tx *store.Tx, orgID string, before []rank, r rank) error {
	if slices.Contains(before, r) {
		return nil
	}
	if err := tx.MovePolicy(orgID, r.id, r.priority); err != nil {
		return fmt.Errorf("move policy %s: %w", r.id, err)
	}
	return nil
}

// Replace gives a policy new contents and moves it when its priority changes.
// Its status stays (recorded answers). KindReadOnly for the name, the
// conditions or the priority of a policy of the system.
// (spec: management#updatePolicy)
func (s *Service) Replace(ctx context.Context, a idp.Actor, id string, in Input) (*Policy, error) {
	var out *Policy
	err := s.tx(ctx, "update policy", func(tx *store.Tx) error {
		p, err := find(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		if in.Type != "" && in.Type != p.Type {
			return idp.Invalid("type", idp.Cause{Field: "type", Text: "does not change"})
		}
		if p.System && in.Priority != nil && *in.Priority != p.Priority {
			return readOnly("priority")
		}
		if err := p.take(tx, a, in); err != nil {
			return err
		}
		if p.Type.ranked() && !p.System && in.Priority != nil {
			list, err := tx.Policies(p.OrgID, string(p.Type))
			if err != nil {
				return fmt.Errorf("read policies of type %s: %w", p.Type, err)
			}
			if err := p.place(tx, list, in.Priority); err != nil {
				return err
			}
		}
		if err := p.update(tx); err != nil {
			return err
		}
		out = p
		return s.record(tx, a, eventlog.PolicyUpdate, p.target())
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (p *Policy) update(tx *store.Tx) error {
	row, err := p.toStore()
	if err != nil {
		return err
	}
	err = tx.UpdatePolicy(row)
	if store.Exists(err, "policies.name") {
		return nameTaken()
	}
	p.Version = row.Version
	return err
}

// Delete removes a policy with its rules; those behind it move up.
// KindForbidden for a policy of the system. (spec: management#deletePolicy)
func (s *Service) Delete(ctx context.Context, a idp.Actor, id string) error {
	return s.tx(ctx, "delete policy", func(tx *store.Tx) error {
		p, err := find(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		if p.System {
			return idp.Fail(idp.KindForbidden)
		}
		if err := tx.DeletePolicy(p.OrgID, p.ID); err != nil {
			return fmt.Errorf("delete policy %s: %w", p.ID, err)
		}
		if p.Type.ranked() {
			list, err := tx.Policies(p.OrgID, string(p.Type))
			if err != nil {
				return fmt.Errorf("read policies of type %s: %w", p.Type, err)
			}
			before := ranksOf(list)
			for _, r := range closeGaps(before, p.ID) {
				if err := movePolicy(tx, p.OrgID, before, r); err != nil {
					return err
				}
			}
		}
		return s.record(tx, a, eventlog.PolicyDelete, p.target())
	})
}

// SetStatus lets a policy take part or not; it keeps its place. Setting what is
// set changes nothing. KindForbidden for taking out a policy of the system.
// (spec: management#activatePolicy, management#deactivatePolicy)
func (s *Service) SetStatus(ctx context.Context, a idp.Actor, id string, status Status) error {
	event := eventlog.PolicyActivate
	if status == Inactive {
		event = eventlog.PolicyDeactivate
	}
	return s.tx(ctx, "set policy status", func(tx *store.Tx) error {
		p, err := find(tx, a.OrgID(), id)
		if err != nil || p.Status == status {
			return err
		}
		if p.System {
			return idp.Fail(idp.KindForbidden)
		}
		p.Status, p.LastUpdated = status, tx.Now()
		if err := p.update(tx); err != nil {
			return err
		}
		return s.record(tx, a, event, p.target())
	})
}
