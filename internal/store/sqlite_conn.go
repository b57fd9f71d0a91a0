package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"usher/internal/env"
)

// sqliteConn is a connection that reads, for one user at a time. It calls SQLite
// itself: through database/sql a read of one user costs a third more, and a list
// twice as much (ADR 0008). All memory that SQLite is given is its own.
type sqliteConn struct {
	tls   *libc.TLS
	db    uintptr
	stmts map[string]*sqliteStmt
	args  uintptr // room for the texts of one query's arguments
	room  int

	// viewing is true from beginView to endView, since tells how long.
	viewing bool
	since   env.Stopwatch
	// writes is the count of writes when the connection was last taken.
	writes int
}

// sqliteStmt is a prepared statement.
type sqliteStmt struct {
	handle uintptr
	// params are the arguments, counted from 0, that the parameters take: SQLite
	// counts $1, $2 ... as they first appear.
	params  []int
	args    int // how many arguments it takes
	columns []string
}

// sqliteError is a failure of a read. Its code is SQLite's primary one.
type sqliteError struct {
	code int32
	text string
}

// Error implements error.
func (e *sqliteError) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.text, e.code) }

// openSQLiteConn opens a connection to a database that is there, and runs the
// pragmas.
func openSQLiteConn(path string, pragmas ...string) (*sqliteConn, error) {
	c := &sqliteConn{tls: libc.NewTLS(), stmts: map[string]*sqliteStmt{}}
	name, err := libc.CString(path)
	if err != nil {
		c.tls.Close()
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	slot, err := c.alloc(int(unsafe.Sizeof(c.db)))
	if err != nil {
		c.tls.Close()
		return nil, err
	}
	defer libc.Xfree(c.tls, slot)
	// No other goroutine uses the connection meanwhile: it needs no locks.
	code := sqlite3.Xsqlite3_open_v2(c.tls, name, slot, sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = *(*uintptr)(memory(slot))
	if code != sqlite3.SQLITE_OK {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, c.failure(code)), c.close())
	}
	sqlite3.Xsqlite3_busy_timeout(c.tls, c.db, int32(busyTimeout/time.Millisecond))
	for _, p := range pragmas {
		if err := c.run("PRAGMA " + p); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// memory points into what SQLite has allocated. That lies outside of Go's heap:
// nothing moves or frees it.
func memory(at uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&at)) //nolint:gosec // see above
}

// close ends the connection.
func (c *sqliteConn) close() error {
	for text := range c.stmts {
		c.forget(text)
	}
	code := sqlite3.Xsqlite3_close_v2(c.tls, c.db)
	if c.args != 0 {
		libc.Xfree(c.tls, c.args)
	}
	c.tls.Close()
	if code != sqlite3.SQLITE_OK {
		return &sqliteError{code: code, text: "close"}
	}
	return nil
}

func (c *sqliteConn) forget(text string) {
	sqlite3.Xsqlite3_finalize(c.tls, c.stmts[text].handle)
	delete(c.stmts, text)
}

func (c *sqliteConn) alloc(n int) (uintptr, error) {
	p := libc.Xmalloc(c.tls, libc.Tsize_t(n)) //nolint:gosec // lengths are not negative
	if p == 0 {
		return 0, errors.New("sqlite: out of memory")
	}
	return p, nil
}

// failure describes the outcome of the last call.
func (c *sqliteConn) failure(code int32) error {
	return &sqliteError{code: code & 0xff, text: libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))}
}

// run executes a statement whose rows nobody wants.
func (c *sqliteConn) run(text string) error {
	s, err := c.prepare(text)
	if err != nil {
		return err
	}
	defer c.forget(text)
	code := sqlite3.Xsqlite3_step(c.tls, s.handle)
	for code == sqlite3.SQLITE_ROW {
		code = sqlite3.Xsqlite3_step(c.tls, s.handle)
	}
	if code != sqlite3.SQLITE_DONE {
		return c.failure(code)
	}
	return nil
}

// prepare returns the statement of a text, which is prepared once.
func (c *sqliteConn) prepare(text string) (*sqliteStmt, error) {
	if s := c.stmts[text]; s != nil {
		return s, nil
	}
	if len(c.stmts) >= maxCachedStatements {
		for old := range c.stmts {
			c.forget(old)
			break
		}
	}
	zero, err := libc.CString(steady(text))
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, zero)
	slot, err := c.alloc(int(unsafe.Sizeof(c.db)))
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, slot)
	if code := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, zero, -1, sqlite3.SQLITE_PREPARE_PERSISTENT, slot, 0); code != sqlite3.SQLITE_OK {
		return nil, c.failure(code)
	}
	s := &sqliteStmt{handle: *(*uintptr)(memory(slot))}
	for i := range sqlite3.Xsqlite3_bind_parameter_count(c.tls, s.handle) {
		name := libc.GoString(sqlite3.Xsqlite3_bind_parameter_name(c.tls, s.handle, i+1))
		n, err := strconv.Atoi(strings.TrimPrefix(name, "$"))
		if err != nil || n < 1 {
			sqlite3.Xsqlite3_finalize(c.tls, s.handle)
			return nil, fmt.Errorf("sqlite: the parameter %q is no number", name)
		}
		s.params, s.args = append(s.params, n-1), max(s.args, n)
	}
	for i := range sqlite3.Xsqlite3_column_count(c.tls, s.handle) {
		s.columns = append(s.columns, libc.GoString(sqlite3.Xsqlite3_column_name(c.tls, s.handle, i)))
	}
	c.stmts[text] = s
	return s, nil
}

// bind gives a statement its arguments. Texts are copied into memory that stays
// as it is until the next bind.
func (c *sqliteConn) bind(s *sqliteStmt, args []any) error {
	if len(args) != s.args {
		return fmt.Errorf("sqlite: %d arguments for %d parameters", len(args), s.args)
	}
	need := 1 // an empty text has an address too
	for _, a := range args {
		switch a := a.(type) {
		case string:
			need += len(a)
		case []byte:
			need += len(a)
		}
	}
	if need > c.room {
		if c.args != 0 {
			libc.Xfree(c.tls, c.args)
			c.args, c.room = 0, 0
		}
		need = max(need, 1024)
		p, err := c.alloc(need)
		if err != nil {
			return err
		}
		c.args, c.room = p, need
	}
	at := c.args
	for i, n := range s.params {
		code, used := c.bindOne(s, int32(i+1), args[n], at) //nolint:gosec // few
		if code != sqlite3.SQLITE_OK {
			return fmt.Errorf("argument %d, a %T: %w", n+1, args[n], c.failure(code))
		}
		at += uintptr(used) //nolint:gosec // a length
	}
	return nil
}

// bindOne binds one argument; texts use the memory at free.
func (c *sqliteConn) bindOne(s *sqliteStmt, i int32, a any, free uintptr) (code int32, used int) {
	switch a := a.(type) {
	case nil:
		return sqlite3.Xsqlite3_bind_null(c.tls, s.handle, i), 0
	case int:
		return sqlite3.Xsqlite3_bind_int64(c.tls, s.handle, i, int64(a)), 0
	case int64:
		return sqlite3.Xsqlite3_bind_int64(c.tls, s.handle, i, a), 0
	case string:
		copy(unsafe.Slice((*byte)(memory(free)), len(a)), a)
		return sqlite3.Xsqlite3_bind_text(c.tls, s.handle, i, free, int32(len(a)), sqlite3.SQLITE_STATIC), len(a) //nolint:gosec // bounded by the input
	case []byte:
		if a == nil {
			return sqlite3.Xsqlite3_bind_null(c.tls, s.handle, i), 0
		}
		copy(unsafe.Slice((*byte)(memory(free)), len(a)), a)
		return sqlite3.Xsqlite3_bind_blob(c.tls, s.handle, i, free, int32(len(a)), sqlite3.SQLITE_STATIC), len(a) //nolint:gosec // bounded by the input
	}
	return sqlite3.SQLITE_MISMATCH, 0
}

// plain turns arguments of other types into those that bind takes.
func plain(args []any) ([]any, error) {
	for i, a := range args {
		switch a.(type) {
		case nil, int, int64, string, []byte:
			continue
		}
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		args[i] = v
	}
	return args, nil
}
