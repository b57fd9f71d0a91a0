package oauth

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/internal/idp"
)

// Authorization is a request at the authorization endpoint, checked as far as it
// can be before anybody signs in. (RFC 6749 section 4.1.1, OpenID Connect Core
// section 3.1.2.1)
type Authorization struct {
	ServerID  string   `json:"server,omitempty"`
	ClientID  string   `json:"client"`
	Redirect  string   `json:"redirect"`
	Response  []string `json:"response"` // code, id_token, token: sorted
	Mode      Mode     `json:"mode"`
	Scopes    []string `json:"scopes"`
	State     string   `json:"state,omitempty"`
	Nonce     string   `json:"nonce,omitempty"`
	Challenge string   `json:"challenge,omitempty"` // of S256
	Prompt    []string `json:"prompt,omitempty"`
	MaxAge    *int     `json:"maxAge,omitempty"` // seconds
	LoginHint string   `json:"loginHint,omitempty"`
	ACR       []string `json:"acr,omitempty"`
	Subject   string   `json:"subject,omitempty"` // of the id_token_hint
	// Key is the thumbprint to which the code is bound. (RFC 9449 section 10)
	Key   string    `json:"jkt,omitempty"`
	Begun time.Time `json:"begun"`
	// Consented is the user who has just agreed, by identifier.
	Consented string `json:"consented,omitempty"`

	server *Server
	client *Client
	met    string // the acr value that the session meets
	gaveUp bool   // the user cannot prove as much as is asked for
	ticket string // under which it waits, empty for none
	// sessionToken signs the browser in; it is never kept.
	sessionToken string
}

// Mode is how the answer goes back to the client. (OAuth 2.0 Multiple Response
// Types section 2.1, Form Post Response Mode; okta-auth-js)
type Mode string

// The modes.
const (
	ModeQuery    Mode = "query"
	ModeFragment Mode = "fragment"
	ModeForm     Mode = "form_post"
	ModeMessage  Mode = "okta_post_message"
)

// Kinds of what the endpoint can answer with.
const (
	respondCode  = "code"
	respondToken = "token"
	respondID    = "id_token"
)

// Words of the parameter "prompt".
const (
	promptNone    = "none"
	promptLogin   = "login"
	promptConsent = "consent"
	promptEnroll  = "enroll_authenticator"
)

// Refusal is a Fault that is told to the client, at its redirect address: the
// request names one that may be used.
type Refusal struct {
	Request *Authorization
	Fault   *Fault
}

// Error implements error.
func (r *Refusal) Error() string { return r.Fault.Error() }

// Unwrap gives the Fault.
func (r *Refusal) Unwrap() error { return r.Fault }

// SessionToken is the one-time token that came with the request, empty for none.
func (q *Authorization) SessionToken() string { return q.sessionToken }

// Client is the client that asks.
func (q *Authorization) Client() *Client { return q.client }

// asks tells whether the answer shall hold this.
func (q *Authorization) asks(kind string) bool { return slices.Contains(q.Response, kind) }

// prompts tells whether the parameter "prompt" has this word.
func (q *Authorization) prompts(word string) bool { return slices.Contains(q.Prompt, word) }

// refuse turns an error into a Refusal where it is a Fault.
func (q *Authorization) refuse(err error) error {
	if f := FaultOf(err); f != nil {
		return &Refusal{Request: q, Fault: f}
	}
	return err
}

// ReadAuthorization checks a request at the authorization endpoint of a server.
// It fails with a Fault as long as it is not clear where the answer may go, and
// with a Refusal afterwards. Parameters may come in a pushed request or a signed
// object; then the others but client_id count for nothing (RFC 9101 section 6.3,
// RFC 9126 section 4).
func (p *Provider) ReadAuthorization(ctx context.Context, a idp.Actor, serverID string, params Params) (*Authorization, error) {
	s, err := p.serving(ctx, a, serverID)
	if err != nil {
		return nil, err
	}
	client, err := p.client(ctx, a, params["client_id"])
	if err != nil {
		return nil, err
	}
	if uri := params["request_uri"]; uri != "" {
		if params, err = p.pushed(ctx, a, s, client, uri); err != nil {
			return nil, err
		}
	} else if params["request"] != "" {
		if params, err = p.requestObject(ctx, a, s, client, params); err != nil {
			return nil, err
		}
	}
	return p.readAuthorization(ctx, a, s, client, params)
}

func (p *Provider) readAuthorization(ctx context.Context, a idp.Actor, s *Server, client *Client, params Params) (*Authorization, error) {
	q := &Authorization{
		ServerID: s.ID, ClientID: client.ID, State: params["state"], Nonce: params["nonce"], LoginHint: params["login_hint"],
		Prompt: strings.Fields(params["prompt"]), ACR: strings.Fields(params["acr_values"]), Key: params["dpop_jkt"],
		Begun: p.Clock.Now(), server: s, client: client, sessionToken: params["sessionToken"],
	}
	var err error
	if q.Redirect, err = redirectOf(client, params["redirect_uri"]); err != nil {
		return nil, err
	}
	q.Mode = ModeQuery
	q.Response = strings.Fields(params["response_type"])
	slices.Sort(q.Response)
	if q.asks(respondToken) || q.asks(respondID) {
		q.Mode = ModeFragment
	}
	if err := q.readResponse(params); err != nil {
		return nil, q.refuse(err)
	}
	if err := q.readChallenge(params); err != nil {
		return nil, q.refuse(err)
	}
	if err := q.readPrompt(params); err != nil {
		return nil, q.refuse(err)
	}
	if q.Scopes, err = p.scopes(ctx, s, client, params); err != nil {
		return nil, q.refuse(err)
	}
	openID := slices.Contains(q.Scopes, ScopeOpenID)
	switch {
	case slices.Contains(q.Scopes, ScopeDeviceSSO) && !(openID && slices.Contains(q.Scopes, ScopeOffline)):
		return nil, q.refuse(fault(InvalidScope, "The 'device_sso' scope must be requested together with 'openid' and 'offline_access'."))
	case q.asks(respondToken) && client.Settings.DPoPBound:
		return nil, q.refuse(fault(UnauthorizedClient, "The client's access tokens are bound to a key, which only the token endpoint can do."))
	case !openID && (q.asks(respondID) || slices.ContainsFunc(q.Scopes, withOpenID)):
		return nil, q.refuse(&Fault{Code: AccessDenied, Text: textNeedOpenID, Forbidden: true})
	case q.asks(respondID) && q.Nonce == "":
		return nil, q.refuse(fault(InvalidRequest, "The authentication request has an invalid 'nonce' parameter."))
	}
	if err := p.knownIDP(ctx, a, params["idp"]); err != nil {
		return nil, q.refuse(err)
	}
	if hint := params["id_token_hint"]; hint != "" {
		if q.Subject, err = p.hinted(ctx, a, s, client, hint); err != nil {
			return nil, q.refuse(err)
		}
	}
	return q, nil
}

// withOpenID tells whether a scope stands for claims of OpenID Connect. (spec:
// oauth2#par, its examples of errors)
func withOpenID(scope string) bool {
	switch scope {
	case ScopeProfile, ScopeEmail, ScopeAddress, ScopePhone:
		return true
	}
	return false
}

// knownIDP checks the identity provider that users shall sign in with. There is
// none to send browsers to but the organisation itself. (spec: oauth2#authorize,
// idp)
func (p *Provider) knownIDP(ctx context.Context, a idp.Actor, id string) error {
	switch id {
	case "", a.OrgID(), string(idp.ProviderOkta):
		return nil
	}
	_, err := p.Federation.Get(ctx, a, id)
	switch {
	case idp.KindOf(err) == idp.KindNotFound:
		return fault(InvalidRequest, "The identity provider is not valid.")
	case err != nil:
		return err
	}
	return fault(InvalidRequest, "Users cannot sign in with this identity provider: it only speaks for them at the token endpoint.")
}

// redirectOf checks where the answer may go: to an address that the client
// registered, compared character by character. (RFC 9700 section 2.1)
func redirectOf(client *Client, uri string) (string, error) {
	if uri == "" {
		return "", fault(InvalidRequest, "The 'redirect_uri' parameter must be given.")
	}
	if !registered(client.Settings.RedirectURIs, uri, client.Settings.WildcardRedirect == "SUBDOMAIN") {
		return "", fault(InvalidRequest, "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.")
	}
	return uri, nil
}

// registered tells whether an address is in a list. Where the client may have
// one label in place of the asterisk of "https://*.", that is the only part that
// may differ.
func registered(list []string, uri string, wild bool) bool {
	return slices.ContainsFunc(list, func(known string) bool {
		if known == uri {
			return true
		}
		tail, ok := strings.CutPrefix(known, "https://*.")
		if !ok || !wild {
			return false
		}
		rest, ok := strings.CutPrefix(uri, "https://")
		label, cut, found := strings.Cut(rest, ".")
		return ok && found && cut == tail && label != "" &&
			strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	})
}

// readResponse settles what the answer holds and how it goes back.
func (q *Authorization) readResponse(params Params) error {
	if len(q.Response) == 0 {
		return fault(InvalidRequest, "The 'response_type' parameter must be given.")
	}
	allowed := q.client.Settings.ResponseTypes
	for _, kind := range q.Response {
		switch {
		case kind != respondCode && kind != respondToken && kind != respondID:
			return fault(UnsupportedResponseType, "The response type is not supported by the authorization server.")
		case !slices.Contains(allowed, kind):
			return fault(UnsupportedResponseType, "The response type is not supported by the authorization server. Configured response types: ["+
				strings.Join(allowed, ", ")+"].")
		}
	}
	if len(slices.Compact(slices.Clone(q.Response))) != len(q.Response) {
		return fault(UnsupportedResponseType, "The response type is not supported by the authorization server.")
	}
	if q.asks(respondCode) && !q.client.Grants(GrantCode) {
		return fault(UnauthorizedClient, "The client is not authorized to use the provided grant type. Configured grant types: ["+
			strings.Join(q.client.Settings.GrantTypes, ", ")+"].")
	}
	front := q.asks(respondToken) || q.asks(respondID)
	switch m := Mode(params["response_mode"]); m {
	case "":
	case ModeQuery:
		if front {
			return fault(UnsupportedResponseMode, "The response mode 'query' is not allowed for the requested response type.")
		}
		q.Mode = m
	case ModeFragment, ModeForm, ModeMessage:
		q.Mode = m
	default:
		return fault(UnsupportedResponseMode, "The response mode is not supported by the authorization server."+
			" Valid response modes: [query, fragment, form_post, okta_post_message].")
	}
	return nil
}

// readChallenge settles the proof key: of the one method that proves something,
// and needed where the client cannot prove itself otherwise. (RFC 7636 sections
// 4.3 and 4.4.1; RFC 9700 section 2.1.1)
func (q *Authorization) readChallenge(params Params) error {
	challenge, method := params["code_challenge"], params["code_challenge_method"]
	const length = 43 // of a SHA-256 in base64url
	needed := q.asks(respondCode) && (q.client.Public() || q.client.Proof.PKCERequired)
	switch {
	case challenge == "" && method != "":
		return fault(InvalidRequest, "PKCE code challenge is required when the code challenge method is given.")
	case challenge == "" && needed:
		return fault(InvalidRequest, "PKCE code challenge is required when the token endpoint authentication method is 'NONE'.")
	case challenge == "":
		return nil
	case method != "S256":
		return fault(InvalidRequest, "PKCE code challenge method is not supported. Use 'S256'.")
	case len(challenge) != length || strings.Trim(challenge, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "":
		return fault(InvalidRequest, "PKCE code challenge must be the base64url encoded SHA-256 of the code verifier.")
	}
	q.Challenge = challenge
	return nil
}

// readPrompt settles how the user may be asked for something.
func (q *Authorization) readPrompt(params Params) error {
	for _, word := range q.Prompt {
		switch word {
		case promptLogin, promptConsent:
		case promptEnroll:
			return fault(InvalidRequest, "Enrolling an authenticator is not supported here.")
		case promptNone:
			if len(q.Prompt) > 1 {
				return fault(InvalidRequest, "The 'prompt' parameter must not combine 'none' with another value.")
			}
		default:
			return fault(InvalidRequest, "The 'prompt' parameter is invalid.")
		}
	}
	n, ok, err := params.seconds("max_age")
	if ok {
		q.MaxAge = &n
	}
	return err
}

// Answer is what goes back to the client by the browser.
type Answer struct {
	Mode   Mode
	To     string
	Values url.Values
}

// answer begins an answer: with the state as it came, and the issuer, so that a
// client that speaks to several servers cannot be confused. (RFC 9207)
func (q *Authorization) answer(org *idp.Org) *Answer {
	v := url.Values{"iss": {q.server.Issuer(org)}}
	if q.State != "" {
		v.Set("state", q.State)
	}
	return &Answer{Mode: q.Mode, To: q.Redirect, Values: v}
}

// Refused is the answer that tells of a fault.
func (r *Refusal) Refused(org *idp.Org) *Answer {
	out := r.Request.answer(org)
	out.Values.Set("error", string(r.Fault.Code))
	if r.Fault.Text != "" {
		out.Values.Set("error_description", r.Fault.Text)
	}
	return out
}
