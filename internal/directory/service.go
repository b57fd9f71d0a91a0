package directory

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/fresh"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/store"
)

// UserHook is told of a change to a user inside its transaction. An error takes
// the whole change back.
type UserHook func(tx *store.Tx, actor idp.Actor, u *idp.User) error

// Service keeps the users and groups of all organisations. All members but the
// hooks are required.
type Service struct {
	Store       *store.Store
	Log         *eventlog.Log
	IDs         env.IDs
	Clock       env.Clock
	Rand        env.Rand
	Credentials *credential.Service
	Outbox      *notify.Outbox

	// PasswordPolicy tells what the password of a user has to meet. userID is
	// empty for a user who is not stored yet; groupIDs are all groups, the
	// built-in one included. Policies stand above this package.
	PasswordPolicy func(tx *store.Tx, orgID, userID string, groupIDs []string) (credential.Policy, error)

	// SelfService tells whether the policy lets a user do something alone; nil
	// allows everything.
	SelfService func(tx *store.Tx, actor idp.Actor, u *idp.User, what SelfAction) (bool, error)
	// Guard tells what an administrator may touch whose role is limited; nil
	// allows everything. Roles stand above this package.
	Guard Guard

	// OnRevoke ends the sessions of a user, OnRevokeTokens what OAuth clients
	// hold of one.
	OnRevoke       []UserHook
	OnRevokeTokens []UserHook
	// OnSuspend, OnDeactivate and OnDelete run before the change is written.
	OnSuspend    []UserHook
	OnDeactivate []UserHook
	OnDelete     []UserHook
	// OnProfile runs after a user was created or a profile has changed.
	OnProfile []UserHook
	// OnMembership runs after a user was added to a group (member) or removed
	// from it, by hand or by a rule.
	OnMembership []func(tx *store.Tx, actor idp.Actor, groupID, userID string, member bool) error
	// OnGroupDelete runs before a group is removed.
	OnGroupDelete []func(tx *store.Tx, actor idp.Actor, g *idp.Group) error

	rules   ruleCache
	schemas fresh.Cache[schemaKey, *Schema] // ADR 0007
}

// Page is a part of a list: up to Limit elements behind the identifier After.
type Page struct {
	After string
	Limit int
}

// check tells whether the cursor is an identifier with this prefix or empty,
// else KindBadPaging.
func (p Page) check(prefix string) error {
	if p.After != "" && !isID(p.After, prefix) {
		return &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
	}
	if p.Limit < 1 {
		return &idp.Error{Kind: idp.KindBadPaging, Object: "limit"}
	}
	return nil
}

// isID tells whether text has the form of one of our identifiers.
func isID(text, prefix string) bool {
	if len(text) != 20 || text[:len(prefix)] != prefix {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		default:
			return false
		}
	}
	return true
}

// cut returns up to limit elements of a list that was read with one more, and
// the cursor of the next part, empty at the end.
func cut[T any](list []T, limit int, id func(T) string) ([]T, string) {
	if len(list) <= limit {
		return list, ""
	}
	list = list[:limit]
	return list, id(list[limit-1])
}

func userID(u *idp.User) string   { return u.ID }
func groupID(g *idp.Group) string { return g.ID }

// tx runs fn in a serializable transaction and names what failed.
func (s *Service) tx(ctx context.Context, what string, fn func(*store.Tx) error) error {
	return failure(what, s.Store.Tx(ctx, fn))
}

// write is tx for what a constraint or a version alone guards.
func (s *Service) write(ctx context.Context, what string, fn func(*store.Tx) error) error {
	return failure(what, s.Store.Write(ctx, fn))
}

// failure maps the errors of the store that a caller can do something about and
// names the others.
func failure(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case idp.KindOf(err) != 0:
		return err
	case errors.Is(err, store.ErrStale):
		return &idp.Error{Kind: idp.KindConflict, Object: what}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// run calls the hooks until one fails.
func run(hooks []UserHook, tx *store.Tx, actor idp.Actor, u *idp.User) error {
	for _, h := range hooks {
		if err := h(tx, actor, u); err != nil {
			return err
		}
	}
	return nil
}

// record writes an event about users and groups.
func (s *Service) record(tx *store.Tx, actor idp.Actor, event idp.EventType, targets ...idp.Target) error {
	return s.Log.Record(tx, actor, eventlog.Entry{Type: event, Targets: targets})
}

// taken is the answer to a value that somebody else has already.
func taken(field string) error {
	return idp.Invalid(field, idp.Cause{Field: field, Text: "An object with this field already exists in the current organization"})
}
