package pages

import (
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
)

// fence sets the headers of every page: nothing may run in it, nothing but our
// own style and pictures may load, nobody may frame it but the origins that the
// organisation trusts with that (frames), and its form goes to us alone. destination is an origin of others to which the answer to the form
// will lead ("" for none): browsers apply form-action to redirections as well.
//
// The referrer stays within our origin, where no-referrer would be the
// shorter word: with that, browsers call the origin of a form "null" (Fetch
// standard, "append a request Origin header"), and a form of ours could not be
// told from a foreign one.
func fence(r *httpkit.Request, destination string, frames []string) {
	formAction := "'self'"
	if destination != "" {
		formAction += " " + destination
	}
	ancestors := "'none'"
	h := r.W.Header()
	if len(frames) > 0 {
		ancestors = "'self' " + strings.Join(frames, " ")
	} else {
		h.Set("X-Frame-Options", "DENY") // which knows no list of origins
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action "+formAction+
		"; frame-ancestors "+ancestors+"; base-uri 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Secure() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// ownForm refuses a form that another site's page sent: otherwise it could
// sign a browser in as somebody else, or out.
func ownForm(r *httpkit.Request) error {
	if err := http.NewCrossOriginProtection().Check(r.Request); err == nil {
		return nil
	}
	// Behind a proxy the Host header may not be what the browser sees.
	if origin := r.Header.Get("Origin"); origin != "" && origin == originOf(r.Org.BaseURL) && r.Header.Get("Sec-Fetch-Site") == "" {
		return nil
	}
	return idp.Fail(idp.KindForbidden)
}
