package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// maxTogether bounds how many reads share a round trip.
	maxTogether = 64
	// togetherTimeout bounds such a round trip. No reader may leave it, so that
	// it must end by itself.
	togetherTimeout = 10 * time.Second
	// patience is how long others wait for reads under way before they no longer
	// do: where the database is far away or one read is slow.
	patience = 20 * time.Millisecond
)

// pgPoints are the reads of one row that stand outside of transactions. Those
// that are asked for while others are under way wait for these and then share a
// round trip: most of what such a read costs, here and in the database, is
// sending and waking up. (ADR 0014)
type pgPoints struct {
	pool *pgxpool.Pool
	// most bounds the round trips under way at once.
	most int

	mu      sync.Mutex
	running int
	waiting []*pgPoint
}

// pgPoint is one of the reads, or several that go together.
type pgPoint struct {
	query  string
	args   []any
	read   func(scan) error
	bundle []ask // in place of the three above
	// turn tells the one who waits that it is to run this group, or, when that is
	// empty, that its read was part of another's.
	turn chan []*pgPoint
	// ran tells that the outcome is known: nil or ErrNotFound.
	ran bool
	err error
}

// first implements querier.
func (b *pgPoints) first(ctx context.Context, query string, args []any, read func(scan) error) error {
	p := &pgPoint{query: query, args: args, read: read}
	if apart(query, args) {
		return b.alone(ctx, p)
	}
	return b.share(ctx, p)
}

// together implements bundler.
func (b *pgPoints) together(ctx context.Context, asks []ask) error {
	return b.share(ctx, &pgPoint{bundle: asks})
}

// share runs a read with others, where there are any.
func (b *pgPoints) share(ctx context.Context, p *pgPoint) error {
	group, err := b.join(ctx, p)
	if err != nil {
		return err
	}
	if len(group) > 0 {
		return b.lead(ctx, group)
	}
	if p.ran {
		return p.err
	}
	return b.alone(ctx, p)
}

// apart tells whether a read is none that others should wait for: what counts
// rows, and what is planned for its values.
func apart(query string, args []any) bool {
	return strings.HasPrefix(query, "SELECT count(") || len(args) > 0 && args[0] == any(forTheseValues)
}

// join waits for p's turn and returns the group that it is to run, itself at the
// front; none when another has run it.
func (b *pgPoints) join(ctx context.Context, p *pgPoint) ([]*pgPoint, error) {
	b.mu.Lock()
	if b.running < b.most {
		b.running++
		b.mu.Unlock()
		return []*pgPoint{p}, nil
	}
	p.turn = make(chan []*pgPoint, 1)
	b.waiting = append(b.waiting, p)
	b.mu.Unlock()
	select {
	case group := <-p.turn:
		return group, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	i := slices.Index(b.waiting, p)
	if i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
	b.mu.Unlock()
	if i >= 0 {
		return nil, ctx.Err()
	}
	// It was taken: what it reads into is in use until its turn comes.
	return <-p.turn, nil
}

// lead runs a group and returns what came of its first read.
func (b *pgPoints) lead(ctx context.Context, group []*pgPoint) error {
	late := time.AfterFunc(patience, b.pass)
	defer func() {
		if late.Stop() {
			b.pass()
		}
	}()
	first := group[0]
	if len(group) > 1 {
		b.all(ctx, group)
	}
	if first.ran {
		return first.err
	}
	return b.alone(ctx, first)
}

// pass gives the turn to those who wait.
func (b *pgPoints) pass() {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.waiting), maxTogether)
	if n == 0 {
		b.running--
		return
	}
	group := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	group[0].turn <- group
}

// take reads what came of p.
func (p *pgPoint) take(results pgx.BatchResults) error {
	if p.bundle == nil {
		found, err := results.Query()
		if err != nil {
			return err
		}
		return firstOf(pgRows{Rows: found}, p.read)
	}
	for _, a := range p.bundle {
		found, err := results.Query()
		if err == nil {
			err = a.take(pgRows{Rows: found})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// alone runs one read.
func (b *pgPoints) alone(ctx context.Context, p *pgPoint) error {
	if p.bundle != nil {
		var batch pgx.Batch
		return bundled(b.pool.SendBatch(ctx, queued(&batch, p.bundle)), 0, p.bundle)
	}
	found, err := b.pool.Query(ctx, p.query, p.args...)
	if err != nil {
		return err
	}
	return firstOf(pgRows{Rows: found}, p.read)
}

// all runs a group in one round trip. Reads that it leaves undone, because
// they or one before them failed, are to run alone, where each meets its own
// failure.
func (b *pgPoints) all(ctx context.Context, group []*pgPoint) {
	done := 0
	wake := func(n int) {
		for ; done < n; done++ {
			if done > 0 { // the first one is ours
				group[done].turn <- nil
			}
		}
	}
	defer func() { wake(len(group)) }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), togetherTimeout)
	defer cancel()
	conn, err := b.pool.Acquire(ctx)
	if err != nil {
		return
	}
	defer conn.Release()
	var batch pgx.Batch
	for _, p := range group {
		if p.bundle == nil {
			batch.Queue(p.query, p.args...)
		}
		queued(&batch, p.bundle)
	}
	results := conn.SendBatch(ctx, &batch)
	for i, p := range group {
		err := protect(func(querier) error { return p.take(results) }, nil)
		if err != nil && !errors.Is(err, ErrNotFound) {
			break
		}
		p.ran, p.err = true, err
		wake(i + 1)
	}
	_ = results.Close() // what has failed runs again
}
