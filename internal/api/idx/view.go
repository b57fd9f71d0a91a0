package idx

import (
	"errors"
	"net/url"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/signin"
)

// view renders one transaction for one request.
type view struct {
	r       *httpkit.Request
	tx      *signin.Transaction
	dialect dialect
	subject signin.Subject
	now     time.Time
}

// see gathers what a view of the transaction needs.
func (a *API) see(r *httpkit.Request, t *signin.Transaction) (*view, error) {
	s, err := a.Engine.Subject(r.Context(), r.Actor, t)
	if err != nil {
		return nil, err
	}
	return &view{r: r, tx: t, dialect: spoken(r, t), subject: s, now: a.Engine.Clock.Now()}, nil
}

// frame is what every view of a transaction under way has.
func (v *view) frame() (*envelope, error) {
	cancel, again := v.form("cancel", "/cancel"), v.form("context", "/context")
	out := &envelope{
		StateHandle: v.tx.Handle, Version: protocolVersion, Expires: httpkit.Time(v.tx.Expires), Step: stepIdentify, Intent: intentLogin,
		Cancel: &cancel, Context: &again,
	}
	if !v.tx.Identified {
		return out, nil
	}
	who := user{Identifier: v.subject.Login}
	if u := v.subject.User; u != nil {
		attributes, err := u.Attributes()
		if err != nil {
			return nil, err
		}
		who.ID = u.ID
		who.Profile = &profile{
			FirstName: attributes.Text("firstName"), LastName: attributes.Text("lastName"),
			TimeZone: attributes.Text("timezone"), Locale: attributes.Text("locale"),
		}
	}
	out.User = one(who)
	return out, nil
}

// render makes the answer for a step. A step that ends the matter badly is a
// problem.
func (v *view) render(step signin.Step) (*envelope, error) {
	out, err := v.frame()
	if err != nil {
		return nil, err
	}
	switch s := step.(type) {
	case signin.Identify:
		out.Step = stepIdentify
		if v.tx.Recovering() {
			out.Step = stepRecover
		}
	case signin.Verify:
		if !s.Primary {
			return nil, denied()
		}
		out.Step = stepAuthenticate
		v.methods(out, s)
	case signin.ChangePassword:
		out.Step = stepEnroll
		if v.tx.Recovering() {
			v.recovering(out, step)
		}
		v.newPassword(out, s)
	case signin.Done:
		if v.tx.Intent == signin.IntentUnlock {
			out.Step, out.Messages = stepRecover, unlocked()
			return out, nil
		}
		out.Step = stepGrant
		out.Success = &redirection{Name: "success-redirect", Href: v.r.Link(pathFinish) + "?" + url.Values{"stateToken": {v.tx.Handle}}.Encode()}
	case signin.Denied:
		return nil, denied()
	case signin.Locked:
		return nil, locked()
	case signin.Challenge:
		if !v.tx.Recovering() {
			return nil, denied()
		}
		v.recovering(out, step)
	case signin.Recover, signin.Unlock:
		v.recovering(out, step)
	case signin.Enroll, signin.Activate:
		// This protocol has no forms for further factors: who needs one does not get in.
		return nil, denied()
	case signin.EnrollProfile, signin.Consent:
		return nil, errors.New("idx: the engine came to a step that this protocol has no form for")
	}
	var forms []form
	for _, offer := range remediations() {
		if f := offer(v, step); f != nil {
			forms = append(forms, *f)
		}
	}
	out.Remediation = list(forms)
	return out, nil
}

// methods lists what may be proved. The forms point into these lists.
func (v *view) methods(out *envelope, s signin.Verify) {
	var all, mine []authenticator
	for _, m := range s.Options {
		all, mine = append(all, offered(m)), append(mine, v.enrolled(m))
	}
	out.Authenticators, out.AuthenticatorEnrollment = list(all), list(mine)
	if m, ok := v.inUse(s); ok {
		current := v.enrolled(m)
		if forgot := v.form("recover", "/recover"); s.Recoverable && m.Kind == factor.Password && v.dialect == modern {
			current.Recover = &forgot
		}
		out.CurrentEnrollment = one(current)
	}
}

// inUse is the method that is asked for: the one that was picked, or the only
// one there is.
func (v *view) inUse(s signin.Verify) (signin.Method, bool) {
	for _, m := range s.Options {
		if m.Kind == v.tx.Chosen || len(s.Options) == 1 {
			return m, true
		}
	}
	return signin.Method{}, false
}

// newPassword shows the password with the rules for a new one.
func (v *view) newPassword(out *envelope, s signin.ChangePassword) {
	p := v.password(s)
	out.CurrentAuthenticator = one(p)
	p.Settings = nil // they are about the one in use
	out.Authenticators = list([]authenticator{p})
	if s.Reason == signin.PasswordWarned {
		out.Messages = list([]message{{
			Message: "Your password for " + v.r.Org.Name + " will expire soon. You may choose a new one now.",
			I18n:    i18n{Key: "idx.password.expiring.message", Params: []string{v.r.Org.Name}}, Class: classInfo,
		}})
	}
}

// tell puts a problem on the view: on the field of the first form that is at
// fault, or on the view as a whole.
func (out *envelope) tell(p problem) {
	m := list([]message{p.message()})
	if out.Remediation != nil && p.field != "" {
		if f := out.Remediation.Value[0].input(p.field); f != nil {
			f.Messages = m
			return
		}
	}
	out.Messages = m
}
