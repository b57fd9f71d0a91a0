package keys

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/store"
)

const checkFact = "master_key_check"

// checkPlace binds the check value; it is stored as a server fact.
func checkPlace() Place { return Place{Table: "server_facts", Column: "value", Row: checkFact} }

// ErrWrongMasterKey tells that the database was written under another master key.
var ErrWrongMasterKey = errors.New("this database was written under another master key: start with that key, or list it among the older keys")

// Check makes sure at start, not at first use, that the keeper can open what
// the database holds. The first start leaves the value that later ones check;
// of several that begin at once, one does.
func (k *Keeper) Check(ctx context.Context, s *store.Store) error {
	sealed, err := s.Read(ctx).Fact(checkFact)
	if errors.Is(err, store.ErrNotFound) {
		err = s.Tx(ctx, func(tx *store.Tx) error {
			if sealed, err = tx.Fact(checkFact); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			sealed = k.Seal(checkPlace(), []byte("usher"))
			return tx.SetFact(checkFact, sealed)
		})
	}
	if err != nil {
		return fmt.Errorf("check the master key: %w", err)
	}
	if _, err := k.Open(checkPlace(), sealed); err != nil {
		return ErrWrongMasterKey
	}
	return nil
}
