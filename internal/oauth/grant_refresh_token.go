package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/store"
)

// RefreshToken trades a refresh token for new tokens. (RFC 6749 section 6)
type RefreshToken struct{}

// Name implements Flow.
func (RefreshToken) Name() string { return GrantRefresh }

const textBadRefresh = "The refresh token is invalid or expired."

// Redeem implements Flow. A refresh token that was rotated away and comes after
// the time of grace has been stolen, or its successor has: the whole family ends
// (RFC 9700 section 4.14.2).
func (RefreshToken) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	token := c.Params["refresh_token"]
	if token == "" {
		return nil, fault(InvalidRequest, "The token request must have a 'refresh_token' parameter.")
	}
	asked, err := c.Params.Scopes()
	if err != nil {
		return nil, err
	}
	rotates, grace := rotation(c.Client)
	var out *Issue
	var refused error
	// Whoever ends what the user has takes the family away, and what moves it on
	// writes it: one of the two comes first. (ADR 0016)
	err = p.guarded(c)(ctx, func(tx *store.Tx) error {
		out, refused = nil, nil
		row, err := findRefresh(tx, c.Actor.OrgID(), token)
		if err != nil {
			return err
		}
		if row == nil || row.ClientID != c.Client.ID || row.ServerID != c.Server.ID {
			refused = fault(InvalidGrant, textBadRefresh)
			return nil
		}
		stands := standingOf(row, token, grace, tx.Now())
		if stands == refreshReused {
			refused = fault(InvalidGrant, textBadRefresh)
			return p.stolen(tx, c, row)
		}
		q, err := proofOfRefresh(row)
		if err != nil {
			return err
		}
		if refused = narrow(&q, asked, c.Key); refused != nil {
			return nil //nolint:nilerr // the refusal is the answer; what was read stays
		}
		e, err := p.entitle(tx, c, row.UserID, q, signin.PathRefreshToken)
		if FaultOf(err) != nil {
			refused = err
			return nil //nolint:nilerr // the refusal is the answer; what was read stays
		}
		if err != nil {
			return err
		}
		out = &Issue{
			call: c, user: e.user, assignment: e.assignment, life: e.life, proof: q, access: true, id: slices.Contains(q.Scopes, ScopeOpenID),
			refresh: token, family: row.ID, again: true,
		}
		return p.renew(tx, out, row, token, stands, rotates)
	})
	if err == nil {
		err = refused
	}
	return out, err
}

// proofOfRefresh reads what a family of refresh tokens stands for.
func proofOfRefresh(row *store.OAuthRefresh) (Proof, error) {
	var q Proof
	if err := json.Unmarshal(row.Document, &q); err != nil {
		return q, fmt.Errorf("read refresh token %s: %w", row.ID, err)
	}
	return q, nil
}

// narrow limits what comes of a refresh token to the scopes that are asked for,
// and checks the key that it is bound to.
func narrow(q *Proof, asked []string, key string) error {
	if q.Key != "" && q.Key != key {
		return fault(InvalidProof, "The DPoP proof JWT is of another key than the refresh token.")
	}
	q.Key = key
	for _, name := range asked {
		if !slices.Contains(q.Scopes, name) {
			return fault(InvalidScope, "The requested scope is invalid, unknown, or malformed.")
		}
	}
	if len(asked) > 0 {
		q.Scopes = asked
	}
	q.Nonce = "" // belongs to the first ID token (OpenID Connect Core section 12.2)
	return nil
}

// renew moves the family on and records what is handed out.
func (p *Provider) renew(tx *store.Tx, i *Issue, row *store.OAuthRefresh, token string, s standing, rotates bool) error {
	limits := refreshLimits{Life: i.life.RefreshLife(), Idle: i.life.RefreshWindow()}
	row.Expires = limits.expires(row.Created, tx.Now())
	if !row.Expires.After(tx.Now()) {
		return fault(InvalidGrant, textBadRefresh)
	}
	if rotates || s == refreshGrace {
		i.refresh, i.again = p.rotate(tx, row, token, s), s == refreshGrace
	}
	i.name(p)
	if err := p.granted(tx, i); err != nil {
		return err
	}
	// The same token that is used twice a minute need not be written twice.
	if s == refreshGrace || (!rotates && tx.Now().Sub(row.LastUpdated) < time.Minute) {
		return nil
	}
	return tx.UpdateOAuthRefresh(row)
}

// stolen ends a family of which an old token has come.
func (p *Provider) stolen(tx *store.Tx, c *TokenCall, row *store.OAuthRefresh) error {
	if _, err := tx.DeleteOAuthRefresh(row.OrgID, store.OAuthRefreshFilter{ID: row.ID}); err != nil {
		return err
	}
	target := idp.Target{ID: row.ID, Type: "refresh_token", AlternateID: "unknown", DisplayName: "unknown"}
	return p.note(tx, c.Actor, c.Server, "token.detect_reuse", nil, c.Client.target(), target)
}
