package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"usher/internal/credential"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// PasswordChange is a change of a password by somebody who knows it.
// (spec: management#changePassword)
type PasswordChange struct {
	Old, New string
	// Strict holds the new one to the age and history of the policy, as it is
	// always when users change their own.
	Strict bool
	// RevokeSessions signs the user out everywhere.
	RevokeSessions bool
}

// ChangePassword replaces a password by a new one. Allowed while staged,
// active, expired or recovering, with a password that Usher keeps:
// KindPasswordNotAllowed otherwise. KindPasswordUpdate, with the reason, for a
// wrong password and for a new one that the policy refuses. Wrong guesses count.
func (s *Service) ChangePassword(ctx context.Context, actor idp.Actor, ref string, c PasswordChange) (*idp.User, error) {
	u, p, err := s.subject(ctx, actor, ref)
	if err != nil {
		return nil, err
	}
	if !keepsPassword(u, idp.UserStaged, idp.UserActive, idp.UserPasswordExpired, idp.UserRecovery) {
		return nil, idp.Fail(idp.KindPasswordNotAllowed)
	}
	if err := s.mayChange(ctx, actor, u); err != nil {
		return nil, err
	}
	for _, m := range []struct{ field, value string }{{"oldPassword", c.Old}, {"newPassword", c.New}} {
		if m.value == "" {
			return nil, &idp.Error{Kind: idp.KindPasswordUpdate, Causes: []idp.Cause{{Field: m.field, Text: "The field cannot be left blank"}}}
		}
	}
	wrong := idp.Fail(idp.KindPasswordUpdate, "Old Password is not correct")
	proof, err := s.prove(ctx, actor, u, p, wrong, func() (credential.Proof, error) {
		return s.Credentials.Verify(ctx, credential.Guess{Org: actor.Org, UserID: u.ID, Password: c.Old, Client: actor.Client})
	})
	if err != nil {
		return nil, err
	}
	h, err := s.prepareFor(ctx, actor, u, Credentials{Password: &c.New}, c.Strict || actor.Is(u.ID))
	if err != nil {
		return nil, asUpdate(err)
	}
	return s.change(ctx, actor, "change password", u.ID, func(tx *store.Tx, u *idp.User) error {
		if !keepsPassword(u, idp.UserStaged, idp.UserActive, idp.UserPasswordExpired, idp.UserRecovery) {
			return idp.Fail(idp.KindPasswordNotAllowed)
		}
		if err := s.settle(tx, proof, wrong); err != nil {
			return err
		}
		if err := s.SetPassword(tx, actor, u, h.password); err != nil {
			return err
		}
		u.LastUpdated = tx.Now()
		return s.revoke(tx, actor, u, c.RevokeSessions)
	})
}

// ChangeQuestion replaces the recovery question of a user who knows the
// password. Allowed while staged, active or recovering: KindQuestionNotAllowed
// otherwise. KindPasswordUpdate for a wrong password, which counts.
// (spec: management#changeRecoveryQuestion)
func (s *Service) ChangeQuestion(ctx context.Context, actor idp.Actor, ref, password string, q Question) (*idp.User, error) {
	u, p, err := s.subject(ctx, actor, ref)
	if err != nil {
		return nil, err
	}
	if !keepsPassword(u, idp.UserStaged, idp.UserActive, idp.UserRecovery) {
		return nil, idp.Fail(idp.KindQuestionNotAllowed)
	}
	wrong := idp.Fail(idp.KindPasswordUpdate, "Password is not correct")
	proof, err := s.prove(ctx, actor, u, p, wrong, func() (credential.Proof, error) {
		return s.Credentials.Verify(ctx, credential.Guess{Org: actor.Org, UserID: u.ID, Password: password, Client: actor.Client})
	})
	if err != nil {
		return nil, err
	}
	h, err := s.prepareFor(ctx, actor, u, Credentials{Question: &q}, false)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, actor, "change recovery question", u.ID, func(tx *store.Tx, u *idp.User) error {
		if !keepsPassword(u, idp.UserStaged, idp.UserActive, idp.UserRecovery) {
			return idp.Fail(idp.KindQuestionNotAllowed)
		}
		if err := s.settle(tx, proof, wrong); err != nil {
			return err
		}
		if err := s.Credentials.SetQuestion(tx, u, h.question, h.answer); err != nil {
			return err
		}
		u.LastUpdated = tx.Now()
		return s.record(tx, actor, eventlog.ProfileUpdate, idp.UserTarget(u))
	})
}

// subject reads a user whose credentials are to be changed, with the policy
// that applies.
func (s *Service) subject(ctx context.Context, actor idp.Actor, ref string) (*idp.User, credential.Policy, error) {
	read := s.Store.Read(ctx)
	u, err := find(read, actor.OrgID(), ref)
	if err != nil {
		return nil, credential.Policy{}, store.Failure("read user", err)
	}
	if err := s.permit(read, actor, u); err != nil {
		return nil, credential.Policy{}, err
	}
	groups, err := s.GroupIDs(read, actor.Org, u.ID)
	if err != nil {
		return nil, credential.Policy{}, err
	}
	p, err := s.PasswordPolicy(read, u.OrgID, u.ID, groups)
	if err != nil {
		return nil, p, fmt.Errorf("password policy: %w", err)
	}
	return u, p, nil
}

// keepsPassword tells whether a user is in one of the states and has a password
// that Usher keeps.
func keepsPassword(u *idp.User, states ...idp.UserStatus) bool {
	return u.HasPassword && u.Provider.Local() && slices.Contains(states, u.Status)
}

// mayChange asks the policy whether users may change their own passwords.
func (s *Service) mayChange(ctx context.Context, actor idp.Actor, u *idp.User) error {
	if s.SelfService == nil || !actor.Is(u.ID) || actor.Admin() {
		return nil
	}
	allowed, err := s.SelfService(s.Store.Read(ctx), actor, u, SelfChange)
	if err == nil && !allowed {
		err = idp.Fail(idp.KindPasswordNotAllowed)
	}
	return err
}

// prove compares a guess. A wrong one is counted, and may lock the user out,
// before wrong is returned.
func (s *Service) prove(ctx context.Context, actor idp.Actor, u *idp.User, p credential.Policy, wrong error, verify func() (credential.Proof, error)) (credential.Proof, error) {
	proof, err := verify()
	if err != nil {
		return proof, fmt.Errorf("verify credential: %w", err)
	}
	if proof.OK {
		return proof, nil
	}
	err = s.tx(ctx, "count a wrong guess", func(tx *store.Tx) error {
		f, err := s.Credentials.Failed(tx, u.OrgID, u.ID, p.Lockout)
		if err != nil || !f.LockedNow {
			return err
		}
		fresh, err := find(tx, u.OrgID, u.ID)
		if err != nil || !slices.Contains([]idp.UserStatus{idp.UserActive, idp.UserPasswordExpired}, fresh.Status) {
			return err
		}
		return s.Lock(tx, actor, fresh)
	})
	if err != nil {
		return proof, err
	}
	return proof, wrong
}

// settle makes a right guess count; one that another change has overtaken is
// wrong.
func (s *Service) settle(tx *store.Tx, p credential.Proof, wrong error) error {
	err := s.Credentials.Succeeded(tx, p)
	if idp.KindOf(err) == idp.KindUnauthenticated {
		return wrong
	}
	return err
}

// prepareFor checks and hashes new credentials of a stored user.
func (s *Service) prepareFor(ctx context.Context, actor idp.Actor, u *idp.User, c Credentials, strict bool) (hashes, error) {
	return s.prepareChange(ctx, actor, u, UserChange{Credentials: c, Strict: strict})
}

// asUpdate turns the reasons why a password was refused into those of an update
// that failed.
func asUpdate(err error) error {
	e, ok := errors.AsType[*idp.Error](err)
	if !ok || e.Kind != idp.KindInvalid {
		return err
	}
	out := idp.Fail(idp.KindPasswordUpdate)
	for _, c := range e.Causes {
		out.Causes = append(out.Causes, idp.Cause{Text: c.Text})
	}
	return out
}

// revoke signs a user out everywhere, where that was asked for.
func (s *Service) revoke(tx *store.Tx, actor idp.Actor, u *idp.User, asked bool) error {
	if !asked {
		return nil
	}
	return run(s.OnRevoke, tx, actor, u)
}
