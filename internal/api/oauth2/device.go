package oauth2

import (
	"net/http"
	"net/url"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/oauth"
)

// Addresses of the device flow: the one that people type, and where its forms
// go.
const (
	pathActivate   = "/activate"
	pathDeviceForm = "/oauth2/v1/device/activate"
)

// device is what a device shows and polls with. (RFC 8628 section 3.2; spec:
// oauth2 DeviceAuthorizeResponse)
type device struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

// startDevice begins a sign-in on a device. (spec: oauth2#deviceAuthorize)
func (a *API) startDevice(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	d, err := a.Provider.StartDevice(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	return r.OK(device{
		DeviceCode: d.DeviceCode, UserCode: d.UserCode, URI: r.Link(pathActivate),
		Complete:  r.Link(pathActivate) + "?" + url.Values{"user_code": {d.UserCode}}.Encode(),
		ExpiresIn: int(d.Expires / time.Second), Interval: int(d.Interval / time.Second),
	})
}

// showDevice asks whoever is signed in for the code of a device.
// (spec: idx#idxDeviceActivationPage)
func (a *API) showDevice(r *httpkit.Request) error {
	code := r.Q().Get("user_code")
	v, err := a.session(r, "")
	if err != nil {
		return err
	}
	if v == nil {
		return toSignIn(r, http.StatusFound, code)
	}
	return a.Pages.AskCode(r, cut(code), "")
}

func toSignIn(r *httpkit.Request, status int, code string) error {
	from := pathActivate
	if code = cut(code); code != "" {
		from += "?" + url.Values{"user_code": {code}}.Encode()
	}
	return redirect(r, status, r.Link(pathSignIn)+"?"+url.Values{"fromURI": {from}}.Encode())
}

// cut bounds what is taken for a user code.
func cut(code string) string {
	const most = 32
	if len(code) > most {
		return ""
	}
	return code
}

// submitDevice takes a code, and then the answer whether to let the device in.
func (a *API) submitDevice(r *httpkit.Request) error {
	f, err := a.Pages.Form(r)
	if err != nil {
		return err
	}
	code := cut(f.Get("user_code"))
	v, err := a.session(r, "")
	if err != nil {
		return err
	}
	if v == nil {
		return toSignIn(r, http.StatusSeeOther, code)
	}
	answer := f.Get("answer")
	if answer != "" {
		err = a.Provider.AnswerDevice(r.Context(), r.Actor, code, v, answer == "allow")
	} else {
		var ask *oauth.DeviceAsk
		if ask, err = a.Provider.FindDevice(r.Context(), r.Actor, code, v); err == nil {
			return a.Pages.Device(r, ask)
		}
	}
	switch {
	case idp.KindOf(err) == idp.KindTooManyRequests:
		return a.Pages.AskCode(r, "", "Too many wrong codes. Wait a few minutes, then try again.")
	case oauth.FaultOf(err) != nil:
		return a.Pages.AskCode(r, code, oauth.FaultOf(err).Text)
	case err != nil:
		return err
	case answer != "allow":
		return a.Pages.Told(r, "The device was not let in", "It learns of that by itself. You can close this window.")
	}
	return a.Pages.Told(r, "Your device is activated", "It goes on by itself. You can close this window.")
}
