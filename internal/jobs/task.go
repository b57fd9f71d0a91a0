package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// Task is a piece of work to be done once.
type Task struct {
	OrgID    string // "" for work that belongs to no organisation
	ID       string
	Kind     string
	Document json.RawMessage // belongs to the kind
	Attempt  int             // 1, 2, ...
}

// Handler does the tasks of a kind. A task is done at least once: a handler
// that has run may be called again with it. An error brings the task back
// later, with growing pauses, until it succeeds.
type Handler func(ctx context.Context, t Task) error

const (
	maxDocument = 1 << 20 // bytes of a task's document

	claimBatch  = 8                // tasks that are done side by side
	taskTimeout = 2 * time.Minute  // of one attempt
	claimLife   = 10 * time.Second // what a node leaves behind when it dies waits so long
	claimPace   = 3 * time.Second  // between the renewals of a claim
	firstDelay  = 5 * time.Second  // before the second attempt; doubles each time
	lastDelay   = 30 * time.Minute // the longest pause between two attempts
)

// Queue takes tasks.
type Queue struct {
	IDs env.IDs
}

// Enqueue writes a task in the caller's transaction and returns its
// identifier. document becomes JSON, at most 1 MiB: else KindInvalid.
func (q *Queue) Enqueue(tx *store.Tx, orgID, kind string, document any) (string, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("task %s: %w", kind, err)
	}
	if kind == "" || len(text) > maxDocument {
		return "", idp.Invalid("task", idp.Cause{Text: fmt.Sprintf("a task has a kind and at most %d bytes", maxDocument)})
	}
	id := q.IDs.New("job")
	return id, tx.InsertJob(store.JobRow{OrgID: orgID, ID: id, Kind: kind, Document: text, Created: tx.Now(), Due: tx.Now()})
}

// Tasks is the name of the job that does tasks: nudge it after an Enqueue has
// committed.
const Tasks = "tasks"

// tasks is the job that does what is queued for the given handlers. Tasks of
// other kinds wait for a node that knows them.
func tasks(s *store.Store, handlers map[string]Handler, log *slog.Logger) Job {
	kinds := slices.Sorted(maps.Keys(handlers))
	return Job{Name: Tasks, Every: time.Second, Shared: true, Run: func(ctx context.Context) error {
		for {
			var rows []store.JobRow
			err := s.Tx(ctx, func(tx *store.Tx) (err error) {
				rows, err = tx.ClaimJobs(kinds, claimLife, claimBatch)
				return err
			})
			if err != nil {
				return fmt.Errorf("claim tasks: %w", err)
			}
			if len(rows) == 0 {
				return nil
			}
			errs := make([]error, len(rows))
			var wg sync.WaitGroup
			for i, r := range rows {
				wg.Go(func() { errs[i] = attempt(ctx, s, handlers[r.Kind], r, log) })
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				return err
			}
		}
	}}
}

// attempt does a claimed task and says so in the store.
func attempt(ctx context.Context, s *store.Store, h Handler, r store.JobRow, log *slog.Logger) error {
	log = log.With("task", r.ID, "org", r.OrgID, "kind", r.Kind, "attempt", r.Attempts)
	taskCtx, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		renew(taskCtx, cancel, s, r, log)
	}()
	failure := protect(func() error {
		return h(taskCtx, Task{OrgID: r.OrgID, ID: r.ID, Kind: r.Kind, Document: r.Document, Attempt: r.Attempts})
	})
	cancel()
	<-renewed
	delay := min(firstDelay<<min(r.Attempts-1, 20), lastDelay)
	switch {
	case failure == nil:
		log.Debug("task done")
	case ctx.Err() != nil:
		delay = 0 // we are stopping: the attempt says nothing about the task
	default:
		log.Error("task failed, will be tried again", "err", failure, "in", delay)
	}
	// What was done must be noted even when we are stopping.
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	err := s.Tx(ctx, func(tx *store.Tx) error {
		if failure == nil {
			return tx.DeleteJob(r)
		}
		return tx.PostponeJob(r, tx.Now().Add(delay))
	})
	if errors.Is(err, store.ErrStale) {
		log.Warn("task was claimed by another node meanwhile")
		return nil
	}
	if err != nil {
		return fmt.Errorf("settle task %s: %w", r.ID, err)
	}
	return nil
}

// renew keeps a claim until ctx ends. It ends the attempt when the claim has
// passed to another node, as it does when this one stood still for too long.
func renew(ctx context.Context, cancel context.CancelFunc, s *store.Store, r store.JobRow, log *slog.Logger) {
	ticker := time.NewTicker(claimPace)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.Write(ctx, func(tx *store.Tx) error { return tx.RenewJob(r, claimLife) })
		switch {
		case errors.Is(err, store.ErrStale):
			cancel()
			return
		case err != nil && ctx.Err() == nil:
			log.Warn("claim of a task not renewed", "err", err)
		}
	}
}

// protect turns a panic of fn into an error.
func protect(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panicked: %v", p)
		}
	}()
	return fn()
}
