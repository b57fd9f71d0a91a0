package httpkit

import (
	"net/http"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
)

// longestCookie is how long a persistent cookie is kept where the policy sets
// the session no end. Browsers keep none longer than 400 days.
const longestCookie = 365 * 24 * time.Hour

// SetSession gives the browser a session's secret, under both cookie names.
// The cookies end with the browser unless the session is persistent. Scripts
// never see them; on https they go to pages of other sites too, since browser
// clients of trusted origins call with them.
func (r *Request) SetSession(secret string, s *idp.Session) {
	for _, name := range sessionCookies() {
		c := r.sessionCookie(name, secret)
		if s.Persistent {
			c.Expires = s.EndsBy
			if s.EndsBy.IsZero() {
				c.Expires = s.Created.Add(longestCookie)
			}
		}
		http.SetCookie(r.W, c)
	}
}

// CookieDevice is the cookie by which a browser is known again on which a further
// factor was proved. (management reference: primary authentication, device token)
const CookieDevice = "DT"

// deviceBytes is how much is random in it.
const deviceBytes = 24

// NewDevice gives the browser a secret by which it is known again, for as long as
// browsers keep one, and returns it.
func (r *Request) NewDevice(rand env.Rand) string {
	secret := env.Secret(rand, "DI", deviceBytes)
	c := r.sessionCookie(CookieDevice, secret)
	c.MaxAge = int(longestCookie / time.Second)
	http.SetCookie(r.W, c)
	return secret
}

// ClearSession takes the session's secret from the browser.
func (r *Request) ClearSession() {
	for _, name := range sessionCookies() {
		c := r.sessionCookie(name, "")
		c.MaxAge = -1
		http.SetCookie(r.W, c)
	}
}

func sessionCookies() []string { return []string{CookieSession, CookieIdX} }

// sessionCookie has the attributes that setting and clearing share.
func (r *Request) sessionCookie(name, value string) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if r.Secure() {
		c.Secure, c.SameSite = true, http.SameSiteNoneMode
	}
	return c
}

// Secure tells whether browsers reach the organisation by https. It goes by
// the base URL: a proxy may stand between.
func (r *Request) Secure() bool { return r.Org != nil && strings.HasPrefix(r.Org.BaseURL, "https://") }
