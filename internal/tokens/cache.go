package tokens

import (
	"sync"
	"sync/atomic"
	"time"

	"usher/internal/env"
)

const (
	// cacheLife is how stale a cached answer can be.
	cacheLife = time.Second
	// cacheSize bounds how many answers are kept.
	cacheSize = 4096
)

// cacheKey is an organisation and the SHA-256 of a secret.
type cacheKey struct {
	org  string
	hash [32]byte
}

// entry is what was read about a token.
type entry struct {
	verified *Verified
	read     time.Duration // on the cache's own clock, before the read began
	// noted is when the use of the token was last written, in Unix milliseconds.
	noted atomic.Int64
}

// cache keeps answers for cacheLife. It measures age by the monotonic clock:
// the clock of the service may stand still in a test, which must not keep a
// revoked token alive. The zero value is ready.
type cache struct {
	start sync.Once
	age   func() time.Duration

	mu    sync.RWMutex
	known map[cacheKey]*entry
	// epoch rises with every removal, so that an answer that was read before it
	// is not put in afterwards.
	epoch uint64
}

func (c *cache) now() time.Duration {
	c.start.Do(func() {
		if c.age == nil {
			c.age = env.Elapsed()
		}
	})
	return c.age()
}

// ticket says when a read began; put needs it.
type ticket struct {
	at    time.Duration
	epoch uint64
}

// get returns the fresh answer under the key, nil for none.
func (c *cache) get(k cacheKey) (*entry, ticket) {
	now := c.now()
	c.mu.RLock()
	defer c.mu.RUnlock()
	e := c.known[k]
	if e != nil && now-e.read >= cacheLife {
		e = nil
	}
	return e, ticket{at: now, epoch: c.epoch}
}

// put keeps an answer, unless something was removed since get.
func (c *cache) put(k cacheKey, e *entry, t ticket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != t.epoch {
		return
	}
	if c.known == nil {
		c.known = map[cacheKey]*entry{}
	}
	if len(c.known) >= cacheSize {
		c.sweep()
	}
	e.read = t.at
	c.known[k] = e
}

// sweep makes room: what is stale goes, and if that is nothing, everything.
func (c *cache) sweep() {
	now := c.now()
	for k, e := range c.known {
		if now-e.read >= cacheLife {
			delete(c.known, k)
		}
	}
	if len(c.known) >= cacheSize {
		clear(c.known)
	}
}

// remove forgets the answers of which gone tells so.
func (c *cache) remove(gone func(*Verified) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	for k, e := range c.known {
		if gone(e.verified) {
			delete(c.known, k)
		}
	}
}
