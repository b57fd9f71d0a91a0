package directory

import (
	"context"

	"usher/internal/credential"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// SelfAction is something that users do alone with their credentials.
type SelfAction int

// The actions.
const (
	SelfChange SelfAction = iota // change the password
	SelfReset                    // recover a forgotten one
	SelfUnlock                   // end a lock
)

// ResetPassword makes the password of a user useless and gives a link to choose
// another; with sendEmail it goes out by mail. A federated user becomes one of
// Usher's. KindUserState while staged, suspended or deprovisioned.
// (spec: management#resetPassword)
func (s *Service) ResetPassword(ctx context.Context, actor idp.Actor, ref string, sendEmail, revoke bool) (link string, err error) {
	before, p, err := s.subject(ctx, actor, ref)
	if err != nil {
		return "", err
	}
	token := s.recoveryToken(actor.Org, p, RecoverPassword, pathReset)
	_, err = s.change(ctx, actor, "reset password", before.ID, func(tx *store.Tx, u *idp.User) error {
		if !resettable(u) {
			return idp.Fail(idp.KindUserState)
		}
		if err := s.Credentials.Unlock(tx, u.OrgID, u.ID); err != nil {
			return err
		}
		if !u.Provider.Local() {
			u.Provider = idp.Provider{Type: idp.ProviderOkta, Name: string(idp.ProviderOkta)}
		}
		if err := tx.DeleteUserTokens(u.OrgID, u.ID); err != nil {
			return store.Failure("void tokens", err)
		}
		enter(tx, u, idp.UserRecovery)
		if err := s.KeepRecoveryToken(tx, actor, u, token, sendEmail); err != nil {
			return err
		}
		return s.revoke(tx, actor, u, revoke)
	})
	if err != nil {
		return "", err
	}
	return token.Link, nil
}

func resettable(u *idp.User) bool {
	switch u.Status {
	case idp.UserActive, idp.UserProvisioned, idp.UserRecovery, idp.UserPasswordExpired, idp.UserLockedOut:
		return true
	case idp.UserStaged, idp.UserSuspended, idp.UserDeprovisioned:
	}
	return false
}

// Federate hands a user over to a foreign provider: the password and the
// recovery question go, and the user is active. KindUserState where ResetPassword
// is not allowed. (spec: management#resetPassword, parameter provider)
func (s *Service) Federate(ctx context.Context, actor idp.Actor, ref string, revoke bool) error {
	_, err := s.change(ctx, actor, "federate user", ref, func(tx *store.Tx, u *idp.User) error {
		if !resettable(u) {
			return idp.Fail(idp.KindUserState)
		}
		if err := s.Credentials.Erase(tx, u); err != nil {
			return err
		}
		if err := tx.DeleteUserTokens(u.OrgID, u.ID); err != nil {
			return store.Failure("void tokens", err)
		}
		u.Provider = idp.Provider{Type: idp.ProviderFederation, Name: string(idp.ProviderFederation)}
		if u.Activated.IsZero() {
			u.Activated = tx.Now()
		}
		enter(tx, u, idp.UserActive)
		if err := s.record(tx, actor, eventlog.PasswordReset, idp.UserTarget(u)); err != nil {
			return err
		}
		return s.revoke(tx, actor, u, revoke)
	})
	return err
}

// ForgotPassword gives a link by which an active user who has a recovery
// question can choose a new password; the present one stays good. With sendEmail
// it goes out by mail. KindForgotNotAllowed otherwise, and where the policy does
// not let users recover. (spec: management#forgotPassword)
func (s *Service) ForgotPassword(ctx context.Context, actor idp.Actor, ref string, sendEmail bool) (link string, err error) {
	before, p, err := s.recoverable(ctx, actor, ref)
	if err != nil {
		return "", err
	}
	token := s.NewRecoveryToken(actor.Org, p, RecoverPassword)
	_, err = s.change(ctx, actor, "forgot password", before.ID, func(tx *store.Tx, u *idp.User) error {
		if !hasQuestion(u) {
			return idp.Fail(idp.KindForgotNotAllowed)
		}
		return s.KeepRecoveryToken(tx, actor, u, token, sendEmail)
	})
	if err != nil {
		return "", err
	}
	return token.Link, nil
}

// RecoverPassword sets a new password for an active user whose recovery
// question is answered. KindWrongAnswer for a wrong answer, which counts like a
// wrong password; else the errors of ForgotPassword.
// (spec: management-extra#forgotPasswordSetNewPassword)
func (s *Service) RecoverPassword(ctx context.Context, actor idp.Actor, ref, password, answer string) (*idp.User, error) {
	u, p, err := s.recoverable(ctx, actor, ref)
	if err != nil {
		return nil, err
	}
	wrong := idp.Fail(idp.KindWrongAnswer)
	proof, err := s.prove(ctx, actor, u, p, wrong, func() (credential.Proof, error) {
		return s.Credentials.VerifyAnswer(ctx, u.OrgID, u.ID, answer)
	})
	if err != nil {
		return nil, err
	}
	h, err := s.prepareFor(ctx, actor, u, Credentials{Password: &password}, false)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, actor, "recover password", u.ID, func(tx *store.Tx, u *idp.User) error {
		if !hasQuestion(u) {
			return idp.Fail(idp.KindForgotNotAllowed)
		}
		if err := s.settle(tx, proof, wrong); err != nil {
			return err
		}
		u.LastUpdated = tx.Now()
		return s.SetPassword(tx, actor, u, h.password)
	})
}

// recoverable reads a user who may recover a forgotten password.
func (s *Service) recoverable(ctx context.Context, actor idp.Actor, ref string) (*idp.User, credential.Policy, error) {
	u, p, err := s.subject(ctx, actor, ref)
	if err != nil {
		return nil, p, err
	}
	if !hasQuestion(u) {
		return nil, p, idp.Fail(idp.KindForgotNotAllowed)
	}
	if s.SelfService == nil {
		return u, p, nil
	}
	allowed, err := s.SelfService(s.Store.Read(ctx), actor, u, SelfReset)
	if err == nil && !allowed {
		err = idp.Fail(idp.KindForgotNotAllowed)
	}
	return u, p, err
}

func hasQuestion(u *idp.User) bool {
	return u.Status == idp.UserActive && u.Provider.Local() && u.RecoveryQuestion != ""
}
