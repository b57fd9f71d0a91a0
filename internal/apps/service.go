package apps

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/fresh"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/scim"
	"usher/internal/store"
)

// Names of types in errors about what does not exist. (management reference:
// error object)
const (
	TypeApp        = "AppInstance"
	TypeAppGroup   = "ApplicationGroupAssignment"
	TypeUser       = "User"
	TypeGroup      = "UserGroup"
	TypeKey        = "KeyCredential"
	TypeCSR        = "Csr"
	TypeSecret     = "OAuth2ClientSecret"
	typeLogo       = "Logo"
	appPrefix      = "0oa"
	userPrefix     = "00u"
	maxPrefixBytes = 400
)

// The columns whose values are sealed.
const (
	tableKeys, columnPrivate  = "app_keys", "private"
	tableCSRs                 = "app_csrs"
	tableSecrets, columnValue = "app_secrets", "sealed"
	tableUsers, columnPass    = "app_users", "password"
)

// Service keeps the applications of all organisations. All members but Permit,
// PermitClient and Reach are required.
type Service struct {
	Store  *store.Store
	Log    *eventlog.Log
	IDs    env.IDs
	Clock  env.Clock
	Rand   env.Rand
	Keeper *keys.Keeper
	// Permit tells whether an administrator may see or change an application, or make
	// one of this name (id ""): KindForbidden where the role is limited to
	// others. Nil permits everything. Roles are beside this package.
	Permit func(tx *store.Tx, actor idp.Actor, name, id string) error
	// PermitClient tells whether an administrator may change a client. Nil permits
	// everything.
	PermitClient func(tx *store.Tx, actor idp.Actor, a *idp.App) error
	// OnDelete is told before an application is removed.
	OnDelete []func(tx *store.Tx, actor idp.Actor, a *idp.App) error
	// Reach lists the applications to which the actor's roles are limited; all is
	// true when nothing limits them. Nil limits nobody.
	Reach func(tx *store.Tx, actor idp.Actor) (only []store.AppRef, all bool, err error)
	// Tell writes to the administrators what has happened to a user, as in "lost
	// an application". Nil tells nobody.
	Tell func(tx *store.Tx, actor idp.Actor, u *idp.User, what string) error

	clients fresh.Cache[servedKey, *App] // ADR 0007
	secrets fresh.Cache[servedKey, []servedSecret]
}

// tx runs fn in a serializable transaction and names what failed. What is
// remembered of clients is dropped.
func (s *Service) tx(ctx context.Context, what string, fn func(*store.Tx) error) error {
	err := s.Store.Tx(ctx, fn)
	s.Forget()
	return store.Failure(what, err)
}

// missing turns the store's not-found into the error that names the object.
func missing(err error, object, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return idp.NotFound(object, id)
	}
	return err
}

// record writes an event.
func (s *Service) record(tx *store.Tx, actor idp.Actor, event idp.EventType, targets ...idp.Target) error {
	return s.Log.Record(tx, actor, eventlog.Entry{Type: event, Targets: targets})
}

// read returns the application with this identifier, else KindNotFound.
func read(tx *store.Tx, orgID, id string) (*idp.App, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(TypeApp, id)
	}
	a, err := tx.App(orgID, id)
	return a, missing(err, TypeApp, id)
}

// permit asks whether the actor may change an application.
func (s *Service) permit(tx *store.Tx, actor idp.Actor, name, id string) error {
	if s.Permit == nil || !actor.Limitable() {
		return nil
	}
	return s.Permit(tx, actor, name, id)
}

// may lets an application through that was read and that the actor may change.
func (s *Service) may(tx *store.Tx, actor idp.Actor) func(*idp.App, error) (*idp.App, error) {
	return func(a *idp.App, err error) (*idp.App, error) {
		if err != nil {
			return nil, err
		}
		return a, s.permit(tx, actor, a.Name, a.ID)
	}
}

// mayLoad is loadApp for an application that the actor is about to change.
func (s *Service) mayLoad(tx *store.Tx, actor idp.Actor, id string) (*App, error) {
	a, err := loadApp(tx, actor.OrgID(), id)
	if err != nil {
		return nil, err
	}
	return a, s.permit(tx, actor, a.Name, a.ID)
}

// Changeable returns an application that the actor may change. KindNotFound,
// and what Permit says.
func (s *Service) Changeable(tx *store.Tx, actor idp.Actor, id string) (*App, error) {
	return s.mayLoad(tx, actor, id)
}

// prefixKey folds a text that somebody looks for; ok is false when nothing can
// begin with it.
func prefixKey(text string) (key string, ok bool) {
	if len(text) > maxPrefixBytes || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", false
	}
	return scim.Fold(text), true
}

// blank is the cause of a member that has to be there.
func blank(field string) idp.Cause {
	return idp.Cause{Field: field, Text: "The field cannot be left blank"}
}

// faults collects what is wrong with the settings of an application.
type faults []idp.Cause

func (f *faults) add(field, text string) { *f = append(*f, idp.Cause{Field: field, Text: text}) }

func (f *faults) blank(field string) { *f = append(*f, blank(field)) }

// err is nil without faults; the first one names the object.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return idp.Invalid(f[0].Field, f...)
}
