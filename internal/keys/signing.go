package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"usher/internal/env"
	"usher/internal/fresh"
	"usher/internal/store"
)

// Status tells what a signing key is used for.
// (spec: management-extra AuthorizationServerJsonWebKey.status)
type Status string

// The states. A key begins as the next one, so that everybody knows it before it
// signs anything.
const (
	KeyActive  Status = "ACTIVE"
	KeyNext    Status = "NEXT"
	KeyExpired Status = "EXPIRED"
)

// Alg is a signature algorithm; a key has exactly one. (RFC 7518 section 3.1)
type Alg string

// The algorithms.
const (
	RS256 Alg = "RS256"
	ES256 Alg = "ES256"
)

// Life of signing keys.
const (
	// RotateAfter is how long a key signs where keys change by themselves.
	RotateAfter = 90 * 24 * time.Hour
	// afterlife is how long a key stays published that signs no more: no token
	// lives longer than a day.
	afterlife = 25 * time.Hour
	// setLife bounds how old the keys may be that a node goes by.
	setLife = 5 * time.Second
	// rereadAfter bounds how often a token with an unknown key costs a read.
	rereadAfter = time.Second
	maxSets     = 4096
)

// ErrSignature tells that a token is none that the server has signed.
var ErrSignature = errors.New("keys: the token is not signed by this server")

// Owner is whose keys they are: an authorization server, or the organisation's
// own server where ServerID is empty.
type Owner struct{ OrgID, ServerID string }

func (o Owner) place(kid string) Place {
	return Place{Table: "signing_keys", Column: "private", Row: o.OrgID + "/" + o.ServerID + "/" + kid}
}

// Signing keeps the keys that sign tokens. All exported members are required.
// What it says of keys may be five seconds old.
type Signing struct {
	Store  *store.Store
	Clock  env.Clock
	Rand   env.Rand
	Keeper *Keeper

	verified fresh.Cache[verifiedKey, *Signed] // ADR 0007

	making sync.Mutex // one key is made at a time
	mu     sync.Mutex
	sets   map[Owner]*set
}

// set is what is remembered of a server's keys, in the order of Keys.
type set struct {
	keys []*SigningKey
	read time.Time
	// public are those by which tokens are verified; until is when that changes,
	// zero for never.
	public []*SigningKey
	until  time.Time
}

// SigningKey is a key pair of an authorization server.
type SigningKey struct {
	ID        string // kid: the thumbprint (RFC 7638)
	Alg       Alg
	Status    Status
	Created   time.Time
	Activated time.Time // zero before it signs
	Retired   time.Time // zero before it has signed
	private   crypto.Signer
	headers   *headers
}

// Active returns the key that signs for a server, making it on first use. That
// takes about 50 ms for RSA, so it must not be called in a transaction.
func (s *Signing) Active(ctx context.Context, o Owner, alg Alg) (*SigningKey, error) {
	v, err := s.load(ctx, o, setLife)
	if err != nil {
		return nil, err
	}
	if k := find(v.keys, KeyActive); k != nil {
		return k, nil
	}
	if v, err = s.fill(ctx, o, alg, KeyActive); err != nil {
		return nil, err
	}
	if k := find(v.keys, KeyActive); k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("server %q has no key", o.ServerID)
}

// Keys returns all keys of a server that are kept: the active one, the next one
// and those that signed of late. What is missing is made, as
// by Active.
func (s *Signing) Keys(ctx context.Context, o Owner, alg Alg) ([]*SigningKey, error) {
	v, err := s.whole(ctx, o, alg)
	if err != nil {
		return nil, err
	}
	return v.keys, nil
}

// whole is the set of a server that lacks nothing.
func (s *Signing) whole(ctx context.Context, o Owner, alg Alg) (*set, error) {
	v, err := s.load(ctx, o, setLife)
	if err != nil {
		return nil, err
	}
	for _, status := range []Status{KeyActive, KeyNext} {
		if find(v.keys, status) == nil {
			if v, err = s.fill(ctx, o, alg, status); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// Published returns the keys by which tokens are verified. Nobody may change the
// list.
func (s *Signing) Published(ctx context.Context, o Owner, alg Alg) ([]*SigningKey, error) {
	v, err := s.whole(ctx, o, alg)
	if err != nil {
		return nil, err
	}
	return v.published(s.Clock.Now()), nil
}

// published are the keys of a set by which tokens are verified at an instant.
func (v *set) published(now time.Time) []*SigningKey {
	if !now.Before(v.read) && (v.until.IsZero() || now.Before(v.until)) {
		return v.public
	}
	return publishedOf(v.keys, now)
}

// settle notes which keys are published, and for how long that is so.
func (v *set) settle() {
	v.public, v.until = publishedOf(v.keys, v.read), time.Time{}
	for _, k := range v.public {
		if end := k.Retired.Add(afterlife); k.Status == KeyExpired && (v.until.IsZero() || end.Before(v.until)) {
			v.until = end
		}
	}
}

func publishedOf(all []*SigningKey, now time.Time) []*SigningKey {
	out := make([]*SigningKey, 0, len(all))
	for _, k := range all {
		if k.Status != KeyExpired || now.Before(k.Retired.Add(afterlife)) {
			out = append(out, k)
		}
	}
	return out
}

func find(all []*SigningKey, status Status) *SigningKey {
	i := slices.IndexFunc(all, func(k *SigningKey) bool { return k.Status == status })
	if i < 0 {
		return nil
	}
	return all[i]
}

// Forget drops what is remembered of all keys, e.g. after a restore.
func (s *Signing) Forget() {
	s.verified.ForgetAll()
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sets)
}

func (s *Signing) forget(o Owner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sets, o)
}

// load returns the keys of a server that were read life ago at most.
func (s *Signing) load(ctx context.Context, o Owner, life time.Duration) (*set, error) {
	now := s.Clock.Now()
	s.mu.Lock()
	old := s.sets[o]
	s.mu.Unlock()
	if old != nil {
		if age := now.Sub(old.read); age >= 0 && age < life {
			return old, nil
		}
	}
	rows, err := s.Store.Read(ctx).SigningKeys(o.OrgID, o.ServerID)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	v := &set{read: now}
	for _, row := range rows {
		k, err := s.open(row, old)
		if err != nil {
			return nil, err
		}
		v.keys = append(v.keys, k)
	}
	order := []Status{KeyActive, KeyNext, KeyExpired}
	slices.SortStableFunc(v.keys, func(a, b *SigningKey) int { return slices.Index(order, a.Status) - slices.Index(order, b.Status) })
	v.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets == nil || len(s.sets) >= maxSets {
		s.sets = map[Owner]*set{}
	}
	s.sets[o] = v
	return v, nil
}

// open decrypts a key; one that was open already is only looked at anew.
func (s *Signing) open(row *store.SigningKey, old *set) (*SigningKey, error) {
	k := &SigningKey{
		ID: row.ID, Alg: Alg(row.Alg), Status: Status(row.Status), Created: row.Created, Activated: row.Activated, Retired: row.Retired,
	}
	if old != nil {
		if i := slices.IndexFunc(old.keys, func(k *SigningKey) bool { return k.ID == row.ID }); i >= 0 {
			k.private, k.headers = old.keys[i].private, old.keys[i].headers
			return k, nil
		}
	}
	der, err := s.Keeper.Open(Owner{row.OrgID, row.ServerID}.place(row.ID), row.Private)
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: %w", row.ID, err)
	}
	if k.private, err = parsePrivate(der, k.Alg); err != nil {
		return nil, fmt.Errorf("signing key %s: %w", row.ID, err)
	}
	k.headers = &headers{}
	return k, nil
}

// fill makes the key that a server lacks. Of several that are made at once, by
// this node or by others, the first one stays.
func (s *Signing) fill(ctx context.Context, o Owner, alg Alg, status Status) (*set, error) {
	s.making.Lock()
	defer s.making.Unlock()
	v, err := s.load(ctx, o, 0)
	if err != nil || find(v.keys, status) != nil {
		return v, err
	}
	row, err := s.generate(o, alg)
	if err != nil {
		return nil, err
	}
	err = s.Store.Tx(ctx, func(tx *store.Tx) error {
		rows, err := tx.SigningKeys(o.OrgID, o.ServerID)
		if err != nil || slices.ContainsFunc(rows, func(k *store.SigningKey) bool { return k.Status == string(status) }) {
			return err
		}
		row.Status, row.Created = string(status), tx.Now()
		if status == KeyActive {
			row.Activated = tx.Now()
		}
		return tx.InsertSigningKey(row)
	})
	if err != nil {
		return nil, fmt.Errorf("keep signing key: %w", err)
	}
	return s.load(ctx, o, 0)
}

// New makes the first key of a server before the transaction that creates it.
// The server's transaction inserts it.
func (s *Signing) New(o Owner, alg Alg) (*store.SigningKey, error) {
	row, err := s.generate(o, alg)
	if err != nil {
		return nil, err
	}
	row.Status = string(KeyActive)
	return row, nil
}

// Rotate makes the next key of a server the one that signs, and a new one the
// next. Where the algorithm has changed a new key signs at once. In the same
// transaction within is told of the key. Of several rotations that begin at once
// one takes place.
func (s *Signing) Rotate(ctx context.Context, o Owner, alg Alg, within func(tx *store.Tx, kid string) error) ([]*SigningKey, error) {
	before, err := s.load(ctx, o, 0)
	if err != nil {
		return nil, err
	}
	fresh := make([]*store.SigningKey, 0, 2)
	wanted := 1
	if k := find(before.keys, KeyNext); k == nil || k.Alg != alg {
		wanted = 2
	}
	for range wanted {
		row, err := s.generate(o, alg)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, row)
	}
	last := find(before.keys, KeyActive)
	err = s.Store.Tx(ctx, func(tx *store.Tx) error { return rotate(tx, o, last, slices.Clone(fresh), within) })
	s.forget(o)
	if err != nil {
		return nil, err
	}
	return s.Keys(ctx, o, alg)
}

func rotate(tx *store.Tx, o Owner, last *SigningKey, fresh []*store.SigningKey, within func(*store.Tx, string) error) error {
	rows, err := tx.SigningKeys(o.OrgID, o.ServerID)
	if err != nil {
		return err
	}
	var next *store.SigningKey
	for _, k := range rows {
		switch {
		case k.Status == string(KeyActive) && (last == nil || last.ID != k.ID):
			return nil // another rotation was faster
		case k.Status == string(KeyActive):
			k.Status, k.Retired = string(KeyExpired), tx.Now()
			err = tx.UpdateSigningKey(k)
		case k.Status == string(KeyNext) && len(fresh) == 1:
			next = k
		case k.Status == string(KeyNext):
			err = tx.DeleteSigningKeys(o.OrgID, o.ServerID, k.ID)
		case k.Status == string(KeyExpired) && !tx.Now().Before(k.Retired.Add(afterlife)):
			err = tx.DeleteSigningKeys(o.OrgID, o.ServerID, k.ID)
		}
		if err != nil {
			return err
		}
	}
	for i, k := range fresh {
		k.Status, k.Created = string(KeyNext), tx.Now()
		if i == 0 && next == nil {
			k.Status, k.Activated = string(KeyActive), tx.Now()
			next = k
		}
		if err := tx.InsertSigningKey(k); err != nil {
			return err
		}
	}
	if next.Status == string(KeyNext) {
		next.Status, next.Activated = string(KeyActive), tx.Now()
		if err := tx.UpdateSigningKey(next); err != nil {
			return err
		}
	}
	return within(tx, next.ID)
}
