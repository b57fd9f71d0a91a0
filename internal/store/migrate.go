package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // the driver by which migrations run
)

// migrationFiles hold one SQL text for both databases. Two words in it differ:
// NAME is a text column that sorts by bytes, CLUSTERED ends a table that is
// stored in the order of its primary key.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// versionTable is where goose keeps what has been applied.
const versionTable = "schema_versions"

// dialectWords are what the two words become.
type dialectWords struct{ name, clustered string }

func sqliteWords() dialectWords { return dialectWords{name: "TEXT", clustered: "WITHOUT ROWID"} }

func postgresWords() dialectWords { return dialectWords{name: `TEXT COLLATE "C"`, clustered: ""} }

// migrations returns the files in a database's own words and the newest version.
func migrations(w dialectWords) (fs.FS, int64, error) {
	out := fstest.MapFS{}
	var newest int64
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, 0, err
	}
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, 0, err
		}
		text = bytes.ReplaceAll(text, []byte(" NAME"), []byte(" "+w.name))
		text = bytes.ReplaceAll(text, []byte(") CLUSTERED"), []byte(") "+w.clustered))
		base := path.Base(name)
		number, _, _ := strings.Cut(base, "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, 0, fmt.Errorf("migration %s: %w", base, err)
		}
		newest = max(newest, v)
		out[base] = &fstest.MapFile{Data: text}
	}
	return out, newest, nil
}

// runMigrations applies what is missing on db.
func runMigrations(ctx context.Context, db *sql.DB, d goose.Dialect, w dialectWords, progress func(string), opts ...goose.ProviderOption) error {
	files, newest, err := migrations(w)
	if err != nil {
		return err
	}
	if current(ctx, db) == newest {
		return nil
	}
	progress(fmt.Sprintf("bringing the database schema to version %d", newest))
	opts = append(opts, goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	p, err := goose.NewProvider(d, db, files, opts...)
	if err != nil {
		return err
	}
	applied, err := p.Up(ctx)
	for _, r := range applied {
		progress("applied " + path.Base(r.Source.Path))
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if v := current(ctx, db); v > newest {
		return fmt.Errorf("the database is at schema version %d, this program knows %d: run a newer usher", v, newest)
	}
	return nil
}

// current reads the applied version, -1 when there is none to be read.
func current(ctx context.Context, db *sql.DB) int64 {
	var v sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM "+versionTable).Scan(&v); err != nil || !v.Valid {
		return -1
	}
	return v.Int64
}

// SchemaDigest tells one state of the schema from any other: 16 hexadecimal
// digits over all that migrating does.
func SchemaDigest() (string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
	}
	_, _ = io.WriteString(sum, ignoreOrganisations) // a hash takes everything
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

func (e *sqliteEngine) migrate(ctx context.Context, progress func(string)) (err error) {
	_, newest, err := migrations(sqliteWords())
	if err != nil {
		return err
	}
	if v, err := e.number(ctx, "SELECT max(version_id) FROM "+versionTable); err == nil && v == newest {
		return nil
	}
	// A connection of its own: goose takes several, the writer has but one.
	db, err := sql.Open("sqlite", sqliteDSN(e.path, "journal_mode(WAL)", "foreign_keys(1)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	return runMigrations(ctx, db, goose.DialectSQLite3, sqliteWords(), progress)
}

func (e *postgresEngine) migrate(ctx context.Context, progress func(string)) (err error) {
	db := stdlib.OpenDBFromPool(e.pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, newest, err := migrations(postgresWords()); err != nil || current(ctx, db) == newest {
		return err
	}
	locker, err := lock.NewPostgresTableLocker(lock.WithTableName("schema_lock"))
	if err != nil {
		return err
	}
	if err := runMigrations(ctx, db, goose.DialectPostgres, postgresWords(), progress, goose.WithLocker(locker)); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, ignoreOrganisations)
	return err
}

// ignoreOrganisations keeps PostgreSQL from learning how the rows are spread over
// organisations. It would take one that has come since the last analysis for
// empty, and walk through all its rows by whichever index begins with org_id.
const ignoreOrganisations = `DO $$
DECLARE name regclass;
BEGIN
  FOR name IN SELECT attrelid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attname = 'org_id' AND a.attstattarget <> 0
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN org_id SET STATISTICS 0', name);
  END LOOP;
END $$`
