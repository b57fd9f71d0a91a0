package eventlog

import (
	"context"
	"fmt"
	"time"

	"usher/internal/store"
)

// forgetBatch bounds the lines that one transaction removes.
const forgetBatch = 500

// Forget removes what was published longer ago than age, of every organisation.
// A poll that stands at a line that is gone goes on behind it.
func (l *Log) Forget(ctx context.Context, s *store.Store, age time.Duration) error {
	orgs, err := s.Read(ctx).Orgs()
	if err != nil {
		return err
	}
	for _, org := range orgs {
		for n := forgetBatch; n == forgetBatch; {
			err := s.Write(ctx, func(tx *store.Tx) (err error) {
				n, err = tx.DeleteEventsBefore(org.ID, tx.Now().Add(-age), forgetBatch)
				return err
			})
			if err != nil {
				return fmt.Errorf("forget old lines of the system log: %w", err)
			}
		}
	}
	return nil
}
