package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// TypeGroup is the name of groups in errors about what does not exist.
const TypeGroup = "UserGroup"

// groupPrefix begins the identifiers of groups.
const groupPrefix = "00g"

// Names and bounds of a group's profile. (spec: management GroupProfile)
const (
	attrName        = "name"
	attrDescription = "description"
	maxName         = 255
	maxDescription  = 1024
)

// classUserGroup is the object class of groups that are kept here.
const classUserGroup = "okta:user_group"

// CreateGroup adds a group. KindInvalid when the profile has a fault or another
// group has the name. (spec: management#createGroup)
func (s *Service) CreateGroup(ctx context.Context, actor idp.Actor, a idp.Attributes) (*idp.Group, error) {
	if err := s.permitGroup(s.Store.Read(ctx), actor, ""); err != nil {
		return nil, err
	}
	schema, err := s.GroupSchema(ctx, actor)
	if err != nil {
		return nil, err
	}
	kept, text, err := schema.profile(a, "profile")
	if err != nil {
		return nil, err
	}
	id := s.IDs.New(groupPrefix)
	var out *idp.Group
	err = s.write(ctx, "create group", func(tx *store.Tx) error {
		now := tx.Now()
		out = &idp.Group{
			OrgID: actor.OrgID(), ID: id, Type: idp.GroupOkta, ObjectClass: classUserGroup, Name: kept.Text(attrName), Profile: text,
			Created: now, LastUpdated: now, LastMembershipUpdated: now,
		}
		if err := insertGroup(tx, out); err != nil {
			return err
		}
		if err := schema.reserveGroup(tx, out, nil, kept); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.GroupCreate, idp.GroupTarget(out))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func insertGroup(tx *store.Tx, g *idp.Group) error {
	err := tx.InsertGroup(g, scim.Fold(g.Name))
	if store.Exists(err, "groups.name") {
		return taken(attrName)
	}
	return err
}

// Group returns a group, else KindNotFound; KindForbidden for one out of the
// actor's reach. (spec: management#getGroup)
func (s *Service) Group(ctx context.Context, actor idp.Actor, id string) (*idp.Group, error) {
	read := s.Store.Read(ctx)
	g, err := findGroup(read, actor.OrgID(), id)
	if err != nil {
		return nil, store.Failure("read group", err)
	}
	only, err := s.groupsInReach(read, actor)
	if err == nil && only != nil && !slices.Contains(only, g.ID) {
		err = idp.Fail(idp.KindForbidden)
	}
	if err != nil {
		return nil, store.Failure("read group", err)
	}
	return g, nil
}

func findGroup(tx *store.Tx, orgID, id string) (*idp.Group, error) {
	if !idp.IsID(id, groupPrefix) {
		return nil, idp.NotFound(TypeGroup, id)
	}
	g, err := tx.Group(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeGroup, id)
	}
	return g, err
}

// ours returns a group whose name and members are kept here, else
// KindUnsupported.
func ours(tx *store.Tx, orgID, id string) (*idp.Group, error) {
	g, err := findGroup(tx, orgID, id)
	if err == nil && g.Type != idp.GroupOkta {
		err = idp.Fail(idp.KindUnsupported)
	}
	return g, err
}

// Groups lists groups in the order of their creation, like Users.
// (spec: management#listGroups)
func (s *Service) Groups(ctx context.Context, actor idp.Actor, p idp.Page) (groups []*idp.Group, next string, err error) {
	if err := p.Check(groupPrefix); err != nil {
		return nil, "", err
	}
	groups, err = s.Store.Read(ctx).GroupsAfter(actor.OrgID(), p.After, p.Limit+1)
	if err != nil {
		return nil, "", store.Failure("list groups", err)
	}
	groups, next = idp.Cut(groups, p.Limit, groupID)
	return groups, next, nil
}

// LookupGroups lists up to limit groups whose name begins with text, in any
// case, the exact match first. (spec: management#listGroups, parameter q)
func (s *Service) LookupGroups(ctx context.Context, actor idp.Actor, text string, limit int) ([]*idp.Group, error) {
	if !searchable(text) || len(text) > maxPrefix {
		return nil, nil
	}
	groups, err := s.Store.Read(ctx).GroupsByName(actor.OrgID(), scim.Fold(text), limit)
	return groups, store.Failure("look groups up", err)
}

// UpdateGroup replaces a group's profile. KindUnsupported for a group that is
// not kept here. (spec: management#updateGroup)
func (s *Service) UpdateGroup(ctx context.Context, actor idp.Actor, id string, a idp.Attributes) (*idp.Group, error) {
	var out *idp.Group
	err := s.tx(ctx, "update group", func(tx *store.Tx) error {
		g, err := ours(tx, actor.OrgID(), id)
		if err != nil {
			return err
		}
		if err := s.permitGroup(tx, actor, g.ID); err != nil {
			return err
		}
		kept, text, err := s.newGroupProfile(tx, g, a)
		if err != nil {
			return err
		}
		name := kept.Text(attrName)
		if name != g.Name {
			set, _, err := s.holdRules(tx, g.OrgID)
			if err != nil {
				return err
			}
			if err := s.runNaming(tx, set, g.Name, name); err != nil {
				return err
			}
		}
		g.Name, g.Profile, g.LastUpdated = name, text, tx.Now()
		err = tx.UpdateGroup(g, scim.Fold(name))
		if store.Exists(err, "groups.name") {
			return taken(attrName)
		}
		if err != nil {
			return err
		}
		out = g
		return s.record(tx, actor, eventlog.GroupUpdate, idp.GroupTarget(g))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteGroup removes a group and its memberships. KindUnsupported for a group
// that is not kept here. (spec: management#deleteGroup)
func (s *Service) DeleteGroup(ctx context.Context, actor idp.Actor, id string) error {
	return s.tx(ctx, "delete group", func(tx *store.Tx) error {
		g, err := ours(tx, actor.OrgID(), id)
		if err != nil {
			return err
		}
		if err := s.permitGroup(tx, actor, g.ID); err != nil {
			return err
		}
		if err := s.invalidateNaming(tx, actor.Org, g.ID); err != nil {
			return err
		}
		set, _, err := s.holdRules(tx, g.OrgID)
		if err != nil {
			return err
		}
		if err := s.runNaming(tx, set, g.Name); err != nil {
			return err
		}
		for _, h := range s.OnGroupDelete {
			if err := h(tx, actor, g); err != nil {
				return err
			}
		}
		if err := tx.DeleteGroup(g.OrgID, g.ID); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.GroupDelete, idp.GroupTarget(g))
	})
}

// Seed gives a new organisation its built-in group, to which every user
// belongs, under the identifier in its settings.
func (s *Service) Seed(tx *store.Tx, org *idp.Org) error {
	if !idp.IsID(org.Settings.EveryoneID, groupPrefix) {
		return fmt.Errorf("seed directory: the organisation has no identifier for its group %s", idp.Everyone)
	}
	_, text, err := untouchedGroups().profile(idp.Attributes{attrName: idp.Everyone, attrDescription: "All users in your organization"}, "profile")
	if err != nil {
		return err
	}
	now := tx.Now()
	return store.Failure("seed directory", insertGroup(tx, &idp.Group{
		OrgID: org.ID, ID: org.Settings.EveryoneID, Type: idp.GroupBuiltIn, ObjectClass: classUserGroup, Name: idp.Everyone,
		Profile: text, Created: now, LastUpdated: now, LastMembershipUpdated: now,
	}))
}

// sortGroups puts groups in the order of their identifiers.
func sortGroups(groups []*idp.Group) {
	slices.SortFunc(groups, func(a, b *idp.Group) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
}
