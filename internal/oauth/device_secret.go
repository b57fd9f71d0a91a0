package oauth

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// A device secret stands for a user who has signed in to one application on a
// device: with an ID token of that sign-in another application of the same device
// gets tokens without asking again. (OpenID Connect Native SSO for Mobile Apps
// 1.0; spec: oauth2#token, the guide to native applications)

// Names of the tokens of this exchange.
const (
	typeOfID         = "urn:ietf:params:oauth:token-type:id_token"
	typeOfDevice     = "urn:x-oath:params:oauth:token-type:device-secret" //nolint:gosec // a name, no secret
	typeOfDeviceOIDF = "urn:openid:params:token-type:device-secret"       //nolint:gosec // the same
)

// maxLoose bounds how many access tokens that came without a refresh token a
// device secret has at a time: they are remembered, to end with it.
const maxLoose = 100

// deviceSession is what a device secret stands for.
type deviceSession struct {
	Proof
	ServerID string        `json:"server,omitempty"`
	Begun    time.Time     `json:"begun"`
	Limits   refreshLimits `json:"limits"` // of the refresh token that it came with
	Loose    []looseToken  `json:"loose,omitempty"`
}

type looseToken struct {
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
}

// wantsSecret tells whether a device secret goes along with the tokens: it was
// asked for in a sign-in of the user's, with a refresh token, at a custom server.
func wantsSecret(c *TokenCall, q *Proof) bool {
	return !c.Server.Own() && (q.Grant == GrantCode || q.Grant == GrantInteraction) && q.SessionID != "" && len(q.DeviceSecret) == 0 &&
		slices.Contains(q.Scopes, ScopeDeviceSSO) && slices.Contains(q.Scopes, ScopeOffline) && slices.Contains(q.Scopes, ScopeOpenID)
}

// newDeviceSecret makes one for the proof of a sign-in, which names it from now
// on.
func (p *Provider) newDeviceSecret(tx *store.Tx, c *TokenCall, userID string, l refreshLimits, q *Proof) (string, error) {
	d := deviceSession{Proof: *q, ServerID: c.Server.ID, Begun: tx.Now(), Limits: l}
	secret, err := p.newTicket(tx, c.Actor.OrgID(), ticketDeviceSecret, "", c.Client.ID, userID, l.expires(tx.Now(), tx.Now()).Sub(tx.Now()), d)
	q.DeviceSecret = keys.Hash(secret)
	return secret, err
}

// secretHash is how an ID token names a device secret that is known by its
// SHA-256. (OpenID Connect Native SSO section 3.3)
func secretHash(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:16]) }

// readDeviceSecret finds what a device secret stands for at a server; nil for one
// that does not hold.
func readDeviceSecret(tx *store.Tx, orgID string, s *Server, secret string, d *deviceSession) (*store.OAuthTicket, error) {
	t, err := readTicket(tx, orgID, ticketDeviceSecret, secret, d)
	if err != nil || t == nil || !t.Used.IsZero() || d.ServerID != s.ID {
		return nil, err
	}
	return t, nil
}

// endDevice ends a device secret and all that came of it, for every application.
func (p *Provider) endDevice(tx *store.Tx, orgID, secret string, t *store.OAuthTicket, d *deviceSession) error {
	const page = 200
	if _, err := takeTicket(tx, orgID, ticketDeviceSecret, secret, new(deviceSession)); err != nil {
		return err
	}
	for _, v := range d.Loose {
		if err := p.void(tx, orgID, v.ID); err != nil {
			return err
		}
	}
	sum, after := keys.Hash(secret), ""
	for {
		rows, err := tx.OAuthRefreshAfter(orgID, store.OAuthRefreshFilter{UserID: t.UserID, ServerID: d.ServerID}, after, page)
		if err != nil {
			return err
		}
		for _, row := range rows {
			q, err := proofOfRefresh(row)
			if err != nil {
				return err
			}
			if !keys.Equal(string(q.DeviceSecret), string(sum)) {
				continue
			}
			if _, err := tx.DeleteOAuthRefresh(orgID, store.OAuthRefreshFilter{ID: row.ID}); err != nil {
				return err
			}
		}
		if len(rows) < page {
			return nil
		}
		after = rows[page-1].ID
	}
}

// EndDevice ends a device secret that comes with a request to sign out; one that
// is not that of the ID token is nothing. (OpenID Connect Native SSO section 5)
func (p *Provider) EndDevice(ctx context.Context, a idp.Actor, serverID string, out *Logout, secret string) error {
	if secret == "" || out.device == "" {
		return nil
	}
	s, err := p.serving(ctx, a, serverID)
	if err != nil {
		return err
	}
	return p.Store.Tx(ctx, func(tx *store.Tx) error {
		var d deviceSession
		t, err := readDeviceSecret(tx, a.OrgID(), s, secret, &d)
		if err != nil || t == nil || t.UserID != out.UserID || !keys.Equal(out.device, secretHash(keys.Hash(secret))) {
			return err
		}
		if err := p.endDevice(tx, a.OrgID(), secret, t, &d); err != nil {
			return err
		}
		return p.note(tx, a, s, "token.revoke", nil, out.Client.target(), tokenTarget("device_secret", d.SessionID))
	})
}

// introspectDevice tells a client of the device secret that it was given.
func (p *Provider) introspectDevice(ctx context.Context, a idp.Actor, s *Server, client *Client, text string) (*Introspection, error) {
	var d deviceSession
	t, err := readDeviceSecret(p.Store.Read(ctx), a.OrgID(), s, text, &d)
	if err != nil || t == nil || t.ClientID != client.ID {
		return nil, err
	}
	return &Introspection{Active: true, Type: typeOfDevice, SessionID: d.SessionID, Expires: t.Expires}, nil
}
