package signin

import (
	"context"
	"slices"

	"usher/internal/factor"
	"usher/internal/idp"
)

// enrollingOption finds the factor that an action wants to enrol among what the
// step offers: KindInvalid on factor.ObjectEnroll for another.
func enrollingOption(step Step, key string) (Method, error) {
	s, ok := step.(Enroll)
	if !ok {
		return Method{}, idp.Fail(idp.KindTransactionState)
	}
	i := slices.IndexFunc(s.Options, func(m Method) bool { return m.Factor.Key == key })
	if i < 0 {
		return Method{}, factor.RefuseEnroll(factor.TextNotEnabled)
	}
	return s.Options[i], nil
}

// prepareEnroll makes what will be kept of an enrolment.
func (e *Engine) prepareEnroll(ctx context.Context, a idp.Actor, t *Transaction, act EnrollFactor, p *planned) error {
	d, err := e.decide(e.Store.Read(ctx), a, t, nil)
	if err != nil {
		return err
	}
	m, err := enrollingOption(d.step, act.Key)
	if err != nil {
		return err
	}
	p.user = d.user
	p.draft, err = e.Ceremonies.Draft(ctx, factor.Subject{Org: a.Org, User: d.user}, m.Factor, act.Fields)
	return err
}

// enroll begins an enrolment. One that needs no proof is proved by itself.
func (r *run) enroll(act EnrollFactor, p planned) error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	m, err := enrollingOption(d.step, act.Key)
	if err != nil {
		return err
	}
	// Whoever has the password alone must not add to what the user has, nor change it.
	if m.Enrolled && !r.t.further() {
		return factor.RefuseEnroll(factor.TextSetUp)
	}
	sub, err := r.Ceremonies.Enroll(r.tx, acting(r.actor, d.user), factor.Subject{Org: r.actor.Org, User: d.user}, p.draft, factor.EnrollOptions{
		Owner: factor.Owner(r.t.Handle), Replace: act.Replace && r.t.provedFurther(),
	})
	if err != nil {
		return err
	}
	m.FactorID = sub.Factor.ID
	if sub.Factor.Status == factor.StatusActive {
		return r.enrolled(d, m)
	}
	r.t.Pending = &Pending{FactorID: sub.Factor.ID, Enrolling: true}
	if sub.Challenge != nil {
		r.t.Pending.Challenge = sub.Challenge.ID
	}
	return nil
}

// enrolled writes the user, whose factors have become more, and counts the
// enrolment as a proof.
func (r *run) enrolled(d decision, m Method) error {
	if err := r.Directory.Save(r.tx, d.user); err != nil {
		return err
	}
	r.known = nil
	return r.prove(d, m, true, Remembering{})
}

// prepareActivate compares the answer that ends an enrolment.
func (e *Engine) prepareActivate(ctx context.Context, a idp.Actor, t *Transaction, act ActivateFactor, p *planned) error {
	read := e.Store.Read(ctx)
	d, err := e.decide(read, a, t, nil)
	if err != nil {
		return err
	}
	s, ok := d.step.(Activate)
	if !ok || s.Waiting || act.FactorID != "" && act.FactorID != s.Method.FactorID {
		return idp.Fail(idp.KindTransactionState)
	}
	f, err := factorOf(read, d.user, s.Method.FactorID)
	if err != nil {
		return err
	}
	sub, err := e.pendingSubject(read, a, t, d.user, f)
	if err != nil {
		return err
	}
	p.user, p.factorID = d.user, f.ID
	p.attempt, err = e.Ceremonies.Check(ctx, sub, act.Fields)
	return err
}

// activate settles the answer that ends an enrolment.
func (r *run) activate(p planned) error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	s, ok := d.step.(Activate)
	if !ok || s.Waiting {
		return idp.Fail(idp.KindTransactionState)
	}
	if s.Method.FactorID != p.factorID {
		return factor.ErrChanged
	}
	sub, err := r.subject(d, p.factorID)
	if err != nil {
		return err
	}
	v, err := r.Ceremonies.Activate(r.tx, acting(r.actor, d.user), sub, p.attempt)
	if err != nil || !v.Proved {
		r.refused = v.Refused
		return err
	}
	return r.enrolled(d, s.Method)
}

// sendLink brings an enrolment under way to a device.
func (r *run) sendLink(act SendLink) error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	s, ok := d.step.(Activate)
	if !ok || act.FactorID != "" && act.FactorID != s.Method.FactorID {
		return idp.Fail(idp.KindTransactionState)
	}
	sub, err := r.subject(d, s.Method.FactorID)
	if err != nil {
		return err
	}
	return r.Ceremonies.SendLink(r.tx, acting(r.actor, d.user), sub, act.Way, act.Phone)
}
