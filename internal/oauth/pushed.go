package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// pushedDocument is an authorization request that a client sent beforehand. Its
// parameters are sealed: a session token may be among them.
type pushedDocument struct {
	ServerID string `json:"server,omitempty"`
	Sealed   string `json:"sealed"`
}

func pushedPlace(orgID string) keys.Place {
	return keys.Place{Table: "oauth_tickets", Column: "pushed", Row: orgID}
}

// Pushed names an authorization request that was sent beforehand.
// (RFC 9126 section 2.2)
type Pushed struct {
	URI     string
	Expires time.Duration
}

const (
	pushedPrefix = "urn:okta:"
	pushedLife   = time.Hour // (spec: oauth2 ParResponse, its example)
)

// Push checks an authorization request and keeps it for the browser to come with
// its name, once. It fails with a Fault. (RFC 9126 section 2.1)
func (p *Provider) Push(ctx context.Context, a idp.Actor, in TokenRequestInput) (*Pushed, error) {
	s, err := p.serving(ctx, a, in.ServerID)
	if err != nil {
		return nil, err
	}
	endpoint := s.Endpoint(a.Org, "par")
	client, err := p.AuthenticateClient(ctx, a, in.Basic, in.Params, func() []string { return []string{endpoint, s.Endpoint(a.Org, "token"), s.Issuer(a.Org)} })
	if err != nil {
		return nil, err
	}
	if !client.lives(in.Foreign) {
		return nil, fault(InvalidRequest, textForeign)
	}
	if in.Params["request_uri"] != "" {
		return nil, fault(InvalidRequest, "The 'request_uri' parameter is not allowed in a pushed authorization request.")
	}
	params := in.Params
	if params["request"] != "" {
		if params, err = p.requestObject(ctx, a, s, client, params); err != nil {
			return nil, err
		}
	}
	keep := Params{}
	for name, v := range params {
		if !strings.HasPrefix(name, "client_assertion") && name != "client_secret" {
			keep[name] = v
		}
	}
	keep["client_id"] = client.ID
	if in.Proof != "" {
		key, err := p.CheckProof(ctx, a, ProofRequest{Proof: in.Proof, Method: in.Method, URL: endpoint})
		if err != nil {
			return nil, err
		}
		if jkt := keep["dpop_jkt"]; jkt != "" && jkt != key {
			return nil, fault(InvalidProof, "The DPoP proof JWT is of another key than 'dpop_jkt'.")
		}
		keep["dpop_jkt"] = key
	}
	if _, err := p.readAuthorization(ctx, a, s, client, keep); err != nil {
		if f := FaultOf(err); f != nil {
			return nil, f
		}
		return nil, err
	}
	text, err := json.Marshal(keep)
	if err != nil {
		return nil, fmt.Errorf("write a pushed request: %w", err)
	}
	out, doc := &Pushed{Expires: pushedLife}, pushedDocument{s.ID, p.Keeper.Seal(pushedPlace(a.OrgID()), text)}
	err = p.Store.Write(ctx, func(tx *store.Tx) error {
		var err error
		out.URI, err = p.newTicket(tx, a.OrgID(), ticketPushed, pushedPrefix, client.ID, "", pushedLife, doc)
		return err
	})
	return out, err
}

// pushed takes a request that was sent beforehand: of several browsers that come
// with its name one goes on.
func (p *Provider) pushed(ctx context.Context, a idp.Actor, s *Server, client *Client, uri string) (Params, error) {
	bad := fault(InvalidRequestURI, "The 'request_uri' is unknown, was used already, or has expired.")
	if !strings.HasPrefix(uri, pushedPrefix) {
		return nil, bad
	}
	var d pushedDocument
	t, err := readTicket(p.Store.Read(ctx), a.OrgID(), ticketPushed, uri, &d)
	if err != nil {
		return nil, err
	}
	if t == nil || t.ClientID != client.ID || d.ServerID != s.ID {
		return nil, bad
	}
	err = p.Store.Write(ctx, func(tx *store.Tx) error {
		t, err = takeTicket(tx, a.OrgID(), ticketPushed, uri, &d)
		return err
	})
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, bad
	}
	text, err := p.Keeper.Open(pushedPlace(a.OrgID()), d.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open a pushed request: %w", err)
	}
	var out Params
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("read a pushed request: %w", err)
	}
	return out, nil
}

// requestObject reads the parameters of a request from a JWT that the client has
// signed. (OpenID Connect Core section 6.1, RFC 9101)
func (p *Provider) requestObject(ctx context.Context, a idp.Actor, s *Server, client *Client, params Params) (Params, error) {
	bad := func(text string) error { return fault(InvalidRequestObject, text) }
	o, err := p.openObject(ctx, a, s, client, params["request"], client.Settings.RequestObjectSign)
	if err != nil {
		return nil, err
	}
	if o.claims.ID != "" {
		if err := p.spendObject(ctx, a, client, o); err != nil {
			return nil, err
		}
	}
	out, err := objectParams(o)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"client_id", "response_type"} {
		if outside, inside := params[name], out[name]; outside != "" && inside != "" && outside != inside {
			return nil, bad("The '" + name + "' of the request object is not that of the request.")
		}
	}
	if out["response_type"] == "" && params["response_type"] != "" {
		out["response_type"] = params["response_type"]
	}
	if out["request"] != "" || out["request_uri"] != "" {
		return nil, bad("A request object must not hold another one.")
	}
	out["client_id"] = client.ID
	return out, nil
}

// spendObject notes that a request object has come, which is good once.
func (p *Provider) spendObject(ctx context.Context, a idp.Actor, client *Client, o *signed) error {
	until := p.Clock.Now().Add(maxAssertionLife)
	if o.claims.Expires != nil {
		until = o.claims.Expires.time()
	}
	fresh, err := p.spend(ctx, a, spentRequest, client.ID, o.claims.ID, o.text, until)
	if err == nil && !fresh {
		err = fault(InvalidRequestObject, "The request object has been used already.")
	}
	return err
}

// openObject reads a JWT by which a client asks for something, signed by its key
// or its secret, made out to the server and good for an hour at most. alg is the
// only algorithm that may have signed it, empty for any. (spec: oauth2#authorize,
// request)
func (p *Provider) openObject(ctx context.Context, a idp.Actor, s *Server, client *Client, text, alg string) (*signed, error) {
	bad := func(text string) error { return fault(InvalidRequestObject, text) }
	o, err := parseAssertion(text)
	if err != nil {
		return nil, bad("The request object is not a signed JWT.")
	}
	if alg != "" && o.header().Algorithm != alg {
		return nil, bad("The request object is not signed with the algorithm that the client has registered.")
	}
	wrong := bad("The request object signature is invalid.")
	if strings.HasPrefix(o.header().Algorithm, "HS") {
		if !client.Proof.NeedsSecret() {
			return nil, wrong
		}
		err = p.verifyBySecret(ctx, client, o, wrong)
	} else {
		err = p.verifyByKeys(ctx, client, o, wrong)
	}
	if err != nil {
		if isFault(err, InvalidClient) {
			return nil, wrong
		}
		return nil, err
	}
	now := p.Clock.Now()
	c := o.claims
	switch {
	case c.Issuer != client.ID:
		return nil, bad("The issuer of the request object must be the client_id.")
	case !slices.Contains(c.Audience, s.Issuer(a.Org)):
		return nil, bad("The audience of the request object must be the issuer of the authorization server.")
	case c.Expires != nil && !now.Before(c.Expires.time()):
		return nil, bad("The request object is expired.")
	case c.Expires != nil && c.Expires.time().After(now.Add(maxAssertionLife+clockSkew)):
		return nil, bad("The request object expires too far into the future.")
	case c.NotBefore != nil && c.NotBefore.time().After(now.Add(clockSkew)), c.IssuedAt != nil && c.IssuedAt.time().After(now.Add(clockSkew)):
		return nil, bad("The request object is not valid yet.")
	}
	return o, nil
}

// objectParams are the claims of a request object that are parameters.
func objectParams(o *signed) (Params, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(o.jws.UnsafePayloadWithoutVerification(), &all); err != nil {
		return nil, fault(InvalidRequestObject, "The request object cannot be read.")
	}
	out := Params{}
	for name, raw := range all {
		switch name {
		case "iss", "sub", "aud", "exp", "nbf", "iat", "jti":
			continue
		}
		var text string
		var number json.Number
		switch {
		case json.Unmarshal(raw, &text) == nil:
		case json.Unmarshal(raw, &number) == nil:
			text = number.String()
		default:
			continue // no parameter that is known here
		}
		if len(text) > maxParam {
			return nil, fault(InvalidRequestObject, "A parameter of the request object is too long.")
		}
		if text != "" {
			out[name] = text
		}
	}
	return out, nil
}
