package oauth

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"usher/internal/apps"
	"usher/internal/idp"
)

// Client is an application in its part as an OAuth client.
type Client struct {
	*apps.App
	ID       string // client_id
	Settings *apps.OAuthClient
	Proof    *apps.OAuthCredentials
}

// ClientOf returns an application as an OAuth client, nil where it is none.
func ClientOf(a *apps.App) *Client {
	if a.ClientID == "" || a.Details.OAuthClient == nil || a.Details.Credentials.OAuth == nil {
		return nil
	}
	return &Client{App: a, ID: a.ClientID, Settings: a.Details.OAuthClient, Proof: a.Details.Credentials.OAuth}
}

// Client returns the client with this identifier, switched off or not. What it
// tells may be a second old; nobody may change it. KindNotFound.
func (s *Service) Client(ctx context.Context, orgID, clientID string) (*Client, error) {
	if clientID == "" || len(clientID) > maxClientID {
		return nil, idp.NotFound(TypeClient, clientID)
	}
	a, err := s.Apps.Served(ctx, orgID, clientID)
	if err != nil {
		return nil, err
	}
	c := ClientOf(a)
	if c == nil {
		return nil, idp.NotFound(TypeClient, clientID)
	}
	return c, nil
}

// Enabled tells whether the client may do anything now.
func (c *Client) Enabled() bool { return c.Status == idp.AppActive }

// Grants tells whether the client may use a grant type.
func (c *Client) Grants(grantType string) bool {
	return slices.Contains(c.Settings.GrantTypes, grantType)
}

// Public tells whether the client has no way to prove who it is.
func (c *Client) Public() bool { return c.Proof.AuthMethod == apps.AuthNone }

// lives tells whether a page of this web origin may be the client's: whether one
// of its redirect addresses is there. Empty is for what is no page.
// (spec: oauth2#tokenOptions)
func (c *Client) lives(origin string) bool {
	if origin == "" {
		return true
	}
	list := make([]string, 0, len(c.Settings.RedirectURIs))
	for _, address := range c.Settings.RedirectURIs {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			list = append(list, strings.ToLower(u.Scheme+"://"+host(u)))
		}
	}
	return registered(list, origin, c.Settings.WildcardRedirect == "SUBDOMAIN")
}

// target names the client in events.
func (c *Client) target() idp.Target {
	return idp.Target{ID: c.ID, Type: "PublicClientApp", AlternateID: c.ID, DisplayName: c.Label}
}
