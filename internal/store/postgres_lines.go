package store

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// pgLines writes lines of the system log that stand alone in their transaction.
// Those that come while others are on their way wait for these and then go out
// together: one message, one insert, one commit. (ADR 0015)
type pgLines struct {
	engine *postgresEngine

	mu      sync.Mutex
	running bool
	waiting []*pgLine
}

// pgLine is what one caller writes.
type pgLine struct {
	rows []EventRow
	// over is closed when the group that it was part of has ended. Then ran tells
	// that it is committed, and lost that nobody knows.
	over      chan struct{}
	ran, lost bool
}

// add writes rows and returns when they are committed.
func (g *pgLines) add(ctx context.Context, rows []EventRow) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l := &pgLine{rows: rows, over: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, l)
	if !g.running {
		g.running = true
		go g.run()
	}
	g.mu.Unlock()
	select {
	case <-l.over:
	case <-ctx.Done():
		if g.leave(l) {
			return ctx.Err()
		}
		<-l.over // it is on its way, which takes togetherTimeout at most
	}
	if l.ran {
		return nil
	}
	err := g.insert(ctx, rows)
	if l.lost && Exists(g.engine.translate(err), "events.uuid") {
		return nil // the group was committed, and only the answer was lost
	}
	return err
}

// leave takes a line out that is not on its way yet, and tells whether it was so.
func (g *pgLines) leave(l *pgLine) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, l)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	return i >= 0
}

// run writes what waits, group by group, until nothing does.
func (g *pgLines) run() {
	for {
		g.mu.Lock()
		n := min(len(g.waiting), maxTogether)
		if n == 0 {
			g.running = false
			g.mu.Unlock()
			return
		}
		group := slices.Clone(g.waiting[:n])
		g.waiting = slices.Delete(g.waiting, 0, n)
		g.mu.Unlock()
		g.together(group)
	}
}

// together writes a group. Where it fails each of its callers writes alone and
// meets its own failure.
func (g *pgLines) together(group []*pgLine) {
	ctx, cancel := context.WithTimeout(context.Background(), togetherTimeout)
	defer cancel()
	var rows []EventRow
	for _, l := range group {
		rows = append(rows, l.rows...)
	}
	err := g.insert(ctx, rows)
	_, refused := errors.AsType[*pgconn.PgError](err)
	_, exists := errors.AsType[*ExistsError](err)
	for _, l := range group {
		l.ran, l.lost = err == nil, !refused && !exists
		close(l.over)
	}
}

func (g *pgLines) insert(ctx context.Context, rows []EventRow) error {
	return g.engine.write(ctx, committed, func(q querier) error {
		return (&Tx{ctx: ctx, q: q, engine: g.engine}).insertLines(rows, false)
	})
}
