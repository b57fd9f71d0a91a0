package ceiling

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"usher/internal/env"
	"usher/internal/store"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// Connections are how many a measurement uses: as many as the load program has.
const Connections = 16

// sqliteReaders is the store's own number of readers.
const sqliteReaders = 4

// foreignOrg owns the rows that Insert adds, so that no organisation sees them.
const foreignOrg = "00oceiling"

// DB is a database that was made by package store.
type DB struct {
	db       *sql.DB
	writer   *sql.DB // one connection on SQLite, db on PostgreSQL
	postgres bool

	user, token, session, list, insertUser, insertEvent *sql.Stmt
}

// Open connects to a migrated database and prepares its statements.
func Open(ctx context.Context, databaseURL string) (*DB, error) {
	d := &DB{postgres: store.IsPostgres(databaseURL)}
	var err error
	if d.postgres {
		d.db, err = sql.Open("pgx", databaseURL)
		d.writer = d.db
	} else {
		d.db, d.writer, err = openSQLite(databaseURL)
	}
	if err != nil {
		return nil, err
	}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func openSQLite(databaseURL string) (readers, writer *sql.DB, err error) {
	dsn := func(pragmas ...string) string {
		q := url.Values{"_pragma": append([]string{"busy_timeout(5000)"}, pragmas...)}
		return "file:" + (&url.URL{Path: store.SQLitePath(databaseURL)}).EscapedPath() + "?" + q.Encode()
	}
	if readers, err = sql.Open("sqlite", dsn("query_only(1)")); err != nil {
		return nil, nil, err
	}
	readers.SetMaxIdleConns(sqliteReaders)
	readers.SetMaxOpenConns(sqliteReaders)
	if writer, err = sql.Open("sqlite", dsn("synchronous(FULL)", "foreign_keys(1)")); err != nil {
		return nil, nil, errors.Join(err, readers.Close())
	}
	writer.SetMaxOpenConns(1)
	return readers, writer, nil
}

func (d *DB) prepare(ctx context.Context) error {
	if d.postgres {
		d.db.SetMaxIdleConns(Connections)
		d.db.SetMaxOpenConns(Connections)
	}
	for _, s := range []struct {
		to   **sql.Stmt
		on   *sql.DB
		text string
	}{
		{&d.user, d.db, "SELECT profile FROM users WHERE org_id = $1 AND id = $2"},
		{&d.token, d.db, "SELECT user_id FROM api_tokens WHERE org_id = $1 AND hash = $2"},
		{&d.session, d.db, "SELECT user_id FROM sessions WHERE org_id = $1 AND hash = $2"},
		{&d.list, d.db, "SELECT id, profile FROM users WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3"},
		{&d.insertUser, d.writer, `INSERT INTO users (org_id, id, type_id, status, login, login_key, short_key, email_key, first_key, last_key, profile,
 provider_type, provider_name, has_password, recovery_question, factors, created, activated, status_changed, last_login, last_updated, password_changed, version)
 VALUES ($1, $2, 'oty', 'STAGED', $3, $3, $4, $3, $4, $5, $6, 'OKTA', 'OKTA', 0, '', 0, 0, 0, 0, 0, 0, 0, 1)`},
		{&d.insertEvent, d.writer, "INSERT INTO events (org_id, uuid, type, document, position) VALUES ($1, $2, 'user.lifecycle.create', $3, NULL)"},
	} {
		stmt, err := s.on.PrepareContext(ctx, s.text)
		if err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		*s.to = stmt
	}
	return nil
}

// Close ends all connections.
func (d *DB) Close() error {
	if d.writer != d.db {
		return errors.Join(d.db.Close(), d.writer.Close())
	}
	return d.db.Close()
}

// User reads the profile of one user.
func (d *DB) User(ctx context.Context, orgID, id string) ([]byte, error) {
	var profile []byte
	return profile, d.user.QueryRowContext(ctx, orgID, id).Scan(&profile)
}

// Token reads whose API token has this hash.
func (d *DB) Token(ctx context.Context, orgID string, hash []byte) (userID string, err error) {
	return userID, d.token.QueryRowContext(ctx, orgID, hash).Scan(&userID)
}

// Session reads whose session has this hash.
func (d *DB) Session(ctx context.Context, orgID string, hash []byte) (userID string, err error) {
	return userID, d.session.QueryRowContext(ctx, orgID, hash).Scan(&userID)
}

// Profiles reads up to limit users behind after.
func (d *DB) Profiles(ctx context.Context, orgID, after string, limit int, each func(id string, profile []byte)) error {
	rows, err := d.list.QueryContext(ctx, orgID, after, limit)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var profile sql.RawBytes
		if err := rows.Scan(&id, &profile); err != nil {
			return err
		}
		each(id, profile)
	}
	return rows.Err()
}

// Insert adds n users, each with a line of the system log, in one durable
// transaction.
func (d *DB) Insert(ctx context.Context, ids env.IDs, n int) error {
	tx, err := d.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := d.insert(ctx, tx, ids, n); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (d *DB) insert(ctx context.Context, tx *sql.Tx, ids env.IDs, n int) error {
	now := env.System{}.Now()
	user, event := tx.StmtContext(ctx, d.insertUser), tx.StmtContext(ctx, d.insertEvent)
	for i := range n {
		id := ids.New("00u")
		login := strings.ToLower(id) + "@example.com"
		profile := `{"firstName":"Given","lastName":"Family","mobilePhone":null,"secondEmail":null,"login":"` + login + `","email":"` + login + `"}`
		if _, err := user.ExecContext(ctx, foreignOrg, id, login, "given", "family", profile); err != nil {
			return err
		}
		document := `{"result":"SUCCESS","actor":{"id":"00uceiling","type":"User"},"ip":"127.0.0.1","method":"POST","path":"/api/v1/users","request":"` + strconv.Itoa(i) + `"}`
		if _, err := event.ExecContext(ctx, foreignOrg, ids.UUID(now, i), document); err != nil {
			return err
		}
	}
	return nil
}

// Settle brings a database that was just filled into its everyday state:
// written through, on PostgreSQL with the statistics that it would soon make by
// itself. SQLite makes none unless it is asked to, and nobody asks.
func (d *DB) Settle(ctx context.Context) error {
	texts := []string{"PRAGMA wal_checkpoint(TRUNCATE)"}
	if d.postgres {
		texts = []string{"VACUUM ANALYZE", "CHECKPOINT"}
	}
	for _, text := range texts {
		if _, err := d.writer.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// Describe names the engine, its version and whether commits wait for the disk.
func (d *DB) Describe(ctx context.Context) (string, error) {
	var version, sync string
	if !d.postgres {
		err := d.db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version)
		return "SQLite " + version + " (synchronous FULL)", err
	}
	err := d.db.QueryRowContext(ctx, "SELECT current_setting('server_version'), current_setting('fsync')").Scan(&version, &sync)
	return "PostgreSQL " + version + " (fsync " + sync + ")", err
}

// CreateDatabase makes an empty database on a PostgreSQL server and returns its
// URL and what drops it.
func CreateDatabase(ctx context.Context, serverURL, name string) (databaseURL string, drop func(context.Context) error, err error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return "", nil, errors.New("the URL of PostgreSQL cannot be read") // it may hold a password
	}
	run := func(ctx context.Context, text string) (err error) {
		admin, err := sql.Open("pgx", serverURL)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, admin.Close()) }()
		_, err = admin.ExecContext(ctx, text)
		return err
	}
	if err := run(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, fmt.Errorf("create a database: %w", err)
	}
	u.Path = "/" + name
	return u.String(), func(ctx context.Context) error { return run(ctx, "DROP DATABASE "+name+" WITH (FORCE)") }, nil
}
