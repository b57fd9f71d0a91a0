package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pgFloor is the oldest PostgreSQL that is supported (server_version_num).
const pgFloor = 150000

// maxPoolSize bounds the connections to one server.
const maxPoolSize = 10_000

// maxAttempts bounds how often a transaction is repeated.
const maxAttempts = 40

// forTheseValues, put before the arguments of a query, makes the server plan it
// for them. A statement that was prepared gets a plan for any value after a few
// uses, which for a range guesses how much lies in it, and then goes through
// the whole table.
const forTheseValues = pgx.QueryExecModeCacheDescribe

type postgresEngine struct {
	pool   *pgxpool.Pool
	points *pgPoints
	lines  *pgLines
	lane   lane
}

func openPostgres(ctx context.Context, url string, o Options) (engine, error) {
	cfg, err := pgxpool.ParseConfig(url)
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
		if _, set := cfg.ConnConfig.RuntimeParams[name]; !set {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	cfg.MaxConns = 16
	if o.MaxConns > 0 {
		cfg.MaxConns = int32(min(o.MaxConns, maxPoolSize)) //nolint:gosec // bounded
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	var version int
	if err := pool.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		pool.Close()
		return nil, err
	}
	if version < pgFloor {
		pool.Close()
		return nil, fmt.Errorf("PostgreSQL %d is too old: version 15 or newer is needed", version/10000)
	}
	points := &pgPoints{pool: pool, most: max(1, min(runtime.GOMAXPROCS(0), int(cfg.MaxConns)/2))}
	e := &postgresEngine{pool: pool, points: points, lane: make(lane, 1)}
	e.lines = &pgLines{engine: e}
	return e, nil
}

func (e *postgresEngine) name() string { return "postgres" }

func (e *postgresEngine) close() error {
	e.pool.Close()
	return nil
}

func (e *postgresEngine) ping(ctx context.Context) error {
	var n int
	return e.pool.QueryRow(ctx, "SELECT 1 FROM orgs LIMIT 1").Scan(&n)
}

func (e *postgresEngine) read() querier { return pgPool{e.points} }

func (e *postgresEngine) write(ctx context.Context, level isolation, fn func(querier) error) error {
	begin := "begin"
	switch level {
	case serializable:
		begin = "begin isolation level serializable"
	case snapshot:
		begin = "begin isolation level repeatable read"
	case committed:
	}
	var err error
	for attempt := range maxAttempts {
		leave := func() {}
		if attempt > 0 {
			leave = e.lane.enter(ctx)
		}
		err = e.once(ctx, begin, fn)
		leave()
		if !repeatable(err) {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
	return fmt.Errorf("store: gave up after %d attempts: %w", maxAttempts, err)
}

func (e *postgresEngine) record(ctx context.Context, lines []EventRow) error {
	return e.translate(e.lines.add(ctx, lines))
}

// lane lets transactions that are repeated run one at a time: those that were
// in each other's way are so no more, however many they are.
type lane chan struct{}

// laneTimeout is how long a transaction waits for its turn before it no longer
// does: one that takes long must not hold the others up.
const laneTimeout = 500 * time.Millisecond

// enter waits for a turn and returns what ends it.
func (l lane) enter(ctx context.Context) (leave func()) {
	t := time.NewTimer(laneTimeout)
	defer t.Stop()
	select {
	case l <- struct{}{}:
		return func() { <-l }
	case <-t.C:
	case <-ctx.Done():
	}
	return func() {}
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

// pgRows is what a query gives. done, if not nil, ends the round trip that the
// query was a part of.
type pgRows struct {
	pgx.Rows
	done func() error
}

// Close implements rows.
func (r pgRows) Close() error {
	r.Rows.Close()
	err := r.Err()
	if r.done != nil {
		if ending := r.done(); err == nil {
			err = ending
		}
	}
	return err
}

// Columns implements rows.
func (r pgRows) Columns() ([]string, error) {
	fields := r.FieldDescriptions()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names, r.Err()
}

// pgPool reads outside of transactions.
type pgPool struct{ *pgPoints }

func (p pgPool) query(ctx context.Context, query string, args []any) (rows, error) {
	found, err := p.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgRows{Rows: found}, nil
}

func (p pgPool) exec(context.Context, string, []any) (int64, error) {
	return 0, errors.New("store: a write outside a transaction")
}

func (p pgPool) later(context.Context, string, []any) error {
	return errors.New("store: a write outside a transaction")
}
