package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"usher/internal/eventlog"
	"usher/internal/federation"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/store"
)

// SAMLBearer trades an assertion of an identity provider that the organisation
// trusts for tokens. (RFC 7522 section 2.1)
type SAMLBearer struct{}

// Name implements Flow.
func (SAMLBearer) Name() string { return GrantSAML }

// textBadAssertion is the same whatever is wrong with an assertion.
const textBadAssertion = "The assertion is invalid, or its issuer is not trusted."

// Redeem implements Flow. The assertion is made out to the authorization server
// or to the organisation as the identity provider knows it, and is good once.
func (SAMLBearer) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	text := c.Params["assertion"]
	if text == "" {
		return nil, fault(InvalidRequest, "The token request must have an 'assertion' parameter.")
	}
	scopes, err := p.scopes(ctx, c.Server, c.Client, c.Params)
	if err != nil {
		return nil, err
	}
	document, err := decodeAssertion(text)
	if err != nil {
		return nil, fault(InvalidGrant, textBadAssertion)
	}
	endpoint := c.Server.Endpoint(c.Actor.Org, "token")
	said, err := p.Federation.Believe(ctx, c.Actor, document, federation.Place{
		Audiences: []string{c.Server.Issuer(c.Actor.Org), endpoint}, Recipients: []string{endpoint}, Life: maxAssertionLife,
	})
	if errors.Is(err, federation.ErrRefused) {
		return nil, p.disbelieved(ctx, c, err)
	}
	if err != nil {
		return nil, err
	}
	q := Proof{Scopes: scopes, Grant: GrantSAML, AuthTime: said.Authenticated}
	if now := p.Clock.Now(); q.AuthTime.IsZero() || q.AuthTime.After(now) {
		q.AuthTime = now
	}
	var out *Issue
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		fresh, err := tx.Spend(c.Actor.OrgID(), spentHash(spentSAML, said.Provider.ID, said.ID), said.Until)
		if err != nil {
			return err
		}
		if !fresh {
			return fault(InvalidGrant, "The assertion has been used already.")
		}
		u, err := p.speaksFor(tx, c, said)
		if err != nil {
			return err
		}
		e, err := p.entitle(tx, c, u.ID, q, signin.PathSAMLAssertion)
		if err != nil {
			return err
		}
		if err := p.Log.Record(tx, c.Actor, eventlog.Entry{Type: eventlog.AuthViaSAML, Targets: []idp.Target{idp.UserTarget(u), said.Provider.Target()}}); err != nil {
			return err
		}
		out, err = p.begin(tx, c, e, q)
		return err
	})
	return out, err
}

// disbelieved records why an assertion counts for nothing, which the client is
// not told.
func (p *Provider) disbelieved(ctx context.Context, c *TokenCall, why error) error {
	const most = 200
	reason := why.Error()
	if len(reason) > most {
		reason = strings.ToValidUTF8(reason[:most], "")
	}
	err := p.Log.Tell(ctx, p.Store, c.Actor, eventlog.Entry{
		Type: eventlog.AuthViaSAML, Result: idp.ResultFailure, Reason: reason, Targets: []idp.Target{c.Client.target()},
	})
	if err != nil {
		return err
	}
	return fault(InvalidGrant, textBadAssertion)
}

// speaksFor finds the user whom an assertion is about, and for whom its issuer
// may speak.
func (p *Provider) speaksFor(tx *store.Tx, c *TokenCall, said *federation.Said) (*idp.User, error) {
	u, err := p.Engine.Directory.ByLogin(tx, c.Actor.OrgID(), said.Login)
	if idp.KindOf(err) == idp.KindNotFound {
		return nil, fault(InvalidGrant, "The subject of the assertion is no user.")
	}
	if err != nil {
		return nil, err
	}
	groups, err := tx.GroupIDsOf(u.OrgID, u.ID)
	if err != nil {
		return nil, err
	}
	if !said.Provider.Speaks(append(slices.Clone(groups), c.Actor.Org.Settings.EveryoneID)) {
		return nil, fault(InvalidGrant, "The identity provider does not speak for the subject of the assertion.")
	}
	return u, nil
}

// decodeAssertion reads an assertion in either alphabet of base64, with padding or
// without.
func decodeAssertion(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "+").Replace(strings.TrimRight(text, "=\r\n"))
	return base64.RawStdEncoding.DecodeString(text)
}
