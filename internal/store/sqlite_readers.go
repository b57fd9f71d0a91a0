package store

import (
	"context"
	"errors"
	"sync"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// maxCachedStatements bounds the prepared statements of a connection.
const maxCachedStatements = 512

// sqliteReaders is a pool of connections that read, each opened when it is first
// needed.
type sqliteReaders struct {
	path string
	// free holds what may be used: a connection, or nil for one to be opened.
	free chan *sqliteConn
	stop chan struct{}
	once sync.Once
}

func newSQLiteReaders(path string, n int) *sqliteReaders {
	p := &sqliteReaders{path: path, free: make(chan *sqliteConn, n), stop: make(chan struct{})}
	for range n {
		p.free <- nil
	}
	return p
}

// take waits for a connection.
func (p *sqliteReaders) take(ctx context.Context) (*sqliteConn, error) {
	var c *sqliteConn
	select {
	case <-p.stop:
		return nil, errClosed
	default:
	}
	select {
	case c = <-p.free:
	default:
		select {
		case c = <-p.free:
		case <-p.stop:
			return nil, errClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if c != nil {
		return c, nil
	}
	c, err := openSQLiteConn(p.path, "query_only(1)", "cache_size(-4000)", "temp_store(2)")
	if err != nil {
		p.free <- nil
		return nil, err
	}
	return c, nil
}

// close ends all connections, after those who use one have given it back.
func (p *sqliteReaders) close() error {
	var failures []error
	p.once.Do(func() {
		close(p.stop)
		for range cap(p.free) {
			if c := <-p.free; c != nil {
				failures = append(failures, c.close())
			}
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
		r.done = p.watch(ctx, r.conn)
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
		p.free <- c
		return nil, err
	}
	return &sqliteRows{conn: c, stmt: s, done: func() error { p.free <- c; return nil }}, nil
}

// watch interrupts what runs on a connection when ctx ends. What it returns ends
// the watch, gives the connection back and says why it was interrupted, if it was.
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
		p.free <- c
		return err
	}
}

func (p *sqliteReaders) exec(context.Context, string, []any) (int64, error) {
	return 0, errors.New("store: a write outside a transaction")
}

func (p *sqliteReaders) later(context.Context, string, []any) error {
	return errors.New("store: a write outside a transaction")
}
