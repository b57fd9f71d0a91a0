package store_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/internal/api/control" //nolint:depguard // a test that drives both from above; neither may know the other
	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/notify"
	"usher/internal/store"
)

// ofOneOrg lists the messages of one organisation by default.
type ofOneOrg struct {
	*notify.Outbox
	org string
}

// List implements control.Messages.
func (o ofOneOrg) List(ctx context.Context, org string, q notify.Query) ([]notify.Message, error) {
	return o.Outbox.List(ctx, cmp.Or(org, o.org), q)
}

// TestControlListenerOnARealStore seeds, changes, reads the outbox, goes back
// to a snapshot and to the seed, over HTTP. Protocol packages do not know the
// store, so the two meet here.
func TestControlListenerOnARealStore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		k, err := keys.NewKeeper(env.NewSeeded(1), []byte("an example of a master key, 32 bytes"))
		if err != nil {
			t.Fatal(err)
		}
		outbox := &notify.Outbox{Store: w.Store, IDs: w.ids, Seal: k.Column(notify.SealedTable, notify.SealedColumn)}
		seeded := w.addUser(t, "seeded")
		clock := env.NewMovable(w.clock)
		server := httptest.NewServer(control.New(control.Config{
			Clock: clock, Snapshot: w.Snapshot, Restore: w.Restore, Seeded: w.snapshot(t), Log: slog.New(slog.DiscardHandler),
			Messages: ofOneOrg{outbox, w.org.ID},
		}))
		defer server.Close()
		call := func(status int, method, path, body string) map[string]any {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			res, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != status {
				t.Fatalf("%s %s: %d, want %d: %s, %v", method, path, res.StatusCode, status, text, err)
			}
			var out map[string]any
			if len(text) > 0 && text[0] == '{' {
				if err := json.Unmarshal(text, &out); err != nil {
					t.Fatal(err)
				}
			}
			return out
		}
		there := func(id string) bool {
			t.Helper()
			_, err := w.Read(t.Context()).User(w.org.ID, id)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil
		}
		messages := func(query string) []any {
			t.Helper()
			list, ok := call(http.StatusOK, "GET", "/outbox"+query, "")["messages"].([]any)
			if !ok {
				t.Fatal("no list of messages")
			}
			return list
		}

		m, err := notify.Activation{To: "Ann@example.com", Login: "ann", Org: "Main", Link: "https://id.example/welcome/secret", Token: "secret", Expires: noon}.Message()
		if err != nil {
			t.Fatal(err)
		}
		w.tx(t, func(tx *store.Tx) error { _, err := outbox.Enqueue(tx, w.org.ID, m); return err })
		if list := messages("?to=ann@example.com"); len(list) != 1 || list[0].(map[string]any)["data"].(map[string]any)["token"] != "secret" {
			t.Fatalf("%v", list)
		}
		middle := w.addUser(t, "middle")
		id := fmt.Sprint(call(http.StatusCreated, "POST", "/snapshots", "")["id"])
		late := w.addUser(t, "late")
		call(http.StatusOK, "POST", "/clock", `{"advance":"2d"}`)
		if !clock.Now().Equal(noon.Add(48 * time.Hour)) {
			t.Fatalf("the clock reads %s", clock.Now())
		}
		call(http.StatusOK, "POST", "/snapshots/"+id+"/restore", "")
		if !there(seeded.ID) || !there(middle.ID) || there(late.ID) || !clock.Now().Equal(noon) || len(messages("")) != 1 {
			t.Fatal("not as it was at the snapshot")
		}
		call(http.StatusOK, "POST", "/reset", "")
		if !there(seeded.ID) || there(middle.ID) || len(messages("")) != 0 {
			t.Fatal("not as it was seeded")
		}
		call(http.StatusOK, "GET", "/snapshots/"+id, "")
		call(http.StatusNoContent, "DELETE", "/snapshots/"+id, "")
		call(http.StatusNotFound, "POST", "/snapshots/"+id+"/restore", "")
		if got := idp.KindOf(w.Restore(t.Context(), nil)); got != idp.KindMalformed {
			t.Fatalf("%v", got)
		}
		call(http.StatusOK, "GET", "/", "")
	})
}
