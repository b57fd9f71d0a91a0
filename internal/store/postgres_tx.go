package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// rollbackTimeout bounds how long a transaction that failed may take to end.
const rollbackTimeout = 5 * time.Second

// pgTx is a transaction that makes few round trips: its beginning and the
// statements that nobody waits for go out together with the next one that
// somebody does, at the latest with the commit. Their order stays, and the
// first one that fails takes those behind it, the commit included, with it.
type pgTx struct {
	conn    *pgx.Conn
	pending []pgStatement
}

type pgStatement struct {
	query string
	args  []any
}

// once runs fn in one attempt.
func (e *postgresEngine) once(ctx context.Context, begin string, fn func(querier) error) error {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	// A connection that is still in a transaction is not used again: the
	// database rolls back what has lost its connection.
	defer conn.Release()
	tx := &pgTx{conn: conn.Conn(), pending: []pgStatement{{query: begin}}}
	if err := protect(fn, tx); err != nil {
		tx.rollback(ctx)
		return err // as it is: callers look at its type
	}
	tag, err := tx.send(ctx, pgStatement{query: "commit"})
	if err != nil {
		tx.rollback(ctx)
		return e.translate(err)
	}
	// A transaction in which a statement has failed ends in this way.
	if tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return nil
}

// rollback ends the transaction, if it has begun.
func (p *pgTx) rollback(ctx context.Context) {
	const idle = 'I'
	if p.conn.IsClosed() || p.conn.PgConn().TxStatus() == idle {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if _, err := p.conn.Exec(ctx, "rollback"); err != nil {
		_ = p.conn.Close(ctx) // which ends the transaction as well
	}
}

// batch puts what is pending, and s behind it, into one round trip.
func (p *pgTx) batch(s pgStatement) *pgx.Batch {
	var b pgx.Batch
	for _, q := range p.pending {
		b.Queue(q.query, q.args...)
	}
	b.Queue(s.query, s.args...)
	p.pending = p.pending[:0]
	return &b
}

// send runs what is pending and then s, in one round trip, and returns what
// came of s.
func (p *pgTx) send(ctx context.Context, s pgStatement) (tag pgconn.CommandTag, err error) {
	if len(p.pending) == 0 {
		return p.conn.Exec(ctx, s.query, s.args...)
	}
	b := p.batch(s)
	results := p.conn.SendBatch(ctx, b)
	for range b.Len() {
		if tag, err = results.Exec(); err != nil {
			// Close tells of the same failure once more.
			_ = results.Close()
			return tag, err
		}
	}
	return tag, results.Close()
}

// query implements querier.
func (p *pgTx) query(ctx context.Context, query string, args []any) (rows, error) {
	// A query that is planned for its values cannot be part of a batch.
	alone := len(args) > 0 && args[0] == any(forTheseValues)
	if n := len(p.pending); alone && n > 0 {
		last := p.pending[n-1]
		p.pending = p.pending[:n-1]
		if _, err := p.send(ctx, last); err != nil {
			return nil, err
		}
	}
	if len(p.pending) == 0 {
		found, err := p.conn.Query(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		return pgRows{Rows: found}, nil
	}
	b := p.batch(pgStatement{query, args})
	results := p.conn.SendBatch(ctx, b)
	for range b.Len() - 1 {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return nil, err
		}
	}
	found, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, err
	}
	return pgRows{Rows: found, done: results.Close}, nil
}

// together implements bundler.
func (p *pgTx) together(ctx context.Context, asks []ask) error {
	var b pgx.Batch
	for _, q := range p.pending {
		b.Queue(q.query, q.args...)
	}
	before := len(p.pending)
	p.pending = p.pending[:0]
	return bundled(p.conn.SendBatch(ctx, queued(&b, asks)), before, asks)
}

// queued puts queries into a batch.
func queued(b *pgx.Batch, asks []ask) *pgx.Batch {
	for _, a := range asks {
		b.Queue(a.query, a.args...)
	}
	return b
}

// bundled reads the answers to a batch: to so many statements that nobody waits
// for, and to queries.
func bundled(results pgx.BatchResults, before int, asks []ask) error {
	for range before {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return err
		}
	}
	for _, a := range asks {
		found, err := results.Query()
		if err == nil {
			err = a.take(pgRows{Rows: found})
		}
		if err != nil {
			_ = results.Close()
			return err
		}
	}
	return results.Close()
}

// first implements querier.
func (p *pgTx) first(ctx context.Context, query string, args []any, read func(scan) error) error {
	found, err := p.query(ctx, query, args)
	if err != nil {
		return err
	}
	return firstOf(found, read)
}

// exec implements querier.
func (p *pgTx) exec(ctx context.Context, query string, args []any) (int64, error) {
	tag, err := p.send(ctx, pgStatement{query, args})
	return tag.RowsAffected(), err
}

// maxPending bounds what waits to be sent.
const maxPending = 64

// later implements querier.
func (p *pgTx) later(ctx context.Context, query string, args []any) error {
	if len(p.pending) >= maxPending {
		_, err := p.send(ctx, pgStatement{query, args})
		return err
	}
	p.pending = append(p.pending, pgStatement{query, args})
	return nil
}
