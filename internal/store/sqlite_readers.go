package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// maxCachedStatements bounds the prepared statements of a connection.
const maxCachedStatements = 512

// maxView is how long a view is kept: so late at most do readers see what another
// process has written.
const maxView = 5 * time.Millisecond

// sqliteReaders is a pool of connections that read, each opened when it is first
// needed. Between two of this process's own writes nothing that it reads changes,
// so a connection that is used again keeps its view of the data: to take and give
// back SQLite's locks, four calls of the system, would be a tenth of a point read
// over HTTP (ADR 0017).
type sqliteReaders struct {
	path string
	// permits bounds how many connections are in use.
	permits chan struct{}
	stop    chan struct{}
	once    sync.Once

	mu sync.Mutex
	// idle has what is open and not in use; the last one used, whose pages are
	// in the processor's cache, is the next.
	idle []*sqliteConn
	// writes counts the beginnings of writes, writing is true during one.
	writes  int
	writing bool
}

func newSQLiteReaders(path string, n int) *sqliteReaders {
	p := &sqliteReaders{path: path, permits: make(chan struct{}, n), stop: make(chan struct{})}
	for range n {
		p.permits <- struct{}{}
	}
	return p
}

// take waits for a connection.
func (p *sqliteReaders) take(ctx context.Context) (*sqliteConn, error) {
	select {
	case <-p.stop:
		return nil, errClosed
	default:
	}
	select {
	case <-p.permits:
	default:
		select {
		case <-p.permits:
		case <-p.stop:
			return nil, errClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	c, err := p.pick()
	if err != nil {
		p.permits <- struct{}{}
	}
	return c, err
}

// pick returns the connection last used, or a new one, with a view if it pays.
func (p *sqliteReaders) pick() (*sqliteConn, error) {
	c, keep := p.last()
	if c == nil {
		return openSQLiteConn(p.path, "query_only(1)", "cache_size(-4000)", "temp_store(2)")
	}
	if c.viewing && c.since.Elapsed() > maxView {
		c.endView()
	}
	if keep && !c.viewing {
		c.beginView()
	}
	return c, nil
}

// last takes the connection last used out of the idle ones, nil for none. keep
// tells whether its view may last: nobody writes, and nobody has since it was
// last used, so that it will probably be used again before the next write.
func (p *sqliteReaders) last() (c *sqliteConn, keep bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil, false
	}
	c, p.idle = p.idle[n-1], p.idle[:n-1]
	keep = !p.writing && c.writes == p.writes
	c.writes = p.writes
	return c, keep
}

// put gives a connection back. A view from before a write that has begun
// meanwhile ends, as does one that SQLite could not keep.
func (p *sqliteReaders) put(c *sqliteConn) {
	for !p.lay(c) {
		c.endView()
	}
	p.permits <- struct{}{}
}

func (p *sqliteReaders) lay(c *sqliteConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.viewing && c.writes != p.writes {
		return false
	}
	p.idle = append(p.idle, c)
	return true
}

// beginWrite ends all views that nobody uses: what is about to be written would
// not be in them, and the log could not be taken back into the database.
func (p *sqliteReaders) beginWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes++
	p.writing = true
	for _, c := range p.idle {
		if c.viewing {
			c.endView()
		}
	}
}

// endWrite lets connections keep their views again. It comes before anybody is
// told that the write is done.
func (p *sqliteReaders) endWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writing = false
}

// close ends all connections, after those who use one have given it back.
func (p *sqliteReaders) close() error {
	var failures []error
	p.once.Do(func() {
		close(p.stop)
		for range cap(p.permits) {
			<-p.permits
		}
		for _, c := range p.idle {
			failures = append(failures, c.close())
		}
	})
	return errors.Join(failures...)
}

// query implements querier.
func (p *sqliteReaders) query(ctx context.Context, query string, args []any) (rows, error) {
	r, err := p.start(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if ctx.Done() != nil {
		r.unwatch = p.watch(ctx, r.conn)
	}
	return r, nil
}

// first implements querier. One row is read within microseconds: to watch the
// caller's context meanwhile would cost more than a tenth of that.
func (p *sqliteReaders) first(ctx context.Context, query string, args []any, read func(scan) error) error {
	r, err := p.start(ctx, query, args)
	if err != nil {
		return err
	}
	return firstOf(r, read)
}

func (p *sqliteReaders) start(ctx context.Context, query string, args []any) (*sqliteRows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	args, err := plain(args)
	if err != nil {
		return nil, err
	}
	c, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.prepare(query)
	if err == nil {
		err = c.bind(s, args)
	}
	if err != nil {
		p.put(c)
		return nil, err
	}
	return &sqliteRows{conn: c, stmt: s, pool: p}, nil
}

// watch interrupts what runs on a connection when ctx ends. What it returns ends
// the watch and says why it was interrupted, if it was.
func (p *sqliteReaders) watch(ctx context.Context, c *sqliteConn) func() error {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		tls := libc.NewTLS()
		defer tls.Close()
		sqlite3.Xsqlite3_interrupt(tls, c.db)
	})
	return func() error {
		var err error
		if !stop() {
			<-interrupted // or it would hit whoever has the connection next
			err = ctx.Err()
		}
		return err
	}
}

func (p *sqliteReaders) exec(context.Context, string, []any) (int64, error) {
	return 0, errors.New("store: a write outside a transaction")
}

func (p *sqliteReaders) later(context.Context, string, []any) error {
	return errors.New("store: a write outside a transaction")
}
