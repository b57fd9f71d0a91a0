package factor

import (
	"context"
	"fmt"
	"maps"
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

// KeyPassword is the key of the authenticator that is always on.
const KeyPassword = "okta_password"

// Authenticator is one or several factors as an organisation offers them.
type Authenticator struct {
	idp.Authenticator
	ID          string    // aut...
	Active      bool      // where it has several factors, one of them is
	Created     time.Time // with the organisation
	LastUpdated time.Time
	factors     []Kind // those that this server has a method for; none for the password
	on          int    // of them
}

// Authenticators switches authenticators and single factors on and off for an
// organisation. All members are required.
type Authenticators struct {
	Store   *store.Store
	Log     *eventlog.Log
	Methods *Service
}

// List returns the authenticators of an organisation that this server has a
// method for, in the order in which they are offered.
// (spec: management#listAuthenticators)
func (s *Authenticators) List(ctx context.Context, a idp.Actor) ([]Authenticator, error) {
	return s.list(s.Store.Read(ctx), a.Org)
}

func (s *Authenticators) list(tx *store.Tx, org *idp.Org) ([]Authenticator, error) {
	factors, states, err := s.factors(tx, org)
	if err != nil {
		return nil, err
	}
	var out []Authenticator
	for _, named := range idp.Authenticators() {
		v := Authenticator{Authenticator: named, Created: org.Created, LastUpdated: org.Created}
		if _, served := s.Methods.Method(Password); served && named.Key == KeyPassword {
			v.ID, v.Active = AuthenticatorID(org.ID, Password), true
		}
		for _, key := range named.Factors {
			i := slices.IndexFunc(factors, func(f OrgFactor) bool { return f.Key == key && f.Status != NotSetUp })
			if i < 0 {
				continue
			}
			f := factors[i]
			v.factors = append(v.factors, f.Kind)
			if f.Status == AuthenticatorActive {
				v.Active, v.on = true, v.on+1
			}
			v.LastUpdated = states.latest(v.LastUpdated, f.Kind)
		}
		if len(v.factors) > 0 {
			v.ID = AuthenticatorID(org.ID, v.factors[0].Method)
		}
		if v.ID != "" {
			out = append(out, v)
		}
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

// Set switches all factors of an authenticator on or off. Setting what is set
// changes nothing. KindForbidden for switching off the password, which everybody
// begins with.
// (spec: management#activateAuthenticator, management#deactivateAuthenticator)
func (s *Authenticators) Set(ctx context.Context, a idp.Actor, id string, active bool) (Authenticator, error) {
	var out Authenticator
	defer s.Methods.Forget()
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		v, err := s.find(tx, a.Org, id)
		if err != nil {
			return err
		}
		out = v
		switch {
		case v.Key == KeyPassword && !active:
			return idp.Fail(idp.KindForbidden)
		case active && v.on == len(v.factors), !active && v.on == 0:
			return nil
		}
		event := eventlog.AuthenticatorActivate
		if !active {
			event = eventlog.AuthenticatorDeactivate
		}
		if err := s.turn(tx, a.Org, v.factors, active); err != nil {
			return err
		}
		out.Active, out.LastUpdated = active, tx.Now()
		return s.Log.Record(tx, a, eventlog.Entry{Type: event, Targets: []idp.Target{
			{ID: v.ID, Type: "Authenticator", AlternateID: "unknown", DisplayName: v.Name},
		}})
	})
	if err != nil {
		return Authenticator{}, err
	}
	return out, nil
}

// turn switches factors on or off. A method is off when all its factors are, and
// one that goes on takes none along that was not asked for.
func (s *Authenticators) turn(tx *store.Tx, org *idp.Org, kinds []Kind, on bool) error {
	before, _, err := s.factors(tx, org)
	if err != nil {
		return err
	}
	status := func(on bool) string {
		if on {
			return AuthenticatorActive
		}
		return AuthenticatorInactive
	}
	states := map[string]bool{} // of factors and methods, as they are to be
	for _, k := range kinds {
		for _, f := range before {
			if f.Method != k.Method {
				continue
			}
			is := f.Status == AuthenticatorActive
			if slices.Contains(kinds, f.Kind) {
				is = on
			}
			states[keyPrefix+f.Key], states[k.Method] = is, states[k.Method] || is
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(states)) {
		if err := tx.SetAuthenticator(org.ID, store.AuthenticatorState{Kind: kind, Status: status(states[kind]), LastUpdated: tx.Now()}); err != nil {
			return fmt.Errorf("set authenticator %s: %w", kind, err)
		}
	}
	return nil
}

// active drops the methods that an organisation has switched off, and tells which
// factors it has. The password is always on, so that nothing is read where it is
// the only one.
func active(tx *store.Tx, org *idp.Org, methods []Method) ([]Method, factorStates, error) {
	if alone(methods) {
		return methods, nil, nil
	}
	states, err := said(tx, org)
	if err != nil {
		return nil, nil, err
	}
	return states.keep(methods), states, nil
}

// alone tells whether there is nothing but the password.
func alone(methods []Method) bool {
	return !slices.ContainsFunc(methods, func(m Method) bool { return m.Describe().Kind != Password })
}

// said reads what an organisation says about its methods and factors.
func said(tx *store.Tx, org *idp.Org) (factorStates, error) {
	states, err := tx.AuthenticatorStates(org.ID)
	if err != nil {
		return nil, fmt.Errorf("read the authenticators: %w", err)
	}
	return factorStates(states), nil
}

// keep drops the methods that are switched off.
func (s factorStates) keep(methods []Method) []Method {
	return slices.DeleteFunc(slices.Clone(methods), func(m Method) bool {
		return slices.ContainsFunc(s, func(st store.AuthenticatorState) bool {
			return st.Kind == m.Describe().Kind && st.Status == AuthenticatorInactive
		})
	})
}
