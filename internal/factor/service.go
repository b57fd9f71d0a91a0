package factor

import (
	"crypto/sha256"
	"fmt"
	"math/big"

	"usher/internal/store"
)

// Service is the catalogue of the methods that this server has, in the order
// in which they are offered.
type Service struct{ methods []Method }

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

// Enrolled lists the methods that the subject can prove and the organisation has
// not switched off.
func (s *Service) Enrolled(tx *store.Tx, sub Subject) ([]Description, error) {
	methods, err := active(tx, sub, s.methods)
	if err != nil {
		return nil, err
	}
	var out []Description
	for _, m := range methods {
		ok, err := m.Enrolled(tx, sub)
		if err != nil {
			return nil, fmt.Errorf("factor %s: %w", m.Describe().Kind, err)
		}
		if ok {
			out = append(out, m.Describe())
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
