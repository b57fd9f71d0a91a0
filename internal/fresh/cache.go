package fresh

import (
	"sync"
	"time"

	"usher/internal/env"
)

const (
	// Life is how old an answer can be.
	Life = time.Second
	// Size bounds how many answers a cache keeps.
	Size = 4096
)

// Cache keeps answers for Life. It measures age by the monotonic clock: the
// clock of a service may stand still in a test, which must not keep an answer
// alive. The zero value is ready; it must not be copied after its first use. It
// is safe for concurrent use, and its answers are shared: do not change them.
type Cache[K comparable, V any] struct {
	// Age, if set before the first use, tells the time that has passed. Tests
	// move it.
	Age   func() time.Duration
	start sync.Once

	mu    sync.RWMutex
	known map[K]answer[V]
	// epoch rises with every removal, so that an answer that was read before it
	// is not put in afterwards.
	epoch uint64
}

type answer[V any] struct {
	value V
	read  time.Duration // before the read began
}

// Get returns the answer under k, which read gives where none is kept that is
// fresh. What read fails to give is not kept.
func (c *Cache[K, V]) Get(k K, read func() (V, error)) (V, error) {
	now := c.now()
	c.mu.RLock()
	a, ok := c.known[k]
	epoch := c.epoch
	c.mu.RUnlock()
	if ok && now-a.read < Life {
		return a.value, nil
	}
	value, err := read()
	if err == nil {
		c.put(k, answer[V]{value: value, read: now}, epoch)
	}
	return value, err
}

// Peek returns the answer under k that is kept and fresh.
func (c *Cache[K, V]) Peek(k K) (V, bool) {
	now := c.now()
	c.mu.RLock()
	defer c.mu.RUnlock()
	a, ok := c.known[k]
	if !ok || now-a.read >= Life {
		var none V
		return none, false
	}
	return a.value, true
}

// Forget drops the answers of which gone tells so. An answer that is being read
// meanwhile is not kept.
func (c *Cache[K, V]) Forget(gone func(K, V) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	for k, a := range c.known {
		if gone(k, a.value) {
			delete(c.known, k)
		}
	}
}

// ForgetAll drops everything.
func (c *Cache[K, V]) ForgetAll() { c.Forget(func(K, V) bool { return true }) }

func (c *Cache[K, V]) now() time.Duration {
	c.start.Do(func() {
		if c.Age == nil {
			c.Age = env.Elapsed()
		}
	})
	return c.Age()
}

// put keeps an answer, unless something was removed since epoch.
func (c *Cache[K, V]) put(k K, a answer[V], epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return
	}
	if c.known == nil {
		c.known = map[K]answer[V]{}
	}
	if len(c.known) >= Size {
		c.sweep(a.read)
	}
	c.known[k] = a
}

// sweep makes room: what is stale goes, and if that is nothing, everything.
func (c *Cache[K, V]) sweep(now time.Duration) {
	for k, a := range c.known {
		if now-a.read >= Life {
			delete(c.known, k)
		}
	}
	if len(c.known) >= Size {
		clear(c.known)
	}
}
