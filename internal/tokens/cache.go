package tokens

import (
	"sync/atomic"

	"usher/internal/fresh"
)

// cacheKey is an organisation and the SHA-256 of a secret.
type cacheKey struct {
	org  string
	hash [32]byte
}

// entry is what was read about a token.
type entry struct {
	verified *Verified
	// noted is when the use of the token was last written, in Unix milliseconds.
	noted atomic.Int64
}

type cache = fresh.Cache[cacheKey, *entry]

// forget drops the answers about whoever gone tells of.
func (s *Service) forget(gone func(*Verified) bool) {
	s.cache.Forget(func(_ cacheKey, e *entry) bool { return gone(e.verified) })
}
