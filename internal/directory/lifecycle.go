package directory

import (
	"context"
	"fmt"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Activate lets a staged or deprovisioned user in. With a password, or with a
// foreign provider, the user is active at once; otherwise an invitation is made
// and, with sendEmail, goes out by mail. Without sendEmail somebody with a
// password gets one too, as clients expect it, which is good until the first
// sign-in. KindUserAlreadyActive from any other state.
// (spec: management#activateUser; official Go SDK's tests)
func (s *Service) Activate(ctx context.Context, actor idp.Actor, ref string, sendEmail bool) (Invitation, error) {
	var i Invitation
	_, err := s.change(ctx, actor, "activate user", ref, func(tx *store.Tx, u *idp.User) error {
		i = Invitation{}
		if u.Status != idp.UserStaged && u.Status != idp.UserDeprovisioned {
			return idp.Fail(idp.KindUserAlreadyActive)
		}
		u.Activated = tx.Now()
		ready := u.HasPassword || !u.Provider.Local()
		if ready {
			enter(tx, u, idp.UserActive)
		} else {
			enter(tx, u, idp.UserProvisioned)
		}
		if !ready || (u.Provider.Local() && !sendEmail) {
			var err error
			if i, err = s.inviteStored(tx, actor, u, sendEmail); err != nil {
				return err
			}
		}
		return s.record(tx, actor, eventlog.UserActivate, idp.UserTarget(u))
	})
	return i, err
}

// Reactivate makes a new invitation for a user who has not followed the first,
// which becomes void. KindUserState from any state but provisioned.
// (spec: management-extra#reactivateUser)
func (s *Service) Reactivate(ctx context.Context, actor idp.Actor, ref string, sendEmail bool) (Invitation, error) {
	var i Invitation
	_, err := s.change(ctx, actor, "reactivate user", ref, func(tx *store.Tx, u *idp.User) (err error) {
		if u.Status != idp.UserProvisioned {
			return idp.Fail(idp.KindUserState)
		}
		if i, err = s.inviteStored(tx, actor, u, sendEmail); err != nil {
			return err
		}
		u.LastUpdated = tx.Now()
		return s.record(tx, actor, eventlog.UserReactivate, idp.UserTarget(u))
	})
	return i, err
}

func (s *Service) inviteStored(tx *store.Tx, actor idp.Actor, u *idp.User, sendEmail bool) (Invitation, error) {
	i := s.newInvitation(actor.Org)
	if !sendEmail {
		return i, s.invite(tx, u, i, nil)
	}
	a, err := u.Attributes()
	if err != nil {
		return i, store.Failure("read profile", err)
	}
	m, err := i.mail(actor.Org, a)
	if err != nil {
		return i, err
	}
	return i, s.invite(tx, u, i, &m)
}

// Deactivate takes everything away by which a user could sign in, for good:
// password, recovery question, factors and open invitations. Memberships stay.
// KindUserState for a user who is deprovisioned already. With sendEmail the
// organisation's administrators are told. (spec: management#deactivateUser)
func (s *Service) Deactivate(ctx context.Context, actor idp.Actor, ref string, sendEmail bool) error {
	_, err := s.change(ctx, actor, "deactivate user", ref, func(tx *store.Tx, u *idp.User) error {
		return s.deactivate(tx, actor, u, sendEmail)
	})
	return err
}

func (s *Service) deactivate(tx *store.Tx, actor idp.Actor, u *idp.User, sendEmail bool) error {
	if u.Status == idp.UserDeprovisioned {
		return idp.Fail(idp.KindUserState)
	}
	if err := run(s.OnDeactivate, tx, actor, u); err != nil {
		return err
	}
	if err := s.Credentials.Erase(tx, u); err != nil {
		return err
	}
	if err := tx.DeleteUserTokens(u.OrgID, u.ID); err != nil {
		return fmt.Errorf("void tokens: %w", err)
	}
	if _, err := tx.DeleteFactors(u.OrgID, u.ID); err != nil {
		return fmt.Errorf("erase factors: %w", err)
	}
	u.Factors = 0
	if u.Provider.Type == idp.ProviderImport {
		u.Provider = idp.Provider{Type: idp.ProviderOkta, Name: string(idp.ProviderOkta)}
	}
	enter(tx, u, idp.UserDeprovisioned)
	if sendEmail {
		if err := s.TellAdministrators(tx, actor, u, "was deactivated"); err != nil {
			return err
		}
	}
	return s.record(tx, actor, eventlog.UserDeactivate, idp.UserTarget(u))
}

// Delete removes a deprovisioned user for good and deactivates any other. With
// sendEmail the organisation's administrators are told which of the two.
// (spec: management#deactivateOrDeleteUser)
func (s *Service) Delete(ctx context.Context, actor idp.Actor, ref string, sendEmail bool) error {
	return s.tx(ctx, "delete user", func(tx *store.Tx) error {
		u, err := find(tx, actor.OrgID(), ref)
		if err != nil {
			return err
		}
		if err := s.permit(tx, actor, u); err != nil {
			return err
		}
		if u.Status != idp.UserDeprovisioned {
			if err := s.deactivate(tx, actor, u, sendEmail); err != nil {
				return err
			}
			return s.Save(tx, u)
		}
		if sendEmail {
			if err := s.TellAdministrators(tx, actor, u, "was deleted"); err != nil {
				return err
			}
		}
		return s.remove(tx, actor, u)
	})
}

func (s *Service) remove(tx *store.Tx, actor idp.Actor, u *idp.User) error {
	if err := run(s.OnDelete, tx, actor, u); err != nil {
		return err
	}
	groups, err := tx.GroupIDsOf(u.OrgID, u.ID)
	if err != nil {
		return fmt.Errorf("list memberships: %w", err)
	}
	for _, id := range groups {
		if err := tx.TouchMembers(u.OrgID, id); err != nil {
			return fmt.Errorf("touch group: %w", err)
		}
	}
	if err := tx.DeleteUser(u.OrgID, u.ID); err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	for _, e := range []idp.EventType{eventlog.UserDelete, eventlog.UserDeleted} {
		if err := s.record(tx, actor, e, idp.UserTarget(u)); err != nil {
			return err
		}
	}
	return nil
}

// objectSuspend names the operation in the errors of Suspend and Unsuspend
// alike. (reference: validation cause texts)
const objectSuspend = "suspendUser"

// Suspend keeps an active user out for a while; everything the user has stays.
// KindInvalid from any other state. (spec: management#suspendUser)
func (s *Service) Suspend(ctx context.Context, actor idp.Actor, ref string) error {
	_, err := s.change(ctx, actor, "suspend user", ref, func(tx *store.Tx, u *idp.User) error {
		if u.Status != idp.UserActive {
			return idp.Invalid(objectSuspend, idp.Cause{Text: "Cannot suspend a user that is not active"})
		}
		if err := run(s.OnSuspend, tx, actor, u); err != nil {
			return err
		}
		enter(tx, u, idp.UserSuspended)
		return s.record(tx, actor, eventlog.UserSuspend, idp.UserTarget(u))
	})
	return err
}

// Unsuspend lets a suspended user in again. KindInvalid from any other state.
// (spec: management#unsuspendUser)
func (s *Service) Unsuspend(ctx context.Context, actor idp.Actor, ref string) error {
	_, err := s.change(ctx, actor, "unsuspend user", ref, func(tx *store.Tx, u *idp.User) error {
		if u.Status != idp.UserSuspended {
			return idp.Invalid(objectSuspend, idp.Cause{Text: "Cannot unsuspend a user that is not suspended"})
		}
		enter(tx, u, idp.UserActive)
		return s.record(tx, actor, eventlog.UserUnsuspend, idp.UserTarget(u))
	})
	return err
}

// Unlock lets a locked-out user try again with the same password. Whoever was
// locked while the password had to be changed still has to change it.
// KindNotLocked for a user who is not locked. (spec: management#unlockUser)
func (s *Service) Unlock(ctx context.Context, actor idp.Actor, ref string) error {
	_, err := s.change(ctx, actor, "unlock user", ref, func(tx *store.Tx, u *idp.User) error {
		locked, err := s.locked(tx, u)
		if err != nil {
			return err
		}
		if !locked {
			return idp.Fail(idp.KindNotLocked)
		}
		if err := s.Credentials.Unlock(tx, u.OrgID, u.ID); err != nil {
			return err
		}
		if u.Status == idp.UserLockedOut {
			enter(tx, u, idp.UserActive)
		}
		return s.record(tx, actor, eventlog.AccountUnlockAdmin, idp.UserTarget(u))
	})
	return err
}

// locked tells whether too many wrong guesses keep the user out. One whose
// password has expired keeps that state meanwhile.
func (s *Service) locked(tx *store.Tx, u *idp.User) (bool, error) {
	switch u.Status {
	case idp.UserLockedOut:
		return true, nil
	case idp.UserPasswordExpired:
		since, err := s.Credentials.LockedSince(tx, u.OrgID, u.ID)
		return !since.IsZero(), err
	case idp.UserStaged, idp.UserProvisioned, idp.UserActive, idp.UserRecovery, idp.UserSuspended, idp.UserDeprovisioned:
	}
	return false, nil
}

// AutoUnlock lets a user in again whose lock has run out by itself, and forgets
// the wrong guesses. It writes u, in the caller's transaction.
func (s *Service) AutoUnlock(tx *store.Tx, actor idp.Actor, u *idp.User) error {
	if err := s.Credentials.Unlock(tx, u.OrgID, u.ID); err != nil {
		return err
	}
	return s.turn(tx, actor, u, idp.UserActive, eventlog.AccountUnlock)
}

func (s *Service) turn(tx *store.Tx, actor idp.Actor, u *idp.User, status idp.UserStatus, event idp.EventType) error {
	enter(tx, u, status)
	if err := s.Save(tx, u); err != nil {
		return err
	}
	return s.Log.Record(tx, actor, eventlog.Entry{Type: event, Targets: []idp.Target{idp.UserTarget(u)}, Subject: eventlog.UserSubject(u)})
}

// Expire notes that a password has reached the end of its time: the user must
// change it at this sign-in. It writes u, in the caller's transaction.
func (s *Service) Expire(tx *store.Tx, actor idp.Actor, u *idp.User) error {
	return s.turn(tx, actor, u, idp.UserPasswordExpired, eventlog.PasswordExpire)
}
