package factor

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/big"

	"usher/internal/fresh"
	"usher/internal/idp"
	"usher/internal/store"
)

// Service is the catalogue of the methods that this server has, in the order
// in which they are offered.
type Service struct {
	methods []Method
	said    fresh.Cache[string, factorStates] // by organisation (ADR 0007)
}

// NewService returns a catalogue. A kind that is there twice is a mistake of
// the program and panics.
func NewService(methods ...Method) *Service {
	seen := map[string]bool{}
	for _, m := range methods {
		kind := m.Describe().Kind
		if seen[kind] {
			panic(fmt.Sprintf("factor: method %q is registered twice", kind))
		}
		seen[kind] = true
	}
	return &Service{methods: methods}
}

// Method returns the method of a kind.
func (s *Service) Method(kind string) (Method, bool) {
	for _, m := range s.methods {
		if m.Describe().Kind == kind {
			return m, true
		}
	}
	return nil, false
}

// Descriptions lists what the methods tell about themselves.
func (s *Service) Descriptions() []Description {
	out := make([]Description, 0, len(s.methods))
	for _, m := range s.methods {
		out = append(out, m.Describe())
	}
	return out
}

// Warm reads what an organisation says about the methods, at most once a second, so
// that the transaction of a sign-in need not. It is called outside of one.
func (s *Service) Warm(ctx context.Context, db *store.Store, org *idp.Org) error {
	if alone(s.methods) {
		return nil
	}
	_, err := s.said.Get(org.ID, func() (factorStates, error) { return said(db.Read(ctx), org) })
	return err
}

// Forget drops what Warm has read, e.g. after a snapshot was restored.
func (s *Service) Forget() { s.said.ForgetAll() }

// exactly is what whoever administers factors goes by.
func (s *Service) exactly(tx *store.Tx, org *idp.Org) ([]Method, factorStates, error) {
	return active(tx, org, s.methods)
}

// active is what a sign-in goes by: what Warm has read where that is fresh.
func (s *Service) active(tx *store.Tx, org *idp.Org) ([]Method, factorStates, error) {
	if !alone(s.methods) {
		if states, ok := s.said.Peek(org.ID); ok {
			return states.keep(s.methods), states, nil
		}
	}
	return active(tx, org, s.methods)
}

// Enrolled lists the methods that the subject can prove and the organisation has
// not switched off.
func (s *Service) Enrolled(tx *store.Tx, sub Subject) ([]Description, error) {
	methods, states, err := s.active(tx, sub.Org)
	if err != nil {
		return nil, err
	}
	var out []Description
	var kinds map[string]bool
	for _, m := range methods {
		i, implicit := m.(Implicit)
		ok := false
		switch {
		case implicit:
			if ok, err = i.Enrolled(tx, sub); err != nil {
				return nil, fmt.Errorf("factor %s: %w", m.Describe().Kind, err)
			}
		case sub.User != nil:
			if kinds == nil {
				if kinds, err = activeKinds(tx, sub.User, states); err != nil {
					return nil, err
				}
			}
			ok = kinds[m.Describe().Kind]
		}
		if ok {
			out = append(out, m.Describe())
		}
	}
	return out, nil
}

// activeKinds are the kinds of the methods that a user has active enrolments of.
func activeKinds(tx *store.Tx, u *idp.User, states factorStates) (map[string]bool, error) {
	rows, err := tx.FactorsOf(u.OrgID, u.ID)
	if err != nil {
		return nil, fmt.Errorf("list factors: %w", err)
	}
	out := map[string]bool{}
	for i := range rows {
		if k, known := KindOf(rows[i].Type, rows[i].Provider); known && rows[i].Status == StatusActive && !states.off(k.Key) {
			out[k.Method] = true
		}
	}
	return out, nil
}

// Held is a factor that a user has enrolled, with the method that serves it.
type Held struct {
	Kind   Kind
	Method Method
	Factor *store.Factor
}

// Held lists what a user has enrolled of the methods that this server has and
// the organisation has not switched off, in the order in which methods are
// offered. Those are included that are not active yet.
func (s *Service) Held(tx *store.Tx, org *idp.Org, u *idp.User) ([]Held, error) {
	rows, err := tx.FactorsOf(org.ID, u.ID)
	if err != nil {
		return nil, fmt.Errorf("list factors: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	methods, states, err := s.active(tx, org)
	if err != nil {
		return nil, err
	}
	var out []Held
	for _, m := range methods {
		for i := range rows {
			if k, known := KindOf(rows[i].Type, rows[i].Provider); known && k.Method == m.Describe().Kind && !states.off(k.Key) {
				out = append(out, Held{k, m, &rows[i]})
			}
		}
	}
	return out, nil
}

// Offered lists the kinds that this server has a method for to enrol and that
// the organisation has not switched off, in the order in which methods are
// offered.
func (s *Service) Offered(tx *store.Tx, org *idp.Org) ([]Kind, error) {
	methods, states, err := s.active(tx, org)
	if err != nil {
		return nil, err
	}
	var out []Kind
	for _, m := range methods {
		if _, ok := m.(Enroller); !ok {
			continue
		}
		for _, k := range Kinds() {
			if k.Method == m.Describe().Kind && !states.off(k.Key) {
				out = append(out, k)
			}
		}
	}
	return out, nil
}

// AuthenticatorID is the identifier (aut...) by which an organisation offers a
// method: the same on every node and at every start.
func AuthenticatorID(orgID, kind string) string { return derived("aut", orgID, kind) }

// EnrolmentID is the identifier of a user's enrolment in a method that has no
// row of its own, with the prefix of its kind: lae... for a password.
func EnrolmentID(prefix, orgID, userID, kind string) string {
	return derived(prefix, orgID, kind, userID)
}

const idLength = 20

// derived hashes names to an identifier that looks like any other.
func derived(prefix string, names ...string) string {
	h := sha256.New()
	for _, n := range names {
		fmt.Fprintf(h, "%d:%s", len(n), n)
	}
	text := new(big.Int).SetBytes(h.Sum(nil)).Text(62)
	return prefix + text[:idLength-len(prefix)]
}
