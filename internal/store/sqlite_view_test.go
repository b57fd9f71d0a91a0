package store

import (
	"context"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
)

func insertOrg(t *testing.T, s *Store, id string) {
	t.Helper()
	at := time.UnixMilli(1_700_000_000_000)
	o := &idp.Org{ID: id, Subdomain: "s" + id, Host: id + ".test", Name: id, Created: at}
	if err := s.Write(t.Context(), func(tx *Tx) error { return tx.InsertOrg(o) }); err != nil {
		t.Error(err)
	}
}

func orgs(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.Read(t.Context()).first(func(s scan) error { return s(&n) }, "SELECT count(*) FROM orgs"); err != nil {
		t.Error(err)
	}
	return n
}

// TestViewsEndWithAWrite: a connection that is used again keeps its view, the
// next write ends it, and who comes back from a read meanwhile keeps none.
func TestViewsEndWithAWrite(t *testing.T) {
	s := newReaders(t)
	p := s.engine.(*sqliteEngine).readers
	insertOrg(t, s, "o1")
	for range 3 {
		orgs(t, s)
	}
	c := p.idle[0]
	if !c.viewing {
		t.Fatal("a connection that is used again keeps no view")
	}
	insertOrg(t, s, "o2")
	if c.viewing {
		t.Error("a view outlives a write")
	}
	if n := orgs(t, s); n != 2 || c.viewing {
		t.Error(n, "organisations; the first read after a write keeps a view:", c.viewing)
	}

	orgs(t, s)
	rows, err := p.query(context.Background(), "SELECT id FROM orgs", nil)
	if err != nil || !rows.Next() || !c.viewing {
		t.Fatal(err, c.viewing)
	}
	insertOrg(t, s, "o3") // does not wait for those who read
	if err := rows.Close(); err != nil || c.viewing {
		t.Error(err, "a view from before a write was kept:", c.viewing)
	}
	if n := orgs(t, s); n != 3 {
		t.Error(n)
	}
}

// TestWhoWritesReadsIt: nobody who has been told of a write sees a state before it.
func TestWhoWritesReadsIt(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir()+"/v.db", Options{Clock: env.System{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		told  int
	)
	for w := range 8 {
		group.Go(func() {
			for i := range 30 {
				insertOrg(t, s, "o"+string(rune('a'+w))+"-"+string(rune('a'+i)))
				mu.Lock()
				told++
				least := told
				mu.Unlock()
				for range 5 {
					if n := orgs(t, s); n < least {
						t.Errorf("%d organisations are seen of %d", n, least)
					}
				}
			}
		})
	}
	group.Wait()
}

// TestViewsDoNotLast: what another process writes is seen soon.
func TestViewsDoNotLast(t *testing.T) {
	s := newReaders(t)
	e := s.engine.(*sqliteEngine)
	other, err := Open(t.Context(), e.path, Options{Clock: env.System{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	for range 3 {
		orgs(t, s)
	}
	insertOrg(t, other, "o1")
	for orgs(t, s) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("never seen")
		}
	}
}

// TestAViewThatFailedEnds: a connection whose transaction SQLite has ended goes on.
func TestAViewThatFailedEnds(t *testing.T) {
	s := newReaders(t)
	p := s.engine.(*sqliteEngine).readers
	insertOrg(t, s, "o1")
	for range 3 {
		orgs(t, s)
	}
	c := p.idle[0]
	if !c.viewing || !c.do("ROLLBACK") {
		t.Fatal("no view to end")
	}
	for range 3 {
		if n := orgs(t, s); n != 1 {
			t.Error(n)
		}
	}
	insertOrg(t, s, "o2")
	if n := orgs(t, s); n != 2 {
		t.Error(n)
	}
}
