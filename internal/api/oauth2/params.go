package oauth2

import (
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

// params reads the parameters of a request: those of the form that it carries
// and those of the query, which an official client uses even for secrets. One
// that comes twice is refused.
func params(r *httpkit.Request) (oauth.Params, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &oauth.Fault{Code: oauth.InvalidRequest, Text: "The query of the request cannot be read."}
	}
	form, err := form(r)
	if err != nil {
		return nil, err
	}
	for name, list := range form {
		values[name] = append(values[name], list...)
	}
	return oauth.ParseParams(values)
}

// form reads the form that a POST carries, if it carries something.
func form(r *httpkit.Request) (url.Values, error) {
	if r.Method != http.MethodPost || r.Request.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "application/x-www-form-urlencoded" {
		return nil, httpkit.Status(http.StatusUnsupportedMediaType, "E0000021",
			"Bad request.  Accept and/or Content-Type headers likely do not match supported values.")
	}
	r.Request.Body = http.MaxBytesReader(r.W, r.Request.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		text := "The body of the request cannot be read."
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			text = "The body of the request is too large."
		}
		return nil, &oauth.Fault{Code: oauth.InvalidRequest, Text: text}
	}
	return r.PostForm, nil
}

// basic reads the client of the Authorization header, nil where there is none.
// (RFC 6749 section 2.3.1)
func basic(r *httpkit.Request) (*oauth.Basic, error) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil, nil
	}
	bad := &oauth.Fault{Code: oauth.InvalidClient, Text: "The Authorization header is malformed."}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, bad
	}
	id, secret, ok := strings.Cut(string(plain), ":")
	if !ok {
		return nil, bad
	}
	return &oauth.Basic{ID: unescape(id), Secret: unescape(secret)}, nil
}

// unescape takes back the encoding of a form. A text that was not encoded, as
// many clients do it, is taken as it is.
func unescape(text string) string {
	if v, err := url.QueryUnescape(text); err == nil && !strings.Contains(text, "+") {
		return v
	}
	return text
}
