package directory

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/notify"
	"usher/internal/store"
)

// Recovery is what a one-time link is good for.
type Recovery string

// The recoveries. They are the kinds of the stored tokens as well.
const (
	RecoverPassword Recovery = "recovery" // choose a new password
	RecoverAccount  Recovery = "unlock"   // end a lock
)

// Paths of the pages that such a link opens. (reference: life cycle, tokens)
const (
	pathReset  = "/reset_password/"        // by an administrator
	pathForgot = "/signin/reset-password/" // by the user
	pathUnlock = "/signin/unlock/"
)

// RecoveryToken is a one-time token with its link. It is made before the
// transaction that keeps it.
type RecoveryToken struct {
	For     Recovery
	Secret  string
	Link    string
	Code    string // digits that the mail tells beside the link; may be empty
	Expires time.Time
}

// NewRecoveryToken makes a token that the user has asked for. It is good for as
// long as the password policy says.
func (s *Service) NewRecoveryToken(org *idp.Org, p credential.Policy, what Recovery) RecoveryToken {
	path := pathForgot
	if what == RecoverAccount {
		path = pathUnlock
	}
	return s.recoveryToken(org, p, what, path)
}

func (s *Service) recoveryToken(org *idp.Org, p credential.Policy, what Recovery, path string) RecoveryToken {
	life := p.Recovery.EmailTokenLife
	if life <= 0 {
		life = idp.DefaultTransactionLife
	}
	secret := env.Alphanumeric(s.Rand, activationLength)
	return RecoveryToken{For: what, Secret: secret, Link: org.BaseURL + path + secret, Expires: s.Clock.Now().Add(life)}
}

// event is what the system log calls the making of such a token.
func (r Recovery) event() idp.EventType {
	if r == RecoverAccount {
		return eventlog.UnlockToken
	}
	return eventlog.PasswordReset
}

func (r Recovery) mailEvent() idp.EventType {
	if r == RecoverAccount {
		return eventlog.UnlockMail
	}
	return eventlog.ResetMail
}

// KeepRecoveryToken stores a token, which voids an older one of its kind, and
// records it; with mail the link is queued to go to the user, to both addresses of
// the profile. (spec: authn#authRecoverPassword, authn#authUnlockAccount)
func (s *Service) KeepRecoveryToken(tx *store.Tx, actor idp.Actor, u *idp.User, r RecoveryToken, mail bool) error {
	err := tx.PutUserToken(store.UserToken{OrgID: u.OrgID, UserID: u.ID, Hash: keys.Hash(r.Secret), Kind: string(r.For), Expires: r.Expires})
	if err != nil {
		return fmt.Errorf("keep recovery token: %w", err)
	}
	if err := s.record(tx, actor, r.For.event(), idp.UserTarget(u)); err != nil || !mail {
		return err
	}
	a, err := u.Attributes()
	if err != nil {
		return store.Failure("read profile", err)
	}
	to := []string{a.Text(AttrEmail)}
	if second := a.Text(AttrSecondEmail); second != "" && !strings.EqualFold(second, to[0]) {
		to = append(to, second)
	}
	for _, address := range to {
		m, err := r.mail(actor.Org, address, a.Text(AttrFirstName), u.Login)
		if err != nil {
			return err
		}
		if _, err := s.Outbox.Enqueue(tx, u.OrgID, m); err != nil {
			return fmt.Errorf("queue recovery mail: %w", err)
		}
	}
	return s.record(tx, actor, r.For.mailEvent(), idp.UserTarget(u))
}

func (r RecoveryToken) mail(org *idp.Org, to, name, login string) (m notify.Message, err error) {
	if r.For == RecoverAccount {
		m, err = notify.Unlock{To: to, Name: name, Login: login, Org: org.Name, Link: r.Link, Token: r.Secret, Code: r.Code, Expires: r.Expires}.Message()
	} else {
		m, err = notify.Reset{To: to, Name: name, Login: login, Org: org.Name, Link: r.Link, Token: r.Secret, Code: r.Code, Expires: r.Expires}.Message()
	}
	if err != nil {
		return m, fmt.Errorf("recovery mail: %w", err)
	}
	return m, nil
}

// RefuseRecovery records that somebody has asked for a recovery that is not
// given, with as much work as KeepRecoveryToken with mail does: neither the
// answer nor its time tells whether there is such a user. u is nil for a login
// that is nobody's.
func (s *Service) RefuseRecovery(tx *store.Tx, actor idp.Actor, u *idp.User, login string, r RecoveryToken, reason string) error {
	m, err := r.mail(actor.Org, "nobody@example.com", "Nobody", "nobody@example.com")
	if err != nil {
		return err
	}
	id, err := s.Outbox.Enqueue(tx, actor.OrgID(), m)
	if err != nil {
		return fmt.Errorf("queue recovery mail: %w", err)
	}
	if err := tx.DropOutbox(actor.OrgID(), id); err != nil {
		return fmt.Errorf("drop recovery mail: %w", err)
	}
	if err := tx.DeleteUserTokens(actor.OrgID(), ""); err != nil {
		return fmt.Errorf("void tokens of nobody: %w", err)
	}
	e := eventlog.Entry{Type: r.For.event(), Result: idp.ResultFailure, Reason: reason, Subject: eventlog.UnknownSubject(login)}
	if u != nil {
		e.Subject, e.Targets = eventlog.UserSubject(u), []idp.Target{idp.UserTarget(u)}
	}
	return s.Log.Record(tx, actor, e)
}

// RedeemRecovery consumes a recovery token and returns its user and what it is
// good for. KindBadToken for a token that is unknown, expired, used, or of a
// user who may no longer do that.
func (s *Service) RedeemRecovery(tx *store.Tx, orgID, token string) (*idp.User, Recovery, error) {
	hash := keys.Hash(token)
	for _, what := range []Recovery{RecoverPassword, RecoverAccount} {
		id, err := tx.TakeUserToken(orgID, string(what), hash)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, what, fmt.Errorf("take recovery token: %w", err)
		}
		u, err := tx.User(orgID, id)
		if err != nil {
			return nil, what, fmt.Errorf("read recovering user: %w", err)
		}
		ok, err := s.Recovering(tx, u, what)
		if err == nil && !ok {
			err = idp.Fail(idp.KindBadToken)
		}
		return u, what, err
	}
	return nil, "", idp.Fail(idp.KindBadToken)
}

// Recovering tells whether a user's state allows a recovery that has begun to
// go on: a password is chosen while nothing but the password keeps the user
// out, and a lock is ended that is there.
func (s *Service) Recovering(tx *store.Tx, u *idp.User, what Recovery) (bool, error) {
	if !u.Provider.Local() {
		return false, nil
	}
	if what == RecoverAccount {
		return s.locked(tx, u)
	}
	switch u.Status {
	case idp.UserActive, idp.UserRecovery, idp.UserPasswordExpired:
		return true, nil
	case idp.UserStaged, idp.UserProvisioned, idp.UserLockedOut, idp.UserSuspended, idp.UserDeprovisioned:
	}
	return false, nil
}
