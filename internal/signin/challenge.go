package signin

import (
	"context"
	"fmt"
	"slices"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// notOffered is the answer to a choice that is none.
func notOffered() error {
	return idp.Invalid("method", idp.Cause{Field: "method", Text: "is not offered"})
}

// pick finds the option that an action names, by the enrolment or by the
// authenticator. A foreign enrolment is KindNotFound.
func pick(options []Method, method, factorID string) (Method, error) {
	i := slices.IndexFunc(options, func(m Method) bool {
		if factorID != "" {
			return m.FactorID == factorID
		}
		return method == m.Kind || method == m.ID
	})
	switch {
	case i >= 0:
		return options[i], nil
	case factorID != "":
		return Method{}, idp.NotFound(factor.TypeFactor, factorID)
	}
	return Method{}, notOffered()
}

// answering tells which factor an answer is to, by the step.
func answering(step Step, method, factorID string) (Method, error) {
	switch s := step.(type) {
	case Verify:
		if !s.Primary {
			m, err := pick(s.Options, method, factorID)
			if err == nil && m.Sends {
				err = idp.Fail(idp.KindTransactionState)
			}
			return m, err
		}
	case Challenge:
		if _, err := pick([]Method{s.Method}, method, factorID); (method == "" && factorID == "" || err == nil) && !s.Waiting {
			return s.Method, nil
		}
	case Activate, ChangePassword, Consent, Denied, Done, Enroll, EnrollProfile, Identify, Locked, Recover, Unlock:
	}
	return Method{}, idp.Fail(idp.KindTransactionState)
}

// prepareFurther compares the answer to a further factor.
func (e *Engine) prepareFurther(ctx context.Context, read *store.Tx, a idp.Actor, t *Transaction, act VerifyFactor, p *planned) error {
	// What was decided for this request a moment ago will do where it fits.
	d := t.next
	m, err := Method{}, error(nil)
	if d != nil {
		m, err = answering(d.step, act.Method, act.FactorID)
	}
	if d == nil || err != nil {
		now, err := e.decide(read, a, t, nil)
		if err != nil {
			return err
		}
		d = &now
		if m, err = answering(d.step, act.Method, act.FactorID); err != nil {
			return err
		}
	}
	f := d.factor(m.FactorID)
	if f == nil {
		if f, err = factorOf(read, d.user, m.FactorID); err != nil {
			return err
		}
	}
	sub, err := e.pendingSubject(read, a, t, d.user, f)
	if err != nil {
		return err
	}
	p.user, p.factorID = d.user, f.ID
	p.attempt, err = e.Ceremonies.Check(ctx, sub, act.Answer)
	return err
}

// verifyFurther settles the answer to a further factor.
func (r *run) verifyFurther(act VerifyFactor, p planned) error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	m, err := answering(d.step, act.Method, act.FactorID)
	if err != nil {
		return err
	}
	if m.FactorID != p.factorID {
		return factor.ErrChanged
	}
	sub, err := r.subject(d, m.FactorID)
	if err != nil {
		return err
	}
	v, err := r.Ceremonies.Verify(r.tx, r.actor, sub, p.attempt)
	if err != nil || !v.Proved {
		r.refused = v.Refused
		return err
	}
	return r.prove(d, m, false, act.Remembering)
}

// lockedByFactor tells whether wrong answers to a further factor have locked the
// user out, rather than wrong passwords.
func (r *run) lockedByFactor(u *idp.User) (bool, error) {
	n, err := r.tx.MostFactorFailures(u.OrgID, u.ID)
	if err != nil {
		return false, fmt.Errorf("read wrong answers: %w", err)
	}
	return n >= factor.MaxFailures, nil
}

// subject is who proves a factor, read in this transaction of the store.
func (r *run) subject(d decision, factorID string) (factor.Subject, error) {
	f, err := factorOf(r.tx, d.user, factorID)
	if err != nil {
		return factor.Subject{}, err
	}
	return r.pendingSubject(r.tx, r.actor, r.t, d.user, f)
}

// prove notes that a further factor was proved, by an answer or by enrolling it.
func (r *run) prove(d decision, m Method, enrolled bool, about Remembering) error {
	of, ok := r.Factors.Method(m.Kind)
	if !ok {
		return idp.NotFound(factor.TypeFactor, m.FactorID)
	}
	if err := r.wantAuto(d, m, about.Auto); err != nil {
		return err
	}
	means := of.Describe()
	r.t.Proofs = append(r.t.Proofs, Proof{
		Method: m.Kind, AMR: means.AMR, At: r.tx.Now(), Credential: means.Credential, Factor: m.FactorID, Enrolled: enrolled,
	})
	r.t.Pending = nil
	if !about.RememberDevice {
		return nil
	}
	if r.t.Device == "" && about.Device != "" {
		r.t.Device = deviceKey(about.Device)
	}
	return r.rememberDevice(d.user, *d.signOn)
}

// chooseFurther picks a factor that the step offers, and sends what it needs.
func (r *run) chooseFurther(act Choose, d decision) error {
	var m Method
	var err error
	switch s := d.step.(type) {
	case Verify:
		if m, err = pick(s.Options, act.Method, act.FactorID); err != nil {
			return err
		}
	case Challenge:
		_, err := pick([]Method{s.Method}, act.Method, act.FactorID)
		switch {
		case err != nil:
			return idp.Fail(idp.KindTransactionState)
		case s.Waiting && s.Result != factor.Waiting:
			// One that was rejected or has expired may be asked for again.
			if act.Auto != nil {
				r.t.Pending.Auto = act.Auto
			}
			return r.sendAgain(s.Method.FactorID, factor.ChallengeOptions{})
		case s.Waiting || !s.Method.Sends || s.Method.Resends:
			return idp.Fail(idp.KindTransactionState)
		}
		// Nothing leaves the server for it: browsers ask anew as often as they like.
		m = s.Method
	case Activate, ChangePassword, Consent, Denied, Done, Enroll, EnrollProfile, Identify, Locked, Recover, Unlock:
		return idp.Fail(idp.KindTransactionState)
	}
	r.t.Pending = &Pending{FactorID: m.FactorID, Auto: act.Auto}
	if !m.Sends {
		return nil
	}
	sub, err := r.subject(d, m.FactorID)
	if err != nil {
		return err
	}
	sub, err = r.Ceremonies.Begin(r.tx, r.actor, sub, factor.ToVerify, factor.Owner(r.t.Handle), factor.ChallengeOptions{})
	if err != nil {
		return err
	}
	r.t.Pending.Challenge = sub.Challenge.ID
	return nil
}

// wantAuto keeps in mind whether the user wants to be asked by a factor without
// choosing it, as was said with its proof or before. Who has not proved it decides
// nothing about it. (spec: authn#authVerifyFactor, autoPush)
func (r *run) wantAuto(d decision, m Method, auto *bool) error {
	if auto == nil && r.t.Pending != nil {
		auto = r.t.Pending.Auto
	}
	if auto == nil || !m.Waits {
		return nil
	}
	if err := r.tx.SetFactorAuto(d.user.OrgID, d.user.ID, m.FactorID, *auto); err != nil {
		return fmt.Errorf("note how a factor is used: %w", err)
	}
	return nil
}

// sendAgain repeats what was sent for the factor that is proved or enrolled.
// KindForbidden for one that nothing is sent for.
func (r *run) sendAgain(factorID string, o factor.ChallengeOptions) error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	var m Method
	switch s := d.step.(type) {
	case Challenge:
		m = s.Method
	case Activate:
		m = s.Method
	case ChangePassword, Consent, Denied, Done, Enroll, EnrollProfile, Identify, Locked, Recover, Unlock, Verify:
		return idp.Fail(idp.KindTransactionState)
	}
	if factorID != "" && factorID != m.FactorID {
		return idp.Fail(idp.KindTransactionState)
	}
	if !m.Resends {
		return idp.Fail(idp.KindForbidden)
	}
	sub, err := r.subject(d, m.FactorID)
	if err != nil {
		return err
	}
	if sub.Challenge == nil {
		return idp.Fail(idp.KindTransactionState)
	}
	if sub, err = r.Ceremonies.SendAgain(r.tx, r.actor, sub, o); err != nil {
		return err
	}
	r.t.Pending.Challenge = sub.Challenge.ID
	return nil
}

// poll looks whether an answer has come from elsewhere.
func (r *run) poll(act Poll) error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	switch s := d.step.(type) {
	case Challenge:
		if !s.Waiting || act.FactorID != "" && act.FactorID != s.Method.FactorID {
			return idp.Fail(idp.KindTransactionState)
		}
		if s.Result != factor.Accepted {
			return nil
		}
		sub, err := r.subject(d, s.Method.FactorID)
		if err != nil {
			return err
		}
		if err := r.Ceremonies.Took(r.tx, r.actor, sub); err != nil {
			return err
		}
		return r.prove(d, s.Method, false, act.Remembering)
	case Activate:
		if !s.Waiting || act.FactorID != "" && act.FactorID != s.Method.FactorID {
			return idp.Fail(idp.KindTransactionState)
		}
		if s.Result != factor.Accepted {
			return nil
		}
		return r.prove(d, s.Method, true, Remembering{})
	case ChangePassword, Consent, Denied, Done, Enroll, EnrollProfile, Identify, Locked, Recover, Unlock, Verify:
	}
	return idp.Fail(idp.KindTransactionState)
}

// previous goes back to the choice: of the first factor, of a further one, or of
// what to enrol. What was begun is given up.
func (r *run) previous() error {
	if len(r.t.Proofs) == 0 {
		if r.t.Chosen == "" {
			return idp.Fail(idp.KindTransactionState)
		}
		r.t.Chosen = ""
		return nil
	}
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	switch s := d.step.(type) {
	case Challenge:
		err = r.giveUp(d, s.Method)
	case Activate:
		if s.Result == factor.Accepted {
			return idp.Fail(idp.KindTransactionState)
		}
		if err = r.tx.DeleteFactor(d.user.OrgID, d.user.ID, s.Method.FactorID); err != nil {
			err = fmt.Errorf("drop a pending factor: %w", err)
		}
	case ChangePassword, Consent, Denied, Done, Enroll, EnrollProfile, Identify, Locked, Recover, Unlock, Verify:
		return idp.Fail(idp.KindTransactionState)
	}
	r.t.Pending = nil
	return err
}

// giveUp cancels a challenge that nobody will answer.
func (r *run) giveUp(d decision, m Method) error {
	sub, err := r.subject(d, m.FactorID)
	if err != nil || sub.Challenge == nil {
		return err
	}
	err = factor.Answered(r.tx, sub.Challenge, factor.Cancelled)
	if idp.KindOf(err) == idp.KindChallengeOver {
		return nil
	}
	return err
}
