package management

import (
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *API) mountSessions(r *httpkit.Router) {
	r.Op(openapi.CreateSession, a.createSession)
	r.Op(openapi.GetSession, a.getSession)
	r.Op(openapi.RefreshSession, a.refreshSession)
	r.Op(openapi.EndSession, a.endSession)
	// Without a session these answer that there is none, not that the caller
	// may not ask: they prove the caller themselves.
	r.OpUnproved(openapi.GetCurrentSession, a.getOwnSession)
	r.OpUnproved(openapi.RefreshCurrentSession, a.refreshOwnSession)
	r.OpUnproved(openapi.CloseCurrentSession, a.closeOwnSession)
}

// typeSession is the name of sessions in errors about what does not exist.
const typeSession = "Session"

// sessionBody is a session in an answer. Its identifier is what the caller
// presents it by: whoever asks by the secret is shown the secret, the browser,
// whose scripts must not know it, is shown the public name.
// (spec: management Session)
type sessionBody struct {
	ID           string            `json:"id"`
	Login        string            `json:"login"`
	UserID       string            `json:"userId"`
	Created      *string           `json:"createdAt"`
	Expires      *string           `json:"expiresAt"`
	Status       idp.SessionStatus `json:"status"`
	LastPassword *string           `json:"lastPasswordVerification"`
	LastFactor   *string           `json:"lastFactorVerification"`
	AMR          []string          `json:"amr"`
	IdP          sessionIdP        `json:"idp"`
	MFAActive    bool              `json:"mfaActive"`
	Links        sessionLinks      `json:"_links"`
}

type sessionIdP struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

type sessionLinks struct {
	Self    httpkit.Href `json:"self"`
	Refresh httpkit.Href `json:"refresh"`
	User    httpkit.Href `json:"user"`
}

// sessionNames are what a session and its user are called in an answer.
type sessionNames struct {
	id      string // the session's identifier
	address string // how the links name the session
	user    string // how they name its user
	display string // the user's name for people
}

// session renders a session of a user with so many factors beside the password.
func (a *API) session(r *httpkit.Request, v *idp.Session, factors int, n sessionNames) sessionBody {
	self := r.Link("/api/v1/sessions/" + n.address)
	return sessionBody{
		ID: n.id, Login: v.Login, UserID: v.UserID, Created: httpkit.Time(v.Created), Expires: httpkit.Time(v.Expires), Status: v.Status,
		LastPassword: httpkit.Time(v.LastPassword), LastFactor: httpkit.Time(v.LastFactor), AMR: append([]string{}, v.AMR...),
		IdP: sessionIdP{ID: r.Org.ID, Type: string(idp.ProviderOkta)}, MFAActive: factors > 0,
		Links: sessionLinks{
			Self:    httpkit.Href{Href: self, Hints: httpkit.Allow("GET", "DELETE")},
			Refresh: httpkit.Href{Href: self + "/lifecycle/refresh", Hints: httpkit.Allow("POST")},
			User:    httpkit.Href{Href: r.Link("/api/v1/users/" + n.user), Name: n.display, Hints: httpkit.Allow("GET")},
		},
	}
}

// known answers with a session whose secret the caller knows.
func (a *API) known(r *httpkit.Request, v *idp.Session, secret string) error {
	u, err := a.Directory.User(r.Context(), r.Actor, v.UserID)
	if err != nil {
		return err
	}
	return r.OK(a.session(r, v, u.Factors, sessionNames{secret, secret, u.ID, idp.UserTarget(u).DisplayName}))
}

// own answers with the caller's session v, whose user was read when the cookie
// was proved.
func (a *API) own(r *httpkit.Request, v *idp.Session) error {
	return r.OK(a.session(r, v, r.Session.Owner.Factors, sessionNames{v.ID, "me", "me", r.Actor.Name}))
}

// createSession gives a session for a one-time token. The answer's identifier
// is what the cookie has to hold. (spec: management#createSession)
func (a *API) createSession(r *httpkit.Request) error {
	if err := gaps(r, openapi.CreateSession, "additionalFields"); err != nil {
		return err
	}
	var body struct {
		SessionToken string `json:"sessionToken"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	issued, err := a.Engine.RedeemToken(r.Context(), r.Actor, body.SessionToken)
	if err != nil {
		return err
	}
	u := issued.User
	return r.OK(a.session(r, issued.Session, u.Factors, sessionNames{issued.Secret, issued.Secret, u.ID, idp.UserTarget(u).DisplayName}))
}

// getSession reads a session. (spec: management#getSession)
func (a *API) getSession(r *httpkit.Request) error {
	id := r.Param("sessionId")
	v, err := a.Sessions.Lookup(r.Context(), r.Org.ID, id)
	if err != nil {
		return unknownSession(err, id)
	}
	return a.known(r, v, id)
}

// refreshSession extends a session. (spec: management#refreshSession)
func (a *API) refreshSession(r *httpkit.Request) error {
	id := r.Param("sessionId")
	v, err := a.Engine.Refresh(r.Context(), discreet(r.Actor), id)
	if err != nil {
		return unknownSession(err, id)
	}
	if minimal(r) {
		return r.NoContent()
	}
	return a.known(r, v, id)
}

// endSession ends a session. (spec: management#endSession)
func (a *API) endSession(r *httpkit.Request) error {
	id := r.Param("sessionId")
	if err := a.Sessions.SignOut(r.Context(), discreet(r.Actor), id); err != nil {
		return unknownSession(err, id)
	}
	return r.NoContent()
}

// discreet leaves the secret that stands in the path out of what is recorded.
func discreet(actor idp.Actor) idp.Actor {
	actor.Client.Path = "/api/v1/sessions"
	return actor
}

// getOwnSession reads the session of the cookie. (spec: management#getCurrentSession)
func (a *API) getOwnSession(r *httpkit.Request) error {
	if err := proveSession(r); err != nil {
		return err
	}
	return a.own(r, r.Session)
}

// refreshOwnSession extends the session of the cookie, and the cookie where it
// outlives the browser. (spec: management#refreshCurrentSession)
func (a *API) refreshOwnSession(r *httpkit.Request) error {
	if err := proveSession(r); err != nil {
		return err
	}
	v, err := a.Engine.Refresh(r.Context(), r.Actor, r.SessionSecret)
	if err != nil {
		return unknownSession(err, "me")
	}
	if v.Persistent {
		r.SetSession(r.SessionSecret, v)
	}
	if minimal(r) {
		return r.NoContent()
	}
	return a.own(r, v)
}

// closeOwnSession ends the session of the cookie and takes the cookie away.
// (spec: management#closeCurrentSession)
func (a *API) closeOwnSession(r *httpkit.Request) error {
	if err := proveSession(r); err != nil {
		return err
	}
	if err := a.Sessions.SignOut(r.Context(), r.Actor, r.SessionSecret); err != nil {
		return unknownSession(err, "me")
	}
	r.ClearSession()
	return r.NoContent()
}

// proveSession proves the caller by the cookie. Clients take the answer that
// there is no such session for "signed out".
func proveSession(r *httpkit.Request) error {
	return unknownSession(r.AuthenticateSession(), "me")
}

// unknownSession names the session as the caller did. Whose user may no longer
// have one does not exist either.
func unknownSession(err error, id string) error {
	switch idp.KindOf(err) {
	case idp.KindNotFound, idp.KindNoCredentials, idp.KindUnauthenticated:
		return idp.NotFound(typeSession, id)
	default:
		return err
	}
}

// minimal tells whether the caller wants no body, and says that this was heard.
// (RFC 7240 section 4.2)
func minimal(r *httpkit.Request) bool {
	for _, header := range r.Header.Values("Prefer") {
		for p := range strings.SplitSeq(header, ",") {
			p, _, _ = strings.Cut(p, ";")
			if strings.EqualFold(strings.TrimSpace(p), "return=minimal") {
				r.W.Header()["Preference-Applied"] = []string{"return=minimal"}
				return true
			}
		}
	}
	return false
}
