package httpkit

import (
	"context"
	"sync"
	"time"

	"usher/internal/env"
)

// requestTimeout bounds the work on one request.
const requestTimeout = 30 * time.Second

// bounded is the context of one request: it ends with the request, and when
// requestTimeout has passed. Most requests are answered without anybody waiting
// for that, so the timer is set when somebody first would.
type bounded struct {
	begun env.Stopwatch

	mu     sync.Mutex
	outer  context.Context // of the connection's request
	timed  context.Context // outer with the timer; nil before somebody waits
	cancel context.CancelFunc
	ended  bool
}

// watch returns the context with the timer.
func (c *bounded) watch() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		c.timed, c.cancel = context.WithTimeout(c.outer, requestTimeout-c.begun.Elapsed())
		if c.ended {
			c.cancel()
		}
	}
	return c.timed
}

// inner returns the context with the timer where there is one.
func (c *bounded) inner() (_ context.Context, timed, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed != nil {
		return c.timed, true, c.ended
	}
	return c.outer, false, c.ended
}

// Deadline implements context.Context.
func (c *bounded) Deadline() (time.Time, bool) { return c.watch().Deadline() }

// Done implements context.Context.
func (c *bounded) Done() <-chan struct{} { return c.watch().Done() }

// Err implements context.Context.
func (c *bounded) Err() error {
	inner, timed, ended := c.inner()
	switch err := inner.Err(); {
	case timed || err != nil:
		return err
	case ended:
		return context.Canceled
	case c.begun.Elapsed() >= requestTimeout:
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements context.Context.
func (c *bounded) Value(key any) any {
	inner, _, _ := c.inner()
	return inner.Value(key)
}

// end ends the context when the request is answered.
func (c *bounded) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended = true; c.cancel != nil {
		c.cancel()
	}
}
