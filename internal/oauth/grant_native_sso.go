package oauth

import (
	"context"
	"slices"

	"usher/internal/keys"
	"usher/internal/signin"
	"usher/internal/store"
)

// deviceExchange trades an ID token and the device secret that goes with it for
// tokens of another application on the same device. The ID token may have
// expired; the device secret lives on by it. (OpenID Connect Native SSO section 4)
func (p *Provider) deviceExchange(ctx context.Context, c *TokenCall) (*Issue, error) {
	bad := fault(InvalidGrant, "The 'subject_token' or the 'actor_token' is invalid or has expired.")
	switch t, aud := c.Params["actor_token_type"], c.Params["audience"]; {
	case c.Server.Own():
		return nil, fault(InvalidRequest, "The organization's own authorization server has no device secrets.")
	case t != typeOfDevice && t != typeOfDeviceOIDF:
		return nil, fault(InvalidRequest, "The 'actor_token_type' must be '"+typeOfDevice+"'.")
	case c.Params["actor_token"] == "":
		return nil, fault(InvalidRequest, "The token request must have an 'actor_token' parameter.")
	case aud != c.Server.Audiences[0] && aud != c.Server.Issuer(c.Actor.Org):
		return nil, fault(InvalidTarget, "The 'audience' must be that of this authorization server.")
	}
	id, err := p.readIDToken(ctx, c.Actor, c.Server, c.Params["subject_token"])
	if err != nil {
		return nil, err
	}
	secret := c.Params["actor_token"]
	sum := keys.Hash(secret)
	if id == nil || len(id.Audience) != 1 || !keys.Equal(id.DeviceID, secretHash(sum)) {
		return nil, bad
	}
	scopes, err := p.scopes(ctx, c.Server, c.Client, c.Params)
	if err != nil {
		return nil, err
	}
	var out *Issue
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		out = nil
		var d deviceSession
		t, err := readDeviceSecret(tx, c.Actor.OrgID(), c.Server, secret, &d)
		if err != nil {
			return err
		}
		if t == nil || t.UserID != id.Subject || d.SessionID != id.SessionID {
			return bad
		}
		if d.Key != "" && c.Key == "" {
			return fault(InvalidProof, "The DPoP proof JWT header is missing.")
		}
		if _, err := p.client(ctx, c.Actor, t.ClientID); err != nil {
			if FaultOf(err) != nil {
				return bad
			}
			return err
		}
		q := Proof{Scopes: scopes, Grant: GrantExchange, AuthTime: d.AuthTime, AMR: d.AMR, SessionID: d.SessionID, DeviceSecret: sum}
		e, err := p.entitle(tx, c, t.UserID, q, signin.PathDeviceSecret)
		if err != nil {
			return err
		}
		if out, err = p.begin(tx, c, e, q); err != nil {
			return err
		}
		if err := d.keep(tx, out); err != nil {
			return err
		}
		t.Expires = d.Limits.expires(d.Begun, tx.Now())
		return rewriteTicket(tx, t, d)
	})
	if err != nil {
		return nil, err
	}
	out.issuedType = typeOfAccess
	return out, nil
}

// keep remembers an access token that came without a refresh token, to end it
// with the device secret.
func (d *deviceSession) keep(tx *store.Tx, i *Issue) error {
	d.Loose = slices.DeleteFunc(d.Loose, func(v looseToken) bool { return !tx.Now().Before(v.Expires) })
	if i.family != "" {
		return nil
	}
	if len(d.Loose) >= maxLoose {
		return fault(InvalidGrant, "The device secret has too many access tokens that have not expired. Ask for the scope 'offline_access'.")
	}
	d.Loose = append(d.Loose, looseToken{i.tokenID, tx.Now().Add(i.life.AccessLife())})
	return nil
}
