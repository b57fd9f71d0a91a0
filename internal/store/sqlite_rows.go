package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"unsafe"

	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteRows are the rows of one query on a connection, which it gives back at
// the end.
type sqliteRows struct {
	conn *sqliteConn
	stmt *sqliteStmt
	pool *sqliteReaders // nil for the writer's connection, which stays with it
	// unwatch says why the query was interrupted; nil where nobody watches.
	unwatch func() error
	err     error
	over    bool
}

// Columns implements rows.
func (r *sqliteRows) Columns() ([]string, error) { return r.stmt.columns, nil }

// Next implements rows.
func (r *sqliteRows) Next() bool {
	if r.over {
		return false
	}
	code := sqlite3.Xsqlite3_step(r.conn.tls, r.stmt.handle)
	if code == sqlite3.SQLITE_ROW {
		return true
	}
	if code != sqlite3.SQLITE_DONE {
		r.err = r.conn.failure(code)
	}
	r.end()
	return false
}

// Err implements rows.
func (r *sqliteRows) Err() error { return r.err }

// Close implements rows.
func (r *sqliteRows) Close() error {
	r.end()
	return r.err
}

// end gives the connection back. A statement that writes and returns rows may
// break a constraint at its very end.
func (r *sqliteRows) end() {
	if r.over {
		return
	}
	r.over = true
	// It tells of a step's failure once more.
	if code := sqlite3.Xsqlite3_reset(r.conn.tls, r.stmt.handle); code != sqlite3.SQLITE_OK && r.err == nil {
		r.err = r.conn.failure(code)
	}
	sqlite3.Xsqlite3_clear_bindings(r.conn.tls, r.stmt.handle)
	if r.unwatch != nil {
		if err := r.unwatch(); err != nil && r.err != nil {
			r.err = err
		}
	}
	if r.pool != nil {
		r.pool.put(r.conn)
	}
}

// Scan implements rows.
func (r *sqliteRows) Scan(dest ...any) error {
	if len(dest) != len(r.stmt.columns) {
		return fmt.Errorf("sqlite: %d places for %d columns", len(dest), len(r.stmt.columns))
	}
	for i, d := range dest {
		if err := r.scan(int32(i), d); err != nil { //nolint:gosec // few
			return fmt.Errorf("column %s: %w", r.stmt.columns[i], err)
		}
	}
	return nil
}

// scan reads one column. It is as strict as the other database is.
func (r *sqliteRows) scan(i int32, dest any) error {
	kind := sqlite3.Xsqlite3_column_type(r.conn.tls, r.stmt.handle, i)
	switch d := dest.(type) {
	case *string:
		if kind == sqlite3.SQLITE_TEXT {
			*d = string(r.bytes(i))
			return nil
		}
	case *number:
		if kind == sqlite3.SQLITE_INTEGER {
			*d = number(r.integer(i))
			return nil
		}
	case *int64:
		if kind == sqlite3.SQLITE_INTEGER {
			*d = r.integer(i)
			return nil
		}
	case *int:
		if kind == sqlite3.SQLITE_INTEGER {
			*d = int(r.integer(i))
			return nil
		}
	case *[]byte:
		if kind == sqlite3.SQLITE_TEXT || kind == sqlite3.SQLITE_BLOB {
			*d = append([]byte{}, r.bytes(i)...)
			return nil
		}
	case *json.RawMessage:
		if kind == sqlite3.SQLITE_TEXT {
			*d = append([]byte{}, r.bytes(i)...)
			return nil
		}
	case *any:
		*d = r.value(i, kind)
		return nil
	case sql.Scanner:
		return d.Scan(r.value(i, kind))
	}
	return scanInto(dest, r.value(i, kind))
}

// scanInto is scan for what is rare: types that are named, and nothing.
func scanInto(dest, v any) error {
	to := reflect.ValueOf(dest)
	if to.Kind() == reflect.Pointer && !to.IsNil() {
		to = to.Elem()
		switch v := v.(type) {
		case string:
			switch {
			case to.Kind() == reflect.String:
				to.SetString(v)
				return nil
			case to.Kind() == reflect.Slice && to.Type().Elem().Kind() == reflect.Uint8:
				to.SetBytes([]byte(v))
				return nil
			}
		case []byte:
			if to.Kind() == reflect.Slice && to.Type().Elem().Kind() == reflect.Uint8 {
				to.SetBytes(v)
				return nil
			}
		case int64:
			switch {
			case to.CanInt() && !to.OverflowInt(v):
				to.SetInt(v)
				return nil
			case to.Kind() == reflect.String: // a key to sort by, of any column
				to.SetString(strconv.FormatInt(v, 10))
				return nil
			}
		case nil:
			if to.Kind() == reflect.Slice || to.Kind() == reflect.Pointer {
				to.SetZero()
				return nil
			}
		}
	}
	return fmt.Errorf("sqlite: a %T does not fit into a %T", v, dest)
}

func (r *sqliteRows) integer(i int32) int64 {
	return sqlite3.Xsqlite3_column_int64(r.conn.tls, r.stmt.handle, i)
}

// bytes is SQLite's own memory, until the next step.
func (r *sqliteRows) bytes(i int32) []byte {
	p := sqlite3.Xsqlite3_column_blob(r.conn.tls, r.stmt.handle, i)
	n := sqlite3.Xsqlite3_column_bytes(r.conn.tls, r.stmt.handle, i)
	if p == 0 || n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(memory(p)), n)
}

func (r *sqliteRows) value(i, kind int32) any {
	switch kind {
	case sqlite3.SQLITE_INTEGER:
		return r.integer(i)
	case sqlite3.SQLITE_TEXT:
		return string(r.bytes(i))
	case sqlite3.SQLITE_BLOB:
		return append([]byte{}, r.bytes(i)...)
	case sqlite3.SQLITE_FLOAT:
		return sqlite3.Xsqlite3_column_double(r.conn.tls, r.stmt.handle, i)
	}
	return nil
}
