package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgFloor is the oldest PostgreSQL that is supported (server_version_num).
const pgFloor = 150000

// maxAttempts bounds how often a serializable transaction is repeated.
const maxAttempts = 40

// forTheseValues, put before the arguments of a query, makes the server plan it
// for them. A statement that was prepared gets a plan for any value after a few
// uses, which for a range guesses how much lies in it, and then goes through
// the whole table.
const forTheseValues = pgx.QueryExecModeCacheDescribe

type postgresEngine struct {
	db *sql.DB
}

func openPostgres(ctx context.Context, url string, o Options) (engine, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err // pgx leaves the password out of its messages
	}
	for name, value := range map[string]string{
		"application_name":                    "usher",
		"statement_timeout":                   "30s",
		"idle_in_transaction_session_timeout": "30s",
		"lock_timeout":                        "10s",
		"TimeZone":                            "UTC",
	} {
		if _, set := cfg.RuntimeParams[name]; !set {
			cfg.RuntimeParams[name] = value
		}
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	db := stdlib.OpenDB(*cfg)
	n := o.MaxConns
	if n <= 0 {
		n = 16
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	db.SetConnMaxIdleTime(5 * time.Minute)
	var version int
	if err := db.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if version < pgFloor {
		return nil, errors.Join(fmt.Errorf("PostgreSQL %d is too old: version 15 or newer is needed", version/10000), db.Close())
	}
	return &postgresEngine{db: db}, nil
}

func (e *postgresEngine) name() string { return "postgres" }

func (e *postgresEngine) close() error { return e.db.Close() }

func (e *postgresEngine) ping(ctx context.Context) error {
	var n int
	return e.db.QueryRowContext(ctx, "SELECT 1 FROM orgs LIMIT 1").Scan(&n)
}

func (e *postgresEngine) read() querier { return pgPool{e.db} }

func (e *postgresEngine) write(ctx context.Context, serializable bool, fn func(querier) error) error {
	begin := "begin"
	if serializable {
		begin = "begin isolation level serializable"
	}
	var err error
	for attempt := range maxAttempts {
		if err = e.once(ctx, begin, fn); !repeatable(err) {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
	return fmt.Errorf("store: gave up after %d attempts: %w", maxAttempts, err)
}

// pause waits a little before another attempt, longer with each one.
func pause(ctx context.Context, attempt int) error {
	if attempt == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(min(time.Duration(attempt)*time.Millisecond, 20*time.Millisecond))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// repeatable tells whether the database asks to run the transaction again:
// serialization failure or deadlock. (SQLSTATE class 40)
func repeatable(err error) bool {
	pe, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pe.Code == "40001" || pe.Code == "40P01")
}

// translate maps a broken constraint to an ExistsError. Unique indexes are
// named table__column after their last column.
func (e *postgresEngine) translate(err error) error {
	pe, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	switch pe.Code {
	case "23505":
		return &ExistsError{On: strings.Replace(pe.ConstraintName, "__", ".", 1)}
	case "23503":
		return ErrNotFound
	}
	return err
}

type pgPool struct{ db *sql.DB }

func (p pgPool) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return p.db.QueryContext(ctx, query, args...)
}

func (p pgPool) point(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return p.query(ctx, query, args)
}

func (p pgPool) exec(context.Context, string, []any) (int64, error) {
	return 0, errors.New("store: a write outside a transaction")
}

func (p pgPool) later(context.Context, string, []any) error {
	return errors.New("store: a write outside a transaction")
}
