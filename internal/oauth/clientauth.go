package oauth

import (
	"context"
	"slices"
	"time"

	"usher/internal/apps"
	"usher/internal/idp"
	"usher/internal/store"
)

// Basic is what the Authorization header says about a client, decoded.
type Basic struct{ ID, Secret string }

// assertionType is the only kind of assertion that proves a client. (RFC 7523
// section 2.2)
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Texts of refused clients, which clients match. (reference: OAuth edges;
// okta-auth-js, Terraform provider)
const (
	textNoClient      = "No client credentials found."
	textUnknownClient = "Invalid value for 'client_id' parameter."
	textBadSecret     = "The client secret supplied for a confidential client is invalid."
	textWrongMethod   = "Client authentication failed. Either the client or the client credentials are invalid."
	textManyProofs    = "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header," +
		" credentials in the post body, or a client_assertion in the post body."
)

// AuthenticateClient tells which client a request comes from and that it is the
// one that it says, by the method that it is registered with. audiences gives the
// values that an assertion may be made out to; the first is the address that was
// called. The client is active and an OAuth client. Else InvalidClient, or
// InvalidRequest where the request proves the client in several ways.
// (RFC 6749 section 2.3, OpenID Connect Core section 9)
func (p *Provider) AuthenticateClient(ctx context.Context, a idp.Actor, basic *Basic, params Params, audiences func() []string) (*Client, error) {
	id, secret, method, err := proofOf(basic, params)
	if err != nil {
		return nil, err
	}
	if method == apps.AuthPrivateJWT {
		return p.byAssertion(ctx, a, id, params, audiences())
	}
	client, err := p.client(ctx, a, id)
	if err != nil {
		return nil, err
	}
	registered := client.Proof.AuthMethod
	switch {
	case method == apps.AuthNone && registered == apps.AuthNone:
		return client, nil
	case method == apps.AuthNone:
		return nil, fault(InvalidClient, textNoClient)
	case registered != apps.AuthBasic && registered != apps.AuthPost:
		return nil, fault(InvalidClient, textWrongMethod)
	}
	ok, err := p.Apps.VerifySecret(ctx, client.App, secret)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault(InvalidClient, textBadSecret)
	}
	return client, nil
}

// proofOf sorts out in which way a request proves its client: AuthNone, AuthPost
// for a secret wherever it stands, or AuthPrivateJWT for an assertion.
func proofOf(basic *Basic, params Params) (id, secret, method string, err error) {
	id, secret, method = params["client_id"], params["client_secret"], apps.AuthNone
	if secret != "" {
		method = apps.AuthPost
	}
	if basic != nil {
		if method != apps.AuthNone || (id != "" && id != basic.ID) {
			return "", "", "", fault(InvalidRequest, textManyProofs)
		}
		id, secret, method = basic.ID, basic.Secret, apps.AuthPost
	}
	if params["client_assertion"] != "" || params["client_assertion_type"] != "" {
		switch {
		case method != apps.AuthNone:
			return "", "", "", fault(InvalidRequest, textManyProofs)
		case params["client_assertion_type"] != assertionType:
			return "", "", "", fault(InvalidRequest, "The client_assertion_type is invalid.")
		case params["client_assertion"] == "":
			return "", "", "", fault(InvalidClient, "The client_assertion is missing.")
		}
		method = apps.AuthPrivateJWT
	}
	if method == apps.AuthPost && secret == "" {
		method = apps.AuthNone // a header that only names the client
	}
	if id == "" && method != apps.AuthPrivateJWT {
		return "", "", "", fault(InvalidClient, textNoClient)
	}
	return id, secret, method, nil
}

// client finds an OAuth client that is switched on.
func (p *Provider) client(ctx context.Context, a idp.Actor, id string) (*Client, error) {
	c, err := p.Client(ctx, a.OrgID(), id)
	if idp.KindOf(err) == idp.KindNotFound || (err == nil && !c.Enabled()) {
		return nil, fault(InvalidClient, textUnknownClient)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Bounds on what a client asserts.
const (
	maxAssertionLife = time.Hour
	clockSkew        = time.Minute
)

// byAssertion proves a client by a JWT that its key or its secret has signed,
// which is good once. (RFC 7523 section 3)
func (p *Provider) byAssertion(ctx context.Context, a idp.Actor, id string, params Params, audiences []string) (*Client, error) {
	token, err := parseAssertion(params["client_assertion"])
	if err != nil {
		return nil, fault(InvalidClient, "The parsing of the client_assertion failed.")
	}
	c := token.claims
	switch {
	case c.Issuer == "" || c.Issuer != c.Subject:
		return nil, fault(InvalidClient, "The issuer and the subject of the client_assertion must be the client_id.")
	case id != "" && id != c.Issuer:
		return nil, fault(InvalidClient, "The client_id of the request is not that of the client_assertion.")
	}
	client, err := p.client(ctx, a, c.Issuer)
	if err != nil {
		return nil, err
	}
	if err := p.verifyAssertion(ctx, client, token); err != nil {
		return nil, err
	}
	now := p.Clock.Now()
	switch {
	case !slices.ContainsFunc(c.Audience, func(v string) bool { return slices.Contains(audiences, v) }):
		return nil, fault(InvalidClient, "The audience claim for client_assertion must be the endpoint invoked for the request.")
	case c.Expires == nil:
		return nil, fault(InvalidClient, "The client_assertion has no expiration.")
	case !now.Before(c.Expires.time()):
		return nil, fault(InvalidClient, "The client_assertion token is expired.")
	case c.Expires.time().After(now.Add(maxAssertionLife + clockSkew)):
		return nil, fault(InvalidClient, "The client_assertion token has an expiration too far into the future.")
	case c.NotBefore != nil && c.NotBefore.time().After(now.Add(clockSkew)), c.IssuedAt != nil && c.IssuedAt.time().After(now.Add(clockSkew)):
		return nil, fault(InvalidClient, "The client_assertion token is not valid yet.")
	}
	if c.ID == "" {
		// As at Okta, an identifier makes it good once. Without one two processes
		// of the official Go SDK that begin in the same second send the same text.
		return client, nil
	}
	fresh, err := p.spend(ctx, a, spentAssertion, client.ID, c.ID, token.text, c.Expires.time())
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, fault(InvalidClient, "The client_assertion token has been used already.")
	}
	return client, nil
}

// What is good once; the words keep the kinds apart.
const (
	spentAssertion = "client assertion"
	spentProof     = "proof"
	spentBearer    = "bearer assertion"
	spentToken     = "access token"
	spentUser      = "tokens of a user"
	spentSAML      = "SAML assertion"
	spentRequest   = "request object"
)

// spend notes that a signed text was seen, by its identifier or, where it has
// none, by itself, and tells whether that is new.
func (p *Provider) spend(ctx context.Context, a idp.Actor, kind, owner, id, text string, expires time.Time) (fresh bool, err error) {
	if id == "" {
		id = text
	}
	err = p.Store.Write(ctx, func(tx *store.Tx) error {
		var err error
		fresh, err = tx.Spend(a.OrgID(), spentHash(kind, owner, id), expires.Add(clockSkew))
		return err
	})
	return fresh, err
}
