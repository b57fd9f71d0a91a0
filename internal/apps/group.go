package apps

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Bounds on the priorities that clients can set; what is appended may have more.
const maxPriority = 100

// maxMemberEvents bounds how many members a change of a group's assignment
// names one by one in the system log.
const maxMemberEvents = 200

// GroupInput is what a client sets for a group of an application.
// (spec: management ApplicationGroupAssignment)
type GroupInput struct {
	Priority *int            `json:"priority"`
	Profile  json.RawMessage `json:"profile"`
}

// AssignGroup assigns an application to the members of a group, or changes that
// assignment. Without a priority a new one comes last; with one it takes that
// place and those behind move on. KindNotFound, KindInvalid.
// (spec: management#createApplicationGroupAssignment)
func (s *Service) AssignGroup(ctx context.Context, actor idp.Actor, appID, groupID string, in *GroupInput) (*idp.AppGroup, error) {
	profile := json.RawMessage("{}")
	if given(in.Profile) {
		p, err := object("profile", in.Profile)
		if err != nil {
			return nil, err
		}
		profile = p
	}
	if in.Priority != nil && (*in.Priority < 0 || *in.Priority > maxPriority) {
		return nil, idp.Invalid("priority", idp.Cause{Field: "priority", Text: "must be between 0 and 100"})
	}
	var out *idp.AppGroup
	err := s.tx(ctx, "group of application", func(tx *store.Tx) error {
		a, err := s.may(tx, actor)(readLocked(tx, actor.OrgID(), appID))
		if err != nil {
			return err
		}
		g, err := group(tx, actor.OrgID(), groupID)
		if err != nil {
			return err
		}
		if err := checkProfile(tx, a, profile); err != nil {
			return err
		}
		before, err := tx.AppGroup(a.OrgID, a.ID, g.ID)
		switch {
		case err == nil:
			out, err = moveGroup(tx, before, in.Priority, profile)
			if err != nil {
				return err
			}
			return s.record(tx, actor, eventlog.AppGroupUpdate, idp.AppTarget(a), idp.GroupTarget(g))
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		members, err := s.newMembers(tx, actor, a, g)
		if err != nil {
			return err
		}
		if out, err = addGroup(tx, a, g, in.Priority, profile); err != nil {
			return err
		}
		return s.recordMembers(tx, actor, a, g, eventlog.AppGroupAdd, eventlog.AppUserAdd, members)
	})
	return out, err
}

// readLocked is read for those who change the order of the groups.
func readLocked(tx *store.Tx, orgID, id string) (*idp.App, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(TypeApp, id)
	}
	if err := tx.LockApp(orgID, id); err != nil {
		return nil, missing(err, TypeApp, id)
	}
	return read(tx, orgID, id)
}

func group(tx *store.Tx, orgID, id string) (*idp.Group, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(TypeGroup, id)
	}
	g, err := tx.Group(orgID, id)
	return g, missing(err, TypeGroup, id)
}

func addGroup(tx *store.Tx, a *idp.App, g *idp.Group, priority *int, profile json.RawMessage) (*idp.AppGroup, error) {
	list, err := tx.AppGroups(a.OrgID, a.ID)
	if err != nil {
		return nil, err
	}
	out := &idp.AppGroup{OrgID: a.OrgID, AppID: a.ID, GroupID: g.ID, Profile: profile, Created: tx.Now(), LastUpdated: tx.Now()}
	if len(list) > 0 {
		out.Priority = list[len(list)-1].Priority + 1
	}
	if priority != nil {
		if err := makeRoom(tx, a.OrgID, a.ID, g.ID, *priority, list); err != nil {
			return nil, err
		}
		out.Priority = *priority
	}
	return out, tx.InsertAppGroup(out)
}

// makeRoom moves the groups from a place on by one, when the place is taken.
func makeRoom(tx *store.Tx, orgID, appID, except string, place int, list []*idp.AppGroup) error {
	for _, other := range list {
		if other.Priority == place && other.GroupID != except {
			return tx.ShiftAppGroups(orgID, appID, except, place, 1)
		}
	}
	return nil
}

// moveGroup changes an assignment. A change of place closes the gap first.
func moveGroup(tx *store.Tx, g *idp.AppGroup, priority *int, profile json.RawMessage) (*idp.AppGroup, error) {
	if priority != nil && *priority != g.Priority {
		if err := tx.ShiftAppGroups(g.OrgID, g.AppID, g.GroupID, g.Priority+1, -1); err != nil {
			return nil, err
		}
		list, err := tx.AppGroups(g.OrgID, g.AppID)
		if err != nil {
			return nil, err
		}
		if err := makeRoom(tx, g.OrgID, g.AppID, g.GroupID, *priority, list); err != nil {
			return nil, err
		}
		g.Priority = *priority
	}
	g.Profile, g.LastUpdated = profile, tx.Now()
	return g, tx.UpdateAppGroup(g)
}

// members lists some members of a group.
func members(tx *store.Tx, org *idp.Org, g *idp.Group) ([]*idp.User, error) {
	var ids []string
	var err error
	if g.ID == org.Settings.EveryoneID {
		ids, err = tx.UserIDsAfter(org.ID, "", maxMemberEvents)
	} else {
		ids, err = tx.MemberIDsAfter(org.ID, g.ID, "", maxMemberEvents)
	}
	if err != nil {
		return nil, err
	}
	byID, err := tx.UsersByID(org.ID, ids)
	if err != nil {
		return nil, err
	}
	users := make([]*idp.User, 0, len(ids))
	for _, id := range ids {
		if u := byID[id]; u != nil {
			users = append(users, u)
		}
	}
	return users, nil
}

// newMembers lists members of a group who are not assigned to the application.
func (s *Service) newMembers(tx *store.Tx, actor idp.Actor, a *idp.App, g *idp.Group) ([]*idp.User, error) {
	users, err := members(tx, actor.Org, g)
	if err != nil {
		return nil, err
	}
	return s.unassigned(tx, actor, a, users)
}

// unassigned keeps those of the users who are not assigned to an application.
func (s *Service) unassigned(tx *store.Tx, actor idp.Actor, a *idp.App, users []*idp.User) ([]*idp.User, error) {
	app, err := load(a)
	if err != nil {
		return nil, err
	}
	as, err := newAssigner(tx, actor.Org, app)
	if err != nil {
		return nil, err
	}
	have, err := as.all(users)
	if err != nil {
		return nil, err
	}
	assigned := map[string]bool{}
	for _, v := range have {
		assigned[v.User.ID] = true
	}
	var out []*idp.User
	for _, u := range users {
		if !assigned[u.ID] {
			out = append(out, u)
		}
	}
	return out, nil
}

// recordMembers writes the event about a group and those about its members.
func (s *Service) recordMembers(tx *store.Tx, actor idp.Actor, a *idp.App, g *idp.Group, whole, each idp.EventType, users []*idp.User) error {
	if err := s.record(tx, actor, whole, idp.AppTarget(a), idp.GroupTarget(g)); err != nil {
		return err
	}
	for _, u := range users {
		if err := s.record(tx, actor, each, appUserTargets(a, u, "")...); err != nil {
			return err
		}
	}
	return nil
}

// UnassignGroup takes an application away from the members of a group.
// (spec: management#deleteApplicationGroupAssignment)
func (s *Service) UnassignGroup(ctx context.Context, actor idp.Actor, appID, groupID string) error {
	return s.tx(ctx, "unassign group", func(tx *store.Tx) error {
		a, err := s.may(tx, actor)(readLocked(tx, actor.OrgID(), appID))
		if err != nil {
			return err
		}
		g, err := group(tx, actor.OrgID(), groupID)
		if err != nil {
			return err
		}
		before, err := tx.AppGroup(a.OrgID, a.ID, g.ID)
		if err != nil {
			return missing(err, TypeAppGroup, groupID)
		}
		return s.removeGroup(tx, actor, a, g, before)
	})
}

func (s *Service) removeGroup(tx *store.Tx, actor idp.Actor, a *idp.App, g *idp.Group, before *idp.AppGroup) error {
	users, err := members(tx, actor.Org, g)
	if err != nil {
		return err
	}
	if err := tx.DeleteAppGroup(a.OrgID, a.ID, g.ID); err != nil {
		return err
	}
	if err := tx.ShiftAppGroups(a.OrgID, a.ID, g.ID, before.Priority+1, -1); err != nil {
		return err
	}
	if err := tx.DeleteLooseAppUsers(a.OrgID, a.ID, "", actor.Org.Settings.EveryoneID); err != nil {
		return err
	}
	gone, err := s.unassigned(tx, actor, a, users)
	if err != nil {
		return err
	}
	return s.recordMembers(tx, actor, a, g, eventlog.AppGroupRemove, eventlog.AppUserRemove, gone)
}

// Group returns the assignment of an application to a group. KindNotFound.
// (spec: management#getApplicationGroupAssignment)
func (s *Service) Group(ctx context.Context, actor idp.Actor, appID, groupID string) (*idp.AppGroup, *idp.Group, error) {
	tx := s.Store.Read(ctx)
	if _, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID)); err != nil {
		return nil, nil, store.Failure("read application", err)
	}
	if !idp.PlainID(groupID) {
		return nil, nil, idp.NotFound(TypeAppGroup, groupID)
	}
	v, err := tx.AppGroup(actor.OrgID(), appID, groupID)
	if err != nil {
		return nil, nil, store.Failure("read group of application", missing(err, TypeAppGroup, groupID))
	}
	g, err := tx.Group(actor.OrgID(), groupID)
	return v, g, store.Failure("read group", missing(err, TypeAppGroup, groupID))
}

// Groups lists the groups of an application by priority; prefix, if any,
// begins their names. The second list holds the groups themselves.
// (spec: management#listApplicationGroupAssignments)
func (s *Service) Groups(ctx context.Context, actor idp.Actor, appID, prefix string, p idp.Page) (list []*idp.AppGroup, groups map[string]*idp.Group, next string, err error) {
	priority, after, err := groupCursor(p)
	if err != nil {
		return nil, nil, "", err
	}
	key, ok := prefixKey(prefix)
	tx := s.Store.Read(ctx)
	if _, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID)); err != nil || !ok {
		return nil, nil, "", store.Failure("read application", err)
	}
	list, err = tx.AppGroupsAfter(actor.OrgID(), appID, key, priority, after, p.Limit+1)
	if err != nil {
		return nil, nil, "", store.Failure("list groups of application", err)
	}
	list, next = idp.Cut(list, p.Limit, func(g *idp.AppGroup) string { return strconv.Itoa(g.Priority) + "." + g.GroupID })
	ids := make([]string, len(list))
	for i, g := range list {
		ids[i] = g.GroupID
	}
	groups, err = tx.GroupsByID(actor.OrgID(), ids)
	return list, groups, next, store.Failure("read groups", err)
}

// groupCursor reads a cursor: priority, ".", group.
func groupCursor(p idp.Page) (priority int, group string, err error) {
	if p.Limit < 1 {
		return 0, "", &idp.Error{Kind: idp.KindBadPaging, Object: "limit"}
	}
	if p.After == "" {
		return -1, "", nil
	}
	number, group, ok := strings.Cut(p.After, ".")
	priority, err = strconv.Atoi(number)
	if err != nil || !ok || !idp.PlainID(group) || cmp.Compare(priority, -1) < 0 || priority > 1<<30 {
		return 0, "", &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
	}
	return priority, group, nil
}
