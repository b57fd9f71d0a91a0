package oauth

import (
	"context"

	"usher/internal/signin"
	"usher/internal/store"
)

// DeviceCode trades the code of a device for tokens, once its user has let it
// in. (RFC 8628 section 3.4)
type DeviceCode struct{}

// Name implements Flow.
func (DeviceCode) Name() string { return GrantDevice }

// Redeem implements Flow. A device that asks faster than it was told to is told
// to wait longer.
func (DeviceCode) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	code := c.Params["device_code"]
	if code == "" {
		return nil, fault(InvalidRequest, "The token request must have a 'device_code' parameter.")
	}
	var out *Issue
	var refused error
	err := p.Store.Tx(ctx, func(tx *store.Tx) error {
		out, refused = nil, nil
		var d deviceDocument
		t, err := readTicket(tx, c.Actor.OrgID(), ticketDevice, code, &d)
		switch {
		case err != nil:
			return err
		case t == nil || !t.Used.IsZero() || t.ClientID != c.Client.ID || d.ServerID != c.Server.ID:
			refused = fault(InvalidGrant, "The device code is invalid or has expired.")
			return nil
		case !tx.Now().Before(d.Ends):
			refused = fault(ExpiredToken, "The device code has expired.")
			return nil
		case d.Answer == "":
			refused = d.poll(tx, "The device authorization is pending. Please try again later.")
			return rewriteTicket(tx, t, d)
		}
		if t, err = takeTicket(tx, c.Actor.OrgID(), ticketDevice, code, &d); err != nil || t == nil {
			refused = fault(InvalidGrant, "The device code is invalid or has expired.")
			return err
		}
		if d.Answer != deviceAllowed {
			refused = fault(AccessDenied, "The resource owner denied the request.")
			return nil
		}
		e, err := p.entitle(tx, c, t.UserID, d.Proof, signin.PathDevice)
		if FaultOf(err) != nil {
			refused = err
			return nil //nolint:nilerr // the refusal is the answer; what was read stays
		}
		if err != nil {
			return err
		}
		out, err = p.begin(tx, c, e, d.Proof)
		return err
	})
	if err == nil {
		err = refused
	}
	return out, err
}
