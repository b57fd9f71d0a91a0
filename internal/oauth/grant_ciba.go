package oauth

import (
	"context"
	"errors"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// Backchannel trades the identifier of a request that its user has agreed to on
// a device for tokens. (OpenID Connect CIBA section 10.1)
type Backchannel struct{}

// Name implements Flow.
func (Backchannel) Name() string { return GrantBackchannel }

// Texts of the grant. (spec: oauth2#token, the examples of the guide to CIBA)
const (
	textBadRequestID = "The 'auth_req_id' is invalid or has expired."
	textNotAnswered  = "The authorization request is still pending as the user hasn't yet been authenticated."
	textRefused      = "The resource owner denied the request."
)

// Redeem implements Flow.
func (Backchannel) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	return p.redeemAnswer(ctx, c, backchannelKind(), nil)
}

// redeemAnswer trades what a user has answered on a device. scopes take the place
// of those of the request where they come with the token request.
func (p *Provider) redeemAnswer(ctx context.Context, c *TokenCall, k askKind, scopes []string) (*Issue, error) {
	id := c.Params[k.param]
	if id == "" {
		return nil, fault(InvalidRequest, "The token request must have an '"+k.param+"' parameter.")
	}
	var out *Issue
	var refused error
	err := p.Store.Tx(ctx, func(tx *store.Tx) error {
		out, refused = nil, nil
		var d backchannelDocument
		t, err := readTicket(tx, c.Actor.OrgID(), k.ticket, id, &d)
		switch {
		case err != nil:
			return err
		case t == nil || !t.Used.IsZero() || t.ClientID != c.Client.ID || d.ServerID != c.Server.ID:
			refused = k.unknown
			return nil
		case !tx.Now().Before(d.Ends):
			refused = k.over
			return nil
		}
		sub, result, err := p.answered(tx, c, k, t, &d, id)
		if err != nil {
			return err
		}
		if result == factor.Waiting {
			refused = d.poll(tx, k.pending)
			return rewriteTicket(tx, t, d)
		}
		if t, err = takeTicket(tx, c.Actor.OrgID(), k.ticket, id, &d); err != nil || t == nil {
			refused = k.unknown
			return err
		}
		if result != factor.Accepted {
			refused = fault(AccessDenied, textRefused)
			return nil
		}
		if scopes != nil {
			d.Scopes = scopes
		}
		out, err = p.agreed(tx, c, k, sub, d.Proof)
		if FaultOf(err) != nil {
			refused = err
			return nil //nolint:nilerr // the refusal is the answer; what was read stays
		}
		return err
	})
	if err == nil {
		err = refused
	}
	return out, err
}

// answered tells what has become of the question to the user. One that was never
// put, or is too old, waits: the request itself says when it is over. One whose
// device is gone was refused.
func (p *Provider) answered(tx *store.Tx, c *TokenCall, k askKind, t *store.OAuthTicket, d *backchannelDocument, id string) (factor.Subject, factor.Result, error) {
	if d.Challenge == "" {
		return factor.Subject{}, factor.Waiting, nil
	}
	var sub factor.Subject
	f, err := tx.Factor(c.Actor.OrgID(), t.UserID, d.Factor)
	if errors.Is(err, store.ErrNotFound) {
		return sub, factor.Rejected, nil
	}
	if err != nil {
		return sub, "", store.Failure("read factor", err)
	}
	ch, err := factor.ChallengeOf(tx, f, factor.Owner(id), k.purpose, d.Challenge)
	if idp.KindOf(err) == idp.KindNotFound {
		return sub, factor.Rejected, nil
	}
	if err != nil {
		return sub, "", err
	}
	u, err := tx.User(c.Actor.OrgID(), t.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return sub, factor.Rejected, nil
	}
	if err != nil {
		return sub, "", store.Failure("read user", err)
	}
	sub = factor.Subject{Org: c.Actor.Org, User: u, Factor: f, Challenge: ch}
	result := factor.ResultOf(ch, tx.Now())
	if result == factor.Expired {
		result = factor.Waiting
	}
	return sub, result, nil
}

// agreed takes the answer of a device for the proof that it is, and hands out
// what the user has agreed to.
func (p *Provider) agreed(tx *store.Tx, c *TokenCall, k askKind, sub factor.Subject, q Proof) (*Issue, error) {
	e, err := p.entitle(tx, c, sub.User.ID, q, k.path)
	if err != nil {
		return nil, err
	}
	err = p.Engine.Ceremonies.Took(tx, c.Actor, sub)
	if idp.KindOf(err) == idp.KindUserLocked {
		return nil, fault(AccessDenied, textRefused)
	}
	if err != nil {
		return nil, err
	}
	sub.Challenge.Result = string(factor.Taken)
	if err := tx.UpdateChallenge(sub.Challenge); err != nil {
		return nil, store.Failure("note that an answer has counted", err)
	}
	if m, ok := p.Engine.Factors.Method(methodPush); ok {
		q.AMR = m.Describe().AMR
	}
	q.AuthTime = tx.Now()
	return p.begin(tx, c, e, q)
}
