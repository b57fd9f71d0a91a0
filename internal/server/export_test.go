package server

import (
	"context"

	"usher/internal/jobs"
	"usher/internal/notify"
	"usher/internal/store"
)

// Enqueue puts a message into the outbox of an organisation, the default one
// when org is empty.
func (s *Server) Enqueue(ctx context.Context, org string, m notify.Message) error {
	o, err := s.org(ctx, org)
	if err != nil {
		return err
	}
	return s.store.Tx(ctx, func(tx *store.Tx) error { _, err := s.services.outbox.Enqueue(tx, o.ID, m); return err })
}

// Purge does once what the job of this name does.
func (s *Server) Purge(ctx context.Context) error { return jobs.Purge(s.store).Run(ctx) }
