package eventlog_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a log on a store with one organisation.
type world struct {
	store *store.Store
	clock env.Clock
	log   *eventlog.Log
	org   *idp.Org
}

func newWorld(t *testing.T, url string, clock env.Clock, ids env.IDs) *world {
	t.Helper()
	w := &world{store: storetest.Open(t, url, clock), clock: clock, log: &eventlog.Log{IDs: ids}}
	w.org = &idp.Org{ID: "00omain", Name: "main", Subdomain: "main", Created: noon}
	if err := w.store.Tx(t.Context(), func(tx *store.Tx) error { return tx.InsertOrg(w.org) }); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) record(t *testing.T, a idp.Actor, entries ...eventlog.Entry) {
	t.Helper()
	if err := w.store.Tx(t.Context(), func(tx *store.Tx) error {
		for _, e := range entries {
			if err := w.log.Record(tx, a, e); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) read(t *testing.T, q eventlog.Query) []idp.Event {
	t.Helper()
	events, err := w.log.Read(t.Context(), w.store, w.org, q)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// TestCatalogueDescribesEveryType reads the constants from the source, so that
// a new one without an entry is found.
func TestCatalogueDescribesEveryType(t *testing.T) {
	seen := map[string]bool{}
	look := func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if seen[value] {
			t.Errorf("%s stands twice", value)
		}
		seen[value] = true
		if k := eventlog.Describe(idp.EventType(value)); k.Message == value || k.Message == "" {
			t.Errorf("%s has no entry", value)
		}
		return true
	}
	for _, name := range []string{"catalogue.go", "catalogue_oauth.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, look)
	}
	if len(seen) < 20 {
		t.Fatalf("found only %d types", len(seen))
	}
	if k := eventlog.Describe("some.thing"); k.Message != "some.thing" {
		t.Errorf("an unknown type: %+v", k)
	}
}

func TestRecordKeepsWhatItIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := newWorld(t, url, env.NewFixed(noon), &env.Counting{})
		a := idp.Actor{
			Org: w.org, Kind: idp.ActorUser, UserID: "00u1", Login: "ann@example.com", Name: "Ann", TokenID: "00T1", SessionID: "102a",
			Client: idp.Client{
				IP: netip.MustParseAddr("192.0.2.1"), Chain: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
				UserAgent: "curl/8", RequestID: "req1", Method: "POST", Path: "/api/v1/users",
			},
		}
		w.record(t, a, eventlog.Entry{
			Type: eventlog.UserCreate, Targets: []idp.Target{{ID: "00u2", Type: "User", AlternateID: "bob", DisplayName: "Bob"}},
			CredentialType: "PASSWORD", Debug: map[string]string{"rule": "0pr1"},
		})
		got := w.read(t, eventlog.Query{Since: noon, Until: noon.Add(time.Second), Limit: 10})
		want := []idp.Event{{
			Published: noon, Type: eventlog.UserCreate, Result: idp.ResultSuccess,
			Actor:  idp.EventActor{ID: "00u1", Type: "User", AlternateID: "ann@example.com", DisplayName: "Ann"},
			Client: a.Client, Targets: []idp.Target{{ID: "00u2", Type: "User", AlternateID: "bob", DisplayName: "Bob"}},
			TransactionID: "req1", TokenID: "00T1", SessionID: "102a", CredentialType: "PASSWORD", Debug: map[string]string{"rule": "0pr1"},
		}}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(idp.Event{}, "UUID"), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRecordNamesWhoActs(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), env.NewFixed(noon), &env.Counting{})
	subject := eventlog.UnknownSubject("nobody@example.com")
	for i, c := range []struct {
		actor   idp.Actor
		entry   eventlog.Entry
		want    idp.EventActor
		result  idp.Result
		session string
	}{
		{idp.Actor{Kind: idp.ActorAnonymous}, eventlog.Entry{}, idp.EventActor{ID: "unknown", Type: "User", AlternateID: "unknown", DisplayName: "unknown"}, idp.ResultSuccess, ""},
		{idp.Actor{Kind: idp.ActorAnonymous}, eventlog.Entry{Subject: subject, Result: idp.ResultFailure, Reason: "INVALID_CREDENTIALS"}, *subject, idp.ResultFailure, ""},
		{idp.Actor{Kind: idp.ActorClient, UserID: "0oa1", Login: "0oa1", Name: "App"}, eventlog.Entry{}, idp.EventActor{ID: "0oa1", Type: "PublicClientApp", AlternateID: "0oa1", DisplayName: "App"}, idp.ResultSuccess, ""},
		{idp.SystemActor(w.org), eventlog.Entry{SessionID: "102x"}, idp.EventActor{ID: "system", Type: "SystemPrincipal", AlternateID: "system@usher", DisplayName: "Usher"}, idp.ResultSuccess, "102x"},
		{idp.Actor{Kind: idp.ActorUser, UserID: "00u1", SessionID: "102a"}, eventlog.Entry{SessionID: "102b"}, idp.EventActor{ID: "00u1", Type: "User"}, idp.ResultSuccess, "102b"},
	} {
		c.actor.Org, c.entry.Type = w.org, eventlog.SessionStart
		w.record(t, c.actor, c.entry)
		events := w.read(t, eventlog.Query{Since: noon, Until: noon.Add(time.Second), Descending: true, Limit: 100})
		if len(events) != i+1 {
			t.Fatalf("case %d: %d events", i, len(events))
		}
		found := false
		for _, e := range events {
			found = found || e.Actor == c.want && e.Result == c.result && e.SessionID == c.session && e.Reason == c.entry.Reason
		}
		if !found {
			t.Errorf("case %d: no such event in %+v", i, events)
		}
	}
}

// TestEventsOfOneTransactionKeepTheirOrder records at one instant.
func TestEventsOfOneTransactionKeepTheirOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		clock := env.NewFixed(noon)
		w := newWorld(t, url, clock, env.TimeIDs{Clock: clock, Rand: env.NewSeeded(1)})
		types := []idp.EventType{eventlog.UserCreate, eventlog.UserActivate, eventlog.MemberAdd, eventlog.PasswordUpdate, eventlog.SessionStart}
		var entries []eventlog.Entry
		for _, kind := range types {
			entries = append(entries, eventlog.Entry{Type: kind})
		}
		w.record(t, idp.SystemActor(w.org), entries...)
		for _, q := range []eventlog.Query{
			{Since: noon, Until: noon.Add(time.Second), Limit: 10},
			{Polling: true, Since: noon, Limit: 10},
		} {
			events := w.read(t, q)
			if len(events) != len(types) {
				t.Fatalf("%d events", len(events))
			}
			for i, e := range events {
				if e.Type != types[i] {
					t.Errorf("polling %v: event %d is %s, want %s", q.Polling, i, e.Type, types[i])
				}
				if q.Polling && e.Position != int64(i)+1 {
					t.Errorf("event %d has position %d", i, e.Position)
				}
			}
		}
	})
}

func TestReadPagesByCursor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		clock := env.NewFixed(noon)
		w := newWorld(t, url, clock, &env.Counting{})
		for range 5 {
			w.record(t, idp.SystemActor(w.org), eventlog.Entry{Type: eventlog.GroupCreate})
			clock.Advance(time.Second)
		}
		for _, descending := range []bool{false, true} {
			var times []time.Time
			cursor := ""
			for {
				page := w.read(t, eventlog.Query{Since: noon, Until: noon.Add(time.Hour), Descending: descending, Cursor: cursor, Limit: 2})
				if len(page) == 0 {
					break
				}
				for _, e := range page {
					times = append(times, e.Published)
				}
				cursor = page[len(page)-1].UUID
			}
			for i, at := range times {
				want := noon.Add(time.Duration(i) * time.Second)
				if descending {
					want = noon.Add(time.Duration(4-i) * time.Second)
				}
				if !at.Equal(want) {
					t.Errorf("descending %v: event %d is of %s", descending, i, at)
				}
			}
			if len(times) != 5 {
				t.Errorf("descending %v: %d events", descending, len(times))
			}
		}
	})
}
