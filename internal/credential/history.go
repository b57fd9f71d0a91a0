package credential

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/idp"
	"usher/internal/store"
)

// CheckHistory tells whether a user may take this password again: it is
// neither the present one nor, where the policy says so, one of the last
// a.History. Otherwise KindInvalid on "password". It compares hashes and so
// belongs outside a transaction.
func (s *Service) CheckHistory(ctx context.Context, orgID, userID, password string, a Age) error {
	c, err := s.Store.Read(ctx).Credential(orgID, userID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read credential: %w", err)
	}
	reused, err := s.Reused(ctx, c, password, max(a.History, 1))
	switch {
	case err != nil:
		return err
	case reused && a.History > 0:
		return refuse("Password has been used too recently")
	case reused:
		return refuse("Password cannot be your current password")
	}
	return nil
}

// Reused tells whether a password is among the last n of a credential, the
// present one being the first of them.
func (s *Service) Reused(ctx context.Context, c *store.Credential, password string, n int) (bool, error) {
	last := c.History
	if c.Password != "" {
		last = append([]string{c.Password}, last...)
	}
	for _, encoded := range last[:min(len(last), n)] {
		m, err := s.Hasher.Verify(ctx, encoded, password)
		if err != nil {
			return false, fmt.Errorf("compare with an earlier password: %w", err)
		}
		if m.OK {
			return true, nil
		}
	}
	return false, nil
}

// CheckAge tells whether the owner of a password may change it already, else
// KindInvalid on "password".
func CheckAge(tx *store.Tx, u *idp.User, a Age) error {
	if !a.TooYoung(u.PasswordChanged, tx.Now()) {
		return nil
	}
	return refuse(fmt.Sprintf("The minimum password age requirement was not met. Password minimum age requirement: %s", duration(a.MinMinutes)))
}

// requirements says in sentences what the age of passwords asks of a new one.
// (client: sign-in widget; spec: idx password.passwordRequirementsNotMet)
func (a Age) requirements() []string {
	var out []string
	if a.History > 0 {
		out = append(out, fmt.Sprintf("Your password cannot be any of your last %d passwords.", a.History))
	}
	if a.MinMinutes > 0 {
		out = append(out, fmt.Sprintf("At least %s must have elapsed since you last changed your password.", duration(a.MinMinutes)))
	}
	return out
}

// duration says minutes in the unit that fits.
func duration(minutes int) string {
	switch {
	case minutes%(24*60) == 0:
		return fmt.Sprintf("%d day(s)", minutes/(24*60))
	case minutes%60 == 0:
		return fmt.Sprintf("%d hour(s)", minutes/60)
	}
	return fmt.Sprintf("%d minute(s)", minutes)
}
