package factor

import (
	"context"
	"slices"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// TypeOrgFactor is the name of an organisation's factors in errors about what
// does not exist.
const TypeOrgFactor = "Factor"

// NotSetUp is the state of a factor that this server has no method for.
const NotSetUp = "NOT_SETUP"

// keyPrefix tells the state of a factor from that of a method, in the table of
// both.
const keyPrefix = "key:"

// factorStates are what an organisation has said about its methods and factors.
type factorStates []store.AuthenticatorState

// off tells whether the organisation has switched a factor off.
func (s factorStates) off(key string) bool {
	return slices.ContainsFunc(s, func(st store.AuthenticatorState) bool {
		return st.Kind == keyPrefix+key && st.Status == AuthenticatorInactive
	})
}

// serve tells whether the factor is on and one of the methods serves it.
func (s factorStates) serve(methods []Method, k Kind) bool {
	return !s.off(k.Key) && slices.ContainsFunc(methods, func(m Method) bool { return m.Describe().Kind == k.Method })
}

// latest is when something was last said about a factor, not before t.
func (s factorStates) latest(t time.Time, k Kind) time.Time {
	for _, st := range s {
		if st.Kind == keyPrefix+k.Key && st.LastUpdated.After(t) {
			t = st.LastUpdated
		}
	}
	return t
}

// OrgFactor is a factor as an organisation has it. One that is not active cannot
// be enrolled nor proved, whatever policies say.
type OrgFactor struct {
	Kind
	Status string // AuthenticatorActive, AuthenticatorInactive or NotSetUp
}

// Factors lists the factors of an organisation by their keys.
// (reference: user factors, organisation factors)
func (s *Authenticators) Factors(ctx context.Context, a idp.Actor) ([]OrgFactor, error) {
	out, _, err := s.factors(s.Store.Read(ctx), a.Org)
	return out, err
}

func (s *Authenticators) factors(tx *store.Tx, org *idp.Org) ([]OrgFactor, factorStates, error) {
	methods, states, err := active(tx, org, s.Methods.methods)
	if err != nil {
		return nil, nil, err
	}
	var out []OrgFactor
	for _, k := range Kinds() {
		f := OrgFactor{Kind: k, Status: AuthenticatorInactive}
		if _, served := s.Methods.Method(k.Method); !served {
			f.Status = NotSetUp
		} else if states.serve(methods, k) {
			f.Status = AuthenticatorActive
		}
		out = append(out, f)
	}
	return out, states, nil
}

// Factor returns a factor by its key, else KindNotFound.
func (s *Authenticators) Factor(ctx context.Context, a idp.Actor, key string) (OrgFactor, error) {
	return s.factor(s.Store.Read(ctx), a.Org, key)
}

func (s *Authenticators) factor(tx *store.Tx, org *idp.Org, key string) (OrgFactor, error) {
	list, _, err := s.factors(tx, org)
	if err != nil {
		return OrgFactor{}, err
	}
	i := slices.IndexFunc(list, func(f OrgFactor) bool { return f.Key == key })
	if i < 0 {
		return OrgFactor{}, idp.NotFound(TypeOrgFactor, key)
	}
	return list[i], nil
}

// SetFactor switches a factor on or off; switching on one whose method is off
// switches the method on, too. Setting what is set changes nothing.
// KindUnsupported for a factor that this server has no method for.
func (s *Authenticators) SetFactor(ctx context.Context, a idp.Actor, key string, on bool) (OrgFactor, error) {
	var out OrgFactor
	defer s.Methods.Forget()
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		f, err := s.factor(tx, a.Org, key)
		if err != nil {
			return err
		}
		out = f
		status, event := AuthenticatorActive, eventlog.OrgFactorOn
		if !on {
			status, event = AuthenticatorInactive, eventlog.OrgFactorOff
		}
		switch f.Status {
		case status:
			return nil
		case NotSetUp:
			return idp.Fail(idp.KindUnsupported, "This server has no method for the factor "+key)
		}
		if err := s.turn(tx, a.Org, []Kind{f.Kind}, on); err != nil {
			return err
		}
		out.Status = status
		return s.Log.Record(tx, a, eventlog.Entry{Type: event, Targets: []idp.Target{
			{ID: AuthenticatorID(a.OrgID(), f.Method), Type: "Authenticator", AlternateID: "unknown", DisplayName: key},
		}})
	})
	if err != nil {
		return OrgFactor{}, err
	}
	return out, nil
}
