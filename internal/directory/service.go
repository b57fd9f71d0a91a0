package directory

import (
	"context"

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

func userID(u *idp.User) string   { return u.ID }
func groupID(g *idp.Group) string { return g.ID }

// tx runs fn in a serializable transaction and names what failed.
func (s *Service) tx(ctx context.Context, what string, fn func(*store.Tx) error) error {
	return store.Failure(what, s.Store.Tx(ctx, fn))
}

// write is tx for what a constraint or a version alone guards.
func (s *Service) write(ctx context.Context, what string, fn func(*store.Tx) error) error {
	return store.Failure(what, s.Store.Write(ctx, fn))
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
