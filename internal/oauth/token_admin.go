package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// TypeToken names refresh tokens in errors about what does not exist.
const TypeToken = "OAuth2RefreshToken"

// maxTokenClients bounds the refresh tokens that are looked at for clients.
const maxTokenClients = 10_000

// HeldToken is a refresh token that a client holds.
// (spec: management-extra OAuth2RefreshToken)
type HeldToken struct {
	ID          string // oar...
	ServerID    string // empty for the organisation's own server
	ClientID    string
	UserID      string
	Scopes      []string
	Created     time.Time
	LastUpdated time.Time
	Expires     time.Time
}

// TokenFilter chooses refresh tokens. Empty members choose all.
type TokenFilter struct{ UserID, ClientID, ServerID, ID string }

func heldToken(row *store.OAuthRefresh) (*HeldToken, error) {
	var proof struct {
		Scopes []string `json:"scopes"`
	}
	if err := json.Unmarshal(row.Document, &proof); err != nil {
		return nil, fmt.Errorf("refresh token %s: %w", row.ID, err)
	}
	return &HeldToken{
		ID: row.ID, ServerID: row.ServerID, ClientID: row.ClientID, UserID: row.UserID, Scopes: proof.Scopes,
		Created: row.Created, LastUpdated: row.LastUpdated, Expires: row.Expires,
	}, nil
}

// Tokens lists refresh tokens in the order of their creation. next is the cursor
// of the following part, empty at the end.
// (spec: management-extra#listRefreshTokensForAuthorizationServerAndClient)
func (s *Service) Tokens(ctx context.Context, a idp.Actor, f TokenFilter, after string, limit int) (list []*HeldToken, next string, err error) {
	if after != "" && !idp.PlainID(after) {
		return nil, "", &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
	}
	rows, err := s.Store.Read(ctx).OAuthRefreshAfter(a.OrgID(), store.OAuthRefreshFilter(f), after, limit+1)
	if err != nil {
		return nil, "", store.Failure("list tokens", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	for _, row := range rows {
		t, err := heldToken(row)
		if err != nil {
			return nil, "", err
		}
		list = append(list, t)
	}
	return list, next, nil
}

// Token returns the refresh token that a filter with an ID chooses. KindNotFound.
func (s *Service) Token(ctx context.Context, a idp.Actor, f TokenFilter) (*HeldToken, error) {
	if !idp.PlainID(f.ID) {
		return nil, idp.NotFound(TypeToken, f.ID)
	}
	list, _, err := s.Tokens(ctx, a, f, "", 1)
	if err == nil && len(list) == 0 {
		err = idp.NotFound(TypeToken, f.ID)
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// RevokeTokens ends refresh tokens. KindNotFound for a single one that is not
// there; KindForbidden where the actor may not change the user whose tokens they
// are, or the application appID, if that is not empty.
// (spec: management-extra#revokeRefreshTokensForAuthorizationServerAndClient)
func (s *Service) RevokeTokens(ctx context.Context, a idp.Actor, f TokenFilter, appID string) error {
	if f.UserID != "" {
		_, err := s.Directory.Within(ctx, a, "revoke tokens", f.UserID, func(tx *store.Tx, _ *idp.User) error { return s.revokeTokens(tx, a, f) })
		return err
	}
	return s.tx(ctx, "revoke tokens", func(tx *store.Tx) error {
		if appID != "" {
			if _, err := s.appClient(tx, a, appID); err != nil {
				return err
			}
		}
		return s.revokeTokens(tx, a, f)
	})
}

func (s *Service) revokeTokens(tx *store.Tx, a idp.Actor, f TokenFilter) error {
	gone, err := tx.DeleteOAuthRefresh(a.OrgID(), store.OAuthRefreshFilter(f))
	if err != nil {
		return err
	}
	if f.ID != "" && len(gone) == 0 {
		return idp.NotFound(TypeToken, f.ID)
	}
	for _, row := range gone {
		targets := []idp.Target{
			{ID: row.ID, Type: "refresh_token", AlternateID: row.ID, DisplayName: row.ID},
			{ID: row.ClientID, Type: "PublicClientApp", AlternateID: row.ClientID, DisplayName: row.ClientID},
		}
		if row.UserID != "" {
			targets = append(targets, idp.Target{ID: row.UserID, Type: "User", AlternateID: row.UserID, DisplayName: row.UserID})
		}
		if err := s.record(tx, a, eventlog.TokenRevoke, targets...); err != nil {
			return err
		}
	}
	return nil
}

// OnSignOut ends all refresh tokens of a user. It is meant for directory's hooks
// that run when a user is signed out everywhere, or can sign in no more.
func (s *Service) OnSignOut(tx *store.Tx, a idp.Actor, u *idp.User) error {
	return s.revokeTokens(tx, a, TokenFilter{UserID: u.ID})
}

// TokenClients lists the clients that hold refresh tokens of a server, or of a
// user, by identifier. (spec: management-extra#listOAuth2ClientsForAuthorizationServer)
func (s *Service) TokenClients(ctx context.Context, a idp.Actor, f TokenFilter) ([]*Client, error) {
	rows, err := s.Store.Read(ctx).OAuthRefreshAfter(a.OrgID(), store.OAuthRefreshFilter(f), "", maxTokenClients)
	if err != nil {
		return nil, store.Failure("list tokens", err)
	}
	var ids []string
	for _, row := range rows {
		ids = append(ids, row.ClientID)
	}
	slices.Sort(ids)
	var out []*Client
	for _, id := range slices.Compact(ids) {
		c, err := s.Client(ctx, a.OrgID(), id)
		switch {
		case err == nil:
			out = append(out, c)
		case idp.KindOf(err) != idp.KindNotFound:
			return nil, err
		}
	}
	return out, nil
}

// GrantClients lists the clients that a user has let have anything.
// (spec: management-extra#listUserClients)
func (s *Service) GrantClients(ctx context.Context, a idp.Actor, userID string) ([]*Client, error) {
	out, err := s.TokenClients(ctx, a, TokenFilter{UserID: userID})
	if err != nil {
		return nil, err
	}
	list, _, err := s.Grants(ctx, a, GrantFilter{UserID: userID}, "", maxGrants)
	if err != nil {
		return nil, err
	}
	for _, g := range list {
		if slices.ContainsFunc(out, func(c *Client) bool { return c.ID == g.ClientID }) {
			continue
		}
		c, err := s.Client(ctx, a.OrgID(), g.ClientID)
		switch {
		case err == nil:
			out = append(out, c)
		case idp.KindOf(err) != idp.KindNotFound:
			return nil, err
		}
	}
	return out, nil
}
