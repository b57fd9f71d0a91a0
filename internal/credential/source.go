package credential

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// Bounds on the sources that are kept of a user.
const (
	sourceLife = 90 * 24 * time.Hour // without a sign-in from there
	sourceNote = 24 * time.Hour      // how seldom a use is noted
	maxSources = 20
)

// Source names where a request comes from: the device, where a caller that we
// trust names one, else the network address (of IPv6 the network of one
// subscriber). Empty when neither is known. What is kept is a hash.
func Source(c idp.Client) string {
	const subscriber = 64
	text := ""
	switch {
	case c.Device != "":
		text = "device " + c.Device
	case c.IP.Is6():
		text = "address " + netip.PrefixFrom(c.IP, subscriber).Masked().String()
	case c.IP.IsValid():
		text = "address " + c.IP.String()
	default:
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(keys.Hash(text))
}

// Standing tells since when wrong guesses have locked a user's password (zero:
// they have not) and whether the user has signed in from the source before.
func (s *Service) Standing(tx *store.Tx, orgID, userID, source string) (store.Standing, error) {
	out, err := tx.Standing(orgID, userID, source)
	if errors.Is(err, store.ErrNotFound) {
		return store.Standing{}, nil
	}
	if err != nil {
		return out, fmt.Errorf("read standing: %w", err)
	}
	return out, nil
}

// Trust notes that a user has signed in from a source.
func (s *Service) Trust(tx *store.Tx, orgID, userID, source string) error {
	if source == "" {
		return nil
	}
	if err := tx.TrustSource(orgID, userID, source, tx.Now().Add(-sourceNote), tx.Now().Add(sourceLife), maxSources); err != nil {
		return fmt.Errorf("note a source: %w", err)
	}
	return nil
}

// Known tells whether the user has signed in from the source before.
func (s *Service) Known(tx *store.Tx, orgID, userID, source string) (bool, error) {
	known, err := tx.KnownSource(orgID, userID, source)
	if err != nil {
		return false, fmt.Errorf("read source: %w", err)
	}
	return known, nil
}

// failedAtSource counts a wrong guess from a known source. The one that is the
// last that the policy allows makes the source a stranger and locks the
// credential for everybody. Several that come at once are all counted.
func (s *Service) failedAtSource(tx *store.Tx, orgID, userID string, l Lockout) (Failure, error) {
	n, err := tx.CountSourceFailure(orgID, userID, l.Source)
	if errors.Is(err, store.ErrNotFound) {
		return s.failed(tx, orgID, userID, l)
	}
	if err != nil {
		return Failure{}, fmt.Errorf("count a wrong guess: %w", err)
	}
	f := Failure{Count: n}
	if l.MaxAttempts <= 0 || n < l.MaxAttempts {
		return f, nil
	}
	if err := tx.DropSource(orgID, userID, l.Source); err != nil {
		return f, fmt.Errorf("forget a source: %w", err)
	}
	if f.LockedNow, err = tx.LockCredential(orgID, userID); err != nil {
		return f, fmt.Errorf("lock a credential: %w", err)
	}
	return f, nil
}
