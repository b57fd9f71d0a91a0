package pages

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
)

// maxForm bounds the body of a form, in bytes.
const maxForm = 64 << 10

// form reads the fields of a form that one of our own pages sent. Fields of
// the query are not among them.
func form(r *httpkit.Request) (url.Values, error) {
	if err := ownForm(r); err != nil {
		return nil, err
	}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/x-www-form-urlencoded" {
		return nil, httpkit.Status(http.StatusUnsupportedMediaType, "E0000021", "The form came in a format that is not read.")
	}
	r.Request.Body = http.MaxBytesReader(r.W, r.Request.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, httpkit.Status(http.StatusRequestEntityTooLarge, "E0000003", "The form is too large.")
		}
		return nil, idp.Fail(idp.KindMalformed)
	}
	for name, values := range r.PostForm {
		if !clean(append([]string{name}, values...)) {
			return nil, idp.Fail(idp.KindMalformed)
		}
	}
	return r.PostForm, nil
}

// clean tells whether texts can be kept: PostgreSQL takes neither broken UTF-8
// nor the NUL character.
func clean(texts []string) bool {
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return false
		}
	}
	return true
}
