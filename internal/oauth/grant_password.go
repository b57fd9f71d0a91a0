package oauth

import (
	"context"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
)

// Password trades a user's name and password for tokens. (RFC 6749 section 4.3)
type Password struct{}

// Name implements Flow.
func (Password) Name() string { return GrantPassword }

// textBadPassword is the same whatever is wrong with the credentials.
const textBadPassword = "The credentials provided were invalid."

// Redeem implements Flow. The sign-in runs through the engine: guesses count,
// policies decide, and one that needs more than a password goes on as a direct
// sign-in where the client can, else it fails.
func (Password) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	login, password := c.Params["username"], c.Params["password"]
	if login == "" || password == "" {
		return nil, fault(InvalidRequest, "The token request must have the parameters 'username' and 'password'.")
	}
	if _, err := p.scopes(ctx, c.Server, c.Client, c.Params); err != nil {
		return nil, err
	}
	who := idp.Actor{Org: c.Actor.Org, Kind: idp.ActorAnonymous, Client: c.Actor.Client}
	t := p.Engine.Begin(ctx, who, signin.Options{Finish: signin.FinishToken})
	step, err := p.Engine.Apply(ctx, who, t, signin.GiveLogin{Login: login},
		signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{factor.Password: password}})
	if err != nil && idp.KindOf(err) == 0 {
		return nil, err
	}
	switch {
	case idp.KindOf(err) == idp.KindTooManyRequests:
		return nil, err
	case err != nil:
		return nil, fault(InvalidGrant, textBadPassword)
	}
	if _, done := step.(signin.Done); !done {
		return nil, p.askFurther(ctx, c, t, step)
	}
	return p.signedIn(ctx, c, step, GrantPassword, signin.PathPassword)
}
