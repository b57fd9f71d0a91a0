package oauth

import (
	"slices"

	"usher/internal/idp"
	"usher/internal/store"
)

// element is a part of a server as it is administered.
type element interface {
	// stored makes the form in which it is kept with its server.
	stored(s *Server) (*store.OAuthPart, error)
	base() *part
	// fixed tells whether it is one of the system's.
	fixed() bool
	target() idp.Target
}

func (p *part) base() *part { return p }

func (v *Scope) fixed() bool  { return v.System }
func (c *Claim) fixed() bool  { return c.System }
func (p *Policy) fixed() bool { return p.System }
func (r *Rule) fixed() bool   { return r.System }

func (v *Scope) stored(s *Server) (*store.OAuthPart, error)  { return v.toStore(s) }
func (c *Claim) stored(s *Server) (*store.OAuthPart, error)  { return c.toStore(s) }
func (p *Policy) stored(s *Server) (*store.OAuthPart, error) { return p.toStore(s) }

// ruleIn is a rule with its policy.
type ruleIn struct {
	*Rule
	policy *Policy
}

func (r ruleIn) stored(s *Server) (*store.OAuthPart, error) { return r.toStore(s, r.policy) }

// telling is what is recorded of a change, and under what the part stands.
type telling struct {
	event idp.EventType
	under idp.Target
}

func (s *Service) newPart(tx *store.Tx, prefix string) part {
	return part{ID: s.IDs.New(prefix), Created: tx.Now(), LastUpdated: tx.Now()}
}

// insertPart adds a part to a server that has so many of its kind already.
func insertPart(tx *store.Tx, row *store.OAuthPart, have int) error {
	if have >= maxParts {
		return idp.Invalid(row.Kind, idp.Cause{Text: "There are as many of these as there can be."})
	}
	err := tx.InsertOAuthPart(row)
	if store.Exists(err, "oauth_parts.name_key") {
		return nameTaken()
	}
	return err
}

func updatePart(tx *store.Tx, row *store.OAuthPart, p *part) error {
	err := tx.UpdateOAuthPart(row)
	if store.Exists(err, "oauth_parts.name_key") {
		return nameTaken()
	}
	p.version = row.Version
	return err
}

// add writes an element that is new to a server with so many of its kind.
func (s *Service) add(tx *store.Tx, a idp.Actor, v *Server, e element, have int, t telling) error {
	row, err := e.stored(v)
	if err != nil {
		return err
	}
	if err := insertPart(tx, row, have); err != nil {
		return err
	}
	return s.record(tx, a, t.event, e.target(), t.under)
}

// write writes an element that has changed.
func (s *Service) write(tx *store.Tx, a idp.Actor, v *Server, e element, t telling) error {
	e.base().LastUpdated = tx.Now()
	if err := rewrite(tx, v, e); err != nil {
		return err
	}
	return s.record(tx, a, t.event, e.target(), t.under)
}

// remove drops an element: KindForbidden for one of the system's.
func (s *Service) remove(tx *store.Tx, a idp.Actor, v *Server, e element, t telling) error {
	if e.fixed() {
		return idp.Fail(idp.KindForbidden)
	}
	row, err := e.stored(v)
	if err != nil {
		return err
	}
	if err := tx.DeleteOAuthPart(row); err != nil {
		return err
	}
	return s.record(tx, a, t.event, e.target(), t.under)
}

// rewrite writes an element without a word of it.
func rewrite(tx *store.Tx, v *Server, e element) error {
	row, err := e.stored(v)
	if err != nil {
		return err
	}
	return updatePart(tx, row, e.base())
}

// rewriteAll is rewrite for those of a list that moved.
func rewriteAll[T any](tx *store.Tx, v *Server, moved []T, as func(T) element) error {
	for _, other := range moved {
		if err := rewrite(tx, v, as(other)); err != nil {
			return err
		}
	}
	return nil
}

// ranked is a policy or a rule.
type ranked interface {
	comparable
	rank() *int
}

func (p *Policy) rank() *int { return &p.Priority }

func (r *Rule) rank() *int { return &r.Priority }

// arrange puts one of a list at the place that somebody wants, counted from 1,
// at the end where wanted is nil and it is new, and numbers them all. It returns
// those others whose number changed.
func arrange[T ranked](list []T, one T, wanted *int) (moved []T) {
	place := len(list)
	if at := slices.Index(list, one); at >= 0 {
		list, place = slices.Delete(slices.Clone(list), at, at+1), at
	} else {
		list = slices.Clone(list)
	}
	if wanted != nil {
		place = min(max(*wanted-1, 0), len(list))
	}
	return slices.DeleteFunc(number(slices.Insert(list, place, one)), func(v T) bool { return v == one })
}

// without takes one out of a list and numbers the others. It returns those whose
// number changed.
func without[T ranked](list []T, one T) (moved []T) {
	return number(slices.DeleteFunc(slices.Clone(list), func(v T) bool { return v == one }))
}

// number gives a list its numbers and returns those that had another.
func number[T ranked](list []T) (moved []T) {
	for i, v := range list {
		if n := v.rank(); *n != i+1 {
			*n = i + 1
			moved = append(moved, v)
		}
	}
	return moved
}

func policyElement(p *Policy) element { return p }

// in makes the rules of a policy elements.
func (p *Policy) in(r *Rule) element { return ruleIn{r, p} }
