package session

import (
	"context"

	"usher/internal/idp"
	"usher/internal/store"
)

// SignOut is End in a transaction of its own, for the protocols.
func (s *Service) SignOut(ctx context.Context, a idp.Actor, secret string) error {
	return s.Store.Tx(ctx, func(tx *store.Tx) error { return s.End(tx, a, secret) })
}

// SignOutAll is EndAll in a transaction of its own, for the protocols.
func (s *Service) SignOutAll(ctx context.Context, a idp.Actor, userID, keep string) (n int, err error) {
	err = s.Store.Tx(ctx, func(tx *store.Tx) error {
		n, err = s.EndAll(tx, a, userID, keep)
		return err
	})
	return n, err
}
