package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteFloor is the oldest SQLite that carries the fixes we rely on.
const sqliteFloor = "3.53.0"

// sqliteEngine is one writer that commits in batches and a pool of readers.
type sqliteEngine struct {
	path    string
	readers *sql.DB
	stmts   stmtCache
	writer  *batchWriter
}

func openSQLite(ctx context.Context, path string, o Options) (engine, error) {
	if path == "" {
		return nil, errors.New("the SQLite path is empty")
	}
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	sync := "NORMAL"
	if o.Durable {
		sync = "FULL"
	}
	writerDB, err := sql.Open("sqlite", sqliteDSN(path, "journal_mode(WAL)", "synchronous("+sync+")",
		"foreign_keys(1)", "wal_autocheckpoint(4000)", "cache_size(-8000)", "temp_store(2)"))
	if err != nil {
		return nil, err
	}
	writerDB.SetMaxOpenConns(1)
	conn, err := writerDB.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), writerDB.Close())
	}
	var version string
	if err := conn.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return nil, errors.Join(err, conn.Close(), writerDB.Close())
	}
	if !versionAtLeast(version, sqliteFloor) {
		return nil, errors.Join(fmt.Errorf("SQLite %s is older than %s", version, sqliteFloor), conn.Close(), writerDB.Close())
	}
	readers, err := sql.Open("sqlite", sqliteDSN(path, "query_only(1)", "cache_size(-4000)", "temp_store(2)"))
	if err != nil {
		return nil, errors.Join(err, conn.Close(), writerDB.Close())
	}
	n := o.MaxConns
	if n <= 0 {
		n = 4
	}
	readers.SetMaxOpenConns(n)
	readers.SetMaxIdleConns(n)
	e := &sqliteEngine{path: path, readers: readers, writer: newBatchWriter(writerDB, conn)}
	e.stmts.db = readers
	return e, nil
}

// makePrivate makes a database file that is not there yet, readable to its
// owner alone: people's data is in it. SQLite gives the files beside it, the
// log among them, the same mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// sqliteDSN escapes the path: a '?' or '%' in a file name is part of the name.
func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(5000)"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func versionAtLeast(have, want string) bool {
	var a, b [3]int
	_, _ = fmt.Sscanf(have, "%d.%d.%d", &a[0], &a[1], &a[2])
	_, _ = fmt.Sscanf(want, "%d.%d.%d", &b[0], &b[1], &b[2])
	for i := range a {
		if a[i] != b[i] {
			return a[i] > b[i]
		}
	}
	return true
}

func (e *sqliteEngine) name() string { return "sqlite" }

func (e *sqliteEngine) write(ctx context.Context, _ bool, fn func(querier) error) error {
	return e.writer.do(ctx, fn)
}

func (e *sqliteEngine) read() querier { return &e.stmts }

func (e *sqliteEngine) ping(ctx context.Context) error {
	var one int
	return e.readers.QueryRowContext(ctx, "SELECT count(*) FROM orgs").Scan(&one)
}

func (e *sqliteEngine) close() error {
	err := e.writer.close()
	return errors.Join(e.readers.Close(), err)
}

// translate maps a broken constraint to an ExistsError. SQLite names the
// columns: "UNIQUE constraint failed: users.org_id, users.login_key".
func (e *sqliteEngine) translate(err error) error {
	se, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch se.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		_, columns, _ := strings.Cut(se.Error(), "constraint failed: ")
		columns, _, _ = strings.Cut(columns, " (")
		last := columns[strings.LastIndex(columns, " ")+1:]
		return &ExistsError{On: last}
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrNotFound
	}
	return err
}

// steady keeps SQLite from looking at the number of rows asked for when it plans
// a query: where that is a bare parameter, it plans anew for every value that
// the parameter is given, which costs as much as reading twenty rows.
func steady(query string) string { return strings.ReplaceAll(query, "LIMIT $", "LIMIT 0 + $") }

// maxCachedStatements bounds the prepared statements of the readers; queries
// that filters compose beyond it are prepared each time.
const maxCachedStatements = 512

// stmtCache prepares each distinct text once.
type stmtCache struct {
	db    *sql.DB
	stmts sync.Map // string -> *sql.Stmt
	n     atomic.Int64
}

func (c *stmtCache) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := c.stmts.Load(query); ok {
		return s.(*sql.Stmt), nil
	}
	if c.n.Load() >= maxCachedStatements {
		return nil, nil
	}
	s, err := c.db.PrepareContext(ctx, steady(query))
	if err != nil {
		return nil, err
	}
	if old, loaded := c.stmts.LoadOrStore(query, s); loaded {
		return old.(*sql.Stmt), s.Close()
	}
	c.n.Add(1)
	return s, nil
}

func (c *stmtCache) query(ctx context.Context, query string, args []any) (rows, error) {
	s, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.db.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}

// point implements querier. One row is read within microseconds: to watch the
// caller's context meanwhile would cost more than a tenth of that.
func (c *stmtCache) point(ctx context.Context, query string, args []any) (rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.query(context.WithoutCancel(ctx), query, args)
}

func (c *stmtCache) exec(context.Context, string, []any) (int64, error) {
	return 0, errors.New("store: a write outside a transaction")
}

func (c *stmtCache) later(context.Context, string, []any) error {
	return errors.New("store: a write outside a transaction")
}
