package pages

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
)

// What the page for a new password says when it does not take one.
const (
	textTwoPasswords = "The two new passwords are not the same."
	textNoNew        = "Enter a new password, twice."
	textOldWrong     = "The current password is not right."
	textNotTaken     = "This password cannot be used. Look at what it needs, and choose one that you have not had lately."
)

// The fields of the page that a complaint can be about.
const (
	faultOld = "old"
	faultNew = "new"
	// faultQuestion is the recovery question beside the password.
	faultQuestion = "question"
)

// changePassword sets the new password, or skips that where it may be skipped.
func (p *Pages) changePassword(v *visit, f url.Values) error {
	if f.Get("skip") != "" {
		return p.apply(v, signin.Skip{})
	}
	was, is, again := f.Get("oldPassword"), f.Get("newPassword"), f.Get("repeatPassword")
	v.status, v.fault = http.StatusBadRequest, faultNew
	switch {
	case is == "":
		v.problem = textNoNew
		return p.current(v)
	case is != again:
		v.problem = textTwoPasswords
		return p.current(v)
	case f.Has("question") && (f.Get("question") == "" || strings.TrimSpace(f.Get("answer")) == ""):
		v.problem, v.fault = textNoQuestion, faultQuestion
		return p.current(v)
	}
	step, err := p.cfg.Engine.Apply(v.Context(), v.Actor, v.tx, signin.SetPassword{Old: was, New: is, Question: f.Get("question"), Answer: f.Get("answer")})
	if aboutQuestion(err) {
		v.problem, _ = complaint(err)
		v.fault = faultQuestion
		return p.current(v)
	}
	switch idp.KindOf(err) {
	case idp.KindPasswordUpdate, idp.KindPasswordRejected:
		v.problem, v.fault = complaint(err)
		return p.current(v)
	case idp.KindTransactionState, idp.KindConflict:
		v.status = 0
		return p.current(v)
	case idp.KindPolicyDenied:
		return p.denied(v)
	case idp.KindBadToken:
		return p.stale(v)
	default:
		if err != nil {
			return err
		}
	}
	v.status, v.fault = 0, ""
	return p.step(v, step)
}

// complaint says what is wrong with the passwords, and with which of them.
func complaint(err error) (text, fault string) {
	e, ok := errors.AsType[*idp.Error](err)
	if !ok || len(e.Causes) == 0 {
		return textNotTaken, faultNew
	}
	texts := make([]string, len(e.Causes))
	for i, c := range e.Causes {
		if c.Field == signin.FieldOldPassword {
			return textOldWrong, faultOld
		}
		texts[i] = strings.TrimSuffix(c.Text, ".") + "."
	}
	return strings.Join(texts, " "), faultNew
}

// change asks for a new password.
func (p *Pages) change(v *visit, s signin.ChangePassword) error {
	view := changeView{
		carried: v.carried(), Fault: v.fault, OldNeeded: s.OldNeeded, Skippable: s.Reason == signin.PasswordWarned, Rules: needs(s.Rules),
	}
	if s.Question {
		for _, q := range factor.Questions() {
			view.Questions = append(view.Questions, q.Text)
		}
	}
	switch s.Reason {
	case signin.PasswordExpired:
		view.Reason = "Your password has expired. Choose a new one to go on."
	case signin.PasswordWarned:
		view.Reason = "Your password expires on " + s.Expires.UTC().Format("2 January 2006") + ". You can change it now, or later."
	case signin.PasswordReset:
		view.Reason = "Choose a password of your own to go on."
	}
	return p.ask(v, "change", "Choose a new password", view)
}

// needs says what a password must have, a line for each rule.
func needs(r signin.PasswordRules) []string {
	out := slices.Clone(r.Requirements)
	switch {
	case r.History == 1:
		out = append(out, "not the password that you had before")
	case r.History > 1:
		out = append(out, fmt.Sprintf("none of your last %d passwords", r.History))
	}
	return out
}
