package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"usher/internal/store"
)

// Sender hands a message to the outside. It is called at least once for each
// message, and again with the same one when the outcome was lost or it failed;
// an error wrapped by Refused ends the attempts.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// refused marks an error that another attempt would meet again.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// Refused marks err as final: the message will never be taken.
func Refused(err error) error { return refused{err} }

// gone marks an error that tells that the device is no longer there.
type gone struct{ error }

func (g gone) Unwrap() error { return g.error }

// Gone marks err as final, and the device that it is about as one that will
// never be reached again.
func Gone(err error) error { return refused{gone{err}} }

// asLater is an error with a delay that the other side has asked for.
type asLater struct {
	error
	after time.Duration
}

func (l asLater) Unwrap() error { return l.error }

// Later marks err as one after which the next attempt should wait as long as
// the other side has asked for. It never shortens the usual pause.
func Later(err error, after time.Duration) error { return asLater{err, after} }

// errExpired tells that a message was not sent while it made sense.
var errExpired = errors.New("the message has expired before it could be sent")

const (
	// MaxAttempts is how often a message is tried before it is dead.
	MaxAttempts = 10

	claimBatch  = 8                // messages that are sent side by side
	sendTimeout = 30 * time.Second // of one attempt
	claimLife   = 2 * time.Minute  // longer than any attempt
	firstDelay  = 10 * time.Second // before the second attempt; doubles each time
	lastDelay   = 2 * time.Hour    // the longest pause between two attempts
)

// Worker brings queued messages to their senders. Several may run at once, in
// one process or in many: each message is claimed by one of them.
type Worker struct {
	Outbox  *Outbox
	Senders map[Kind]Sender
	Log     *slog.Logger
	// OnGone is told of a device that its push service knows no longer, by the
	// message that could not reach it. It runs in the transaction that settles
	// the message, which may run again. May be nil.
	OnGone func(tx *store.Tx, m Message) error
	// Observe is told the outcome of each attempt: OutcomeSent, OutcomeRetry or
	// OutcomeDead. May be nil.
	Observe func(k Kind, outcome string)
}

// Outcomes of an attempt.
const (
	OutcomeSent  = "sent"
	OutcomeRetry = "retry"
	OutcomeDead  = "dead"
)

// Run sends everything that is due and has a sender. It returns the first
// error of the store; what a sender complains of is logged and tried again
// later. It is meant to be called again and again, as a job.
func (w *Worker) Run(ctx context.Context) error {
	var kinds []string
	for k := range w.Senders {
		kinds = append(kinds, string(k))
	}
	slices.Sort(kinds)
	for {
		var rows []store.OutboxRow
		err := w.Outbox.Store.Tx(ctx, func(tx *store.Tx) (err error) {
			rows, err = tx.ClaimOutbox(kinds, claimLife, claimBatch)
			return err
		})
		if err != nil {
			return fmt.Errorf("claim messages: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		errs := make([]error, len(rows))
		var wg sync.WaitGroup
		for i, r := range rows {
			wg.Go(func() { errs[i] = w.deliver(ctx, r) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
}

// maxProblem bounds what is kept of an error's text, in bytes.
const maxProblem = 300

// deliver makes one attempt and settles the message.
func (w *Worker) deliver(ctx context.Context, r store.OutboxRow) error {
	m, sendErr := w.send(ctx, r)
	status, delay, outcome := Sent, time.Duration(0), OutcomeSent
	final := errors.As(sendErr, new(refused))
	log := w.Log.With("message", r.ID, "org", r.OrgID, "kind", r.Kind, "attempt", r.Attempts)
	switch {
	case sendErr == nil:
		log.Debug("message sent")
	case ctx.Err() != nil && !final:
		status, outcome = Queued, "" // we are stopping: the attempt says nothing about the message
	case final || r.Attempts >= MaxAttempts:
		status, outcome = Dead, OutcomeDead
		log.Error("message given up", "err", sendErr)
	default:
		status, delay, outcome = Queued, pause(r.Attempts, sendErr), OutcomeRetry
		log.Warn("message not sent, will be tried again", "err", sendErr, "in", delay)
	}
	if outcome != "" && sendErr != nil {
		r.Problem = strings.ToValidUTF8(sendErr.Error()[:min(len(sendErr.Error()), maxProblem)], "")
	}
	// What has been sent must be noted even when we are stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := w.Outbox.Store.Tx(ctx, func(tx *store.Tx) error {
		if w.OnGone != nil && errors.As(sendErr, new(gone)) {
			if err := w.OnGone(tx, m); err != nil {
				return err
			}
		}
		return tx.SettleOutbox(r, string(status), tx.Now().Add(delay))
	})
	if errors.Is(err, store.ErrStale) {
		log.Warn("message was claimed by another worker meanwhile, or removed")
		return nil
	}
	if err != nil {
		return fmt.Errorf("settle message %s: %w", r.ID, err)
	}
	if w.Observe != nil && outcome != "" {
		w.Observe(Kind(r.Kind), outcome)
	}
	return nil
}

// send opens a message and gives it to its sender.
func (w *Worker) send(ctx context.Context, r store.OutboxRow) (m Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sender panicked: %v", p)
		}
	}()
	if m, err = w.Outbox.open(r); err != nil {
		return m, Refused(err)
	}
	if !m.Expires.IsZero() && !w.Outbox.Store.Read(ctx).Now().Before(m.Expires) {
		return m, Refused(errExpired)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return m, w.Senders[m.Kind].Send(ctx, m)
}

// pause is how long the next attempt waits: as long as usual, or as long as the
// other side has asked for, within reason.
func pause(attempt int, err error) time.Duration {
	later, _ := errors.AsType[asLater](err)
	return max(retryDelay(attempt), min(later.after, lastDelay))
}

// retryDelay is the pause after the given attempt (1, 2, ...).
func retryDelay(attempt int) time.Duration {
	return min(firstDelay<<min(attempt-1, 20), lastDelay)
}
