package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/signin"
	"usher/internal/store"
)

// accessToken is what an access token says. (RFC 9068 section 2.2)
type accessToken struct {
	claims
	ClientID string   `json:"cid"`
	UserID   string   `json:"uid"`
	Scopes   []string `json:"scp"`
	AuthTime *instant `json:"auth_time"`
	Confirm  struct {
		Key string `json:"jkt"`
	} `json:"cnf"`
	ServerID string `json:"-"`
	text     string
}

// family is the identifier of the refresh token that the access token came
// with, empty for none.
func (t *accessToken) family() string {
	if strings.Count(t.ID, ".") != 2 {
		return ""
	}
	return t.ID[strings.LastIndexByte(t.ID, '.')+1:]
}

// readAccess verifies an access token of a server: signature, issuer and age.
// It is nil for what is none, or none any more. Whether it was revoked, and
// whether its user still may, is for Provider.holds.
func (p *Provider) readAccess(ctx context.Context, a idp.Actor, s *Server, text string) (*accessToken, error) {
	signed, err := p.Signing.Verify(ctx, s.Owner(), text)
	if errors.Is(err, keys.ErrSignature) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	said, ok := signed.Said(said).(*accessToken)
	if !ok || said.Issuer != s.Issuer(a.Org) || said.Expires == nil || !p.Clock.Now().Before(said.Expires.time()) {
		return nil, nil
	}
	t := *said
	t.ServerID, t.text = s.ID, text
	return &t, nil
}

// said is what a token of ours says: an *accessToken or an *idToken by its
// identifier, nil for what is neither. Access tokens need not have a type.
func said(t *keys.Signed) any {
	if t.Type != "" && t.Type != TypeAccess {
		return nil
	}
	access := &accessToken{}
	if json.Unmarshal(t.Payload, access) == nil && strings.HasPrefix(access.ID, "AT.") {
		return access
	}
	id := &idToken{}
	if t.Type == "" && json.Unmarshal(t.Payload, id) == nil && strings.HasPrefix(id.ID, "ID.") {
		return id
	}
	return nil
}

// holder is who stands behind an access token that holds.
type holder struct {
	client *Client
	user   *idp.User // nil where the client acts for itself
}

// holds tells whether an access token still holds: it was not revoked, nor was
// the refresh token that it came with, its client is switched on, and its user
// may still use what was signed in for. nil when it does not.
func (p *Provider) holds(ctx context.Context, a idp.Actor, t *accessToken) (*holder, error) {
	tx := p.Store.Read(ctx)
	client, err := p.client(ctx, a, t.ClientID)
	if FaultOf(err) != nil {
		return nil, nil //nolint:nilerr // what proves nothing is no failure
	}
	if err != nil {
		return nil, err
	}
	out := &holder{client: client}
	hash := spentHash(spentToken, "", t.ID)
	if t.UserID == "" {
		if gone, err := tx.Spent(a.OrgID(), hash); err != nil || gone {
			return nil, err
		}
		return out, nil
	}
	s, err := tx.TokenStanding(a.OrgID(), t.UserID, store.TokenHashes{Own: hash, All: spentHash(spentUser, "", t.UserID)}, t.family())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read access token: %w", err)
	}
	if s.Revoked || t.before(s.All) || (t.family() != "" && !s.Family) || p.Engine.PassUser(tx, s.User, signin.PathUse) != nil {
		return nil, nil //nolint:nilerr // who may not is no failure
	}
	out.user = s.User
	return out, nil
}

// BearerInput is an access token that a request carries. (RFC 6750 section 2.1,
// RFC 9449 section 7.1)
type BearerInput struct {
	Token  string
	Bound  bool   // the scheme says that it is bound to a key
	Proof  string // that the caller has the key
	Method string
	URL    string
}

// Bearer is who stands behind an access token.
type Bearer struct {
	TokenID   string
	Client    *Client
	User      *idp.User // nil where the client acts for itself
	Scopes    []string
	SessionID string
	Expires   time.Time
}

// ProveBearer tells who calls by an access token of the organisation's own
// server. KindBadToken for one that does not hold, and a Fault for one that is
// bound to a key which the caller does not prove.
func (p *Provider) ProveBearer(ctx context.Context, a idp.Actor, in BearerInput) (*Bearer, error) {
	s, err := p.serving(ctx, a, "")
	if err != nil {
		return nil, err
	}
	t, h, err := p.prove(ctx, a, s, in)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, idp.Fail(idp.KindBadToken)
	}
	return &Bearer{TokenID: t.ID, Client: h.client, User: h.user, Scopes: t.Scopes, Expires: t.Expires.time()}, nil
}

// present checks an access token of a server that a request carries; nil for
// one that does not hold.
func (p *Provider) present(ctx context.Context, a idp.Actor, s *Server, in BearerInput) (*accessToken, *holder, error) {
	t, h, err := p.prove(ctx, a, s, in)
	if FaultOf(err) != nil {
		return nil, nil, nil //nolint:nilerr // what proves nothing is no failure
	}
	return t, h, err
}

// prove is present with a Fault where the proof of a key is at fault.
func (p *Provider) prove(ctx context.Context, a idp.Actor, s *Server, in BearerInput) (*accessToken, *holder, error) {
	t, err := p.readAccess(ctx, a, s, in.Token)
	if err != nil || t == nil {
		return nil, nil, err
	}
	switch {
	case in.Bound && t.Confirm.Key == "":
		return nil, nil, nil
	case !in.Bound && t.Confirm.Key != "":
		return nil, nil, fault(InvalidRequest, "The resource request requires a DPoP proof.")
	case in.Bound:
		key, err := p.CheckProof(ctx, a, ProofRequest{Proof: in.Proof, Method: in.Method, URL: in.URL, Token: in.Token})
		if err != nil {
			return nil, nil, err
		}
		if !keys.Equal(key, t.Confirm.Key) {
			return nil, nil, fault(InvalidProof, "The DPoP proof JWT is by another key than the access token is bound to.")
		}
	}
	h, err := p.holds(ctx, a, t)
	if err != nil || h == nil {
		return nil, nil, err
	}
	return t, h, nil
}
