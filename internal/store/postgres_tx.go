package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// rollbackTimeout bounds how long a transaction that failed may take to end.
const rollbackTimeout = 5 * time.Second

// pgTx is a transaction that makes few round trips: its beginning and the
// statements that nobody waits for go out together with the next one that
// somebody does, at the latest with the commit. Their order stays.
type pgTx struct {
	conn    *sql.Conn
	pending []pgStatement
}

type pgStatement struct {
	query string
	args  []any
}

// once runs fn in one attempt.
func (e *postgresEngine) once(ctx context.Context, begin string, fn func(querier) error) (err error) {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return err
	}
	tx := &pgTx{conn: conn, pending: []pgStatement{{query: begin}}}
	committed := false
	defer func() {
		if !committed {
			// The error of fn stays as it is where nothing else is wrong: callers
			// look at its type.
			if failed := tx.rollback(ctx); failed != nil {
				err = errors.Join(err, failed)
			}
		}
		if closing := conn.Close(); closing != nil && !errors.Is(closing, sql.ErrConnDone) {
			err = errors.Join(err, closing)
		}
	}()
	if err := protect(fn, tx); err != nil {
		return err
	}
	tag, err := tx.send(ctx, pgStatement{query: "commit"})
	if err != nil {
		return e.translate(err)
	}
	committed = true
	// A transaction in which a statement has failed ends in this way.
	if tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return nil
}

// send runs what is pending and then s, in one round trip, and returns what
// came of s.
func (p *pgTx) send(ctx context.Context, s pgStatement) (tag pgconn.CommandTag, err error) {
	pending := p.pending
	p.pending = nil
	err = p.raw(func(c *pgx.Conn) error {
		if len(pending) == 0 {
			tag, err = c.Exec(ctx, s.query, s.args...)
			return err
		}
		var b pgx.Batch
		for _, q := range append(pending, s) {
			b.Queue(q.query, q.args...)
		}
		results := c.SendBatch(ctx, &b)
		for range b.Len() {
			if tag, err = results.Exec(); err != nil {
				// Close tells of the same failure once more.
				_ = results.Close()
				return err
			}
		}
		return results.Close()
	})
	return tag, err
}

// raw reaches through database/sql to the driver's own connection, which can
// send several statements at once.
func (p *pgTx) raw(fn func(*pgx.Conn) error) error {
	return p.conn.Raw(func(d any) error {
		c, ok := d.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("store: the driver's connection is a %T", d)
		}
		return fn(c.Conn())
	})
}

// rollback ends the transaction, if it has begun. A connection on which that
// fails is not used again.
func (p *pgTx) rollback(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	err := p.raw(func(c *pgx.Conn) error {
		const idle = 'I'
		if !c.IsClosed() && c.PgConn().TxStatus() == idle {
			return nil
		}
		if _, err := c.Exec(ctx, "rollback"); err != nil {
			return driver.ErrBadConn
		}
		return nil
	})
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return nil // the database rolls back what has lost its connection
	}
	return err
}

// query implements querier. Rows come through database/sql, so what is pending
// goes before, in a round trip of its own.
func (p *pgTx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if n := len(p.pending); n > 0 {
		last := p.pending[n-1]
		p.pending = p.pending[:n-1]
		if _, err := p.send(ctx, last); err != nil {
			return nil, err
		}
	}
	return p.conn.QueryContext(ctx, query, args...)
}

// point implements querier.
func (p *pgTx) point(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return p.query(ctx, query, args)
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
