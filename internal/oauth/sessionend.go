package oauth

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"usher/internal/apps"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/session"
	"usher/internal/store"
)

// HearsBack tells whether a client wants to be told by us that a session ended.
// (OpenID Connect Back-Channel Logout section 2.2)
func (c *Client) HearsBack() bool { return c.Settings.BackLogoutURI != "" }

// HearsFront tells whether a client wants to be told so through the browser.
// (OpenID Connect Front-Channel Logout section 2)
func (c *Client) HearsFront() bool {
	return c.Settings.ParticipateSLO && c.Settings.FrontLogoutURI != ""
}

// join notes that a client learns of a session by what it is given, where it
// wants to hear of the session's end.
func (p *Provider) join(tx *store.Tx, i *Issue) error {
	c := i.call.Client
	if i.user == nil || i.proof.SessionID == "" || !slices.Contains(i.proof.Scopes, ScopeOpenID) || !c.HearsBack() && !c.HearsFront() {
		return nil
	}
	return p.Engine.Sessions.Join(tx, i.call.Actor.OrgID(), session.Client{
		SessionID: i.proof.SessionID, UserID: i.user.ID, ClientID: c.ID, ServerID: i.call.Server.ID,
	})
}

// Names of the data of a message that tells a client of the end of a session.
const (
	dataServer  = "server"
	dataSession = "session"
	dataUser    = "user"
)

// OnSessionEnd queues a message to each client that wants to be told by us. It
// is meant for session's OnEnd.
func (p *Provider) OnSessionEnd(tx *store.Tx, a idp.Actor, list []session.Client) error {
	known := map[string]*Client{}
	for _, told := range list {
		c, read := known[told.ClientID]
		if !read {
			app, err := p.Apps.ClientIn(tx, a.OrgID(), told.ClientID)
			if err != nil && idp.KindOf(err) != idp.KindNotFound {
				return err
			}
			if err == nil {
				c = ClientOf(app)
			}
			known[told.ClientID] = c
		}
		if c == nil || !c.Enabled() || !c.HearsBack() {
			continue
		}
		_, err := p.Outbox.Enqueue(tx, a.OrgID(), notify.Message{
			Kind: notify.Logout, To: c.ID, Template: "backchannel_logout",
			Text: fmt.Sprintf("The session %s of the user %s has ended.", told.SessionID, told.UserID),
			Data: map[string]string{dataServer: told.ServerID, dataSession: told.SessionID, dataUser: told.UserID},
		})
		if err != nil {
			return fmt.Errorf("tell a client of the end of a session: %w", err)
		}
		user := idp.Target{ID: told.UserID, Type: "User", AlternateID: told.UserID, DisplayName: told.UserID}
		if err := p.record(tx, a, eventlog.AppSignOut, idp.AppTarget(&c.App.App), user); err != nil {
			return err
		}
	}
	return nil
}

// FrontLogout lists the addresses that the browser has to load so that clients
// hear of the end of the session that a secret presents; to be asked before it
// ends. (OpenID Connect Front-Channel Logout section 2)
func (p *Provider) FrontLogout(ctx context.Context, a idp.Actor, secret string) ([]string, error) {
	list, err := p.Engine.Sessions.Clients(p.Store.Read(ctx), a.OrgID(), secret)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, told := range list {
		c, err := p.Client(ctx, a.OrgID(), told.ClientID)
		if idp.KindOf(err) == idp.KindNotFound || (err == nil && (!c.Enabled() || !c.HearsFront())) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s, err := p.Server(ctx, a.Org, told.ServerID)
		if idp.KindOf(err) == idp.KindNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		address, err := frontAddress(c.Settings, s.Issuer(a.Org), told.SessionID)
		if err == nil && !slices.Contains(out, address) && len(out) < maxFront {
			out = append(out, address)
		}
	}
	return out, nil
}

// maxFront bounds how many frames a page of ours has.
const maxFront = 20

// frontAddress is a client's address, with the session where it asks for that.
func frontAddress(c *apps.OAuthClient, issuer, sessionID string) (string, error) {
	u, err := url.Parse(c.FrontLogoutURI)
	if err != nil || c.FrontLogoutSID == nil || !*c.FrontLogoutSID {
		return c.FrontLogoutURI, err
	}
	q := url.Values{"iss": {issuer}, "sid": {sessionID}}.Encode()
	if u.RawQuery != "" {
		q = u.RawQuery + "&" + q
	}
	u.RawQuery = q
	return u.String(), nil
}
