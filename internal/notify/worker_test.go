package notify_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"usher/internal/notify"
	"usher/internal/store"
)

// sender notes what it is given and answers as it is told.
type sender struct {
	mu     sync.Mutex
	got    []notify.Message
	answer func(m notify.Message) error
}

func (s *sender) Send(_ context.Context, m notify.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, m)
	if s.answer != nil {
		return s.answer(m)
	}
	return nil
}

func (w *world) worker(s notify.Sender) *notify.Worker {
	return &notify.Worker{Outbox: w.Outbox, Senders: map[notify.Kind]notify.Sender{notify.Email: s}, Log: w.logger()}
}

func run(t *testing.T, w *notify.Worker) {
	t.Helper()
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWorkerSendsWhatHasASender(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 20 {
			w.enqueue(t, mailTo("ann@example.com"))
		}
		sms := mailTo("+15550100")
		sms.Kind = notify.SMS
		w.enqueue(t, sms)
		s := &sender{}
		run(t, w.worker(s))
		run(t, w.worker(s))
		if len(s.got) != 20 || s.got[0].Text != "the code is 424242" || s.got[0].Attempts != 1 {
			t.Fatalf("%d sent: %+v", len(s.got), s.got)
		}
		n, err := w.Counts(t.Context())
		if err != nil || n[notify.Sent] != 20 || n[notify.Queued] != 1 || n[notify.Dead] != 0 {
			t.Fatalf("%v, %v", n, err)
		}
		if strings.Contains(w.logs.String(), "424242") {
			t.Fatalf("the log tells the code:\n%s", w.logs)
		}
	})
}

func TestWorkerTriesAgainLaterAndLater(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enqueue(t, mailTo("ann@example.com"))
		s := &sender{answer: func(notify.Message) error { return errors.New("the server is away") }}
		worker := w.worker(s)
		last := time.Duration(0)
		for attempt := 1; attempt < notify.MaxAttempts; attempt++ {
			run(t, worker)
			m := w.list(t, notify.Query{})[0]
			delay := m.Due.Sub(w.clock.Now())
			if m.Status != notify.Queued || m.Attempts != attempt || delay <= 0 || delay < last {
				t.Fatalf("attempt %d: %+v, in %s after %s", attempt, m, delay, last)
			}
			run(t, worker) // not due yet
			w.clock.Advance(delay - time.Millisecond)
			run(t, worker) // nor yet
			if len(s.got) != attempt {
				t.Fatalf("%d attempts, want %d", len(s.got), attempt)
			}
			w.clock.Advance(time.Millisecond)
			last = delay
		}
		run(t, worker)
		if m := w.list(t, notify.Query{})[0]; m.Status != notify.Dead || m.Attempts != notify.MaxAttempts {
			t.Fatalf("%+v", m)
		}
		w.clock.Advance(24 * time.Hour)
		run(t, worker)
		if len(s.got) != notify.MaxAttempts {
			t.Fatalf("a dead message was tried: %d", len(s.got))
		}
		if !strings.Contains(w.logs.String(), "given up") {
			t.Fatal("nobody was told")
		}
	})
}

func TestWorkerRecovers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enqueue(t, mailTo("refused@example.com"))
		w.enqueue(t, mailTo("panics@example.com"))
		w.enqueue(t, mailTo("later@example.com"))
		failures := 1
		s := &sender{answer: func(m notify.Message) error {
			switch {
			case m.To == "refused@example.com":
				return notify.Refused(errors.New("no such mailbox"))
			case failures > 0 && m.To == "later@example.com":
				failures--
				return errors.New("busy")
			case m.To == "panics@example.com":
				panic("boom")
			}
			return nil
		}}
		run(t, w.worker(s))
		w.clock.Advance(time.Hour)
		run(t, w.worker(s))
		got := map[string]notify.Message{}
		for _, m := range w.list(t, notify.Query{}) {
			got[m.To] = m
		}
		if m := got["refused@example.com"]; m.Status != notify.Dead || m.Attempts != 1 {
			t.Errorf("refused for good: %+v", m)
		}
		if m := got["later@example.com"]; m.Status != notify.Sent || m.Attempts != 2 {
			t.Errorf("sent at the second attempt: %+v", m)
		}
		if m := got["panics@example.com"]; m.Status != notify.Queued || m.Attempts != 2 {
			t.Errorf("a sender that panics: %+v", m)
		}
	})
}

// TestStoppedWorkerLosesNothing stops in the middle of an attempt.
func TestStoppedWorkerLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enqueue(t, mailTo("ann@example.com"))
		ctx, cancel := context.WithCancel(t.Context())
		stopping := senderFunc(func(ctx context.Context, _ notify.Message) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		})
		if err := w.worker(stopping).Run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if m := w.list(t, notify.Query{})[0]; m.Status != notify.Queued || !m.Due.Equal(noon) {
			t.Fatalf("%+v", m)
		}
		s := &sender{}
		run(t, w.worker(s))
		if len(s.got) != 1 {
			t.Fatalf("%d sent", len(s.got))
		}
	})
}

type senderFunc func(ctx context.Context, m notify.Message) error

func (f senderFunc) Send(ctx context.Context, m notify.Message) error { return f(ctx, m) }

// TestWorkersShareTheWork lets several run at once.
func TestWorkersShareTheWork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 50 {
			w.enqueue(t, mailTo("ann@example.com"))
		}
		s := &sender{}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := w.worker(s).Run(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		seen := map[string]int{}
		for _, m := range s.got {
			seen[m.ID]++
		}
		if len(seen) != 50 || len(s.got) != 50 {
			t.Fatalf("%d messages in %d attempts", len(seen), len(s.got))
		}
	})
}

// TestWorkerDoesNotSendWhatHasLostItsSense waits longer than a code lives.
func TestWorkerDoesNotSendWhatHasLostItsSense(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := mailTo("ann@example.com")
		m.Expires = noon.Add(5 * time.Minute)
		w.enqueue(t, m)
		away := &sender{answer: func(notify.Message) error { return errors.New("away") }}
		run(t, w.worker(away))
		w.clock.Advance(5 * time.Minute)
		run(t, w.worker(away))
		if got := w.list(t, notify.Query{})[0]; got.Status != notify.Dead || len(away.got) != 1 || !got.Expires.Equal(m.Expires) {
			t.Fatalf("%+v after %d attempts", got, len(away.got))
		}
	})
}

// TestWorkerHeedsWhatTheOtherSideSays looks at the pause that is asked for, at a
// device that is gone, at what is kept of an error, and at who is told.
func TestWorkerHeedsWhatTheOtherSideSays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, to := range []string{"later", "soon", "far", "gone", "long", "fine"} {
			w.enqueue(t, mailTo(to))
		}
		worker := w.worker(&sender{answer: func(m notify.Message) error {
			switch m.To {
			case "later":
				return notify.Later(errors.New("busy"), 7*time.Minute)
			case "soon":
				return notify.Later(errors.New("busy"), time.Second)
			case "far":
				return notify.Later(errors.New("busy"), 1000*time.Hour)
			case "gone":
				return notify.Gone(errors.New("no such device"))
			case "long":
				return notify.Refused(errors.New(strings.Repeat("é", 500)))
			}
			return nil
		}})
		gone := map[string]bool{} // a transaction may run again
		worker.OnGone = func(_ *store.Tx, m notify.Message) error { gone[m.To] = true; return nil }
		var mu sync.Mutex
		outcomes := map[string]int{}
		worker.Observe = func(k notify.Kind, outcome string) {
			mu.Lock()
			defer mu.Unlock()
			outcomes[string(k)+" "+outcome]++
		}
		run(t, worker)
		for _, m := range w.list(t, notify.Query{}) {
			pause := m.Due.Sub(noon)
			switch m.To {
			case "later":
				if pause != 7*time.Minute || m.Problem != "busy" {
					t.Errorf("%+v", m)
				}
			case "soon":
				if pause != 10*time.Second {
					t.Errorf("the usual pause is shortened: %+v", m)
				}
			case "far":
				if pause != 2*time.Hour {
					t.Errorf("the pause has no end: %+v", m)
				}
			case "gone", "long":
				if m.Status != notify.Dead || m.Problem == "" || len(m.Problem) > 300 || !utf8.ValidString(m.Problem) {
					t.Errorf("%+v", m)
				}
			case "fine":
				if m.Status != notify.Sent || m.Problem != "" {
					t.Errorf("%+v", m)
				}
			}
		}
		if len(gone) != 1 || !gone["gone"] {
			t.Errorf("gone: %v", gone)
		}
		if outcomes["email retry"] != 3 || outcomes["email dead"] != 2 || outcomes["email sent"] != 1 {
			t.Errorf("%v", outcomes)
		}
		if dead := w.list(t, notify.Query{Status: notify.Dead}); len(dead) != 2 {
			t.Errorf("dead letters: %v", dead)
		}
	})
}

// TestGoneDevicesAndTheirMessagesAreOne: when the device cannot be marked, the
// message is not settled either.
func TestGoneDevicesAndTheirMessagesAreOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enqueue(t, mailTo("ann"))
		worker := w.worker(&sender{answer: func(notify.Message) error { return notify.Gone(errors.New("no such device")) }})
		boom := errors.New("boom")
		worker.OnGone = func(*store.Tx, notify.Message) error { return boom }
		if err := worker.Run(t.Context()); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if m := w.list(t, notify.Query{})[0]; m.Status != notify.Queued || m.Problem != "" {
			t.Fatalf("%+v", m)
		}
	})
}

func TestPushesFindTheirService(t *testing.T) {
	apple, google, hook := &sender{}, &sender{}, &sender{}
	all := notify.Pushes{APNs: apple, FCM: google, Webhook: hook}
	for service, want := range map[string]*sender{notify.PushAPNs: apple, notify.PushFCM: google, "": hook, "other": hook} {
		before := len(want.got)
		if err := all.Send(t.Context(), notify.Message{Data: map[string]string{notify.DataPushService: service}}); err != nil || len(want.got) != before+1 {
			t.Errorf("%q: %v", service, err)
		}
	}
	if err := (notify.Pushes{Webhook: hook}).Send(t.Context(), notify.Message{Data: map[string]string{notify.DataPushService: notify.PushAPNs}}); err != nil || len(hook.got) != 3 {
		t.Error("the webhook does not step in")
	}
	if err := (notify.Pushes{FCM: google}).Send(t.Context(), notify.Message{Data: map[string]string{notify.DataPushService: notify.PushAPNs}}); err == nil {
		t.Error("a push for nobody is sent")
	}
}

// TestGivenUpMessagesAreRevived: what was given up is tried as if it were new once
// somebody asks for that, what is not dead or another organisation's is left alone.
func TestGivenUpMessagesAreRevived(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enqueue(t, mailTo("ann@example.com"))
		away := true
		s := &sender{answer: func(notify.Message) error {
			if away {
				return notify.Refused(errors.New("the server is away"))
			}
			return nil
		}}
		worker := w.worker(s)
		run(t, worker)
		dead := w.list(t, notify.Query{Status: notify.Dead})
		if len(dead) != 1 {
			t.Fatalf("%+v", dead)
		}
		w.enqueue(t, mailTo("bob@example.com"))
		queued := w.list(t, notify.Query{Status: notify.Queued})[0].ID
		if n, err := w.Revive(t.Context(), "00o9", []string{dead[0].ID}); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := w.Revive(t.Context(), dead[0].OrgID, []string{dead[0].ID, queued, "msg0"}); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		away = false
		run(t, worker)
		if sent := w.list(t, notify.Query{Status: notify.Sent}); len(sent) != 2 || sent[0].Attempts != 1 || sent[1].Attempts != 1 {
			t.Errorf("%+v", sent)
		}
	})
}
