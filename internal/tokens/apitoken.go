package tokens

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

const (
	secretPrefix = "00"
	secretBytes  = 30 // 40 characters of base64url
	secretLength = len(secretPrefix) + 40
	// idleLife is how long a token lives that is not used.
	// (management reference: authentication of requests)
	idleLife = 30 * 24 * time.Hour
	// noteEvery is how often the use of a token is written down.
	noteEvery = time.Minute
	maxName   = 255
)

// Service keeps API tokens. It must not be copied after its first use.
type Service struct {
	Store *store.Store
	Log   *eventlog.Log
	IDs   env.IDs
	Rand  env.Rand
	Clock env.Clock

	cache cache
}

// Token is an API token without its secret, which nobody knows.
type Token = store.APIToken

// Verified is whose token it is. It is shared by requests: do not change it.
type Verified struct {
	Token store.APIToken
	User  *idp.User
	Roles []idp.RoleType

	name string // of the user, for people
}

// verified reads the name out of the profile once for all requests.
func verified(t store.APIToken, u *idp.User, held []idp.RoleType) *Verified {
	v := &Verified{Token: t, User: u, Roles: held, name: u.Login}
	if a, err := u.Attributes(); err == nil {
		v.name = a.DisplayName()
	}
	return v
}

// Actor is the user of a token as the one who acts, from where client says.
func (v *Verified) Actor(org *idp.Org, client idp.Client) idp.Actor {
	return idp.Actor{
		Org: org, Kind: idp.ActorUser, UserID: v.User.ID, Login: v.User.Login, Name: v.name,
		TokenID: v.Token.ID, Roles: v.Roles, Client: client,
	}
}

// Create makes a token with which its bearer acts as the user, and returns its
// secret, which is not kept: "00" and 40 base64url characters. It fails with
// KindInvalid on "name", KindNotFound on "User", and KindUserState for a user
// who is not active.
func (s *Service) Create(ctx context.Context, a idp.Actor, userID, name string) (secret string, t *store.APIToken, err error) {
	err = s.Store.Tx(ctx, func(tx *store.Tx) error {
		secret, t, err = s.CreateIn(tx, a, userID, name)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return secret, t, nil
}

// CreateIn is Create within a transaction.
func (s *Service) CreateIn(tx *store.Tx, a idp.Actor, userID, name string) (secret string, t *store.APIToken, err error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", nil, idp.Invalid("name", idp.Cause{Field: "name", Text: "The field cannot be left blank"})
	case utf8.RuneCountInString(name) > maxName:
		return "", nil, idp.Invalid("name", idp.Cause{Field: "name", Text: "The field is too long"})
	}
	u, err := tx.User(a.OrgID(), userID)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil, idp.NotFound("User", userID)
	}
	if err != nil {
		return "", nil, fmt.Errorf("read the owner of a token: %w", err)
	}
	if u.Status != idp.UserActive {
		return "", nil, idp.Fail(idp.KindUserState)
	}
	t = &store.APIToken{OrgID: u.OrgID, ID: s.IDs.New("00T"), UserID: u.ID, Name: name, Created: tx.Now(), LastUsed: tx.Now()}
	secret = env.Secret(s.Rand, secretPrefix, secretBytes)
	if err := tx.InsertAPIToken(*t, keys.Hash(secret)); err != nil {
		return "", nil, fmt.Errorf("create an API token: %w", err)
	}
	if err := s.record(tx, a, eventlog.APITokenCreate, *t); err != nil {
		return "", nil, err
	}
	return secret, t, nil
}

// Verify tells whose token a secret is. It fails with KindBadToken when it is
// unknown, revoked, was not used for 30 days, or its user is not active. The
// answer may be one second old (see the package); otherwise it costs one point
// read, and once a minute a write that notes the use.
func (s *Service) Verify(ctx context.Context, org *idp.Org, secret string) (*Verified, error) {
	if len(secret) != secretLength || !strings.HasPrefix(secret, secretPrefix) {
		return nil, idp.Fail(idp.KindBadToken)
	}
	k := cacheKey{org: org.ID}
	copy(k.hash[:], keys.Hash(secret))
	e, err := s.cache.Get(k, func() (*entry, error) { return s.read(ctx, k) })
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	noted := e.noted.Load()
	unused := now.Sub(time.UnixMilli(noted))
	if unused > idleLife || e.verified.User.Status != idp.UserActive {
		return nil, idp.Fail(idp.KindBadToken)
	}
	if unused >= noteEvery && e.noted.CompareAndSwap(noted, now.UnixMilli()) {
		// That the note cannot be written (the disk is full, the database only
		// reads) is no reason to refuse what only reads. It is tried again soon.
		if err := s.note(ctx, &e.verified.Token); idp.KindOf(err) == idp.KindBadToken {
			return nil, err
		}
	}
	return e.verified, nil
}

// read finds out whose token it is, else KindBadToken.
func (s *Service) read(ctx context.Context, k cacheKey) (*entry, error) {
	owner, err := s.Store.Read(ctx).APITokenOwner(k.org, k.hash[:])
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.Fail(idp.KindBadToken)
	}
	if err != nil {
		return nil, fmt.Errorf("read an API token: %w", err)
	}
	e := &entry{verified: verified(owner.Token, &owner.User, owner.Roles)}
	e.noted.Store(owner.Token.LastUsed.UnixMilli())
	return e, nil
}

// note writes down that a token was used. One that was revoked in the meantime
// is not to be used.
func (s *Service) note(ctx context.Context, t *store.APIToken) error {
	err := s.Store.Write(ctx, func(tx *store.Tx) error { return tx.UseAPIToken(t.OrgID, t.ID) })
	if errors.Is(err, store.ErrNotFound) {
		return idp.Fail(idp.KindBadToken)
	}
	if err != nil {
		return fmt.Errorf("note the use of an API token: %w", err)
	}
	return nil
}

// List returns the tokens of a user, by identifier.
func (s *Service) List(ctx context.Context, orgID, userID string) ([]store.APIToken, error) {
	all, err := s.Store.Read(ctx).APITokensOf(orgID, userID)
	if err != nil {
		return nil, fmt.Errorf("list API tokens: %w", err)
	}
	return all, nil
}

// Expires is when a token ends that is not used again.
func Expires(t Token) time.Time { return t.LastUsed.Add(idleLife) }

// Active lists, by identifier, the tokens of an organisation that have not ended,
// limit at most, behind the one that after names.
func (s *Service) Active(ctx context.Context, orgID, after string, limit int) ([]Token, error) {
	all, err := s.Store.Read(ctx).APITokensAfter(orgID, after, s.Clock.Now().Add(-idleLife), limit)
	if err != nil {
		return nil, fmt.Errorf("list API tokens: %w", err)
	}
	return all, nil
}

// Find returns a token that has not ended. KindNotFound on "ApiToken" when there
// is none.
func (s *Service) Find(ctx context.Context, orgID, id string) (*Token, error) {
	t, err := s.Store.Read(ctx).APIToken(orgID, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && s.Clock.Now().After(Expires(*t)) {
		return nil, idp.NotFound("ApiToken", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read an API token: %w", err)
	}
	return t, nil
}

// Revoke ends a token, on this node at once. KindNotFound on "ApiToken" when
// there is none.
func (s *Service) Revoke(ctx context.Context, a idp.Actor, id string) error {
	if err := s.Store.Tx(ctx, func(tx *store.Tx) error { return s.revoke(tx, a, id) }); err != nil {
		return err
	}
	s.gone(id)
	return nil
}

func (s *Service) revoke(tx *store.Tx, a idp.Actor, id string) error {
	t, err := tx.APIToken(a.OrgID(), id)
	if err == nil {
		err = tx.DeleteAPIToken(t.OrgID, t.ID)
	}
	if errors.Is(err, store.ErrNotFound) {
		return idp.NotFound("ApiToken", id)
	}
	if err != nil {
		return fmt.Errorf("revoke an API token: %w", err)
	}
	return s.record(tx, a, eventlog.APITokenRevoke, *t)
}

// RevokeOf is Revoke by an administrator. KindForbidden for the token of somebody
// whom the actor may not change.
func (s *Service) RevokeOf(ctx context.Context, d *directory.Service, a idp.Actor, id string) error {
	t, err := s.Find(ctx, a.OrgID(), id)
	if err != nil {
		return err
	}
	if a.Is(t.UserID) {
		return s.Revoke(ctx, a, id)
	}
	_, err = d.Within(ctx, a, "revoke an API token", t.UserID, func(tx *store.Tx, _ *idp.User) error { return s.revoke(tx, a, id) })
	if err == nil {
		s.gone(id)
	}
	return err
}

// gone drops what this node has cached about a token.
func (s *Service) gone(id string) {
	s.forget(func(v *Verified) bool { return v.Token.ID == id })
}

// RevokeAll ends all tokens of a user in the caller's transaction, as the
// user's deactivation does. The caller calls Forget when it has committed.
func (s *Service) RevokeAll(tx *store.Tx, a idp.Actor, userID string) error {
	gone, err := tx.DeleteAPITokensOf(a.OrgID(), userID)
	if err != nil {
		return fmt.Errorf("revoke the API tokens of %s: %w", userID, err)
	}
	for _, t := range gone {
		if err := s.record(tx, a, eventlog.APITokenRevoke, t); err != nil {
			return err
		}
	}
	return nil
}

// Forget makes what this node has cached about a user's tokens be read again.
// Call it after a change of the user's state or roles has committed.
func (s *Service) Forget(orgID, userID string) {
	s.forget(func(v *Verified) bool { return v.Token.OrgID == orgID && v.User.ID == userID })
}

// ForgetAll empties the cache, e.g. after a snapshot was restored.
func (s *Service) ForgetAll() {
	s.cache.ForgetAll()
}

func (s *Service) record(tx *store.Tx, a idp.Actor, what idp.EventType, t store.APIToken) error {
	return s.Log.Record(tx, a, eventlog.Entry{
		Type:    what,
		Targets: []idp.Target{{ID: t.ID, Type: "Token", AlternateID: "unknown", DisplayName: t.Name}},
	})
}
