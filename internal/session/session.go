package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/policy"
	"usher/internal/store"
)

const (
	secretPrefix = "102"
	secretBytes  = 32
	secretLength = len(secretPrefix) + 43
	// unlimited is how long a session lives that nothing limits.
	unlimited = 10 * 365 * 24 * time.Hour
)

// Service keeps sessions. Its methods on a *store.Tx hold at any isolation:
// each invariant is guarded by one statement.
type Service struct {
	Store *store.Store
	Log   *eventlog.Log
	IDs   env.IDs
	Rand  env.Rand
	// OnEnd is told, in the transaction that ends sessions, which applications
	// want to hear of it. A session that ends by itself tells nobody.
	OnEnd []func(tx *store.Tx, a idp.Actor, list []Client) error
}

// Proofs are what a user has proved, and within what limits the session that
// rests on it may live (policy.SignOn.Session).
type Proofs struct {
	Status       idp.SessionStatus // SessionActive when empty
	LastPassword time.Time         // zero when no password was verified
	LastFactor   time.Time         // zero when no further factor was verified
	AMR          []string          // RFC 8176 values
	Limits       policy.SessionLimits
}

// Draft is a session that has not begun: it has neither a secret nor an expiry.
// Its lifetime counts from now.
func Draft(tx *store.Tx, u *idp.User, p Proofs) *idp.Session {
	d := &idp.Session{
		OrgID: u.OrgID, UserID: u.ID, Login: u.Login, Status: p.Status, LastPassword: p.LastPassword, LastFactor: p.LastFactor,
		AMR: p.AMR, Idle: p.Limits.Idle, Persistent: p.Limits.Persistent,
	}
	if d.Status == "" {
		d.Status = idp.SessionActive
	}
	if p.Limits.Lifetime > 0 {
		d.EndsBy = tx.Now().Add(p.Limits.Lifetime)
	}
	return d
}

// Create begins a session for a user and returns the secret by which it is
// presented: "102" and 43 base64url characters.
func (s *Service) Create(tx *store.Tx, u *idp.User, p Proofs) (secret string, v *idp.Session, err error) {
	return s.Start(tx, Draft(tx, u, p))
}

// Start begins the session of a draft, as Draft or TakeSessionToken gave it. It
// fails with KindUnauthenticated when the draft's lifetime has passed.
func (s *Service) Start(tx *store.Tx, draft *idp.Session) (secret string, v *idp.Session, err error) {
	begun := *draft
	v = &begun
	v.ID, v.Created = s.IDs.New(secretPrefix), tx.Now()
	v.Expires = expiry(v, tx.Now())
	if !v.Expires.After(tx.Now()) {
		return "", nil, idp.Fail(idp.KindUnauthenticated)
	}
	secret = env.Secret(s.Rand, secretPrefix, secretBytes)
	if err := tx.InsertSession(v, keys.Hash(secret)); err != nil {
		return "", nil, fmt.Errorf("begin session: %w", err)
	}
	return secret, v, nil
}

// expiry is when a session ends if it is not used from now on.
func expiry(v *idp.Session, now time.Time) time.Time {
	idle := v.Idle
	if idle <= 0 {
		idle = unlimited
	}
	at := now.Add(idle)
	if !v.EndsBy.IsZero() && v.EndsBy.Before(at) {
		return v.EndsBy
	}
	return at
}

// Lookup returns the session that a secret presents, with one point read. It
// fails with KindNotFound on "Session" when there is none or it has expired;
// the error does not carry the secret.
func (s *Service) Lookup(ctx context.Context, orgID, secret string) (*idp.Session, error) {
	return s.Get(s.Store.Read(ctx), orgID, secret)
}

// Prove is Lookup for a caller who presents the secret: it also returns the
// session's user, in Owner, and the roles that the user holds, with one read.
func (s *Service) Prove(ctx context.Context, orgID, secret string) (*idp.Session, []idp.RoleType, error) {
	if !plausible(secret) {
		return nil, nil, idp.NotFound("Session", "")
	}
	v, held, err := s.Store.Read(ctx).SessionOwner(orgID, keys.Hash(secret))
	if err != nil {
		return nil, nil, missing(err, "read session")
	}
	return v, held, nil
}

// Get is Lookup within a transaction.
func (s *Service) Get(tx *store.Tx, orgID, secret string) (*idp.Session, error) {
	if !plausible(secret) {
		return nil, idp.NotFound("Session", "")
	}
	v, err := tx.Session(orgID, keys.Hash(secret))
	if err != nil {
		return nil, missing(err, "read session")
	}
	return v, nil
}

func plausible(secret string) bool {
	return len(secret) == secretLength && strings.HasPrefix(secret, secretPrefix)
}

func missing(err error, doing string) error {
	if errors.Is(err, store.ErrNotFound) {
		return idp.NotFound("Session", "")
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Refresh moves the expiry of a session by its idle time from now on, never
// past its lifetime, and returns it. It fails with KindNotFound when there is
// none: a session that ends at the same moment stays ended.
func (s *Service) Refresh(tx *store.Tx, orgID, secret string) (*idp.Session, error) {
	v, err := s.Get(tx, orgID, secret)
	if err != nil {
		return nil, err
	}
	v.Expires = expiry(v, tx.Now())
	if err := tx.ExtendSession(orgID, keys.Hash(secret), v.Expires); err != nil {
		return nil, missing(err, "extend session")
	}
	v.Version++
	return v, nil
}

// End ends the session that a secret presents and records that its user has
// signed out. KindNotFound when there is none.
func (s *Service) End(tx *store.Tx, a idp.Actor, secret string) error {
	v, err := s.Get(tx, a.OrgID(), secret)
	if err != nil {
		return err
	}
	clients, err := s.Clients(tx, v.OrgID, secret)
	if err != nil {
		return err
	}
	if err := tx.DeleteSession(v.OrgID, keys.Hash(secret)); err != nil {
		return missing(err, "end session")
	}
	target, err := userTarget(tx, v.OrgID, v.UserID)
	if err != nil {
		return err
	}
	if err := s.Log.Record(tx, a, eventlog.Entry{Type: eventlog.SessionEnd, Targets: []idp.Target{target}, SessionID: v.ID}); err != nil {
		return err
	}
	return s.ended(tx, a, clients)
}

// EndAll ends all sessions of a user but the one whose public identifier is
// keep ("" for none), voids the user's one-time tokens, and tells how many
// sessions ended. What ended is recorded as one event.
func (s *Service) EndAll(tx *store.Tx, a idp.Actor, userID, keep string) (int, error) {
	clients, err := tx.UserSessionClients(a.OrgID(), userID, keep, maxClients)
	if err != nil {
		return 0, fmt.Errorf("read the clients of the sessions of %s: %w", userID, err)
	}
	n, err := tx.DeleteUserSessions(a.OrgID(), userID, keep)
	if err != nil {
		return 0, fmt.Errorf("end the sessions of %s: %w", userID, err)
	}
	if n == 0 {
		return 0, nil
	}
	target, err := userTarget(tx, a.OrgID(), userID)
	if err != nil {
		return 0, err
	}
	if err := s.Log.Record(tx, a, eventlog.Entry{Type: eventlog.SessionClear, Targets: []idp.Target{target}}); err != nil {
		return 0, err
	}
	return n, s.ended(tx, a, clients)
}

// userTarget names a user in an event.
func userTarget(tx *store.Tx, orgID, userID string) (idp.Target, error) {
	u, err := tx.User(orgID, userID)
	if errors.Is(err, store.ErrNotFound) {
		return idp.Target{ID: userID, Type: "User", AlternateID: "unknown", DisplayName: "unknown"}, nil
	}
	if err != nil {
		return idp.Target{}, fmt.Errorf("read the user of a session: %w", err)
	}
	return idp.UserTarget(u), nil
}
