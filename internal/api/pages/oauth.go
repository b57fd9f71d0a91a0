package pages

import (
	"net/http"
	"net/url"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
)

// Refused tells what is wrong with a request of an application that cannot be
// told to the application itself.
func (p *Pages) Refused(r *httpkit.Request, status int, code, text string) error {
	const heading = "The application's request cannot be used"
	return p.show(r, page{status: status, template: "message", title: heading, problem: true, body: messageView{
		Heading: heading, Alert: text,
		Text: []string{
			"You came here from an application whose request is wrong or out of date. Go back to the application and try again.",
			"For whoever looks after it, the error is " + code + ".",
		},
		Reference: r.ID,
	}})
}

// Form reads the fields of a form that one of our own pages has sent.
func (p *Pages) Form(r *httpkit.Request) (url.Values, error) { return form(r) }

// consentView asks whether an application may have scopes.
type consentView struct {
	App    string
	Login  string
	Key    string // of the request that waits
	User   string // who is asked
	Scopes []fact
}

// Consent asks whether an application may have scopes.
func (p *Pages) Consent(r *httpkit.Request, ask oauth.AskConsent) error {
	v := consentView{
		App: ask.Client.Label, Login: r.Actor.Login, Key: ask.Key, User: r.Actor.UserID,
	}
	for _, s := range ask.Scopes {
		v.Scopes = append(v.Scopes, scopeFact(s))
	}
	return p.show(r, page{
		status: http.StatusOK, template: "consent", title: "Allow access", destination: httpkit.Source(ask.Redirect), body: v,
	})
}

// activateView asks for the code of a device, or, once App is known, whether to
// let the device in.
type activateView struct {
	Code    string
	Problem string
	App     string
	Login   string
	Scopes  []fact
}

// AskCode asks for the code that a device shows.
func (p *Pages) AskCode(r *httpkit.Request, code, problem string) error {
	status := http.StatusOK
	if problem != "" {
		status = http.StatusBadRequest
	}
	return p.show(r, page{
		status: status, template: "activate", title: "Activate your device", problem: problem != "",
		body: activateView{Code: code, Problem: problem, Login: r.Actor.Login},
	})
}

// Device asks whether to let a device in.
func (p *Pages) Device(r *httpkit.Request, ask *oauth.DeviceAsk) error {
	v := activateView{Code: ask.UserCode, App: ask.Client.Label, Login: r.Actor.Login}
	for _, s := range ask.Scopes {
		v.Scopes = append(v.Scopes, scopeFact(s))
	}
	return p.show(r, page{status: http.StatusOK, template: "activate", title: "Activate your device", body: v})
}

// Told tells that something has been done, and that there is nothing more to do.
func (p *Pages) Told(r *httpkit.Request, heading, text string) error {
	return p.show(r, page{status: http.StatusOK, template: "message", title: heading, body: messageView{
		Heading: heading, Text: []string{text}, Link: &link{Text: "Go to the front page", Href: pathHome},
	}})
}

// scopeFact says in words what a scope lets an application do.
func scopeFact(s *oauth.Scope) fact {
	f := fact{Name: s.DisplayName, Text: s.Description}
	if f.Name == "" {
		f.Name = s.Name
	}
	return f
}
