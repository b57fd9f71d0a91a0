package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteFloor is the oldest SQLite that carries the fixes we rely on.
const sqliteFloor = "3.53.0"

// busyTimeout is how long a statement waits for another process.
const busyTimeout = 5 * time.Second

// sqliteEngine is one writer that commits in batches and a pool of readers.
type sqliteEngine struct {
	path    string
	readers *sqliteReaders
	writer  *batchWriter
}

func openSQLite(path string, o Options) (engine, error) {
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
	conn, err := openSQLiteConn(path, "journal_mode(WAL)", "synchronous("+sync+")",
		"foreign_keys(1)", "wal_autocheckpoint(4000)", "cache_size(-8000)", "temp_store(2)")
	if err != nil {
		return nil, err
	}
	if version := libc.GoString(sqlite3.Xsqlite3_libversion(conn.tls)); !versionAtLeast(version, sqliteFloor) {
		return nil, errors.Join(fmt.Errorf("SQLite %s is older than %s", version, sqliteFloor), conn.close())
	}
	n := o.MaxConns
	if n <= 0 {
		n = 4
	}
	e := &sqliteEngine{path: path, readers: newSQLiteReaders(path, n)}
	e.writer = newBatchWriter(conn, e.readers, e.insert)
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
	q := url.Values{"_pragma": append([]string{fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}, pragmas...)}
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

func (e *sqliteEngine) write(ctx context.Context, _ isolation, fn func(querier) error) error {
	return e.writer.do(ctx, fn)
}

func (e *sqliteEngine) record(ctx context.Context, lines []EventRow) error {
	return e.writer.add(ctx, lines)
}

// insert writes lines of the log. The writer is the only one and holds the lock
// of the file, so that they get their positions in the order of the commits.
func (e *sqliteEngine) insert(q querier, lines []EventRow) error {
	return (&Tx{ctx: context.Background(), q: q, engine: e}).insertLines(lines, true)
}

func (e *sqliteEngine) read() querier { return e.readers }

func (e *sqliteEngine) ping(ctx context.Context) error {
	_, err := e.number(ctx, "SELECT count(*) FROM orgs")
	return err
}

func (e *sqliteEngine) close() error {
	err := e.writer.close()
	return errors.Join(e.readers.close(), err)
}

// number reads a single number.
func (e *sqliteEngine) number(ctx context.Context, query string) (n int64, err error) {
	found, err := e.readers.query(ctx, query, nil)
	if err != nil {
		return 0, err
	}
	if found.Next() {
		err = found.Scan(&n)
	}
	return n, errors.Join(err, found.Close())
}

// translate maps a broken constraint to an ExistsError. SQLite names the
// columns: "UNIQUE constraint failed: users.org_id, users.login_key".
func (*sqliteEngine) translate(err error) error {
	e, ok := errors.AsType[*sqliteError](err)
	if !ok || e.code != sqlite3.SQLITE_CONSTRAINT {
		return err
	}
	if strings.HasPrefix(e.text, "FOREIGN KEY ") {
		return ErrNotFound
	}
	if columns, ok := strings.CutPrefix(e.text, "UNIQUE constraint failed: "); ok {
		return &ExistsError{On: columns[strings.LastIndex(columns, " ")+1:]}
	}
	return err
}

// steady keeps SQLite from looking at the number of rows asked for when it plans
// a query: where that is a bare parameter, it plans anew for every value that
// the parameter is given, which costs as much as reading twenty rows.
func steady(query string) string { return strings.ReplaceAll(query, "LIMIT $", "LIMIT 0 + $") }
