package signin

import (
	"context"
	"errors"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// maxTries bounds how often what was checked outside the store's transaction
// is checked again because it has changed meanwhile.
const maxTries = 4

// Apply does the actions, one after the other, in one store transaction and
// tells what has to happen next. On success t is as it is stored now; a
// terminal step is stored only where a browser has still to fetch its session.
//
// It fails with
//   - KindUnauthenticated when a proof does not hold, whatever the reason;
//   - KindInvalid when a field is missing, too long, or names what is not offered;
//   - KindPasswordRejected and KindPasswordUpdate when a new password is refused;
//   - KindWrongPasscode and its like when a further factor is not proved, and
//     KindUserLocked when that happened too often;
//   - KindTransactionState when the transaction is at another step;
//   - KindConflict when another request came first;
//   - KindBadToken as Next does.
//
// t is then as it was, and so is what is stored; what a wrong guess costs is
// counted and recorded all the same. Denied and Locked leave the transaction
// where it was, too, unless it ends in a token: then it is over.
func (e *Engine) Apply(ctx context.Context, a idp.Actor, t *Transaction, actions ...Action) (Step, error) {
	for range maxTries {
		plan, err := e.prepare(ctx, a, t, actions)
		if err != nil {
			return nil, err
		}
		if err := e.warm(ctx, a); err != nil {
			return nil, err
		}
		r, err := e.perform(ctx, a, t, plan)
		if errors.Is(err, factor.ErrChanged) {
			t.subject, t.next = nil, nil
			continue
		}
		if err == nil {
			err = r.refused
		}
		if err != nil {
			return nil, err
		}
		*t = *r.t
		return r.step, nil
	}
	return nil, &idp.Error{Kind: idp.KindConflict, Object: "transaction"}
}

// perform runs a plan in one transaction of the store, which may run it again.
func (e *Engine) perform(ctx context.Context, a idp.Actor, t *Transaction, plan []planned) (*run, error) {
	var r *run
	err := e.explained(ctx, a, e.levelOf(t, plan), func(tx *store.Tx) error {
		r = &run{Engine: e, tx: tx, actor: a, before: t, t: t.clone()}
		if err := r.foresee(plan); err != nil {
			return err
		}
		for _, p := range plan {
			if err := r.do(p); err != nil || r.refused != nil {
				return err
			}
			if r.step != nil {
				break
			}
		}
		return r.settle()
	})
	return r, err
}

// levelOf is the isolation that a plan needs. What signs in as most people do
// decides by rows of one user and one sign-in, and each change of them that must
// not be missed meets it at a row that both write:
//   - the transaction: its version;
//   - guesses, codes, steps and challenges: the row that counts them or says that
//     they are used, which each answer that changes anything writes;
//   - what was asked of a factor: its counts (factor.Ceremonies.Begin);
//   - state, password and factors of the user: the user's row, which whoever
//     changes them writes, and the sign-in itself where it hands out a token
//     (started) or remembers a device. Where it only goes on, the next step looks at
//     the user again.
//
// All else, such as recovery and enrolment, decides by rows that it does not write
// and is serializable. (ADR 0016)
func (e *Engine) levelOf(t *Transaction, plan []planned) level {
	if t.Recovering() {
		return e.Store.Tx
	}
	for _, p := range plan {
		if !guarded(p.action) {
			return e.Store.Tx
		}
	}
	return e.Store.Guarded
}

func guarded(action Action) bool {
	switch action.(type) {
	case GiveLogin, Choose, VerifyFactor, SendAgain, Poll:
		return true
	case SetPassword, Skip, SendLink, EnrollFactor, ActivateFactor, Previous, Cancel, UseInvitation, UseRecoveryToken, StartRecovery, StartUnlock,
		AnswerRecovery, GiveCode, GiveProfile:
	}
	return false
}

// run is one attempt at a plan.
type run struct {
	*Engine
	tx     *store.Tx
	actor  idp.Actor
	before *Transaction
	t      *Transaction
	user   *idp.User // of the transaction, once it was read
	known  *facts    // of that user, once a proof has settled
	proved bool      // a proof was given in this run
	step   Step      // set when an action ends the matter by itself
	// refused is an answer that leaves the transaction as it was, while counters
	// and events are kept.
	refused error
}

// do performs one action.
func (r *run) do(p planned) error {
	if r.t.Recovering() {
		return r.doRecovery(p)
	}
	switch act := p.action.(type) {
	case GiveLogin:
		return r.giveLogin(act)
	case Choose:
		return r.choose(act)
	case VerifyFactor:
		if len(r.t.Proofs) > 0 {
			return r.verifyFurther(act, p)
		}
		return r.verify(p)
	case SetPassword:
		return r.setPassword(act, p)
	case Skip:
		return r.skip()
	case SendAgain:
		return r.sendAgain(act.FactorID, factor.ChallengeOptions{})
	case Poll:
		return r.poll(act)
	case SendLink:
		return r.sendLink(act)
	case EnrollFactor:
		return r.enroll(act, p)
	case ActivateFactor:
		return r.activate(p)
	case Previous:
		return r.previous()
	case Cancel:
		r.step = Identify{Login: r.t.Login, Registration: r.actor.Org.Settings.Registration}
		return r.end(r.tx, r.actor, r.t)
	case UseInvitation:
		return r.useInvitation(act)
	case UseRecoveryToken:
		return r.useRecoveryToken(act)
	case StartRecovery:
		return r.start(IntentRecover, act.Login, act.Method)
	case StartUnlock:
		return r.start(IntentUnlock, act.Login, act.Method)
	case AnswerRecovery, GiveCode, GiveProfile:
		// No step that this server comes to offers them.
		return idp.Fail(idp.KindTransactionState)
	}
	return idp.Fail(idp.KindTransactionState)
}

func (r *run) giveLogin(act GiveLogin) error {
	if len(r.t.Proofs) > 0 || r.t.Completed {
		return idp.Fail(idp.KindTransactionState)
	}
	u, err := r.find(r.tx, r.actor.OrgID(), act.Login)
	if err != nil {
		return err
	}
	r.t.Login, r.t.Identified, r.t.Remember, r.t.UserID, r.t.Chosen = act.Login, true, act.Remember, "", ""
	if r.user = u; u != nil {
		r.t.UserID = u.ID
	}
	return nil
}

// choose picks one of the methods that the step offers.
func (r *run) choose(act Choose) error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	v, ok := d.step.(Verify)
	if !ok || !v.Primary {
		return r.chooseFurther(act, d)
	}
	m, err := pick(v.Options, act.Method, "")
	if err != nil {
		return err
	}
	r.t.Chosen = m.Kind
	return nil
}

func (r *run) skip() error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	switch s := d.step.(type) {
	case ChangePassword:
		if s.Reason == PasswordWarned {
			r.t.Skipped = true
			return nil
		}
	case Enroll:
		if s.Skippable {
			r.t.EnrollSkipped = true
			return nil
		}
	case Activate, Challenge, Consent, Denied, Done, EnrollProfile, Identify, Locked, Recover, Unlock, Verify:
	}
	return idp.Fail(idp.KindTransactionState)
}

// settle finds the step after all actions, and stores what it asks for.
func (r *run) settle() error {
	if r.step != nil {
		return r.stay()
	}
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	r.step = d.step
	if err := r.evaluated(d); err != nil {
		return err
	}
	switch d.step.(type) {
	case Denied:
		return r.stay()
	case Done:
		if r.before.Completed {
			return nil
		}
		return r.finish(d)
	case ChangePassword:
		if err := r.expire(d); err != nil {
			return err
		}
	case Identify, Verify, Challenge, Enroll, Activate, Recover, Unlock, EnrollProfile, Consent, Locked:
	}
	r.t.subject = d.user
	return r.save(r.tx, r.actor, r.t)
}

// stay ends a transaction that was to give a token, and leaves any other where
// it was, so that its user can turn back.
func (r *run) stay() error {
	if r.t.Ended { // cancelled, or unlocked
		return nil
	}
	t := r.before.clone()
	if t.Finish == FinishToken {
		if err := r.end(r.tx, r.actor, t); err != nil {
			return err
		}
	}
	r.t = t
	return nil
}

// finish hands out what Done promises.
func (r *run) finish(d decision) error {
	path := r.t.path()
	if r.t.Finish == FinishBrowser {
		path = PathBrowser
	}
	err := r.MayIssue(d.user, path)
	noteGate(r.tx, d.user, path, err)
	if err != nil {
		return err
	}
	if path == PathBrowser {
		r.t.Completed = true
		return r.save(r.tx, r.actor, r.t)
	}
	token, expires, err := r.Sessions.IssueToken(r.tx, d.user, r.t.proofs(*d.signOn))
	if err != nil {
		return err
	}
	r.step, r.t.subject = Done{SessionToken: token, Expires: expires}, d.user
	if err := r.started(r.tx, r.actor, d.user, r.t, ""); err != nil {
		return err
	}
	return r.end(r.tx, r.actor, r.t)
}

// expire notes on the user that the password has reached its greatest age.
func (r *run) expire(d decision) error {
	if !d.expired || d.user.Status != idp.UserActive {
		return nil
	}
	return r.Directory.Expire(r.tx, r.actor, d.user)
}
