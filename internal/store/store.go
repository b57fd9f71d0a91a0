package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
)

// Errors that every method may return, wrapped or bare.
var (
	// ErrNotFound tells that no row has this key.
	ErrNotFound = errors.New("store: not found")
	// ErrStale tells that the row has changed since it was read.
	ErrStale = errors.New("store: stale version")
)

// ExistsError tells which unique constraint a write would break, as
// "table.column" of its last column, e.g. "users.login_key".
type ExistsError struct{ On string }

// Error implements error.
func (e *ExistsError) Error() string { return "store: exists already: " + e.On }

// Exists tells whether err is an ExistsError on the given "table.column".
func Exists(err error, on string) bool {
	e, ok := errors.AsType[*ExistsError](err)
	return ok && e.On == on
}

// Options are the choices of Open that the URL does not hold.
type Options struct {
	Clock env.Clock // required
	// Durable makes SQLite wait for the disk on every commit (synchronous
	// FULL). Without it a commit survives the death of the process but not of
	// the machine. PostgreSQL follows its own configuration.
	Durable bool
	// MaxConns bounds the connections to PostgreSQL (default 16) and the
	// readers of SQLite (default 4).
	MaxConns int
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	clock  env.Clock
	engine engine
}

// engine is what differs between the two databases.
type engine interface {
	// write runs fn in one transaction, and again where the database asks for it.
	write(ctx context.Context, level isolation, fn func(querier) error) error
	// record writes lines of the log that are a transaction by themselves.
	record(ctx context.Context, lines []EventRow) error
	// read returns a querier outside any transaction.
	read() querier
	// translate maps the driver's errors to those of this package.
	translate(err error) error
	migrate(ctx context.Context, progress func(string)) error
	ping(ctx context.Context) error
	name() string
	close() error
}

// querier runs statements.
type querier interface {
	exec(ctx context.Context, query string, args []any) (int64, error)
	// later is exec for a statement whose outcome nobody waits for: it may run
	// with the next one or with the commit, and fail there.
	later(ctx context.Context, query string, args []any) error
	query(ctx context.Context, query string, args []any) (rows, error)
	// first reads the first row of a query, else ErrNotFound.
	first(ctx context.Context, query string, args []any, read func(scan) error) error
}

// rows is what a query gives, as *sql.Rows has it. Close tells of a failure that
// came behind the rows that were read.
type rows interface {
	Columns() ([]string, error)
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// Open connects to the database at url: "postgres://..." or "postgresql://...",
// or for SQLite "sqlite:PATH", "file:PATH" or a plain path. It does not migrate.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	var e engine
	var err error
	if IsPostgres(url) {
		e, err = openPostgres(ctx, url, o)
	} else {
		e, err = openSQLite(SQLitePath(url), o)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &Store{clock: o.Clock, engine: e}, nil
}

// IsPostgres tells whether url names a PostgreSQL database.
func IsPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// SQLitePath returns the file that a SQLite url names.
func SQLitePath(url string) string {
	for _, p := range []string{"sqlite://", "sqlite:", "file:"} {
		if rest, ok := strings.CutPrefix(url, p); ok {
			return rest
		}
	}
	return url
}

// Engine names the database: "sqlite" or "postgres".
func (s *Store) Engine() string { return s.engine.name() }

// Close ends all connections.
func (s *Store) Close() error { return s.engine.close() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.engine.ping(ctx) }

// Migrate brings the schema to this program's version. It is safe to call from
// several processes at once and costs one read when there is nothing to do.
// progress, if not nil, is told what is being done.
func (s *Store) Migrate(ctx context.Context, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	return s.engine.migrate(ctx, progress)
}

// isolation is what a transaction may see of others that run at the same time.
type isolation int

// The levels. SQLite, which has one writer, serializes them all.
const (
	committed    isolation = iota // each statement sees what is committed when it runs
	snapshot                      // one state of the data, and no row of it that others have written meanwhile is written
	serializable                  // as if nobody else was there
)

// Tx runs fn in one serializable transaction and repeats it when the database
// asks for that, so fn must have no effect outside the transaction. It must
// not call Tx or Write itself, nor do slow work: on SQLite all writers wait.
func (s *Store) Tx(ctx context.Context, fn func(*Tx) error) error {
	return s.write(ctx, serializable, fn)
}

// Guarded is Tx at a lower price on PostgreSQL: fn sees one state of the data,
// and is repeated where another has written meanwhile a row that it writes, too
// (REPEATABLE READ). What it reads and does not write may change before it
// commits. So it is for what decides by rows that it writes itself, or of which
// whoever changes them writes a row in common. (ADR 0016)
func (s *Store) Guarded(ctx context.Context, fn func(*Tx) error) error {
	return s.write(ctx, snapshot, fn)
}

// Write runs fn in one transaction at the database's default isolation. It is
// for writes whose invariant a constraint or a version check guards alone.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	return s.write(ctx, committed, fn)
}

func (s *Store) write(ctx context.Context, level isolation, fn func(*Tx) error) error {
	return s.engine.write(ctx, level, func(q querier) error {
		tx := &Tx{ctx: ctx, q: q, engine: s.engine, now: s.clock.Now()}
		if level != committed {
			tx.seen = &seen{}
		}
		return fn(tx)
	})
}

// Read returns a Tx that only reads, outside any transaction: each statement
// sees what is committed when it runs.
func (s *Store) Read(ctx context.Context) *Tx {
	return &Tx{ctx: ctx, q: s.engine.read(), engine: s.engine, now: s.clock.Now()}
}

// Look is Read for one look at things: what was read once is not read again.
func (s *Store) Look(ctx context.Context) *Tx {
	tx := s.Read(ctx)
	tx.seen = &seen{}
	return tx
}

// Tx is the access to the data that one request or job has. It must not be
// kept beyond the function it was given to, nor shared between goroutines.
type Tx struct {
	ctx    context.Context
	q      querier
	engine engine
	now    time.Time
	seq    int
	seen   *seen // of what looks at one state of the data
}

// Now is the instant of the transaction: everything that it writes carries it.
func (tx *Tx) Now() time.Time { return tx.now }

// Context is what the transaction runs under.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Seq returns 0, 1, 2 ...: it orders what one transaction records at one instant.
func (tx *Tx) Seq() int {
	tx.seq++
	return tx.seq - 1
}

// exec runs a statement and returns how many rows it changed.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	tx.seen.drop(query)
	n, err := tx.q.exec(tx.ctx, query, args)
	if err != nil {
		return 0, tx.engine.translate(err)
	}
	return n, nil
}

// later runs a statement by which nothing in this transaction is decided: on
// PostgreSQL it saves a round trip. It has run before the next statement and the
// commit; where it breaks a constraint, it or one of these fails.
func (tx *Tx) later(query string, args ...any) error {
	tx.seen.drop(query)
	if err := tx.q.later(tx.ctx, query, args); err != nil {
		return tx.engine.translate(err)
	}
	return nil
}

// one runs a statement that changes exactly one row, else ErrNotFound.
func (tx *Tx) one(query string, args ...any) error {
	n, err := tx.exec(query, args...)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// versioned runs a statement that changes the row of a known version, else ErrStale.
func (tx *Tx) versioned(query string, args ...any) error {
	n, err := tx.exec(query, args...)
	if err == nil && n == 0 {
		err = ErrStale
	}
	return err
}

// atVersion changes a row that was read at a version, else ErrStale. Where it was read
// in this one state of the data nobody waits for the outcome: whoever has written the
// row since then makes the transaction fail and run again.
func (tx *Tx) atVersion(row seenRow, version int64, query string, args ...any) error {
	switch known, ok := tx.seen.versionOf(row); {
	case !ok:
		return tx.versioned(query, args...)
	case known != version:
		return ErrStale
	}
	return tx.later(query, args...)
}

// scan is what a row gives to the function that reads it.
type scan func(dest ...any) error

// first reads the first row, else ErrNotFound.
func (tx *Tx) first(read func(scan) error, query string, args ...any) error {
	tx.seen.ran(query)
	return tx.engine.translate(tx.q.first(tx.ctx, query, args, read))
}

// firstOf reads the first row of what was found, else ErrNotFound.
func firstOf(found rows, read func(scan) error) (err error) {
	if found.Next() {
		err = read(found.Scan)
	} else if err = found.Err(); err == nil {
		err = ErrNotFound
	}
	return closed(found, err)
}

// each reads every row.
func (tx *Tx) each(read func(scan) error, query string, args ...any) error {
	tx.seen.ran(query)
	found, err := tx.q.query(tx.ctx, query, args)
	if err != nil {
		return tx.engine.translate(err)
	}
	for err == nil && found.Next() {
		err = read(found.Scan)
	}
	if err == nil {
		err = found.Err()
	}
	return tx.engine.translate(closed(found, err))
}

// closed ends a query and says what failed first: what came before, or, as with
// a statement that returns rows and then breaks a constraint, the end itself.
func closed(found rows, err error) error {
	if closing := found.Close(); err == nil || errors.Is(err, ErrNotFound) && closing != nil {
		err = closing
	}
	return err
}

// ms is how an instant is stored: Unix milliseconds, 0 for none.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at reads what ms wrote.
func at(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}

// number scans an integer without reflection, which scanning into an int64 takes.
type number int64

// Scan implements sql.Scanner.
func (n *number) Scan(v any) error {
	i, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a %T where a number is kept", v)
	}
	*n = number(i)
	return nil
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Failure maps the errors of the store that a caller can do something about and
// names the others by what was done: a stale version is KindConflict, an
// *idp.Error stays as it is.
func Failure(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case idp.KindOf(err) != 0:
		return err
	case errors.Is(err, ErrStale):
		return &idp.Error{Kind: idp.KindConflict, Object: what}
	}
	return fmt.Errorf("%s: %w", what, err)
}
