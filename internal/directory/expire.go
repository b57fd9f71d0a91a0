package directory

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// ExpirePassword makes a user choose a new password at the next sign-in.
// Allowed while active, locked out or recovering, with a password that Usher
// keeps; KindUserState otherwise. (spec: management#expirePassword)
func (s *Service) ExpirePassword(ctx context.Context, actor idp.Actor, ref string) (*idp.User, error) {
	return s.change(ctx, actor, "expire password", ref, func(tx *store.Tx, u *idp.User) error {
		if !expirable(u) {
			return idp.Fail(idp.KindUserState)
		}
		return s.expire(tx, actor, u)
	})
}

// ExpireWithTemporary is ExpirePassword with a new password, made here and told
// once. (spec: management#expirePassword, parameter tempPassword)
func (s *Service) ExpireWithTemporary(ctx context.Context, actor idp.Actor, ref string) (string, error) {
	return s.expireWithTemporary(ctx, actor, ref, false)
}

// ExpireAndRevoke is ExpireWithTemporary, and signs the user out everywhere.
// (spec: management-extra#expirePasswordWithTempPassword, parameter revokeSessions)
func (s *Service) ExpireAndRevoke(ctx context.Context, actor idp.Actor, ref string) (string, error) {
	return s.expireWithTemporary(ctx, actor, ref, true)
}

func (s *Service) expireWithTemporary(ctx context.Context, actor idp.Actor, ref string, revoke bool) (string, error) {
	before, err := s.User(ctx, actor, ref)
	if err != nil {
		return "", err
	}
	if !expirable(before) {
		return "", idp.Fail(idp.KindUserState)
	}
	password, err := s.temporary(ctx, actor, before)
	if err != nil {
		return "", err
	}
	encoded, err := s.Credentials.Hasher.Hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("hash temporary password: %w", err)
	}
	_, err = s.change(ctx, actor, "expire password", before.ID, func(tx *store.Tx, u *idp.User) error {
		if !expirable(u) {
			return idp.Fail(idp.KindUserState)
		}
		if err := s.SetPassword(tx, actor, u, encoded); err != nil {
			return err
		}
		if err := s.revoke(tx, actor, u, revoke); err != nil {
			return err
		}
		return s.expire(tx, actor, u)
	})
	if err != nil {
		return "", err
	}
	return password, nil
}

func expirable(u *idp.User) bool {
	switch u.Status {
	case idp.UserActive, idp.UserLockedOut, idp.UserRecovery:
		return u.HasPassword && u.Provider.Local()
	case idp.UserStaged, idp.UserProvisioned, idp.UserPasswordExpired, idp.UserSuspended, idp.UserDeprovisioned:
	}
	return false
}

func (s *Service) expire(tx *store.Tx, actor idp.Actor, u *idp.User) error {
	if err := s.Credentials.Unlock(tx, u.OrgID, u.ID); err != nil {
		return err
	}
	enter(tx, u, idp.UserPasswordExpired)
	return s.record(tx, actor, eventlog.PasswordExpire, idp.UserTarget(u))
}

// The characters of temporary passwords, without those that look alike. Each
// piece of a password takes one of every class.
const (
	someLower  = "abcdefghijkmnpqrstuvwxyz"
	someUpper  = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	someDigit  = "23456789"
	someSymbol = "!#%+:=?@"
)

// temporaryTries bounds the search for a password that holds no part of the
// user's name by chance.
const temporaryTries = 100

// temporary makes a password that meets the user's policy: pieces of four
// characters, one of each class.
func (s *Service) temporary(ctx context.Context, actor idp.Actor, u *idp.User) (string, error) {
	a, err := u.Attributes()
	if err != nil {
		return "", store.Failure("read profile", err)
	}
	read := s.Store.Read(ctx)
	groups, err := s.GroupIDs(read, actor.Org, u.ID)
	if err != nil {
		return "", err
	}
	p, err := s.PasswordPolicy(read, u.OrgID, u.ID, groups)
	if err != nil {
		return "", fmt.Errorf("password policy: %w", err)
	}
	r := p.Rules
	pieces := max(4, (r.MinLength+3)/4, r.MinLower, r.MinUpper, r.MinNumber, r.MinSymbol)
	for range temporaryTries {
		var password string
		for range pieces {
			for _, class := range []string{someLower, someUpper, someDigit, someSymbol} {
				password += env.Text(s.Rand, class, 1)
			}
		}
		if credential.Check(r, credential.Age{}, password, credential.Owner{Login: u.Login, Attributes: a}) == nil {
			return password, nil
		}
	}
	return "", errors.New("the password policy refuses every temporary password")
}
