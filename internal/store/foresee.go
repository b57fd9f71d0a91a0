package store

import "context"

// Foreseen is what will be asked about one user, and about a sign-in.
type Foreseen struct {
	UserID string
	// Login, where it is not empty, is the folded login by which the user is read.
	// Credential asks for the credential of the same.
	Login      string
	Credential bool
	// Groups, Factors and Counts are those of the user whom UserID names; Counts is
	// what is counted of each factor.
	Groups, Factors, Counts bool
	// FactorID names a factor of that user, of whose challenges up to Challenges are
	// asked for.
	FactorID   string
	Challenges int
	// AppID names an application: what it has to do with the user whom UserID names
	// (AppGroups, AppUsers, AppPaths).
	AppID string
	// Standing asks for the standing at Source of the user whom UserID names.
	Standing bool
	Source   string
	// Handle is the SHA-256 of a sign-in's handle, whose version is asked for.
	Handle []byte
}

// Foresee reads on PostgreSQL in one round trip what is about to be asked for: the
// methods that ask for it then find it read. It changes nothing else, and does
// nothing on SQLite, where a read costs no round trip. It is for what looks at one
// state of the data: Tx, Guarded and Look.
func (tx *Tx) Foresee(orgID string, f Foreseen) error {
	b, ok := tx.q.(bundler)
	if !ok || tx.seen == nil {
		return nil
	}
	asks := tx.foreseen(orgID, f)
	if len(asks) == 0 {
		return nil
	}
	return tx.engine.translate(b.together(tx.ctx, asks))
}

func (tx *Tx) foreseen(orgID string, f Foreseen) []ask {
	asks := make([]ask, 0, 8)
	if f.Login != "" {
		asks = append(asks, tx.askLogin(orgID, f.Login))
	} else if _, known := tx.seen.userOf(orgID, f.UserID); f.UserID != "" && !known {
		asks = append(asks, tx.askUser(orgID, f.UserID))
	}
	if f.Credential {
		asks = append(asks, tx.askCredential(orgID, f.Login))
	}
	if f.Groups {
		asks = append(asks, tx.askGroups(orgID, f.UserID).ask)
	}
	if f.Standing {
		asks = append(asks, tx.askStanding(orgID, f.UserID, f.Source).ask)
	}
	if f.Factors {
		asks = append(asks, tx.askFactors(orgID, f.UserID).ask)
	}
	if f.Counts {
		asks = append(asks, tx.askCounts(orgID, f.UserID))
	}
	if f.Challenges > 0 {
		asks = append(asks, tx.askChallenges(orgID, f.UserID, f.FactorID, f.Challenges).ask)
	}
	if f.AppID != "" {
		asks = append(asks, tx.askApp(orgID, f.AppID, f.UserID)...)
	}
	if f.Handle != nil {
		asks = append(asks, tx.askVersion(orgID, f.Handle))
	}
	return asks
}

// bundler is a querier for which it is cheaper to read several things at once.
type bundler interface {
	// together runs queries in one round trip.
	together(ctx context.Context, asks []ask) error
}

// ask is a query with what is done with its answer.
type ask struct {
	query string
	args  []any
	// row reads a row: each one of a list, else the first.
	row  func(scan) error
	list bool
	// begin is called before the rows are read: they may be read twice. It may be nil.
	begin func()
	// done is called when all of them were read: none tells that there was no row.
	done func(none bool)
}

// asking is an ask for a V.
type asking[V any] struct {
	ask
	value *V
}

// take reads the answer.
func (a ask) take(found rows) error {
	if a.begin != nil {
		a.begin()
	}
	none := true
	var err error
	for err == nil && (none || a.list) && found.Next() {
		none, err = false, a.row(found.Scan)
	}
	if err == nil {
		err = found.Err()
	}
	if err = closed(found, err); err == nil {
		a.done(none)
	}
	return err
}

// get asks for it alone. What is no list and is not there is ErrNotFound.
func (a asking[V]) get(tx *Tx) (*V, error) {
	if a.list {
		a.begin()
		err := tx.each(a.row, a.query, a.args...)
		if err == nil {
			a.done(false)
		}
		return a.value, err
	}
	err := tx.first(a.row, a.query, a.args...)
	if err == nil {
		a.done(false)
	}
	return a.value, err
}
