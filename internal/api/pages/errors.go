package pages

import (
	"errors"
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
)

// WriteError answers with an error as a page. What went wrong inside is not
// told: the reference leads to the log.
func (p *Pages) WriteError(r *httpkit.Request, err error) {
	if se, ok := errors.AsType[*httpkit.StatusError](err); ok {
		for k, v := range se.Header {
			r.W.Header()[k] = v
		}
	}
	status, _ := httpkit.Answer(err, p.cfg.Rand)
	heading, text := errorWords(status)
	failed := p.show(r, page{
		status: status, template: "message", title: heading, problem: true,
		body: messageView{
			Heading: heading, Text: []string{text}, Reference: r.ID,
			Link: &link{Text: "Go to the front page", Href: pathHome},
		},
	})
	if failed != nil {
		httpkit.WriteError(r, failed)
	}
}

// writeUnknown answers a request that met no route: with a page to a browser
// that asks for one, in the form of the interfaces to everything else.
func (p *Pages) writeUnknown(r *httpkit.Request, err error) {
	if forPeople(r) {
		p.WriteError(r, err)
		return
	}
	httpkit.WriteError(r, err)
}

// forPeople tells whether a page is wanted where no route says so.
func forPeople(r *httpkit.Request) bool {
	for _, prefix := range []string{"/api/", "/oauth2/", "/idp/", "/.well-known/", "/device/"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return false
		}
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// errorWords says in a heading and a sentence what a status means.
func errorWords(status int) (heading, text string) {
	switch status {
	case http.StatusBadRequest:
		return "That request cannot be used", "Something in the address or in the form is missing or malformed. Go back and try again."
	case http.StatusUnauthorized, http.StatusForbidden:
		return "This is not open to you", "The request was refused. If it came from a page that you trust, open this site yourself and try again."
	case http.StatusNotFound:
		return "Page not found", "There is nothing at this address. It may have been mistyped, or the page has moved."
	case http.StatusMethodNotAllowed:
		return "That does not work here", "This address exists, but it cannot be used in this way."
	case http.StatusConflict:
		return "Somebody was faster", "The same thing was changed in another window at this moment. Go back and try again."
	case http.StatusRequestEntityTooLarge:
		return "That is too much", "The form is larger than this page takes."
	case http.StatusUnsupportedMediaType:
		return "That request cannot be used", "The form came in a format that this page does not read."
	case http.StatusTooManyRequests:
		return "Too many requests", "Wait a minute, then try again."
	}
	if status >= http.StatusInternalServerError {
		return "Something went wrong", "This is our fault, not yours. Try again in a moment. If it stays so, tell your administrator the reference below."
	}
	return "That did not work", "The request could not be answered. Go back and try again."
}
