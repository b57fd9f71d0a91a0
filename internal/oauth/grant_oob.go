package oauth

import (
	"context"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/store"
)

// OOB trades the answer of the user's device, as all of a sign-in, for tokens.
// (spec: oauth2#token, TokenRequestDirectAuthenticationOob)
type OOB struct{}

// Name implements Flow.
func (OOB) Name() string { return GrantOOB }

// Redeem implements Flow.
func (OOB) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	scopes, err := p.scopes(ctx, c.Server, c.Client, c.Params)
	if err != nil {
		return nil, err
	}
	return p.redeemAnswer(ctx, c, oobKind(), scopes)
}

func oobKind() askKind {
	over := isOver(textOOBOver)
	return askKind{
		grant: GrantOOB, ticket: ticketPrimary, param: "oob_code", path: signin.PathOOB, purpose: factor.ToSignIn, alone: true,
		unknown: over, over: over, pending: textNoResponse,
	}
}

// StartPrimary has a user asked on the device that answers pushes, as all of a
// sign-in. Its answer is the same for a login that is nobody's, and for a user of
// whom the policy wants more. Only clients that prove who they are may: anybody
// else could have people asked all the time. (spec: oauth2#primary-authenticate)
func (p *Provider) StartPrimary(ctx context.Context, a idp.Actor, in TokenRequestInput, endpoint string) (*DirectChallenge, error) {
	s, client, err := p.clientCall(ctx, a, in, endpoint)
	if err != nil {
		return nil, err
	}
	login, channel, hint := in.Params["login_hint"], in.Params["channel_hint"], in.Params["challenge_hint"]
	switch {
	case !client.Grants(GrantOOB):
		return nil, notConfigured(client)
	case client.Public():
		return nil, fault(UnauthorizedClient, "The client must be able to prove who it is.")
	case login == "":
		return nil, fault(InvalidRequest, "The request must have a 'login_hint' parameter.")
	case channel != "push":
		return nil, fault(InvalidRequest, "`"+shown(channel)+"` isn't supported as a `channel_hint`. Try again with another value.")
	case hint != "" && hint != GrantOOB:
		return nil, fault(InvalidRequest, "`"+shown(hint)+"` isn't supported as a `challenge_hint`. Try again with another value.")
	}
	c := &TokenCall{Actor: clientActor(a, client), Server: s, Client: client, Params: in.Params}
	ask := &backchannelAsk{scopes: []string{ScopeOpenID}, login: login, life: backchannelLife}
	out := &DirectChallenge{Channel: channel, Binding: "none", Expires: ask.life, Interval: pollInterval}
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		var err error
		out.Code, out.Number, err = p.askUser(tx, c, oobKind(), ask)
		return err
	})
	if out.Number != nil {
		out.Binding = "transfer"
	}
	return out, err
}
