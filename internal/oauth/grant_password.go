package oauth

import (
	"context"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/store"
)

// Password trades a user's name and password for tokens. (RFC 6749 section 4.3)
type Password struct{}

// Name implements Flow.
func (Password) Name() string { return GrantPassword }

// textBadPassword is the same whatever is wrong with the credentials.
const textBadPassword = "The credentials provided were invalid."

// Redeem implements Flow. The sign-in runs through the engine: guesses count,
// policies decide, and one that needs more than a password fails.
func (Password) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	login, password := c.Params["username"], c.Params["password"]
	if login == "" || password == "" {
		return nil, fault(InvalidRequest, "The token request must have the parameters 'username' and 'password'.")
	}
	scopes, err := p.scopes(ctx, c.Server, c.Client, c.Params)
	if err != nil {
		return nil, err
	}
	who := idp.Actor{Org: c.Actor.Org, Kind: idp.ActorAnonymous, Client: c.Actor.Client}
	t := p.Engine.Begin(ctx, who, signin.Options{Finish: signin.FinishToken})
	step, err := p.Engine.Apply(ctx, who, t, signin.GiveLogin{Login: login},
		signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{factor.Password: password}})
	if err != nil && idp.KindOf(err) == 0 {
		return nil, err
	}
	done, ok := step.(signin.Done)
	switch {
	case idp.KindOf(err) == idp.KindTooManyRequests:
		return nil, err
	case err != nil || !ok || done.SessionToken == "":
		return nil, fault(InvalidGrant, textBadPassword)
	}
	var out *Issue
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		draft, err := p.Engine.Sessions.TakeSessionToken(tx, c.Actor.OrgID(), done.SessionToken)
		if err != nil {
			return fault(InvalidGrant, textBadPassword)
		}
		q := Proof{Scopes: scopes, Grant: GrantPassword, AuthTime: tx.Now(), AMR: draft.AMR}
		e, err := p.entitle(tx, c, draft.UserID, q, signin.PathPassword)
		if err != nil {
			return err
		}
		out, err = p.begin(tx, c, e, q)
		return err
	})
	return out, err
}
