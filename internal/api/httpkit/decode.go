package httpkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"usher/internal/idp"
	"usher/openapi"
)

// Limits on request bodies.
const (
	MaxBody  = 1 << 20 // bytes
	MaxDepth = 32      // of nested objects and arrays
)

// jsonTypes are the media types in which JSON may come; IdX clients send what
// the forms told them to.
func jsonType(media string) bool {
	switch media {
	case "application/json", "application/ion+json", "application/vnd.okta.v1+json":
		return true
	}
	return false
}

// Decode reads the body as one JSON value into v. An empty body leaves v alone.
// It returns KindMalformed for what is no JSON or of another shape, and the
// 415 answer for another media type.
func (r *Request) Decode(v any) error {
	body, err := r.Body()
	if err != nil || len(body) == 0 {
		return err
	}
	if err := checkJSON(body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return malformed(err)
	}
	return nil
}

// Body reads the body, of a JSON media type and of MaxBody bytes at most.
func (r *Request) Body() ([]byte, error) {
	if r.Request.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Header.Get("Content-Type") == "" {
		media, err = "application/json", nil
	}
	if (err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter)) || !jsonType(media) {
		return nil, unsupportedMedia()
	}
	body, err := io.ReadAll(http.MaxBytesReader(r.W, r.Request.Body, MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, Status(http.StatusRequestEntityTooLarge, "E0000003", "The request body was not well-formed.", "The body is larger than 1 MiB.")
	}
	if err != nil {
		return nil, idp.Fail(idp.KindMalformed)
	}
	return bytes.TrimSpace(body), nil
}

// malformed names the member whose type is wrong, where that is what is wrong.
func malformed(err error) error {
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && te.Field != "" {
		return &idp.Error{Kind: idp.KindMalformed, Causes: []idp.Cause{{Field: te.Field, Text: "has the wrong type: " + te.Value}}}
	}
	return idp.Fail(idp.KindMalformed)
}

// checkJSON refuses what the standard decoder would let through: deep nesting,
// bytes that are no UTF-8, and the NUL character, which PostgreSQL cannot keep.
func checkJSON(body []byte) error {
	forbidden := &idp.Error{Kind: idp.KindMalformed, Causes: []idp.Cause{{Text: "The body holds characters that are not allowed."}}}
	if !utf8.Valid(body) {
		return forbidden
	}
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			if bytes.HasPrefix(body[i:], []byte(`\u0000`)) {
				return forbidden
			}
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return &idp.Error{Kind: idp.KindMalformed, Causes: []idp.Cause{{Text: "The body is nested too deeply."}}}
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

func unsupportedMedia() error {
	return Status(http.StatusUnsupportedMediaType, "E0000021",
		"Bad request.  Accept and/or Content-Type headers likely do not match supported values.")
}

// checkAccept refuses callers of JSON operations who accept none.
func checkAccept(op *openapi.Operation, r *http.Request) error {
	accept := r.Header.Get("Accept")
	if accept == "" || op.Document == openapi.DocumentOAuth2 {
		return nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, _, _ := strings.Cut(part, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		if media == "*/*" || media == "application/*" || strings.Contains(media, "json") || produces(op, media) {
			return nil
		}
	}
	return Status(http.StatusNotAcceptable, "E0000122", "Accept Header did not contain supported media type 'application/json'")
}

// produces tells whether an operation answers in a media type other than JSON.
func produces(op *openapi.Operation, media string) bool {
	switch {
	case strings.Contains(op.Path, "/qr/"):
		return strings.HasPrefix(media, "image/") || media == "text/plain"
	case strings.HasSuffix(op.Path, "/metadata"):
		return strings.HasSuffix(media, "xml")
	case strings.HasSuffix(op.Path, "/yubikey_token/tokens"):
		return media == "text/csv"
	case strings.HasSuffix(op.Path, "/csrs"):
		return media == "application/pkcs10"
	}
	return op.Document == openapi.DocumentIdX && op.Method == http.MethodGet && media == "text/html"
}
