package directory

import (
	"errors"
	"fmt"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/notify"
	"usher/internal/store"
)

// tokenActivation is the kind of the tokens that invite new users.
const tokenActivation = "activation"

// activationLength is the number of characters of such a token (119 bits).
const activationLength = 20

// Invitation is what lets a new user in. (spec: management UserActivationToken)
type Invitation struct {
	Token   string // one-time, empty when none was needed
	Link    string
	Expires time.Time
}

// newInvitation makes an invitation that is not stored yet.
func (s *Service) newInvitation(org *idp.Org) Invitation {
	life := org.Settings.ActivationLife
	if life <= 0 {
		life = idp.DefaultActivationLife
	}
	token := env.Alphanumeric(s.Rand, activationLength)
	return Invitation{Token: token, Link: org.BaseURL + "/welcome/" + token, Expires: s.Clock.Now().Add(life)}
}

// mail writes the message that carries an invitation.
func (i Invitation) mail(org *idp.Org, a idp.Attributes) (notify.Message, error) {
	m, err := notify.Activation{
		To: a.Text(AttrEmail), Name: a.Text(AttrFirstName), Login: a.Text(AttrLogin), Org: org.Name,
		Link: i.Link, Token: i.Token, Expires: i.Expires,
	}.Message()
	if err != nil {
		return m, fmt.Errorf("activation mail: %w", err)
	}
	return m, nil
}

// invite stores an invitation, which voids an older one, and queues its mail.
func (s *Service) invite(tx *store.Tx, u *idp.User, i Invitation, m *notify.Message) error {
	err := tx.PutUserToken(store.UserToken{OrgID: u.OrgID, UserID: u.ID, Hash: keys.Hash(i.Token), Kind: tokenActivation, Expires: i.Expires})
	if err != nil {
		return fmt.Errorf("keep activation token: %w", err)
	}
	if m == nil {
		return nil
	}
	if _, err := s.Outbox.Enqueue(tx, u.OrgID, *m); err != nil {
		return fmt.Errorf("queue activation mail: %w", err)
	}
	return nil
}

// Redeem consumes an activation token and returns the user whom it invited: one
// who is still waiting for a password or, with a password, has never signed in.
// KindUnauthenticated for a token that is unknown, expired, used, or of a user
// who has gone another way since.
func (s *Service) Redeem(tx *store.Tx, orgID, token string) (*idp.User, error) {
	id, err := tx.TakeUserToken(orgID, tokenActivation, keys.Hash(token))
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.Fail(idp.KindUnauthenticated)
	}
	if err != nil {
		return nil, fmt.Errorf("take activation token: %w", err)
	}
	u, err := tx.User(orgID, id)
	if err != nil {
		return nil, fmt.Errorf("read invited user: %w", err)
	}
	if u.Status == idp.UserProvisioned || (u.LastLogin.IsZero() && keepsPassword(u, idp.UserActive)) {
		return u, nil
	}
	return nil, idp.Fail(idp.KindUnauthenticated)
}
