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

func (open) Seal(_ string, plain []byte) string    { return string(plain) }
func (open) Open(_, sealed string) ([]byte, error) { return []byte(sealed), nil }

// Judge puts a message into an outbox, lets a worker try it once with the
// sender and reads what became of it.
func Judge(t testing.TB, s notify.Sender, m notify.Message) Outcome {
	t.Helper()
	clock := env.NewFixed(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	box := &notify.Outbox{Store: storetest.Open(t, storetest.SQLite(t), clock), IDs: &env.Counting{}, Seal: open{}}
	if err := box.Store.Tx(t.Context(), func(tx *store.Tx) error { _, err := box.Enqueue(tx, "00o1", m); return err }); err != nil {
		t.Fatal(err)
	}
	out := Outcome{}
	worker := &notify.Worker{
		Outbox: box, Senders: map[notify.Kind]notify.Sender{m.Kind: s}, Log: slog.New(slog.DiscardHandler),
		OnGone: func(*store.Tx, notify.Message) error { out.Verdict = Gone; return nil },
	}
	if err := worker.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := box.List(t.Context(), "00o1", notify.Query{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	got := list[0]
	out.Pause, out.Problem = got.Due.Sub(clock.Now()), got.Problem
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
