// Package storetest opens empty, migrated databases for tests: SQLite in a
// temporary file always, PostgreSQL where USHER_TEST_POSTGRES names a server.
// It owns no test of its own.
package storetest

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes and drops databases

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

// SQLite returns the URL of a database in a file of its own.
func SQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "usher.db")
}

// Postgres returns the URL of an empty database, dropped after the test.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv(PostgresEnv)
	if server == "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not set", PostgresEnv)
		}
		t.Skipf("%s is not set: no PostgreSQL to test with", PostgresEnv)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "usher_" + strings.ToLower(env.Alphanumeric(env.SystemRand{}, 16))
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Open opens and migrates the database and closes it after the test.
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
