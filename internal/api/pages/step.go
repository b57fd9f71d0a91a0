package pages

import (
	"net/http"
	"net/url"

	"usher/internal/signin"
)

// step shows what has to happen next.
func (p *Pages) step(v *visit, s signin.Step) error {
	switch s := s.(type) {
	case signin.Identify:
		return p.identify(v, s.Login, "")
	case signin.Verify:
		if !s.Primary {
			return p.chooseFactor(v, s)
		}
		return p.password(v)
	case signin.ChangePassword:
		return p.change(v, s)
	case signin.Locked:
		return p.locked(v)
	case signin.Denied:
		if s.Unmet && v.asked() {
			return p.unmet(v)
		}
		return p.denied(v)
	case signin.Done:
		if v.tx.Intent == signin.IntentUnlock {
			return p.unlocked(v)
		}
		return p.finish(v)
	case signin.Recover, signin.Unlock:
		return p.question(v)
	case signin.Challenge:
		return p.challenge(v, s)
	case signin.Enroll:
		return p.enroll(v, s)
	case signin.Activate:
		return p.activate(v, s)
	case signin.EnrollProfile, signin.Consent:
		return p.unable(v)
	}
	return p.unable(v)
}

// carried are the hidden fields and what else all forms of a sign-in share.
func (v *visit) carried() carried {
	c := carried{
		StateToken: v.tx.Handle, FromURI: v.dest.address, Problem: v.problem, Login: v.tx.Login, Restart: restart(v.dest),
	}
	if v.tx.Intent == signin.IntentStepUp { // who is signed in is not the one in front of the page
		c.Restart = pathSignIn + "?" + url.Values{"fromURI": {v.dest.address}, "prompt": {"login"}}.Encode()
	}
	return c
}

// ask shows a page with a form of the sign-in.
func (p *Pages) ask(v *visit, template, title string, body any) error {
	if v.status == 0 {
		v.status = http.StatusOK
	}
	return p.show(v.Request, page{
		status: v.status, template: template, title: title, problem: v.problem != "", hint: textAddressHint,
		destination: v.dest.origin, body: body,
	})
}

// identify asks who is signing in, with a login to offer.
func (p *Pages) identify(v *visit, login, notice string) error {
	c := v.carried()
	c.Login = login
	forgot, unlock, err := p.offered(v.Request)
	if err != nil {
		return err
	}
	return p.ask(v, "identify", "Sign in", identifyView{carried: c, Notice: notice, Forgot: forgot, Unlock: unlock})
}

// password asks for the password.
func (p *Pages) password(v *visit) error {
	forgot, _, err := p.offered(v.Request)
	if err != nil {
		return err
	}
	return p.ask(v, "password", "Enter your password", passwordView{v.carried(), forgot})
}

// locked tells that the user is locked out, which only comes up where the
// policy lets it show.
func (p *Pages) locked(v *visit) error {
	_, unlock, err := p.offered(v.Request)
	if err != nil {
		return err
	}
	m := messageView{
		Heading: "Your account is locked",
		Alert:   "Too many wrong passwords were given for this account.",
		Text:    []string{"It may unlock by itself after a while. If you cannot wait, ask your administrator to unlock it."},
	}
	if unlock != "" {
		m.Text = []string{"It may unlock by itself after a while. If you cannot wait, unlock it by mail, or ask your administrator."}
		m.Link = &link{Text: "Unlock my account", Href: unlock}
	}
	return p.stop(v, http.StatusForbidden, m)
}

// denied tells that a policy refuses.
func (p *Pages) denied(v *visit) error {
	return p.stop(v, http.StatusForbidden, messageView{
		Heading: "Access denied",
		Alert:   "Your organisation does not let you sign in from here at this time.",
		Text:    []string{"Try from another network or device, or ask your administrator. The reference below tells them why."},
	})
}

// unable tells that the sign-in stands at a step for which these pages have no
// form.
func (p *Pages) unable(v *visit) error {
	if v.asked() {
		return p.unmet(v)
	}
	return p.stop(v, http.StatusNotImplemented, messageView{
		Heading: "This page cannot go on",
		Alert:   "Your organisation asks for a step that this page does not offer.",
		Text:    []string{"Sign in through the application that you want to use, or ask your administrator."},
	})
}

// stop shows a page at which a sign-in ends.
func (p *Pages) stop(v *visit, status int, m messageView) error {
	if m.Reference = v.ID; m.Link == nil {
		m.Link = &link{Text: "Start again", Href: restart(v.dest)}
	}
	return p.show(v.Request, page{status: status, template: "message", title: m.Heading, problem: true, body: m})
}
