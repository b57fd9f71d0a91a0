package pages

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
)

// showSignOut asks whether to sign out. Reading a page changes nothing, so that
// neither a link nor a picture of another site can sign anybody out.
func (p *Pages) showSignOut(r *httpkit.Request) error {
	dest, err := p.destination(r, r.Q().Get("fromURI"))
	if err != nil {
		return err
	}
	switch err := r.AuthenticateSession(); {
	case idp.KindOf(err) == idp.KindNoCredentials:
		return redirect(r, http.StatusFound, dest.or(pathSignIn))
	case err != nil:
		return err
	}
	return p.askSignOut(r, r.Actor.Login, dest)
}

func (p *Pages) askSignOut(r *httpkit.Request, login string, dest destination) error {
	return p.show(r, page{
		status: http.StatusOK, template: "signout", title: "Sign out", destination: dest.origin,
		body: signoutView{Login: login, FromURI: dest.address},
	})
}

// signOut ends the session and takes its cookies back, whether or not they
// still stood for anything.
func (p *Pages) signOut(r *httpkit.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	dest, err := p.destination(r, f.Get("fromURI"))
	if err != nil {
		return err
	}
	var told []string
	switch err := r.AuthenticateSession(); {
	case err == nil:
		if told, err = p.endSessions(r); err != nil {
			return err
		}
	case idp.KindOf(err) != idp.KindNoCredentials:
		return err
	}
	r.ClearSession()
	if len(told) > 0 {
		return p.Leaving(r, told, dest.or(r.Link(pathSignIn)+"?signedout"))
	}
	return redirect(r, http.StatusSeeOther, dest.or(pathSignIn+"?signedout"))
}

// endSessions ends what the cookies stand for; the two names may have come to
// hold different sessions. It returns the addresses at which applications hear
// of it.
func (p *Pages) endSessions(r *httpkit.Request) (told []string, err error) {
	ended := map[string]bool{}
	for _, name := range []string{httpkit.CookieSession, httpkit.CookieIdX} {
		secret := r.Cookie(name)
		if secret == "" || ended[secret] {
			continue
		}
		ended[secret] = true
		if p.cfg.Leaving != nil {
			list, err := p.cfg.Leaving(r.Context(), r.Actor, secret)
			if err != nil {
				return nil, err
			}
			told = append(told, list...)
		}
		if err := p.cfg.Sessions.SignOut(r.Context(), r.Actor, secret); err != nil && idp.KindOf(err) != idp.KindNotFound {
			return nil, err
		}
	}
	return told, nil
}
