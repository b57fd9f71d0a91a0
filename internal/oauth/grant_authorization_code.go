package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"usher/internal/keys"
	"usher/internal/signin"
	"usher/internal/store"
)

// codeDocument is what an authorization code stands for.
type codeDocument struct {
	Proof
	ServerID  string `json:"server,omitempty"`
	Redirect  string `json:"redirect"`
	Challenge string `json:"challenge,omitempty"`
	Key       string `json:"key,omitempty"` // RFC 9449 section 10
	// Family and Token are what it was traded for: they are void once the code
	// comes a second time.
	Family string `json:"family,omitempty"`
	Token  string `json:"token,omitempty"`
}

// AuthorizationCode trades a code for tokens. (RFC 6749 section 4.1.3)
type AuthorizationCode struct{}

// Name implements Flow.
func (AuthorizationCode) Name() string { return GrantCode }

// Redeem implements Flow.
func (AuthorizationCode) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	return p.redeemCode(ctx, c, codeKind{
		ticket: ticketCode, param: "code", path: signin.PathCode, text: "The authorization code is invalid or has expired.",
	})
}

// textOthersGrant is for a grant that another client was given. (spec:
// oauth2#token, its examples of errors)
const textOthersGrant = "The grant was issued to another client. Ensure that the 'client_id' matches the one used at the authorize request."

// codeKind is a kind of code.
type codeKind struct {
	ticket string
	param  string
	path   signin.Path
	text   string // for one that does not hold
	bare   bool   // the redirect address may be left out
}

// redeemCode trades a code. One that its client brings is used up, whatever
// comes of it; one that comes again takes back what it was traded for (RFC 6749
// section 4.1.2).
func (p *Provider) redeemCode(ctx context.Context, c *TokenCall, k codeKind) (*Issue, error) {
	code := c.Params[k.param]
	if code == "" {
		return nil, fault(InvalidRequest, "The token request must have a '"+k.param+"' parameter.")
	}
	var out *Issue
	var refused error
	// Whoever ends what the user has takes the code away, and this uses it: one of
	// the two comes first. (ADR 0016)
	err := p.guarded(c)(ctx, func(tx *store.Tx) error {
		out, refused = nil, nil
		var d codeDocument
		t, err := readTicket(tx, c.Actor.OrgID(), k.ticket, code, &d)
		switch {
		case err != nil:
			return err
		case t == nil || d.ServerID != c.Server.ID:
			refused = fault(InvalidGrant, k.text)
			return nil
		case t.ClientID != c.Client.ID:
			refused = fault(InvalidGrant, textOthersGrant)
			return nil
		case !t.Used.IsZero():
			refused = fault(InvalidGrant, k.text)
			return p.takeBack(tx, c, d)
		}
		if t, err = takeTicket(tx, c.Actor.OrgID(), k.ticket, code, &d); err != nil || t == nil {
			refused = fault(InvalidGrant, k.text)
			return err
		}
		if refused = d.check(c, k.bare); refused != nil {
			return nil //nolint:nilerr // the refusal is the answer; what was read stays
		}
		e, err := p.entitle(tx, c, t.UserID, d.Proof, k.path)
		if FaultOf(err) != nil {
			refused = err
			return nil //nolint:nilerr // the refusal is the answer; what was read stays
		}
		if err != nil {
			return err
		}
		if out, err = p.begin(tx, c, e, d.Proof); err != nil {
			return err
		}
		d.Family, d.Token = out.family, out.tokenID
		return rewriteTicket(tx, t, d)
	})
	if err == nil {
		err = refused
	}
	return out, err
}

// guarded begins the transaction of a grant that trades something which whoever
// ends what its user has takes away, too. A client that wants to hear of the end
// of sessions learns of one here, by rows that are read alone.
func (p *Provider) guarded(c *TokenCall) func(context.Context, func(*store.Tx) error) error {
	if c.Client.HearsBack() || c.Client.HearsFront() {
		return p.Store.Tx
	}
	return p.Store.Guarded
}

// check compares what comes with a code with what it was given for.
func (d *codeDocument) check(c *TokenCall, bare bool) error {
	verifier, redirect := c.Params["code_verifier"], c.Params["redirect_uri"]
	switch {
	case redirect != d.Redirect && (redirect != "" || !bare):
		return fault(InvalidGrant, "The 'redirect_uri' does not match the redirection URI used in the authorization request.")
	case d.Challenge == "" && verifier != "":
		// A code for which no challenge was given cannot prove one. (RFC 9700
		// section 2.1.1: PKCE downgrade)
		return fault(InvalidGrant, "PKCE verification failed.")
	case d.Challenge != "" && !verifies(d.Challenge, verifier):
		return fault(InvalidGrant, "PKCE verification failed.")
	case d.Key != "" && d.Key != c.Key:
		return fault(InvalidProof, "The DPoP proof JWT is of another key than the authorization request.")
	}
	return nil
}

// verifies tells whether a verifier is the one that a challenge was made of.
// (RFC 7636 sections 4.1 and 4.6)
func verifies(challenge, verifier string) bool {
	const least, most = 43, 128
	if len(verifier) < least || len(verifier) > most {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return keys.Equal(base64.RawURLEncoding.EncodeToString(sum[:]), challenge)
}

// takeBack voids what a code was traded for.
func (p *Provider) takeBack(tx *store.Tx, c *TokenCall, d codeDocument) error {
	if d.Family != "" {
		if _, err := tx.DeleteOAuthRefresh(c.Actor.OrgID(), store.OAuthRefreshFilter{ID: d.Family}); err != nil {
			return err
		}
	}
	if d.Token == "" {
		return nil
	}
	return p.void(tx, c.Actor.OrgID(), d.Token)
}
