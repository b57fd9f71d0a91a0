package directory

import (
	"context"
	"errors"
	"strings"

	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// TypeUser is the name of users in errors about what does not exist.
const TypeUser = "User"

// userPrefix begins the identifiers of users.
const userPrefix = "00u"

// User returns the user that ref names: an identifier, a login, or the part of
// a login before the "@" where only one user has it. KindNotFound otherwise.
// (spec: management#getUser)
func (s *Service) User(ctx context.Context, actor idp.Actor, ref string) (*idp.User, error) {
	read := s.Store.Read(ctx)
	u, err := find(read, actor.OrgID(), ref)
	if err != nil {
		return nil, store.Failure("read user", err)
	}
	if err := s.seen(read, actor, u); err != nil {
		return nil, err
	}
	return u, nil
}

// Find is User inside the caller's transaction.
func (s *Service) Find(tx *store.Tx, orgID, ref string) (*idp.User, error) {
	u, err := find(tx, orgID, ref)
	return u, store.Failure("read user", err)
}

func find(tx *store.Tx, orgID, ref string) (*idp.User, error) {
	if idp.IsID(ref, userPrefix) {
		u, err := tx.User(orgID, ref)
		if !errors.Is(err, store.ErrNotFound) {
			return u, err
		}
	}
	u, err := findLogin(tx, orgID, ref)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeUser, ref)
	}
	return u, err
}

// ByLogin returns the user who signs in with this name: a login or an
// unambiguous short name. KindNotFound when it is nobody's.
func (s *Service) ByLogin(tx *store.Tx, orgID, login string) (*idp.User, error) {
	u, err := findLogin(tx, orgID, login)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeUser, login)
	}
	return u, store.Failure("read user", err)
}

// Foresee reads ahead what is about to be asked for about the one whose login this
// is, the user included, and what else f says. (store.Tx.Foresee)
func (s *Service) Foresee(tx *store.Tx, orgID, login string, f store.Foreseen) error {
	if key := LoginKey(login); len(login) <= maxLoginBytes && searchable(login) && strings.Contains(key, "@") {
		f.Login = key
	}
	return store.Failure("read user", tx.Foresee(orgID, f))
}

func findLogin(tx *store.Tx, orgID, login string) (*idp.User, error) {
	if len(login) > maxLoginBytes || !searchable(login) {
		return nil, store.ErrNotFound
	}
	key := LoginKey(login)
	if strings.Contains(key, "@") {
		return tx.UserByLogin(orgID, key)
	}
	users, err := tx.UsersByShortName(orgID, key)
	if err != nil {
		return nil, err
	}
	if len(users) != 1 {
		return nil, store.ErrNotFound
	}
	return users[0], nil
}

// maxLoginBytes is a hundred characters in UTF-8.
const maxLoginBytes = 400

// searchable tells whether a text may go to the database at all: PostgreSQL
// refuses what is no UTF-8 and the NUL character.
func searchable(s string) bool {
	return s != "" && !strings.ContainsRune(s, 0) && strings.ToValidUTF8(s, "") == s
}

// Users lists users who are not deprovisioned, in the order of their creation.
// next is the cursor of the following part, empty at the end. KindBadPaging for
// a cursor that is none. (spec: management#listUsers)
func (s *Service) Users(ctx context.Context, actor idp.Actor, p idp.Page) (users []*idp.User, next string, err error) {
	if err := p.Check(userPrefix); err != nil {
		return nil, "", err
	}
	read := s.Store.Read(ctx)
	limit, err := s.reach(read, actor)
	if err != nil {
		return nil, "", err
	}
	if m, ok := limit.(store.MemberOf); ok {
		users, next, err = liveMembers(read, actor.OrgID(), m.GroupIDs, p)
		return users, next, store.Failure("list users", err)
	}
	users, err = read.UsersAfter(actor.OrgID(), p.After, p.Limit+1)
	if err != nil {
		return nil, "", store.Failure("list users", err)
	}
	users, next = idp.Cut(users, p.Limit, userID)
	return users, next, nil
}

// maxPrefix bounds what is looked for, in bytes.
const maxPrefix = 400

// Lookup lists up to limit users who are not deprovisioned and whose given
// name, family name or address begins with text, in any case, in the order of
// their creation. (spec: management#listUsers, parameter q)
func (s *Service) Lookup(ctx context.Context, actor idp.Actor, text string, limit int) ([]*idp.User, error) {
	if !searchable(text) || len(text) > maxPrefix {
		return nil, nil
	}
	read := s.Store.Read(ctx)
	prefix := scim.Fold(text)
	bounds, err := s.reach(read, actor)
	if err != nil {
		return nil, err
	}
	var users []*idp.User
	if bounds != nil {
		users, err = s.within(read, actor, bounds, beginsWith(prefix), limit)
	} else {
		users, err = read.UsersByPrefix(actor.OrgID(), prefix, limit)
	}
	return users, store.Failure("look users up", err)
}

// change reads the user that ref names, lets fn change it and writes it.
func (s *Service) change(ctx context.Context, actor idp.Actor, what, ref string, fn func(*store.Tx, *idp.User) error) (*idp.User, error) {
	var out *idp.User
	err := s.tx(ctx, what, func(tx *store.Tx) error {
		u, err := find(tx, actor.OrgID(), ref)
		if err != nil {
			return err
		}
		if err := s.permit(tx, actor, u); err != nil {
			return err
		}
		if err := fn(tx, u); err != nil {
			return err
		}
		out = u
		return s.Save(tx, u)
	})
	return out, err
}

// Save writes a user that was read at its version, else KindConflict, and
// raises the version.
func (s *Service) Save(tx *store.Tx, u *idp.User) error {
	a, err := u.Attributes()
	if err != nil {
		return store.Failure("read profile", err)
	}
	return s.save(tx, u, a)
}

func (s *Service) save(tx *store.Tx, u *idp.User, a idp.Attributes) error {
	row := store.UserRow{User: *u, Keys: keysOf(a)}
	err := tx.UpdateUser(&row)
	if store.Exists(err, "users.login_key") {
		return taken(AttrLogin)
	}
	u.Version = row.Version
	if err != nil {
		return store.Failure("user", err)
	}
	// Whatever has changed about the user, the rules may look at it.
	set, _, err := s.holdRules(tx, u.OrgID)
	if err != nil {
		return err
	}
	return s.applyRules(tx, set, u, a)
}

// enter moves a user to another state.
func enter(tx *store.Tx, u *idp.User, status idp.UserStatus) {
	if u.Status != status {
		u.Status, u.StatusChanged = status, tx.Now()
	}
	u.LastUpdated = tx.Now()
}
