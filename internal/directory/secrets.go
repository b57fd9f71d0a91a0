package directory

import (
	"context"
	"fmt"
	"strings"

	"usher/internal/credential"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Credentials are what a caller gives a user. Members that are nil are left as
// they are. (spec: management UserCredentials)
type Credentials struct {
	Password *string              // clear text
	Hash     *credential.HashSpec // made by another system
	// Hook lets another system judge the password at the first sign-in. (spec:
	// management PasswordCredentialHook)
	Hook     bool
	Question *Question
	Provider *idp.Provider // who keeps the password, if not Usher
}

// Question is a recovery question with its answer in clear text.
type Question struct{ Question, Answer string }

// check finds what contradicts itself.
func (c Credentials) check() error {
	switch {
	case c.Password != nil && c.Hash != nil:
		return idp.Invalid("password", idp.Cause{Field: "password", Text: "A password and a hash exclude each other"})
	case c.Hook && (c.Password != nil || c.Hash != nil):
		return idp.Invalid("password", idp.Cause{Field: "password", Text: "A hook excludes a password and a hash"})
	case c.external() && c.password():
		return idp.Invalid("password", idp.Cause{Field: "password", Text: "The password is kept by another provider"})
	}
	return nil
}

// external tells whether somebody else keeps the password.
func (c Credentials) external() bool { return c.Provider != nil && !c.Provider.Local() }

// password tells whether a password of any kind is given.
func (c Credentials) password() bool { return c.Password != nil || c.Hash != nil || c.Hook }

// hashes are credentials that are ready to be stored.
type hashes struct {
	password string // encoded, empty for none
	imported bool
	question string
	answer   string // encoded
}

// holder is whose credentials are prepared.
type holder struct {
	user   *idp.User // nil for one who is not stored yet
	groups []string
	credential.Owner
	strict bool // apply age and history, as for a change by the user
}

func (h holder) id() string {
	if h.user == nil {
		return ""
	}
	return h.user.ID
}

// prepare checks credentials against the holder's password policy and hashes
// them. It belongs before the transaction: hashing takes its time.
func (s *Service) prepare(ctx context.Context, orgID string, c Credentials, h holder) (hashes, error) {
	var out hashes
	if err := c.check(); err != nil {
		return out, err
	}
	if c.Hash != nil {
		encoded, err := credential.Import(*c.Hash)
		if err != nil {
			return out, err
		}
		out.password, out.imported = encoded, true
	}
	if c.Hook {
		out.password, out.imported = credential.AskHook, true
	}
	if c.Password == nil && c.Question == nil {
		return out, nil
	}
	policy, err := s.PasswordPolicy(s.Store.Read(ctx), orgID, h.id(), h.groups)
	if err != nil {
		return out, fmt.Errorf("password policy: %w", err)
	}
	if c.Password != nil {
		if err := s.checkPassword(ctx, policy, *c.Password, h); err != nil {
			return out, err
		}
	}
	if c.Question != nil {
		if err := credential.CheckQuestion(c.Question.Question, c.Question.Answer, policy.Recovery.AnswerLength); err != nil {
			return out, err
		}
	}
	return out, s.hash(ctx, c, &out)
}

// checkPassword applies a policy to a new password.
func (s *Service) checkPassword(ctx context.Context, p credential.Policy, password string, h holder) error {
	if err := credential.Check(p.Rules, credential.Age{}, password, h.Owner); err != nil {
		return err
	}
	if !h.strict || h.user == nil {
		return nil
	}
	if err := credential.CheckAge(s.Store.Read(ctx), h.user, p.Age); err != nil {
		return err
	}
	return s.Credentials.CheckHistory(ctx, h.user.OrgID, h.user.ID, password, p.Age)
}

func (s *Service) hash(ctx context.Context, c Credentials, out *hashes) (err error) {
	if c.Password != nil {
		if out.password, err = s.Credentials.Hasher.Hash(ctx, *c.Password); err != nil {
			return fmt.Errorf("hash password: %w", err)
		}
	}
	if c.Question != nil {
		out.question = strings.TrimSpace(c.Question.Question)
		if out.answer, err = s.Credentials.HashAnswer(ctx, c.Question.Answer); err != nil {
			return fmt.Errorf("hash answer: %w", err)
		}
	}
	return nil
}

// SetPassword gives a stored user a password by its encoded hash, records it
// and moves the user to the state that follows: whoever was waiting for a
// password becomes active. It does not write u: Save does. KindUserState for a
// deprovisioned user, KindPasswordNotAllowed where somebody else keeps it.
func (s *Service) SetPassword(tx *store.Tx, actor idp.Actor, u *idp.User, encoded string) error {
	return s.setPassword(tx, actor, u, hashes{password: encoded})
}

func (s *Service) setPassword(tx *store.Tx, actor idp.Actor, u *idp.User, h hashes) error {
	switch {
	case u.Status == idp.UserDeprovisioned:
		return idp.Fail(idp.KindUserState)
	case !u.Provider.Local():
		return idp.Fail(idp.KindPasswordNotAllowed)
	case h.imported && u.Status != idp.UserStaged:
		return idp.Invalid("password", idp.Cause{Field: "password", Text: "A hash can only be set for a staged user"})
	}
	if err := s.Credentials.SetPassword(tx, u, h.password); err != nil {
		return err
	}
	u.Provider = idp.Provider{Type: idp.ProviderOkta, Name: string(idp.ProviderOkta)}
	if h.imported {
		u.Provider = idp.Provider{Type: idp.ProviderImport, Name: string(idp.ProviderImport)}
	}
	switch u.Status {
	case idp.UserProvisioned, idp.UserPasswordExpired, idp.UserRecovery, idp.UserLockedOut:
		enter(tx, u, idp.UserActive)
	case idp.UserStaged, idp.UserActive, idp.UserSuspended, idp.UserDeprovisioned:
	}
	if err := tx.DeleteUserTokens(u.OrgID, u.ID); err != nil {
		return store.Failure("void tokens", err)
	}
	return s.record(tx, actor, eventlog.PasswordUpdate, idp.UserTarget(u))
}
