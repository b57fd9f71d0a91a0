package oauth

import (
	"context"

	"usher/internal/idp"
)

// says are the claims of the tokens of an issue beyond those of the protocol.
func (p *Provider) says(ctx context.Context, a idp.Actor, i *Issue) (*Claims, error) {
	f := &Facts{
		Org: a.Org, Server: i.call.Server, Client: i.call.Client, User: i.user, Assignment: i.assignment, Scopes: i.proof.Scopes,
		AMR: i.proof.AMR, SessionID: i.proof.SessionID,
	}
	if err := p.Complete(ctx, f); err != nil {
		return nil, err
	}
	out, err := f.Claims()
	if err != nil {
		return nil, err
	}
	sub, ok := out.Access["sub"]
	switch {
	case i.user != nil && (!ok || sub == i.call.Client.ID):
		// A service to which nobody is assigned still acts for this user.
		out.Access["sub"] = i.user.Login
	case !ok:
		out.Access["sub"] = i.call.Client.ID
	}
	return out, nil
}
