package oauth

import (
	"context"

	"usher/internal/signin"
)

// InteractionCode trades the code of an interaction for tokens. (IdX reference:
// token, grant_type=interaction_code)
type InteractionCode struct{}

// Name implements Flow.
func (InteractionCode) Name() string { return GrantInteraction }

// Redeem implements Flow. It is as for an authorization code, but that the
// redirect address may be left out.
func (InteractionCode) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	return p.redeemCode(ctx, c, codeKind{
		ticket: ticketInteracted, param: "interaction_code", path: signin.PathInteraction, text: "The interaction code is invalid or has expired.",
		bare: true,
	})
}
