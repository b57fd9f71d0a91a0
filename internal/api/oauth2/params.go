package oauth2

import (
	"encoding/base64"
	"errors"
	"io"
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
	form, err := form(r)
	if r.URL.RawQuery == "" {
		if err != nil {
			return nil, err
		}
		return oauth.ParseParams(form)
	}
	values, bad := url.ParseQuery(r.URL.RawQuery)
	if bad != nil {
		return nil, &oauth.Fault{Code: oauth.InvalidRequest, Text: "The query of the request cannot be read."}
	}
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
	const urlEncoded = "application/x-www-form-urlencoded"
	media := r.Header.Get("Content-Type")
	if media != urlEncoded {
		media, _, _ = mime.ParseMediaType(media)
	}
	if media != urlEncoded {
		return nil, httpkit.Status(http.StatusUnsupportedMediaType, "E0000021",
			"Bad request.  Accept and/or Content-Type headers likely do not match supported values.")
	}
	if r.PostForm != nil {
		return r.PostForm, nil // read before
	}
	refused := func(text string) error { return &oauth.Fault{Code: oauth.InvalidRequest, Text: text} }
	body, err := readBody(r)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refused("The body of the request is too large.")
	}
	if err != nil {
		return nil, refused("The body of the request cannot be read.")
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, refused("The body of the request cannot be read.")
	}
	r.PostForm = values
	return values, nil
}

// readBody reads the body of a request, up to maxBody. One whose length is known is
// read at once.
func readBody(r *httpkit.Request) ([]byte, error) {
	if n := r.ContentLength; n > 0 && n <= maxBody {
		out := make([]byte, n)
		_, err := io.ReadFull(r.Request.Body, out)
		return out, err
	}
	return io.ReadAll(http.MaxBytesReader(r.W, r.Request.Body, maxBody))
}

// basic reads the client of the Authorization header, nil where there is none.
// A public client may name itself there, and the official one for browsers
// leaves the colon out (okta-auth-js revokeToken). (RFC 6749 section 2.3.1)
func basic(r *httpkit.Request) (*oauth.Basic, error) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil, nil
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	id, secret, _ := strings.Cut(string(plain), ":")
	out := &oauth.Basic{ID: unescape(id), Secret: unescape(secret)}
	if err != nil || !visible(out.ID) || !visible(out.Secret) {
		return nil, &oauth.Fault{Code: oauth.InvalidClient, Text: "The Authorization header is malformed."}
	}
	return out, nil
}

// visible tells whether a text has only characters that identifiers and secrets
// of clients may have. (RFC 6749 appendix A.1 and A.2)
func visible(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

// unescape takes back the encoding of a form. A text that was not encoded, as
// many clients do it, is taken as it is.
func unescape(text string) string {
	if v, err := url.QueryUnescape(text); err == nil && !strings.Contains(text, "+") {
		return v
	}
	return text
}
