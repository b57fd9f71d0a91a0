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
	"usher/internal/store"
)

// Bounds of recovery by codes.
const (
	// maxCodes is how many wrong codes a user's recoveries bear within
	// codesWindow: then none is sent and none is right.
	maxCodes    = 10
	codesWindow = 24 * time.Hour
	// maxMailCode is how long a code that a mail tells is good at most, however
	// long the link in it is. (NIST SP 800-63B-4 section 4.2.1.2)
	maxMailCode = time.Hour
)

// codes are what sends a code and judges an answer: a method of package factor,
// as far as a recovery needs it.
type codes interface {
	factor.Challenger
	Check(ctx context.Context, s factor.Subject, answer map[string]string) (factor.Attempt, error)
	Settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error)
}

// mailFactor is the address of a user in the place of an enrolment.
const mailFactor = "recovery"

// codesOf returns what sends codes by a way, nil when this server has no such
// way. Codes by mail go to the address of the profile, which need not be
// enrolled.
func (e *Engine) codesOf(way string, mail *directory.RecoveryToken) codes {
	if way == ByEmail {
		return &factor.Codes{
			Rand: e.Rand, Vault: e.Ceremonies.Vault,
			Deliver: func(tx *store.Tx, a idp.Actor, s factor.Subject, code string, _ factor.ChallengeOptions) error {
				mail.Code = code
				return e.Directory.KeepRecoveryToken(tx, a, s.User, *mail, true)
			},
		}
	}
	m, ok := e.Factors.Method(way)
	if !ok {
		return nil
	}
	c, ok := m.(codes)
	if !ok {
		return nil
	}
	return c
}

// reached returns the enrolment to which a way sends, nil when the user has none.
func (e *Engine) reached(tx *store.Tx, u *idp.User, way string) (*store.Factor, error) {
	if way == ByEmail {
		return &store.Factor{OrgID: u.OrgID, UserID: u.ID, ID: mailFactor, Type: ByEmail}, nil
	}
	rows, err := tx.FactorsOf(u.OrgID, u.ID)
	if err != nil {
		return nil, fmt.Errorf("list factors: %w", err)
	}
	for i := range rows {
		if f := &rows[i]; f.Type == way && f.Status == factor.StatusActive {
			return f, nil
		}
	}
	return nil, nil
}

// paceOf is how often a way sends, and the kind of error before that.
// (management reference: lockout and abuse)
func (e *Engine) paceOf(way string) factor.Pace {
	if m, ok := e.Factors.Method(way); ok && way != ByEmail {
		if r, ok := m.(factor.Resender); ok {
			return r.Pace()
		}
	}
	switch way {
	case BySMS:
		return factor.Pace{Every: 30 * time.Second, TooSoon: idp.KindSMSTooSoon}
	case ByCall:
		return factor.Pace{Every: 30 * time.Second, TooSoon: idp.KindCallTooSoon}
	}
	return factor.Pace{Every: 5 * time.Second, TooSoon: idp.KindEmailTooSoon}
}

// start begins a recovery in a transaction that has proved nothing yet. Asking
// again begins it anew.
func (r *run) start(i Intent, login, way string) error {
	if r.t.known() || r.t.Completed {
		return idp.Fail(idp.KindTransactionState)
	}
	was := r.t.Recovery
	r.t.Intent, r.t.Recovery, r.t.UserID, r.t.Chosen = i, &Recovery{}, "", ""
	if was != nil {
		r.t.Recovery.Wrong, r.t.Recovery.Sends = was.Wrong, was.Sends
	}
	if login != "" {
		r.t.Login, r.t.Identified = clean(login), true
	}
	if way == "" {
		return nil
	}
	if !r.t.Identified {
		return idp.Invalid(FieldLogin, idp.Cause{Field: FieldLogin, Text: "The field cannot be left blank"})
	}
	return r.sendCode(way)
}

// chooseWay picks one of the ways that the step offers.
func (r *run) chooseWay(act Choose) error {
	d, err := r.decide(r.tx, r.actor, r.t, nil)
	if err != nil {
		return err
	}
	var options []Method
	switch s := d.step.(type) {
	case Recover:
		options = s.Options
	case Unlock:
		options = s.Options
	case Challenge:
		options = append(options, s.Method)
	case Activate, ChangePassword, Consent, Denied, Done, Enroll, EnrollProfile, Identify, Locked, Verify:
	}
	for _, m := range options {
		if act.Method != "" && (act.Method == m.Kind || act.Method == m.ID) && m.Kind != RecoveryQuestion {
			if v := r.t.Recovery; v.Way == m.Kind && r.tx.Now().Before(v.Sent.Add(r.paceOf(m.Kind).Every)) {
				return nil // a code is on its way
			}
			return r.sendCode(m.Kind)
		}
	}
	return idp.Invalid("method", idp.Cause{Field: "method", Text: "is not offered"})
}

// sendCodeAgain repeats the sending of a code.
func (r *run) sendCodeAgain() error {
	v := r.t.Recovery
	if v.Opened || v.Way == "" {
		return idp.Fail(idp.KindTransactionState)
	}
	if pace := r.paceOf(v.Way); r.tx.Now().Before(v.Sent.Add(pace.Every)) {
		return idp.Fail(pace.TooSoon)
	}
	return r.sendCode(v.Way)
}

// sendCode sends a code to the one who is to recover. Whether one goes out shows
// nowhere but in the system log: for a login that is nobody's, and for a user
// who may not, the transaction goes on to where no code is right.
func (r *run) sendCode(way string) error {
	v := r.t.Recovery
	if v.Sends >= factor.MaxSends {
		return idp.Fail(idp.KindTooManyRequests)
	}
	v.Way, v.Sent, v.Challenge = way, r.tx.Now(), ""
	v.Sends++
	r.t.UserID = ""
	u, pw, refusal, err := r.mayRecover(r.tx, r.actor, r.t.Intent, r.t.Login, way)
	if err != nil {
		return err
	}
	token := r.Directory.NewRecoveryToken(r.actor.Org, pw, r.t.Intent.recovery())
	v.Expires = r.tx.Now().Add(codeLife(way, pw))
	var f *store.Factor
	if refusal == nil {
		if f, refusal, err = r.reachable(u, way); err != nil {
			return err
		}
	}
	if refusal, err = r.spare(r.tx, r.actor, u, r.t.Login, refusal); err != nil {
		return err
	}
	if refusal != nil {
		if err := reachNobody(r.tx, r.actor.OrgID()); err != nil {
			return err
		}
		return r.Directory.RefuseRecovery(r.tx, r.actor, u, r.t.Login, token, reasonOf(refusal))
	}
	s := factor.Subject{Org: r.actor.Org, User: u, Factor: f, Challenge: &store.Challenge{
		OrgID: u.OrgID, ID: r.Ceremonies.IDs.New("mst"), UserID: u.ID, FactorID: f.ID, Purpose: string(r.t.Intent.purpose()),
		Owner: factor.Owner(r.t.Handle), Result: string(factor.Waiting), Created: r.tx.Now(), Sends: v.Sends,
	}}
	err = r.codesOf(way, &token).Challenge(r.tx, acting(r.actor, u), s, factor.ChallengeOptions{Life: codeLife(way, pw)})
	if err != nil {
		return err
	}
	if err := r.tx.InsertChallenge(s.Challenge); err != nil {
		return fmt.Errorf("begin a challenge: %w", err)
	}
	v.Challenge, r.t.UserID, r.t.PasswordSet = s.Challenge.ID, u.ID, u.PasswordChanged
	return nil
}

// reachable finds where a way reaches a user, if it may be used now.
func (r *run) reachable(u *idp.User, way string) (*store.Factor, error, error) {
	f, err := r.reached(r.tx, u, way)
	if err != nil {
		return nil, nil, err
	}
	if f == nil || r.codesOf(way, nil) == nil {
		return nil, idp.Fail(idp.KindForgotNotAllowed), nil
	}
	wrong, err := r.tx.RecoveryFailures(u.OrgID, u.ID, codesWindow)
	if err != nil {
		return nil, nil, fmt.Errorf("read wrong codes: %w", err)
	}
	fine, err := r.tx.SendForRecovery(u.OrgID, u.ID, r.paceOf(way).Every)
	if err != nil {
		return nil, nil, fmt.Errorf("note a sending: %w", err)
	}
	if wrong >= maxCodes || !fine {
		return nil, idp.Fail(idp.KindTooManyRequests), nil
	}
	return f, nil, nil
}

// reachNobody reads as much as reachable does, for the time that it takes.
func reachNobody(tx *store.Tx, orgID string) error {
	if _, err := tx.FactorsOf(orgID, ""); err != nil {
		return fmt.Errorf("list factors of nobody: %w", err)
	}
	if _, err := tx.RecoveryFailures(orgID, "", codesWindow); err != nil {
		return fmt.Errorf("read wrong codes of nobody: %w", err)
	}
	return nil
}

// codeLife is how long a code is good.
func codeLife(way string, pw credential.Policy) time.Duration {
	const sent = 5 * time.Minute // (management reference: life times)
	if way != ByEmail {
		return sent
	}
	if life := pw.Recovery.EmailTokenLife; life > 0 && life < maxMailCode {
		return life
	}
	return maxMailCode
}

// purpose is what a code of this intent is for.
func (i Intent) purpose() factor.Purpose {
	if i == IntentUnlock {
		return factor.ToUnlock
	}
	return factor.ToRecover
}

// prepareCode compares a code as far as that can be done outside a transaction.
func (e *Engine) prepareCode(ctx context.Context, a idp.Actor, t *Transaction, act GiveCode, p *planned) error {
	if !t.Recovering() || t.Recovery.Opened || t.Recovery.Way == "" {
		return idp.Fail(idp.KindTransactionState)
	}
	if act.Code == "" {
		return idp.Invalid(factor.FieldPassCode, idp.Cause{Field: factor.FieldPassCode, Text: "The field cannot be left blank"})
	}
	c := e.codesOf(t.Recovery.Way, nil)
	if c == nil {
		return nil
	}
	var err error
	p.attempt, err = c.Check(ctx, factor.Subject{Org: a.Org}, map[string]string{factor.FieldPassCode: act.Code})
	return err
}

// giveCode settles a code.
func (r *run) giveCode(p planned) error {
	v := r.t.Recovery
	if v.Opened || v.Way == "" {
		return idp.Fail(idp.KindTransactionState)
	}
	u, right, err := r.right(p.attempt)
	if err != nil {
		return err
	}
	if right {
		v.Opened = true
		if err := r.tx.ForgiveRecovery(u.OrgID, u.ID); err != nil {
			return fmt.Errorf("forgive wrong codes: %w", err)
		}
		if err := r.tokenUsed(u); err != nil {
			return err
		}
		return r.unlockWhenProved(u)
	}
	if u != nil {
		if _, err := r.tx.CountRecoveryFailure(u.OrgID, u.ID, codesWindow); err != nil {
			return fmt.Errorf("count a wrong code: %w", err)
		}
	}
	if err := r.recoveryFailed(u, reasonInvalid); err != nil {
		return err
	}
	r.refused = idp.Fail(idp.KindWrongPasscode, textWrongToken)
	return r.countWrong()
}

// textWrongToken is said about a wrong code. (management reference: factor cause texts)
const textWrongToken = "Your token doesn't match our records. Please try again."

// right tells whether a code is the one that was sent; u is nil where none was.
func (r *run) right(at factor.Attempt) (u *idp.User, right bool, err error) {
	v := r.t.Recovery
	if v.Challenge == "" {
		return nil, false, r.rightOfNobody()
	}
	if u, err = r.owner(); err != nil || u == nil {
		return nil, false, err
	}
	ch, err := r.tx.Challenge(u.OrgID, v.Challenge)
	if errors.Is(err, store.ErrNotFound) {
		return u, false, nil
	}
	if err != nil {
		return u, false, fmt.Errorf("read challenge: %w", err)
	}
	open, err := r.Directory.Recovering(r.tx, u, r.t.Intent.recovery())
	if err != nil {
		return u, false, err
	}
	wrong, err := r.tx.RecoveryFailures(u.OrgID, u.ID, codesWindow)
	if err != nil {
		return u, false, fmt.Errorf("read wrong codes: %w", err)
	}
	if !open || !r.t.holds(u) || wrong >= maxCodes || ch.Owner != factor.Owner(r.t.Handle) || ch.Purpose != string(r.t.Intent.purpose()) {
		return u, false, nil
	}
	c := r.codesOf(v.Way, nil)
	if c == nil {
		return u, false, nil
	}
	out, err := c.Settle(r.tx, factor.Subject{Org: r.actor.Org, User: u, Challenge: ch}, at)
	return u, out.Proved, err
}

// rightOfNobody reads and writes as much as a wrong code of somebody does, for
// the time that it takes.
func (r *run) rightOfNobody() error {
	org := r.actor.OrgID()
	if _, err := r.tx.User(org, ""); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read nobody: %w", err)
	}
	if _, err := r.tx.Challenge(org, ""); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read no challenge: %w", err)
	}
	if _, err := r.tx.RecoveryFailures(org, "", codesWindow); err != nil {
		return fmt.Errorf("read wrong codes of nobody: %w", err)
	}
	if _, err := r.tx.CountAttempt(org, ""); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("count for no challenge: %w", err)
	}
	return r.tx.ForgiveRecovery(org, "")
}

// decideStarted is decideRecovery while nothing is proved. For every login it
// is the same.
func (e *Engine) decideStarted(tx *store.Tx, a idp.Actor, t *Transaction) (decision, error) {
	switch {
	case !t.Identified:
		return decision{step: Identify{Login: t.Login}}, nil
	case t.Recovery.Way != "":
		return decision{step: Challenge{Method: e.offer(a, t.Recovery.Way), Expires: t.Recovery.Expires}}, nil
	}
	open, err := e.Policies.SelfServiceOffered(tx, a.OrgID())
	if err != nil {
		return decision{}, err
	}
	var options []Method
	for _, way := range []struct {
		name string
		open bool
	}{{ByEmail, open.Email}, {BySMS, open.SMS}, {ByCall, open.Call}} {
		if way.open && e.codesOf(way.name, nil) != nil {
			options = append(options, e.offer(a, way.name))
		}
	}
	if t.Intent == IntentUnlock {
		return decision{step: Unlock{Options: options}}, nil
	}
	return decision{step: Recover{Options: options}}, nil
}
