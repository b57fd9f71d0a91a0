package oauth2

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/oauth"
)

// Addresses for browsers beside the operations.
const (
	pathResume  = "/oauth2/v1/authorize/redirect"
	pathConsent = "/oauth2/v1/authorize/consent"
	pathSignIn  = "/login/login.htm"
	// keyParam names a request that waits.
	keyParam = "okta_key"
	// unmetParam comes back from the sign-in page where the user cannot prove as
	// much as the request asks for.
	unmetParam = "unmet"
)

// authorize begins an authorization request. (spec: oauth2#authorize,
// oauth2#authorizeWithPost)
func (a *API) authorize(r *httpkit.Request) error {
	if err := r.ThrottleClient(); err != nil {
		return a.refuse(r, err)
	}
	p, err := params(r)
	if err != nil {
		return a.refuse(r, err)
	}
	q, err := a.Provider.ReadAuthorization(r.Context(), caller(r), serverID(r), p)
	if err != nil {
		return a.refuse(r, err)
	}
	return a.proceed(r, q)
}

// resume goes on with a request after the browser has been to the sign-in page.
func (a *API) resume(r *httpkit.Request) error {
	q, err := a.Provider.Resume(r.Context(), caller(r), r.Q().Get(keyParam))
	if err != nil {
		return a.refuse(r, err)
	}
	if r.Q().Has(unmetParam) {
		q.GaveUp()
	}
	return a.proceed(r, q)
}

// Onward tells where the answer to a request that waits will go, for an address
// at which it is resumed; "" for any other.
func (a *API) Onward(ctx context.Context, org *idp.Org, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Path != pathResume {
		return ""
	}
	q, err := a.Provider.Resume(ctx, idp.Actor{Org: org, Kind: idp.ActorAnonymous}, u.Query().Get(keyParam))
	if err != nil {
		return ""
	}
	return q.Redirect
}

// proceed does what a request leads to for whoever is signed in.
func (a *API) proceed(r *httpkit.Request, q *oauth.Authorization) error {
	v, err := a.session(r, q.SessionToken())
	if err != nil {
		return err
	}
	out, err := a.Provider.Authorize(r.Context(), r.Actor, q, v)
	if err != nil {
		return a.refuse(r, err)
	}
	switch out := out.(type) {
	case *oauth.Answer:
		return a.respond(r, out)
	case oauth.SignIn:
		to := url.Values{"fromURI": {pathResume + "?" + url.Values{keyParam: {out.Key}}.Encode()}}
		if out.Login != "" {
			to.Set("login_hint", out.Login)
		}
		if out.Again {
			to.Set("prompt", "login")
		}
		for _, l := range out.Levels {
			to.Add("level", string(l))
		}
		return redirect(r, http.StatusFound, r.Link(pathSignIn)+"?"+to.Encode())
	case oauth.AskConsent:
		return a.Pages.Consent(r, out)
	}
	return errors.New("oauth2: an outcome that is not known")
}

// session is the session of the browser, nil for none. A one-time token begins
// one where there is none; one that does not hold is as none.
func (a *API) session(r *httpkit.Request, token string) (*idp.Session, error) {
	switch err := r.AuthenticateSession(); {
	case err == nil:
		return r.Session, nil
	case idp.KindOf(err) != idp.KindNoCredentials:
		return nil, err
	}
	r.Actor = caller(r)
	if token == "" {
		return nil, nil
	}
	issued, err := a.Provider.Engine.RedeemToken(r.Context(), r.Actor, token)
	if idp.KindOf(err) == idp.KindUnauthenticated {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.SetSession(issued.Secret, issued.Session)
	u := idp.UserTarget(issued.User)
	r.Actor.Kind, r.Actor.UserID, r.Actor.Login, r.Actor.Name = idp.ActorUser, u.ID, u.AlternateID, u.DisplayName
	r.Actor.SessionID = issued.Session.ID
	return issued.Session, nil
}

// consent takes the user's answer to the question what a client may have.
func (a *API) consent(r *httpkit.Request) error {
	f, err := a.Pages.Form(r)
	if err != nil {
		return err
	}
	v, err := a.session(r, "")
	if err != nil {
		return err
	}
	key := f.Get(keyParam)
	switch {
	case v == nil, v.UserID != f.Get("user"):
		// Somebody else is signed in by now: the question is asked again.
		return redirect(r, http.StatusSeeOther, r.Link(pathResume)+"?"+url.Values{keyParam: {key}}.Encode())
	case f.Get("answer") != "allow":
		return a.refuse(r, a.Provider.Decline(r.Context(), r.Actor, key))
	}
	q, err := a.Provider.Agree(r.Context(), r.Actor, key, v)
	if err != nil {
		return a.refuse(r, err)
	}
	return a.proceed(r, q)
}

// refuse tells what is wrong: to the client where it is clear where to, else to
// the person in front of the browser.
func (a *API) refuse(r *httpkit.Request, err error) error {
	if refusal, ok := errors.AsType[*oauth.Refusal](err); ok {
		return a.respond(r, refusal.Refused(r.Org))
	}
	if f := oauth.FaultOf(err); f != nil {
		return a.Pages.Refused(r, http.StatusBadRequest, string(f.Code), f.Text)
	}
	if idp.KindOf(err) == idp.KindNotFound {
		return a.Pages.Refused(r, http.StatusNotFound, "not_found", "There is no such authorization server.")
	}
	return err
}

// redirect sends the browser on. The address may hold secrets of the client, so
// it goes no further as a referrer.
func redirect(r *httpkit.Request, status int, address string) error {
	h := r.W.Header()
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", address)
	r.W.WriteHeader(status)
	return nil
}
