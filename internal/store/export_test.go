package store

import "context"

// Statement is one that a method has run.
type Statement struct {
	Text string
	Args []any
	// Once tells that it is planned for its values each time.
	Once bool
}

// Recorded runs fn in a transaction that leaves nothing behind and returns the
// statements as the database was given them.
func Recorded(ctx context.Context, s *Store, fn func(*Tx) error) ([]Statement, error) {
	var out []Statement
	err := s.engine.write(ctx, committed, func(q querier) error {
		r := &recorder{querier: q}
		if err := fn(&Tx{ctx: ctx, q: r, engine: s.engine, now: s.clock.Now(), seen: &seen{}}); err != nil {
			return err
		}
		out = r.seen
		return errUndo
	})
	if err == errUndo { //nolint:errorlint // the engines return it bare
		err = nil
	}
	if s.Engine() == "sqlite" {
		for i := range out {
			out[i].Text = steady(out[i].Text)
		}
	}
	return out, err
}

// errUndo takes a transaction back.
const errUndo = undo("store: taken back")

type undo string

// Error implements error.
func (u undo) Error() string { return string(u) }

// recorder notes what it passes on.
type recorder struct {
	querier
	seen []Statement
}

func (r *recorder) note(query string, args []any) {
	once := len(args) > 0 && args[0] == any(forTheseValues)
	if once {
		args = args[1:]
	}
	r.seen = append(r.seen, Statement{Text: query, Args: append([]any(nil), args...), Once: once})
}

func (r *recorder) exec(ctx context.Context, query string, args []any) (int64, error) {
	r.note(query, args)
	return r.querier.exec(ctx, query, args)
}

func (r *recorder) later(ctx context.Context, query string, args []any) error {
	r.note(query, args)
	return r.querier.later(ctx, query, args)
}

func (r *recorder) query(ctx context.Context, query string, args []any) (rows, error) {
	r.note(query, args)
	return r.querier.query(ctx, query, args)
}

func (r *recorder) first(ctx context.Context, query string, args []any, read func(scan) error) error {
	r.note(query, args)
	return r.querier.first(ctx, query, args, read)
}

func (r *recorder) together(ctx context.Context, asks []ask) error {
	for _, a := range asks {
		found, err := r.query(ctx, a.query, a.args)
		if err == nil {
			err = a.take(found)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// One reads the first row of a query into dest.
func One(tx *Tx, dest []any, query string, args ...any) error {
	return tx.first(func(s scan) error { return s(dest...) }, query, args...)
}
