package signin

import (
	"context"
	"errors"

	"usher/internal/credential"
	"usher/internal/factor"
	"usher/internal/idp"
)

// FieldOldPassword names the old password where it is wrong.
const FieldOldPassword = "oldPassword"

// fieldQuestion names a recovery question that nobody has asked for.
const fieldQuestion = "recovery_question"

// prepareSetPassword compares the old password, where it is given, judges the
// new one and hashes it.
func (e *Engine) prepareSetPassword(ctx context.Context, a idp.Actor, t *Transaction, act SetPassword, p *planned) error {
	read := e.Store.Read(ctx)
	d, err := e.decide(read, a, t, nil)
	if err != nil {
		return err
	}
	change, ok := d.step.(ChangePassword)
	if !ok {
		return idp.Fail(idp.KindTransactionState)
	}
	p.user = d.user
	if act.Question != "" && !change.Question {
		return idp.Invalid(fieldQuestion, idp.Cause{Field: fieldQuestion, Text: "is not asked for"})
	}
	if act.Old != "" {
		m, ok := e.Factors.Method(factor.Password)
		if !ok {
			return errors.New("signin: the password method is not registered")
		}
		p.method = m
		field := m.Describe().Verify[0].Name
		if p.attempt, err = m.Check(ctx, factor.Subject{Org: a.Org, User: d.user, Client: a.Client}, map[string]string{field: act.Old}); err != nil {
			return err
		}
		if !p.attempt.OK {
			return nil
		}
	}
	pw, err := e.Policies.PasswordRules(read, a.Org, d.user)
	if err != nil {
		return err
	}
	attributes, err := d.user.Attributes()
	if err != nil {
		return err
	}
	weak := idp.KindPasswordUpdate
	if change.Reason == PasswordReset {
		weak = idp.KindPasswordRejected
	}
	if err := credential.Check(pw.Rules, pw.Age, act.New, credential.Owner{Login: d.user.Login, Attributes: attributes}); err != nil {
		p.rejected = refusal(weak, err)
		return nil
	}
	if change.Reason == PasswordWarned {
		if err := credential.CheckAge(read, d.user, pw.Age); err != nil {
			p.rejected = refusal(idp.KindPasswordUpdate, err)
			return nil
		}
	}
	if err := e.Credentials.CheckHistory(ctx, a.OrgID(), d.user.ID, act.New, pw.Age); idp.KindOf(err) != 0 {
		p.rejected = refusal(idp.KindPasswordUpdate, err)
		return nil
	} else if err != nil {
		return err
	}
	if act.Question != "" {
		if err := credential.CheckQuestion(act.Question, act.Answer, pw.Recovery.AnswerLength); err != nil {
			return err
		}
		if p.answerHash, err = e.Credentials.HashAnswer(ctx, act.Answer); err != nil {
			return err
		}
	}
	p.hash, err = e.Credentials.Hasher.Hash(ctx, act.New)
	return err
}

// refusal gives a refused password the kind of this place: its causes speak
// for themselves.
func refusal(k idp.Kind, err error) error {
	out := &idp.Error{Kind: k}
	if e, ok := errors.AsType[*idp.Error](err); ok {
		for _, c := range e.Causes {
			out.Causes = append(out.Causes, idp.Cause{Text: c.Text})
		}
	}
	return out
}

// setPassword writes a new password that prepareSetPassword has judged.
func (r *run) setPassword(act SetPassword, p planned) error {
	d, err := r.decide(r.tx, r.actor, r.t, r.known)
	if err != nil {
		return err
	}
	if _, ok := d.step.(ChangePassword); !ok {
		return idp.Fail(idp.KindTransactionState)
	}
	u := d.user
	if !u.PasswordChanged.Equal(p.user.PasswordChanged) {
		return factor.ErrChanged
	}
	if p.method != nil {
		if err := r.settleOld(u, p); err != nil || r.refused != nil {
			return err
		}
	}
	if p.rejected != nil {
		r.refused = p.rejected
		return r.passwordKept(u, p.rejected)
	}
	if err := r.Directory.SetPassword(r.tx, acting(r.actor, u), u, p.hash); err != nil {
		return err
	}
	if p.answerHash != "" {
		if err := r.Credentials.SetQuestion(r.tx, u, act.Question, p.answerHash); err != nil {
			return err
		}
	}
	if err := r.Directory.Save(r.tx, u); err != nil {
		return err
	}
	r.t.PasswordSet, r.known = u.PasswordChanged, nil
	r.t.Skipped = true // of the end of a new password nobody is warned at once, however soon it comes
	if !act.RevokeSessions {
		return nil
	}
	_, err = r.Sessions.EndAll(r.tx, acting(r.actor, u), u.ID, "")
	return err
}

// settleOld makes the comparison with the old password count. A wrong one is a
// guess like any other.
func (r *run) settleOld(u *idp.User, p planned) error {
	pw, err := r.Policies.PasswordRules(r.tx, r.actor.Org, u)
	if err != nil {
		return err
	}
	source := credential.Source(r.actor.Client)
	if s, err := r.Credentials.Standing(r.tx, u.OrgID, u.ID, source); err != nil {
		return err
	} else if s.Known {
		pw.Lockout.Source = source
	}
	o, err := p.method.Settle(r.tx, factor.Subject{Org: r.actor.Org, User: u, Lockout: pw.Lockout}, p.attempt)
	if err != nil || o.Proved {
		return err
	}
	if o.LockedNow {
		if err := r.Directory.Lock(r.tx, r.actor, u); err != nil {
			return err
		}
	}
	r.refused = &idp.Error{Kind: idp.KindPasswordUpdate, Causes: []idp.Cause{
		{Field: FieldOldPassword, Text: "The credentials provided were incorrect."},
	}}
	return r.passwordKept(u, r.refused)
}
