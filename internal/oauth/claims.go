package oauth

import (
	"context"

	"usher/internal/idp"
)

// says are the claims of the tokens of an issue beyond those of the protocol.
func (p *Provider) says(ctx context.Context, a idp.Actor, i *Issue) (*Claims, error) {
	f, err := p.Facts(ctx, a.Org, i.call.Server, i.call.Client, i.user, i.proof.Scopes)
	if err != nil {
		return nil, err
	}
	f.AMR, f.SessionID = i.proof.AMR, i.proof.SessionID
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
