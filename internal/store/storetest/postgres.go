package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes and empties databases

	"usher/internal/env"
	"usher/internal/store"
)

// connect opens the connection that makes a test's databases. It ends, and its
// advisory locks with it, after the test.
func connect(t testing.TB) *sql.Conn {
	t.Helper()
	server := os.Getenv(PostgresEnv)
	if server == "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not set", PostgresEnv)
		}
		t.Skipf("%s is not set: no PostgreSQL to test with", PostgresEnv)
	}
	return open(t, server)
}

func open(t testing.TB, url string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(errors.Join(err, db.Close()))
	}
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// databaseURL names a database of the server.
func databaseURL(t testing.TB, name string) string {
	t.Helper()
	u, err := url.Parse(os.Getenv(PostgresEnv))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// emptyPostgres makes a database that is dropped after the test.
func emptyPostgres(t testing.TB) string {
	t.Helper()
	admin := connect(t)
	name := "usher_" + strings.ToLower(env.Alphanumeric(env.SystemRand{}, 16))
	exec(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return databaseURL(t, name)
}

// takePostgres returns a migrated database and empties it. Databases are named
// by the schema's digest and a number; who holds the advisory lock of the name
// has it. So they serve one test after the other, those of killed processes too,
// and stay on the server for the next run.
func takePostgres(t testing.TB, admin *sql.Conn) string {
	t.Helper()
	for n := 1; ; n++ {
		name := fmt.Sprintf("usher_test_%s_%d", digest(t), n)
		var mine, have bool
		ask(t, admin, &mine, "SELECT pg_try_advisory_lock(hashtext($1))", name)
		if !mine {
			continue
		}
		ask(t, admin, &have, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name)
		if !have {
			exec(t, admin, "CREATE DATABASE "+name)
		}
		exec(t, admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
		empty(t, databaseURL(t, name))
		return name
	}
}

// empty brings a database to the newest schema and deletes all rows.
func empty(t testing.TB, url string) {
	t.Helper()
	migrate(t, url)
	conn := open(t, url)
	// A superuser need not wait for what is deleted in cascades, row by row.
	exec(t, conn, "SELECT set_config('session_replication_role', 'replica', false) FROM pg_roles WHERE rolname = current_user AND rolsuper")
	var statements string
	ask(t, conn, &statements, `SELECT string_agg(format('DELETE FROM %I', relname), ';') FROM pg_class
		WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'schema\_%'`)
	exec(t, conn, statements)
}

// migrate brings a database to the newest schema and lets go of it.
func migrate(t testing.TB, url string) {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{Clock: env.System{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Migrate(t.Context(), nil), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// digest tells this state of the schema from others.
func digest(t testing.TB) string {
	t.Helper()
	d, err := store.SchemaDigest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func exec(t testing.TB, conn *sql.Conn, statement string, args ...any) {
	t.Helper()
	if _, err := conn.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func ask(t testing.TB, conn *sql.Conn, to any, query string, args ...any) {
	t.Helper()
	if err := conn.QueryRowContext(t.Context(), query, args...).Scan(to); err != nil {
		t.Fatal(err)
	}
}
