package roles

import (
	"fmt"
	"slices"

	"usher/internal/idp"
	"usher/internal/store"
)

// Scope tells what an actor may touch: it is the guard of the services that own
// users, groups and applications. The actor's roles are those that allow the
// operation at hand, so that a limited role does not lend its targets to
// another. It holds nothing and reads only.
type Scope struct{}

// limits are what the actor's roles are limited to.
type limits struct {
	all    bool // nothing limits them
	groups []string
	apps   []store.TargetedRole
}

// limitsOf reads the targets of the actor's roles. An actor with a role that
// cannot be limited costs nothing.
func limitsOf(tx *store.Tx, a idp.Actor) (limits, error) {
	if !a.Limitable() || len(a.Roles) == 0 {
		return limits{all: true}, nil
	}
	if slices.ContainsFunc(a.Roles, func(t idp.RoleType) bool { return !Targetable(t) }) {
		return limits{all: true}, nil
	}
	rows, err := tx.TargetedRolesOf(a.OrgID(), a.HolderID())
	if err != nil {
		return limits{}, fmt.Errorf("read the targets of roles: %w", err)
	}
	var out limits
	for _, r := range rows {
		switch {
		case !slices.Contains(a.Roles, r.Type):
		case r.TargetID == "", r.Kind == store.TargetGroup && r.TargetID == a.Org.Settings.EveryoneID:
			out.all = true
		case r.Kind == store.TargetGroup:
			out.groups = append(out.groups, r.TargetID)
		default:
			out.apps = append(out.apps, r)
		}
	}
	return out, nil
}

// Reach implements directory.Guard. An administrator of applications sees all
// users.
func (Scope) Reach(tx *store.Tx, a idp.Actor) (groups []string, all bool, err error) {
	l, err := limitsOf(tx, a)
	return l.groups, l.all || len(l.apps) > 0, err
}

// User implements directory.Guard. Users who are administrators are changed by
// super administrators alone; those who are not super administrators also by
// organisational ones.
func (Scope) User(tx *store.Tx, a idp.Actor, u *idp.User) error {
	if a.Is(u.ID) || a.Has(idp.RoleSuperAdmin) || !a.Admin() {
		return nil
	}
	l, err := limitsOf(tx, a)
	if err != nil {
		return err
	}
	if !l.all {
		in, err := tx.IsMemberOfAny(u.OrgID, u.ID, l.groups)
		if err != nil {
			return fmt.Errorf("read memberships: %w", err)
		}
		if !in {
			return idp.Fail(idp.KindForbidden)
		}
	}
	held, err := tx.RoleTypesOfUser(u.OrgID, u.ID)
	if err != nil {
		return fmt.Errorf("read roles: %w", err)
	}
	if slices.Contains(held, idp.RoleSuperAdmin) || len(held) > 0 && !a.Has(idp.RoleOrgAdmin) {
		return idp.Fail(idp.KindForbidden)
	}
	return nil
}

// Group implements directory.Guard. Groups that hold a role are changed by super
// administrators alone: whoever joins them has the role. Who is limited to some
// groups makes no new ones.
func (Scope) Group(tx *store.Tx, a idp.Actor, groupID string) error {
	if a.Has(idp.RoleSuperAdmin) || !a.Admin() {
		return nil
	}
	l, err := limitsOf(tx, a)
	if err != nil {
		return err
	}
	if !l.all && !slices.Contains(l.groups, groupID) {
		return idp.Fail(idp.KindForbidden)
	}
	if groupID == "" {
		return nil
	}
	held, err := tx.RolesOf(a.OrgID(), groupID)
	if err != nil {
		return fmt.Errorf("read roles: %w", err)
	}
	if len(held) > 0 {
		return idp.Fail(idp.KindForbidden)
	}
	return nil
}

// Members implements directory.Guard.
func (s Scope) Members(tx *store.Tx, a idp.Actor, groupID string) error {
	return s.Group(tx, a, groupID)
}

// Apps implements directory.Guard: it lists the applications to which the actor's
// roles are limited; all is true when nothing limits them.
func (Scope) Apps(tx *store.Tx, a idp.Actor) (apps []store.AppRef, all bool, err error) {
	if !a.Admin() {
		return nil, true, nil
	}
	l, err := limitsOf(tx, a)
	if err != nil || l.all || len(l.apps) == 0 {
		return nil, true, err
	}
	for _, t := range l.apps {
		apps = append(apps, store.AppRef{Name: t.TargetID, ID: t.InstanceID})
	}
	return apps, false, nil
}

// App tells whether the actor may see or change an application: KindForbidden for an
// administrator of other ones. Both arguments are empty for a new one.
func (Scope) App(tx *store.Tx, a idp.Actor, name, id string) error {
	if a.Has(idp.RoleSuperAdmin) || !a.Admin() {
		return nil
	}
	l, err := limitsOf(tx, a)
	if err != nil || l.all {
		return err
	}
	for _, t := range l.apps {
		if t.TargetID == name && (t.InstanceID == "" || t.InstanceID == id) {
			return nil
		}
	}
	return idp.Fail(idp.KindForbidden)
}
