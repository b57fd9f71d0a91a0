package session

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

const (
	tokenPrefix = "20111"
	tokenLength = len(tokenPrefix) + 43
	// tokenLife is how long a one-time token is good.
	// (management reference: authentication, life times)
	tokenLife = 5 * time.Minute
)

// IssueToken returns a one-time token that stands for a session to be, and when
// it stops being good: "20111" and 43 base64url characters, five minutes.
func (s *Service) IssueToken(tx *store.Tx, u *idp.User, p Proofs) (token string, expires time.Time, err error) {
	token, expires = env.Secret(s.Rand, tokenPrefix, secretBytes), tx.Now().Add(tokenLife)
	if err := tx.PutSessionToken(Draft(tx, u, p), keys.Hash(token), expires); err != nil {
		return "", time.Time{}, fmt.Errorf("issue a session token: %w", err)
	}
	return token, expires, nil
}

// TakeSessionToken consumes a one-time token and returns the draft of its
// session, for Start once the gate has agreed. Of many takers one gets it; the
// others, and whoever brings one that is unknown or too old, get
// KindUnauthenticated.
func (s *Service) TakeSessionToken(tx *store.Tx, orgID, token string) (*idp.Session, error) {
	if len(token) != tokenLength || !strings.HasPrefix(token, tokenPrefix) {
		return nil, idp.Fail(idp.KindUnauthenticated)
	}
	draft, err := tx.TakeSessionToken(orgID, keys.Hash(token))
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.Fail(idp.KindUnauthenticated)
	}
	if err != nil {
		return nil, fmt.Errorf("take a session token: %w", err)
	}
	return draft, nil
}
