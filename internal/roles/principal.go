package roles

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Principal names who holds a role: a user, a group or an OAuth client.
type Principal struct {
	// Ref is a group's or a client's identifier, or what names a user (see
	// directory.User).
	Ref    string
	Group  bool
	Client bool
}

// Assignment is a role that a principal holds.
type Assignment struct {
	store.Role
	// ByGroup tells that a user holds the role through the group PrincipalID.
	ByGroup bool
}

// typeGroup is the name of groups in errors about what does not exist.
const typeGroup = "UserGroup"

// holder is a principal that exists.
type holder struct {
	id     string
	user   *idp.User // nil for a group or a client
	target idp.Target
	// What is recorded of its roles, and how identifiers of roles begin that are
	// for the whole organisation; of a group or a client.
	grant, revoke idp.EventType
	prefix        string
}

// holder reads a principal, else KindNotFound on "User" or "UserGroup".
func (s *Service) holder(tx *store.Tx, a idp.Actor, p Principal) (holder, error) {
	if p.Client {
		app, err := tx.AppByClientID(a.OrgID(), p.Ref)
		if errors.Is(err, store.ErrNotFound) || p.Ref == "" {
			return holder{}, idp.NotFound("PublicClientApp", p.Ref)
		}
		if err != nil {
			return holder{}, fmt.Errorf("read application: %w", err)
		}
		return holder{
			id: app.ID, target: idp.AppTarget(app), grant: eventlog.ClientPrivilegeGrant, revoke: eventlog.ClientPrivilegeRevoke, prefix: "cra",
		}, nil
	}
	if !p.Group {
		u, err := s.Directory.Find(tx, a.OrgID(), p.Ref)
		if err != nil {
			return holder{}, err
		}
		return holder{id: u.ID, user: u, target: idp.UserTarget(u)}, nil
	}
	g, err := group(tx, a.OrgID(), p.Ref)
	if err != nil {
		return holder{}, err
	}
	return holder{
		id: g.ID, target: idp.GroupTarget(g), grant: eventlog.GroupPrivilegeGrant, revoke: eventlog.GroupPrivilegeRevoke, prefix: "gra",
	}, nil
}

func group(tx *store.Tx, orgID, id string) (*idp.Group, error) {
	g, err := tx.Group(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(typeGroup, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read group: %w", err)
	}
	return g, nil
}

// Assignments lists the roles of a principal, those that a user holds by groups
// behind its own. (spec: management#listAssignedRoles)
func (s *Service) Assignments(ctx context.Context, a idp.Actor, p Principal) ([]Assignment, error) {
	tx := s.Store.Read(ctx)
	h, err := s.holder(tx, a, p)
	if err != nil {
		return nil, err
	}
	return assignments(tx, a.OrgID(), h)
}

func assignments(tx *store.Tx, orgID string, h holder) ([]Assignment, error) {
	own, err := tx.RolesOf(orgID, h.id)
	if err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	out := make([]Assignment, 0, len(own))
	for _, r := range own {
		out = append(out, Assignment{Role: r})
	}
	if h.user == nil {
		return out, nil
	}
	inherited, err := tx.RolesByGroups(orgID, h.id)
	if err != nil {
		return nil, fmt.Errorf("list roles by groups: %w", err)
	}
	for _, r := range inherited {
		out = append(out, Assignment{Role: r, ByGroup: true})
	}
	return out, nil
}

// Assignment returns one role of a principal, its own before one by a group, or
// KindNotFound on "RoleAssignment". (spec: management-extra#getUserAssignedRole)
func (s *Service) Assignment(ctx context.Context, a idp.Actor, p Principal, roleID string) (*Assignment, error) {
	all, err := s.Assignments(ctx, a, p)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == roleID {
			return &all[i], nil
		}
	}
	return nil, idp.NotFound(typeAssignment, roleID)
}

// Grant gives a principal a role. Errors are those of Assign; KindUnsupported
// for a group whose members are computed. (spec: management#addRoleToUser,
// management-extra#assignRoleToGroup)
func (s *Service) Grant(ctx context.Context, a idp.Actor, p Principal, t idp.RoleType) (out *Assignment, err error) {
	err = s.Store.Tx(ctx, func(tx *store.Tx) error {
		h, err := s.holder(tx, a, p)
		if err != nil {
			return err
		}
		var r *store.Role
		if h.user != nil {
			r, err = s.Assign(tx, a, h.id, t)
		} else {
			r, err = s.assignOther(tx, a, h, t)
		}
		if err != nil {
			return err
		}
		out = &Assignment{Role: *r}
		return nil
	})
	return out, err
}

// assignOther gives a role to a group or a client.
func (s *Service) assignOther(tx *store.Tx, a idp.Actor, h holder, t idp.RoleType) (*store.Role, error) {
	if Label(t) == "" {
		return nil, notStandard()
	}
	if h.id == a.Org.Settings.EveryoneID {
		return nil, idp.Fail(idp.KindUnsupported)
	}
	r := store.Role{OrgID: a.OrgID(), PrincipalID: h.id, ID: fixedID(t), Type: t, Created: tx.Now(), LastUpdated: tx.Now()}
	if !Targetable(t) {
		r.ID = s.IDs.New(h.prefix)
	}
	if err := insert(tx, r); err != nil {
		return nil, err
	}
	return &r, s.tell(tx, a, h.grant, h, t)
}

// Take takes a role away from a principal. KindNotFound on "RoleAssignment" for
// one that it does not hold itself, KindForbidden when the organisation would be
// left without an active super administrator. (spec: management#removeRoleFromUser)
func (s *Service) Take(ctx context.Context, a idp.Actor, p Principal, roleID string) error {
	return s.Store.Tx(ctx, func(tx *store.Tx) error {
		h, err := s.holder(tx, a, p)
		if err != nil {
			return err
		}
		if h.user != nil {
			return s.Unassign(tx, a, h.id, roleID)
		}
		r, err := own(tx, a.OrgID(), h.id, roleID)
		if err != nil {
			return err
		}
		if err := tx.DeleteRole(r.OrgID, h.id, r.ID); err != nil {
			return fmt.Errorf("take a role away: %w", err)
		}
		if r.Type == idp.RoleSuperAdmin {
			if err := keepsOneBut(tx, r.OrgID, ""); err != nil {
				return err
			}
		}
		return s.tell(tx, a, h.revoke, h, r.Type)
	})
}

// GuardGroup is called in the transaction that ends a membership or, with the
// roles of the group gone already, a group: it fails with KindForbidden when
// nobody is an active super administrator then.
func (s *Service) GuardGroup(tx *store.Tx, orgID, groupID string, gone bool) error {
	roles, err := tx.RolesOf(orgID, groupID)
	if err != nil {
		return fmt.Errorf("read the roles of a group: %w", err)
	}
	for _, r := range roles {
		if r.Type != idp.RoleSuperAdmin {
			continue
		}
		if gone {
			if err := tx.DeleteRole(orgID, groupID, r.ID); err != nil {
				return fmt.Errorf("take a role away: %w", err)
			}
		}
		return keepsOneBut(tx, orgID, "")
	}
	return nil
}

func (s *Service) tell(tx *store.Tx, a idp.Actor, what idp.EventType, h holder, t idp.RoleType) error {
	return s.Log.Record(tx, a, eventlog.Entry{Type: what, Targets: []idp.Target{h.target}, Debug: map[string]string{"role": string(t)}})
}
