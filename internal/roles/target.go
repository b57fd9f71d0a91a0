package roles

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// maxTargets bounds what one role can be limited to.
const maxTargets = 100

// kindOf is what a role can be limited to, "" for nothing.
func kindOf(t idp.RoleType) store.TargetKind {
	switch t {
	case idp.RoleAppAdmin:
		return store.TargetApp
	case idp.RoleUserAdmin, idp.RoleHelpDeskAdmin, idp.RoleGroupMembershipAdmin:
		return store.TargetGroup
	default: // the others are for the whole organisation
		return ""
	}
}

// GroupTargets lists the groups to which a role is limited, by identifier. None:
// it is not limited. Groups that have been deleted limit still, but are not
// listed. KindRoleType for a role without such targets.
// (spec: management#listGroupTargetsForRole)
func (s *Service) GroupTargets(ctx context.Context, a idp.Actor, p Principal, roleID string) ([]*idp.Group, error) {
	tx := s.Store.Read(ctx)
	targets, err := s.targets(tx, a, p, roleID, store.TargetGroup)
	if err != nil {
		return nil, err
	}
	out := make([]*idp.Group, 0, len(targets))
	for _, t := range targets {
		g, err := tx.Group(a.OrgID(), t.TargetID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read target: %w", err)
		}
		out = append(out, g)
	}
	return out, nil
}

// AppTarget is an application to which a role is limited: all of a name, or one.
type AppTarget struct {
	Name string
	// App is an instance: the one that is meant, or with All one that stands for
	// all of its name.
	App *idp.App
	All bool
}

// AppTargets lists the applications to which a role is limited. None: it is not
// limited. KindRoleType for a role without such targets.
// (spec: management-extra#listApplicationTargetsForApplicationAdministratorRoleForUser)
func (s *Service) AppTargets(ctx context.Context, a idp.Actor, p Principal, roleID string) ([]AppTarget, error) {
	tx := s.Store.Read(ctx)
	targets, err := s.targets(tx, a, p, roleID, store.TargetApp)
	if err != nil {
		return nil, err
	}
	out := make([]AppTarget, 0, len(targets))
	for _, t := range targets {
		app, err := findApp(tx, a.OrgID(), t.TargetID, t.InstanceID)
		if idp.KindOf(err) == idp.KindNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, AppTarget{Name: t.TargetID, App: app, All: t.InstanceID == ""})
	}
	return out, nil
}

// typeApp is the name of applications in errors about what does not exist.
const typeApp = "AppInstance"

// findApp finds an instance of an application, any when no identifier is given.
func findApp(tx *store.Tx, orgID, name, instanceID string) (*idp.App, error) {
	if instanceID == "" {
		apps, err := tx.AppsAfter(orgID, store.AppFilter{Name: name}, "", 1)
		if err != nil {
			return nil, fmt.Errorf("read applications: %w", err)
		}
		if len(apps) == 0 {
			return nil, idp.NotFound(typeApp, name)
		}
		return apps[0], nil
	}
	app, err := tx.App(orgID, instanceID)
	if errors.Is(err, store.ErrNotFound) || err == nil && app.Name != name {
		return nil, idp.NotFound(typeApp, instanceID)
	}
	if err != nil {
		return nil, fmt.Errorf("read application: %w", err)
	}
	return app, nil
}

// targets reads the targets of a role that a principal holds itself.
func (s *Service) targets(tx *store.Tx, a idp.Actor, p Principal, roleID string, kind store.TargetKind) ([]store.RoleTarget, error) {
	r, err := s.limitable(tx, a, p, roleID, kind)
	if err != nil {
		return nil, err
	}
	targets, err := tx.RoleTargets(r.OrgID, r.PrincipalID, r.ID)
	if err != nil {
		return nil, fmt.Errorf("list targets: %w", err)
	}
	return targets, nil
}

// limitable reads a role that can have targets of a kind.
func (s *Service) limitable(tx *store.Tx, a idp.Actor, p Principal, roleID string, kind store.TargetKind) (*store.Role, error) {
	h, err := s.holder(tx, a, p)
	if err != nil {
		return nil, err
	}
	r, err := own(tx, a.OrgID(), h.id, roleID)
	if err != nil {
		return nil, err
	}
	if kindOf(r.Type) != kind {
		return nil, idp.Fail(idp.KindRoleType)
	}
	return r, nil
}

// Target names a group, all applications of a name, or one of them.
type Target struct {
	GroupID    string
	AppName    string
	InstanceID string
}

func (t Target) row(r *store.Role) store.RoleTarget {
	out := store.RoleTarget{OrgID: r.OrgID, PrincipalID: r.PrincipalID, RoleID: r.ID, Kind: store.TargetGroup, TargetID: t.GroupID}
	if t.GroupID == "" {
		out.Kind, out.TargetID, out.InstanceID = store.TargetApp, t.AppName, t.InstanceID
	}
	return out
}

func (t Target) kind() store.TargetKind { return t.row(&store.Role{}).Kind }

// AddTarget limits a role to one thing more; the first takes the rest of the
// organisation away from it. KindNotFound for what is not there,
// KindTooManyTargets beyond a hundred. (spec: management#addGroupTargetToRole)
func (s *Service) AddTarget(ctx context.Context, a idp.Actor, p Principal, roleID string, t Target) error {
	return s.Store.Tx(ctx, func(tx *store.Tx) error {
		r, err := s.limitable(tx, a, p, roleID, t.kind())
		if err != nil {
			return err
		}
		if t.GroupID != "" {
			_, err = group(tx, a.OrgID(), t.GroupID)
		} else {
			_, err = findApp(tx, a.OrgID(), t.AppName, t.InstanceID)
		}
		if err != nil {
			return err
		}
		had, err := tx.RoleTargets(r.OrgID, r.PrincipalID, r.ID)
		if err != nil {
			return fmt.Errorf("list targets: %w", err)
		}
		added, err := tx.AddRoleTarget(t.row(r))
		if err == nil && added && len(had) >= maxTargets {
			return idp.Fail(idp.KindTooManyTargets)
		}
		if err != nil || !added {
			return err
		}
		return s.tellTargets(tx, a, p, r, append(had, t.row(r)))
	})
}

// RemoveTarget removes one of the things to which a role is limited.
// KindNotFound for what is none of them, KindInvalid for the last one: without
// it the role would be for the whole organisation.
// (spec: management#removeGroupTargetFromRole)
func (s *Service) RemoveTarget(ctx context.Context, a idp.Actor, p Principal, roleID string, t Target) error {
	return s.Store.Tx(ctx, func(tx *store.Tx) error {
		r, err := s.limitable(tx, a, p, roleID, t.kind())
		if err != nil {
			return err
		}
		err = tx.DeleteRoleTarget(t.row(r))
		if errors.Is(err, store.ErrNotFound) {
			return t.missing()
		}
		if err != nil {
			return fmt.Errorf("remove target: %w", err)
		}
		left, err := tx.RoleTargets(r.OrgID, r.PrincipalID, r.ID)
		if err == nil && len(left) == 0 {
			return idp.Invalid("target", idp.Cause{Text: "The last target of a role cannot be removed; remove the role and assign it again."})
		}
		if err != nil {
			return err
		}
		return s.tellTargets(tx, a, p, r, left)
	})
}

func (t Target) missing() error {
	switch {
	case t.GroupID != "":
		return idp.NotFound(typeGroup, t.GroupID)
	case t.InstanceID != "":
		return idp.NotFound(typeApp, t.InstanceID)
	}
	return idp.NotFound(typeApp, t.AppName)
}

// ClearTargets makes a role one for all applications of the organisation.
// (spec: management-extra#assignAllAppsAsTargetToRoleForUser)
func (s *Service) ClearTargets(ctx context.Context, a idp.Actor, p Principal, roleID string) error {
	return s.Store.Tx(ctx, func(tx *store.Tx) error {
		r, err := s.limitable(tx, a, p, roleID, store.TargetApp)
		if err != nil {
			return err
		}
		if err := tx.DeleteRoleTargets(r.OrgID, r.PrincipalID, r.ID); err != nil {
			return err
		}
		return s.tellTargets(tx, a, p, r, nil)
	})
}

// tellTargets records what a role's limits have become: the service's event of a
// grant says what the principal may do from now on.
func (s *Service) tellTargets(tx *store.Tx, a idp.Actor, p Principal, r *store.Role, targets []store.RoleTarget) error {
	h, err := s.holder(tx, a, p)
	if err != nil {
		return err
	}
	event := h.grant
	if h.user != nil {
		event = eventlog.PrivilegeGrant
	}
	names := make([]string, 0, len(targets))
	for _, t := range targets {
		names = append(names, strings.TrimSuffix(t.TargetID+"/"+t.InstanceID, "/"))
	}
	slices.Sort(names)
	return s.Log.Record(tx, a, eventlog.Entry{
		Type: event, Targets: []idp.Target{h.target}, Debug: map[string]string{"role": string(r.Type), "targets": strings.Join(names, " ")},
	})
}
