package jobs

import (
	"context"
	"fmt"
	"time"

	"usher/internal/store"
)

// Job is work that comes back.
type Job struct {
	// Name is unique. It names the lease, the nudge and the job in logs.
	Name string
	// Every is the pause between two runs, give or take a tenth.
	Every time.Duration
	// Shared jobs run on every node without a lease, because they claim their
	// work row by row or do something for their own node alone.
	Shared bool
	// Run does it once. Its context ends when the runner stops or, unless the
	// job is shared, when half of the lease is over.
	Run func(ctx context.Context) error
}

// purgeBatch bounds the rows of each table that one transaction removes.
const purgeBatch = 500

// Purge removes expired rows, a bounded number in each transaction, so that
// writers never wait long for it.
func Purge(s *store.Store) Job {
	return Job{Name: "purge", Every: 5 * time.Minute, Run: func(ctx context.Context) error {
		for {
			var n int
			err := s.Tx(ctx, func(tx *store.Tx) (err error) {
				n, err = tx.Purge(purgeBatch)
				return err
			})
			if err != nil {
				return fmt.Errorf("purge: %w", err)
			}
			if n < purgeBatch {
				return nil
			}
		}
	}}
}

// Stamp gives committed events their place in the order of persistence:
// stamp is eventlog's. Readers that poll do the same before they read, so this
// one only keeps the rest short.
func Stamp(stamp func(ctx context.Context) error) Job {
	return Job{Name: "stamp events", Every: time.Second, Run: stamp}
}
