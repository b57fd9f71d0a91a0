package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
)

// newReaders is a store on SQLite with one connection that reads.
func newReaders(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "a?b%c.db"), Options{Clock: env.System{}, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestValuesSurviveSQLite(t *testing.T) {
	tx := newReaders(t).Read(t.Context())
	type named string
	long := strings.Repeat("é\x00", 3000)
	var (
		text, empty, number, absent string
		blob, none                  []byte
		document                    json.RawMessage
		kind                        named
		n                           int
		big                         int64
		null                        sql.NullString
		some, nothing               any
	)
	err := tx.first(func(s scan) error {
		return s(&text, &empty, &number, &blob, &none, &document, &kind, &n, &big, &null, &some, &nothing)
	}, "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12", long, "", 17, []byte{0, 255}, []byte{}, `{"a":1}`, named("k"), -1, int64(1)<<62, nil, int64(5), nil)
	if err != nil {
		t.Fatal(err)
	}
	if text != long || empty != "" || number != "17" || string(blob) != "\x00\xff" || len(none) != 0 || string(document) != `{"a":1}` || kind != "k" ||
		n != -1 || big != 1<<62 || null.Valid || some != any(int64(5)) || nothing != nil {
		t.Error(len(text), empty, number, blob, none, document, kind, n, big, null, some, nothing)
	}
	if err := tx.first(func(s scan) error { return s(&text, &number) }, "SELECT $2, $1 WHERE $2 = $2 AND $3 <> $1", "a", "b", "c"); err != nil || text != "b" || number != "a" {
		t.Error(text, number, err)
	}
	for what, err := range map[string]error{
		"nothing into a text":   tx.first(func(s scan) error { return s(&absent) }, "SELECT NULL"),
		"a text into a number":  tx.first(func(s scan) error { return s(&n) }, "SELECT 'a'"),
		"one column into two":   tx.first(func(s scan) error { return s(&n, &n) }, "SELECT 1"),
		"an argument too many":  tx.first(func(s scan) error { return s(&n) }, "SELECT 1", "a"),
		"no statement":          tx.first(func(s scan) error { return s(&n) }, "SELECT FROM"),
		"a write":               tx.first(func(s scan) error { return s(&n) }, "DELETE FROM orgs RETURNING 1"),
		"an error in a row":     tx.first(func(s scan) error { return s(&n) }, "SELECT abs(-9223372036854775807 - 1)"),
		"no row":                tx.first(func(s scan) error { return s(&n) }, "SELECT 1 FROM orgs"),
		"a type of another age": tx.first(func(s scan) error { return s(&n) }, "SELECT $1", time.Second.Seconds()),
	} {
		if err == nil || errors.Is(err, ErrNotFound) != (what == "no row") {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The one connection is free again after all of these.
	if err := tx.first(func(s scan) error { return s(&n) }, "SELECT 3"); err != nil || n != 3 {
		t.Error(n, err)
	}
}

// TestAContextEndsARead: a read that takes long ends with its context, and so
// does the wait for a connection; whoever comes next is not disturbed.
func TestAContextEndsARead(t *testing.T) {
	s := newReaders(t)
	const forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		failures := make([]error, 3)
		for i := range failures {
			group.Go(func() {
				failures[i] = s.Read(ctx).each(func(s scan) error { var n int; return s(&n) }, forever)
			})
		}
		cancel()
		group.Wait()
		for _, err := range failures {
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		var n int
		if err := s.Read(t.Context()).each(func(s scan) error { return s(&n) }, "SELECT 3"); err != nil || n != 3 {
			t.Fatal(n, err)
		}
	}
}

func TestReadsAfterCloseFail(t *testing.T) {
	s := newReaders(t)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}

func TestStatementsAreBounded(t *testing.T) {
	s := newReaders(t)
	tx := s.Read(t.Context())
	for i := range 2 * maxCachedStatements {
		var n int
		if err := tx.first(func(s scan) error { return s(&n) }, "SELECT 1"+strings.Repeat(" ", i)); err != nil {
			t.Fatal(err)
		}
	}
	e := s.engine.(*sqliteEngine)
	if n := len(e.readers.idle[0].stmts); n > maxCachedStatements {
		t.Errorf("%d statements are kept", n)
	}
}
