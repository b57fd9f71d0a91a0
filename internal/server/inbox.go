package server

import (
	"context"

	"usher/internal/notify"
)

// inbox is the outbox by organisation, for the control listener. It implements
// control.Messages.
type inbox struct{ server *Server }

// List implements control.Messages.
func (i *inbox) List(ctx context.Context, org string, q notify.Query) ([]notify.Message, error) {
	o, err := i.server.org(ctx, org)
	if err != nil {
		return nil, err
	}
	return i.server.services.outbox.List(ctx, o.ID, q)
}

// Get implements control.Messages.
func (i *inbox) Get(ctx context.Context, org, id string) (notify.Message, error) {
	o, err := i.server.org(ctx, org)
	if err != nil {
		return notify.Message{}, err
	}
	return i.server.services.outbox.Get(ctx, o.ID, id)
}

// Delete implements control.Messages.
func (i *inbox) Delete(ctx context.Context, org string, q notify.Query) (int, error) {
	o, err := i.server.org(ctx, org)
	if err != nil {
		return 0, err
	}
	return i.server.services.outbox.Delete(ctx, o.ID, q)
}

// Remove implements control.Messages.
func (i *inbox) Remove(ctx context.Context, org, id string) error {
	o, err := i.server.org(ctx, org)
	if err != nil {
		return err
	}
	return i.server.services.outbox.Remove(ctx, o.ID, id)
}
