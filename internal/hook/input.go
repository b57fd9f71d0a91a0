package hook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/idp"
	"usher/internal/store"
)

// The only ones of their kind. (spec: management InlineHookCreate,
// InlineHookChannelType)
const (
	version     = "1.0.0"
	channelHTTP = "HTTP"
	authHeader  = "HEADER"
)

// Bounds of what somebody gives a hook.
const (
	maxName    = 255 // characters (spec: management InlineHookCreate.name)
	maxURI     = 1024
	maxHeaders = 25
	maxHeader  = 64
	maxValue   = 4096
)

// Input is a hook as somebody wants it. What is nil was not named.
type Input struct {
	Name    *string
	Type    string
	Version string
	Channel *ChannelInput
}

// ChannelInput is a channel as somebody wants it.
type ChannelInput struct {
	Type, Version string
	URI, Method   *string
	Headers       []Header // nil where they were not named
	Auth          *Auth
}

// Auth is the header by which the other side knows us.
type Auth struct {
	Type, Key string
	Value     *string // the secret; nil to keep it
}

func wrong(field, text string) error { return idp.Invalid(field, idp.Cause{Field: field, Text: text}) }

const textBlank = "The field cannot be left blank"

func (in Input) checkType() error {
	switch {
	case in.Type == "":
		return wrong("type", textBlank)
	case !slices.Contains(Types(), in.Type):
		return wrong("type", "must be one of "+strings.Join(Types(), ", "))
	case in.Type != PasswordImport:
		return idp.Fail(idp.KindUnsupported, "No inline hook of the type "+in.Type+" is asked here.")
	}
	return nil
}

// take gives a hook what somebody wants.
func (s *Service) take(tx *store.Tx, h *Hook, in Input, whole bool) error {
	switch {
	case in.Name == nil && whole, in.Name != nil && strings.TrimSpace(*in.Name) == "":
		return wrong("name", textBlank)
	case in.Name != nil && utf8.RuneCountInString(*in.Name) > maxName:
		return wrong("name", fmt.Sprintf("has %d characters at most", maxName))
	case in.Version != "" && in.Version != version:
		return wrong("version", "must be "+version)
	case in.Channel == nil && whole:
		return wrong("channel", textBlank)
	}
	if in.Name != nil {
		h.Name = *in.Name
	}
	if in.Channel != nil {
		if err := s.takeChannel(h, *in.Channel, whole); err != nil {
			return err
		}
	}
	document, err := json.Marshal(h.Channel)
	if err != nil {
		return fmt.Errorf("inline hook: %w", err)
	}
	h.Document, h.LastUpdated = document, tx.Now()
	return nil
}

func (s *Service) takeChannel(h *Hook, in ChannelInput, whole bool) error {
	before := h.Channel
	switch {
	case in.Type == "OAUTH":
		return idp.Fail(idp.KindUnsupported, "Inline hooks are asked over the channel HTTP alone.")
	case in.Type != channelHTTP && (whole || in.Type != ""):
		return wrong("channel.type", "must be "+channelHTTP)
	case in.Version != "" && in.Version != version:
		return wrong("channel.version", "must be "+version)
	case in.Method != nil && *in.Method != http.MethodPost:
		return wrong("channel.config.method", "must be "+http.MethodPost)
	case in.URI == nil && whole:
		return wrong("channel.config.uri", textBlank)
	}
	if whole {
		h.Channel = Channel{URI: before.URI}
	}
	if in.URI != nil {
		if _, err := s.Targets.Target(*in.URI); err != nil || len(*in.URI) > maxURI {
			return wrong("channel.config.uri", "must be an address of the form https://host/path")
		}
		h.Channel.URI = *in.URI
	}
	if in.Headers != nil {
		if err := checkHeaders(in.Headers); err != nil {
			return err
		}
		h.Channel.Headers = in.Headers
	}
	return s.takeAuth(h, before, in.Auth, whole)
}

// takeAuth settles the secret. One that nobody gives anew goes nowhere else than
// before: who may change a hook must not learn it by that.
func (s *Service) takeAuth(h *Hook, before Channel, in *Auth, whole bool) error {
	if in == nil && whole {
		h.Channel.AuthKey, h.Sealed = "", ""
		return nil
	}
	moved := !sameHost(before.URI, h.Channel.URI)
	if in == nil {
		if moved && h.Sealed != "" {
			return wrong("channel.config.authScheme.value", "must be given again where the host changes")
		}
		return nil
	}
	const field = "channel.config.authScheme"
	switch {
	case !strings.EqualFold(in.Type, authHeader):
		return wrong(field+".type", "must be "+authHeader)
	case !headerName(in.Key):
		return wrong(field+".key", "must be the name of a header that is not the connection's own")
	case in.Value == nil && (h.Sealed == "" || moved || !strings.EqualFold(in.Key, before.AuthKey)):
		return wrong(field+".value", textBlank)
	case in.Value != nil && !headerValue(*in.Value):
		return wrong(field+".value", "must be printable ASCII text")
	}
	h.Channel.AuthKey = in.Key
	if in.Value != nil {
		h.Sealed = s.Seal.Seal(h.row(), []byte(*in.Value))
	}
	return nil
}

func sameHost(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Scheme == y.Scheme && x.Host == y.Host
}

func checkHeaders(list []Header) error {
	const field = "channel.config.headers"
	if len(list) > maxHeaders {
		return wrong(field, fmt.Sprintf("%d headers at most", maxHeaders))
	}
	for _, h := range list {
		if !headerName(h.Key) || !headerValue(h.Value) {
			return wrong(field, "must have names of headers that are not the connection's own, and printable ASCII values")
		}
	}
	return nil
}

// headerName tells whether text can name a header of ours. (RFC 9110 sections
// 5.1 and 5.6.2)
func headerName(text string) bool {
	const others = "!#$%&'*+-.^_`|~"
	if text == "" || len(text) > maxHeader {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	switch http.CanonicalHeaderKey(text) {
	case "Host", "Connection", "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Expect", "Proxy-Authorization", "Proxy-Connection":
		return false
	}
	return true
}

func headerValue(text string) bool {
	if text == "" || len(text) > maxValue {
		return false
	}
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
