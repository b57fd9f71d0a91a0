package apptest

import (
	"net/http"
	"net/url"

	"usher/internal/env"
	"usher/internal/phone"
)

// Phone returns a virtual phone that reaches the server.
func (a *App) Phone() *phone.Phone {
	return &phone.Phone{
		HTTP: &http.Client{Transport: redirected{a}}, Rand: env.SystemRand{}, Clock: a.Clock,
	}
}

// redirected sends to the server what is meant for its public address.
type redirected struct{ app *App }

// RoundTrip implements http.RoundTripper.
func (t redirected) RoundTrip(r *http.Request) (*http.Response, error) {
	there, err := url.Parse(t.app.URL(""))
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.Host, out.URL.Scheme, out.URL.Host = r.URL.Host, there.Scheme, there.Host
	return t.app.HTTP().Transport.RoundTrip(out)
}
