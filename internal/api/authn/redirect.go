package authn

import (
	"net/http"
	"net/url"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/openapi"
)

// The addresses at which a browser turns a one-time token into a session.
// (management reference: sessions and cookie flow)
const (
	pathRedirect = "/login/sessionCookieRedirect"
	pathImage    = "/login/sessionCookie"
	pathSignIn   = "/login/login.htm"
)

func (a *API) mountRedirects(r *httpkit.Router) {
	r.Page("login.cookieRedirect", openapi.BucketSessions, http.MethodGet, pathRedirect, a.OnPageError, a.cookieRedirect)
	r.Page("login.cookieRedirect", openapi.BucketSessions, http.MethodPost, pathRedirect, a.OnPageError, a.cookieRedirect)
	r.Page("login.cookieImage", openapi.BucketSessions, http.MethodGet, pathImage, a.OnPageError, a.cookieImage)
}

// maxForm bounds the body of a posted redirect.
const maxForm = 16 << 10

// cookieRedirect sets the session cookies and sends the browser on. Where it
// goes is checked first, so that a bad address does not cost the token. With a
// token that does not hold the browser goes to the sign-in page instead.
func (a *API) cookieRedirect(r *httpkit.Request) error {
	if r.Method == http.MethodPost {
		r.Request.Body = http.MaxBytesReader(r.W, r.Request.Body, maxForm)
	}
	if err := r.ParseForm(); err != nil {
		return idp.Fail(idp.KindMalformed)
	}
	return a.redirect(r, r.Form.Get("token"), r.Form.Get("redirectUrl"))
}

func (a *API) redirect(r *httpkit.Request, token, address string) error {
	to, err := r.Destination(address, a.Redirectable)
	if err != nil {
		return err
	}
	if to == "" {
		return &idp.Error{Kind: idp.KindBadRequest, Object: "redirectUrl", Causes: []idp.Cause{
			{Field: "redirectUrl", Text: "must be an address of this organisation or of a trusted origin that allows redirects"},
		}}
	}
	issued, err := a.Engine.RedeemToken(r.Context(), r.Actor, token)
	switch {
	case idp.KindOf(err) == idp.KindUnauthenticated:
		to = r.Link(pathSignIn) + "?" + url.Values{"fromURI": {to}}.Encode()
	case err != nil:
		return err
	default:
		r.SetSession(issued.Secret, issued.Session)
	}
	h := r.W.Header()
	h.Set("Location", to)
	// The token stands in the address that the browser comes from.
	h.Set("Referrer-Policy", "no-referrer")
	r.W.WriteHeader(http.StatusFound)
	return nil
}

// pixel is a transparent image of one pixel. (GIF89a)
const pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// cookieImage sets the session cookies and answers with an image of one pixel,
// or redirects when it is told where to.
func (a *API) cookieImage(r *httpkit.Request) error {
	if address := r.Q().Get("redirectUrl"); address != "" {
		return a.redirect(r, r.Q().Get("token"), address)
	}
	issued, err := a.Engine.RedeemToken(r.Context(), r.Actor, r.Q().Get("token"))
	if err != nil {
		return err
	}
	r.SetSession(issued.Secret, issued.Session)
	r.W.Header().Set("Referrer-Policy", "no-referrer")
	return r.Bytes(http.StatusOK, "image/gif", []byte(pixel))
}
