package notify_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/notify"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is an outbox on a store with a clock that stands still.
type world struct {
	*notify.Outbox
	clock *env.Movable
	logs  *logBuffer
}

// logBuffer takes logs from many goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t *testing.T, url string) *world {
	t.Helper()
	k, err := keys.NewKeeper(env.NewSeeded(1), []byte("an example of a master key, 32 bytes"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: env.NewFixed(noon), logs: &logBuffer{}}
	w.Outbox = &notify.Outbox{Store: storetest.Open(t, url, w.clock), IDs: &env.Counting{}, Seal: k.Column(notify.SealedTable, notify.SealedColumn)}
	return w
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { fn(t, newWorld(t, url)) })
}

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (w *world) enqueue(t *testing.T, m notify.Message) string {
	t.Helper()
	var id string
	if err := w.Store.Tx(t.Context(), func(tx *store.Tx) (err error) { id, err = w.Enqueue(tx, "00o1", m); return err }); err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) list(t *testing.T, q notify.Query) []notify.Message {
	t.Helper()
	list, err := w.List(t.Context(), "00o1", q)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func mailTo(to string) notify.Message {
	return notify.Message{Kind: notify.Email, To: to, Subject: "hello", Text: "the code is 424242", Data: map[string]string{notify.DataCode: "424242"}}
}

func TestOutboxKeepsMessagesSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := mailTo("Ann@example.com")
		m.Template, m.HTML = "code", "<p>424242</p>"
		id := w.enqueue(t, m)
		rows, err := w.Store.Read(t.Context()).OutboxNewest("00o1", store.OutboxFilter{}, 10)
		if err != nil || len(rows) != 1 || rows[0].Recipient != "Ann@example.com" {
			t.Fatalf("%+v, %v", rows, err)
		}
		if strings.Contains(rows[0].Sealed, "424242") || rows[0].Sealed == "" {
			t.Fatalf("not sealed: %q", rows[0].Sealed)
		}
		m.OrgID, m.ID, m.Status, m.Created, m.Due = "00o1", id, notify.Queued, noon, noon
		if diff := cmp.Diff([]notify.Message{m}, w.list(t, notify.Query{})); diff != "" {
			t.Fatal(diff)
		}
		// The same text in another row does not open.
		moved := rows[0]
		moved.ID = "msgmoved"
		if err := w.Store.Tx(t.Context(), func(tx *store.Tx) error { return tx.InsertOutbox(moved) }); err != nil {
			t.Fatal(err)
		}
		if _, err := w.List(t.Context(), "00o1", notify.Query{}); !errors.Is(err, keys.ErrSealed) {
			t.Fatalf("a moved row: %v", err)
		}
	})
}

func TestEnqueueIsPartOfItsTransaction(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		boom := errors.New("boom")
		err := w.Store.Tx(t.Context(), func(tx *store.Tx) error {
			if _, err := w.Enqueue(tx, "00o1", mailTo("a@example.com")); err != nil {
				return err
			}
			return boom
		})
		if list := w.list(t, notify.Query{}); !errors.Is(err, boom) || len(list) != 0 {
			t.Fatalf("%v, %v", list, err)
		}
	})
}

func TestEnqueueHoldsMessagesToTheirBounds(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	for name, spoil := range map[string]func(*notify.Message){
		"no kind":             func(m *notify.Message) { m.Kind = "" },
		"no recipient":        func(m *notify.Message) { m.To = "" },
		"two lines":           func(m *notify.Message) { m.To = "a@example.com\r\nBcc: b@example.com" },
		"a long recipient":    func(m *notify.Message) { m.To = strings.Repeat("a", 513) },
		"a subject of two":    func(m *notify.Message) { m.Subject = "a\nb" },
		"no text":             func(m *notify.Message) { m.Text = "" },
		"a long text":         func(m *notify.Message) { m.Text = strings.Repeat("a", 256<<10+1) },
		"a long HTML":         func(m *notify.Message) { m.HTML = strings.Repeat("a", 256<<10+1) },
		"a delete in subject": func(m *notify.Message) { m.Subject = "\x7f" },
	} {
		m := mailTo("a@example.com")
		spoil(&m)
		err := w.Store.Tx(t.Context(), func(tx *store.Tx) error { _, err := w.Enqueue(tx, "00o1", m); return err })
		if idp.KindOf(err) != idp.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestListSelects(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var ids []string
		for range 3 {
			for _, to := range []string{"ann@example.com", "bob@example.com"} {
				ids = append(ids, w.enqueue(t, mailTo(to)))
			}
		}
		for _, c := range []struct {
			name string
			q    notify.Query
			want []int
		}{
			{"all", notify.Query{}, []int{5, 4, 3, 2, 1, 0}},
			{"the newest", notify.Query{Limit: 2}, []int{5, 4}},
			{"newer than one", notify.Query{After: ids[3]}, []int{5, 4}},
			{"of one recipient", notify.Query{To: "ANN@Example.com"}, []int{4, 2, 0}},
			{"the newest of one recipient", notify.Query{To: "bob@example.com", Limit: 1}, []int{5}},
			{"of one recipient, newer than one", notify.Query{To: "ann@example.com", After: ids[0]}, []int{4, 2}},
			{"of nobody", notify.Query{To: "eve@example.com"}, nil},
		} {
			var got []string
			for _, m := range w.list(t, c.q) {
				got = append(got, m.ID)
			}
			var want []string
			for _, i := range c.want {
				want = append(want, ids[i])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
		if list, err := w.List(t.Context(), "00oother", notify.Query{}); err != nil || len(list) != 0 {
			t.Errorf("another organisation: %v, %v", list, err)
		}
	})
}

func TestOutboxGivesAndForgets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.enqueue(t, mailTo("ann@example.com")), w.enqueue(t, mailTo("bob@example.com"))
		text := mailTo("+15550100")
		text.Kind = notify.SMS
		sms := w.enqueue(t, text)
		if m, err := w.Get(t.Context(), "00o1", ann); err != nil || m.To != "ann@example.com" || m.Text == "" {
			t.Fatalf("%+v, %v", m, err)
		}
		if list := w.list(t, notify.Query{Kind: notify.SMS}); len(list) != 1 || list[0].ID != sms {
			t.Errorf("%v", list)
		}
		for _, call := range []func() error{
			func() error { _, err := w.Get(t.Context(), "00oother", ann); return err },
			func() error { return w.Remove(t.Context(), "00oother", ann) },
			func() error { return w.Remove(t.Context(), "00o1", "msg0") },
		} {
			if err := call(); idp.KindOf(err) != idp.KindNotFound {
				t.Errorf("%v", err)
			}
		}
		if err := w.Remove(t.Context(), "00o1", ann); err != nil {
			t.Fatal(err)
		}
		if n, err := w.Delete(t.Context(), "00o1", notify.Query{To: "BOB@example.com"}); err != nil || n != 1 {
			t.Fatalf("%d, %v", n, err)
		}
		if list := w.list(t, notify.Query{}); len(list) != 1 || list[0].ID == bob {
			t.Errorf("%v", list)
		}
		if n, err := w.Delete(t.Context(), "00oother", notify.Query{}); err != nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// TestListLooksBehindTheFirstPage finds one recipient among many others.
func TestListLooksBehindTheFirstPage(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	first := w.enqueue(t, mailTo("ann@example.com"))
	for range notify.MaxList + 20 {
		w.enqueue(t, mailTo("bob@example.com"))
	}
	if list := w.list(t, notify.Query{To: "ann@example.com", Limit: 1}); len(list) != 1 || list[0].ID != first {
		t.Fatalf("%v", list)
	}
	if list := w.list(t, notify.Query{Limit: 100_000}); len(list) != notify.MaxList {
		t.Fatalf("%d messages", len(list))
	}
}

func TestActivationSaysWhatIsNeeded(t *testing.T) {
	a := notify.Activation{
		To: "isaac@example.com", Name: "Isaac", Login: "isaac.brock@example.com", Org: "Example <Ltd>",
		Link: "https://id.example.com/welcome/XYZ?a=1&b=2", Token: "XYZ", Expires: noon,
	}
	m, err := a.Message()
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind != notify.Email || m.To != a.To || m.Template != notify.TemplateActivation || m.Data[notify.DataLink] != a.Link || m.Data[notify.DataToken] != "XYZ" {
		t.Fatalf("%+v", m)
	}
	for _, want := range []string{"Hello Isaac", a.Login, a.Link, "Example <Ltd>", "1 March 2026, 12:00 UTC"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, m.Text)
		}
	}
	for _, want := range []string{"Hello Isaac", a.Login, `href="https://id.example.com/welcome/XYZ?a=1&amp;b=2"`, "Example &lt;Ltd&gt;"} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML lacks %q:\n%s", want, m.HTML)
		}
	}
	a.Name, a.Org, a.Link = "", "Two\r\nlines", "javascript:alert(1)"
	m, err = a.Message()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Text, "Hello "+a.Login) || strings.ContainsAny(m.Subject, "\r\n") || strings.Contains(m.HTML, `href="javascript:`) {
		t.Errorf("%q %s", m.Subject, m.HTML)
	}
	a.Name = "You have won, open https://evil.example\n\nand " + strings.Repeat("x", 500)
	if m, err = a.Message(); err != nil || len(m.Text) > 1500 || strings.Contains(m.Text, "evil.example\n") {
		t.Errorf("%v, %s", err, m.Text)
	}
}
