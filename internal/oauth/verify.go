package oauth

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// voidLife is how long it is remembered that an access token was revoked: none
// lives longer.
const voidLife = 25 * time.Hour

// void revokes an access token by its identifier.
func (p *Provider) void(tx *store.Tx, orgID, tokenID string) error {
	_, err := tx.Spend(orgID, spentHash(spentToken, "", tokenID), tx.Now().Add(voidLife))
	return err
}

// idToken is what an ID token says of itself.
type idToken struct {
	claims
	SessionID string `json:"sid"`
	DeviceID  string `json:"ds_hash"`
}

// readIDToken verifies an ID token of a server, whether or not it has expired;
// nil for what is none.
func (p *Provider) readIDToken(ctx context.Context, a idp.Actor, s *Server, text string) (*idToken, error) {
	signed, err := p.Signing.Verify(ctx, s.Owner(), text)
	if errors.Is(err, keys.ErrSignature) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t, ok := signed.Said(said).(*idToken)
	if !ok || t.Issuer != s.Issuer(a.Org) {
		return nil, nil
	}
	return t, nil
}

// hinted is the user whom an id_token_hint is about.
func (p *Provider) hinted(ctx context.Context, a idp.Actor, s *Server, client *Client, hint string) (string, error) {
	t, err := p.readIDToken(ctx, a, s, hint)
	if err != nil {
		return "", err
	}
	if t == nil || !slices.Contains(t.Audience, client.ID) {
		return "", fault(InvalidRequest, "The 'id_token_hint' parameter is invalid.")
	}
	return t.Subject, nil
}
