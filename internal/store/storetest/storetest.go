// Package storetest opens migrated databases without rows for tests: SQLite in a
// temporary file always, PostgreSQL where USHER_TEST_POSTGRES names a server.
// Making a schema takes longer than most tests, so it is made once and used again.
// It owns no test of its own.
package storetest

import (
	"path/filepath"
	"testing"

	"usher/internal/env"
	"usher/internal/store"
)

// PostgresEnv names the variable with the URL of a PostgreSQL server whose
// user may create databases.
const PostgresEnv = "USHER_TEST_POSTGRES"

// Each runs fn once per database, as the sub-tests "sqlite" and "postgres".
// Without a PostgreSQL server the latter is skipped; under CI that is a failure.
func Each(t *testing.T, fn func(t *testing.T, databaseURL string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// EachEmpty is Each with databases that no migration has seen.
func EachEmpty(t *testing.T, fn func(t *testing.T, databaseURL string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, "sqlite:"+filepath.Join(t.TempDir(), "usher.db")) })
	t.Run("postgres", func(t *testing.T) { fn(t, emptyPostgres(t)) })
}

// SQLite returns the URL of a migrated database without rows in a file of its own.
func SQLite(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "usher.db")
	copyFile(t, sqliteModel(t), file)
	return "sqlite:" + file
}

// Postgres returns the URL of a migrated database without rows, which is the
// test's alone until it ends.
func Postgres(t testing.TB) string {
	t.Helper()
	return databaseURL(t, takePostgres(t, connect(t)))
}

// Open opens the database, migrates it if need be, and closes it after the test.
func Open(t testing.TB, databaseURL string, clock env.Clock) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), databaseURL, store.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return s
}
