package factor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// TypeAuthenticator is the name of authenticators in errors about what does not
// exist.
const TypeAuthenticator = "Authenticator"

// The states of an authenticator.
const (
	AuthenticatorActive   = "ACTIVE"
	AuthenticatorInactive = "INACTIVE"
)

// Authenticator is a method as an organisation offers it.
type Authenticator struct {
	ID          string // aut...
	Kind        string // of the method
	Active      bool
	Created     time.Time // with the organisation
	LastUpdated time.Time
}

// Authenticators switches methods on and off for an organisation. All members
// are required.
type Authenticators struct {
	Store   *store.Store
	Log     *eventlog.Log
	Methods *Service
}

// List returns the authenticators of an organisation in the order in which they
// are offered. (spec: management#listAuthenticators)
func (s *Authenticators) List(ctx context.Context, a idp.Actor) ([]Authenticator, error) {
	return s.list(s.Store.Read(ctx), a.Org)
}

func (s *Authenticators) list(tx *store.Tx, org *idp.Org) ([]Authenticator, error) {
	states, err := tx.AuthenticatorStates(org.ID)
	if err != nil {
		return nil, fmt.Errorf("read the authenticators: %w", err)
	}
	var out []Authenticator
	for _, d := range s.Methods.Descriptions() {
		v := Authenticator{ID: AuthenticatorID(org.ID, d.Kind), Kind: d.Kind, Active: true, Created: org.Created, LastUpdated: org.Created}
		if i := slices.IndexFunc(states, func(st store.AuthenticatorState) bool { return st.Kind == d.Kind }); i >= 0 {
			v.Active, v.LastUpdated = states[i].Status == AuthenticatorActive, states[i].LastUpdated
		}
		out = append(out, v)
	}
	return out, nil
}

// Get returns an authenticator, else KindNotFound.
// (spec: management#getAuthenticator)
func (s *Authenticators) Get(ctx context.Context, a idp.Actor, id string) (Authenticator, error) {
	return s.find(s.Store.Read(ctx), a.Org, id)
}

func (s *Authenticators) find(tx *store.Tx, org *idp.Org, id string) (Authenticator, error) {
	list, err := s.list(tx, org)
	if err != nil {
		return Authenticator{}, err
	}
	i := slices.IndexFunc(list, func(v Authenticator) bool { return v.ID == id })
	if i < 0 {
		return Authenticator{}, idp.NotFound(TypeAuthenticator, id)
	}
	return list[i], nil
}

// Set switches an authenticator on or off. Setting what is set changes nothing.
// KindForbidden for switching off the password, which everybody begins with.
// (spec: management#activateAuthenticator, management#deactivateAuthenticator)
func (s *Authenticators) Set(ctx context.Context, a idp.Actor, id string, active bool) (Authenticator, error) {
	var out Authenticator
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		v, err := s.find(tx, a.Org, id)
		if err != nil {
			return err
		}
		out = v
		if v.Active == active {
			return nil
		}
		if v.Kind == Password {
			return idp.Fail(idp.KindForbidden)
		}
		status, event := AuthenticatorActive, eventlog.AuthenticatorActivate
		if !active {
			status, event = AuthenticatorInactive, eventlog.AuthenticatorDeactivate
		}
		if err := tx.SetAuthenticator(a.OrgID(), store.AuthenticatorState{Kind: v.Kind, Status: status, LastUpdated: tx.Now()}); err != nil {
			return fmt.Errorf("set authenticator %s: %w", v.Kind, err)
		}
		out.Active, out.LastUpdated = active, tx.Now()
		return s.Log.Record(tx, a, eventlog.Entry{Type: event, Targets: []idp.Target{
			{ID: v.ID, Type: "Authenticator", AlternateID: "unknown", DisplayName: v.Kind},
		}})
	})
	if err != nil {
		return Authenticator{}, err
	}
	return out, nil
}

// active drops the methods that an organisation has switched off, and tells which
// factors it has. The password is always on, so that nothing is read where it is
// the only one.
func active(tx *store.Tx, org *idp.Org, methods []Method) ([]Method, factorStates, error) {
	if !slices.ContainsFunc(methods, func(m Method) bool { return m.Describe().Kind != Password }) {
		return methods, nil, nil
	}
	states, err := tx.AuthenticatorStates(org.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("read the authenticators: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(methods), func(m Method) bool {
		return slices.ContainsFunc(states, func(st store.AuthenticatorState) bool {
			return st.Kind == m.Describe().Kind && st.Status == AuthenticatorInactive
		})
	}), factorStates(states), nil
}
