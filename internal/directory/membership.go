package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// AddMember puts a user into a group by hand; one who is in it already stays.
// KindNotFound for a group or user that is not there, KindUnsupported for a
// group whose members are not kept here. (spec: management#addUserToGroup)
func (s *Service) AddMember(ctx context.Context, actor idp.Actor, groupID, userRef string) error {
	// A membership is guarded by its foreign keys, and a group's type never
	// changes, so parallel additions need not exclude each other.
	return s.write(ctx, "add member", func(tx *store.Tx) error {
		set, ever, err := s.holdRules(tx, actor.OrgID())
		if err != nil {
			return err
		}
		g, u, err := s.pair(tx, actor, set, groupID, userRef)
		if err != nil {
			return err
		}
		if err := s.addMember(tx, actor, g, u, ever); err != nil {
			return err
		}
		return s.afterMembership(tx, set, u)
	})
}

// pair reads the group and the user of a membership that changes by hand.
func (s *Service) pair(tx *store.Tx, actor idp.Actor, set *ruleSet, groupID, userRef string) (*idp.Group, *idp.User, error) {
	g, err := ours(tx, actor.OrgID(), groupID)
	if err != nil {
		return nil, nil, err
	}
	if err := s.permitMembers(tx, actor, g.ID); err != nil {
		return nil, nil, err
	}
	u, err := find(tx, actor.OrgID(), userRef)
	if err != nil {
		return nil, nil, err
	}
	u, err = takeTurns(tx, set, u)
	return g, u, err
}

// addMember makes a user a member by hand. ruled tells whether a rule may have
// made the user a member before: then nothing begins.
func (s *Service) addMember(tx *store.Tx, actor idp.Actor, g *idp.Group, u *idp.User, ruled bool) error {
	if g.Type != idp.GroupOkta {
		return idp.Fail(idp.KindUnsupported)
	}
	added, err := tx.AddMember(g.OrgID, g.ID, u.ID, "")
	if errors.Is(err, store.ErrNotFound) {
		// One of the two was removed at this moment.
		return idp.NotFound(TypeGroup, g.ID)
	}
	if err != nil {
		return fmt.Errorf("insert membership: %w", err)
	}
	if !added {
		return nil
	}
	if ruled {
		reasons, err := tx.ReasonsFor(g.OrgID, g.ID, u.ID)
		if err != nil || len(reasons) > 1 {
			return store.Failure("read membership", err)
		}
	}
	return s.membership(tx, actor, g, u, true)
}

// RemoveMember takes a user out of a group; one who is not in it stays out. A
// rule that had put the user there leaves the user alone from then on. Errors
// are those of AddMember. (spec: management#removeGroupUser)
func (s *Service) RemoveMember(ctx context.Context, actor idp.Actor, groupID, userRef string) error {
	// Of two who leave a group of administrators at once, the second has to see
	// that the first is gone.
	return s.tx(ctx, "remove member", func(tx *store.Tx) error {
		set, ever, err := s.holdRules(tx, actor.OrgID())
		if err != nil {
			return err
		}
		g, u, err := s.pair(tx, actor, set, groupID, userRef)
		if err != nil {
			return err
		}
		if ever {
			reasons, err := tx.ReasonsFor(g.OrgID, g.ID, u.ID)
			if err != nil {
				return fmt.Errorf("read membership: %w", err)
			}
			if err := s.excludeFromRules(tx, actor, u, reasons); err != nil {
				return err
			}
		}
		removed, err := tx.RemoveMember(g.OrgID, g.ID, u.ID)
		if err != nil {
			return fmt.Errorf("delete membership: %w", err)
		}
		if !removed {
			return nil
		}
		if err := s.membership(tx, actor, g, u, false); err != nil {
			return err
		}
		return s.afterMembership(tx, set, u)
	})
}

// membership notes and tells that a membership has begun or ended.
func (s *Service) membership(tx *store.Tx, actor idp.Actor, g *idp.Group, u *idp.User, member bool) error {
	if err := tx.TouchMembers(g.OrgID, g.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("touch group: %w", err)
	}
	event := eventlog.MemberRemove
	if member {
		event = eventlog.MemberAdd
	}
	if err := s.record(tx, actor, event, idp.UserTarget(u), idp.GroupTarget(g)); err != nil {
		return err
	}
	for _, h := range s.OnMembership {
		if err := h(tx, actor, g.ID, u.ID, member); err != nil {
			return err
		}
	}
	return nil
}

// Members lists the members of a group in the order of their creation,
// deprovisioned ones included, like Users. (spec: management#listGroupUsers)
func (s *Service) Members(ctx context.Context, actor idp.Actor, groupID string, p idp.Page) (users []*idp.User, next string, err error) {
	return s.MembersBy(ctx, actor, groupID, MembersAll, p)
}

// What may stand for managedBy in MembersBy, beside the identifier of a rule.
const (
	MembersAll    = "all"
	MembersByRule = "rule" // whom any rule has put into the group
	MembersByHand = "user" // whom somebody has put there
)

// MembersBy is Members for those who belong to the group for a reason: one of
// the words above, or the identifier of a group rule. KindBadRequest for
// another. Nobody has a reason to belong to the built-in group but to exist.
func (s *Service) MembersBy(ctx context.Context, actor idp.Actor, groupID, managedBy string, p idp.Page) (users []*idp.User, next string, err error) {
	if err := p.Check(userPrefix); err != nil {
		return nil, "", err
	}
	ruleID := ""
	switch managedBy {
	case MembersAll, MembersByRule, MembersByHand:
	default:
		if !idp.IsID(managedBy, rulePrefix) {
			return nil, "", &idp.Error{Kind: idp.KindBadRequest, Object: "managedBy"}
		}
		ruleID = managedBy
	}
	read := s.Store.Read(ctx)
	g, err := findGroup(read, actor.OrgID(), groupID)
	if err != nil {
		return nil, "", store.Failure("read group", err)
	}
	if err := s.seenMembers(read, actor, g.ID); err != nil {
		return nil, "", err
	}
	switch {
	case g.Type == idp.GroupBuiltIn && managedBy == MembersAll:
		users, err = read.EveryoneAfter(g.OrgID, p.After, p.Limit+1)
	case managedBy == MembersAll:
		users, err = read.MembersAfter(g.OrgID, g.ID, p.After, p.Limit+1)
	default:
		users, err = read.ManagedMembersAfter(g.OrgID, g.ID, managedBy != MembersByHand, ruleID, p.After, p.Limit+1)
	}
	if err != nil {
		return nil, "", store.Failure("list members", err)
	}
	users, next = idp.Cut(users, p.Limit, userID)
	return users, next, nil
}

// GroupsOf lists all groups of a user by identifier, the built-in one included.
// KindNotFound for an unknown user. (spec: management#listUserGroups)
func (s *Service) GroupsOf(ctx context.Context, actor idp.Actor, userRef string) ([]*idp.Group, error) {
	read := s.Store.Read(ctx)
	u, err := find(read, actor.OrgID(), userRef)
	if err != nil {
		return nil, store.Failure("read user", err)
	}
	if err := s.seen(read, actor, u); err != nil {
		return nil, err
	}
	groups, err := read.GroupsOf(u.OrgID, u.ID)
	if err != nil {
		return nil, store.Failure("list groups of user", err)
	}
	everyone, err := read.Group(u.OrgID, actor.Org.Settings.EveryoneID)
	if err != nil {
		return nil, store.Failure("read built-in group", err)
	}
	groups = append(groups, everyone)
	if !actor.Is(u.ID) {
		only, err := s.groupsInReach(read, actor)
		if err != nil {
			return nil, store.Failure("list groups of user", err)
		}
		if only != nil {
			groups = slices.DeleteFunc(groups, func(g *idp.Group) bool { return !slices.Contains(only, g.ID) })
		}
	}
	sortGroups(groups)
	return groups, nil
}

// GroupIDs lists the identifiers of all groups of a user, the built-in one
// included.
func (s *Service) GroupIDs(tx *store.Tx, org *idp.Org, userID string) ([]string, error) {
	ids, err := tx.GroupIDsOf(org.ID, userID)
	if err != nil {
		return nil, store.Failure("list groups of user", err)
	}
	return append(ids, org.Settings.EveryoneID), nil
}
