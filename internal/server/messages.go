package server

import (
	"context"

	"usher/internal/notify"
)

// DeadMessages lists what was given up of an organisation's messages, the newest
// first and at most notify.MaxList, for commands. What they say may sign somebody
// in: it is not to be shown.
func (s *Server) DeadMessages(ctx context.Context, org string) ([]notify.Message, error) {
	o, err := s.org(ctx, org)
	if err != nil {
		return nil, err
	}
	return s.services.outbox.List(ctx, o.ID, notify.Query{Status: notify.Dead})
}

// RetryMessages queues messages of an organisation again that were given up, and
// tells how many of these that were. A running server sends them.
func (s *Server) RetryMessages(ctx context.Context, org string, ids []string) (int, error) {
	o, err := s.org(ctx, org)
	if err != nil {
		return 0, err
	}
	return s.services.outbox.Revive(ctx, o.ID, ids)
}
