package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"usher/internal/credential"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// maxLogin bounds a login, in bytes: a longer one is nobody's.
const maxLogin = 512

// planned is an action with what was computed for it outside the store's
// transaction. What it rests on is looked at again inside.
type planned struct {
	action Action
	// user is whom it was computed for; nil for nobody.
	user *idp.User
	// method and attempt are of a proof: of VerifyFactor, or of the old password
	// of SetPassword.
	method  factor.Method
	attempt factor.Attempt
	// answer is the comparison of AnswerRecovery.
	answer credential.Proof
	// factorID is the further factor that attempt is at; draft one to be enrolled.
	factorID string
	draft    factor.Draft
	// rejected says why a new password is refused; hash is its hash when it is not.
	rejected error
	hash     string
	// answerHash is that of a recovery question's answer, empty for none.
	answerHash string
}

// prepare does the slow part of the actions: it hashes and compares. It reads
// what is committed and changes nothing.
func (e *Engine) prepare(ctx context.Context, a idp.Actor, t *Transaction, actions []Action) ([]planned, error) {
	if t.Ended {
		return nil, idp.Fail(idp.KindBadToken)
	}
	read := e.Store.Look(ctx)
	if err := e.foreseeLogin(read, a, actions); err != nil {
		return nil, err
	}
	identified := t.Identified
	u := t.subject
	if t.UserID != id(u) {
		var err error
		if u, err = read.User(a.OrgID(), t.UserID); errors.Is(err, store.ErrNotFound) {
			u = nil
		} else if err != nil {
			return nil, fmt.Errorf("read user: %w", err)
		}
	}
	plan := make([]planned, 0, len(actions))
	for _, act := range actions {
		p := planned{action: act, user: u}
		var err error
		switch act := act.(type) {
		case GiveLogin:
			if act.Login = clean(act.Login); act.Login == "" {
				return nil, idp.Invalid(FieldLogin, idp.Cause{Field: FieldLogin, Text: "The field cannot be left blank"})
			}
			if u, err = e.find(read, a.OrgID(), act.Login); err != nil {
				return nil, err
			}
			p.action, p.user, identified = act, u, true
		case VerifyFactor:
			switch {
			case len(t.Proofs) > 0 && !t.Completed:
				err = e.prepareFurther(ctx, read, a, t, act, &p)
			case !identified || t.Completed:
				return nil, idp.Fail(idp.KindTransactionState)
			default:
				err = e.check(ctx, read, a, t, act, &p)
			}
		case EnrollFactor:
			err = e.prepareEnroll(ctx, a, t, act, &p)
		case ActivateFactor:
			err = e.prepareActivate(ctx, a, t, act, &p)
		case SetPassword:
			err = e.prepareSetPassword(ctx, a, t, act, &p)
		case AnswerRecovery:
			err = e.prepareAnswer(ctx, a, t, act, &p)
		case GiveCode:
			err = e.prepareCode(ctx, a, t, act, &p)
		case UseInvitation, UseRecoveryToken, Choose, SendAgain, SendLink, Poll, StartRecovery, StartUnlock, GiveProfile, Skip, Previous, Cancel:
		}
		if err != nil {
			return nil, err
		}
		plan = append(plan, p)
	}
	return plan, nil
}

// FieldLogin names the login where it is missing.
const FieldLogin = "login"

// clean makes a login fit to be kept: trimmed, valid, bounded.
func clean(login string) string {
	login = strings.ReplaceAll(strings.ToValidUTF8(strings.TrimSpace(login), ""), "\x00", "")
	if len(login) > maxLogin {
		login = strings.ToValidUTF8(login[:maxLogin], "")
	}
	return login
}

// check compares the answer of a VerifyFactor.
func (e *Engine) check(ctx context.Context, read *store.Tx, a idp.Actor, t *Transaction, act VerifyFactor, p *planned) error {
	kind := act.Method
	if kind == "" {
		kind = t.Chosen
	}
	if kind == "" || kind == factor.AuthenticatorID(a.OrgID(), factor.Password) {
		kind = factor.Password
	}
	m, ok := e.Factors.Method(kind)
	if !ok || !m.Describe().Primary {
		return idp.Invalid("method", idp.Cause{Field: "method", Text: "is not offered"})
	}
	if err := m.Describe().Complete(act.Answer); err != nil {
		return err
	}
	p.method = m
	var err error
	p.attempt, err = m.Check(ctx, factor.Subject{Org: a.Org, User: p.user, Client: a.Client, Look: read}, act.Answer)
	return err
}
