package roles

import (
	"errors"
	"fmt"

	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Service assigns roles. Its methods belong into serializable transactions
// (store.Tx), since they read several rows to decide.
type Service struct {
	Log *eventlog.Log
	IDs env.IDs
	// Store and Directory are for the methods that begin their own transaction.
	Store     *store.Store
	Directory *directory.Service
}

// Assign gives a user a role. It fails with KindInvalid on "type" for what is
// no standard role, KindAlreadyExists when the user has it, KindUserState for a
// user who is deactivated, KindNotFound for one who does not exist.
func (s *Service) Assign(tx *store.Tx, a idp.Actor, userID string, t idp.RoleType) (*store.Role, error) {
	if Label(t) == "" {
		return nil, notStandard()
	}
	u, err := user(tx, a.OrgID(), userID)
	if err != nil {
		return nil, err
	}
	if u.Status == idp.UserDeprovisioned {
		return nil, idp.Fail(idp.KindUserState)
	}
	r := store.Role{OrgID: u.OrgID, PrincipalID: u.ID, ID: fixedID(t), Type: t, Created: tx.Now(), LastUpdated: tx.Now()}
	if !Targetable(t) {
		r.ID = s.IDs.New("ra1")
	}
	if err := insert(tx, r); err != nil {
		return nil, err
	}
	return &r, s.record(tx, a, eventlog.PrivilegeGrant, u, t)
}

// Unassign takes a role away from a user. It fails with KindNotFound on "User"
// or "RoleAssignment", and with KindForbidden when the organisation would be
// left without an active super administrator.
func (s *Service) Unassign(tx *store.Tx, a idp.Actor, userID, roleID string) error {
	u, err := user(tx, a.OrgID(), userID)
	if err != nil {
		return err
	}
	r, err := own(tx, u.OrgID, u.ID, roleID)
	if err != nil {
		return err
	}
	if err := tx.DeleteRole(u.OrgID, u.ID, r.ID); err != nil {
		return fmt.Errorf("take a role away: %w", err)
	}
	if r.Type == idp.RoleSuperAdmin {
		if err := keepsOneBut(tx, u.OrgID, ""); err != nil {
			return err
		}
	}
	return s.record(tx, a, eventlog.PrivilegeRevoke, u, r.Type)
}

// List returns the roles that were assigned to a user, by identifier.
// KindNotFound when there is no such user.
func (s *Service) List(tx *store.Tx, orgID, userID string) ([]store.Role, error) {
	u, err := user(tx, orgID, userID)
	if err != nil {
		return nil, err
	}
	roles, err := tx.RolesOf(u.OrgID, u.ID)
	if err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	return roles, nil
}

// Get returns one role of a user, or KindNotFound on "User" or "RoleAssignment".
func (s *Service) Get(tx *store.Tx, orgID, userID, roleID string) (*store.Role, error) {
	u, err := user(tx, orgID, userID)
	if err != nil {
		return nil, err
	}
	return own(tx, u.OrgID, u.ID, roleID)
}

// Of returns the types of the roles that a user holds itself or by a group.
func (s *Service) Of(tx *store.Tx, orgID, userID string) ([]idp.RoleType, error) {
	types, err := tx.RoleTypesOfUser(orgID, userID)
	if err != nil {
		return nil, fmt.Errorf("read the roles of %s: %w", userID, err)
	}
	return types, nil
}

// GuardLeaving is called in the transaction that ends a user's being active
// (deactivation, suspension, deletion), before or after the change: it fails
// with KindForbidden when nobody else is an active super administrator.
func (s *Service) GuardLeaving(tx *store.Tx, orgID, userID string) error {
	types, err := s.Of(tx, orgID, userID)
	if err != nil {
		return err
	}
	for _, t := range types {
		if t == idp.RoleSuperAdmin {
			return keepsOneBut(tx, orgID, userID)
		}
	}
	return nil
}

// OnAppDelete drops the roles of an application that is removed. It is meant for
// apps' OnDelete.
func (s *Service) OnAppDelete(tx *store.Tx, a idp.Actor, app *idp.App) error {
	if err := tx.DeleteRolesOf(a.OrgID(), app.ID); err != nil {
		return fmt.Errorf("take the roles of an application away: %w", err)
	}
	return nil
}

func keepsOneBut(tx *store.Tx, orgID, userID string) error {
	found, err := tx.HasActiveHolder(orgID, idp.RoleSuperAdmin, userID)
	if err != nil {
		return fmt.Errorf("look for another super administrator: %w", err)
	}
	if !found {
		return idp.Fail(idp.KindForbidden, "The last active super administrator cannot be removed.")
	}
	return nil
}

func user(tx *store.Tx, orgID, id string) (*idp.User, error) {
	u, err := tx.User(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound("User", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}

// typeAssignment is the name of assigned roles in errors about what does not
// exist.
const typeAssignment = "RoleAssignment"

func notStandard() error {
	return idp.Invalid("type", idp.Cause{Field: "type", Text: "is not a standard role"})
}

// insert writes a role that is new to its principal.
func insert(tx *store.Tx, r store.Role) error {
	err := tx.InsertRole(r)
	if store.Exists(err, "roles.type") || store.Exists(err, "roles.id") {
		return &idp.Error{Kind: idp.KindAlreadyExists, Object: "role"}
	}
	if err != nil {
		return fmt.Errorf("assign a role: %w", err)
	}
	return nil
}

// own finds a role that a principal holds itself.
func own(tx *store.Tx, orgID, principalID, roleID string) (*store.Role, error) {
	roles, err := tx.RolesOf(orgID, principalID)
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	for i := range roles {
		if roles[i].ID == roleID {
			return &roles[i], nil
		}
	}
	return nil, idp.NotFound(typeAssignment, roleID)
}

func (s *Service) record(tx *store.Tx, a idp.Actor, what idp.EventType, u *idp.User, t idp.RoleType) error {
	return s.Log.Record(tx, a, eventlog.Entry{
		Type: what, Targets: []idp.Target{idp.UserTarget(u)}, Debug: map[string]string{"role": string(t)},
	})
}
