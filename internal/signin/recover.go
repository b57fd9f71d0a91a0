package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usher/internal/credential"
	"usher/internal/directory"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/store"
)

// Recovery is what a transaction keeps that begins with something else than
// the password: a link, a code, an invitation.
type Recovery struct {
	// Way is how a code was sent, empty for none; Challenge the identifier of what
	// it answers, empty where none has gone out; Sent when, Sends how often.
	Way       string    `json:"way,omitempty"`
	Challenge string    `json:"challenge,omitempty"`
	Sent      time.Time `json:"sent,omitzero"`
	Sends     int       `json:"sends,omitempty"`
	Expires   time.Time `json:"expires,omitzero"` // of the code
	// Opened tells that the link or code has proved the user.
	Opened bool `json:"opened,omitempty"`
	// Answered tells that the recovery question is answered.
	Answered bool `json:"answered,omitempty"`
	// Closed tells that the new password is set: what follows is a sign-in.
	Closed bool `json:"closed,omitempty"`
	// Wrong counts the wrong answers and codes.
	Wrong int `json:"wrong,omitempty"`
}

// maxWrong is how many wrong answers or codes end a recovery.
const maxWrong = 5

// Recovering tells whether the transaction has still to come to a password of
// its user's choice or to the end of a lock.
func (t *Transaction) Recovering() bool { return t.Recovery != nil && !t.Recovery.Closed }

// known tells whether something has proved the user.
func (t *Transaction) known() bool {
	return len(t.Proofs) > 0 || (t.Recovery != nil && t.Recovery.Opened)
}

// recoveryOf is what a link of this intent is good for.
func (i Intent) recovery() directory.Recovery {
	if i == IntentUnlock {
		return directory.RecoverAccount
	}
	return directory.RecoverPassword
}

func intentOf(what directory.Recovery) Intent {
	if what == directory.RecoverAccount {
		return IntentUnlock
	}
	return IntentRecover
}

// decideRecovery is decide for a transaction that recovers.
func (e *Engine) decideRecovery(tx *store.Tx, a idp.Actor, t *Transaction) (decision, error) {
	if !t.Recovery.Opened {
		return e.decideStarted(tx, a, t)
	}
	u, err := tx.User(a.OrgID(), t.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return decision{}, idp.Fail(idp.KindBadToken)
	}
	if err != nil {
		return decision{}, fmt.Errorf("read user: %w", err)
	}
	open := u.Status == idp.UserProvisioned
	if t.Intent != IntentActivate {
		if open, err = e.Directory.Recovering(tx, u, t.Intent.recovery()); err != nil {
			return decision{}, err
		}
	}
	if !open || !t.holds(u) {
		return decision{}, idp.Fail(idp.KindBadToken)
	}
	pw, err := e.Policies.PasswordRules(tx, a.Org, u)
	if err != nil {
		return decision{}, err
	}
	d := decision{user: u}
	switch {
	case t.Intent != IntentActivate && pw.Recovery.Question && u.RecoveryQuestion != "" && !t.Recovery.Answered:
		d.step = askQuestion(t.Intent)
	case t.Intent == IntentUnlock:
		d.step = Done{}
	default:
		step := changePassword(PasswordReset, pw, time.Time{})
		step.Question = t.Intent == IntentActivate && pw.Recovery.Question && u.RecoveryQuestion == ""
		d.step = step
	}
	return d, nil
}

// askQuestion asks for the answer to the recovery question.
func askQuestion(i Intent) Step {
	options := []Method{{Kind: RecoveryQuestion}}
	if i == IntentUnlock {
		return Unlock{Options: options}
	}
	return Recover{Options: options}
}

// RecoveryQuestion is the method that Recover and Unlock offer once the user is
// known. It is answered by AnswerRecovery and is no factor of a sign-in.
const RecoveryQuestion = "recovery_question"

// doRecovery is do for a transaction that recovers. What belongs to a sign-in
// does not fit it.
func (r *run) doRecovery(p planned) error {
	switch act := p.action.(type) {
	case StartRecovery:
		return r.start(IntentRecover, act.Login, act.Method)
	case StartUnlock:
		return r.start(IntentUnlock, act.Login, act.Method)
	case GiveLogin:
		return r.start(r.t.Intent, act.Login, "")
	case Choose:
		if r.t.known() {
			return idp.Fail(idp.KindTransactionState)
		}
		return r.chooseWay(act)
	case SendAgain:
		return r.sendCodeAgain()
	case GiveCode:
		return r.giveCode(p)
	case AnswerRecovery:
		return r.answer(p)
	case SetPassword:
		if err := r.setPassword(act, p); err != nil || r.refused != nil {
			return err
		}
		r.closeRecovery()
		return nil
	case Cancel:
		r.step = Identify{Login: r.t.Login, Registration: r.actor.Org.Settings.Registration}
		return r.end(r.tx, r.actor, r.t)
	case ActivateFactor, EnrollFactor, GiveProfile, Poll, Previous, SendLink, Skip, UseInvitation, UseRecoveryToken, VerifyFactor:
	}
	return idp.Fail(idp.KindTransactionState)
}

// closeRecovery makes the new password the first proof of a sign-in. What has
// opened the recovery does not count as another: a policy that wants two
// factors must not be satisfied by the way to a new password.
func (r *run) closeRecovery() {
	r.t.Recovery.Closed = true
	proof := Proof{Method: factor.Password, At: r.tx.Now()}
	if m, ok := r.Factors.Method(factor.Password); ok {
		proof.AMR, proof.Credential = m.Describe().AMR, m.Describe().Credential
	}
	r.t.Proofs, r.t.Chosen, r.proved = append(r.t.Proofs, proof), factor.Password, true
}

// open begins a recovery whose user is proved.
func (r *run) open(u *idp.User, i Intent) {
	r.t.Intent, r.t.Login, r.t.UserID, r.t.Identified = i, u.Login, u.ID, true
	r.t.PasswordSet, r.t.Recovery, r.user = u.PasswordChanged, &Recovery{Opened: true}, u
}

// useRecoveryToken opens the recovery that a one-time link is for.
func (r *run) useRecoveryToken(act UseRecoveryToken) error {
	if r.t.Identified || r.t.Recovery != nil || r.t.Completed {
		return idp.Fail(idp.KindTransactionState)
	}
	u, what, err := r.Directory.RedeemRecovery(r.tx, r.actor.OrgID(), act.Token)
	if idp.KindOf(err) == idp.KindBadToken {
		r.refused = err
		return r.tokenUsed(nil)
	}
	if err != nil {
		return err
	}
	r.open(u, intentOf(what))
	if err := r.tokenUsed(u); err != nil {
		return err
	}
	return r.unlockWhenProved(u)
}

// prepareAnswer compares the answer to the recovery question.
func (e *Engine) prepareAnswer(ctx context.Context, a idp.Actor, t *Transaction, act AnswerRecovery, p *planned) error {
	d, err := e.decide(e.Store.Read(ctx), a, t, nil)
	if err != nil {
		return err
	}
	if !asksQuestion(t, d.step) {
		return idp.Fail(idp.KindTransactionState)
	}
	if act.Answer == "" {
		return idp.Invalid(FieldAnswer, idp.Cause{Field: FieldAnswer, Text: "The field cannot be left blank"})
	}
	p.user = d.user
	if len(act.Answer) > MaxText {
		act.Answer = act.Answer[:MaxText] // nobody's answer is that long
	}
	p.answer, err = e.Credentials.VerifyAnswer(ctx, a.OrgID(), d.user.ID, act.Answer)
	return err
}

// FieldAnswer names the answer to a recovery question where it is missing.
const FieldAnswer = "answer"

func asksQuestion(t *Transaction, s Step) bool {
	switch s.(type) {
	case Recover, Unlock:
		return t.Recovery != nil && t.Recovery.Opened
	case Activate, Challenge, ChangePassword, Consent, Denied, Done, Enroll, EnrollProfile, Identify, Locked, Verify:
	}
	return false
}

// answer settles an answer that prepareAnswer has compared.
func (r *run) answer(p planned) error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	if !asksQuestion(r.t, d.step) {
		return idp.Fail(idp.KindTransactionState)
	}
	if id(d.user) != id(p.user) {
		return factor.ErrChanged
	}
	if !p.answer.OK {
		return r.wrongAnswer(d.user)
	}
	if r.t.Intent == IntentUnlock {
		// The right answer ends the lock, which would keep it from counting.
		if err := r.Credentials.Unlock(r.tx, d.user.OrgID, d.user.ID); err != nil {
			return err
		}
	}
	err = r.Credentials.Succeeded(r.tx, p.answer)
	if idp.KindOf(err) == idp.KindUnauthenticated {
		return factor.ErrChanged
	}
	if err != nil {
		return err
	}
	r.t.Recovery.Answered = true
	return r.unlockWhenProved(d.user)
}

// wrongAnswer counts a wrong answer: with the wrong passwords of the user, and
// in this transaction, which bears only a few.
func (r *run) wrongAnswer(u *idp.User) error {
	pw, err := r.Policies.PasswordRules(r.tx, r.actor.Org, u)
	if err != nil {
		return err
	}
	f, err := r.Credentials.Failed(r.tx, u.OrgID, u.ID, pw.Lockout)
	if err != nil {
		return err
	}
	r.refused = idp.Fail(idp.KindWrongAnswer)
	if f.LockedNow {
		r.refused = idp.Fail(idp.KindUserLocked)
		if err := r.Directory.Lock(r.tx, r.actor, u); err != nil {
			return err
		}
	}
	if err := r.recoveryFailed(u, reasonInvalid); err != nil {
		return err
	}
	return r.countWrong()
}

// countWrong keeps the number of wrong guesses with the transaction, and ends
// it with the last that it bears. Of guesses that come at once one is looked at:
// the others find the transaction changed.
func (r *run) countWrong() error {
	if r.t.Recovery.Wrong++; r.t.Recovery.Wrong < maxWrong {
		return r.save(r.tx, r.actor, r.t)
	}
	r.refused = idp.Fail(idp.KindUserLocked)
	return r.end(r.tx, r.actor, r.t)
}

// Ticket is a one-time token for a recovery, given to an application that has
// proved itself and that brings its user to the end of it.
type Ticket struct {
	User    *idp.User
	Token   string
	Expires time.Time
}

// mayRecover tells whether the one whose login it is may begin a recovery by a
// way ("" for a trusted application's own). refusal says why not, u is nil for
// nobody. For every login the same is read.
// (management reference: recovery, policy evaluation)
func (e *Engine) mayRecover(tx *store.Tx, a idp.Actor, i Intent, login, way string) (u *idp.User, pw credential.Policy, refusal, err error) {
	if u, err = e.find(tx, a.OrgID(), login); err != nil {
		return nil, pw, nil, err
	}
	who := u
	if who == nil {
		who = &idp.User{OrgID: a.OrgID(), Provider: idp.Provider{Type: idp.ProviderOkta}}
	}
	if pw, err = e.Policies.PasswordRules(tx, a.Org, who); err != nil {
		return nil, pw, nil, err
	}
	can, err := e.Policies.PasswordActions(tx, a.Org, who, policy.From{Client: a.Client})
	if err != nil {
		return nil, pw, nil, err
	}
	since, err := e.Credentials.LockedSince(tx, who.OrgID, who.ID)
	if err != nil {
		return nil, pw, nil, err
	}
	if u == nil {
		return nil, pw, idp.Fail(idp.KindRecoveryUnknown), nil
	}
	open := (!pw.Recovery.Question || u.RecoveryQuestion != "") && offers(pw.Recovery, way) && u.Provider.Local()
	if i == IntentUnlock {
		locked := u.Status == idp.UserLockedOut || (u.Status == idp.UserPasswordExpired && !since.IsZero())
		switch {
		case !locked:
			refusal = idp.Fail(idp.KindNotLocked)
		case !open || !can.Unlock:
			refusal = idp.Fail(idp.KindForbidden)
		}
		return u, pw, refusal, nil
	}
	if !open || !can.Reset || !u.HasPassword || !forgetful(u) {
		refusal = idp.Fail(idp.KindForgotNotAllowed)
	}
	return u, pw, refusal, nil
}

// forgetful tells whether a user in this state may begin to recover a password.
// Who is locked out unlocks first.
func forgetful(u *idp.User) bool {
	return u.Status == idp.UserActive || u.Status == idp.UserPasswordExpired || u.Status == idp.UserRecovery
}

// The ways by which the first proof of a recovery is asked for.
const (
	ByEmail = "email"
	BySMS   = "sms"
	ByCall  = "call"
)

// offers tells whether the password policy has a way open.
func offers(r credential.Recovery, way string) bool {
	switch way {
	case ByEmail:
		return r.Email
	case BySMS:
		return r.SMS
	case ByCall:
		return r.Call
	}
	return way == ""
}
