package oauth

import (
	"context"
	"net/url"
	"slices"

	"usher/internal/idp"
)

// Logout is a checked request of a client to sign its user out.
// (OpenID Connect RP-Initiated Logout section 2)
type Logout struct {
	Client *Client
	// UserID is whom the client knows to be signed in.
	UserID string
	// To is where the browser goes afterwards, empty for nowhere in particular.
	To string

	device string // the device secret as the ID token names it
}

// ReadLogout checks a request at the logout endpoint. The client and the user
// are those of the ID token that it brings, expired or not; the browser goes
// only to an address that the client has registered for it, compared character
// by character. It fails with a Fault that is for people.
func (p *Provider) ReadLogout(ctx context.Context, a idp.Actor, serverID string, params Params) (*Logout, error) {
	s, err := p.serving(ctx, a, serverID)
	if err != nil {
		return nil, err
	}
	t, err := p.readIDToken(ctx, a, s, params["id_token_hint"])
	if err != nil {
		return nil, err
	}
	if t == nil || len(t.Audience) != 1 {
		return nil, fault(InvalidToken, "The 'id_token_hint' parameter must be an ID token of this authorization server.")
	}
	if id := params["client_id"]; id != "" && !slices.Contains(t.Audience, id) {
		return nil, fault(InvalidClient, textUnknownClient)
	}
	client, err := p.client(ctx, a, t.Audience[0])
	if err != nil {
		return nil, err
	}
	out := &Logout{Client: client, UserID: t.Subject, device: t.DeviceID}
	to := params["post_logout_redirect_uri"]
	if to == "" {
		return out, nil
	}
	if !registered(client.Settings.LogoutURIs, to, client.Settings.WildcardRedirect == "SUBDOMAIN") {
		return nil, fault(InvalidRequest, "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings.")
	}
	out.To, err = withState(to, params["state"])
	return out, err
}

// withState adds the state to an address.
func withState(address, state string) (string, error) {
	if state == "" {
		return address, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fault(InvalidRequest, "The 'post_logout_redirect_uri' parameter cannot be read.")
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += url.Values{"state": {state}}.Encode()
	return u.String(), nil
}
