package signin

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/store"
)

// further is what stands about the factors beyond the first of a sign-in.
type further struct {
	// demanded tells that the sign-on policy asks for one that was not proved.
	demanded bool
	// usable are those that the user has enrolled and may prove.
	usable []factor.Held
	// levels are those of which one has still to be reached, none where the policy
	// alone asks.
	levels []Level
	// asked is what the enrolment policy decides; nil while it was not asked.
	asked *policy.Enrollment
}

// satisfied tells whether the proofs of a transaction are what the sign-on
// policy asks for.
func (e *Engine) satisfied(tx *store.Tx, t *Transaction, u *idp.User, s policy.SignOn) (bool, error) {
	if !s.RequireFactor || t.further() {
		return true, nil
	}
	return e.remembered(tx, t, u, s)
}

// further finds what stands about further factors. Where none is demanded it
// reads nothing: that is every sign-in of an organisation that asks for none.
func (e *Engine) further(tx *store.Tx, a idp.Actor, t *Transaction, u *idp.User, s policy.SignOn) (*further, error) {
	ok, err := e.satisfied(tx, t, u, s)
	levels := t.missing()
	if err != nil || ok && len(levels) == 0 {
		return &further{}, err
	}
	f := &further{demanded: true, levels: levels}
	if err := e.use(tx, a, u, f); err != nil {
		return nil, err
	}
	f.usable = slices.DeleteFunc(f.usable, func(h factor.Held) bool { return !leads(levels, h.Method.Describe()) })
	if ok && len(f.usable) == 0 && slices.Contains(levels, LevelTwoIfPossible) {
		return &further{asked: f.asked}, nil // it is not possible
	}
	return f, nil
}

// use finds the factors that the user has and may prove.
func (e *Engine) use(tx *store.Tx, a idp.Actor, u *idp.User, f *further) error {
	if err := e.ask(tx, a, u, f); err != nil {
		return err
	}
	held, err := e.Factors.Held(tx, a.Org, u)
	if err != nil {
		return err
	}
	for _, h := range held {
		if h.Factor.Status == factor.StatusActive && f.allows(h.Kind) {
			f.usable = append(f.usable, h)
		}
	}
	return nil
}

// Askable lists the factors by which a user may be asked apart from a sign-in:
// those that are active and that the policies let the user have. There is none
// for a user to whom the gate would give nothing on this path, or whom the
// sign-on policy denies; nor, where the answer is to be all of a sign-in (alone),
// for one of whom it wants a further factor.
func (e *Engine) Askable(tx *store.Tx, a idp.Actor, u *idp.User, p Path, alone bool) ([]factor.Held, error) {
	if e.MayIssue(u, p) != nil {
		return nil, nil //nolint:nilerr // there is none for such a user
	}
	s, err := e.signOn(tx, a, u)
	if err != nil || !s.Allowed || alone && s.RequireFactor {
		return nil, err
	}
	var f further
	err = e.use(tx, a, u, &f)
	return f.usable, err
}

// ask asks the enrolment policy, once.
func (e *Engine) ask(tx *store.Tx, a idp.Actor, u *idp.User, f *further) error {
	if f.asked != nil {
		return nil
	}
	en, err := e.Policies.Enrollment(tx, a.Org, u, policy.From{Client: a.Client})
	if err != nil {
		return err
	}
	f.asked = &en
	return nil
}

// allows tells whether the enrolment policy lets users have a factor.
func (f *further) allows(k factor.Kind) bool {
	self := f.asked.Factors[k.Key]
	return self == policy.EnrollOptional || self == policy.EnrollRequired
}

// proving is the step of proving a further factor: a choice, or the one that was
// chosen. nil where nothing that the user has can be proved.
func (e *Engine) proving(tx *store.Tx, a idp.Actor, t *Transaction, u *idp.User, s policy.SignOn, f *further) (Step, error) {
	if !f.demanded || len(f.usable) == 0 {
		return nil, nil
	}
	if t.Pending != nil && t.Pending.Enrolling && len(f.usable) == 1 && f.usable[0].Factor.ID == t.Pending.FactorID {
		return nil, nil // it is being enrolled here, and has just become usable
	}
	if t.Pending != nil && !t.Pending.Enrolling {
		i := slices.IndexFunc(f.usable, func(h factor.Held) bool { return h.Factor.ID == t.Pending.FactorID })
		if i >= 0 {
			return e.challenge(tx, a, t, u, s, f.usable, i)
		}
	}
	v := Verify{Remember: remember(s)}
	for _, h := range f.usable {
		m := e.holding(a, h)
		if m.Waits {
			var err error
			if m.Auto, err = tx.FactorAuto(u.OrgID, u.ID, m.FactorID); err != nil {
				return nil, fmt.Errorf("read how a factor is used: %w", err)
			}
		}
		v.Options = append(v.Options, m)
	}
	return v, nil
}

// holding is how a step offers a factor that the user has.
func (e *Engine) holding(a idp.Actor, h factor.Held) Method {
	m := e.kindly(a, h.Kind, h.Method)
	m.FactorID, m.Profile, m.Enrolled = h.Factor.ID, h.Factor.Profile, h.Factor.Status == factor.StatusActive
	m.Factor.Vendor = h.Factor.Vendor
	if masker, ok := h.Method.(factor.Masker); ok {
		m.Profile = masker.Mask(h.Factor.Profile)
	}
	return m
}

// kindly is how a step offers a factor that the user may or may not have.
func (e *Engine) kindly(a idp.Actor, k factor.Kind, of factor.Method) Method {
	m := e.offer(a, k.Method)
	m.Factor, m.About = k, of.Describe()
	m.Waits = m.About.Waits
	_, m.Sends = of.(factor.Challenger)
	_, m.Resends = of.(factor.Resender)
	m.Resends = m.Resends || m.Waits
	return m
}

// challenge is the step of answering the factor that was chosen.
func (e *Engine) challenge(tx *store.Tx, a idp.Actor, t *Transaction, u *idp.User, s policy.SignOn, usable []factor.Held, i int) (Step, error) {
	p, err := e.pending(tx, a, t, u, usable[i])
	m := e.holding(a, usable[i])
	if err == nil && m.Waits {
		m.Auto, err = tx.FactorAuto(u.OrgID, u.ID, m.FactorID)
	}
	v := Challenge{Method: m, Waiting: m.Waits, ID: p.id, Result: p.result, Expires: p.expires, View: p.view, Remember: remember(s)}
	if m.About.Several {
		for _, h := range usable {
			if h.Kind == usable[i].Kind {
				v.Any = append(v.Any, e.holding(a, h))
			}
		}
	}
	return v, err
}

// pending is what there is to know of the challenge of a transaction.
func (e *Engine) pending(tx *store.Tx, a idp.Actor, t *Transaction, u *idp.User, h factor.Held) (awaited, error) {
	sub, err := e.pendingSubject(tx, a, t, u, h.Factor)
	if err != nil {
		return awaited{}, err
	}
	p := awaited{}
	if p.view, err = e.Ceremonies.View(tx, sub); err != nil {
		return awaited{}, err
	}
	if p.view.QR != "" {
		p.ticket = e.Ceremonies.Ticket(sub)
	}
	if c := sub.Challenge; c != nil {
		p.id, p.result, p.expires = c.ID, factor.ResultOf(c, tx.Now()), c.Expires
	}
	return p, nil
}

// awaited is what there is to know of a challenge.
type awaited struct {
	id      string
	result  factor.Result
	expires time.Time
	view    factor.View
	ticket  string
}

// pendingSubject is who proves or enrols a factor in a transaction, with the
// challenge of this transaction alone.
func (e *Engine) pendingSubject(tx *store.Tx, a idp.Actor, t *Transaction, u *idp.User, f *store.Factor) (factor.Subject, error) {
	sub := factor.Subject{Org: a.Org, User: u, Factor: f}
	if t.Pending == nil || t.Pending.Challenge == "" || t.Pending.FactorID != f.ID {
		return sub, nil
	}
	purpose := factor.ToVerify
	if t.Pending.Enrolling {
		purpose = factor.ToActivate
	}
	var err error
	sub.Challenge, err = factor.ChallengeOf(tx, f, factor.Owner(t.Handle), purpose, t.Pending.Challenge)
	if idp.KindOf(err) == idp.KindNotFound {
		return sub, nil
	}
	return sub, err
}

// enrolling is the step of enrolling factors, nil where nothing is to be
// enrolled. (management reference: primary authentication, evaluation order)
func (e *Engine) enrolling(tx *store.Tx, a idp.Actor, t *Transaction, u *idp.User, s policy.SignOn, f *further) (Step, error) {
	if err := e.ask(tx, a, u, f); err != nil {
		return nil, err
	}
	occasion := f.asked.When == policy.EnrollAtLogin || f.asked.When == policy.EnrollAtChallenge && s.RequireFactor
	if !occasion && !f.demanded && !t.enrolled() && t.Pending == nil {
		return nil, nil
	}
	options, held, err := e.enrollable(tx, a, u, f)
	if err != nil {
		return nil, err
	}
	if t.Pending != nil && t.Pending.Enrolling {
		i := slices.IndexFunc(held, func(h factor.Held) bool { return h.Factor.ID == t.Pending.FactorID })
		if i >= 0 {
			return e.activation(tx, a, t, u, held[i])
		}
	}
	if len(f.levels) > 0 {
		options = slices.DeleteFunc(options, func(m Method) bool { return !leads(f.levels, m.About) })
	}
	missing := slices.ContainsFunc(options, func(m Method) bool { return m.Required && !m.Enrolled })
	more := slices.ContainsFunc(options, func(m Method) bool { return !m.Enrolled })
	switch {
	// NEVER denies: whoever has the password alone must not bring a factor along.
	// (spec: management PolicyRule, enroll.self)
	case f.demanded && (!more || f.asked.When == policy.EnrollNever):
		return Denied{Reason: reasonNoFactor, Unmet: len(f.levels) > 0}, nil
	case f.demanded, occasion && missing:
		return Enroll{Options: options, Phones: phonesOf(held)}, nil
	case t.Optional && more && t.enrolled() && !t.EnrollSkipped:
		return Enroll{Options: options, Phones: phonesOf(held), Skippable: true}, nil
	}
	return nil, nil
}

// enrollable lists the factors that the policy lets the user enrol, those that
// are enrolled included, with all that the user has.
func (e *Engine) enrollable(tx *store.Tx, a idp.Actor, u *idp.User, f *further) ([]Method, []factor.Held, error) {
	held, err := e.Factors.Held(tx, a.Org, u)
	if err != nil {
		return nil, nil, err
	}
	kinds, err := e.Factors.Offered(tx, a.Org)
	if err != nil {
		return nil, nil, err
	}
	var out []Method
	for _, k := range kinds {
		of, ok := e.Factors.Method(k.Method)
		if !ok || !f.allows(k) {
			continue
		}
		m := e.kindly(a, k, of)
		if c, ok := of.(factor.Chooser); ok {
			if m.Choices, err = c.Choices(tx, a.Org); err != nil {
				return nil, nil, err
			}
		}
		m.Required = f.asked.Factors[k.Key] == policy.EnrollRequired
		for _, h := range held {
			if h.Kind == k && h.Factor.Status == factor.StatusActive {
				m.Enrolled, m.Factor.Vendor = true, h.Factor.Vendor
				m.Count++
			}
		}
		out = append(out, m)
	}
	return out, held, nil
}

// phonesOf are the numbers that a user has proved, as a sign-in may show them.
func phonesOf(held []factor.Held) []factor.KnownPhone {
	var out []factor.KnownPhone
	for _, h := range held {
		out = factor.KnownPhones(out, h.Factor.ID, h.Factor.Type, h.Factor.Status, h.Factor.Profile)
	}
	for i := range out {
		out[i].Phone = out[i].Phone.Mask()
	}
	return out
}

// activation is the step of proving an enrolment under way.
func (e *Engine) activation(tx *store.Tx, a idp.Actor, t *Transaction, u *idp.User, h factor.Held) (Step, error) {
	p, err := e.pending(tx, a, t, u, h)
	m := e.holding(a, h)
	v := Activate{Method: m, Waiting: m.Waits, ID: p.id, Result: p.result, Expires: p.expires, View: p.view, Ticket: p.ticket}
	if h.Factor.Status == factor.StatusActive {
		v.Result = factor.Accepted
	}
	return v, err
}

// factorOf reads an enrolment of a user, else KindNotFound.
func factorOf(tx *store.Tx, u *idp.User, id string) (*store.Factor, error) {
	f, err := tx.Factor(u.OrgID, u.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(factor.TypeFactor, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read factor: %w", err)
	}
	return f, nil
}
