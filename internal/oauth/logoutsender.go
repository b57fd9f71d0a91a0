package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/internal/egress"
	"usher/internal/idp"
	"usher/internal/notify"
)

// LogoutSender tells clients that sessions have ended, by logout tokens that are
// signed at the moment of sending. It implements notify.Sender. (OpenID Connect
// Back-Channel Logout section 2)
type LogoutSender struct {
	Provider *Provider
	Client   *egress.Client
	// Org finds an organisation with its base URL.
	Org func(ctx context.Context, id string) (*idp.Org, error)
}

const (
	typeLogout = "logout+jwt"
	// logoutLife is how long a logout token is good: it is used at once.
	logoutLife  = 2 * time.Minute
	eventLogout = "http://schemas.openid.net/event/backchannel-logout"
)

// Send implements notify.Sender. An answer of 2xx takes the message, 400 refuses
// it for good; everything else is tried again. A client or a server that is gone
// by now has nothing to be told.
func (l *LogoutSender) Send(ctx context.Context, m notify.Message) error {
	org, err := l.Org(ctx, m.OrgID)
	if err != nil {
		return err
	}
	c, err := l.Provider.Client(ctx, m.OrgID, m.To)
	if idp.KindOf(err) == idp.KindNotFound || (err == nil && (!c.Enabled() || !c.HearsBack())) {
		return notify.Refused(errors.New("the client no longer wants to hear of it"))
	}
	if err != nil {
		return err
	}
	token, err := l.token(ctx, org, c, m)
	if idp.KindOf(err) == idp.KindNotFound {
		return notify.Refused(errors.New("the authorization server is gone"))
	}
	if err != nil {
		return err
	}
	form := url.Values{"logout_token": {token}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Settings.BackLogoutURI, strings.NewReader(form))
	if err != nil {
		return notify.Refused(errors.New("the client's backchannel_logout_uri is no address"))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "usher")
	answer, err := l.Client.Do(req)
	switch {
	case err != nil:
		return fmt.Errorf("back-channel logout: %w", err)
	case answer.Status/100 == 2:
		return nil
	}
	err = fmt.Errorf("back-channel logout: the client answers %d", answer.Status)
	if answer.Status == http.StatusBadRequest {
		return notify.Refused(err)
	}
	return notify.Later(err, answer.RetryAfter(l.Provider.Clock.Now()))
}

// token makes a logout token. (OpenID Connect Back-Channel Logout section 2.4)
func (l *LogoutSender) token(ctx context.Context, org *idp.Org, c *Client, m notify.Message) (string, error) {
	p := l.Provider
	s, err := p.Serving(ctx, org, m.Data[dataServer])
	if err != nil {
		return "", err
	}
	key, err := p.Signing.Active(ctx, s.Owner(), s.Alg)
	if err != nil {
		return "", err
	}
	now := p.Clock.Now()
	claims := newPayload()
	claims.text("iss", s.Issuer(org))
	claims.text("sub", m.Data[dataUser])
	claims.text("aud", c.ID)
	claims.number("iat", now.Unix())
	claims.number("exp", now.Add(logoutLife).Unix())
	claims.text("jti", tokenID(p.Rand, "LT."))
	claims.text("sid", m.Data[dataSession])
	claims.value("events", map[string]any{eventLogout: struct{}{}})
	return sign(key, typeLogout, claims)
}
