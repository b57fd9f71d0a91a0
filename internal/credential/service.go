package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

// MaxHistory is how many earlier passwords are remembered.
// (spec: management PasswordPolicyPasswordSettingsAge.historyCount)
const MaxHistory = 24

// Service keeps credentials. Its methods on a *store.Tx work at any isolation
// unless they say otherwise.
type Service struct {
	Store  *store.Store
	Hasher *Hasher
	// Ask asks the system that keeps a password marked as AskHook. Nil, and an
	// answer that does not come, is a no. Hooks stand beside this package.
	Ask func(ctx context.Context, g Guess) (bool, error)
}

// AskHook stands for a password that another system keeps until it has called a
// guess right: then the guess is hashed and takes its place.
// (spec: management PasswordCredentialHook)
const AskHook = "$hook$default$"

// Guess is a password that somebody gives.
type Guess struct {
	Org      *idp.Org
	UserID   string // empty for an unknown user
	Password string
	Client   idp.Client // where it comes from, for whoever is asked
	// Look is what the credential is read by, nil for a read of its own.
	Look *store.Tx
}

// secret tells which of a user's secrets a proof is about.
type secret int

const (
	secretPassword secret = iota
	secretAnswer
)

// Proof is the outcome of comparing a guess with what was stored at that time.
// It is made outside a transaction and settled in one, by Failed or Succeeded.
type Proof struct {
	OrgID, UserID string
	OK            bool

	kind   secret
	stored string // the encoded hash that was compared
	fresh  string // a hash to replace a stale one with, empty for none
}

// Verify compares a password with the user's. For an unknown user and one
// without a password it takes as long and is not OK. The error is the context's
// or an internal one.
func (s *Service) Verify(ctx context.Context, g Guess) (Proof, error) {
	p := Proof{OrgID: g.Org.ID, UserID: g.UserID, kind: secretPassword}
	if g.UserID == "" {
		return s.verify(ctx, p, g.Password)
	}
	look := g.Look
	if look == nil {
		look = s.Store.Read(ctx)
	}
	c, err := look.Credential(p.OrgID, p.UserID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return p, fmt.Errorf("read credential: %w", err)
	}
	switch {
	case err != nil:
		return s.compare(ctx, p, nil, g.Password)
	case c.Password == AskHook:
		return s.ask(ctx, p, c, g)
	}
	return s.compare(ctx, p, c, g.Password)
}

// ask lets another system judge a guess. Who is locked out is not asked about. A
// refused guess costs what it costs elsewhere, beside the question.
func (s *Service) ask(ctx context.Context, p Proof, c *store.Credential, g Guess) (Proof, error) {
	p.stored = c.Password
	if s.Ask != nil && c.LockedAt.IsZero() && g.Password != "" && !tooLong(g.Password) {
		ok, err := s.Ask(ctx, g)
		if err != nil {
			return p, fmt.Errorf("ask about a password: %w", err)
		}
		p.OK = ok
	}
	if !p.OK {
		return p, s.Hasher.Dummy(ctx, g.Password)
	}
	var err error
	p.fresh, err = s.Hasher.Hash(ctx, g.Password)
	return p, err
}

func (s *Service) verify(ctx context.Context, p Proof, guess string) (Proof, error) {
	var c *store.Credential
	if p.UserID != "" {
		var err error
		c, err = s.Store.Read(ctx).Credential(p.OrgID, p.UserID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return p, fmt.Errorf("read credential: %w", err)
		}
		if err != nil {
			c = nil
		}
	}
	return s.compare(ctx, p, c, guess)
}

// compare compares a guess with what is stored; c is nil for nothing.
func (s *Service) compare(ctx context.Context, p Proof, c *store.Credential, guess string) (Proof, error) {
	if c != nil {
		p.stored = p.of(c)
	}
	if p.stored == "" {
		return p, s.Hasher.Dummy(ctx, guess)
	}
	m, err := s.Hasher.Verify(ctx, p.stored, guess)
	if err != nil {
		return p, fmt.Errorf("verify credential of %s: %w", p.UserID, err)
	}
	p.OK = m.OK
	if m.OK && m.Stale {
		if p.fresh, err = s.Hasher.Hash(ctx, guess); err != nil {
			return p, fmt.Errorf("hash again: %w", err)
		}
	}
	return p, nil
}

func (p Proof) of(c *store.Credential) string {
	if p.kind == secretAnswer {
		return c.Answer
	}
	return c.Password
}

// Failure is what a wrong guess led to.
type Failure struct {
	Count int // wrong guesses in a row; 0 when the user has no credential or was locked before
	// LockedNow tells that this guess locked the credential: the caller locks the
	// user out and records it.
	LockedNow bool
}

// Failed counts a wrong guess at a user's password or recovery answer, and
// locks the credential when the policy has enough. Guesses are counted exactly,
// however many come at once.
func (s *Service) Failed(tx *store.Tx, orgID, userID string, l Lockout) (Failure, error) {
	if l.Source != "" {
		return s.failedAtSource(tx, orgID, userID, l)
	}
	return s.failed(tx, orgID, userID, l)
}

// failed counts a stranger's guess.
func (s *Service) failed(tx *store.Tx, orgID, userID string, l Lockout) (Failure, error) {
	n, err := tx.CountFailure(orgID, userID)
	if errors.Is(err, store.ErrNotFound) {
		return Failure{}, nil
	}
	if err != nil {
		return Failure{}, fmt.Errorf("count a wrong guess: %w", err)
	}
	f := Failure{Count: n}
	if l.MaxAttempts > 0 && n >= l.MaxAttempts {
		if f.LockedNow, err = tx.LockCredential(orgID, userID); err != nil {
			return f, fmt.Errorf("lock a credential: %w", err)
		}
	}
	return f, nil
}

// Succeeded settles a right guess: it forgets the wrong ones before and writes
// a fresh hash for a stale one. It fails with KindUnauthenticated when the
// secret was changed or the credential locked since the guess was compared:
// the right guess among many at once does not slip past the lock.
func (s *Service) Succeeded(tx *store.Tx, p Proof) error {
	if !p.OK {
		return idp.Fail(idp.KindUnauthenticated)
	}
	c, err := tx.Credential(p.OrgID, p.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return idp.Fail(idp.KindUnauthenticated)
	}
	if err != nil {
		return fmt.Errorf("read credential: %w", err)
	}
	if p.of(c) != p.stored || !c.LockedAt.IsZero() {
		return idp.Fail(idp.KindUnauthenticated)
	}
	if c.Failures == 0 && p.fresh == "" {
		return nil
	}
	c.Failures = 0
	if p.fresh != "" && p.kind == secretAnswer {
		c.Answer = p.fresh
	} else if p.fresh != "" {
		c.Password = p.fresh
	}
	return save(tx, c)
}

// save writes a credential; a version that is gone is a KindConflict.
func save(tx *store.Tx, c *store.Credential) error {
	err := tx.SaveCredential(c)
	if errors.Is(err, store.ErrStale) || store.Exists(err, "credentials.user_id") {
		return &idp.Error{Kind: idp.KindConflict, Object: "credential"}
	}
	if err != nil {
		return fmt.Errorf("save credential: %w", err)
	}
	return nil
}

// load reads a user's credential or begins one.
func load(tx *store.Tx, u *idp.User) (*store.Credential, error) {
	c, err := tx.Credential(u.OrgID, u.ID)
	if errors.Is(err, store.ErrNotFound) {
		return &store.Credential{OrgID: u.OrgID, UserID: u.ID}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read credential: %w", err)
	}
	return c, nil
}

// SetPassword gives a user, who is stored already, a password by its encoded
// hash (Hasher.Hash or Import). The one before goes into the history, wrong
// guesses and the lock are forgotten. It changes u's HasPassword and
// PasswordChanged; the caller writes u, and its status, in the same
// transaction. KindConflict when another change came first.
func (s *Service) SetPassword(tx *store.Tx, u *idp.User, encoded string) error {
	c, err := load(tx, u)
	if err != nil {
		return err
	}
	if c.Password != "" && c.Password != AskHook {
		c.History = append([]string{c.Password}, c.History...)
		c.History = c.History[:min(len(c.History), MaxHistory)]
	}
	c.Password, c.Failures, c.LockedAt = encoded, 0, time.Time{}
	if err := save(tx, c); err != nil {
		return err
	}
	u.HasPassword, u.PasswordChanged = true, changedAt(u.PasswordChanged, tx.Now())
	return nil
}

// changedAt is now, or a second after the change before: clients read whole
// seconds and must see two changes apart.
func changedAt(before, now time.Time) time.Time {
	if next := before.Truncate(time.Second).Add(time.Second); !before.IsZero() && now.Before(next) {
		return next
	}
	return now
}

// LockedSince is when too many wrong guesses locked the credential, zero when
// it is not locked. Lockout.Over tells whether that has ended by itself.
func (s *Service) LockedSince(tx *store.Tx, orgID, userID string) (time.Time, error) {
	c, err := tx.Credential(orgID, userID)
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read credential: %w", err)
	}
	return c.LockedAt, nil
}

// Unlock forgets the wrong guesses, those at factors included, and the lock. The caller changes the user's
// status and records who did it.
func (s *Service) Unlock(tx *store.Tx, orgID, userID string) error {
	if err := tx.ForgiveCredential(orgID, userID); err != nil {
		return fmt.Errorf("unlock a credential: %w", err)
	}
	if err := tx.ForgiveFactors(orgID, userID); err != nil {
		return fmt.Errorf("forgive wrong answers: %w", err)
	}
	return nil
}

// Erase removes password, history, recovery question and answer, as the
// deactivation of a user does. It changes u; the caller writes u.
func (s *Service) Erase(tx *store.Tx, u *idp.User) error {
	if err := tx.DeleteCredential(u.OrgID, u.ID); err != nil {
		return fmt.Errorf("erase a credential: %w", err)
	}
	u.HasPassword, u.RecoveryQuestion, u.PasswordChanged = false, "", time.Time{}
	return nil
}
