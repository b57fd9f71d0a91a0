package directory

import (
	"fmt"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/store"
)

// Of lock mails a user gets at most maxLockMails within lockMailWindow: whoever
// goes on guessing each time that a lock has ended must not fill a mailbox.
const (
	maxLockMails   = 5
	lockMailWindow = time.Hour
)

// Lock locks a user out after too many wrong guesses, records it in the user's
// own name and, where the password policy wants that, queues a mail about it. It
// is called once for each lock, in the caller's transaction, and writes u. One
// whose password has expired stays in that state: a lock that ends must not make
// the old password good again.
func (s *Service) Lock(tx *store.Tx, actor idp.Actor, u *idp.User) error {
	if u.Status == idp.UserActive {
		if err := s.turn(tx, actor, u, idp.UserLockedOut, eventlog.AccountLock); err != nil {
			return err
		}
	} else if err := s.Log.Record(tx, actor, eventlog.Entry{
		Type: eventlog.AccountLock, Subject: eventlog.UserSubject(u), Targets: []idp.Target{idp.UserTarget(u)},
	}); err != nil {
		return err
	}
	return s.tellLocked(tx, actor, u)
}

// tellLocked queues the mail about a lock.
// (management reference: password policy, userLockoutNotificationChannels)
func (s *Service) tellLocked(tx *store.Tx, actor idp.Actor, u *idp.User) error {
	groups, err := s.GroupIDs(tx, actor.Org, u.ID)
	if err != nil {
		return err
	}
	p, err := s.PasswordPolicy(tx, u.OrgID, u.ID, groups)
	if err != nil {
		return fmt.Errorf("password policy: %w", err)
	}
	if !p.Lockout.NotifyByEmail {
		return nil
	}
	n, err := tx.ShareCount(u.OrgID, "lock mail "+u.ID, tx.Now().Truncate(lockMailWindow), lockMailWindow)
	if err != nil {
		return fmt.Errorf("count lock mails: %w", err)
	}
	if n > maxLockMails {
		return nil
	}
	a, err := u.Attributes()
	if err != nil {
		return store.Failure("read profile", err)
	}
	l := notify.Locked{To: a.Text(AttrEmail), Name: a.Text(AttrFirstName), Login: u.Login, Org: actor.Org.Name, At: tx.Now()}
	if minutes := p.Lockout.AutoUnlockMinutes; minutes > 0 {
		l.Ends = tx.Now().Add(time.Duration(minutes) * time.Minute)
	}
	m, err := l.Message()
	if err != nil {
		return fmt.Errorf("lock mail: %w", err)
	}
	if _, err := s.Outbox.Enqueue(tx, u.OrgID, m); err != nil {
		return fmt.Errorf("queue lock mail: %w", err)
	}
	return nil
}
