package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	sqlite3 "modernc.org/sqlite/lib"
)

// maxBatch bounds how many transactions share one commit.
const maxBatch = 64

// errClosed is what a write gets after Close.
var errClosed = errors.New("store: closed")

// batchWriter runs all writes of a SQLite database on one connection. Writes
// that wait while a commit is on its way to the disk share the next one, each
// in a savepoint of its own: one that fails takes nothing of the others along.
type batchWriter struct {
	conn  *sqliteConn // of the writer's goroutine alone
	queue chan *writeJob
	stop  chan struct{}
	done  chan struct{}
	// once closes it, which may have failed.
	once   sync.Once
	failed error
	// insert writes lines of the log.
	insert func(q querier, lines []EventRow) error
	// around is told of the beginning and the end of each transaction.
	around writeWatcher
}

// writeWatcher is told before the first statement of a transaction, and after
// its end before anybody learns of its outcome.
type writeWatcher interface {
	beginWrite()
	endWrite()
}

type writeJob struct {
	ctx context.Context
	fn  func(querier) error
	// lines are all that fn writes, where they are lines of the log alone: then
	// those of the whole batch are written at once.
	lines []EventRow
	err   error
	done  chan struct{}
}

func newBatchWriter(conn *sqliteConn, around writeWatcher, insert func(querier, []EventRow) error) *batchWriter {
	w := &batchWriter{
		conn: conn, around: around, insert: insert, queue: make(chan *writeJob, maxBatch), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go w.loop()
	return w
}

// do queues fn and waits for its commit. A context that ends before fn has
// begun takes it out; afterwards the outcome is waited for, since a statement
// cut short would roll back what others in the batch have written.
func (w *batchWriter) do(ctx context.Context, fn func(querier) error) error {
	return w.enqueue(&writeJob{ctx: ctx, fn: fn, done: make(chan struct{})})
}

// add queues lines of the log and waits for their commit, as do.
func (w *batchWriter) add(ctx context.Context, lines []EventRow) error {
	fn := func(q querier) error { return w.insert(q, lines) }
	return w.enqueue(&writeJob{ctx: ctx, fn: fn, lines: lines, done: make(chan struct{})})
}

func (w *batchWriter) enqueue(job *writeJob) error {
	ctx := job.ctx
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-w.stop:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case w.queue <- job:
	}
	select {
	case <-job.done:
		return job.err
	case <-w.done:
		select {
		case <-job.done:
			return job.err
		default:
			return errClosed
		}
	}
}

func (w *batchWriter) loop() {
	defer close(w.done)
	for {
		select {
		case <-w.stop:
			w.drain()
			return
		case job := <-w.queue:
			w.batch(job)
		}
	}
}

// drain finishes what was queued before the stop.
func (w *batchWriter) drain() {
	for {
		select {
		case job := <-w.queue:
			w.batch(job)
		default:
			return
		}
	}
}

// batch runs first and whatever else waits, commits, and tells each its outcome.
func (w *batchWriter) batch(first *writeJob) {
	w.around.beginWrite()
	jobs := w.transact(first)
	w.around.endWrite()
	for _, job := range jobs {
		close(job.done)
	}
}

// transact is the transaction of a batch: it returns the jobs with their outcomes.
func (w *batchWriter) transact(first *writeJob) []*writeJob {
	ctx := context.Background()
	jobs := []*writeJob{first}
	if _, err := w.exec(ctx, "BEGIN IMMEDIATE", nil); err != nil {
		first.err = err
		return jobs
	}
	var lines []*writeJob
	begin := func(job *writeJob) {
		if job.lines != nil {
			lines = append(lines, job)
		} else {
			w.run(job)
		}
	}
	begin(first)
	for idle := 0; idle < 2 && len(jobs) < maxBatch; {
		select {
		case job := <-w.queue:
			idle = 0
			jobs = append(jobs, job)
			begin(job)
		default:
			// Those whom the last commit released are about to come again:
			// let them, or every second commit serves but one.
			idle++
			runtime.Gosched()
		}
	}
	w.together(lines)
	if _, err := w.exec(ctx, "COMMIT", nil); err != nil {
		_, rollbackErr := w.exec(ctx, "ROLLBACK", nil)
		for _, job := range jobs {
			if job.err == nil {
				job.err = errors.Join(fmt.Errorf("commit: %w", err), rollbackErr)
			}
		}
	}
	return jobs
}

// together writes the lines of jobs that consist of these alone. Where that
// fails, each of them runs for itself and meets its own failure.
func (w *batchWriter) together(jobs []*writeJob) {
	jobs = slices.DeleteFunc(jobs, func(job *writeJob) bool {
		job.err = job.ctx.Err()
		return job.err != nil
	})
	if len(jobs) > 1 {
		var lines []EventRow
		for _, job := range jobs {
			lines = append(lines, job.lines...)
		}
		all := &writeJob{ctx: context.Background(), fn: func(q querier) error { return w.insert(q, lines) }}
		if w.run(all); all.err == nil {
			return
		}
	}
	for _, job := range jobs {
		w.run(job)
	}
}

// run executes one job in a savepoint.
func (w *batchWriter) run(job *writeJob) {
	if job.err = job.ctx.Err(); job.err != nil {
		return
	}
	ctx := context.Background()
	if _, job.err = w.exec(ctx, "SAVEPOINT job", nil); job.err != nil {
		return
	}
	if job.err = protect(job.fn, w); job.err != nil {
		if _, err := w.exec(ctx, "ROLLBACK TO job", nil); err != nil {
			job.err = errors.Join(job.err, err)
		}
	}
	if _, err := w.exec(ctx, "RELEASE job", nil); err != nil {
		job.err = errors.Join(job.err, err)
	}
}

// protect turns a panic of fn into an error: the writer serves everybody.
func protect(fn func(querier) error, q querier) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: transaction panicked: %v", p)
		}
	}()
	return fn(q)
}

// start begins a statement. One that was left in the middle, by a panic, begins anew.
func (w *batchWriter) start(query string, args []any) (*sqliteRows, error) {
	args, err := plain(args)
	if err != nil {
		return nil, err
	}
	s, err := w.conn.prepare(query)
	if err != nil {
		return nil, err
	}
	sqlite3.Xsqlite3_reset(w.conn.tls, s.handle)
	if err := w.conn.bind(s, args); err != nil {
		return nil, err
	}
	return &sqliteRows{conn: w.conn, stmt: s}, nil
}

// exec implements querier. It leaves the caller's context aside: see do.
func (w *batchWriter) exec(_ context.Context, query string, args []any) (int64, error) {
	r, err := w.start(query, args)
	if err != nil {
		return 0, err
	}
	for r.Next() {
		continue // what it returns nobody wants
	}
	if err := r.Close(); err != nil {
		return 0, err
	}
	return sqlite3.Xsqlite3_changes64(w.conn.tls, w.conn.db), nil
}

// later implements querier: there are no round trips to be saved.
func (w *batchWriter) later(ctx context.Context, query string, args []any) error {
	_, err := w.exec(ctx, query, args)
	return err
}

// query implements querier.
func (w *batchWriter) query(_ context.Context, query string, args []any) (rows, error) {
	r, err := w.start(query, args)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// first implements querier.
func (w *batchWriter) first(_ context.Context, query string, args []any, read func(scan) error) error {
	r, err := w.start(query, args)
	if err != nil {
		return err
	}
	return firstOf(r, read)
}

func (w *batchWriter) close() error {
	w.once.Do(func() {
		close(w.stop)
		<-w.done
		w.failed = w.conn.close()
	})
	return w.failed
}
