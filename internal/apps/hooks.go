package apps

import (
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// maxEffects bounds how many applications one change of a user names in the
// system log.
const maxEffects = 1000

// OnMembership follows a change of a user's membership: it names the
// applications that the user has won or lost by it, and drops what was set for
// a user who comes to one no more. It is meant for directory's hook of the same
// name, which runs when the membership has changed.
func (s *Service) OnMembership(tx *store.Tx, actor idp.Actor, groupID, userID string, member bool) error {
	list, err := tx.AppGroupsOf(actor.OrgID(), groupID)
	if err != nil || len(list) == 0 {
		return err
	}
	u, err := tx.User(actor.OrgID(), userID)
	if err != nil {
		return ignoreMissing(err)
	}
	for _, g := range list {
		if err := s.follow(tx, actor, g, u, member); err != nil {
			return err
		}
	}
	return nil
}

// follow handles one application of a group that a user has joined or left.
func (s *Service) follow(tx *store.Tx, actor idp.Actor, g *idp.AppGroup, u *idp.User, member bool) error {
	a, err := tx.App(g.OrgID, g.AppID)
	if err != nil {
		return ignoreMissing(err)
	}
	row, err := stored(tx, g.OrgID, g.AppID, u.ID)
	if err != nil || (row != nil && row.Scope == idp.AppScopeUser) {
		return err
	}
	others, err := s.otherPaths(tx, actor, g, u)
	if err != nil || others {
		return err
	}
	if member {
		return s.record(tx, actor, eventlog.AppUserAdd, appUserTargets(a, u, "")...)
	}
	if _, err := tx.DeleteAppUser(g.OrgID, g.AppID, u.ID); err != nil {
		return err
	}
	return s.record(tx, actor, eventlog.AppUserRemove, appUserTargets(a, u, "")...)
}

// otherPaths tells whether a user comes to an application by another group, or
// still by this one: somebody may be a member twice over.
func (s *Service) otherPaths(tx *store.Tx, actor idp.Actor, g *idp.AppGroup, u *idp.User) (bool, error) {
	everyone := actor.Org.Settings.EveryoneID
	if everyone != g.GroupID {
		_, err := tx.AppGroup(g.OrgID, g.AppID, everyone)
		if err == nil {
			return true, nil
		}
		if ignoreMissing(err) != nil {
			return false, err
		}
	}
	paths, err := tx.AppPaths(g.OrgID, g.AppID, []string{u.ID})
	if err != nil {
		return false, err
	}
	for _, p := range paths[u.ID] {
		if p.GroupID != g.GroupID {
			return true, nil
		}
	}
	return false, nil
}

// OnDeactivate takes all applications away from a user. Those that come by a
// group are there again when the user is activated. It is meant for
// directory's OnDeactivate and OnDelete, which run before the change.
func (s *Service) OnDeactivate(tx *store.Tx, actor idp.Actor, u *idp.User) error {
	if u.Status == idp.UserDeprovisioned {
		return nil
	}
	list, err := tx.AppsAfter(actor.OrgID(), store.AppFilter{UserID: u.ID, EveryoneID: actor.Org.Settings.EveryoneID}, "", maxEffects)
	if err != nil {
		return err
	}
	for _, a := range list {
		if err := s.record(tx, actor, eventlog.AppUserRemove, appUserTargets(a, u, "")...); err != nil {
			return err
		}
	}
	return tx.DeleteAppUsersOf(actor.OrgID(), u.ID)
}

// OnGroupDelete takes the applications of a group away from it. It is meant for
// directory's hook of the same name, which runs before the group is removed.
func (s *Service) OnGroupDelete(tx *store.Tx, actor idp.Actor, g *idp.Group) error {
	list, err := tx.AppGroupsOf(actor.OrgID(), g.ID)
	if err != nil {
		return err
	}
	for _, v := range list {
		a, err := readLocked(tx, v.OrgID, v.AppID)
		if err != nil {
			return err
		}
		if err := s.removeGroup(tx, actor, a, g, v); err != nil {
			return err
		}
	}
	return nil
}
