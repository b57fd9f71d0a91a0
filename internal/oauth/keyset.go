package oauth

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/env"
)

const (
	// keySetLife is how long a client's key set is taken as it was fetched: what
	// the client withdraws is believed no longer than that.
	keySetLife = 10 * time.Minute
	// keySetPace is the shortest time between two fetches from one address,
	// whatever is asked for: anybody may name a key that is not there.
	keySetPace = time.Minute
	// keySetRetry is the pause after a fetch that failed.
	keySetRetry = 10 * time.Second
	maxKeySets  = 1000
)

var errKeysOld = errors.New("oauth: the keys are too old and cannot be fetched yet")

// keySets keeps the key sets that clients publish, by address. It is safe for
// concurrent use; its zero value is ready.
type keySets struct {
	mu   sync.Mutex
	sets map[string]*keySet
}

// keySet is what one address holds.
type keySet struct {
	mu    sync.Mutex // held while it is fetched: who else needs it waits
	keys  []jose.JSONWebKey
	at    time.Time // when it was fetched, zero before
	tried time.Time // when a fetch was begun last
	err   error     // of the last fetch
}

// get returns the keys at an address. Those that are kept are taken while they
// are fresh and have the key that is asked for ("" for any); else the address is
// asked anew, no more often than its pace allows. What is kept outlives a fetch
// that fails, for as long as it is fresh.
func (s *keySets) get(ctx context.Context, clock env.Clock, address, kid string, fetch func(ctx context.Context, url string) ([]byte, error)) ([]jose.JSONWebKey, error) {
	k := s.of(address)
	k.mu.Lock()
	defer k.mu.Unlock()
	now := clock.Now()
	fresh := !k.at.IsZero() && now.Sub(k.at) < keySetLife
	if fresh && k.has(kid) {
		return k.keys, nil
	}
	pace := keySetPace
	if k.err != nil {
		pace = keySetRetry
	}
	if k.tried.IsZero() || now.Sub(k.tried) >= pace {
		k.tried = now
		var text []byte
		// Who asks first may go away; the others still want the keys.
		if text, k.err = fetch(context.WithoutCancel(ctx), address); k.err == nil {
			var list []jose.JSONWebKey
			if list, k.err = parseKeys(text); k.err == nil {
				k.keys, k.at, fresh = list, now, true
			}
		}
	}
	switch {
	case fresh:
		return k.keys, nil
	case k.err != nil:
		return nil, k.err
	}
	return nil, errKeysOld
}

// of finds what is kept of an address.
func (s *keySets) of(address string) *keySet {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.sets[address]
	if k != nil {
		return k
	}
	if s.sets == nil || len(s.sets) >= maxKeySets {
		s.sets = map[string]*keySet{}
	}
	k = &keySet{}
	s.sets[address] = k
	return k
}

func (k *keySet) has(kid string) bool {
	return kid == "" || slices.ContainsFunc(k.keys, func(v jose.JSONWebKey) bool { return v.KeyID == kid })
}
