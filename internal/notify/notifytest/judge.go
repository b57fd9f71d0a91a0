package notifytest

import (
	"log/slog"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/notify"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Verdict is what becomes of a message after one attempt.
type Verdict string

// The verdicts.
const (
	Taken   Verdict = "taken"
	Again   Verdict = "again"   // it will be tried again
	Refused Verdict = "refused" // it is dead
	Gone    Verdict = "gone"    // it is dead, and so is the device
)

// Outcome is what one attempt led to.
type Outcome struct {
	Verdict Verdict
	Pause   time.Duration // until the next attempt
	Problem string
}

// open keeps messages in the clear: what is judged here is not their secrecy.
type open struct{}

// Seal gives the text back.
func (open) Seal(_ string, plain []byte) string { return string(plain) }

// Open gives the text back.
func (open) Open(_, sealed string) ([]byte, error) { return []byte(sealed), nil }

// Bench is an outbox on which senders are tried.
type Bench struct {
	t     testing.TB
	clock *env.Movable
	box   *notify.Outbox
}

// New returns a bench that ends with the test.
func New(t testing.TB) *Bench {
	t.Helper()
	clock := env.NewFixed(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return &Bench{t, clock, &notify.Outbox{Store: storetest.Open(t, storetest.SQLite(t), clock), IDs: &env.Counting{}, Seal: open{}}}
}

// Judge puts a message into the outbox, lets a worker try it once with the
// sender and tells what became of it.
func (b *Bench) Judge(s notify.Sender, m notify.Message) Outcome {
	b.t.Helper()
	ctx := b.t.Context()
	var id string
	if err := b.box.Store.Tx(ctx, func(tx *store.Tx) (err error) { id, err = b.box.Enqueue(tx, "00o1", m); return err }); err != nil {
		b.t.Fatal(err)
	}
	out := Outcome{}
	worker := &notify.Worker{
		Outbox: b.box, Senders: map[notify.Kind]notify.Sender{m.Kind: s}, Log: slog.New(slog.DiscardHandler),
		OnGone: func(*store.Tx, notify.Message) error { out.Verdict = Gone; return nil },
	}
	if err := worker.Run(ctx); err != nil {
		b.t.Fatal(err)
	}
	got, err := b.box.Get(ctx, "00o1", id)
	if err != nil {
		b.t.Fatal(err)
	}
	out.Pause, out.Problem = got.Due.Sub(b.clock.Now()), got.Problem
	switch {
	case got.Status == notify.Sent:
		out.Verdict = Taken
	case got.Status == notify.Queued:
		out.Verdict = Again
	case out.Verdict != Gone:
		out.Verdict = Refused
	}
	return out
}
