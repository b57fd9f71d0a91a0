package notify

import (
	"context"
	"fmt"

	"usher/internal/store"
)

// Revive queues messages of an organisation again that were given up, those with
// these identifiers, and tells how many that were: others are left alone. They are
// tried as if they were new; one whose code or link has run out is given up again.
func (o *Outbox) Revive(ctx context.Context, orgID string, ids []string) (int, error) {
	n := 0
	err := o.Store.Tx(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.ReviveOutbox(orgID, ids)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("queue messages again: %w", err)
	}
	return n, nil
}
