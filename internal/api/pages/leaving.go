package pages

import (
	"html/template"
	"net/http"
	"slices"

	"usher/internal/api/httpkit"
)

// leavingView tells applications, in frames, that their user has signed out.
type leavingView struct {
	Heading string
	Frames  []string
	// To is where the browser goes on, an address that has been checked: an
	// application's may have a scheme of its own.
	To template.URL
}

// leavingTime is how long applications have to hear of it, in seconds.
const leavingTime = "2"

// Leaving lets the browser load the addresses at which applications hear that
// the user has signed out, and takes it on afterwards. Nothing else may be
// loaded, and what is loaded cannot take the page away. (OpenID Connect
// Front-Channel Logout section 3)
func (p *Pages) Leaving(r *httpkit.Request, addresses []string, to string) error {
	const heading = "You are signed out"
	v := leavingView{Heading: heading, To: template.URL(to)} //nolint:gosec // the caller has checked it
	var origins []string
	for _, address := range addresses {
		origin := httpkit.Source(address)
		if originOf(address) == "" || origin == "'none'" || originOf(address) == originOf(r.Org.BaseURL) {
			continue
		}
		v.Frames = append(v.Frames, address)
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	r.W.Header().Set("Refresh", leavingTime+";url="+to)
	return p.show(r, page{status: http.StatusOK, template: "leaving", title: heading, loads: origins, body: v})
}
