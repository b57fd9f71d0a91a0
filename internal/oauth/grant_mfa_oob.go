package oauth

import (
	"context"

	"usher/internal/factor"
	"usher/internal/keys"
	"usher/internal/signin"
	"usher/internal/store"
)

// MFAOOB ends a direct sign-in by what was sent or asked over another channel.
// (spec: oauth2#token, TokenRequestDirectAuthenticationMfaOob)
type MFAOOB struct{}

// Name implements Flow.
func (MFAOOB) Name() string { return GrantMFAOOB }

// Redeem implements Flow. A code that was sent comes as binding_code; the answer
// of a device is polled for.
func (MFAOOB) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	code := c.Params["oob_code"]
	if code == "" {
		return nil, fault(InvalidRequest, "The token request must have an 'oob_code' parameter.")
	}
	if _, err := p.scopes(ctx, c.Server, c.Client, c.Params); err != nil {
		return nil, err
	}
	var doc oobDocument
	t, err := readTicket(p.Store.Read(ctx), c.Actor.OrgID(), ticketOOB, code, &doc)
	if err != nil {
		return nil, err
	}
	if t == nil || t.ClientID != c.Client.ID || doc.ServerID != c.Server.ID {
		return nil, isOver(textOOBOver)
	}
	handle, err := p.Keeper.Open(oobPlace(c.Actor.OrgID()), doc.Handle)
	if err != nil {
		return nil, err
	}
	if token := c.Params["mfa_token"]; token != "" && !keys.Equal(token, string(handle)) {
		return nil, fault(InvalidRequest, textNotTogether)
	}
	d, err := p.goOn(ctx, c, string(handle), textOOBOver)
	if err != nil {
		return nil, err
	}
	s, ok := d.step.(signin.Challenge)
	if !ok || s.Method.FactorID != doc.Factor || s.ID != doc.Challenge {
		return nil, isOver(textOOBOver)
	}
	var act signin.Action = signin.Poll{FactorID: doc.Factor}
	switch {
	case !s.Waiting && c.Params["binding_code"] == "":
		return nil, fault(InvalidRequest, "The token request must have a 'binding_code' parameter.")
	case !s.Waiting:
		act = signin.VerifyFactor{Method: s.Method.Kind, FactorID: doc.Factor, Answer: map[string]string{factor.FieldPassCode: c.Params["binding_code"]}}
	case s.Result == factor.Waiting:
		return nil, p.pollOOB(ctx, c, code)
	case s.Result == factor.Expired:
		return nil, isOver(textOOBOver)
	case s.Result != factor.Accepted:
		return nil, fault(AccessDenied, textRefused)
	}
	step, err := p.Engine.Apply(ctx, d.who, d.sign, act)
	if err != nil {
		return nil, directFault(err, textOOBOver)
	}
	return p.signedIn(ctx, c, step, GrantMFAOOB, signin.PathMFAOOB)
}

// pollOOB notes that a client has asked, and tells it to wait.
func (p *Provider) pollOOB(ctx context.Context, c *TokenCall, code string) error {
	var wait error
	err := p.Store.Tx(ctx, func(tx *store.Tx) error {
		var doc oobDocument
		t, err := readTicket(tx, c.Actor.OrgID(), ticketOOB, code, &doc)
		if err != nil {
			return err
		}
		if t == nil {
			wait = isOver(textOOBOver)
			return nil
		}
		wait = doc.poll(tx, textNoResponse)
		return rewriteTicket(tx, t, doc)
	})
	if err != nil {
		return err
	}
	return wait
}
