package oauth2

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
)

// Where somebody is asked, and where the way ends, when signing out.
const (
	pathSignOut   = "/login/signout"
	pathSignedOut = pathSignIn + "?signedout"
)

// logout signs out the user of a client. Without an ID token, or when somebody
// else is signed in by now, the person in front of the browser is asked.
// (spec: oauth2#logout; OpenID Connect RP-Initiated Logout section 2)
func (a *API) logout(r *httpkit.Request) error {
	p, err := params(r)
	if err != nil {
		return a.refuse(r, err)
	}
	if p["id_token_hint"] == "" {
		return redirect(r, http.StatusFound, r.Link(pathSignOut))
	}
	out, err := a.Provider.ReadLogout(r.Context(), caller(r), serverID(r), p)
	if err != nil {
		return a.refuse(r, err)
	}
	v, err := a.session(r, "")
	if err != nil {
		return err
	}
	if v != nil && v.UserID != out.UserID {
		return redirect(r, http.StatusFound, r.Link(pathSignOut))
	}
	if err := a.Provider.EndDevice(r.Context(), caller(r), serverID(r), out, p["device_secret"]); err != nil {
		return err
	}
	var told []string
	if v != nil {
		if told, err = a.Provider.FrontLogout(r.Context(), r.Actor, r.SessionSecret); err != nil {
			return err
		}
		err := a.Provider.Engine.Sessions.SignOut(r.Context(), r.Actor, r.SessionSecret)
		if err != nil && idp.KindOf(err) != idp.KindNotFound {
			return err
		}
		r.ClearSession()
	}
	to := out.To
	if to == "" {
		to = r.Link(pathSignedOut)
	}
	if len(told) > 0 {
		return a.Pages.Leaving(r, told, to)
	}
	return redirect(r, http.StatusFound, to)
}
