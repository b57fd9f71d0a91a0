package pages

import (
	"net/http"

	"usher/internal/api/httpkit"
)

// pathDevice is where the links lead that bring an enrolment to a phone. An app
// that knows them opens them itself. (docs/device-protocol.md)
const pathDevice = "/device/v1/open"

// openDevice tells people what to do with such a link where no app took it.
func (p *Pages) openDevice(r *httpkit.Request) error {
	const heading = "Set up your phone"
	return p.show(r, page{
		status: http.StatusOK, template: "message", title: heading,
		body: messageView{Heading: heading, Text: []string{
			"This link belongs to the app on your phone that will ask whether it is you who signs in. Open it there.",
			"If you try things out without an app, copy the address of this page and give it to “usher device enroll”.",
			"The link works once and only for a few minutes. If it is too late, begin the set-up again.",
		}},
	})
}
