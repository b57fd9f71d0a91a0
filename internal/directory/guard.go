package directory

import (
	"context"
	"slices"

	"usher/internal/idp"
	"usher/internal/store"
)

// Guard tells what an administrator may touch. Its methods return KindForbidden
// for what is out of reach. They read only.
type Guard interface {
	// Reach lists the groups to which the actor's roles are limited; all is true
	// when nothing limits them.
	Reach(tx *store.Tx, actor idp.Actor) (groups []string, all bool, err error)
	// Apps lists the applications to which they are limited, likewise.
	Apps(tx *store.Tx, actor idp.Actor) (apps []store.AppRef, all bool, err error)
	// User tells whether the actor may change a user.
	User(tx *store.Tx, actor idp.Actor, u *idp.User) error
	// Group tells whether the actor may change a group itself.
	Group(tx *store.Tx, actor idp.Actor, groupID string) error
	// Members tells whether the actor may change who belongs to a group.
	Members(tx *store.Tx, actor idp.Actor, groupID string) error
}

// permit asks the guard whether the actor may change a user.
func (s *Service) permit(tx *store.Tx, actor idp.Actor, u *idp.User) error {
	if s.Guard == nil || !actor.Limitable() {
		return nil
	}
	return s.Guard.User(tx, actor, u)
}

// permitGroup asks the guard whether the actor may change a group.
func (s *Service) permitGroup(tx *store.Tx, actor idp.Actor, groupID string) error {
	if s.Guard == nil || !actor.Limitable() {
		return nil
	}
	return s.Guard.Group(tx, actor, groupID)
}

// permitMembers asks the guard whether the actor may change a group's members.
func (s *Service) permitMembers(tx *store.Tx, actor idp.Actor, groupID string) error {
	if s.Guard == nil || !actor.Limitable() {
		return nil
	}
	return s.Guard.Members(tx, actor, groupID)
}

// reach returns what restricts the users whom the actor may see, nil for
// nothing.
func (s *Service) reach(tx *store.Tx, actor idp.Actor) (store.UserCond, error) {
	if s.Guard == nil || !actor.Limitable() {
		return nil, nil
	}
	groups, all, err := s.Guard.Reach(tx, actor)
	if err != nil || all {
		return nil, err
	}
	return store.MemberOf{GroupIDs: groups}, nil
}

// maxMemberRounds bounds how often liveMembers goes on reading for one page.
const maxMemberRounds = 8

// liveMembers is a page of the members of some groups who are not deprovisioned.
// Where so many of them are that the page would take long to fill it is shorter,
// and next goes on behind those that were looked at.
func liveMembers(tx *store.Tx, orgID string, groups []string, p idp.Page) (users []*idp.User, next string, err error) {
	after := p.After
	for range maxMemberRounds {
		ids, err := tx.MemberIDsOfAny(orgID, groups, after, p.Limit+1)
		if err != nil {
			return nil, "", err
		}
		found, err := tx.LiveUsers(orgID, ids)
		if err != nil {
			return nil, "", err
		}
		users = append(users, found...)
		if len(users) > p.Limit || len(ids) <= p.Limit {
			users, next = idp.Cut(users, p.Limit, userID)
			return users, next, nil
		}
		after = ids[len(ids)-1]
	}
	return users, after, nil
}

// within lists users within reach, deprovisioned ones left out.
func (s *Service) within(tx *store.Tx, actor idp.Actor, limit, also store.UserCond, n int) ([]*idp.User, error) {
	var live store.AnyOf
	for _, status := range idp.UserStatuses() {
		if status != idp.UserDeprovisioned {
			live = append(live, store.TextIs{Column: store.UserStatus, Value: string(status)})
		}
	}
	hits, err := tx.SearchUsers(actor.OrgID(), store.UserQuery{Where: store.AllOf{limit, live, also}, Limit: n})
	users := make([]*idp.User, len(hits))
	for i, h := range hits {
		users[i] = h.User
	}
	return users, err
}

// beginsWith holds where a name or the address begins with a folded text.
func beginsWith(prefix string) store.UserCond {
	var out store.AnyOf
	for _, column := range []store.UserColumn{store.UserFirst, store.UserLast, store.UserEmail} {
		out = append(out, store.TextIs{Column: column, Op: store.StartsWith, Value: prefix})
	}
	return out
}

// orForbidden is err, or KindForbidden when there is none.
func orForbidden(err error) error {
	if err != nil {
		return err
	}
	return idp.Fail(idp.KindForbidden)
}

// seen tells whether the actor may see a user: oneself, or one within reach,
// else KindForbidden.
func (s *Service) seen(tx *store.Tx, actor idp.Actor, u *idp.User) error {
	if s.Guard == nil || !actor.Limitable() || actor.Is(u.ID) {
		return nil
	}
	groups, all, err := s.Guard.Reach(tx, actor)
	if err != nil || all {
		return err
	}
	in, err := tx.IsMemberOfAny(u.OrgID, u.ID, groups)
	if err == nil && !in {
		err = idp.Fail(idp.KindForbidden)
	}
	return err
}

// seenMembers tells whether the actor may see who belongs to a group.
func (s *Service) seenMembers(tx *store.Tx, actor idp.Actor, groupID string) error {
	if s.Guard == nil || !actor.Limitable() {
		return nil
	}
	groups, all, err := s.Guard.Reach(tx, actor)
	if err == nil && !all && !slices.Contains(groups, groupID) {
		err = idp.Fail(idp.KindForbidden)
	}
	return err
}

// groupsInReach lists the groups that the actor may see, nil for all.
func (s *Service) groupsInReach(tx *store.Tx, actor idp.Actor) ([]string, error) {
	if s.Guard == nil || !actor.Limitable() || !actor.Admin() {
		return nil, nil
	}
	groups, all, err := s.Guard.Reach(tx, actor)
	if err != nil || all {
		return nil, err
	}
	return append([]string{}, groups...), nil
}

// permitAll asks whether an administrator may have to do with what holds for the
// whole organisation: KindForbidden where the role is limited to some of it.
func (s *Service) permitAll(tx *store.Tx, actor idp.Actor) error {
	if s.Guard == nil || !actor.Limitable() || !actor.Admin() {
		return nil
	}
	_, users, err := s.Guard.Reach(tx, actor)
	if err != nil {
		return err
	}
	_, apps, err := s.Guard.Apps(tx, actor)
	if err == nil && !(users && apps) {
		err = idp.Fail(idp.KindForbidden)
	}
	return err
}

// PermitAll is for what other services keep of the whole organisation, e.g. its
// log: KindForbidden for an administrator whose role is limited to some of it.
func (s *Service) PermitAll(ctx context.Context, actor idp.Actor) error {
	return s.permitAll(s.Store.Read(ctx), actor)
}

// SignOut ends all sessions of a user and, with tokens, what OAuth clients hold.
// (spec: management#endAllUserSessions)
func (s *Service) SignOut(ctx context.Context, actor idp.Actor, ref string, tokens bool) error {
	return s.tx(ctx, "sign out", func(tx *store.Tx) error {
		u, err := find(tx, actor.OrgID(), ref)
		if err != nil {
			return err
		}
		if err := s.permit(tx, actor, u); err != nil {
			return err
		}
		if err := run(s.OnRevoke, tx, actor, u); err != nil || !tokens {
			return err
		}
		return run(s.OnRevokeTokens, tx, actor, u)
	})
}

// Within is Change for one that does not write the user.
func (s *Service) Within(ctx context.Context, actor idp.Actor, what, ref string, fn func(*store.Tx, *idp.User) error) (*idp.User, error) {
	return s.withUser(ctx, s.Store.Tx, actor, what, ref, fn)
}

// Guarded is Within for what decides by rows that it writes itself.
// (store.Guarded)
func (s *Service) Guarded(ctx context.Context, actor idp.Actor, what, ref string, fn func(*store.Tx, *idp.User) error) (*idp.User, error) {
	return s.withUser(ctx, s.Store.Guarded, actor, what, ref, fn)
}

func (s *Service) withUser(
	ctx context.Context, at func(context.Context, func(*store.Tx) error) error, actor idp.Actor, what, ref string, fn func(*store.Tx, *idp.User) error,
) (*idp.User, error) {
	var out *idp.User
	err := store.Failure(what, at(ctx, func(tx *store.Tx) error {
		u, err := find(tx, actor.OrgID(), ref)
		if err != nil {
			return err
		}
		if err := s.permit(tx, actor, u); err != nil {
			return err
		}
		out = u
		return fn(tx, u)
	}))
	return out, err
}

// Change reads the user that ref names for a change that another service makes
// in the same transaction, and writes what fn has changed about the user.
// KindForbidden where the actor may not change this user.
func (s *Service) Change(ctx context.Context, actor idp.Actor, what, ref string, fn func(*store.Tx, *idp.User) error) (*idp.User, error) {
	return s.change(ctx, actor, what, ref, fn)
}
